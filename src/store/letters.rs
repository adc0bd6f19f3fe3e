//! Mails that wait to be sent, in SQLite: a row for each. What it says is made up when it is sent; only a memo
//! is kept as it is, since whoever gets it may delete it meanwhile.

use super::{Error, Letter, Posted, Purpose, Rows};
use crate::{
    registry::RecordId,
    time::{Sid, Stamp, Wall},
};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// The table, as a step of the schema. Numbers are not used again.
pub(super) const TABLE: &str = "
    CREATE TABLE letter (
        number INTEGER PRIMARY KEY AUTOINCREMENT, address TEXT NOT NULL, purpose INTEGER NOT NULL,
        account TEXT NOT NULL, tick INTEGER NOT NULL, server INTEGER NOT NULL, salt TEXT NOT NULL,
        made INTEGER NOT NULL, due INTEGER NOT NULL, tries INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX letter_due ON letter (due);
";

/// A memo that a letter shows, as another step of the schema.
pub(super) const MEMO: &str = "ALTER TABLE letter ADD COLUMN memo TEXT NOT NULL DEFAULT '';";

/// Keeps a letter if fewer than `most` wait.
pub(super) fn post(db: &mut Connection, letter: &Letter, most: usize) -> Result<Rows, Error> {
    let change = db.transaction()?;
    let waiting: i64 = change.query_row("SELECT count(*) FROM letter", [], |row| row.get(0))?;
    if waiting >= most as i64 {
        return Ok(Rows::Full);
    }
    let RecordId(Stamp { tick, server }) = letter.id;
    let made = letter.made.0 as i64;
    change.execute(
        "INSERT INTO letter (address, purpose, account, tick, server, salt, made, due, tries, memo)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, 0, ?8)",
        params![
            letter.address,
            letter.purpose.number(),
            letter.account,
            tick as i64,
            server.number(),
            letter.salt,
            made,
            letter.memo
        ],
    )?;
    change.commit()?;
    Ok(Rows::Done)
}

/// The letter that is to be sent next, if one is due by then; else when the next is. Codes do not wait for memos.
pub(super) fn due(db: &Connection, by: Wall) -> Result<Rows, Error> {
    let first = db
        .prepare(
            "SELECT number, address, purpose, account, tick, server, salt, made, due, tries, memo
             FROM letter WHERE due <= ?1 ORDER BY purpose = ?2, due, number LIMIT 1",
        )?
        .query_row(params![by.0 as i64, Purpose::Memo.number()], |row| Ok(posted(row)))
        .optional()?;
    if let Some(posted) = first {
        return Ok(Rows::Letter(Some(Box::new(posted?)), None));
    }
    let next: Option<i64> = db.query_row("SELECT min(due) FROM letter", [], |row| row.get(0))?;
    Ok(Rows::Letter(None, next.map(|due| Wall(due as u64))))
}

/// A letter is to be sent later.
pub(super) fn postpone(db: &Connection, number: u64, due: Wall) -> Result<Rows, Error> {
    db.prepare("UPDATE letter SET due = ?2, tries = tries + 1 WHERE number = ?1")?
        .execute(params![number as i64, due.0 as i64])?;
    Ok(Rows::Done)
}

/// A letter need not be sent any more.
pub(super) fn discard(db: &Connection, number: u64) -> Result<Rows, Error> {
    db.prepare("DELETE FROM letter WHERE number = ?1")?.execute(params![number as i64])?;
    Ok(Rows::Done)
}

fn posted(row: &Row<'_>) -> Result<Posted, Error> {
    let (tick, server): (i64, u16) = (row.get(4)?, row.get(5)?);
    let id = RecordId(Stamp { tick: tick as u64, server: Sid::from_number(server.into()) });
    let letter = Letter {
        address: row.get(1)?,
        purpose: Purpose::of_number(row.get(2)?).ok_or(Error::Damaged)?,
        account: row.get(3)?,
        id,
        salt: row.get(6)?,
        memo: row.get(10)?,
        made: Wall(row.get::<_, i64>(7)? as u64),
    };
    Ok(Posted { number: row.get::<_, i64>(0)? as u64, tries: row.get(9)?, letter })
}
