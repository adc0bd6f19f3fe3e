//! What the program does when its database cannot be used, and that it goes on by itself.

use super::{
    process::{FILES, Process},
    reload::{operator, with_operator},
};
use crate::{cli::slircd, client::Client};
use rusqlite::Connection;
use slircd::store::backup;
use std::{fs, os::unix::fs::FileExt};

/// An operator who hears of faults.
pub fn watcher(process: &Process) -> Client {
    let mut root = operator(process);
    root.send("MODE root +s +r");
    root.barrier();
    root
}

/// That somebody can, or cannot, register an account now.
pub fn registers(client: &mut Client, can: bool) {
    client.send("REGISTER * * open-sesame");
    client.expect(if can { "REGISTER SUCCESS" } else { "FAIL REGISTER TEMPORARILY_UNAVAILABLE" });
}

#[test]
fn a_file_that_another_program_holds_is_waited_for() {
    let process = Process::start(&with_operator(""), FILES);
    let (mut root, mut alice) = (watcher(&process), process.user("alice"));
    let other = Connection::open(process.folder.join("data/slircd.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    registers(&mut alice, false);
    root.expect("cannot be written to: another program, or another slircd, is using the database");
    // It is refused at once, and chat goes on.
    registers(&mut alice, false);
    root.send("PRIVMSG alice :still here");
    alice.expect(":still here");
    other.execute_batch("ROLLBACK").unwrap();
    root.expect("the database can be written to again");
    registers(&mut alice, true);
}

#[test]
fn a_file_that_cannot_grow_is_written_to_again_when_it_can() {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};

    let process = Process::start(&with_operator(""), FILES);
    let (mut root, mut alice) = (watcher(&process), process.user("alice"));
    let pid = Pid::from_raw(process.pid() as i32);
    let limit = |most: Option<u64>| {
        let new = Rlimit { current: most, maximum: None };
        prlimit(pid, Resource::Fsize, new).unwrap();
    };
    limit(Some(4096));
    registers(&mut alice, false);
    root.expect("cannot be written to: the disk cannot be read or written");
    registers(&mut alice, false);
    limit(None);
    root.expect("the database can be written to again");
    registers(&mut alice, true);
}

#[test]
fn a_damaged_file_is_noticed_and_a_backup_brings_back_what_it_had() {
    let mut process = Process::start(&with_operator(""), FILES);
    let mut alice = process.user("alice");
    registers(&mut alice, true);
    let data = process.folder.join("data");
    backup::backup(&data, &process.folder.join("copy")).unwrap();
    process.kill();
    damage(&data.join("slircd.db"));
    process.again();
    process.logged("the database is damaged, or is no database");
    let mut root = operator(&process);
    root.send("STATS s");
    root.expect("slircd restore FILE --force");
    root.expect(" 219 ");
    root.send("JOIN #a");
    root.expect(" 366 ");
    process.kill();
    let restored = backup::restore(&process.folder.join("copy"), &data, true, now());
    assert!(restored.is_ok(), "{restored:?}");
    process.again();
    process.logged("the database is whole");
    let mut bob = process.user("bob");
    bob.send("NS IDENTIFY alice open-sesame");
    bob.expect(" 900 ");
}

#[test]
fn a_file_of_a_later_version_is_left_alone_and_said_to_be_one() {
    let folder = crate::cli::folder("later");
    let data = folder.join("data");
    drop(slircd::store::sqlite::open(&data).unwrap());
    let db = Connection::open(data.join("slircd.db")).unwrap();
    db.execute_batch("PRAGMA user_version = 1000").unwrap();
    let config = folder.join("slircd.toml");
    fs::write(&config, format!("[storage]\npath = {:?}\n", data.to_str().unwrap())).unwrap();
    for words in [&["run"][..], &["account", "add", "bob"]] {
        let output = slircd(&[words, &["-c", config.to_str().unwrap()]].concat(), "sesame-open\n");
        let text = String::from_utf8(output.stderr).unwrap();
        let told = "the database is of a later version of slircd (schema 1000); run that version";
        assert!(output.status.code() == Some(1) && text.contains(told), "{text}");
    }
    fs::remove_dir_all(folder).unwrap();
}

fn now() -> slircd::time::Wall {
    slircd::reactor::system::wall()
}

/// Writes nonsense over the page on which the fields of records begin.
fn damage(path: &std::path::Path) {
    let db = Connection::open(path).unwrap();
    let number =
        |sql: &str| -> u64 { db.query_row(sql, [], |row| row.get::<_, u32>(0)).unwrap().into() };
    let page = number("SELECT rootpage FROM sqlite_master WHERE name = 'field'");
    let size = number("PRAGMA page_size");
    db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(db);
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(&vec![0x5a; size as usize], (page - 1) * size).unwrap();
}
