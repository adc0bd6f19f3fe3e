//! Copies of the store that another machine can go on from: made while the server runs, checked before
//! they are used.
//!
//! A copy is one SQLite file. Besides the tables it holds the secrets that stand beside the database in
//! the data folder and that its content cannot do without.

use super::{Error, handed, records, sqlite};
use crate::time::{Stamp, Wall};
use rusqlite::{Connection, OpenFlags, params};
use std::{
    fmt, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// What of the data folder goes into a copy besides the database, if it is there.
const KEPT: &[&str] = &["cloak.secret"];

/// Why there is no copy, or nothing came of it.
#[derive(Debug)]
pub enum Trouble {
    /// There is no database in the data folder.
    NoDatabase(PathBuf),
    /// There is no such copy.
    NoFile(PathBuf),
    /// The file is there already, and is not overwritten.
    Exists(PathBuf),
    /// There is a database in the data folder already, and it is not to be replaced.
    HasData(PathBuf),
    /// The file is no copy of a slircd's store.
    NoCopy,
    /// The database is not sound: what is wrong with it.
    Unsound(Vec<String>),
    /// The store fails.
    Store(Error),
    /// A file cannot be made.
    NotMade(PathBuf, Error),
    /// A file cannot be read or written.
    File(PathBuf, io::Error),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::NoDatabase(folder) => write!(
                f,
                "there is no database in {}; -c names the configuration of the server that is meant",
                folder.display()
            ),
            Trouble::NoFile(path) => write!(f, "there is no file {}", path.display()),
            Trouble::Exists(path) => {
                let path = path.display();
                write!(f, "{path} is there already, and is not overwritten; name another file")
            }
            Trouble::HasData(folder) => {
                let folder = folder.display();
                write!(f, "{folder} holds a database already; --force replaces it, for good")
            }
            Trouble::NoCopy => f.write_str("the file is no backup of slircd"),
            Trouble::Unsound(what) => write!(
                f,
                "the database is damaged: {}; `slircd restore FILE --force` brings back a backup while the server is stopped",
                what.join("; ")
            ),
            Trouble::Store(error) => write!(f, "{error}; {}", error.remedy()),
            Trouble::NotMade(path, error) => {
                write!(f, "{} cannot be made: {error}", path.display())
            }
            Trouble::File(path, error) => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Trouble {
        Trouble::Store(error)
    }
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Trouble {
        Trouble::Store(error.into())
    }
}

/// Copies the store of a data folder into a new file, whether or not a server is using it.
pub fn backup(folder: &Path, to: &Path) -> Result<(), Trouble> {
    if to.exists() {
        return Err(Trouble::Exists(to.into()));
    }
    let db =
        existing(&folder.join(sqlite::FILE))?.ok_or_else(|| Trouble::NoDatabase(folder.into()))?;
    if let Some(parent) = to.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::metadata(parent).map_err(|error| Trouble::File(parent.into(), error))?;
    }
    let part = beside(to, "part");
    // SQLite writes into an empty file too.
    drop(new(&part)?);
    let Some(name) = part.to_str() else { return Err(Error::Unreachable.into()) };
    db.execute("VACUUM INTO ?1", params![name])?;
    let copy = existing(&part)?.ok_or_else(|| Trouble::NoFile(part.clone()))?;
    handed::clear(&copy)?;
    copy.execute_batch("CREATE TABLE kept (name TEXT PRIMARY KEY, content BLOB NOT NULL) STRICT")?;
    for name in KEPT {
        let path = folder.join(name);
        match fs::read(&path) {
            Ok(content) => {
                copy.execute("INSERT INTO kept VALUES (?1, ?2)", params![name, content])?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => (),
            Err(error) => return Err(Trouble::File(path, error)),
        }
    }
    sound(&copy)?;
    drop(copy);
    settle(&part, to)
}

/// Makes a copy the store of a data folder in which there is none, or where `replace` says so. `now` is
/// when: nothing that this server has said in a life after the copy was made is ever repeated.
pub fn restore(from: &Path, folder: &Path, replace: bool, now: Wall) -> Result<(), Trouble> {
    let copy = existing(from)?.ok_or_else(|| Trouble::NoFile(from.into()))?;
    let kept = "SELECT count(*) FROM sqlite_master WHERE name IN ('kept', 'meta', 'record')";
    let tables: u32 = copy.query_row(kept, [], |row| row.get(0)).map_err(|_| Trouble::NoCopy)?;
    if tables != 3 {
        return Err(Trouble::NoCopy);
    }
    sqlite::version(&copy)?;
    sound(&copy)?;
    drop(copy);
    let _lock = sqlite::own(folder)?;
    let (path, part) = (folder.join(sqlite::FILE), folder.join("restored.part"));
    if path.exists() && !replace {
        return Err(Trouble::HasData(folder.into()));
    }
    let failed = |error| Trouble::File(part.clone(), error);
    drop(new(&part)?);
    fs::copy(from, &part).map_err(failed)?;
    // Copying takes the mode of the copy along.
    drop(sqlite::private(&part)?);
    let restored = existing(&part)?.ok_or_else(|| Trouble::NoFile(part.clone()))?;
    unpack(&restored, folder)?;
    restored.execute_batch("DROP TABLE kept")?;
    let again = [("clean", 0), ("life", now.secs()), ("clock", Stamp::tick_at(now))];
    for (key, value) in again {
        let sql = "INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)";
        restored.execute(sql, params![key, value.to_string()])?;
    }
    drop(restored);
    for suffix in ["-wal", "-shm"] {
        // What belongs to the database that is replaced; usually there is none.
        drop(fs::remove_file(folder.join(format!("{}{suffix}", sqlite::FILE))));
    }
    settle(&part, &path)
}

/// Looks whether the store of a data folder is whole.
pub fn verify(folder: &Path) -> Result<(), Trouble> {
    let db = existing(&folder.join(sqlite::FILE))?;
    sound(&db.ok_or_else(|| Trouble::NoDatabase(folder.into()))?)
}

/// Writes the secrets of a copy into the data folder.
fn unpack(copy: &Connection, folder: &Path) -> Result<(), Trouble> {
    for name in KEPT {
        let sql = "SELECT content FROM kept WHERE name = ?1";
        let Ok(content) = copy.query_row(sql, params![name], |row| row.get::<_, Vec<u8>>(0)) else {
            continue;
        };
        let (part, path) = (folder.join(format!("{name}.part")), folder.join(name));
        let mut file = new(&part)?;
        file.write_all(&content).map_err(|error| Trouble::File(part.clone(), error))?;
        drop(file);
        settle(&part, &path)?;
    }
    Ok(())
}

/// Gives a file its name once it is on the disk whole.
fn settle(part: &Path, path: &Path) -> Result<(), Trouble> {
    let done = fs::File::open(part).and_then(|file| file.sync_all());
    done.and_then(|()| fs::rename(part, path)).map_err(|error| Trouble::File(path.into(), error))
}

fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(extension);
    path.with_file_name(name)
}

/// Makes a file that is for nobody else to read.
fn new(path: &Path) -> Result<fs::File, Trouble> {
    // One that was cut short; usually there is none.
    drop(fs::remove_file(path));
    sqlite::private(path).map_err(|error| Trouble::NotMade(path.into(), error))
}

/// Opens a database, if it is there.
fn existing(path: &Path) -> Result<Option<Connection>, Trouble> {
    if !path.exists() {
        return Ok(None);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(sqlite::BUSY)?;
    Ok(Some(db))
}

/// That a database is whole, by SQLite's own checks and by what the registry sums up to.
fn sound(db: &Connection) -> Result<(), Trouble> {
    let mut wrong = Vec::new();
    for check in ["PRAGMA integrity_check(20)", "PRAGMA foreign_key_check"] {
        let mut statement = db.prepare(check)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let text: String = row.get(0)?;
            if text != "ok" {
                wrong.push(text);
            }
        }
    }
    if wrong.is_empty() {
        wrong = records::unsound(db)?;
    }
    if wrong.is_empty() { Ok(()) } else { Err(Trouble::Unsound(wrong)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        registry::{Edit, Kind, NAME, NICK, RecordId, What},
        store::{Find, Query, Rows, Store},
        time::Sid,
    };

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("slircd-{name}-{}", std::process::id()));
        // It is there only if an earlier run has left it.
        drop(fs::remove_dir_all(&folder));
        folder
    }

    fn register(store: &mut dyn Store, tick: u64, name: &str) {
        let at = Stamp { tick, server: Sid::FIRST };
        let fields = vec![
            (NAME.into(), Some(name.into())),
            (format!("{NICK}{name}").into(), Some(name.into())),
        ];
        let (id, what) = (RecordId(at), What::Write(fields));
        let edit = Edit { id, kind: Kind::Account, at, by: "test".into(), what };
        let done = store.ask(&Query::Propose(Box::new(edit)));
        assert!(matches!(done, Ok(Rows::Proposed(_))), "{done:?}");
    }

    fn knows(store: &mut dyn Store, name: &str) -> bool {
        let find = Find::Claim(format!("{NICK}{name}").into());
        matches!(store.ask(&Query::Find(find)), Ok(Rows::Record(Some(_))))
    }

    #[test]
    fn a_copy_is_made_while_the_store_is_in_use_and_another_goes_on_from_it() {
        let (one, two) = (folder("backup-one"), folder("backup-two"));
        let mut store = sqlite::open(&one).unwrap();
        let identify = Query::Identify { sid: None, random: 5, tick: 0 };
        store.ask(&identify).unwrap();
        register(&mut store, 10, "alice");
        fs::write(one.join("cloak.secret"), "abc").unwrap();
        let copy = one.join("copy.db");
        backup(&one, &copy).unwrap();
        register(&mut store, 20, "bob");
        assert!(matches!(backup(&one, &copy), Err(Trouble::Exists(_))));
        let now = Wall(1_700_000_000_000);
        assert!(matches!(restore(&copy, &one, true, now), Err(Trouble::Store(Error::Locked))));
        restore(&copy, &two, false, now).unwrap();
        assert!(matches!(restore(&copy, &two, false, now), Err(Trouble::HasData(_))));
        verify(&two).unwrap();
        let mut other = sqlite::open(&two).unwrap();
        assert!(knows(&mut other, "alice") && !knows(&mut other, "bob"));
        assert_eq!(fs::read_to_string(two.join("cloak.secret")).unwrap(), "abc");
        let Ok(Rows::Identity { life, clock, .. }) = other.ask(&identify) else { panic!() };
        assert!(life > now.secs() && clock >= Stamp::tick_at(now), "{life} {clock}");
        drop((store, other));
        restore(&copy, &one, true, now).unwrap();
        assert!(!knows(&mut sqlite::open(&one).unwrap(), "bob"));
        fs::remove_dir_all(one).unwrap();
        fs::remove_dir_all(two).unwrap();
    }

    #[test]
    fn what_is_no_copy_is_not_taken_for_one_and_damage_is_found() {
        let folder = folder("backup-bad");
        assert!(matches!(verify(&folder), Err(Trouble::NoDatabase(_))));
        let mut store = sqlite::open(&folder).unwrap();
        register(&mut store, 10, "alice");
        let bad = folder.join("bad");
        fs::write(&bad, vec![7; 9000]).unwrap();
        assert!(restore(&bad, &folder.join("x"), false, Wall(0)).is_err());
        let other = Connection::open(folder.join("other")).unwrap();
        other.execute_batch("CREATE TABLE meta (x)").unwrap();
        let refused = restore(&folder.join("other"), &folder.join("x"), false, Wall(0));
        assert!(matches!(refused, Err(Trouble::NoCopy)));
        let later = folder.join("later");
        backup(&folder, &later).unwrap();
        existing(&later).unwrap().unwrap().execute_batch("PRAGMA user_version = 1000").unwrap();
        let refused = restore(&later, &folder.join("x"), false, Wall(0));
        assert!(matches!(refused, Err(Trouble::Store(Error::TooNew(1000)))));
        verify(&folder).unwrap();
        let db = existing(&folder.join(sqlite::FILE)).unwrap().unwrap();
        db.execute_batch("UPDATE field SET value = 'mallory' WHERE key = 'name'").unwrap();
        assert!(matches!(verify(&folder), Err(Trouble::Unsound(_))), "a sum that is not right");
        db.execute_batch("DELETE FROM record").unwrap_err();
        drop((store, db, other));
        fs::remove_dir_all(folder).unwrap();
    }
}
