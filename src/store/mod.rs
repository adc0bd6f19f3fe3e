//! What outlives the process: whole queries in, rows out, whichever engine keeps them.

pub mod memory;
pub mod sqlite;

use crate::time::Sid;
use std::{fmt, net::IpAddr};

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
}

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
            Error::Damaged => {
                f.write_str("the database is damaged, or is no database; restore it from a backup")
            }
            Error::TooNew(version) => {
                write!(f, "the database is of a later version of slircd (schema {version})")
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

    #[test]
    fn every_store_keeps_the_contract() {
        contract(&mut Memory::default());
        let folder = folder();
        contract(&mut sqlite::open(&folder).unwrap());
        fs::remove_dir_all(folder).unwrap();
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
