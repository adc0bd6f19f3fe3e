//! What users have reported to operators and nobody has closed yet. Every server fills its own list from
//! the same operations, and numbers it for its own operators.

use crate::time::Stamp;
use std::collections::VecDeque;

/// A report.
#[derive(Clone, Debug)]
pub struct Report {
    /// What operators call it here.
    pub number: u64,
    /// When, which is also which on every server.
    pub at: Stamp,
    /// `nick!user@host` of who reports.
    pub by: Box<str>,
    /// A nick or a channel.
    pub about: Box<str>,
    /// Why.
    pub reason: Box<str>,
}

/// The open reports, oldest first.
#[derive(Debug, Default)]
pub struct Reports {
    open: VecDeque<Report>,
    last: u64,
}

impl Reports {
    /// Adds one, and returns its number; of more than `most` the oldest is forgotten.
    pub fn add(&mut self, at: Stamp, by: &str, about: &str, reason: &str, most: usize) -> u64 {
        self.last += 1;
        let (by, about, reason) = (by.into(), about.into(), reason.into());
        self.open.push_back(Report { number: self.last, at, by, about, reason });
        while self.open.len() > most {
            self.open.pop_front();
        }
        self.last
    }

    /// The open ones, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Report> {
        self.open.iter()
    }

    /// Closes one, if it is still open.
    pub fn close(&mut self, at: Stamp) -> Option<Report> {
        let place = self.open.iter().position(|report| report.at == at)?;
        self.open.remove(place)
    }
}
