//! Notes: what operators and services write down for the whole network, besides bans and filters: names
//! that nobody may take, exceptions from limits, news, hosts to choose from, what operators have done.
//!
//! As server bans, each is a register of its own that the last writer wins; one that is taken away or has
//! run out stays as a tombstone for a while, so that an older write that comes late does not bring it back.

use super::{crdt::Source, keep};
use crate::time::{Stamp, Wall};
use std::collections::{BTreeMap, BTreeSet};

/// What a note is about.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Section {
    /// What an operator has done, by server and place in its log.
    Audit,
    /// So many connections may come from an address or a range.
    Exception,
    /// Channels that nobody may be in, by mask.
    ForbidChannel,
    /// Mail addresses that nobody may register with, by mask.
    ForbidMail,
    /// Nicks that nobody may wear, by mask.
    ForbidNick,
    /// Passwords that no account may have, by mask.
    ForbidPassword,
    /// Servers that may not be linked, by name.
    Jupe,
    /// What everybody is told who comes.
    NewsLogon,
    /// What everybody is told who becomes an operator.
    NewsOper,
    /// Of which everybody who comes is told one.
    NewsRandom,
    /// Hosts that everybody who is logged in may take.
    Offer,
    /// Channels that nobody may use any more, by name.
    Purge,
    /// Hosts that somebody has asked for, by account.
    Request,
}

/// A section: all that is known about it, in one place.
#[derive(Debug)]
pub struct Row {
    /// Which.
    pub section: Section,
    /// As it is stored and told.
    pub name: &'static str,
    /// How many notes it may have; of the log, those of one server.
    pub most: usize,
}

/// Every section, in their order.
pub const SECTIONS: &[Row] = &[
    row(Section::Audit, "audit", 1000),
    row(Section::Exception, "exception", 500),
    row(Section::ForbidChannel, "forbidden channel", 500),
    row(Section::ForbidMail, "forbidden email", 500),
    row(Section::ForbidNick, "forbidden nick", 500),
    row(Section::ForbidPassword, "forbidden password", 500),
    row(Section::Jupe, "jupe", 100),
    row(Section::NewsLogon, "news logon", 50),
    row(Section::NewsOper, "news oper", 50),
    row(Section::NewsRandom, "news random", 50),
    row(Section::Offer, "offer", 100),
    row(Section::Purge, "purged channel", 500),
    row(Section::Request, "request", 500),
];

const fn row(section: Section, name: &'static str, most: usize) -> Row {
    Row { section, name, most }
}

impl Section {
    /// What is known about this section.
    pub fn row(self) -> &'static Row {
        let place = SECTIONS.iter().position(|row| row.section == self).unwrap_or_default();
        &SECTIONS[place]
    }
}

/// Which note it is.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Key {
    /// What it is about.
    pub section: Section,
    /// Which of those, as names are compared there.
    pub name: Box<str>,
}

/// What a note says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Note {
    /// What the section is to know of it.
    pub value: Box<str>,
    /// What people read.
    pub text: Box<str>,
    /// `nick!user@host` of who wrote it, or a name of what did.
    pub setter: Box<str>,
    /// Until when it holds; for good if none.
    pub until: Option<Wall>,
}

/// A note that is there or was there.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What it says; none once it is taken away.
    pub note: Option<Note>,
    /// When it was last written.
    pub at: Stamp,
    /// By whom.
    pub by: Source,
    /// Whether it has run out.
    lapsed: bool,
}

impl Entry {
    /// What it says, while that holds.
    fn in_force(&self) -> Option<&Note> {
        self.note.as_ref().filter(|_| !self.lapsed)
    }

    /// When time does something to it: it runs out, or is forgotten.
    fn due(&self) -> Option<Wall> {
        match &self.note {
            None => Some(keep::remembered_until(self.at.wall())),
            Some(note) if self.lapsed => note.until.map(keep::remembered_until),
            Some(note) => note.until,
        }
    }
}

/// All notes, by section and name.
#[derive(Debug, Default)]
pub struct Notes {
    entries: BTreeMap<Key, Entry>,
    /// When time does something to which.
    due: BTreeSet<(Wall, Key)>,
}

impl Notes {
    /// Writes a note, or takes it away; what was written later stays. Returns whether it was news.
    pub(super) fn write(&mut self, key: &Key, note: Option<&Note>, at: Stamp, by: Source) -> bool {
        if self.entries.get(key).is_some_and(|known| known.at >= at) {
            return false;
        }
        self.put(key, Entry { note: note.cloned(), at, by, lapsed: false });
        true
    }

    /// Lets those run out whose time has come, and forgets those that have been over for long.
    pub(super) fn lapse(&mut self, now: Wall) {
        while let Some((_, key)) = self.due.first().cloned().filter(|(due, _)| *due <= now) {
            let known = self.entries.get(&key).filter(|entry| entry.in_force().is_some());
            match known.cloned() {
                Some(entry) => self.put(&key, Entry { lapsed: true, ..entry }),
                None => {
                    self.due.pop_first();
                    self.entries.remove(&key);
                }
            }
        }
    }

    fn put(&mut self, key: &Key, entry: Entry) {
        let due = |entry: &Entry| entry.due().map(|due| (due, key.clone()));
        if let Some(before) = self.entries.get(key).and_then(due) {
            self.due.remove(&before);
        }
        self.due.extend(due(&entry));
        self.entries.insert(key.clone(), entry);
    }

    /// Whether time does something to any of them by now.
    pub fn age(&self, now: Wall) -> bool {
        self.due.first().is_some_and(|(due, _)| *due <= now)
    }

    /// One note, if it is there.
    pub fn get(&self, section: Section, name: &str) -> Option<&Note> {
        self.entries.get(&Key { section, name: name.into() }).and_then(Entry::in_force)
    }

    /// Those of a section that are there, in order of their names.
    pub fn of(&self, section: Section) -> impl Iterator<Item = (&str, &Note, Stamp)> {
        let first = Key { section, name: "".into() };
        let entries =
            self.entries.range(first..).take_while(move |(key, _)| key.section == section);
        entries.filter_map(|(key, entry)| Some((&*key.name, entry.in_force()?, entry.at)))
    }

    /// Every one that is remembered.
    pub fn all(&self) -> impl Iterator<Item = (&Key, &Entry)> {
        self.entries.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Sid;

    fn note(until: Option<u64>) -> Note {
        let until = until.map(Wall);
        Note { value: "".into(), text: "why".into(), setter: "op".into(), until }
    }

    #[test]
    fn a_note_runs_out_and_is_forgotten_later() {
        let mut notes = Notes::default();
        let at = |wall: u64| Stamp { tick: wall << 16, server: Sid::FIRST };
        let by = Source::Server(Sid::FIRST);
        let key = |name: &str| Key { section: Section::ForbidNick, name: name.into() };
        assert!(notes.write(&key("a"), Some(&note(Some(100))), at(1), by));
        assert!(notes.write(&key("b"), Some(&note(None)), at(2), by));
        assert!(notes.write(&key("c"), Some(&note(None)), at(4), by));
        assert!(notes.write(&key("c"), None, at(5), by));
        assert!(!notes.write(&key("c"), Some(&note(None)), at(3), by));
        let names = |notes: &Notes| -> String {
            notes.of(Section::ForbidNick).map(|(name, _, _)| name).collect()
        };
        assert_eq!((names(&notes).as_str(), notes.age(Wall(99))), ("ab", false));
        assert!(notes.age(Wall(100)));
        notes.lapse(Wall(100));
        assert_eq!((names(&notes).as_str(), notes.all().count()), ("b", 3));
        notes.lapse(keep::remembered_until(Wall(5)));
        assert_eq!(notes.all().count(), 2);
        notes.lapse(keep::remembered_until(Wall(100)));
        assert_eq!((names(&notes).as_str(), notes.all().count()), ("b", 1));
        assert!(!notes.age(Wall(u64::MAX)));
    }

    #[test]
    fn every_section_has_a_row() {
        assert!(SECTIONS.is_sorted_by_key(|row| row.section));
        assert!(SECTIONS.is_sorted_by_key(|row| row.name));
        assert!(SECTIONS.iter().all(|row| row.section.row().name == row.name));
    }
}
