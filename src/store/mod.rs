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
    /// [`Rows::Proposed`]; or [`Rows::Taken`] if what it claims is not free, or [`Rows::Full`], and then
    /// nothing has happened.
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
    /// The mail that is to be sent next. Answers [`Rows::Letter`].
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
    /// The channels in which an account has access. Answers [`Rows::Records`].
    ChannelsOf(RecordId),
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
    /// Is there an edit that the command line has handed over? Answers [`Rows::Handed`] with the first, which
    /// nobody else is given then.
    TakeHanded,
    /// What has become of an edit that was handed over. Answers [`Rows::Done`].
    AnswerHanded {
        /// Which, by its number.
        number: i64,
        /// What.
        outcome: Outcome,
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
            | Query::TakeHanded
            | Query::AnswerHanded { .. } => Access::Write,
            Query::Find(_) | Query::Channels(_) | Query::ChannelsOf(_) | Query::Due { .. } => {
                Access::LookUp
            }
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
    /// To [`Query::TakeHanded`].
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
#[derive(Clone, Copy, Debug)]
pub enum Past<'a> {
    /// How addresses stand.
    Standings(&'a [Standing]),
    /// Who has which resident claims.
    Claims(&'a [(Box<str>, RecordId)]),
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
    mut tell: impl FnMut(&[(Box<str>, RecordId)]),
) -> Result<(), Error> {
    let mut after = "".into();
    loop {
        let Rows::Claims(claims) = store.ask(&Query::Claims { after })? else {
            return Err(Error::Damaged);
        };
        tell(&claims);
        match claims.last() {
            Some((last, _)) if claims.len() == CLAIMS_MAX => after = last.clone(),
            _ => return Ok(()),
        }
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
mod tests {
    use super::{memory::Memory, sqlite::Sqlite, *};
    use crate::registry::{CERTS_MAX, SEEN};
    use std::{
        fs,
        path::PathBuf,
        sync::atomic::{AtomicU32, Ordering},
    };

    fn folder() -> PathBuf {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder =
            std::env::temp_dir().join(format!("slircd-store-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// What every store does.
    fn contract(store: &mut dyn Store) {
        let identify = Query::Identify { sid: None, random: 77, tick: 0 };
        let Ok(Rows::Identity { sid, clock: 0, life: 1 }) = store.ask(&identify) else {
            panic!("the first life")
        };
        assert_eq!(sid, Sid::from_number(77));
        assert_eq!(store.ask(&Query::RaiseClock { tick: 50, clean: false }), Ok(Rows::Done));
        assert_eq!(store.ask(&Query::RaiseClock { tick: 40, clean: true }), Ok(Rows::Done));
        let again = Query::Identify { sid: None, random: 5, tick: 9 };
        assert_eq!(
            store.ask(&again),
            Ok(Rows::Identity { sid, clock: 50, life: 2 }),
            "a clean end"
        );
        assert_eq!(
            store.ask(&again),
            Ok(Rows::Identity { sid, clock: 50 + LAG, life: 3 }),
            "a crash"
        );
        let other = Sid::from_number(9);
        let named = Query::Identify { sid: Some(other), random: 5, tick: 0 };
        let crashed_again = Rows::Identity { sid: other, clock: 50 + 2 * LAG, life: 4 };
        assert_eq!(store.ask(&named), Ok(crashed_again), "no mark was written in between");
        reputation(store);
    }

    fn reputation(store: &mut dyn Store) {
        let known = |store: &mut dyn Store| {
            let Ok(Rows::Reputation(mut rows)) = store.ask(&Query::LoadReputation) else {
                panic!("no reputation")
            };
            rows.sort_by_key(|row| row.address);
            rows
        };
        assert_eq!(known(store), []);
        let standing = |address: &str, points, seen| Standing {
            address: address.parse().unwrap(),
            points,
            seen,
        };
        let [one, six] = [standing("192.0.2.1", 3, 1 << 41), standing("2001:db8::", u32::MAX, 5)];
        let mut keep = |kept: &[Standing], gone: &[IpAddr]| {
            let query = Query::KeepReputation { kept: kept.into(), gone: gone.into() };
            assert_eq!(store.ask(&query), Ok(Rows::Done));
            known(store)
        };
        assert_eq!(keep(&[six, one], &[]), [one, six]);
        let more = Standing { points: 4, ..one };
        assert_eq!(keep(&[more], &["192.0.2.9".parse().unwrap()]), [more, six]);
        assert_eq!(keep(&[], &[one.address]), [six]);
        assert_eq!(keep(&[], &[]), [six]);
    }

    fn id(tick: u64) -> RecordId {
        RecordId(at(tick))
    }

    fn at(tick: u64) -> Stamp {
        Stamp { tick, server: Sid::FIRST }
    }

    fn edit(of: u64, tick: u64, fields: &[(&str, Option<&str>)]) -> Edit {
        let fields = fields.iter().map(|(key, value)| ((*key).into(), value.map(Into::into)));
        let (what, by) = (What::Write(fields.collect()), "test".into());
        Edit { id: id(of), kind: Kind::Account, at: at(tick), by, what }
    }

    fn propose(store: &mut dyn Store, edit: &Edit) -> Rows {
        store.ask(&Query::Propose(Box::new(edit.clone()))).unwrap()
    }

    fn learn(store: &mut dyn Store, edit: Edit) -> Edited {
        match store.ask(&Query::Learn(vec![edit])) {
            Ok(Rows::Learned(mut edited)) if edited.len() == 1 => edited.remove(0),
            other => panic!("{other:?}"),
        }
    }

    fn holder(store: &mut dyn Store, key: &str) -> Option<RecordId> {
        match store.ask(&Query::Find(Find::Claim(key.into()))) {
            Ok(Rows::Record(record)) => record.map(|record| record.id),
            other => panic!("{other:?}"),
        }
    }

    /// What every store does with records.
    fn records(store: &mut dyn Store) {
        let bob = [("nick:bob", Some("Bob")), ("nick:rob", Some("Rob")), ("name", Some("Bob"))];
        let Rows::Proposed(edited) = propose(store, &edit(10, 10, &bob)) else { panic!() };
        assert!(edited.news && edited.contested.is_empty());
        assert_eq!(edited.changed.len(), 3);
        assert_eq!(
            edited.claims,
            [("nick:bob".into(), Some(id(10))), ("nick:rob".into(), Some(id(10)))]
        );
        assert_eq!(edited.record.name(), Some("Bob"));
        let again = learn(store, edit(10, 10, &bob));
        assert!(!again.news && again.changed.is_empty() && again.record == edited.record);
        // Who comes second is told, and nothing of it is kept.
        let taken = propose(store, &edit(20, 20, &bob));
        assert_eq!(taken, Rows::Taken("nick:bob".into()));
        assert_eq!(store.ask(&Query::Find(Find::Id(id(20)))), Ok(Rows::Record(None)));
        // From behind a split, an earlier registration has the name; the later keeps its claim.
        let older = learn(store, edit(5, 21, &bob[..1]));
        assert_eq!(older.claims, [("nick:bob".into(), Some(id(5)))]);
        let contests = vec![("nick:bob".into(), edited.record.clone())];
        assert_eq!(older.contested, contests);
        assert_eq!(store.ask(&Query::Contests), Ok(Rows::Contests(contests)));
        assert_eq!(holder(store, "nick:rob"), Some(id(10)));
        let resident = Rows::Claims(vec![("nick:bob".into(), id(5)), ("nick:rob".into(), id(10))]);
        assert_eq!(store.ask(&Query::Claims { after: "".into() }), Ok(resident));
        let after = Query::Claims { after: "nick:bob".into() };
        assert_eq!(store.ask(&after), Ok(Rows::Claims(vec![("nick:rob".into(), id(10))])));
        let waits = format!("unverified:{}", id(40));
        let waiting = edit(40, 40, &[(waits.as_str(), Some("salt"))]);
        let Rows::Proposed(waiting) = propose(store, &waiting) else { panic!() };
        let before = |tick: u64| Query::Unverified { before: Stamp { tick, ..at(0) }.wall() };
        assert_eq!(store.ask(&before(0)), Ok(Rows::Records(Vec::new())));
        assert_eq!(store.ask(&before(1 << 16)), Ok(Rows::Records(vec![waiting.record])));
        let verified = edit(40, 41, &[(waits.as_str(), None)]);
        assert!(matches!(propose(store, &verified), Rows::Proposed(_)));
        assert_eq!(store.ask(&before(1 << 16)), Ok(Rows::Records(Vec::new())));
        // An end gives back what was claimed.
        let end = Edit { what: What::End, ..edit(5, 30, &[]) };
        let Rows::Proposed(ended) = propose(store, &end) else { panic!() };
        assert_eq!(ended.claims, [("nick:bob".into(), Some(id(10)))]);
        assert_eq!(store.ask(&Query::Contests), Ok(Rows::Contests(Vec::new())));
        assert_eq!((ended.record.ended, ended.record.fields().count()), (Some(at(30)), 0));
        let more: Vec<String> = (0..CERTS_MAX).map(|number| format!("cert:{number}")).collect();
        for (tick, key) in (60..).zip(&more) {
            let added = propose(store, &edit(10, tick, &[(key.as_str(), Some(""))]));
            assert!(matches!(added, Rows::Proposed(_)));
        }
        assert_eq!(propose(store, &edit(10, 99, &[("cert:x", Some(""))])), Rows::Full);
        let Rows::Proposed(edited) = propose(store, &edit(10, 99, &[("cert:0", None)])) else {
            panic!()
        };
        let late = propose(store, &edit(5, 40, &[("mail", Some("x"))]));
        assert_eq!(late, Rows::Taken("".into()), "it has ended");
        // What sums up to what is there.
        let Ok(Rows::Digests(digests)) = store.ask(&Query::Digests) else { panic!() };
        let of = |record: &Record| (record.id, record.digest());
        for (id, digest) in [of(&edited.record), of(&ended.record)] {
            assert_eq!(digests[id.bucket()], digest);
            let bucket = store.ask(&Query::Bucket(id.bucket()));
            assert_eq!(bucket, Ok(Rows::Bucket(id.bucket(), vec![(id, digest)])));
        }
        listed(store);
    }

    /// Which records are listed: those of ids 10 and 40 live, that of 5 has ended.
    fn listed(store: &mut dyn Store) {
        let late = 1 << 40;
        propose(store, &edit(40, 70, &[("name", Some("Late")), ("hold", None)]));
        propose(store, &edit(late, late, &[("name", Some("New"))]));
        propose(store, &edit(10, late + 1, &[(SEEN, Some("20")), ("hold", Some("on"))]));
        let mut list = |after: Option<u64>, which: Which| {
            let query = Query::List { kind: Kind::Account, after: after.map(id), which };
            let Ok(Rows::Records(records)) = store.ask(&query) else { panic!() };
            records.iter().map(|record| record.id.0.tick).collect::<Vec<u64>>()
        };
        assert_eq!(list(None, Which::All), [10, 40, late]);
        assert_eq!(list(Some(10), Which::All), [40, late]);
        assert_eq!(list(None, Which::With("hold".into())), [10]);
        assert_eq!(list(None, Which::UnseenSince(Wall(20_000))), [40]);
        assert_eq!(list(None, Which::UnseenSince(Wall(20_001))), [10, 40]);
        let query = Query::List { kind: Kind::Channel, after: None, which: Which::All };
        assert_eq!(store.ask(&query), Ok(Rows::Records(Vec::new())));
    }

    /// What was taken away of memos is forgotten once there is one that is so much later.
    fn memos(store: &mut dyn Store) {
        const DAY: u64 = 86_400_000 << 16;
        let first = [("name", Some("Bob")), ("memo:a", Some("x")), ("other:a", Some("x"))];
        propose(store, &edit(DAY, DAY, &first));
        propose(store, &edit(DAY, 2 * DAY, &[("memo:a", None), ("other:a", None)]));
        let known = |store: &mut dyn Store| match store.ask(&Query::Find(Find::Id(id(DAY)))) {
            Ok(Rows::Record(Some(record))) => record,
            other => panic!("{other:?}"),
        };
        assert_eq!(known(store).fields().count(), 3);
        propose(store, &edit(DAY, 33 * DAY, &[("memo:b", Some("y"))]));
        let left: Vec<_> = known(store).fields().map(|(key, _)| key.to_owned()).collect();
        assert_eq!(left, ["memo:b", "name", "other:a"]);
        let Ok(Rows::Digests(digests)) = store.ask(&Query::Digests) else { panic!() };
        assert_eq!(digests[id(DAY).bucket()], known(store).digest());
    }

    /// What every store does with registers of the network.
    fn registers(store: &mut dyn Store) {
        let kept = |key: &str, text: &str, tick: u64, over: Option<u64>| Kept {
            key: key.into(),
            text: text.into(),
            at: at(tick),
            over: over.map(Wall),
        };
        let (one, two) = (kept("b", "one", 5, None), kept("a", "two", 6, Some(100)));
        let keep = Query::Keep(vec![one, two.clone()]);
        assert_eq!(store.ask(&keep), Ok(Rows::Done));
        let (late, new) = (kept("a", "old", 4, None), kept("b", "new", 9, Some(50)));
        assert_eq!(store.ask(&Query::Keep(vec![late, new.clone()])), Ok(Rows::Done));
        let recall = |after: &str| Query::Recall { after: after.into() };
        assert_eq!(store.ask(&recall("")), Ok(Rows::Kept(vec![two.clone(), new.clone()])));
        assert_eq!(store.ask(&recall("a")), Ok(Rows::Kept(vec![new])));
        assert_eq!(store.ask(&Query::Forget { before: Wall(100) }), Ok(Rows::Done));
        assert_eq!(store.ask(&recall("")), Ok(Rows::Kept(vec![two])));
    }

    /// What every store does with mails that wait.
    fn letters(store: &mut dyn Store) {
        let letter = |address: &str, purpose, made| Letter {
            address: address.into(),
            purpose,
            account: "Bob".into(),
            id: id(10),
            salt: "salt".into(),
            memo: "alice\nhello".into(),
            made: Wall(made),
        };
        let (one, two) = (letter("a@b", Purpose::Memo, 50), letter("c@d", Purpose::Reset, 20));
        let post = |letter: &Letter| Query::Post { letter: Box::new(letter.clone()), most: 2 };
        for letter in [&one, &two] {
            assert_eq!(store.ask(&post(letter)), Ok(Rows::Done));
        }
        assert_eq!(store.ask(&post(&one)), Ok(Rows::Full));
        let due = |store: &mut dyn Store, by| match store.ask(&Query::Due { by: Wall(by) }) {
            Ok(Rows::Letter(posted, next)) => (posted, next.map(|next| next.0)),
            other => panic!("{other:?}"),
        };
        assert_eq!(due(store, 19), (None, Some(20)));
        let (Some(posted), None) = due(store, 20) else { panic!() };
        assert_eq!((posted.tries, &posted.letter), (0, &two));
        let number = posted.number;
        assert_eq!(store.ask(&Query::Postpone { number, due: Wall(70) }), Ok(Rows::Done));
        let (Some(first), None) = due(store, 1000) else { panic!() };
        assert_eq!((first.tries, first.letter), (0, one));
        assert_eq!(store.ask(&Query::Discard { number: first.number }), Ok(Rows::Done));
        assert_eq!(due(store, 69), (None, Some(70)));
        let again = due(store, 70).0.unwrap();
        assert_eq!((again.number, again.tries, again.letter), (number, 1, two.clone()));
        // What is not there cannot be changed, and no number comes again.
        assert_eq!(store.ask(&Query::Discard { number }), Ok(Rows::Done));
        for gone in [Query::Postpone { number, due: Wall(1) }, Query::Discard { number }] {
            assert_eq!(store.ask(&gone), Ok(Rows::Done));
        }
        assert_eq!(due(store, 1000), (None, None));
        assert_eq!(store.ask(&post(&two)), Ok(Rows::Done));
        assert!(due(store, 1000).0.unwrap().number > number);
    }

    /// Queries as they come, to be asked of two stores: a small world, so that much of it collides.
    fn some_edit(random: &mut impl FnMut(u64) -> u64) -> Query {
        const KEYS: &[&str] =
            &["channel:a", "nick:b", "nick:a", "cert:f", "mail", "pass", "access:a-000"];
        let (of, tick) = (1 + random(5), 1 + random(300));
        let mut fields = Vec::new();
        for key in KEYS {
            if random(3) == 0 {
                fields.push((*key, ["x", "y"].get(random(3) as usize).copied()));
            }
        }
        let mut edit = edit(of, tick, &fields);
        if random(20) == 0 {
            edit.what = What::End;
        }
        match random(2) {
            0 => Query::Propose(Box::new(edit)),
            _ => Query::Learn(vec![edit]),
        }
    }

    #[test]
    fn stores_answer_alike_whatever_comes() {
        let folder = folder();
        let mut sqlite = sqlite::open(&folder).unwrap();
        let mut memory = Memory::default();
        let mut state = 7_u64;
        let mut random = |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for _ in 0..400 {
            let query = some_edit(&mut random);
            assert_eq!(sqlite.ask(&query), memory.ask(&query), "{query:?}");
        }
        let mut queries = vec![Query::Claims { after: "".into() }, Query::Digests];
        queries.extend((0..BUCKETS).map(Query::Bucket));
        queries.extend((1..=5).map(|of| Query::Find(Find::Id(id(of)))));
        queries.push(Query::Records((1..=6).map(id).collect()));
        queries.push(Query::Channels((1..=3).map(id).collect()));
        queries.extend((9..12).map(|of| Query::ChannelsOf(id(of))));
        for query in queries {
            assert_eq!(sqlite.ask(&query), memory.ask(&query), "{query:?}");
        }
        drop(sqlite);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn every_store_keeps_the_contract() {
        for case in [contract, records, registers, letters, memos] {
            case(&mut Memory::default());
            let folder = folder();
            case(&mut sqlite::open(&folder).unwrap());
            fs::remove_dir_all(folder).unwrap();
        }
    }

    #[test]
    fn what_is_stored_is_there_when_opened_again() {
        let folder = folder();
        let sid = Sid::from_number(3);
        sqlite::open(&folder)
            .unwrap()
            .ask(&Query::Identify { sid: Some(sid), random: 0, tick: 0 })
            .unwrap();
        let rows =
            sqlite::open(&folder).unwrap().ask(&Query::Identify { sid: None, random: 0, tick: 0 });
        assert!(
            matches!(rows, Ok(Rows::Identity { sid: stored, life: 2, .. }) if stored == sid),
            "{rows:?}"
        );
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_file_that_cannot_be_used_is_said_to_be_so() {
        let folder = folder();
        let path = folder.join("x.db");
        fs::write(&path, vec![7; 8192]).unwrap();
        assert_eq!(Sqlite::open(&path).map(drop), Err(Error::Damaged));
        let path = folder.join("new.db");
        drop(Sqlite::open(&path).unwrap());
        let db = rusqlite::Connection::open(&path).unwrap();
        db.execute_batch("PRAGMA user_version = 999").unwrap();
        drop(db);
        assert_eq!(Sqlite::open(&path).map(drop), Err(Error::TooNew(999)));
        assert_eq!(
            Sqlite::open(&folder.join("no/such/folder.db")).map(drop),
            Err(Error::Unreachable)
        );
        fs::remove_dir_all(folder).unwrap();
    }
}
