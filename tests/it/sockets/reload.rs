//! What changes while the program runs, and what does not.

use super::process::{FILES, PLAIN, Process, SECURE};
use crate::client::{Client, PATIENCE};
use slircd::work::{certificate, password};
use std::{fs, time::Instant};

/// The configuration of a server whose operator is called `root`, with the password `sesame`.
pub fn with_operator(more: &str) -> String {
    let hash = password::hash("sesame").unwrap();
    format!("{PLAIN}[[oper]]\nname = \"root\"\npassword = \"{hash}\"\n{more}")
}

pub fn operator(process: &Process) -> Client {
    let mut root = process.user("root");
    root.send("OPER root sesame");
    root.expect(" 381 ");
    root
}

#[test]
fn rehash_lists_every_mistake_and_changes_nothing() {
    let process = Process::start(&with_operator(""), FILES);
    let mut root = operator(&process);
    process.write(
        "slircd.toml",
        "[server]\nnetwrok = \"x\"\n[limits]\ntargets = 0\n[[listen]]\naddress = \"unix:FOLDER/other.sock\"\n",
    );
    root.send("REHASH");
    root.expect(" 382 ");
    root.expect("NOTICE root :The configuration has mistakes and stays as it was:");
    assert!(root.expect("slircd.toml:2: ").contains("did you mean `network`?"));
    root.expect("slircd.toml:4: `targets` must be from 1 to 20");
    root.barrier();
    assert!(!process.folder.join("other.sock").exists());
    let mut alice = process.user("alice");
    alice.send("OPER root sesame");
    alice.expect(" 381 ");
}

#[test]
fn only_an_operator_may_have_it_read_again() {
    let process = Process::start(&with_operator(""), FILES);
    let mut alice = process.user("alice");
    alice.send("REHASH");
    alice.expect(" 481 ");
    alice.send("OPER root wrong");
    alice.expect(" 464 ");
    alice.send("REHASH");
    alice.expect(" 481 ");
}

#[test]
pub fn operators_limits_and_the_message_of_the_day_change_at_once_and_the_rest_is_named() {
    let mut process = Process::start(&with_operator("class = \"admin\"\n"), FILES);
    let mut root = operator(&process);
    root.send("MOTD");
    root.expect(" 422 ");
    let hash = password::hash("open").unwrap();
    process.write("motd.txt", "Tea at five\n");
    process.write(
        "slircd.toml",
        &format!(
            "{PLAIN}[[oper]]\nname = \"new\"\npassword = \"{hash}\"\n\
             [server]\nname = \"other.test\"\nmotd = \"motd.txt\"\n\
             [limits]\ntargets = 1\nnick = 9\n"
        ),
    );
    root.send("REHASH");
    root.expect("read again; a restart is needed for: server.name, limits.nick.");
    root.send("MOTD");
    root.expect(":- Tea at five");
    let mut alice = process.user("alice");
    alice.send("PRIVMSG root,root :twice");
    alice.expect(" 407 ");
    alice.send("OPER root sesame");
    alice.expect(" 464 ");
    alice.send("OPER new open");
    assert!(alice.expect(" 381 ").starts_with(":irc.localhost 381 "), "the name has not changed");
    // A signal does the same, and says so in the log.
    process.signal("HUP");
    process.logged("a restart is needed for: server.name, limits.nick");
}

#[test]
fn a_certificate_is_exchanged_when_its_files_change() {
    let mut process = Process::start(&format!("{PLAIN}{SECURE}"), FILES);
    let socket = process.folder.join("secure.sock");
    let first = Client::secure_local(&socket).1;
    // A pair that does not fit is said once, and the one before stays.
    let (_, key) = certificate::self_signed(&["localhost"]).unwrap();
    fs::write(process.folder.join("tls.key"), key).unwrap();
    let line = process.logged("a certificate has changed");
    assert!(line.contains("tls.key cannot be used: the key belongs to another"), "{line}");
    assert_eq!(Client::secure_local(&socket).1, first);
    let second = Process::certify(&process.folder.join("tls"));
    let line = process.logged("certificate");
    assert!(line.contains("certificate files have changed and are used from now on"), "{line}");
    let start = Instant::now();
    while Client::secure_local(&socket).1 != second {
        assert!(start.elapsed() < PATIENCE, "it is never exchanged");
    }
}

#[test]
fn a_configuration_that_is_being_written_does_not_disturb_the_certificates() {
    let mut process = Process::start(&format!("{PLAIN}{SECURE}"), FILES);
    process.write("slircd.toml", "[listen");
    Process::certify(&process.folder.join("tls"));
    let line = process.logged("certificate");
    assert!(line.contains("certificate files have changed and are used from now on"), "{line}");
}

#[test]
fn a_certificate_that_does_not_fit_is_a_mistake_like_any_other() {
    let mut process = Process::start(&format!("{PLAIN}{SECURE}"), FILES);
    let (_, key) = certificate::self_signed(&["localhost"]).unwrap();
    fs::write(process.folder.join("tls.key"), key).unwrap();
    process.signal("HUP");
    process.logged("the configuration has mistakes and stays as it was");
    let line = process.logged("slircd.toml:");
    assert!(line.contains("the key belongs to another certificate"), "{line}");
    process.user("alice").barrier();
}

#[test]
fn a_file_without_listeners_does_not_close_the_last() {
    let mut process = Process::start(PLAIN, FILES);
    process.write("slircd.toml", "");
    process.signal("HUP");
    process.logged("there is no [[listen]] any more");
    process.user("alice").barrier();
}

#[test]
pub fn operators_hear_of_a_listener_that_cannot_be_opened() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut process = Process::start(&with_operator(""), FILES);
    let mut root = operator(&process);
    root.send("MODE root +s");
    root.expect(" 008 ");
    let text = fs::read_to_string(process.folder.join("slircd.toml")).unwrap();
    let address = taken.local_addr().unwrap();
    process.write("slircd.toml", &format!("{text}\n[[listen]]\naddress = \"{address}\"\n"));
    root.send("REHASH");
    root.expect(" 382 ");
    let told = root.expect("NOTICE root :*** ");
    assert!(told.contains(&address.to_string()), "{told}");
    process.logged(&address.to_string());
    process.user("alice").barrier();
}
