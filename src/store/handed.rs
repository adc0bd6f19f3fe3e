//! Edits that the command line hands to a server that runs, and what the server says of them.
//!
//! One program writes to the registry at a time. While a server runs that is the server, which also has to
//! tell others of an edit; so whoever else has one puts it into the database, where the server takes it.

use super::{Draft, Error, Handed, Outcome, sqlite};
use crate::{
    registry::{KeyValue, Kind, RecordId, What},
    time::{Sid, Stamp},
};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use std::path::Path;

/// The tables, as a step of the schema.
pub(super) const TABLES: &str = "
    CREATE TABLE handed (
        number INTEGER PRIMARY KEY, tick INTEGER, server INTEGER, kind INTEGER NOT NULL,
        by TEXT NOT NULL, outcome TEXT
    ) STRICT;
    CREATE TABLE handed_field (
        number INTEGER NOT NULL, key TEXT NOT NULL, value TEXT,
        PRIMARY KEY (number, key), FOREIGN KEY (number) REFERENCES handed (number) ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;
";

/// What is said of an edit that the server is at.
const TAKEN: &str = "taken";

/// Where edits are handed over.
#[derive(Debug)]
pub struct Desk {
    db: Connection,
}

impl Desk {
    /// Opens the database of a server that runs.
    pub fn open(folder: &Path) -> Result<Desk, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(folder.join(sqlite::FILE), flags)?;
        db.busy_timeout(sqlite::BUSY)?;
        db.execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;",
        )?;
        sqlite::version(&db)?;
        Ok(Desk { db })
    }

    /// Hands an edit over; the number by which it is known here.
    pub fn hand(&mut self, draft: &Draft) -> Result<i64, Error> {
        let Draft { id, kind, by, what } = draft;
        let (tick, server) = id.map(|id| (id.0.tick as i64, id.0.server.number())).unzip();
        let change = self.db.transaction()?;
        change.execute(
            "INSERT INTO handed (tick, server, kind, by) VALUES (?1, ?2, ?3, ?4)",
            params![tick, server, kind.number(), by],
        )?;
        let number = change.last_insert_rowid();
        if let What::Write(fields) = what {
            for (key, value) in fields {
                change.execute(
                    "INSERT INTO handed_field (number, key, value) VALUES (?1, ?2, ?3)",
                    params![number, key, value],
                )?;
            }
        }
        change.commit()?;
        Ok(number)
    }

    /// What the server has said of an edit, once it has; it is asked no more then.
    pub fn outcome(&mut self, number: i64) -> Result<Option<Outcome>, Error> {
        let said = "SELECT outcome FROM handed WHERE number = ?1";
        let said: Option<String> = self.db.query_row(said, params![number], |row| row.get(0))?;
        let outcome = said.as_deref().and_then(Outcome::parse);
        if outcome.is_some() {
            self.db.execute("DELETE FROM handed WHERE number = ?1", params![number])?;
        }
        Ok(outcome)
    }

    /// Takes an edit back; whether that is possible, since no server has taken it.
    pub fn withdraw(&mut self, number: i64) -> Result<bool, Error> {
        let sql = "DELETE FROM handed WHERE number = ?1 AND outcome IS NULL";
        Ok(self.db.execute(sql, params![number])? > 0)
    }
}

/// Takes the first edit that nobody has taken. Looking costs nothing when there is none.
pub(super) fn take(db: &mut Connection) -> Result<Option<Handed>, Error> {
    let first = db
        .query_row(
            "SELECT number, tick, server, kind, by FROM handed WHERE outcome IS NULL
             ORDER BY number LIMIT 1",
            [],
            |row| {
                let id: (Option<i64>, Option<u16>) = (row.get(1)?, row.get(2)?);
                Ok((row.get::<_, i64>(0)?, id, row.get::<_, u8>(3)?, row.get::<_, Box<str>>(4)?))
            },
        )
        .optional()?;
    let Some((number, (tick, server), kind, by)) = first else { return Ok(None) };
    let change = db.transaction()?;
    change.execute("UPDATE handed SET outcome = ?2 WHERE number = ?1", params![number, TAKEN])?;
    let fields: Result<Vec<KeyValue>, rusqlite::Error> = change
        .prepare("SELECT key, value FROM handed_field WHERE number = ?1 ORDER BY key")?
        .query_map(params![number], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect();
    let fields = fields?;
    change.commit()?;
    let id = tick.zip(server).map(|(tick, server)| {
        RecordId(Stamp { tick: tick as u64, server: Sid::from_number(server.into()) })
    });
    let kind = Kind::of_number(kind).ok_or(Error::Damaged)?;
    let what = if fields.is_empty() { What::End } else { What::Write(fields) };
    Ok(Some(Handed { number, draft: Draft { id, kind, by, what } }))
}

/// Says what has become of an edit, and forgets what was in it, which may be a secret.
pub(super) fn answer(db: &mut Connection, number: i64, outcome: &Outcome) -> Result<(), Error> {
    let change = db.transaction()?;
    change.execute("DELETE FROM handed_field WHERE number = ?1", params![number])?;
    let sql = "UPDATE handed SET outcome = ?2 WHERE number = ?1";
    change.execute(sql, params![number, outcome.to_string()])?;
    change.commit()?;
    Ok(())
}

/// Forgets what an earlier life has left: nobody waits for it any more.
pub(super) fn clear(db: &Connection) -> Result<(), Error> {
    db.execute_batch("DELETE FROM handed_field; DELETE FROM handed;")?;
    Ok(())
}
