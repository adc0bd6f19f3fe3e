//! What is to happen when.

use super::ConnId;
use crate::{
    job::JobId,
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
    /// A worker should have answered by now.
    Job(JobId),
    /// A server's grace ends.
    Grace(Sid),
    /// The time of a mask that ends by itself may be up.
    Expire,
    /// The housekeeping of every few seconds.
    Housekeeping,
}

/// The timers, in order of time and then of setting. None is ever taken back: who is woken for nothing
/// notices.
#[derive(Debug, Default)]
pub struct Timers {
    set: BTreeMap<(Mono, u64), Timer>,
    next: u64,
}

impl Timers {
    /// Sets a timer.
    pub fn set(&mut self, at: Mono, timer: Timer) {
        self.next += 1;
        self.set.insert((at, self.next), timer);
    }

    /// When the next one is due.
    pub fn deadline(&self) -> Option<Mono> {
        self.set.first_key_value().map(|(key, _)| key.0)
    }

    /// Takes one that is due.
    pub fn due(&mut self, now: Mono) -> Option<Timer> {
        let entry = self.set.first_entry()?;
        if entry.key().0 > now {
            return None;
        }
        Some(entry.remove())
    }
}
