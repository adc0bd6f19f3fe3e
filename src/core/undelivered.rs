//! Private messages that the server of their addressee is not known to have seen. When that server gets
//! out of reach for longer than the grace, their senders are told.

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
    waiting: BTreeMap<Sid, VecDeque<(Stamp, UserId, Box<str>)>>,
}

impl Undelivered {
    /// Notes a message from a local user to the nick of a user of that server.
    pub fn note(&mut self, server: Sid, at: Stamp, from: UserId, nick: &str) {
        let waiting = self.waiting.entry(server).or_default();
        if waiting.len() == WAITING_MAX {
            waiting.pop_front();
        }
        waiting.push_back((at, from, nick.into()));
    }

    /// The server has seen all messages for which `seen` says so.
    pub fn seen(&mut self, server: Sid, seen: impl Fn(Stamp) -> bool) {
        let Some(waiting) = self.waiting.get_mut(&server) else { return };
        waiting.retain(|message| !seen(message.0));
        if waiting.is_empty() {
            self.waiting.remove(&server);
        }
    }

    /// The server is out of reach: who is to be told how many messages to whom may be lost.
    pub fn give_up(&mut self, server: Sid) -> Vec<(UserId, Box<str>, usize)> {
        let mut lost: BTreeMap<(UserId, Box<str>), usize> = BTreeMap::new();
        for (_, from, nick) in self.waiting.remove(&server).unwrap_or_default() {
            *lost.entry((from, nick)).or_default() += 1;
        }
        lost.into_iter().map(|((from, nick), count)| (from, nick, count)).collect()
    }
}
