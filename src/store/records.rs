//! The registry's records in SQLite: a row for each record, for each field and for each claim.
//!
//! How records merge is decided by [`Record`] alone; here they are read, and what has changed is written.

use super::{
    CLAIMS_MAX, CONTESTS_MAX, Edited, Error, Find, LISTED_MAX, Rows, UNVERIFIED_MAX, Which,
};
use crate::{
    registry::{
        ACCESS, Applied, BUCKETS, Changed, Edit, Field, Kind, Record, RecordId, SEEN, UNVERIFIED,
        What, is_claim, is_resident,
    },
    time::{Sid, Stamp, Wall},
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::BTreeMap;

/// The tables, as a step of the schema.
pub(super) const TABLES: &str = "
    CREATE TABLE record (
        tick INTEGER NOT NULL, server INTEGER NOT NULL, kind INTEGER NOT NULL,
        ended_tick INTEGER, ended_server INTEGER, bucket INTEGER NOT NULL, digest INTEGER NOT NULL,
        PRIMARY KEY (tick, server)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX record_bucket ON record (bucket, digest);
    CREATE TABLE field (
        tick INTEGER NOT NULL, server INTEGER NOT NULL, key TEXT NOT NULL, value TEXT,
        at_tick INTEGER NOT NULL, at_server INTEGER NOT NULL, by TEXT NOT NULL,
        PRIMARY KEY (tick, server, key),
        FOREIGN KEY (tick, server) REFERENCES record (tick, server)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE claim (
        key TEXT NOT NULL, tick INTEGER NOT NULL, server INTEGER NOT NULL,
        PRIMARY KEY (key, tick, server),
        FOREIGN KEY (tick, server) REFERENCES record (tick, server)
    ) STRICT, WITHOUT ROWID;
";

/// What finds the channels in which an account has access, as a step of the schema.
pub(super) const ACCESS_INDEX: &str = "
    CREATE INDEX field_access ON field (key) WHERE key >= 'access:' AND key < 'access;';
";

/// Applies an edit, all of it or nothing, if what it claims is free.
pub(super) fn propose(db: &mut Connection, proposed: &Edit) -> Result<Rows, Error> {
    let change = db.transaction()?;
    for key in proposed.claims() {
        if claimants(&change, key)?.first().is_some_and(|holder| *holder != proposed.id) {
            return Ok(Rows::Taken(key.into()));
        }
    }
    match load(&change, proposed.id)? {
        Some(record) if record.ended.is_some() => return Ok(Rows::Taken("".into())),
        Some(record) if !record.has_room(proposed) => return Ok(Rows::Full),
        Some(_) | None => (),
    }
    let edited = edit(&change, proposed)?;
    change.commit()?;
    Ok(Rows::Proposed(Box::new(edited)))
}

/// Applies edits, all of them or none.
pub(super) fn learn(db: &mut Connection, edits: &[Edit]) -> Result<Rows, Error> {
    let change = db.transaction()?;
    let edited: Result<Vec<Edited>, Error> =
        edits.iter().map(|learned| edit(&change, learned)).collect();
    let edited = edited?;
    change.commit()?;
    Ok(Rows::Learned(edited))
}

fn edit(db: &Connection, edit: &Edit) -> Result<Edited, Error> {
    let record = load(db, edit.id)?;
    let mut record = record.unwrap_or_else(|| Record::new(edit.id, edit.kind));
    let Applied { news, changed, forgotten } = record.apply(edit);
    let (edit, claims, contested) = (edit.clone(), Vec::new(), Vec::new());
    let mut edited = Edited { edit, news, record, changed, claims, contested };
    if news {
        write(db, &edited.edit, &edited.record, &forgotten)?;
        settle(db, &mut edited)?;
    }
    Ok(edited)
}

/// What is known of a record.
pub(super) fn find(db: &Connection, find: &Find) -> Result<Rows, Error> {
    let id = match find {
        Find::Id(id) => Some(*id),
        Find::Claim(key) => claimants(db, key)?.first().copied(),
    };
    let record = id.map(|id| load(db, id)).transpose()?.flatten();
    Ok(Rows::Record(record.map(Box::new)))
}

/// Who has which resident claim.
pub(super) fn resident(db: &Connection, after: &str) -> Result<Rows, Error> {
    let mut statement = db
        .prepare("SELECT key, tick, server FROM claim WHERE key > ?1 ORDER BY key, tick, server")?;
    let mut rows = statement.query(params![after])?;
    let mut claims: Vec<(Box<str>, RecordId)> = Vec::new();
    while let Some(row) = rows.next()? {
        let key: Box<str> = row.get(0)?;
        let first = claims.last().is_none_or(|(last, _)| *last != key);
        if first && is_resident(&key) {
            if claims.len() == CLAIMS_MAX {
                break;
            }
            claims.push((key, RecordId(stamp(row, 1)?)));
        }
    }
    Ok(Rows::Claims(claims))
}

/// Claims that several records have, with those to whom they do not belong.
pub(super) fn contests(db: &Connection) -> Result<Rows, Error> {
    let mut statement =
        db.prepare("SELECT key FROM claim GROUP BY key HAVING count(*) > 1 ORDER BY key LIMIT ?1")?;
    let keys: Result<Vec<Box<str>>, _> =
        statement.query_map(params![CONTESTS_MAX as i64], |row| row.get(0))?.collect();
    let mut contests = Vec::new();
    for key in keys? {
        for id in claimants(db, &key)?.into_iter().skip(1) {
            contests.extend(load(db, id)?.map(|record| (key.clone(), record)));
        }
    }
    Ok(Rows::Contests(contests))
}

/// What all records sum up to.
pub(super) fn digests(db: &Connection) -> Result<Rows, Error> {
    let mut digests = Box::new([0; BUCKETS]);
    let mut statement = db.prepare("SELECT bucket, digest FROM record")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let bucket: u16 = row.get(0)?;
        *digests.get_mut(usize::from(bucket)).ok_or(Error::Damaged)? ^=
            row.get::<_, i64>(1)? as u64;
    }
    Ok(Rows::Digests(digests))
}

/// The records of one bucket.
pub(super) fn bucket(db: &Connection, bucket: usize) -> Result<Rows, Error> {
    let mut statement = db.prepare(
        "SELECT tick, server, digest FROM record WHERE bucket = ?1 ORDER BY tick, server",
    )?;
    let mut rows = statement.query(params![bucket as i64])?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push((RecordId(stamp(row, 0)?), row.get::<_, i64>(2)? as u64));
    }
    Ok(Rows::Bucket(bucket, records))
}

/// What is known of some records.
pub(super) fn records(db: &Connection, ids: &[RecordId]) -> Result<Rows, Error> {
    let mut records = Vec::new();
    for id in ids {
        records.extend(load(db, *id)?);
    }
    Ok(Rows::Records(records))
}

/// Accounts that have not been verified and were registered before a moment.
pub(super) fn unverified(db: &Connection, before: Wall) -> Result<Rows, Error> {
    // What is claimed so begins with the prefix, and comes before the character after its last.
    let mut statement = db.prepare(
        "SELECT tick, server FROM claim WHERE key >= ?1 AND key < ?2 AND tick < ?3 LIMIT ?4",
    )?;
    let (end, tick) = (UNVERIFIED.replace(':', ";"), Stamp::tick_at(before) as i64);
    let mut rows = statement.query(params![UNVERIFIED, end, tick, UNVERIFIED_MAX as i64])?;
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        ids.push(RecordId(stamp(row, 0)?));
    }
    records(db, &ids)
}

/// Records of a kind that have not ended, in order, from after one.
pub(super) fn list(
    db: &Connection,
    (kind, after): (Kind, Option<RecordId>),
    which: &Which,
) -> Result<Rows, Error> {
    // What a listing does not ask for holds of all.
    let (key, born_before, unseen) = match which {
        Which::All => ("", i64::MAX, i64::MAX),
        Which::With(key) => (&**key, i64::MAX, i64::MAX),
        Which::UnseenSince(wall) => ("", Stamp::tick_at(*wall) as i64, wall.0 as i64),
    };
    let (tick, server) = place(after);
    let mut statement = db.prepare(
        "SELECT tick, server FROM record
         WHERE kind = ?1 AND ended_tick IS NULL AND (tick, server) > (?2, ?3) AND tick < ?4
         AND (?5 = '' OR EXISTS (SELECT 1 FROM field WHERE field.tick = record.tick
              AND field.server = record.server AND key = ?5 AND value IS NOT NULL))
         AND NOT EXISTS (SELECT 1 FROM field WHERE field.tick = record.tick
              AND field.server = record.server AND key = ?6 AND CAST(value AS INTEGER) * 1000 >= ?7)
         ORDER BY tick, server LIMIT ?8",
    )?;
    let most = LISTED_MAX as i64;
    let mut rows = statement.query(params![
        kind.number(),
        tick,
        server,
        born_before,
        key,
        SEEN,
        unseen,
        most
    ])?;
    found(db, &mut rows)
}

/// The channels in which an account has access. What the index is of stands in the query as well, or it would
/// not be used.
pub(super) fn access(
    db: &Connection,
    account: RecordId,
    after: Option<RecordId>,
) -> Result<Rows, Error> {
    let (tick, server) = place(after);
    let mut statement = db.prepare(
        "SELECT tick, server FROM field
         WHERE key = ?1 AND key >= 'access:' AND key < 'access;' AND value IS NOT NULL
         AND (tick, server) > (?2, ?3)
         ORDER BY tick, server LIMIT ?4",
    )?;
    let key = format!("{ACCESS}{account}");
    let mut rows = statement.query(params![key, tick, server, LISTED_MAX as i64])?;
    found(db, &mut rows)
}

/// After which row a list goes on.
fn place(after: Option<RecordId>) -> (i64, u16) {
    after.map_or((-1, 0), |id| (id.0.tick as i64, id.0.server.number()))
}

/// The records whose ids a query has found.
fn found(db: &Connection, rows: &mut rusqlite::Rows<'_>) -> Result<Rows, Error> {
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        ids.push(RecordId(stamp(row, 0)?));
    }
    records(db, &ids)
}

/// What does not fit together among the records: sentences, and nothing if all does.
pub(super) fn unsound(db: &Connection) -> Result<Vec<String>, Error> {
    let mut wrong = Vec::new();
    let mut statement = db.prepare("SELECT tick, server, digest FROM record")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id = RecordId(stamp(row, 0)?);
        let Some(record) = load(db, id)? else { continue };
        if record.digest() != row.get::<_, i64>(2)? as u64 {
            wrong.push(format!("record {id} is not as it was written"));
        }
        let lost = record
            .claims()
            .filter(|key| claimants(db, key).is_ok_and(|claimants| !claimants.contains(&id)));
        wrong.extend(lost.map(|key| format!("record {id} has lost its claim {key}")));
    }
    Ok(wrong)
}

/// Writes what an edit has changed of a record, in which some fields are forgotten.
fn write(
    db: &Connection,
    edit: &Edit,
    record: &Record,
    forgotten: &[Box<str>],
) -> Result<(), Error> {
    let RecordId(Stamp { tick, server }) = record.id;
    let (tick, server) = (tick as i64, server.number());
    let ended = record.ended.map(|at| (at.tick as i64, at.server.number()));
    db.prepare(
        "INSERT OR REPLACE INTO record (tick, server, kind, ended_tick, ended_server, bucket, digest)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        tick,
        server,
        record.kind.number(),
        ended.map(|ended| ended.0),
        ended.map(|ended| ended.1),
        record.id.bucket() as i64,
        record.digest() as i64,
    ])?;
    let fields = match &edit.what {
        What::Write(fields) => fields,
        What::End => {
            db.prepare("DELETE FROM field WHERE tick = ?1 AND server = ?2")?
                .execute(params![tick, server])?;
            return Ok(());
        }
    };
    let mut statement = db.prepare(
        "INSERT OR REPLACE INTO field (tick, server, key, value, at_tick, at_server, by)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let written = record.fields().filter(|(_, field)| field.at == edit.at);
    for (key, Field { value, at, by }) in written.filter(|(key, _)| named(fields, key)) {
        let (at_tick, at_server) = (at.tick as i64, at.server.number());
        statement.execute(params![tick, server, key, value, at_tick, at_server, by])?;
    }
    let mut statement =
        db.prepare("DELETE FROM field WHERE tick = ?1 AND server = ?2 AND key = ?3")?;
    for key in forgotten {
        statement.execute(params![tick, server, key])?;
    }
    Ok(())
}

fn named(fields: &[(Box<str>, Option<Box<str>>)], key: &str) -> bool {
    fields.iter().any(|(named, _)| &**named == key)
}

/// Notes what a record has gained and lost of claims, and finds out who has them now.
fn settle(db: &Connection, edited: &mut Edited) -> Result<(), Error> {
    let RecordId(Stamp { tick, server }) = edited.record.id;
    let (tick, server) = (tick as i64, server.number());
    for Changed { key, after, .. } in edited.changed.iter().filter(|change| is_claim(&change.key)) {
        let sql = match after {
            Some(_) => "INSERT OR REPLACE INTO claim (key, tick, server) VALUES (?1, ?2, ?3)",
            None => "DELETE FROM claim WHERE key = ?1 AND tick = ?2 AND server = ?3",
        };
        db.prepare(sql)?.execute(params![key, tick, server])?;
        let claimants = claimants(db, key)?;
        edited.claims.push((key.clone(), claimants.first().copied()));
        if after.is_some() {
            for id in claimants.into_iter().skip(1) {
                edited.contested.extend(load(db, id)?.map(|record| (key.clone(), record)));
            }
        }
    }
    Ok(())
}

/// Who claims something, the one who has it first.
fn claimants(db: &Connection, key: &str) -> Result<Vec<RecordId>, Error> {
    let mut statement =
        db.prepare("SELECT tick, server FROM claim WHERE key = ?1 ORDER BY tick, server")?;
    let mut rows = statement.query(params![key])?;
    let mut claimants = Vec::new();
    while let Some(row) = rows.next()? {
        claimants.push(RecordId(stamp(row, 0)?));
    }
    Ok(claimants)
}

fn load(db: &Connection, id: RecordId) -> Result<Option<Record>, Error> {
    let (tick, server) = (id.0.tick as i64, id.0.server.number());
    let head = db
        .prepare(
            "SELECT kind, ended_tick, ended_server FROM record WHERE tick = ?1 AND server = ?2",
        )?
        .query_row(params![tick, server], |row| {
            Ok((row.get::<_, u8>(0)?, row.get::<_, Option<i64>>(1)?, row.get::<_, Option<u16>>(2)?))
        })
        .optional()?;
    let Some((kind, ended_tick, ended_server)) = head else { return Ok(None) };
    let kind = Kind::of_number(kind).ok_or(Error::Damaged)?;
    let ended = ended_tick
        .zip(ended_server)
        .map(|(tick, server)| Stamp { tick: tick as u64, server: Sid::from_number(server.into()) });
    let mut statement = db.prepare(
        "SELECT key, value, at_tick, at_server, by FROM field WHERE tick = ?1 AND server = ?2",
    )?;
    let mut rows = statement.query(params![tick, server])?;
    let mut fields = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let field = Field { value: row.get(1)?, at: stamp(row, 2)?, by: row.get(4)? };
        fields.insert(row.get(0)?, field);
    }
    Ok(Some(Record::stored((id, kind, ended), fields)))
}

/// The stamp whose tick and server are in these columns.
fn stamp(row: &Row<'_>, column: usize) -> Result<Stamp, Error> {
    let (tick, server): (i64, u16) = (row.get(column)?, row.get(column + 1)?);
    Ok(Stamp { tick: tick as u64, server: Sid::from_number(server.into()) })
}
