//! What a client believes, from nothing but the lines it has received.
//!
//! A field that the client cannot know, for want of a capability or since nobody has told it yet, is
//! `None` and compares equal to whatever is true.

use crate::{
    network::mode::{Kind, kind},
    wire::{casemap::Casemap, mask, tags::Tags},
};
use std::collections::{BTreeMap, BTreeSet};

/// A client's idea of itself, of where it is and of who is there.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct View {
    /// What it goes by; empty before it is welcomed.
    pub nick: String,
    /// Its user modes.
    pub modes: BTreeSet<char>,
    /// Whether it is away.
    pub away: bool,
    /// The channels it is in, by their names as they are compared.
    pub rooms: BTreeMap<String, Room>,
    /// Whoever it shares a channel with, by nick.
    pub people: BTreeMap<String, Person>,
    /// The capabilities it has been given.
    caps: BTreeSet<String>,
    /// How names are folded.
    pub casemap: Casemap,
}

/// A channel.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Room {
    /// The members, by nick.
    pub members: BTreeMap<String, Standing>,
    /// The topic; empty for none.
    pub topic: String,
    /// The flags, and the modes with a value.
    pub modes: Option<BTreeMap<char, String>>,
    /// The lists that are known, as masks are compared.
    pub lists: BTreeMap<char, BTreeSet<String>>,
    /// Whether it has been an auditorium, where one need not know of everybody.
    pub vague: bool,
    /// A list of which not all has been heard.
    listing: BTreeSet<String>,
}

/// A member's status.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Standing {
    /// The letters.
    pub letters: BTreeSet<char>,
    /// Whether there may be lower ones: NAMES without multi-prefix shows the highest only.
    pub more: bool,
    /// Whether the highest was taken away, so that nobody knows what was below it.
    pub unknown: bool,
}

/// A user.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Person {
    /// Whether away.
    pub away: Option<bool>,
    /// The account they are logged in to; `Some(None)` for none.
    pub account: Option<Option<String>>,
    /// What the user is called.
    pub realname: Option<String>,
}

/// What a client may react to.
#[derive(Debug)]
pub enum Event {
    /// The server wants to know whether it is there.
    Ping(String),
    /// It has entered a channel.
    Entered(String),
}

impl View {
    /// Takes in a line.
    pub fn hear(&mut self, line: &str) -> Option<Event> {
        let (tags, line) = match line.strip_prefix('@') {
            Some(tagged) => tagged.split_once(' ').unwrap_or_default(),
            None => ("", line),
        };
        if let Some(token) = line.strip_prefix("PING ") {
            return Some(Event::Ping(token.trim_start_matches(':').into()));
        }
        let (source, rest) = line.strip_prefix(':')?.split_once(' ')?;
        let source = source.split('!').next().unwrap_or(source);
        let (head, text) = rest.split_once(" :").unwrap_or((rest, ""));
        let words: Vec<&str> = head.split(' ').collect();
        if let ["JOIN", channel, extra @ ..] = words.as_slice() {
            let event = self.join(source, channel, (extra, text));
            self.tagged(source, tags);
            return event;
        }
        if matches!(words.first(), Some(&("PRIVMSG" | "NOTICE" | "TAGMSG"))) {
            self.tagged(source, tags);
        }
        if words.first().is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_digit())) {
            self.numeric(&words, text);
        } else {
            self.verb(source, &words, text, rest);
        }
        None
    }

    /// Whether it has been given a capability.
    pub fn has(&self, cap: &str) -> bool {
        self.caps.contains(cap)
    }

    fn room(&mut self, channel: &str) -> Option<&mut Room> {
        self.rooms.get_mut(&*self.casemap.fold(channel))
    }

    fn verb(&mut self, source: &str, words: &[&str], text: &str, rest: &str) {
        match words {
            ["PART", channel] => self.leave(channel, source),
            ["KICK", channel, nick] => self.leave(channel, nick),
            ["QUIT"] => {
                let rooms = self.rooms.values_mut();
                rooms.for_each(|room| drop(room.members.remove(source)));
                self.people.remove(source);
            }
            ["NICK"] => self.rename(source, text),
            ["RENAME", old, new] => {
                let [old, new] = [old, new].map(|name| self.casemap.fold(name));
                if let Some(room) = self.rooms.remove(&*old) {
                    self.rooms.insert(new.into(), room);
                }
            }
            ["TOPIC", channel] => {
                if let Some(room) = self.room(channel) {
                    room.topic = text.into();
                }
            }
            ["MODE", channel, modes, params @ ..] if channel.starts_with('#') => {
                // A last parameter may stand behind a colon.
                let last = rest.split_once(" :").map(|parts| parts.1);
                let params: Vec<&str> = params.iter().copied().chain(last).collect();
                self.mode(channel, modes, &params);
            }
            ["MODE", _, modes] => self.own_modes(modes),
            ["MODE", _] => self.own_modes(text),
            ["ACCOUNT", account] => {
                if let Some(person) = self.people.get_mut(source) {
                    person.account = Some(known(account));
                }
            }
            ["AWAY"] => self.gone(source, !text.is_empty()),
            ["SETNAME"] => {
                if let Some(person) = self.people.get_mut(source) {
                    person.realname = Some(text.into());
                }
            }
            ["CAP", _, "ACK"] => {
                for cap in text.split(' ') {
                    match cap.strip_prefix('-') {
                        Some(cap) => drop(self.caps.remove(cap)),
                        None => drop(self.caps.insert(cap.into())),
                    }
                }
            }
            _ => (),
        }
    }

    fn numeric(&mut self, words: &[&str], text: &str) {
        let casemap = self.casemap;
        match words {
            ["005", tokens @ ..] if tokens.contains(&"CASEMAPPING=rfc1459") => {
                self.casemap = Casemap::Rfc1459;
            }
            ["001", nick] => self.nick = (*nick).into(),
            ["221", _, modes] => {
                self.modes.clear();
                self.own_modes(modes);
            }
            ["305", ..] => self.away = false,
            ["306", ..] => self.away = true,
            ["324", _, channel, modes, params @ ..] => {
                if let Some(room) = self.room(channel) {
                    room.modes = Some(BTreeMap::new());
                }
                self.mode(channel, modes, params);
            }
            ["332", _, channel] => {
                if let Some(room) = self.room(channel) {
                    room.topic = text.into();
                }
            }
            ["346" | "348" | "367", _, channel, entry, ..] => {
                if let Some(room) = self.room(channel) {
                    room.listing.insert(mask::canonical(entry, casemap));
                }
            }
            ["347", _, channel] => self.listed(channel, 'I'),
            ["349", _, channel] => self.listed(channel, 'e'),
            ["368", _, channel] => self.listed(channel, 'b'),
            ["352", _, channel, _, _, _, nick, flags] if channel.starts_with('#') => {
                self.who(nick, flags, text);
            }
            ["353", _, _, channel] => self.names(channel, text),
            _ => (),
        }
    }

    /// Takes in the account that whoever does something has at that moment. What is part of a batch
    /// bears the tags of the whole on its first line alone.
    fn tagged(&mut self, source: &str, tags: &str) {
        let tags = Tags::new(tags);
        if !self.has("account-tag") || tags.get("batch").is_some() {
            return;
        }
        if let Some(person) = self.people.get_mut(source) {
            person.account = Some(tags.get("account").map(|name| name.into_owned()));
        }
    }

    fn join(
        &mut self,
        source: &str,
        channel: &str,
        (extra, realname): (&[&str], &str),
    ) -> Option<Event> {
        let own = source == self.nick;
        if own {
            self.rooms.insert(self.casemap.fold(channel).into(), Room::default());
        }
        let room = self.room(channel)?;
        room.members.insert(source.into(), Standing::default());
        let (notified, extended) = (self.has("away-notify"), self.has("extended-join"));
        let person = self.people.entry(source.into()).or_default();
        if extended {
            person.realname = Some(realname.into());
            person.account = extra.first().map(|name| known(name));
        }
        if notified {
            // Who is away is said to be so right after.
            person.away = Some(false);
        }
        own.then(|| Event::Entered(channel.into()))
    }

    fn names(&mut self, channel: &str, names: &str) {
        let all = self.has("multi-prefix");
        let channel = self.casemap.fold(channel);
        let Some(room) = self.rooms.get_mut(&*channel) else { return };
        for name in names.split(' ') {
            let nick = name.trim_start_matches(PREFIXES);
            let nick = nick.split('!').next().unwrap_or(nick);
            let prefixes = name.chars().take_while(|c| PREFIXES.contains(c));
            let letters: BTreeSet<char> = prefixes.filter_map(letter).collect();
            let more = !all && !letters.is_empty();
            room.members.insert(nick.into(), Standing { letters, more, unknown: false });
            self.people.entry(nick.into()).or_default();
        }
    }

    fn who(&mut self, nick: &str, flags: &str, text: &str) {
        let Some(person) = self.people.get_mut(nick) else { return };
        person.away = Some(flags.starts_with('G'));
        person.realname = text.split_once(' ').map(|(_, realname)| realname.into());
    }

    fn gone(&mut self, nick: &str, away: bool) {
        if let Some(person) = self.people.get_mut(nick) {
            person.away = Some(away);
        }
    }

    fn listed(&mut self, channel: &str, letter: char) {
        if let Some(room) = self.room(channel) {
            let list = std::mem::take(&mut room.listing);
            room.lists.insert(letter, list);
        }
    }

    fn own_modes(&mut self, modes: &str) {
        let mut add = true;
        for letter in modes.chars() {
            match letter {
                '+' | '-' => add = letter == '+',
                _ if add => drop(self.modes.insert(letter)),
                _ => drop(self.modes.remove(&letter)),
            }
        }
    }

    fn mode(&mut self, channel: &str, modes: &str, params: &[&str]) {
        let casemap = self.casemap;
        let Some(room) = self.room(channel) else { return };
        let (mut add, mut params) = (true, params.iter());
        for letter in modes.chars() {
            match letter {
                '+' | '-' => add = letter == '+',
                'b' | 'e' | 'I' => {
                    let Some(entry) = params.next() else { continue };
                    if let Some(list) = room.lists.get_mut(&letter) {
                        let entry = mask::canonical(entry, casemap);
                        let _: bool = if add { list.insert(entry) } else { list.remove(&entry) };
                    }
                }
                'q' | 'a' | 'o' | 'h' | 'v' => {
                    let member = params.next().and_then(|nick| room.members.get_mut(*nick));
                    if let Some(standing) = member {
                        standing.set(letter, add);
                    }
                }
                _ => {
                    let takes = match kind(letter) {
                        Some(Kind::List | Kind::Key) => true,
                        Some(Kind::Value) => add,
                        Some(Kind::Flag | Kind::Status) | None => false,
                    };
                    room.vague |= letter == 'u';
                    let value = if takes { params.next().copied() } else { None };
                    if kind(letter) == Some(Kind::List) {
                        continue;
                    }
                    if let Some(modes) = &mut room.modes {
                        match add {
                            true => drop(modes.insert(letter, value.unwrap_or_default().into())),
                            false => drop(modes.remove(&letter)),
                        }
                    }
                }
            }
        }
    }

    fn leave(&mut self, channel: &str, nick: &str) {
        if nick == self.nick {
            self.rooms.remove(&*self.casemap.fold(channel));
        } else if let Some(room) = self.room(channel) {
            room.members.remove(nick);
        }
        let rooms = &self.rooms;
        self.people.retain(|nick, _| rooms.values().any(|room| room.members.contains_key(nick)));
    }

    fn rename(&mut self, old: &str, new: &str) {
        if old == self.nick {
            self.nick = new.into();
        }
        for room in self.rooms.values_mut() {
            if let Some(standing) = room.members.remove(old) {
                room.members.insert(new.into(), standing);
            }
        }
        if let Some(person) = self.people.remove(old) {
            self.people.insert(new.into(), person);
        }
    }
}

impl Standing {
    fn set(&mut self, letter: char, on: bool) {
        if on {
            self.letters.insert(letter);
            return;
        }
        self.letters.remove(&letter);
        self.unknown |= self.more;
    }

    /// Whether it may be these letters.
    pub fn fits(&self, letters: &BTreeSet<char>) -> bool {
        match self.more {
            true => self.unknown || self.letters.is_subset(letters),
            false => self.letters == *letters,
        }
    }
}

/// An account, of which `*` is none.
fn known(account: &str) -> Option<String> {
    Some(account).filter(|name| *name != "*").map(Into::into)
}

/// In the order of rank.
const PREFIXES: [char; 5] = ['~', '&', '@', '%', '+'];

fn letter(prefix: char) -> Option<char> {
    crate::network::mode::STATUS.iter().find(|row| row.1 == prefix).map(|row| row.0)
}
