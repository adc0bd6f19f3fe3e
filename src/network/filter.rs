//! Content filters: what nobody may say on the network, and what happens to who does.
//!
//! As server bans, each is a register of its own, and one that has been taken away stays as a tombstone.

use super::crdt::Source;
use crate::{
    time::{Stamp, Wall},
    wire::{casemap::Casemap, mask},
};
use std::{collections::BTreeMap, time::Duration};

/// What happens to who says it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// It is not passed on, and they are told.
    Block,
    /// It is not passed on, and they are put under a G-line.
    Ban,
    /// It is not passed on, and they are disconnected.
    Kill,
    /// It is not passed on, and nothing of them is heard any more.
    Shun,
    /// It is passed on, and operators are told.
    Warn,
}

/// Every action, by name.
pub const ACTIONS: &[(Action, &str, &str)] = &[
    (Action::Ban, "ban", "blocks it and bans the user from the network (G-line)"),
    (Action::Block, "block", "blocks it and tells the user"),
    (Action::Kill, "kill", "blocks it and disconnects the user"),
    (Action::Shun, "shun", "blocks it and shuns the user"),
    (Action::Warn, "warn", "lets it pass and tells operators"),
];

/// Where something is said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// To a channel.
    Channel,
    /// To a user.
    Private,
    /// As the reason of a PART or a QUIT.
    Farewell,
    /// As a topic or an away message.
    Topic,
}

/// Every place, by letter.
pub const PLACES: &[(Place, char, &str)] = &[
    (Place::Channel, 'c', "messages to channels"),
    (Place::Private, 'p', "private messages"),
    (Place::Farewell, 'q', "reasons of PART and QUIT"),
    (Place::Topic, 't', "topics and away messages"),
];

/// A filter, while there is one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rule {
    /// What happens.
    pub action: Action,
    /// The letters of the places it looks at.
    pub places: Box<str>,
    /// How long a ban or a shun that it brings holds; for good if none.
    pub span: Option<Duration>,
    /// Why, for those it touches.
    pub reason: Box<str>,
    /// `nick!user@host` of who set it.
    pub setter: Box<str>,
}

/// A filter that is there or was there.
#[derive(Clone, Debug)]
pub struct Filter {
    /// What it is about; none once it is taken away.
    pub rule: Option<Rule>,
    /// When it was last written.
    pub at: Stamp,
    /// By whom.
    pub by: Source,
}

/// All content filters, by pattern.
#[derive(Debug, Default)]
pub struct Filters(BTreeMap<Box<str>, Filter>);

impl Filters {
    /// Writes a filter, or takes it away; what was written later stays. Returns whether it was news.
    pub(super) fn write(
        &mut self,
        pattern: &str,
        rule: Option<&Rule>,
        at: Stamp,
        by: Source,
    ) -> bool {
        if self.0.get(pattern).is_some_and(|known| known.at >= at) {
            return false;
        }
        self.0.insert(pattern.into(), Filter { rule: rule.cloned(), at, by });
        true
    }

    /// Forgets those that were taken away before a moment.
    pub(super) fn forget(&mut self, before: Wall) {
        self.0.retain(|_, filter| filter.rule.is_some() || filter.at.wall() >= before);
    }

    /// Those that are there, in order of their patterns.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Filter, &Rule)> {
        self.0.iter().filter_map(|(pattern, filter)| {
            filter.rule.as_ref().map(|rule| (&**pattern, filter, rule))
        })
    }

    /// Every one that is remembered.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Filter)> {
        self.0.iter().map(|(pattern, filter)| (&**pattern, filter))
    }

    /// The filter that touches a text: one that blocks before one that warns.
    pub fn touching(&self, place: Place, text: &str) -> Option<(&str, &Rule)> {
        let letter = PLACES.iter().find(|row| row.0 == place)?.1;
        let mut warns = None;
        for (pattern, _, rule) in self.iter() {
            if !rule.places.contains(letter) || !mask::matches(pattern, text, Casemap::Ascii) {
                continue;
            }
            if rule.action != Action::Warn {
                return Some((pattern, rule));
            }
            warns = warns.or(Some((pattern, rule)));
        }
        warns
    }
}

impl Action {
    /// As it is written.
    pub fn name(self) -> &'static str {
        ACTIONS.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    /// The action of that name.
    pub fn named(name: &str) -> Option<Action> {
        ACTIONS.iter().find(|row| row.1.eq_ignore_ascii_case(name)).map(|row| row.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Sid;

    fn rule(action: Action, places: &str) -> Rule {
        Rule { action, places: places.into(), span: None, reason: "no".into(), setter: "op".into() }
    }

    #[test]
    fn what_blocks_comes_before_what_warns() {
        let mut filters = Filters::default();
        let at = |tick: u64| Stamp { tick: tick << 16, server: Sid::FIRST };
        let by = Source::Server(Sid::FIRST);
        assert!(filters.write("*a*", Some(&rule(Action::Warn, "cp")), at(1), by));
        assert!(filters.write("*pills*", Some(&rule(Action::Kill, "c")), at(2), by));
        let touching = |filters: &Filters, place, text| {
            filters.touching(place, text).map(|found| found.1.action)
        };
        assert_eq!(touching(&filters, Place::Channel, "a PILLS b"), Some(Action::Kill));
        assert_eq!(touching(&filters, Place::Private, "a pills b"), Some(Action::Warn));
        assert_eq!(touching(&filters, Place::Topic, "a pills b"), None);
        assert!(filters.write("*pills*", None, at(4), by));
        assert!(!filters.write("*pills*", Some(&rule(Action::Kill, "c")), at(3), by));
        assert_eq!(touching(&filters, Place::Channel, "pills"), None);
        filters.forget(Wall(5));
        assert_eq!(filters.all().count(), 1);
    }
}
