//! The store in one SQLite file.

use super::{
    Access, CHECK_MAX, Checked, Error, Query, Rows, Standing, Store, handed, identify, integrity,
    kept, letters, records,
};
use crate::time::Sid;
use rusqlite::{Connection, ErrorCode, OpenFlags, params};
use std::{
    fs::{DirBuilder, File, OpenOptions},
    io,
    net::IpAddr,
    path::Path,
    time::Duration,
};

/// The schema, one step after another; a file's `user_version` says how many it has gone. Steps are
/// added and never changed.
const MIGRATIONS: &[&str] = &[
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;",
    records::TABLES,
    kept::TABLE,
    "CREATE TABLE reputation (address TEXT PRIMARY KEY, points INTEGER NOT NULL, seen INTEGER NOT NULL) STRICT, WITHOUT ROWID;",
    records::ACCESS_INDEX,
    handed::TABLES,
    letters::TABLE,
    letters::MEMO,
];

/// How long another program may hold the file before it counts as locked.
pub(super) const BUSY: Duration = Duration::from_secs(2);

/// The store.
#[derive(Debug)]
pub struct Sqlite {
    db: Connection,
    /// Whether others write to the file meanwhile, so that what an answer is made of has to be held together.
    shared: bool,
    /// Held as long as the store is open, so that no second server writes to it.
    _lock: Option<File>,
}

/// Opens the store in a folder, which is made if it is not there. One process at a time can have it.
pub fn open(folder: &Path) -> Result<Sqlite, Error> {
    let lock = own(folder)?;
    Ok(Sqlite { _lock: Some(lock), ..Sqlite::open(&folder.join(FILE))? })
}

/// Opens the store in a folder once more, for reading while it is written to elsewhere.
pub fn reader(folder: &Path) -> Result<Sqlite, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(folder.join(FILE), flags)?;
    db.busy_timeout(BUSY)?;
    // What is read once is not worth remembering.
    db.execute_batch(&format!("PRAGMA cache_size = -{READER_CACHE_KIB}"))?;
    Ok(Sqlite { db, shared: true, _lock: None })
}

/// What is written to see whether something can be.
const PROBE: &str = "probe";

/// How much that is.
const PROBE_BYTES: usize = 24 << 10;

/// How much of the file is kept in memory: what is looked up again and again the server remembers itself.
const CACHE_KIB: u32 = 1024;

/// How much of the file a reader keeps in memory.
const READER_CACHE_KIB: u32 = 256;

/// Makes a data folder if it is not there, and takes it for this process alone as long as the file is
/// held.
pub(super) fn own(folder: &Path) -> Result<File, Error> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder).map_err(|error| reason(&error))?;
    lock(&folder.join("slircd.lock"))
}

/// The database in a data folder.
pub(super) const FILE: &str = "slircd.db";

impl Sqlite {
    /// Opens a file, and brings its schema up to date.
    pub fn open(path: &Path) -> Result<Sqlite, Error> {
        // Before SQLite does, which would leave the mode to the umask; and it gives its other files the
        // mode of this one.
        drop(private(path)?);
        let mut db = Connection::open(path)?;
        db.busy_timeout(BUSY)?;
        db.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;",
        )?;
        db.execute_batch(&format!("PRAGMA cache_size = -{CACHE_KIB}"))?;
        // What somebody has had deleted is not to be found in the free pages of the file.
        db.execute_batch("PRAGMA secure_delete = ON")?;
        migrate(&mut db)?;
        Ok(Sqlite { db, shared: false, _lock: None })
    }

    fn get(&self, key: &str) -> Result<Option<String>, Error> {
        let mut statement = self.db.prepare("SELECT value FROM meta WHERE key = ?1")?;
        let mut rows = statement.query(params![key])?;
        match rows.next()? {
            Some(row) => Ok(Some(row.get(0)?)),
            None => Ok(None),
        }
    }

    /// Gives back the memory that the last answers have taken, for when they were many and will not be soon
    /// again.
    pub fn shrink(&self) -> Result<(), Error> {
        Ok(self.db.execute_batch("PRAGMA shrink_memory")?)
    }

    /// Whether the file is whole, as far as that can be told in some time.
    pub fn check(&self, within: Duration) -> Result<Checked, Error> {
        integrity::check(&self.db, within)
    }

    /// How addresses stand. A row that somebody has written by hand and that makes no sense is passed over.
    fn reputation(&self) -> Result<Vec<Standing>, Error> {
        let mut statement = self.db.prepare("SELECT address, points, seen FROM reputation")?;
        let mut rows = statement.query([])?;
        let mut standings = Vec::new();
        while let Some(row) = rows.next()? {
            let (address, points, seen): (String, i64, i64) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            let numbers = u32::try_from(points).ok().zip(u64::try_from(seen).ok());
            let standing = address.parse().ok().zip(numbers);
            standings.extend(standing.map(|(address, (points, seen))| Standing {
                address,
                points,
                seen,
            }));
        }
        Ok(standings)
    }

    fn keep_reputation(&mut self, kept: &[Standing], gone: &[IpAddr]) -> Result<Rows, Error> {
        let change = self.db.transaction()?;
        {
            let mut keep = change.prepare(
                "INSERT OR REPLACE INTO reputation (address, points, seen) VALUES (?1, ?2, ?3)",
            )?;
            for Standing { address, points, seen } in kept {
                let seen = i64::try_from(*seen).unwrap_or(i64::MAX);
                keep.execute(params![address.to_string(), points, seen])?;
            }
            let mut forget = change.prepare("DELETE FROM reputation WHERE address = ?1")?;
            for address in gone {
                forget.execute(params![address.to_string()])?;
            }
        }
        change.commit()?;
        Ok(Rows::Done)
    }

    /// A number; 0 if it has never been stored. One that cannot be read is not taken for that: what
    /// follows from it could repeat ids.
    fn number(&self, key: &str) -> Result<u64, Error> {
        self.get(key)?.map_or(Ok(0), |text| text.parse().map_err(|_| Error::Damaged))
    }
}

impl Store for Sqlite {
    fn ask(&mut self, query: &Query) -> Result<Rows, Error> {
        // A check is of one moment by itself, and what it finds is to be told even if nothing else can be read.
        if !self.shared || query.access() == Access::Write || matches!(query, Query::Check) {
            return self.answer(query);
        }
        // All that is read until the end is of one moment. In a damaged file not even an end may be read.
        let begin = if self.db.is_autocommit() { "BEGIN" } else { "ROLLBACK; BEGIN" };
        self.db.execute_batch(begin)?;
        let found = self.answer(query);
        let ended = self.db.execute_batch("COMMIT");
        found.and_then(|rows| Ok(ended.map(|()| rows)?))
    }
}

impl Sqlite {
    #[allow(clippy::too_many_lines, reason = "an arm for each query")]
    fn answer(&mut self, query: &Query) -> Result<Rows, Error> {
        match query {
            Query::Identify { sid, random, tick } => {
                let sid_of = |text: String| Sid::parse(&text).ok_or(Error::Damaged);
                let stored = self.get("sid")?.map(sid_of).transpose()?;
                let clean = self.get("clean")?.as_deref() == Some("1");
                let life = self.number("life")? + 1;
                let (sid, clock) =
                    identify(stored, *sid, (*random, *tick), self.number("clock")?, clean);
                let change = self.db.transaction()?;
                set(
                    &change,
                    &[
                        ("sid", sid.to_string()),
                        ("life", life.to_string()),
                        ("clock", clock.to_string()),
                        ("clean", "0".into()),
                    ],
                )?;
                change.commit()?;
                Ok(Rows::Identity { sid, clock, life })
            }
            Query::RaiseClock { tick, clean } => {
                let tick = self.number("clock")?.max(*tick).to_string();
                let clean = u8::from(*clean).to_string();
                let change = self.db.transaction()?;
                set(&change, &[("clock", tick), ("clean", clean)])?;
                change.commit()?;
                Ok(Rows::Done)
            }
            Query::LoadReputation => Ok(Rows::Reputation(self.reputation()?)),
            Query::KeepReputation { kept, gone } => self.keep_reputation(kept, gone),
            Query::Propose(edit) => records::propose(&mut self.db, edit),
            Query::Learn(edits) => records::learn(&mut self.db, edits),
            Query::Find(find) => records::find(&self.db, find),
            Query::Claims { after } => records::resident(&self.db, after),
            Query::Contests => records::contests(&self.db),
            Query::Digests => records::digests(&self.db),
            Query::Bucket(bucket) => records::bucket(&self.db, *bucket),
            Query::List { kind, after, which } => records::list(&self.db, (*kind, *after), which),
            Query::Keep(registers) => kept::keep(&mut self.db, registers),
            Query::Recall { after } => kept::recall(&self.db, after),
            Query::Forget { before } => kept::forget(&self.db, *before),
            Query::Records(ids) | Query::Channels(ids) => records::records(&self.db, ids),
            Query::Probe => {
                // A few pages, as many as a registration takes. On a disk that is nearly full less may
                // still be written.
                set(&self.db, &[(PROBE, "x".repeat(PROBE_BYTES))])?;
                self.db.execute("DELETE FROM meta WHERE key = ?1", params![PROBE])?;
                Ok(Rows::Done)
            }
            Query::Handed => Ok(Rows::Handed(handed::first(&self.db)?.map(Box::new))),
            Query::ProposeHanded { number, edit } => handed::propose(&mut self.db, *number, edit),
            Query::Check => self.check(CHECK_MAX).map(Rows::Checked).and_then(|found| {
                self.shrink()?;
                Ok(found)
            }),
            Query::Unverified { before } => records::unverified(&self.db, *before),
            Query::Post { letter, most } => letters::post(&mut self.db, letter, *most),
            Query::Due { by } => letters::due(&self.db, *by),
            Query::Postpone { number, due } => letters::postpone(&self.db, *number, *due),
            Query::Discard { number } => letters::discard(&self.db, *number),
            Query::ChannelsOf { account, after } => records::access(&self.db, *account, *after),
        }
    }
}

fn set(db: &Connection, values: &[(&str, String)]) -> Result<(), Error> {
    let mut statement = db.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)")?;
    for (key, value) in values {
        statement.execute(params![key, value])?;
    }
    Ok(())
}

/// How many steps of the schema a file has gone, if all of them are known.
pub(super) fn version(db: &Connection) -> Result<usize, Error> {
    let version: u32 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = version as usize <= MIGRATIONS.len();
    if known { Ok(version as usize) } else { Err(Error::TooNew(version)) }
}

fn migrate(db: &mut Connection) -> Result<(), Error> {
    let version = version(db)?;
    let steps = MIGRATIONS.get(version..).unwrap_or_default();
    for (step, sql) in steps.iter().enumerate() {
        let change = db.transaction()?;
        change.execute_batch(sql)?;
        change.execute_batch(&format!("PRAGMA user_version = {}", version + step + 1))?;
        change.commit()?;
    }
    Ok(())
}

/// Takes the lock, which the system gives back when the process ends, however it does.
fn lock(path: &Path) -> Result<File, Error> {
    let file = private(path)?;
    #[cfg(unix)]
    {
        use rustix::{
            fs::{FlockOperation, flock},
            io::Errno,
        };
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => (),
            Err(Errno::WOULDBLOCK) => return Err(Error::Locked),
            Err(error) => log::warn!(
                "{} cannot be locked ({error}); see to it that no other slircd uses its folder",
                path.display()
            ),
        }
    }
    Ok(file)
}

/// Opens a file that only the server's own user may read; makes it if it is not there.
pub(super) fn private(path: &Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).map_err(|error| reason(&error))?;
    #[cfg(unix)]
    {
        use std::{fs::Permissions, os::unix::fs::PermissionsExt};
        let mode = file.metadata().map_or(0o600, |file| file.permissions().mode());
        if mode & 0o077 != 0 {
            let kept = file.set_permissions(Permissions::from_mode(0o600));
            match kept {
                Ok(()) => {
                    log::warn!("{} could be read by others; it cannot any more", path.display())
                }
                Err(error) => {
                    log::warn!("{} could not be kept from others' eyes: {error}", path.display());
                }
            }
        }
    }
    Ok(file)
}

fn reason(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::Full,
        io::ErrorKind::ReadOnlyFilesystem => Error::ReadOnly,
        io::ErrorKind::PermissionDenied => Error::Denied,
        _ => Error::Unreachable,
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        let Some(code) = error.sqlite_error() else { return Error::Engine(-1) };
        match code.code {
            ErrorCode::DiskFull => Error::Full,
            ErrorCode::ReadOnly => Error::ReadOnly,
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Error::Locked,
            ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt => Error::Damaged,
            ErrorCode::CannotOpen => Error::Unreachable,
            ErrorCode::PermissionDenied => Error::Denied,
            ErrorCode::SystemIoFailure => Error::Disk,
            _ => Error::Engine(code.extended_code),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Find, Rows};
    use std::{fs, path::PathBuf};

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("slircd-{name}-{}", std::process::id()));
        // It is there only if an earlier run has left it.
        drop(fs::remove_dir_all(&folder));
        folder
    }

    fn mark(store: &mut Sqlite, tick: u64) -> Result<Rows, Error> {
        store.ask(&Query::RaiseClock { tick, clean: false })
    }

    /// What a file holds that has gone so many steps, as the programs of then have written it.
    fn earlier(version: usize) -> String {
        let contents = [
            "INSERT INTO meta VALUES ('sid', '20V'), ('clock', '77'), ('life', '3'), ('clean', '1');",
            "INSERT INTO record VALUES (5, 0, 0, NULL, NULL, 5, 9);
             INSERT INTO field VALUES (5, 0, 'name', 'Bob', 5, 0, 'bob'), (5, 0, 'nick:bob', 'Bob', 5, 0, 'bob');
             INSERT INTO claim VALUES ('nick:bob', 5, 0);",
            "INSERT INTO register VALUES ('ban x', 'rude', 7, 0, NULL);",
            "INSERT INTO reputation VALUES ('192.0.2.1', 4, 5);",
        ];
        let steps = MIGRATIONS.iter().take(version).enumerate();
        let text: String = steps
            .map(|(step, sql)| format!("{sql}{}", contents.get(step).unwrap_or(&"")))
            .collect();
        format!("{text}PRAGMA user_version = {version};")
    }

    #[test]
    fn a_file_of_any_earlier_version_is_brought_up_to_date_with_all_that_it_holds() {
        let folder = folder("migrate");
        fs::create_dir_all(&folder).unwrap();
        for version in 0..=MIGRATIONS.len() {
            let path = folder.join(format!("{version}.db"));
            Connection::open(&path).unwrap().execute_batch(&earlier(version)).unwrap();
            let mut store = Sqlite::open(&path).unwrap();
            assert_eq!(super::version(&store.db), Ok(MIGRATIONS.len()));
            let identify = Query::Identify { sid: None, random: 1, tick: 0 };
            let Ok(Rows::Identity { clock, life, .. }) = store.ask(&identify) else { panic!() };
            assert_eq!((clock, life), if version >= 1 { (77, 4) } else { (0, 1) });
            let find = Query::Find(Find::Claim("nick:bob".into()));
            let Ok(Rows::Record(record)) = store.ask(&find) else { panic!() };
            let name = record.as_ref().and_then(|record| record.name());
            assert_eq!(name, (version >= 2).then_some("Bob"));
            let Ok(Rows::Kept(kept)) = store.ask(&Query::Recall { after: "".into() }) else {
                panic!()
            };
            assert_eq!(kept.len(), usize::from(version >= 3));
            let Ok(Rows::Reputation(known)) = store.ask(&Query::LoadReputation) else { panic!() };
            assert_eq!(known.len(), usize::from(version >= 4));
            assert_eq!(store.ask(&Query::Check), Ok(Rows::Checked(Checked::Whole)));
        }
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_takes_too_long_to_check_is_not_checked() {
        let folder = folder("check");
        let store = open(&folder).unwrap();
        store
            .db
            .execute_batch(
                "CREATE TABLE big (x); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
                 LIMIT 200000) INSERT INTO big SELECT randomblob(50) FROM n; CREATE INDEX i ON big (x);",
            )
            .unwrap();
        assert_eq!(store.check(Duration::ZERO), Ok(Checked::TooLong));
        assert_eq!(store.check(CHECK_MAX), Ok(Checked::Whole));
        let mut reader = reader(&folder).unwrap();
        assert_eq!(reader.ask(&Query::Check), Ok(Rows::Checked(Checked::Whole)));
        assert_eq!(mark(&mut reader, 1), Err(Error::ReadOnly));
        drop((store, reader));
        fs::remove_dir_all(folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_what_is_stored() {
        use std::{fs::Permissions, os::unix::fs::PermissionsExt};

        let folder = folder("modes");
        let mut store = open(&folder).unwrap();
        mark(&mut store, 1).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        let names: Vec<String> = fs::read_dir(&folder)
            .unwrap()
            .map(|file| {
                let path = file.unwrap().path();
                assert_eq!(mode(&path), 0o600, "{}", path.display());
                path.file_name().unwrap().to_str().unwrap().to_owned()
            })
            .collect();
        assert!(names.contains(&"slircd.db-wal".to_owned()), "{names:?}");
        drop(store);
        fs::set_permissions(folder.join("slircd.db"), Permissions::from_mode(0o644)).unwrap();
        drop(open(&folder).unwrap());
        assert_eq!(mode(&folder.join("slircd.db")), 0o600);
        fs::remove_dir_all(folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_is_for_one_server() {
        let folder = folder("lock");
        let first = open(&folder).unwrap();
        assert_eq!(open(&folder).map(drop), Err(Error::Locked));
        drop(first);
        assert_eq!(open(&folder).map(drop), Ok(()));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn trouble_has_a_name_and_passes() {
        let folder = folder("trouble");
        let mut store = open(&folder).unwrap();
        store.db.execute_batch("PRAGMA query_only = ON").unwrap();
        assert_eq!(mark(&mut store, 1), Err(Error::ReadOnly));
        store.db.execute_batch("PRAGMA query_only = OFF").unwrap();
        assert_eq!(mark(&mut store, 2), Ok(Rows::Done));
        let other = Connection::open(folder.join("slircd.db")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        store.db.busy_timeout(Duration::ZERO).unwrap();
        assert_eq!(mark(&mut store, 3), Err(Error::Locked));
        other.execute_batch("ROLLBACK").unwrap();
        assert_eq!(mark(&mut store, 4), Ok(Rows::Done));
        store.db.execute_batch("CREATE TABLE big (x); PRAGMA max_page_count = 10").unwrap();
        let big = store.db.execute_batch("INSERT INTO big VALUES (zeroblob(1000000))");
        assert_eq!(big.map_err(Error::from), Err(Error::Full));
        assert_eq!(mark(&mut store, 5), Ok(Rows::Done));
        drop((store, other));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_an_account_has_held_is_not_left_in_the_file() {
        use crate::{
            registry::{Edit, Kind, RecordId, What},
            time::Stamp,
        };
        let folder = folder("erased");
        let mut store = open(&folder).unwrap();
        let holds = |store: &Sqlite, text: &str| {
            store.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
            let bytes = fs::read(folder.join(FILE)).unwrap();
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        };
        let at = |tick| Stamp { tick, server: Sid::FIRST };
        let mut propose = |tick, what| {
            let edit = Edit {
                id: RecordId(at(1)),
                kind: Kind::Account,
                at: at(tick),
                by: "x".into(),
                what,
            };
            store.ask(&Query::Propose(Box::new(edit))).unwrap();
            holds(&store, "alice@mail.example")
        };
        let mail = vec![("mail".into(), Some("alice@mail.example".into()))];
        assert!(propose(1, What::Write(mail)));
        assert!(!propose(2, What::End));
        drop(store);
        fs::remove_dir_all(folder.clone()).unwrap();
    }

    #[test]
    fn a_clock_that_cannot_be_read_is_not_taken_for_none() {
        let folder = folder("clock");
        let mut store = open(&folder).unwrap();
        mark(&mut store, 7).unwrap();
        store.db.execute("UPDATE meta SET value = 'x' WHERE key = 'clock'", []).unwrap();
        let identify = Query::Identify { sid: None, random: 1, tick: 0 };
        assert_eq!(store.ask(&identify), Err(Error::Damaged));
        assert_eq!(mark(&mut store, 8), Err(Error::Damaged));
        drop(store);
        fs::remove_dir_all(folder).unwrap();
    }
}
