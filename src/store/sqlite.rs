//! The store in one SQLite file.

use super::{Error, Query, Rows, Store, identify};
use crate::time::Sid;
use rusqlite::{Connection, ErrorCode, params};
use std::{fs, path::Path, time::Duration};

/// The schema, one step after another; a file's `user_version` says how many it has gone. Steps are
/// added and never changed.
const MIGRATIONS: &[&str] =
    &["CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"];

/// How long another program may hold the file before it counts as locked.
const BUSY: Duration = Duration::from_secs(2);

/// The store.
#[derive(Debug)]
pub struct Sqlite {
    db: Connection,
}

/// Opens the store in a folder, which is made if it is not there.
pub fn open(folder: &Path) -> Result<Sqlite, Error> {
    fs::create_dir_all(folder).map_err(|_| Error::Unreachable)?;
    Sqlite::open(&folder.join("slircd.db"))
}

impl Sqlite {
    /// Opens a file, and brings its schema up to date.
    pub fn open(path: &Path) -> Result<Sqlite, Error> {
        let mut db = Connection::open(path)?;
        db.busy_timeout(BUSY)?;
        db.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;",
        )?;
        restrict(path);
        migrate(&mut db)?;
        Ok(Sqlite { db })
    }

    fn get(&self, key: &str) -> Result<Option<String>, Error> {
        let mut statement = self.db.prepare("SELECT value FROM meta WHERE key = ?1")?;
        let mut rows = statement.query(params![key])?;
        match rows.next()? {
            Some(row) => Ok(Some(row.get(0)?)),
            None => Ok(None),
        }
    }

    fn number(&self, key: &str) -> Result<u64, Error> {
        Ok(self.get(key)?.and_then(|text| text.parse().ok()).unwrap_or(0))
    }
}

impl Store for Sqlite {
    fn ask(&mut self, query: &Query) -> Result<Rows, Error> {
        match query {
            Query::Identify { sid, random, tick } => {
                let stored = self.get("sid")?.and_then(|text| Sid::parse(&text));
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
                let tick = self.number("clock")?.max(*tick);
                let change = self.db.transaction()?;
                set(
                    &change,
                    &[("clock", tick.to_string()), ("clean", u8::from(*clean).to_string())],
                )?;
                change.commit()?;
                Ok(Rows::Done)
            }
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

fn migrate(db: &mut Connection) -> Result<(), Error> {
    let version: u32 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let steps = MIGRATIONS.get(version as usize..).ok_or(Error::TooNew(version))?;
    for (step, sql) in steps.iter().enumerate() {
        let change = db.transaction()?;
        change.execute_batch(sql)?;
        change.execute_batch(&format!("PRAGMA user_version = {}", version as usize + step + 1))?;
        change.commit()?;
    }
    Ok(())
}

/// Only the server's own user may read it.
fn restrict(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if let Err(error) = fs::set_permissions(path, fs::Permissions::from_mode(0o600)) {
            log::warn!("{} could not be kept from others' eyes: {error}", path.display());
        }
    }
    #[cfg(not(unix))]
    let _ = path;
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        let Some(code) = error.sqlite_error() else { return Error::Engine(-1) };
        match code.code {
            ErrorCode::DiskFull => Error::Full,
            ErrorCode::ReadOnly => Error::ReadOnly,
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Error::Locked,
            ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt => Error::Damaged,
            ErrorCode::CannotOpen | ErrorCode::PermissionDenied => Error::Unreachable,
            _ => Error::Engine(code.extended_code),
        }
    }
}
