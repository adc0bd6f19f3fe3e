//! Edits that the command line hands to a server that runs, and what the server says of them.
//!
//! One program writes to the registry at a time. While a server runs that is the server, which also has to
//! tell others of an edit; so whoever else has one puts it into the database, where the server finds it. It
//! stays there until the server notes, together with what it does, what has become of it: so it is either
//! done, and that is known, or is still to be done, by a later life of the server if need be, or taken back.

use super::{Draft, Error, Handed, Outcome, Rows, records, sqlite};
use crate::{
    registry::{Edit, KeyValue, Kind, RecordId, What},
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
            // What cannot be written now goes away with those that nobody asks for.
            drop(self.db.execute("DELETE FROM handed WHERE number = ?1", params![number]));
        }
        Ok(outcome)
    }

    /// Takes an edit back; whether that is possible, since nothing has become of it. Then nothing will.
    pub fn withdraw(&mut self, number: i64) -> Result<bool, Error> {
        let sql = "DELETE FROM handed WHERE number = ?1 AND outcome IS NULL";
        Ok(self.db.execute(sql, params![number])? > 0)
    }
}

/// The first edit of which nothing has become yet. Looking costs nothing when there is none.
pub(super) fn first(db: &Connection) -> Result<Option<Handed>, Error> {
    let first = db
        .prepare(
            "SELECT number, tick, server, kind, by FROM handed WHERE outcome IS NULL
             ORDER BY number LIMIT 1",
        )?
        .query_row([], |row| {
            let id: (Option<i64>, Option<u16>) = (row.get(1)?, row.get(2)?);
            Ok((row.get::<_, i64>(0)?, id, row.get::<_, u8>(3)?, row.get::<_, Box<str>>(4)?))
        })
        .optional()?;
    let Some((number, (tick, server), kind, by)) = first else { return Ok(None) };
    let fields: Result<Vec<KeyValue>, rusqlite::Error> = db
        .prepare("SELECT key, value FROM handed_field WHERE number = ?1 ORDER BY key")?
        .query_map(params![number], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect();
    let fields = fields?;
    let id = tick.zip(server).map(|(tick, server)| {
        RecordId(Stamp { tick: tick as u64, server: Sid::from_number(server.into()) })
    });
    let kind = Kind::of_number(kind).ok_or(Error::Damaged)?;
    let what = if fields.is_empty() { What::End } else { What::Write(fields) };
    Ok(Some(Handed { number, draft: Draft { id, kind, by, what } }))
}

/// Makes an edit if nothing has become of it yet, and notes what has now.
pub(super) fn propose(db: &mut Connection, number: i64, edit: &Edit) -> Result<Rows, Error> {
    let change = db.transaction()?;
    // What has been taken back leaves its number to another.
    let is_this = |Handed { number: waits, draft }: Handed| {
        waits == number && draft.what == edit.what && draft.id.is_none_or(|id| id == edit.id)
    };
    if !first(&change)?.is_some_and(is_this) {
        return Ok(Rows::Handed(None));
    }
    let rows = records::propose_in(&change, edit)?;
    // What was in it may be a secret.
    change.execute("DELETE FROM handed_field WHERE number = ?1", params![number])?;
    let sql = "UPDATE handed SET outcome = ?2 WHERE number = ?1";
    change.execute(sql, params![number, Outcome::of(Ok(&rows)).to_string()])?;
    // Whoever has handed them over has not waited for the answer.
    let sql = "DELETE FROM handed WHERE number <= ?1 AND outcome IS NOT NULL";
    change.execute(sql, params![number - ANSWERS_MAX])?;
    change.commit()?;
    Ok(rows)
}

/// Forgets all of it, in a copy of the database, where nobody waits for it.
pub(super) fn clear(db: &Connection) -> Result<(), Error> {
    // An earlier version has no such tables.
    let there = "SELECT count(*) FROM sqlite_master WHERE name = 'handed'";
    if db.query_row(there, [], |row| row.get::<_, u32>(0))? > 0 {
        db.execute_batch("DELETE FROM handed_field; DELETE FROM handed;")?;
    }
    Ok(())
}

/// How many answers are kept for those who have handed something over.
const ANSWERS_MAX: i64 = 100;
