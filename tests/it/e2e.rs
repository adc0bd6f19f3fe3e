//! The real binary, over TCP.

use crate::{
    client::Client,
    sockets::process::{FILES, Process},
};

/// A server without anything that it need not have.
fn start() -> Process {
    let text = "[storage]\npath = \"FOLDER/data\"\n[[listen]]\naddress = \"127.0.0.1:0\"\n";
    Process::start(text, FILES)
}

fn user(server: &Process, nick: &str) -> Client {
    let mut client = Client::plain(server.addresses[0]);
    client.register(nick);
    client
}

#[test]
fn two_people_chat_in_a_channel() {
    let server = start();
    let (mut alice, mut bob) = (user(&server, "alice"), user(&server, "bob"));
    alice.send("JOIN #a");
    alice.expect(" 366 ");
    bob.send("JOIN #a");
    bob.send("PRIVMSG #a :hi there");
    assert!(alice.expect("PRIVMSG").ends_with(".ip PRIVMSG #a :hi there"));
}

#[test]
fn bad_lines_get_their_numeric_and_disturb_nobody() {
    let server = start();
    let (mut alice, mut bob) = (user(&server, "alice"), user(&server, "bob"));
    alice.send(&format!("PRIVMSG bob :{}", "x".repeat(600)));
    alice.expect(" 417 alice ");
    alice.send(&format!("@{} PING x", "t".repeat(4095)));
    alice.expect(" 417 alice ");
    alice.send_bytes(b"PRIVMSG bob :\xff\xfe\r\n");
    alice.expect("FAIL PRIVMSG INVALID_UTF8");
    alice.send(&format!("JOIN {}", "p ".repeat(200)));
    alice.expect(" 476 alice p ");
    alice.send_bytes(b"PING a\0b\r\n");
    alice.expect("PONG");
    let mut half = Client::plain(server.addresses[0]);
    half.send_bytes(b"NICK ha");
    drop(half);
    bob.send("PING still-here");
    bob.expect("still-here");
}

#[test]
fn an_account_that_was_reported_as_registered_outlives_a_kill() {
    let mut server = start();
    let mut alice = user(&server, "alice");
    alice.send("REGISTER * * open-sesame");
    alice.expect(" REGISTER SUCCESS alice ");
    server.kill();
    server.again();
    let mut bob = user(&server, "bob");
    bob.send("CAP REQ sasl");
    // NUL alice NUL and another password, then the right one.
    for (message, told) in
        [("AGFsaWNlAG9wZW4tYmFybGV5", " 904 bob "), ("AGFsaWNlAG9wZW4tc2VzYW1l", " 903 bob ")]
    {
        bob.send("AUTHENTICATE PLAIN");
        bob.send(&format!("AUTHENTICATE {message}"));
        bob.expect(told);
    }
}
