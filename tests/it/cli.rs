//! The command line, by the binary.

use slircd::{
    sim::mmdb::{country, database},
    work::certificate,
};
use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
    process::{Command, Output, Stdio},
};

pub fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("slircd-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

pub fn slircd(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_slircd"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that does not read what it is given may have ended before.
    let written = child.stdin.take().unwrap().write_all(input.as_bytes());
    let unread = |error: io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    assert!(written.map_or_else(unread, |()| true));
    child.wait_with_output().unwrap()
}

#[test]
fn ten_mistakes_are_listed_with_their_lines() {
    let folder = folder("mistakes");
    let path = folder.join("bad.toml");
    let text = "[server]\nname = \"nodot\"\nnetwrok = \"x\"\ndescription = 5\n[limits]\nnick = 900\nping_interval = \"soon\"\nsend_queue = \"big\"\n[cloak]\nsecret = \"changeme\"\n[[listen]]\naddress = \"here\"\n[[oper]]\nname = \"a\"\n[logg]\n";
    fs::write(&path, text).unwrap();
    let output = slircd(&["check-config", "-c", path.to_str().unwrap()], "");
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(errors.lines().count(), 10, "{errors}");
    for line in [2, 3, 4, 6, 7, 8, 10, 12, 13, 15] {
        assert!(errors.contains(&format!("bad.toml:{line}: ")), "line {line}\n{errors}");
    }
    let output = slircd(&["run", "-c", path.to_str().unwrap()], "");
    assert_eq!(output.status.code(), Some(78));
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn wrong_arguments_are_told_apart_from_failures() {
    assert_eq!(slircd(&["dance"], "").status.code(), Some(2));
    assert_eq!(slircd(&["--nonsense"], "").status.code(), Some(2));
    let version = slircd(&["--version"], "");
    assert_eq!(
        String::from_utf8(version.stdout).unwrap(),
        format!("slircd {}\n", env!("CARGO_PKG_VERSION"))
    );
    assert!(String::from_utf8(slircd(&["--help"], "").stdout).unwrap().contains("check-config"));
}

#[test]
fn what_is_stored_is_copied_checked_and_restored() {
    let folder = folder("copies");
    let (config, copy) = (folder.join("slircd.toml"), folder.join("copy.db"));
    let data = folder.join("data");
    fs::write(&config, format!("[storage]\npath = {:?}\n", data.to_str().unwrap())).unwrap();
    let (config, copy) = (config.to_str().unwrap(), copy.to_str().unwrap());
    let ask = |arguments: &[&str]| {
        let output = slircd(&[arguments, &["-c", config]].concat(), "");
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, error) = ask(&["backup", copy]);
    assert_eq!(code, Some(1), "{error}");
    assert!(error.contains(&format!("there is no database in {}", data.display())), "{error}");
    assert_eq!(ask(&["backup"]).0, Some(2));
    drop(slircd::store::sqlite::open(&data).unwrap());
    for arguments in [&["backup", copy][..], &["verify-data"], &["restore", copy, "--force"]] {
        let (code, error) = ask(arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {error}");
    }
    let (data, lost) = (data.display(), folder.join("lost"));
    let within = lost.join("copy.db");
    let (lost, within) = (lost.to_str().unwrap(), within.to_str().unwrap());
    for (arguments, told) in [
        (&["backup", copy][..], format!("{copy} is there already, and is not overwritten")),
        (&["backup", within], format!("{lost}: ")),
        (&["restore", copy], format!("{data} holds a database already; --force replaces it")),
        (&["restore", lost], format!("there is no file {lost}")),
        (&["restore", config], "the file is no backup of slircd".into()),
    ] {
        let (code, error) = ask(arguments);
        assert_eq!(code, Some(1), "{error}");
        assert!(error.contains(&told), "{error}");
    }
    for arguments in [&["backup", "other", "--force"], &["verify-data", copy, "--force"]] {
        assert_eq!(ask(arguments).0, Some(2), "{arguments:?}");
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_data_folder_of_another_user_is_left_to_that_user() {
    let folder = folder("another");
    let data = folder.join("data");
    fs::create_dir(&data).unwrap();
    // Only root can give a folder away; whoever else runs this has no part in the root of the file system.
    let given = std::os::unix::fs::chown(&data, Some(12_345), None).is_ok();
    let (data, config) = (if given { data } else { "/".into() }, folder.join("slircd.toml"));
    fs::write(&config, format!("[storage]\npath = {:?}\n", data.to_str().unwrap())).unwrap();
    let copy = folder.join("copy.db");
    let copy = copy.to_str().unwrap();
    for arguments in [
        &["backup", copy][..],
        &["restore", copy, "--force"],
        &["verify-data"],
        &["account", "list"],
    ] {
        let output = slircd(&[arguments, &["-c", config.to_str().unwrap()]].concat(), "");
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {error}");
        assert!(error.contains(&format!("{} belongs to another user", data.display())), "{error}");
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_password_is_hashed_from_standard_input() {
    let output = slircd(&["hash-password"], "sesame\n");
    assert!(output.status.success());
    assert!(String::from_utf8(output.stdout).unwrap().starts_with("$argon2id$"));
    for nothing in ["", "\n"] {
        let output = slircd(&["hash-password"], nothing);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(output.stderr, b"slircd: the password is empty\n");
    }
}

/// Types passwords at a terminal: what it shows, and what was printed where no terminal is.
#[cfg(unix)]
fn type_passwords(typed: &[&str]) -> (String, Output) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use std::{fs::File, io::Read, time::Instant};

    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
    let open = || File::options().read(true).write(true).open(&name).unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_slircd"))
        .arg("hash-password")
        .stdin(open())
        .stdout(Stdio::piped())
        .stderr(open())
        .spawn()
        .unwrap();
    let mut terminal = File::from(terminal);
    let (mut shown, start) = (String::new(), Instant::now());
    for (question, answer) in ["Password: ", "The same again: "].into_iter().zip(typed) {
        while !shown.ends_with(question) {
            assert!(start.elapsed() < crate::client::PATIENCE, "it never asks: {shown}");
            let mut bytes = [0; 256];
            let len = terminal.read(&mut bytes).unwrap();
            shown += std::str::from_utf8(&bytes[..len]).unwrap();
        }
        terminal.write_all(format!("{answer}\n").as_bytes()).unwrap();
    }
    let output = child.wait_with_output().unwrap();
    let modes = rustix::termios::tcgetattr(&terminal).unwrap().local_modes;
    assert!(modes.contains(rustix::termios::LocalModes::ECHO), "it no longer shows what is typed");
    // With nobody at its other end a terminal ends in an error.
    drop(terminal.read_to_string(&mut shown));
    (shown, output)
}

#[cfg(unix)]
#[test]
fn a_password_is_typed_twice_and_never_shown() {
    let (shown, output) = type_passwords(&["open sesame", "open sesame"]);
    assert!(output.status.success(), "{shown}");
    assert!(String::from_utf8(output.stdout).unwrap().starts_with("$argon2id$"));
    assert_eq!(shown, "Password: \r\nThe same again: \r\n");
    let (shown, output) = type_passwords(&["open sesame", "open sesami"]);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), [].as_slice()));
    assert!(shown.ends_with("slircd: the passwords are not the same; nothing was made\r\n"));
    let (shown, output) = type_passwords(&["open\x03"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(shown.ends_with("slircd: the password could not be read: given up\r\n"), "{shown}");
}

#[test]
fn a_weak_cloak_secret_is_refused_with_advice_and_let_pass_for_tests() {
    let folder = folder("cloak");
    let path = folder.join("slircd.toml");
    for weak in ["changeme", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "my-secret-is-20-chars"] {
        fs::write(&path, format!("[cloak]\nsecret = \"{weak}\"\n")).unwrap();
        let output = slircd(&["run", "-c", path.to_str().unwrap()], "");
        assert_eq!(output.status.code(), Some(78));
        let errors = String::from_utf8(output.stderr).unwrap();
        let advice =
            "slircd.toml:2: `secret` can be guessed; make one with `openssl rand -base64 32`";
        assert!(errors.contains(advice), "{errors}");
        let allowed = Command::new(env!("CARGO_BIN_EXE_slircd"))
            .args(["check-config", "-c", path.to_str().unwrap()])
            .env("SLIRCD_ALLOW_INSECURE_CLOAK", "1")
            .output()
            .unwrap();
        assert!(allowed.status.success(), "{allowed:?}");
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn included_files_belong_to_the_configuration_and_so_do_their_mistakes() {
    let folder = folder("include");
    let path = folder.join("slircd.toml");
    let check = || slircd(&["check-config", "-c", path.to_str().unwrap()], "");
    let errors = || String::from_utf8(check().stderr).unwrap();
    fs::create_dir_all(folder.join("conf.d")).unwrap();
    fs::write(&path, "include = [\"conf.d/*.toml\"]\n[limits]\nnick = 20\n").unwrap();
    fs::write(folder.join("conf.d/a.toml"), "[limits]\ntargets = 2\n").unwrap();
    fs::write(folder.join("conf.d/b.txt"), "nothing that is read").unwrap();
    assert!(check().status.success(), "{}", errors());
    fs::write(folder.join("conf.d/b.toml"), "include = [\"x\"]\n[limits]\nnick = 10\n").unwrap();
    assert!(errors().contains("conf.d/b.toml:1: a file that is included cannot include"));
    assert!(errors().contains("conf.d/b.toml:3: `nick` is set a second time"), "{}", errors());
    fs::write(&path, "\ninclude = [\"lost.toml\"]\n").unwrap();
    assert!(errors().contains("slircd.toml:2: there is no file"), "{}", errors());
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn files_that_only_workers_or_look_ups_use_are_checked_too() {
    let folder = folder("atlas");
    let path = folder.join("slircd.toml");
    let text = "[geo]\ncountry = \"country.mmdb\"\nasn = \"lost.mmdb\"\n[[dnsbl]]\nname = \"a\"\nurl = \"https://a.test/{address}\"\nreplies = [\"200\"]\nca_file = \"ca.pem\"\n[mail]\nsendmail = \"lost-program\"\nfrom = \"irc@a.test\"\n";
    fs::write(&path, text).unwrap();
    fs::write(folder.join("country.mmdb"), "not one").unwrap();
    fs::write(folder.join("ca.pem"), "nothing").unwrap();
    let check = || slircd(&["check-config", "-c", path.to_str().unwrap()], "");
    let errors = String::from_utf8(check().stderr).unwrap();
    for wanted in [
        "slircd.toml:2: country.mmdb cannot be used: it is no MaxMind database (.mmdb)",
        "slircd.toml:3: there is no file lost.mmdb",
        "slircd.toml:8: ca.pem cannot be used: ",
        "slircd.toml:10: there is no file lost-program",
    ] {
        assert!(errors.contains(wanted), "{wanted}\n{errors}");
    }
    let good = database(24, &[("192.0.2.0/24", country("DE"))]);
    fs::write(folder.join("country.mmdb"), &good).unwrap();
    fs::write(folder.join("lost.mmdb"), &good).unwrap();
    fs::write(folder.join("lost-program"), "").unwrap();
    let (chain, _) = certificate::self_signed(&["a.test"]).unwrap();
    fs::write(folder.join("ca.pem"), chain).unwrap();
    assert!(check().status.success(), "{:?}", check());
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn files_are_looked_for_from_the_folder_of_the_configuration() {
    let folder = folder("files");
    let path = folder.join("slircd.toml");
    let text = "[server]\nmotd = \"motd.txt\"\n[[listen]]\naddress = \"[::1]:6697\"\ntls = { certificate = \"a.pem\", key = \"a.key\" }\n[cloak]\nsecret_file = \"cloak\"\n";
    fs::write(&path, text).unwrap();
    let check = || slircd(&["check-config", "-c", path.to_str().unwrap()], "");
    fs::write(folder.join("cloak"), "q8ZrT0aXw3LmN7cVbHy2KpUo\n").unwrap();
    let errors = String::from_utf8(check().stderr).unwrap();
    // What is wrong with files is told together with what is wrong in this one.
    fs::write(&path, format!("{text}[dsn]\n")).unwrap();
    let all = String::from_utf8(check().stderr).unwrap();
    assert_eq!(
        all.strip_prefix(&errors).map(|more| more.contains("toml:8: ")),
        Some(true),
        "{all}"
    );
    fs::write(&path, text).unwrap();
    for part in [
        "toml:2: there is no file motd.txt",
        "toml:5: there is no file a.pem",
        "toml:5: there is no file a.key",
    ] {
        assert!(errors.contains(part), "{part}\n{errors}");
    }
    let (chain, key) = slircd::work::certificate::self_signed(&["localhost"]).unwrap();
    for (name, text) in [("motd.txt", "hello"), ("a.pem", &chain), ("a.key", &key)] {
        fs::write(folder.join(name), text).unwrap();
    }
    assert!(check().status.success(), "{:?}", check());
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_port_that_is_taken_is_said_to_be_so() {
    let folder = folder("taken");
    let path = folder.join("slircd.toml");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let storage = format!("[storage]\npath = \"{}/data\"\n", folder.display());
    fs::write(&path, format!("[[listen]]\naddress = \"{address}\"\n{storage}")).unwrap();
    let output = slircd(&["run", "-c", path.to_str().unwrap()], "");
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains(&format!("cannot listen on {address}: ")), "{errors}");
    assert!(errors.contains("another program listens there"), "{errors}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_example_configuration_is_right() {
    let folder = folder("example");
    let path = folder.join("slircd.toml");
    fs::write(&path, slircd(&["example-config"], "").stdout).unwrap();
    assert!(slircd(&["check-config", "-c", path.to_str().unwrap()], "").status.success());
    fs::remove_dir_all(folder).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_a_failure() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_slircd"))
        .arg("example-config")
        .stdout(full)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("cannot be written to"));
}

#[test]
fn a_data_folder_that_cannot_be_used_is_said_to_be_so() {
    let folder = folder("data");
    let (path, file) = (folder.join("slircd.toml"), folder.join("file"));
    fs::write(&file, "").unwrap();
    fs::write(&path, format!("[storage]\npath = \"{}/data\"\n", file.display())).unwrap();
    let output = slircd(&["run", "-c", path.to_str().unwrap()], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("cannot be used"));
    fs::remove_dir_all(folder).unwrap();
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_and_not_waited_for() {
    let folder = folder("pipes");
    let (pipe, path) = (folder.join("pipe"), folder.join("a.toml"));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let check = |name: &str| {
        fs::write(&path, format!("[server]\nmotd = \"{name}\"\n")).unwrap();
        let output = slircd(&["check-config", "-c", path.to_str().unwrap()], "");
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    for name in [pipe.to_str().unwrap(), "/dev/zero"] {
        let wanted = format!("a.toml:2: {name} is a pipe, a socket or a device; name a file\n");
        assert!(check(name).ends_with(&wanted), "{}", check(name));
    }
    assert!(check("/tmp").ends_with("a.toml:2: /tmp is a folder; name a file\n"));
    let large = folder.join("large");
    fs::File::create(&large).unwrap().set_len((1 << 20) + 1).unwrap();
    let errors = check(large.to_str().unwrap());
    assert!(errors.ends_with("is larger than 1048576 bytes\n"), "{errors}");
    fs::write(&large, b"\xff\n").unwrap();
    let errors = check(large.to_str().unwrap());
    assert!(errors.ends_with("is not text in UTF-8\n"), "{errors}");
    fs::remove_dir_all(folder).unwrap();
}
