//! What connections may do, and what they may not do to each other.

use super::running::Running;
use slircd::{config::Limits, work::certificate};
use std::time::Duration;

#[test]
fn two_clients_talk_in_a_channel() {
    let server = Running::start(Running::limits());
    let (mut alice, mut bob) = (server.user("alice"), server.user("bob"));
    alice.send("JOIN #a");
    alice.expect(" 366 ");
    bob.send("JOIN #a");
    bob.expect(" 366 ");
    alice.expect("JOIN");
    alice.send("PRIVMSG #a :hello there");
    assert!(bob.expect("PRIVMSG").ends_with("PRIVMSG #a :hello there"));
    bob.send("QUIT :bye");
    alice.expect("QUIT");
    assert!(bob.until_the_end().iter().any(|line| line.starts_with("ERROR ")));
}

#[test]
fn plain_and_encrypted_clients_talk() {
    let server = Running::start(Running::limits());
    let mut alice = server.user("alice");
    let (chain, key) = certificate::self_signed(&["bob"]).unwrap();
    let mut bob = server.secure(Some((&chain, &key)));
    bob.register("bob");
    for number in 0..100 {
        alice.send(&format!("PRIVMSG bob :{number}"));
    }
    for number in 0..100 {
        assert!(bob.expect("PRIVMSG").ends_with(&format!(":{number}")));
    }
    bob.send("PRIVMSG alice :here");
    alice.expect(":here");
    bob.send("QUIT");
    bob.until_the_end();
}

#[test]
fn plain_text_on_a_tls_port_gets_a_plain_error() {
    let server = Running::start(Running::limits());
    let mut client = server.plain_on_secure();
    client.send("NICK alice");
    let lines = client.until_the_end();
    assert_eq!(lines, ["ERROR :Closing link: this port speaks TLS"]);
    server.user("alice");
}

#[test]
fn half_a_line_and_a_closed_socket_disturb_nobody() {
    let server = Running::start(Running::limits());
    let mut alice = server.user("alice");
    alice.send("JOIN #a");
    let mut bob = server.user("bob");
    bob.send("JOIN #a");
    bob.barrier();
    bob.send_bytes(b"PRIVMSG #a :half a li");
    drop(bob);
    alice.expect("QUIT");
    assert!(alice.barrier().iter().all(|line| !line.contains("half")));
    // And one that never said a word.
    drop(server.plain());
    drop(server.plain_on_secure());
    alice.barrier();
}

#[test]
fn a_line_in_pieces_is_one_line() {
    let server = Running::start(Running::limits());
    let mut alice = server.user("alice");
    let mut bob = server.user("bob");
    for byte in b"PRIVMSG alice :one piece after the other" {
        bob.send_bytes(&[*byte]);
        assert_eq!(alice.barrier(), [""; 0]);
    }
    bob.send_bytes(b"\r\n");
    alice.expect(":one piece after the other");
}

#[test]
fn a_line_too_long_gets_417_and_one_without_end_is_disconnected() {
    let server = Running::start(Running::limits());
    let mut alice = server.user("alice");
    alice.send(&format!("PRIVMSG alice :{}", "x".repeat(600)));
    alice.expect(" 417 ");
    alice.barrier();
    let mut bob = server.user("bob");
    bob.send_bytes(&[b'x'; 70_000]);
    assert!(bob.until_the_end().iter().any(|line| line.starts_with("ERROR ")));
    alice.barrier();
}

#[test]
fn a_client_that_never_reads_reaches_its_limit_while_others_go_on() {
    let limits = Limits { send_queue: 64 << 10, flood_burst: 1_000_000, ..Running::limits() };
    let server = Running::start(limits);
    let (mut alice, mut bob) = (server.user("alice"), server.user("bob"));
    let mut deaf = server.user("deaf");
    for client in [&mut alice, &mut bob, &mut deaf] {
        client.send("JOIN #a");
        client.barrier();
    }
    let lines = format!("PRIVMSG #a :{}\r\n", "x".repeat(400)).repeat(20);
    let mut gone = false;
    for _ in 0..2000 {
        alice.send_bytes(lines.as_bytes());
        bob.barrier();
        if alice.barrier().iter().any(|line| line.contains("QUIT")) {
            gone = true;
            break;
        }
    }
    assert!(gone, "its queue has no limit");
    bob.barrier();
    alice.send("PRIVMSG bob :still here");
    bob.expect(":still here");
}

#[test]
fn a_client_that_floods_is_slowed_and_the_others_are_not() {
    let limits =
        Limits { flood_burst: 5, flood_interval: Duration::from_millis(10), ..Running::limits() };
    let server = Running::start(limits);
    let mut flooder = server.plain();
    flooder.send_bytes(b"NICK flooder\r\nUSER f 0 * :f\r\n");
    flooder.expect(" 001 ");
    flooder.send_bytes("PING x\r\n".repeat(40).as_bytes());
    let mut alice = server.plain();
    alice.send_bytes(b"NICK alice\r\nUSER a 0 * :a\r\n");
    alice.expect(" 001 ");
    // Every line is answered in the end, none is lost and nobody is disconnected.
    for _ in 0..40 {
        flooder.expect("PONG");
    }
}

#[test]
fn a_thousand_connections_are_served() {
    let server = Running::start(Running::limits());
    let mut idle: Vec<_> = (0..1000).map(|_| server.plain()).collect();
    let mut alice = server.user("alice");
    alice.barrier();
    idle[999].register("last");
    idle[999].send("PRIVMSG alice :from the last");
    alice.expect(":from the last");
}

#[test]
fn an_address_has_so_many_connections_and_no_more() {
    let server = Running::start(Limits { clients_per_address: 2, ..Running::limits() });
    let (mut alice, mut bob) = (server.user("alice"), server.user("bob"));
    let lines = server.plain().until_the_end();
    assert!(lines[0].starts_with("ERROR :Closing link: "), "{lines:?}");
    // A refusal costs no handshake, and so it is plain.
    let lines = server.plain_on_secure().until_the_end();
    assert!(lines[0].starts_with("ERROR :Closing link: "), "{lines:?}");
    bob.send("QUIT");
    bob.until_the_end();
    drop(bob);
    // The place is free when the server has seen that the connection has gone.
    loop {
        let mut next = server.plain();
        next.send("NICK carol\r\nUSER carol 0 * :carol");
        if next.line().is_some_and(|line| !line.starts_with("ERROR ")) {
            break;
        }
    }
    alice.barrier();
}

#[test]
fn a_server_that_stops_says_so_to_everybody() {
    let server = Running::start(Running::limits());
    let mut alice = server.user("alice");
    let mut bob = server.secure(None);
    bob.register("bob");
    server.stop();
    for client in [&mut alice, &mut bob] {
        let lines = client.until_the_end();
        assert!(lines.last().unwrap().starts_with("ERROR "), "{lines:?}");
    }
    server.join();
}
