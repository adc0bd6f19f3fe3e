//! RESTART with the program itself: another program, the same process, the same listeners.

use super::{
    process::{FILES, Process},
    reload::{operator, with_operator},
};
use crate::client::{Client, PATIENCE};
use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

const TCP: &str = "[[listen]]\naddress = \"127.0.0.1:0\"\n";

/// Sets its flag when it goes, also with a test that fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Waits until the next program listens, everywhere.
fn begun(process: &mut Process, listeners: usize) {
    process.logged("is running as");
    for _ in 0..listeners {
        process.logged("listening on");
    }
}

/// Connects until it is told to stop; each time something must answer, or end the connection.
fn knock(address: SocketAddr, stop: &AtomicBool) -> usize {
    let mut answered = 0;
    while !stop.load(Ordering::Relaxed) {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // The program before may be ending it at this very moment.
        let asked = stream.write_all(b"CAP LS\r\n");
        let read = asked.and_then(|()| stream.read(&mut [0; 64]));
        answered += usize::from(read.is_ok_and(|len| len > 0));
    }
    answered
}

#[test]
fn nobody_who_connects_meanwhile_is_refused() {
    let limits = "[limits]\nnick = 9\n";
    let mut process = Process::start(&with_operator(TCP), FILES);
    let address = process.addresses[0];
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let knocking = scope.spawn(|| knock(address, &stop));
        let stopping = Stop(&stop);
        let text = fs::read_to_string(process.folder.join("slircd.toml")).unwrap();
        process.write("slircd.toml", &format!("{text}{limits}"));
        for reason in ["first", "second"] {
            let mut root = operator(&process);
            let mut alice = process.user("alice");
            root.send(&format!("RESTART irc.localhost :{reason}"));
            alice.expect(&format!("NOTICE alice :*** Server restarted by root: {reason}"));
            let lines = alice.until_the_end();
            assert!(lines.last().unwrap().contains(&format!("by root: {reason}")), "{lines:?}");
            begun(&mut process, 2);
        }
        let mut alice = process.connect();
        alice.send("NICK alice");
        alice.send("USER alice 0 * :Alice");
        // What needs a restart has had one.
        alice.expect("NICKLEN=9");
        drop(stopping);
        assert!(knocking.join().unwrap() > 0);
    });
    // It is still the process that the test has started.
    process.signal("TERM");
    let socket = process.folder.join("plain.sock");
    let (status, log) = process.end();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(!socket.exists());
}

#[test]
fn a_configuration_with_mistakes_ends_nothing() {
    let process = Process::start(&with_operator(""), FILES);
    let mut root = operator(&process);
    let mut alice = process.user("alice");
    process.write("slircd.toml", "[limits]\ntargets = 0\n");
    root.send("RESTART irc.localhost");
    root.expect("NOTICE root :The server would not start again, so it goes on as it is:");
    assert!(root.expect("slircd.toml:2: ").contains("`targets` must be from 1 to 20"));
    root.send("RESTART elsewhere.test");
    root.expect(" 400 root RESTART :This server is irc.localhost; ");
    alice.barrier();
    process.user("bob").barrier();
}

#[test]
fn listeners_that_are_wanted_no_more_are_closed_by_the_next_program() {
    let mut process = Process::start(&with_operator(TCP), FILES);
    let address = process.addresses[0];
    let mut root = operator(&process);
    let text = fs::read_to_string(process.folder.join("slircd.toml")).unwrap();
    process.write("slircd.toml", &text.replace("plain.sock", "other.sock").replace(TCP, ""));
    root.send("RESTART irc.localhost");
    root.until_the_end();
    begun(&mut process, 1);
    let mut alice = Client::local(&process.folder.join("other.sock")).unwrap();
    alice.register("alice");
    assert!(!process.folder.join("plain.sock").exists());
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn an_operator_can_end_the_server() {
    let process = Process::start(&with_operator(""), FILES);
    let mut root = operator(&process);
    root.send("DIE irc.localhost :moving");
    let lines = root.until_the_end();
    assert!(lines.last().unwrap().ends_with("Server shut down by root: moving"), "{lines:?}");
    let (status, log) = process.end();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.contains("DIE irc.localhost moving"), "{log}");
}
