//! What is to happen when.

use super::ConnId;
use crate::{
    job::JobId,
    network::UserId,
    time::{Mono, Sid},
};
use std::collections::BTreeMap;

/// Something that is to happen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Timer {
    /// A session may have been silent for too long.
    Ping(ConnId),
    /// A session should have said who it is by now.
    Registration(ConnId),
    /// A session's flood gate opens.
    Gate(ConnId),
    /// A session should have logged in by now.
    Sasl(ConnId),
    /// A user has had a nick for long enough that is not theirs.
    Nick(UserId),
    /// A session's batch should have been closed by now.
    Batch(ConnId),
    /// Blocklists should have replied by now about a session's address.
    Inquiries(ConnId),
    /// A worker should have answered by now.
    Job(JobId),
    /// A mail is to be sent.
    Mail,
    /// A server's grace ends.
    Grace(Sid),
    /// The time of a mask that ends by itself may be up.
    Expire,
    /// The store may work again, or has not been looked at.
    Store,
    /// The housekeeping of every few seconds.
    Housekeeping,
}

/// The timers, in order of time and then of setting. Not all are taken back that could be: who is woken
/// for nothing notices.
#[derive(Debug, Default)]
pub struct Timers {
    set: BTreeMap<Key, Timer>,
    last: u64,
}

/// What names a timer that has been set, and none by default.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Key {
    at: Mono,
    number: u64,
}

impl Timers {
    /// Sets a timer.
    pub fn set(&mut self, at: Mono, timer: Timer) -> Key {
        self.last += 1;
        let key = Key { at, number: self.last };
        self.set.insert(key, timer);
        key
    }

    /// Takes a timer back; nothing happens if it has been due already.
    pub fn cancel(&mut self, key: Key) {
        self.set.remove(&key);
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.set.len()
    }

    /// When the next one is due.
    pub fn deadline(&self) -> Option<Mono> {
        self.set.first_key_value().map(|(key, _)| key.at)
    }

    /// Takes one that is due.
    pub fn due(&mut self, now: Mono) -> Option<Timer> {
        let entry = self.set.first_entry()?;
        if entry.key().at > now {
            return None;
        }
        Some(entry.remove())
    }
}
