//! A disk that fails, as a store notices it.

use crate::store::{Access, Error, Find, Query};
use std::time::Duration;

/// How a disk is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Disk {
    /// As it should be.
    #[default]
    Well,
    /// There is no room left.
    Full,
    /// Nothing can be written.
    ReadOnly,
    /// Another program holds the file.
    Locked,
    /// Nothing that is there can be read.
    Broken,
    /// Some of it cannot be read: what is found by name.
    Page,
    /// It takes longer than anybody waits.
    Slow,
}

impl Disk {
    /// All, as scripts name them.
    pub const ALL: [(&'static str, Disk); 7] = [
        ("well", Disk::Well),
        ("full", Disk::Full),
        ("readonly", Disk::ReadOnly),
        ("locked", Disk::Locked),
        ("broken", Disk::Broken),
        ("page", Disk::Page),
        ("slow", Disk::Slow),
    ];

    /// How it keeps a store from answering, if it does.
    pub fn failure(self, query: &Query) -> Option<Error> {
        let write = query.access() == Access::Write;
        match self {
            Disk::Well | Disk::Slow => None,
            Disk::Full => write.then_some(Error::Full),
            Disk::ReadOnly => write.then_some(Error::ReadOnly),
            Disk::Locked => write.then_some(Error::Locked),
            Disk::Broken => Some(Error::Damaged),
            Disk::Page => {
                let named = matches!(query, Query::Find(Find::Claim(_)));
                named.then_some(Error::Damaged)
            }
        }
    }

    /// How much longer whatever asks it takes.
    pub fn delay(self) -> Duration {
        if self == Disk::Slow { Duration::from_secs(20) } else { Duration::ZERO }
    }
}
