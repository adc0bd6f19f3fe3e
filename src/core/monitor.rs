//! Which sessions want to know of which nicks (`ircv3: monitor`).

use super::ConnId;
use crate::wire::name::Nick;
use std::collections::{BTreeMap, BTreeSet};

/// Every nick that is monitored. What a session monitors also stands in the session, bounded by
/// `[limits] monitor`.
#[derive(Debug, Default)]
pub struct Monitor {
    watchers: BTreeMap<Nick, BTreeSet<ConnId>>,
}

impl Monitor {
    /// A session wants to know of a nick.
    pub fn add(&mut self, nick: &Nick, conn: ConnId) {
        self.watchers.entry(nick.clone()).or_default().insert(conn);
    }

    /// A session no longer wants to know of a nick.
    pub fn remove(&mut self, nick: &Nick, conn: ConnId) {
        let Some(watchers) = self.watchers.get_mut(nick) else { return };
        watchers.remove(&conn);
        if watchers.is_empty() {
            self.watchers.remove(nick);
        }
    }

    /// Who wants to know of a nick.
    pub fn of(&self, nick: &Nick) -> impl Iterator<Item = ConnId> + '_ {
        self.watchers.get(nick).into_iter().flatten().copied()
    }

    /// How many nicks are monitored.
    pub fn len(&self) -> usize {
        self.watchers.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.watchers.is_empty()
    }
}
