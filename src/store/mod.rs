//! What outlives the process: whole queries in, rows out, whichever engine keeps them.

use crate::time::Sid;
use std::fmt;

/// A whole question to the store: it happens entirely, or not at all.
#[derive(Clone, Debug)]
pub enum Query {
    /// Who is this server, and how far has its clock come? Makes up the missing from the defaults
    /// given, counts a new life, and answers [`Rows::Identity`]. Asked once, at start.
    Identify {
        /// The id to take if none is stored; an id that is configured and differs replaces the stored one.
        sid: Option<Sid>,
        /// A random number, from which an id is made if none is configured or stored.
        random: u64,
    },
    /// Never again give a stamp up to this tick. Never lowers the mark. Answers [`Rows::Done`].
    RaiseClock {
        /// A tick of the hybrid logical clock.
        tick: u64,
        /// Whether this is the last word before a clean end: the next life may start right after it.
        clean: bool,
    },
}

/// What the store found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Rows {
    /// It has been done, and will be found after a crash.
    Done,
    /// To [`Query::Identify`].
    Identity {
        /// This server's id.
        sid: Sid,
        /// The highest tick that an earlier life can have given.
        clock: u64,
        /// How many lives there have been, this one included.
        life: u64,
    },
}

/// Why the store could not answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Error {
    /// The file or its folder cannot be read or written.
    Unreachable,
    /// There is no room left on the disk.
    Full,
    /// The file may only be read.
    ReadOnly,
    /// Somebody else holds the file.
    Locked,
    /// The file is not what it should be.
    Damaged,
    /// The file was written by a later version, with this schema version.
    TooNew(u32),
    /// The engine refused for a reason that has no case of its own, by its own code.
    Engine(i32),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Unreachable => f.write_str("the database cannot be reached"),
            Error::Full => f.write_str("the disk is full"),
            Error::ReadOnly => f.write_str("the database may only be read"),
            Error::Locked => f.write_str("the database is locked by another program"),
            Error::Damaged => f.write_str("the database is damaged"),
            Error::TooNew(version) => {
                write!(f, "the database is of a later version (schema {version})")
            }
            Error::Engine(code) => write!(f, "the database engine failed (code {code})"),
        }
    }
}

/// An engine that keeps what outlives the process.
pub trait Store: Send {
    /// Answers one query.
    fn ask(&mut self, query: &Query) -> Result<Rows, Error>;
}
