//! What a registered channel has (topic, modes, metadata, lists), as its record keeps it.
//!
//! Each mode, each key of metadata and the topic is a field of its own, which holds the stamp and the author
//! of what was written, and is written under that stamp: so the record and the network come to the same
//! whichever way both are merged. A key that is taken away is a field that is, and forgotten after a while.
//! A list has no end of entries over time, and a record remembers for long what was taken from it;
//! so of the lists there are pieces instead, and what each server has added stands in pieces of its own,
//! since two servers that do not reach each other must not undo what the other adds. That a mask is taken
//! away by one server while another is adding to the same piece is mended by `registered`, which compares.

use crate::{
    core::metadata::field,
    network::{
        Channel, Mask, Topic,
        crdt::{Epoch, Lww, Source},
        mode::{self, By, Kind},
        op::{ModeChange, Op, Subject},
    },
    registry::{Field, METADATA, Record, RecordId, VALUE_MAX},
    time::{Sid, Stamp, Wall},
    wire::{casemap::Casemap, name::ChannelName},
};
use std::collections::BTreeSet;

/// Fields of a record, to be written.
pub type Fields = Vec<(Box<str>, Option<Box<str>>)>;

/// What of a channel's state is written anew.
#[derive(Debug, Default)]
pub struct Parts {
    /// The topic.
    topic: bool,
    /// These modes.
    modes: BTreeSet<char>,
    /// What these servers have added to the lists.
    lists: BTreeSet<Sid>,
    /// These keys of metadata.
    keys: BTreeSet<Box<str>>,
}

impl Parts {
    /// All that a channel has, and all that its record has kept before.
    pub fn all(channel: &Channel, record: Option<&Record>) -> Parts {
        // That it is registered is not kept: it comes and goes with the record.
        let modes =
            mode::CHANNEL.iter().filter(|row| row.kind != Kind::List && row.by != By::Server);
        let kept = record.into_iter().flat_map(|record| record.under(LIST));
        let kept = kept.filter_map(|(place, _)| Sid::parse(place.split(':').next()?));
        let newer = |key: &str, at: Stamp| {
            let stored = record.and_then(|record| record.field(&field(key)));
            stored.is_none_or(|stored| key_written(stored).is_none_or(|stored| stored < at))
        };
        let keys = channel.metadata.registers().filter(|(key, register)| newer(key, register.at));
        Parts {
            topic: channel.topic_write().is_some(),
            modes: modes.map(|row| row.letter).collect(),
            lists: lists(channel).map(|mask| mask.at.server).chain(kept).collect(),
            keys: keys.map(|(key, _)| key.into()).collect(),
        }
    }

    /// What an operation that has just happened at a moment has written.
    pub fn of(op: &Op, at: Stamp) -> Parts {
        let mut parts = Parts::default();
        let changes: &[ModeChange] = match op {
            Op::Topic { .. } => {
                parts.topic = true;
                &[]
            }
            Op::Metadata { key, .. } => {
                parts.keys.insert(key.clone());
                &[]
            }
            Op::Mode { changes, .. } => changes,
            _ => &[],
        };
        for change in changes {
            match change {
                ModeChange::Flag { letter, .. } | ModeChange::Value { letter, .. } => {
                    parts.modes.insert(*letter);
                }
                ModeChange::Add { .. } => {
                    parts.lists.insert(at.server);
                }
                ModeChange::Remove { added, .. } => {
                    parts.lists.extend(added.iter().map(|at| at.server));
                }
                ModeChange::Status { .. } => (),
            }
        }
        parts
    }

    /// The fields that hold them.
    pub fn fields(&self, channel: &Channel) -> Fields {
        let topic = channel.topic_write().filter(|_| self.topic).map(|Lww { value, at, by }| {
            let text = format!("{} {by} {}\n{}", RecordId(*at), value.setter, value.text);
            (TOPIC.into(), Some(text.into()))
        });
        let modes = self.modes.iter().filter_map(|letter| {
            let (at, by, text) = match mode::kind(*letter)? {
                Kind::Flag => {
                    let (at, by) = channel.flag_write(*letter)?;
                    (at, by, if channel.has(*letter) { "+" } else { "-" })
                }
                Kind::Key | Kind::Value => {
                    let Lww { value, at, by } = channel.register(*letter)?;
                    (*at, *by, value.as_deref().unwrap_or_default())
                }
                Kind::List | Kind::Status => return None,
            };
            let text = format!("{} {by}\n{text}", RecordId(at));
            Some((format!("{MODE}{letter}").into(), Some(text.into())))
        });
        let lists = self.lists.iter().flat_map(|server| pieces(channel, *server));
        let metadata = self.keys.iter().map(|key| {
            // What has been taken away may be forgotten by now.
            let text = channel.metadata.register(key).and_then(|Lww { value, at, by }| {
                Some(format!("{} {by}\n{}", RecordId(*at), value.as_ref()?).into())
            });
            (field(key), text)
        });
        topic.into_iter().chain(modes).chain(lists).chain(metadata).collect()
    }
}

/// The entries of all lists of a channel.
fn lists(channel: &Channel) -> impl Iterator<Item = &Mask> {
    let letters = mode::CHANNEL.iter().filter(|row| row.kind == Kind::List).map(|row| row.letter);
    letters.flat_map(|letter| channel.all_masks(letter))
}

/// What a server has added to the lists of a channel, in as many pieces as that takes; the first says how
/// many, since those that are not needed any more stay.
fn pieces(channel: &Channel, server: Sid) -> Fields {
    let mut pieces = vec![String::new()];
    for mask in lists(channel).filter(|mask| mask.at.server == server) {
        let line = format!(
            "\n{} {} {} {} {}",
            RecordId(mask.at),
            mask.letter,
            mask.by,
            mask.setter,
            mask.mask
        );
        match pieces.last_mut() {
            Some(piece) if piece.len() + line.len() <= PIECE_MAX => piece.push_str(&line),
            _ => pieces.push(line),
        }
    }
    let count = pieces.len();
    let piece = |(number, text): (usize, String)| {
        let head = if number == 0 { count.to_string() } else { String::new() };
        (format!("{LIST}{server}:{number}").into(), Some(format!("{head}{text}").into()))
    };
    pieces.into_iter().take(PIECES_MAX).enumerate().map(piece).collect()
}

/// What a record keeps, as operations that name the channel and its founding. What has ended by itself
/// meanwhile is left out, and so is the topic if it is not to be kept.
pub fn state(
    record: &Record,
    (name, epoch): (&ChannelName, Epoch),
    topic: bool,
    now: Wall,
    casemap: Casemap,
) -> Vec<(Op, Stamp)> {
    let mut state = Vec::new();
    let mut push = |by, at, change| {
        let changes = vec![change];
        state.push((Op::Mode { name: name.clone(), epoch, by, changes }, at));
    };
    for (letter, field) in record.under(MODE) {
        let letter = letter.chars().next().unwrap_or_default();
        let read = field.value.as_deref().and_then(|value| mode_change(letter, value));
        read.into_iter().for_each(|(at, by, change)| push(by, at, change));
    }
    for line in list_lines(record) {
        let Some((at, by, change)) = mask_change(line) else { continue };
        let over = |text: &str, letter| {
            let (_, ban) = Mask::read(letter, text, casemap);
            ban.and_then(|ban| ban.span).is_some_and(|span| at.wall() + span <= now)
        };
        match &change {
            ModeChange::Add { letter, mask, .. } if over(mask, *letter) => (),
            _ => push(by, at, change),
        }
    }
    let of = || Subject::Channel(name.clone(), epoch);
    state.extend(record.under(METADATA).filter_map(|(key, field)| {
        let (at, by, value) = read(field.value.as_deref()?)?;
        Some((Op::Metadata { by, of: of(), key: key.into(), value: Some(value.into()) }, at))
    }));
    let written = record.get(TOPIC).filter(|_| topic).and_then(topic_written);
    state.extend(written.map(|Lww { value: Topic { text, setter }, at, by }| {
        (Op::Topic { name: name.clone(), epoch, by, setter, text }, at)
    }));
    state
}

/// What a record says has been taken away of a channel's metadata that it still has, in the same form.
pub fn taken_away(
    record: &Record,
    (name, epoch): (&ChannelName, Epoch),
    channel: &Channel,
) -> Vec<(Op, Stamp)> {
    let gone = record.fields().filter_map(|(key, field)| {
        let (key, at) = (key.strip_prefix(METADATA)?, field.at);
        let later = |register: &Lww<_>| field.value.is_none() && register.at < at;
        channel.metadata.get(key)?;
        channel.metadata.register(key).filter(|register| later(register))?;
        let (by, of) = (Source::Server(at.server), Subject::Channel(name.clone(), epoch));
        Some((Op::Metadata { by, of, key: key.into(), value: None }, at))
    });
    gone.collect()
}

/// The lines of all pieces that count.
fn list_lines(record: &Record) -> impl Iterator<Item = &str> {
    let count = |server: &str| {
        let first = record.get(&format!("{LIST}{server}:0"))?;
        first.lines().next()?.parse::<usize>().ok()
    };
    let pieces = record.under(LIST).filter_map(move |(place, field)| {
        let (server, number) = place.split_once(':')?;
        let number: usize = number.parse().ok()?;
        field.value.as_deref().filter(|_| count(server).is_some_and(|count| number < count))
    });
    pieces.flat_map(|piece| piece.lines().skip(1))
}

/// Whether a field keeps something of this.
pub fn is_kept(key: &str) -> bool {
    key == TOPIC || [MODE, LIST, METADATA].iter().any(|prefix| key.starts_with(prefix))
}

/// Whether what is stored in a field has been written before another value; pieces of lists have no such
/// order.
pub fn is_older(stored: Option<&str>, value: Option<&str>) -> bool {
    match (written(stored), written(value)) {
        (Some(stored), Some(value)) => stored < value,
        _ => stored != value,
    }
}

/// When that was written which a field keeps; of pieces of lists that is not told.
pub fn written(value: Option<&str>) -> Option<Stamp> {
    let head = value?.split_once('\n')?.0;
    RecordId::parse(head.split(' ').next()?).map(|id| id.0)
}

fn topic_written(value: &str) -> Option<Lww<Topic>> {
    let (head, text) = value.split_once('\n')?;
    let mut words = head.splitn(3, ' ');
    let (at, by) = (RecordId::parse(words.next()?)?.0, Source::parse(words.next()?)?);
    let setter = words.next().unwrap_or_default().into();
    Some(Lww { value: Topic { text: text.into(), setter }, at, by })
}

fn mode_change(letter: char, value: &str) -> Option<(Stamp, Source, ModeChange)> {
    let (at, by, text) = read(value)?;
    let change = match mode::kind(letter)? {
        Kind::Flag => ModeChange::Flag { letter, on: text == "+" },
        Kind::Key | Kind::Value => {
            let value = Some(text).filter(|text| !text.is_empty()).map(Into::into);
            ModeChange::Value { letter, value }
        }
        Kind::List | Kind::Status => return None,
    };
    Some((at, by, change))
}

/// When and by whom something was written, and what.
fn read(value: &str) -> Option<(Stamp, Source, &str)> {
    let (head, text) = value.split_once('\n')?;
    let (at, by) = head.split_once(' ')?;
    Some((RecordId::parse(at)?.0, Source::parse(by)?, text))
}

/// When a key of metadata was written, or taken away, that a field keeps.
fn key_written(field: &Field) -> Option<Stamp> {
    match field.value.as_deref() {
        Some(value) => read(value).map(|(at, _, _)| at),
        None => Some(field.at),
    }
}

fn mask_change(line: &str) -> Option<(Stamp, Source, ModeChange)> {
    let mut words = line.splitn(5, ' ');
    let at = RecordId::parse(words.next()?)?.0;
    let letter = words.next()?.chars().next().filter(|l| mode::kind(*l) == Some(Kind::List))?;
    let by = Source::parse(words.next()?)?;
    let (setter, mask) = (words.next()?.into(), words.next()?.into());
    Some((at, by, ModeChange::Add { letter, mask, setter }))
}

/// The field of the topic.
const TOPIC: &str = "topic";

/// How the field of a mode begins, which its letter follows.
const MODE: &str = "mode:";

/// How the field of a piece of the lists begins, which the server's id and a number follow.
const LIST: &str = "list:";

/// The longest piece, with room for the number of pieces.
const PIECE_MAX: usize = VALUE_MAX - 8;

/// How many pieces are kept of what one server has added: a few thousand masks.
const PIECES_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        network::crdt::{self, Uid},
        sim::script::check,
    };

    #[test]
    fn what_is_kept_reads_as_it_was_written() {
        let at = Stamp { tick: 5 << 16, server: Sid::FIRST };
        let uid = Uid { server: Sid::FIRST, number: 7 };
        for by in [Source::User(uid), Source::Server(Sid::FIRST), Source::Service(crdt::CHANSERV)] {
            let head = format!("{} {by}", RecordId(at));
            let flag = mode_change('m', &format!("{head}\n+")).unwrap();
            assert!(matches!(flag.2, ModeChange::Flag { letter: 'm', on: true }), "{flag:?}");
            let value = mode_change('k', &format!("{head}\n")).unwrap();
            assert!(matches!(value.2, ModeChange::Value { value: None, .. }), "{value:?}");
            assert_eq!((flag.0, flag.1), (at, by));
            let line = format!("{} b {by} a!b@c *!*@x", RecordId(at));
            let mask = mask_change(&line).unwrap();
            assert!(
                matches!(&mask.2, ModeChange::Add { letter: 'b', mask, .. } if &**mask == "*!*@x"),
                "{mask:?}"
            );
            let topic = topic_written(&format!("{head} a!b@c\nto you")).unwrap();
            assert_eq!((&*topic.value.text, &*topic.value.setter), ("to you", "a!b@c"));
        }
    }

    #[test]
    fn what_a_registered_channel_tells_outlives_its_members_and_its_server() {
        check(
            r"
            servers 2
            account alice password=sesame
            alice@1 > NS IDENTIFY sesame
            alice > JOIN #a
            alice > METADATA #a SET topic-url :x
            alice > CS REGISTER #a
            alice > METADATA #a SET color red
            alice > METADATA #a SET gone 1
            alice > METADATA #a SET gone
            alice > PART #a
            wait 400
            bob@2 > CAP REQ :batch draft/metadata-3
            bob   > METADATA * SUB color topic-url gone
            bob   > JOIN #a
            bob   < @batch=b1 :s2.test 761 bob #a color * :red
            bob   < @batch=b1 :s2.test 761 bob #a topic-url * :x
            bob   <! gone
            bob   > PART #a
            wait 400
            crash 1
            wait 60
            start 1
            heal
            carl@1 > JOIN #a
            carl   > METADATA #a LIST
            carl   < :s1.test 761 carl #a color * :red
            carl   < :s1.test 761 carl #a topic-url * :x
            same
            ",
        );
    }

    #[test]
    fn of_what_a_channel_tells_on_two_sides_of_a_split_the_later_stays_though_nobody_is_left() {
        check(
            r"
            servers 2
            config limits.ping_interval 5000
            account alice password=sesame
            alice@1 > NS IDENTIFY alice sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            alice > METADATA #a SET color red
            alice > METADATA #a SET url x
            alice > METADATA #a SET note first
            al@2  > NS IDENTIFY alice sesame
            al    > JOIN #a
            split 1 | 2
            al    > METADATA #a SET note second
            wait 2
            alice > METADATA #a SET url
            alice > METADATA #a SET color blue
            alice > PART #a
            wait 200
            heal
            wait 200
            al    > METADATA #a LIST
            al    < :s2.test 761 al #a color * :blue
            al    < :s2.test 761 al #a note * :second
            al    <! url
            al    > PART #a
            wait 400
            bob@1 > JOIN #a
            bob   > METADATA #a LIST
            bob   < :s1.test 761 bob #a color * :blue
            bob   < :s1.test 761 bob #a note * :second
            bob   <! url
            same
            ",
        );
    }

    #[test]
    fn what_could_not_be_stored_at_once_is_stored_later() {
        check(
            r"
            account alice password=sesame
            alice > NS IDENTIFY alice sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            alice > METADATA #a SET url x
            disk 1 full
            alice > METADATA #a SET color red
            alice < :s1.test 761 alice #a color * :red
            alice > METADATA #a SET url
            wait 20
            disk 1 well
            wait 60
            alice > PART #a
            bob   > PING x
            wait 20
            bob   > JOIN #a
            bob   > METADATA #a LIST
            bob   < :s1.test 761 bob #a color * :red
            bob   <! url
            ",
        );
    }

    #[test]
    fn keys_that_come_and_go_fill_no_record() {
        for target in ["#a", "alice"] {
            let churn: String = (0..420)
                .map(|key| {
                    let line = format!("alice > METADATA {target} SET k{key}");
                    format!("{line} x\n{line}\n")
                })
                .collect();
            check(&format!(
                r"
                config limits.metadata_burst 10000
                config limits.flood_burst 10000
                account alice password=sesame
                alice > NS IDENTIFY alice sesame
                alice > JOIN #a
                alice > CS REGISTER #a
                {churn}
                alice < :s1.test 766 alice {target} k399 :Key is not set
                alice > METADATA {target} SET more x
                alice < :s1.test 761 alice {target} more * :x
                "
            ));
        }
    }
}
