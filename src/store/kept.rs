//! Registers of the network in SQLite, which the last writer wins.

use super::{CLAIMS_MAX, Error, Kept, Rows};
use crate::time::{Sid, Stamp, Wall};
use rusqlite::{Connection, params};

/// The table, as a step of the schema. Not `kept`, which a backup holds besides.
pub(super) const TABLE: &str = "
    CREATE TABLE register (
        key TEXT PRIMARY KEY, text TEXT NOT NULL,
        at_tick INTEGER NOT NULL, at_server INTEGER NOT NULL, over INTEGER
    ) STRICT, WITHOUT ROWID;
";

/// Writes registers, all of them or none; what was written later stays.
pub(super) fn keep(db: &mut Connection, registers: &[Kept]) -> Result<Rows, Error> {
    let change = db.transaction()?;
    let mut statement = change.prepare(
        "INSERT INTO register (key, text, at_tick, at_server, over) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (key) DO UPDATE SET text = ?2, at_tick = ?3, at_server = ?4, over = ?5
         WHERE (at_tick, at_server) < (?3, ?4)",
    )?;
    for Kept { key, text, at, over } in registers {
        let over = over.map(|over| over.0 as i64);
        statement.execute(params![key, text, at.tick as i64, at.server.number(), over])?;
    }
    drop(statement);
    change.commit()?;
    Ok(Rows::Done)
}

/// The registers after a key.
pub(super) fn recall(db: &Connection, after: &str) -> Result<Rows, Error> {
    let mut statement = db.prepare(
        "SELECT key, text, at_tick, at_server, over FROM register WHERE key > ?1
         ORDER BY key LIMIT ?2",
    )?;
    let mut rows = statement.query(params![after, CLAIMS_MAX as i64])?;
    let mut kept = Vec::new();
    while let Some(row) = rows.next()? {
        let server = Sid::from_number(row.get::<_, u16>(3)?.into());
        let at = Stamp { tick: row.get::<_, i64>(2)? as u64, server };
        let over = row.get::<_, Option<i64>>(4)?.map(|over| Wall(over as u64));
        kept.push(Kept { key: row.get(0)?, text: row.get(1)?, at, over });
    }
    Ok(Rows::Kept(kept))
}

/// Forgets those that mean nothing any more since before a moment.
pub(super) fn forget(db: &Connection, before: Wall) -> Result<Rows, Error> {
    db.execute("DELETE FROM register WHERE over < ?1", params![before.0 as i64])?;
    Ok(Rows::Done)
}
