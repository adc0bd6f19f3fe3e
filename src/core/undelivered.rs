//! Private messages that the server of their addressee is not known to have seen. When it turns out that
//! they may not have arrived, their senders are told.

use crate::{
    network::UserId,
    time::{Sid, Stamp},
};
use std::collections::{BTreeMap, VecDeque};

/// How many messages are remembered for each server; the oldest go first.
const WAITING_MAX: usize = 1024;

/// The messages, by the server they are for, oldest first.
#[derive(Debug, Default)]
pub struct Undelivered {
    waiting: BTreeMap<Sid, VecDeque<Waiting>>,
}

/// A message that may not have arrived.
#[derive(Debug)]
struct Waiting {
    at: Stamp,
    from: UserId,
    to: UserId,
    /// What the addressee was called.
    nick: Box<str>,
}

/// Who is to be told how many messages to whom may be lost.
pub type Lost = Vec<(UserId, Box<str>, usize)>;

impl Undelivered {
    /// Notes a message from a local user to a user of that server, who goes by that nick.
    pub fn note(&mut self, server: Sid, at: Stamp, from: UserId, to: UserId, nick: &str) {
        let waiting = self.waiting.entry(server).or_default();
        if waiting.len() == WAITING_MAX {
            waiting.pop_front();
        }
        waiting.push_back(Waiting { at, from, to, nick: nick.into() });
    }

    /// The server has seen all messages for which `seen` says so.
    pub fn seen(&mut self, server: Sid, seen: impl Fn(Stamp) -> bool) {
        let Some(waiting) = self.waiting.get_mut(&server) else { return };
        waiting.retain(|message| !seen(message.at));
        if waiting.is_empty() {
            self.waiting.remove(&server);
        }
    }

    /// How many messages are remembered.
    pub fn len(&self) -> usize {
        self.waiting.values().map(VecDeque::len).sum()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The server is out of reach.
    pub fn give_up(&mut self, server: Sid) -> Lost {
        self.lose(server, |_, _| true)
    }

    /// A user of the server has left.
    pub fn left(&mut self, server: Sid, user: UserId) -> Lost {
        self.lose(server, |_, to| to == user)
    }

    /// The server has not heard what was said after one tick up to another.
    pub fn missed(&mut self, server: Sid, after: u64, last: u64) -> Lost {
        self.lose(server, |at, _| after < at.tick && at.tick <= last)
    }

    /// What the servers have seen is not known any more.
    pub fn doubt(&mut self) -> Vec<(Sid, Lost)> {
        let servers: Vec<Sid> = self.waiting.keys().copied().collect();
        servers.into_iter().map(|server| (server, self.give_up(server))).collect()
    }

    fn lose(&mut self, server: Sid, lost: impl Fn(Stamp, UserId) -> bool) -> Lost {
        let mut counts: BTreeMap<(UserId, Box<str>), usize> = BTreeMap::new();
        let Some(waiting) = self.waiting.get_mut(&server) else { return Vec::new() };
        waiting.retain(|message| {
            let gone = lost(message.at, message.to);
            if gone {
                *counts.entry((message.from, message.nick.clone())).or_default() += 1;
            }
            !gone
        });
        if waiting.is_empty() {
            self.waiting.remove(&server);
        }
        counts.into_iter().map(|((from, nick), count)| (from, nick, count)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::Arena;

    #[test]
    fn of_many_messages_for_a_server_the_latest_are_remembered() {
        let mut users: Arena<UserId, ()> = Arena::default();
        let (from, to) = (users.insert(()), users.insert(()));
        let mut undelivered = Undelivered::default();
        let at = |tick| Stamp { tick, server: Sid::FIRST };
        for tick in 0..WAITING_MAX as u64 + 5 {
            undelivered.note(Sid::FIRST, at(tick), from, to, "bob");
        }
        assert_eq!(undelivered.len(), WAITING_MAX);
        undelivered.seen(Sid::FIRST, |at| at.tick < 6);
        assert_eq!(undelivered.len(), WAITING_MAX - 1);
        assert_eq!(undelivered.give_up(Sid::FIRST), [(from, "bob".into(), WAITING_MAX - 1)]);
        assert!(undelivered.is_empty());
    }
}
