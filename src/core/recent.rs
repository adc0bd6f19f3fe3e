//! What has been said lately, by the id of the message, so that it can be taken back (`ircv3:
//! message-redaction`): who said it and where, but not what.

use crate::{
    network::{ChannelId, UserId},
    time::Stamp,
};
use std::collections::BTreeMap;

/// Something that has been said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Said {
    /// By whom.
    pub from: UserId,
    /// Where.
    pub place: Place,
}

/// Where something has been said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// In a channel, to those of at least the status with a prefix.
    Channel(ChannelId, Option<char>),
    /// To a user.
    User(UserId),
}

/// What has been said, oldest first.
#[derive(Debug, Default)]
pub struct Recent {
    /// Nothing stands for what has been taken back.
    said: BTreeMap<Stamp, Option<Said>>,
}

impl Recent {
    /// Remembers something; of more than `most` the oldest is forgotten.
    pub fn note(&mut self, at: Stamp, said: Said, most: usize) {
        self.said.insert(at, Some(said));
        while self.said.len() > most {
            self.said.pop_first();
        }
    }

    /// What has been said then, unless it is forgotten or taken back.
    pub fn find(&self, at: Stamp) -> Option<Said> {
        self.said.get(&at).copied().flatten()
    }

    /// Takes back what has been said then. False if it has been taken back before.
    pub fn redact(&mut self, at: Stamp) -> bool {
        match self.said.get_mut(&at) {
            Some(said) => said.take().is_some(),
            // Clients may remember what this server has forgotten.
            None => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{arena::Arena, time::Sid};

    #[test]
    fn the_oldest_is_forgotten_and_the_rest_is_taken_back_once() {
        let mut users: Arena<UserId, ()> = Arena::default();
        let from = users.insert(());
        let said = Said { from, place: Place::User(from) };
        let at = |tick| Stamp { tick, server: Sid::FIRST };
        let mut recent = Recent::default();
        for tick in [1, 3, 2, 4] {
            recent.note(at(tick), said, 3);
        }
        assert_eq!(
            [1, 2, 3, 4].map(|tick| recent.find(at(tick)).is_some()),
            [false, true, true, true]
        );
        assert!(recent.redact(at(2)) && !recent.redact(at(2)) && recent.find(at(2)).is_none());
        assert!(recent.redact(at(1)));
    }
}
