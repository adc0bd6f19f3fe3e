//! `slircd account`, with a server and without.

use crate::{
    cli::slircd,
    sockets::process::{FILES, PLAIN, Process},
};
use slircd::{
    registry::{Edit, Kind, What},
    store::{Find, Query, Rows, Store},
};
use std::path::Path;

/// What the subcommand says, and whether it has done what it should.
fn account(folder: &Path, words: &[&str], input: &str) -> (bool, String) {
    let config = folder.join("slircd.toml");
    let output = slircd(&[&["account"], words, &["-c", config.to_str().unwrap()]].concat(), input);
    let text = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
    (output.status.success(), text)
}

fn done(folder: &Path, words: &[&str], input: &str) -> String {
    let (done, text) = account(folder, words, input);
    assert!(done, "{words:?}: {text}");
    text
}

#[track_caller]
fn refused(folder: &Path, words: &[&str], input: &str, why: &str) {
    let (done, text) = account(folder, words, input);
    assert!(!done && text.contains(why), "{words:?}: {text}");
}

/// Whether somebody gets in with a password.
#[track_caller]
fn logs_in(process: &Process, password: &str, told: &str) {
    let mut client = process.user("guest");
    client.send(&format!("NS IDENTIFY Root {password}"));
    client.expect(told);
    client.send("QUIT");
    client.until_the_end();
}

/// Writes to the only account that whoever logs in has to give a code.
fn wants_codes(data: &Path) {
    let mut store = slircd::store::sqlite::open(data).unwrap();
    let find = Query::Find(Find::Claim("nick:root".into()));
    let Ok(Rows::Record(Some(record))) = store.ask(&find) else { panic!() };
    let (id, at) = (record.id, record.id.0);
    let what = What::Write(vec![("2fa".into(), Some("on".into()))]);
    let edit = Edit { id, kind: Kind::Account, at, by: "test".into(), what };
    let answer = store.ask(&Query::Propose(Box::new(edit)));
    assert!(matches!(answer, Ok(Rows::Proposed(_))), "{answer:?}");
}

#[test]
fn the_first_account_is_made_and_a_lost_password_replaced_whether_or_not_the_server_runs() {
    let more = "[limits]\nlogin_burst = 100\n[accounts]\nreserved = [\"boss\"]\n";
    let mut process = Process::start(&format!("{PLAIN}{more}"), FILES);
    let folder = process.folder.clone();
    process.kill();
    let folder = folder.as_path();
    assert_eq!(
        done(folder, &["add", "Root", "root@mail.example"], "sesame-open\n"),
        "the account Root is made\n"
    );
    refused(folder, &["add", "root"], "other-word\n", "root belongs to an account already");
    refused(folder, &["add", "boss"], "other-word\n", "no account can be called boss");
    refused(folder, &["add", "a b"], "other-word\n", "no account can be called a b");
    refused(folder, &["add", "carl"], "\n", "the password is too short");
    refused(folder, &["add", "carl"], "7 chars\n", "the password is too short ([accounts]");
    refused(folder, &["add", "carl"], &format!("{:513}\n", "x"), "the password is too long");
    refused(folder, &["reset-password", "root"], "7 chars\n", "the password is too short");
    refused(folder, &["add", "carl", "nowhere"], "other-word\n", "nowhere is no mail address");
    refused(folder, &["info", "nobody"], "", "there is no account nobody");
    let text = done(folder, &["info", "ROOT"], "");
    assert!(text.contains("mail = \"root@mail.example\", by the command line"), "{text}");
    assert!(text.contains("password = (not shown)") && !text.contains("$argon2"), "{text}");
    process.again();
    logs_in(&process, "sesame-open", " 900 ");
    // The server runs, and takes what it is given.
    refused(folder, &["add", "root"], "sesame-open\n", "root belongs to an account already");
    done(folder, &["reset-password", "root"], "open-sesame\n");
    logs_in(&process, "sesame-open", "Invalid password for Root");
    logs_in(&process, "open-sesame", " 900 ");
    process.kill();
    done(folder, &["suspend", "root", "for a while"], "");
    process.again();
    logs_in(&process, "open-sesame", "suspended");
    let text = done(folder, &["list", "r*"], "");
    assert!(text.ends_with("  Root  suspended\n") && text.lines().count() == 1, "{text}");
    process.kill();
    done(folder, &["unsuspend", "root"], "");
    assert_eq!(
        done(folder, &["reset-password", "root"], "open-sesame\n"),
        "Root has another password, and whoever was logged in to it is logged out\n"
    );
    wants_codes(&folder.join("data"));
    let text = done(folder, &["reset-password", "root"], "open-sesame\n");
    assert!(text.contains("`slircd account drop-totp Root` ends that"), "{text}");
    done(folder, &["drop-totp", "root"], "");
    assert!(done(folder, &["list"], "").ends_with("  Root\n"));
    done(folder, &["delete", "root"], "");
    assert_eq!(done(folder, &["list"], ""), "");
    slircd::store::backup::verify(&folder.join("data")).unwrap();
}

#[test]
fn what_is_handed_over_is_done_once_though_the_server_is_killed() {
    let mut process = Process::start(PLAIN, FILES);
    let folder = process.folder.clone();
    let db = rusqlite::Connection::open(folder.join("data/slircd.db")).unwrap();
    let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, u32>(0)).unwrap();
    let moments = [
        // Before the server has found it, after it has done it, and before with no other life to come.
        ("one", "SELECT count(*) FROM handed", true),
        ("two", "SELECT count(*) FROM claim WHERE key = 'nick:two'", true),
        ("three", "SELECT count(*) FROM handed WHERE outcome IS NULL", false),
    ];
    for (name, happens, lives_again) in moments {
        let at = folder.clone();
        let command = std::thread::spawn(move || account(&at, &["add", name], "sesame-open\n"));
        while count(happens) == 0 {
            std::thread::yield_now();
        }
        process.kill();
        if lives_again {
            process.again();
        }
        let told = (true, format!("the account {name} is made\n"));
        assert_eq!(command.join().unwrap(), told);
    }
    let text = done(&folder, &["list"], "");
    let names: Vec<&str> = text.lines().filter_map(|line| line.split("  ").nth(1)).collect();
    assert_eq!(names, ["one", "two", "three"]);
    assert_eq!(count("SELECT count(*) FROM handed"), 0);
}

#[test]
fn what_can_be_done_is_said() {
    let folder = crate::cli::folder("account");
    let help = slircd(&["account"], "");
    assert!(String::from_utf8(help.stdout).unwrap().contains("reset-password NAME"));
    for words in [&["account", "dance"][..], &["account", "info"], &["account", "list", "a", "b"]] {
        assert_eq!(slircd(words, "").status.code(), Some(2), "{words:?}");
    }
    let data = format!("[storage]\npath = {:?}\n", folder.join("data").to_str().unwrap());
    std::fs::write(folder.join("slircd.toml"), data).unwrap();
    refused(&folder, &["list"], "", "there is no database in ");
    std::fs::remove_dir_all(folder).unwrap();
}
