//! Whether the file is whole, by SQLite's own checks, in a time that is bounded.

use super::{Checked, Error};
use rusqlite::{Connection, ErrorCode};
use std::{
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::Duration,
};

/// How many things that are wrong are told.
const TOLD_MAX: usize = 5;

/// After how long a check that takes too long is interrupted again.
const AGAIN: Duration = Duration::from_millis(10);

/// Checks all pages, and gives up when it takes longer than that.
pub(super) fn check(db: &Connection, within: Duration) -> Result<Checked, Error> {
    let clock = db.get_interrupt_handle();
    let (done, wait) = channel::<()>();
    thread::scope(|scope| {
        let watch = thread::Builder::new().name("slircd-check".into());
        let watched = watch.spawn_scoped(scope, move || {
            let mut wanted = wait.recv_timeout(within);
            // One that comes before the check has begun goes by unheard.
            while wanted == Err(RecvTimeoutError::Timeout) {
                clock.interrupt();
                wanted = wait.recv_timeout(AGAIN);
            }
        });
        let found = match watched {
            Ok(_) => quick_check(db),
            // Nobody would end it.
            Err(_) => Ok(Checked::TooLong),
        };
        drop(done);
        found
    })
}

fn quick_check(db: &Connection) -> Result<Checked, Error> {
    let found: Result<Vec<String>, rusqlite::Error> = db
        .prepare(&format!("PRAGMA quick_check({TOLD_MAX})"))
        .and_then(|mut check| check.query_map([], |row| row.get(0))?.collect());
    match found {
        Ok(rows) if rows.iter().all(|row| row == "ok") => Ok(Checked::Whole),
        Ok(rows) => Ok(Checked::Broken(rows)),
        Err(error) => match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => Ok(Checked::TooLong),
            // Some damage is found before the check has begun.
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Ok(Checked::Broken(vec![error.to_string()]))
            }
            _ => Err(error.into()),
        },
    }
}
