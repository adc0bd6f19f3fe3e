//! Who was here: the last users who quit or changed nick, for WHOWAS (RFC 2812 §3.6.3).

use crate::{
    time::Wall,
    wire::{casemap::Casemap, mask, name::Nick},
};
use std::collections::VecDeque;

/// Someone who was here.
#[derive(Clone, Debug)]
pub struct Past {
    /// The nick that is no longer worn.
    pub nick: Nick,
    /// The user name.
    pub user: Box<str>,
    /// The host that others saw.
    pub host: Box<str>,
    /// The real name.
    pub realname: Box<str>,
    /// The server the user was on.
    pub server: Box<str>,
    /// When the nick was given up.
    pub until: Wall,
}

/// The last ones, the latest last, bounded by `[limits] whowas`.
#[derive(Debug)]
pub struct Whowas {
    past: VecDeque<Past>,
    max: usize,
}

impl Whowas {
    /// Remembers at most `max`.
    pub fn new(max: usize) -> Whowas {
        Whowas { past: VecDeque::new(), max }
    }

    /// From now on remembers at most `max`.
    pub fn limit(&mut self, max: usize) {
        self.max = max;
        let surplus = self.past.len().saturating_sub(max);
        self.past.drain(..surplus);
    }

    /// Notes that somebody no longer wears a nick.
    pub fn note(&mut self, past: Past) {
        if self.max == 0 {
            return;
        }
        if self.past.len() >= self.max {
            self.past.pop_front();
        }
        self.past.push_back(past);
    }

    /// Those who wore a nick, or one that fits a mask, the latest first.
    pub fn of<'a>(&'a self, mask: &'a str, casemap: Casemap) -> impl Iterator<Item = &'a Past> {
        self.past.iter().rev().filter(move |past| mask::matches(mask, past.nick.as_str(), casemap))
    }
}
