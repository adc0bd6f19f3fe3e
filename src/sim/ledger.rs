//! What has been said, and what became of it: that private messages arrive once and in order, or that
//! their sender is told; that words in channels come at most once and in order.

use super::Sim;
use crate::wire::reply;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that has been said.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Whether somebody may be kept from being heard without being told, so that what does not arrive need
    /// not be lost.
    hushed: bool,
    letters: Vec<Letter>,
    /// How many things have been said in channels.
    words: usize,
    /// The last thing that somebody heard somebody say: in private, in channels.
    heard: BTreeMap<(char, usize, usize), usize>,
    /// Who said what in channels.
    speakers: Vec<usize>,
    /// Whose answer a batch is: to which letter, and whether it says no.
    batches: BTreeMap<(usize, String), (usize, bool)>,
    /// The id under which each text goes.
    ids: BTreeMap<String, String>,
    /// Nicks and what their wearers have called themselves later.
    later: BTreeSet<(String, String)>,
}

/// A private message.
#[derive(Debug)]
struct Letter {
    from: usize,
    to: String,
    /// Whether the sender's server has said yes.
    accepted: bool,
    /// Who got it.
    got: Vec<usize>,
    /// Whether the sender has been told that it may be lost.
    told: bool,
}

impl Ledger {
    /// An empty one, for clients of whom some may be `hushed` without knowing it.
    pub fn new(hushed: bool) -> Ledger {
        Ledger { hushed, ..Ledger::default() }
    }

    /// Somebody writes to somebody. Returns the line.
    pub fn letter(&mut self, from: usize, to: &str) -> String {
        let place = self.letters.len();
        self.letters.push(Letter {
            from,
            to: to.into(),
            accepted: false,
            got: Vec::new(),
            told: false,
        });
        format!("@label=p{place} PRIVMSG {to} :p{place}")
    }

    /// Somebody speaks in a channel. Returns the line.
    pub fn word(&mut self, from: usize, channel: &str) -> String {
        self.words += 1;
        self.speakers.push(from);
        format!("PRIVMSG {channel} :c{}", self.words - 1)
    }

    /// Takes in what all clients have got since the last time.
    pub fn listen(&mut self, sim: &mut Sim) {
        let mut notices = Vec::new();
        for (place, client) in sim.clients.iter_mut().enumerate() {
            for line in client.got.drain(..) {
                self.hear(place, &line, &mut notices);
            }
        }
        // Only when it is known what has arrived can a notice be held against what has not.
        for (place, text) in notices {
            self.notice(place, &text);
        }
    }

    fn hear(&mut self, place: usize, line: &str, notices: &mut Vec<(usize, String)>) {
        let (tags, line) = match line.strip_prefix('@') {
            Some(tagged) => tagged.split_once(' ').unwrap_or((tagged, "")),
            None => ("", line),
        };
        let tag = |name: &str| {
            tags.split(';')
                .find_map(|tag| tag.strip_prefix(name)?.strip_prefix('='))
                .map(str::to_owned)
        };
        let Some((source, rest)) = line.strip_prefix(':').and_then(|line| line.split_once(' '))
        else {
            return;
        };
        let (head, text) = rest.split_once(" :").unwrap_or((rest, ""));
        let words: Vec<&str> = head.split(' ').collect();
        let verb = words.first().copied().unwrap_or_default();
        if verb == "NOTICE" && text.starts_with("Your last ") {
            notices.push((place, text.to_owned()));
        }
        if let (reply::TARGET_UMODE_G, Some(nick), None, None) =
            (verb, words.get(2), tag("label"), tag("batch"))
        {
            // The answer of the server at home, which alone knows.
            self.unheard(place, nick);
        }
        self.answer(place, verb, &words, tag("label"), tag("batch"));
        if verb == "NICK" {
            self.renames(source.split('!').next().unwrap_or_default(), text);
        }
        if verb != "PRIVMSG" {
            return;
        }
        if let Some(id) = tag("msgid") {
            let known = self.ids.entry(id.clone()).or_insert_with(|| text.to_owned());
            assert_eq!(known, text, "two messages go by the id {id}");
        }
        if let Some(number) = number(text, 'p') {
            let to_self = words.get(1).is_some_and(|to| source.starts_with(&format!("{to}!")));
            self.letter_came(place, number, to_self);
        }
        if let Some(from) = number(text, 'c').and_then(|number| self.speakers.get(number)) {
            self.in_order('c', *from, place, number(text, 'c').unwrap_or_default());
        }
    }

    fn letter_came(&mut self, place: usize, number: usize, to_self: bool) {
        let Some(letter) = self.letters.get_mut(number) else { return };
        if letter.from == place {
            // Who writes to themselves may get the echo as well.
            letter.accepted = true;
            letter.got.extend((to_self && letter.got.is_empty()).then_some(place));
            return;
        }
        letter.got.push(place);
        let from = letter.from;
        assert!(letter.got.len() == 1, "message p{number} came to {:?}", letter.got);
        self.in_order('p', from, place, number);
    }

    fn in_order(&mut self, kind: char, from: usize, to: usize, number: usize) {
        if let Some(last) = self.heard.insert((kind, from, to), number) {
            assert!(last < number, "client {to} heard {kind}{number} of {from} after {kind}{last}");
        }
    }

    /// What a server answers to the one who sent a letter.
    fn answer(
        &mut self,
        place: usize,
        verb: &str,
        words: &[&str],
        label: Option<String>,
        batch: Option<String>,
    ) {
        let refusals = ["FAIL", reply::CANNOT_SEND_TO_USER, reply::TARGET_UMODE_G];
        let refusal = refusals.contains(&verb) || verb.len() == 3 && verb.starts_with('4');
        if let Some(number) = label.and_then(|label| number(&label, 'p')) {
            if let ("BATCH", Some(name)) = (verb, words.get(1).and_then(|w| w.strip_prefix('+'))) {
                self.batches.insert((place, name.to_owned()), (number, false));
            } else if let Some(letter) = self.letters.get_mut(number) {
                letter.accepted = !refusal;
            }
        }
        if let Some(open) = batch.and_then(|batch| self.batches.get_mut(&(place, batch))) {
            open.1 |= refusal;
        }
        if let ("BATCH", Some(name)) = (verb, words.get(1).and_then(|w| w.strip_prefix('-'))) {
            if let Some((number, refused)) = self.batches.remove(&(place, name.to_owned())) {
                if let Some(letter) = self.letters.get_mut(number) {
                    letter.accepted = !refused;
                }
            }
        }
    }

    fn renames(&mut self, old: &str, new: &str) {
        let before = self.later.iter().filter(|(_, nick)| nick == old).map(|(first, _)| first);
        let before: Vec<String> = before.cloned().chain([old.to_owned()]).collect();
        self.later.extend(before.into_iter().map(|first| (first, new.to_owned())));
    }

    /// The sender is told that somebody, who may have called themselves otherwise when it was sent, does
    /// not hear them.
    fn unheard(&mut self, place: usize, nick: &str) {
        let later = &self.later;
        let is = |to: &str| to == nick || later.contains(&(to.to_owned(), nick.to_owned()));
        let unheard = self.letters.iter_mut().find(|letter| {
            let waits = letter.accepted && letter.got.is_empty() && !letter.told;
            letter.from == place && is(&letter.to) && waits
        });
        unheard.into_iter().for_each(|letter| letter.told = true);
    }

    /// The sender is told that the last so many messages to somebody may be lost.
    fn notice(&mut self, place: usize, text: &str) {
        let mut words = text.split(' ').skip(2);
        let first = words.next().unwrap_or_default();
        let count: usize = first.parse().unwrap_or(1);
        let Some(nick) = text.split(" to ").nth(1).and_then(|rest| rest.split(' ').next()) else {
            return;
        };
        let lost = self.letters.iter_mut().rev().filter(|letter| {
            letter.from == place && letter.to == nick && letter.accepted && letter.got.is_empty()
        });
        lost.take(count).for_each(|letter| letter.told = true);
    }

    /// That nothing was lost of which a sender who is still there has not been told.
    pub fn settle(&self, sim: &Sim) {
        for (number, letter) in self.letters.iter().enumerate() {
            let here = sim.clients.get(letter.from).is_some_and(|client| client.conn.is_some());
            assert!(
                self.hushed || !here || !letter.accepted || letter.told || !letter.got.is_empty(),
                "p{number} from client {} to {} was lost without a word",
                letter.from,
                letter.to
            );
        }
    }

    /// The id of the last message of which anybody knows one.
    pub fn last_id(&self) -> &str {
        self.ids.last_key_value().map_or("none", |last| last.0)
    }

    /// How many messages were said, accepted, and came.
    pub fn count(&self) -> [usize; 4] {
        let accepted = self.letters.iter().filter(|letter| letter.accepted).count();
        let got = self.letters.iter().filter(|letter| !letter.got.is_empty()).count();
        let told = self.letters.iter().filter(|letter| letter.told).count();
        [self.letters.len(), accepted, got, told]
    }
}

fn number(text: &str, kind: char) -> Option<usize> {
    text.strip_prefix(kind)?.parse().ok()
}
