//! What outlives the process: whole queries in, rows out, whichever engine keeps them.

pub mod backup;
pub mod handed;
mod integrity;
mod kept;
mod letters;
pub mod memory;
mod records;
pub mod sqlite;

use crate::{
    registry::{BUCKETS, Changed, Edit, Kind, Record, RecordId, What},
    time::{Sid, Stamp, Wall},
};
use std::{fmt, net::IpAddr, time::Duration};

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
        /// A tick of the clock as it starts: it cannot be told from the mark of a life that ends before
        /// it has made any.
        tick: u64,
    },
    /// Never again give a stamp up to this tick. Never lowers the mark. Answers [`Rows::Done`].
    RaiseClock {
        /// A tick of the hybrid logical clock.
        tick: u64,
        /// Whether this is the last word before a clean end: the next life may start right after it.
        clean: bool,
    },
    /// How have addresses stood when that was kept last? Answers [`Rows::Reputation`].
    LoadReputation,
    /// Keep how addresses stand. Answers [`Rows::Done`].
    KeepReputation {
        /// Those that stand otherwise than before.
        kept: Vec<Standing>,
        /// Those of which nothing is known any more.
        gone: Vec<IpAddr>,
    },
    /// Apply an edit that is proposed here; its record is made if it is not there. Answers
    /// [`Rows::Proposed`]; or [`Rows::Taken`] if what it claims is not free, [`Rows::Full`] or
    /// [`Rows::Unsound`], and then nothing has happened.
    Propose(Box<Edit>),
    /// Apply edits that have happened elsewhere. Answers [`Rows::Learned`].
    Learn(Vec<Edit>),
    /// What is known of a record. Answers [`Rows::Record`].
    Find(Find),
    /// Who has which resident claim, in order of their keys, from after one. Answers [`Rows::Claims`] with
    /// at most [`CLAIMS_MAX`]; fewer are the last.
    Claims {
        /// After this key; empty for the first.
        after: Box<str>,
    },
    /// Claims that several records have. Answers [`Rows::Contests`] with those of at most
    /// [`CONTESTS_MAX`] claims.
    Contests,
    /// What all records sum up to. Answers [`Rows::Digests`].
    Digests,
    /// The records of one bucket. Answers [`Rows::Bucket`].
    Bucket(usize),
    /// What is known of some records. Answers [`Rows::Records`].
    Records(Vec<RecordId>),
    /// The same of channels that somebody is about to enter: it must not come from before the last change.
    /// Answers [`Rows::Records`].
    Channels(Vec<RecordId>),
    /// Accounts that have not been verified and were registered before a moment. Answers [`Rows::Records`] with
    /// at most [`UNVERIFIED_MAX`].
    Unverified {
        /// The moment.
        before: Wall,
    },
    /// Keep a mail until it has been sent. Answers [`Rows::Done`], or [`Rows::Full`].
    Post {
        /// The mail.
        letter: Box<Letter>,
        /// How many may wait.
        most: usize,
    },
    /// The mail that is to be sent next: of those that are due the first, but no memo before another. Answers [`Rows::Letter`].
    Due {
        /// By when it must be due.
        by: Wall,
    },
    /// A mail could not be sent: try later. Answers [`Rows::Done`].
    Postpone {
        /// Which.
        number: u64,
        /// When.
        due: Wall,
    },
    /// A mail has been sent, or has to be given up. Answers [`Rows::Done`].
    Discard {
        /// Which.
        number: u64,
    },
    /// Records of a kind that have not ended, in order of their ids, from after one. Answers
    /// [`Rows::Records`] with at most [`LISTED_MAX`]; fewer are the last.
    List {
        /// Of which kind.
        kind: Kind,
        /// After this one; none for the first.
        after: Option<RecordId>,
        /// Which of them.
        which: Which,
    },
    /// The channels in which an account has access, in order of their ids, from after one. Answers
    /// [`Rows::Records`] with at most [`LISTED_MAX`]; fewer are the last.
    ChannelsOf {
        /// Which account.
        account: RecordId,
        /// After this one; none for the first.
        after: Option<RecordId>,
    },
    /// Keep what has been written to registers of the network; what was written later stays. Answers
    /// [`Rows::Done`].
    Keep(Vec<Kept>),
    /// The registers that are kept, in order of their keys, from after one. Answers [`Rows::Kept`] with at
    /// most [`CLAIMS_MAX`]; fewer are the last.
    Recall {
        /// After this key; empty for the first.
        after: Box<str>,
    },
    /// Forget the registers that mean nothing any more since before a moment. Answers [`Rows::Done`].
    Forget {
        /// The moment.
        before: Wall,
    },
    /// Could a new account be stored? Answers [`Rows::Done`] if there is room for that much.
    Probe,
    /// Is there an edit that the command line has handed over and that nothing has become of yet? Answers
    /// [`Rows::Handed`] with the first.
    Handed,
    /// Apply an edit that was handed over, as if it were proposed, and note what has become of it. Answers as
    /// [`Query::Propose`]; or [`Rows::Handed`] with none if something has become of it already, or it has been
    /// taken back, and then nothing has happened.
    ProposeHanded {
        /// Which, by its number.
        number: i64,
        /// The edit.
        edit: Box<Edit>,
    },
    /// Is what is stored whole, as far as that can be told in [`CHECK_MAX`]? Answers [`Rows::Checked`].
    Check,
}

/// What a query asks of the store. It decides who answers it, and what becomes of it while the store fails.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    /// Something is changed.
    Write,
    /// Somebody waits for little, and is to find what has been changed just before.
    LookUp,
    /// Much is read, or something for which nobody waits. It may come a little earlier or later than what
    /// is changed meanwhile.
    Scan,
}

impl Query {
    /// What it asks of the store.
    pub fn access(&self) -> Access {
        match self {
            Query::Identify { .. }
            | Query::RaiseClock { .. }
            | Query::KeepReputation { .. }
            | Query::Propose(_)
            | Query::Learn(_)
            | Query::Keep(_)
            | Query::Post { .. }
            | Query::Postpone { .. }
            | Query::Discard { .. }
            | Query::Forget { .. }
            | Query::Probe
            | Query::ProposeHanded { .. } => Access::Write,
            Query::Find(_)
            | Query::Channels(_)
            | Query::ChannelsOf { .. }
            | Query::Due { .. }
            | Query::Handed => Access::LookUp,
            Query::LoadReputation
            | Query::Claims { .. }
            | Query::Contests
            | Query::Digests
            | Query::Bucket(_)
            | Query::Records(_)
            | Query::List { .. }
            | Query::Unverified { .. }
            | Query::Recall { .. }
            | Query::Check => Access::Scan,
        }
    }
}

/// Which records are listed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Which {
    /// All.
    All,
    /// Those in which this field is set.
    With(Box<str>),
    /// Those that were neither registered nor, as [`SEEN`](crate::registry::SEEN) says, used since then.
    UnseenSince(Wall),
}

/// A register of the network, as it is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Kept {
    /// Which.
    pub key: Box<str>,
    /// What was written.
    pub text: Box<str>,
    /// When it was written.
    pub at: Stamp,
    /// When it means nothing any more; never if none.
    pub over: Option<Wall>,
}

/// What a mail is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// To verify a new account.
    Verify,
    /// To give an account whose password is lost another.
    Reset,
    /// To confirm another mail address.
    Address,
    /// To tell the mail address that an account had before.
    Changed,
    /// To show a memo that has been left for an account.
    Memo,
}

impl Purpose {
    /// The number by which it is stored.
    pub fn number(self) -> u8 {
        match self {
            Purpose::Verify => 0,
            Purpose::Reset => 1,
            Purpose::Address => 2,
            Purpose::Changed => 3,
            Purpose::Memo => 4,
        }
    }

    /// The purpose with that number.
    pub fn of_number(number: u8) -> Option<Purpose> {
        use Purpose::{Address, Changed, Memo, Reset, Verify};
        let all = [Verify, Reset, Address, Changed, Memo];
        all.into_iter().find(|purpose| purpose.number() == number)
    }
}

/// A mail that waits to be sent, as far as it is kept: what it says is made up when it is sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Letter {
    /// To which address it goes.
    pub address: Box<str>,
    /// What it is for.
    pub purpose: Purpose,
    /// What the account is called.
    pub account: Box<str>,
    /// Which account it is about.
    pub id: RecordId,
    /// What its code is made from, with a secret that is not stored.
    pub salt: Box<str>,
    /// The memo that it shows, if that is what it is for: from whom it is, and in the next line what it says.
    pub memo: Box<str>,
    /// When it was asked for.
    pub made: Wall,
}

/// A mail in the queue.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Posted {
    /// Its number, which no other has.
    pub number: u64,
    /// How often it could not be sent.
    pub tries: u32,
    /// The mail.
    pub letter: Letter,
}

/// How an address stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Standing {
    /// Which.
    pub address: IpAddr,
    /// How many points it has.
    pub points: u32,
    /// When somebody was here from it last, in milliseconds since 1970.
    pub seen: u64,
}

/// How a record is looked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Find {
    /// By what it is known by.
    Id(RecordId),
    /// By what it has a claim to.
    Claim(Box<str>),
}

/// How many claims are told at once.
pub const CLAIMS_MAX: usize = 1000;

/// How many accounts that have not been verified are told at once.
pub const UNVERIFIED_MAX: usize = 100;

/// How many records are listed at once.
pub const LISTED_MAX: usize = 100;

/// Of how many claims it is told at once that several records have them.
pub const CONTESTS_MAX: usize = 100;

/// What an edit has led to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Edited {
    /// The edit.
    pub edit: Edit,
    /// Whether it was news.
    pub news: bool,
    /// The record as it is now.
    pub record: Record,
    /// The values that are others than before.
    pub changed: Vec<Changed>,
    /// Who now has the claims that the record has gained or lost.
    pub claims: Vec<(Box<str>, Option<RecordId>)>,
    /// Claims that the record has gained and several have, with those to whom they do not belong.
    pub contested: Vec<(Box<str>, Record)>,
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
    /// To [`Query::LoadReputation`], in no order that means anything.
    Reputation(Vec<Standing>),
    /// To [`Query::Propose`].
    Proposed(Box<Edited>),
    /// To [`Query::Propose`]: another record has this claim, or the record itself has ended.
    Taken(Box<str>),
    /// To [`Query::Propose`] and [`Query::Post`]: there is no room for it, and nothing has happened.
    Full,
    /// To [`Query::Propose`]: no record can hold it, whatever else it holds; and nothing has happened.
    Unsound,
    /// To [`Query::Learn`], in the same order.
    Learned(Vec<Edited>),
    /// To [`Query::Find`].
    Record(Option<Box<Record>>),
    /// To [`Query::Claims`].
    Claims(Vec<(Box<str>, RecordId)>),
    /// To [`Query::Contests`], with those to whom they do not belong.
    Contests(Vec<(Box<str>, Record)>),
    /// To [`Query::Digests`].
    Digests(Box<[u64; BUCKETS]>),
    /// To [`Query::Bucket`]: which, and its records in order with their digests.
    Bucket(usize, Vec<(RecordId, u64)>),
    /// To [`Query::Due`]: a mail that is due, or when the next is if there are any.
    Letter(Option<Box<Posted>>, Option<Wall>),
    /// To [`Query::Records`] and [`Query::Channels`], those that are known; to [`Query::List`],
    /// [`Query::ChannelsOf`] and [`Query::Unverified`].
    Records(Vec<Record>),
    /// To [`Query::Recall`].
    Kept(Vec<Kept>),
    /// To [`Query::Handed`], and to [`Query::ProposeHanded`].
    Handed(Option<Box<Handed>>),
    /// To [`Query::Check`].
    Checked(Checked),
}

/// An edit without a moment, which the server gives it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Draft {
    /// Of which record; of a new one if none.
    pub id: Option<RecordId>,
    /// What it is of.
    pub kind: Kind,
    /// By whom, as people are told.
    pub by: Box<str>,
    /// What it does.
    pub what: What,
}

/// An edit that was handed over.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Handed {
    /// By which it is known to whoever has handed it over.
    pub number: i64,
    /// What is to be done.
    pub draft: Draft,
}

/// What has become of an edit that was handed over.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It is done.
    Done,
    /// Another record has this claim, or the record has ended.
    Taken(Box<str>),
    /// The record has no room for it.
    Full,
    /// It could not be stored.
    Failed,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Done => f.write_str("done"),
            Outcome::Taken(claim) => write!(f, "claimed {claim}"),
            Outcome::Full => f.write_str("full"),
            Outcome::Failed => f.write_str("failed"),
        }
    }
}

impl Outcome {
    /// What the store says to a proposal.
    pub fn of(answer: Result<&Rows, &Error>) -> Outcome {
        match answer {
            Ok(Rows::Proposed(_)) => Outcome::Done,
            Ok(Rows::Taken(claim)) => Outcome::Taken(claim.clone()),
            Ok(Rows::Full) => Outcome::Full,
            _ => Outcome::Failed,
        }
    }

    fn parse(text: &str) -> Option<Outcome> {
        match text.split_once(' ').unwrap_or((text, "")) {
            ("done", "") => Some(Outcome::Done),
            ("claimed", claim) => Some(Outcome::Taken(claim.into())),
            ("full", "") => Some(Outcome::Full),
            ("failed", "") => Some(Outcome::Failed),
            _ => None,
        }
    }
}

/// Whether what is stored is whole.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Checked {
    /// It is.
    Whole,
    /// It is not: the first few things that are wrong.
    Broken(Vec<String>),
    /// There is too much of it to tell.
    TooLong,
}

/// How long it may take to look whether the store is whole.
pub const CHECK_MAX: Duration = Duration::from_secs(10);

/// Why the store could not answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Error {
    /// The file or its folder cannot be read or written.
    Unreachable,
    /// The server's user may not read or write the file or its folder.
    Denied,
    /// There is no room left on the disk.
    Full,
    /// The file may only be read.
    ReadOnly,
    /// Somebody else holds the file.
    Locked,
    /// The disk fails.
    Disk,
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
            Error::Denied => f.write_str("the server's user may not write there"),
            Error::Full => f.write_str("the disk is full"),
            Error::ReadOnly => f.write_str("the database may only be read"),
            Error::Locked => {
                f.write_str("another program, or another slircd, is using the database")
            }
            Error::Disk => f.write_str("the disk cannot be read or written"),
            Error::Damaged => f.write_str("the database is damaged, or is no database"),
            Error::TooNew(version) => {
                write!(f, "the database is of a later version of slircd (schema {version})")
            }
            Error::Engine(code) => write!(f, "the database engine failed (code {code})"),
        }
    }
}

impl Error {
    /// What an administrator does about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Error::Full => "make room on the disk of the data folder",
            Error::Denied | Error::ReadOnly => {
                "let the server's user write to the data folder, whose file system may be mounted read-only"
            }
            Error::Locked => "end the other program that uses the file slircd.db",
            Error::Damaged => {
                "`slircd verify-data` tells what is broken; `slircd restore FILE --force` brings back a backup while the server is stopped"
            }
            Error::TooNew(_) => {
                "run that version, or `slircd restore FILE --force` a backup that this one has made"
            }
            Error::Unreachable | Error::Disk | Error::Engine(_) => {
                "look at the disk and the data folder, and at the system's log"
            }
        }
    }
}

/// An engine that keeps what outlives the process.
pub trait Store: Send {
    /// Answers one query.
    fn ask(&mut self, query: &Query) -> Result<Rows, Error>;
}

/// Something that a store remembers of earlier lives, which a server is told before anybody connects.
#[derive(Debug)]
pub enum Past<'a> {
    /// How addresses stand.
    Standings(&'a [Standing]),
    /// Who has which resident claims.
    Claims(Vec<(Box<str>, RecordId)>),
    /// Registers of the network.
    Kept(&'a [Kept]),
}

/// Tells all that a server has to know again when it starts, in pieces.
pub fn remember(store: &mut dyn Store, mut tell: impl FnMut(Past<'_>)) -> Result<(), Error> {
    let Rows::Reputation(standings) = store.ask(&Query::LoadReputation)? else {
        return Err(Error::Damaged);
    };
    tell(Past::Standings(&standings));
    claims(store, |claims| tell(Past::Claims(claims)))?;
    let mut after = "".into();
    loop {
        let Rows::Kept(kept) = store.ask(&Query::Recall { after })? else {
            return Err(Error::Damaged);
        };
        tell(Past::Kept(&kept));
        match kept.last() {
            Some(last) if kept.len() == CLAIMS_MAX => after = last.key.clone(),
            _ => return Ok(()),
        }
    }
}

/// Tells all resident claims, in pieces.
pub fn claims(
    store: &mut dyn Store,
    mut tell: impl FnMut(Vec<(Box<str>, RecordId)>),
) -> Result<(), Error> {
    let mut after = "".into();
    loop {
        let Rows::Claims(claims) = store.ask(&Query::Claims { after })? else {
            return Err(Error::Damaged);
        };
        let last = claims.last().filter(|_| claims.len() == CLAIMS_MAX);
        let next = last.map(|(last, _)| last.clone());
        tell(claims);
        match next {
            Some(next) => after = next,
            None => return Ok(()),
        }
    }
}

/// What is said to an edit that is proposed and cannot be applied to its record, if there is one; `taken` is
/// something that it claims and another has.
fn refused(edit: &Edit, record: Option<&Record>, taken: Option<&str>) -> Option<Rows> {
    if !edit.is_sound() {
        log::error!("an edit of {} by {} is out of all bounds, and refused", edit.id, edit.by);
        return Some(Rows::Unsound);
    }
    match (taken, record) {
        (Some(key), _) => Some(Rows::Taken(key.into())),
        (None, Some(record)) if record.ended.is_some() => Some(Rows::Taken("".into())),
        (None, Some(record)) if !record.has_room(edit) => Some(Rows::Full),
        (None, _) => None,
    }
}

/// How far behind the clock the stored mark may have been at a crash: marks are written every five
/// seconds, of which one may be refused and the next be late.
const LAG: u64 = 15_000 << 16;

/// Who a server is and from where its clock goes on, given what is stored and configured.
fn identify(
    stored: Option<Sid>,
    wanted: Option<Sid>,
    (random, tick): (u64, u64),
    clock: u64,
    clean: bool,
) -> (Sid, u64) {
    let sid = wanted.or(stored).unwrap_or_else(|| Sid::from_number(random));
    let clock = if clean || clock == 0 { clock } else { clock + LAG };
    (sid, clock.max(tick))
}

#[cfg(test)]
mod contract;
