//! Whatever somebody sends, the others chat on.

use super::running::Running;
use crate::client::Client;
use slircd::config::Limits;

/// Two people who talk in a channel, and somebody else on the same server.
struct Scene {
    server: Running,
    alice: Client,
    bob: Client,
    said: usize,
}

impl Scene {
    fn new(limits: Limits) -> Scene {
        let server = Running::start(limits);
        let (mut alice, mut bob) = (server.user("alice"), server.user("bob"));
        for client in [&mut alice, &mut bob] {
            client.send("JOIN #a");
            client.barrier();
        }
        alice.barrier();
        Scene { server, alice, bob, said: 0 }
    }

    /// Both talk, and hear each other and nothing else.
    fn goes_on(&mut self) {
        self.said += 1;
        let text = format!("PRIVMSG #a :line {}", self.said);
        let (mut speaker, mut listener) = (&mut self.alice, &mut self.bob);
        for _ in 0..2 {
            speaker.send(&text);
            speaker.barrier();
            let heard = listener.barrier();
            assert!(matches!(heard.as_slice(), [line] if line.ends_with(&text)), "{heard:?}");
            std::mem::swap(&mut speaker, &mut listener);
        }
    }
}

#[test]
fn a_line_may_have_510_bytes_and_one_of_511_gets_417() {
    let mut scene = Scene::new(Running::limits());
    let mut mallory = scene.server.user("mallory");
    let line = |len: usize| format!("{:x<len$}", "PRIVMSG mallory :");
    mallory.send(&line(510));
    // What does not fit behind the source is cut, and the line is 512 bytes long.
    assert_eq!(mallory.expect("PRIVMSG mallory :xxx").len(), 510);
    mallory.send(&line(511));
    assert!(mallory.expect(" 417 ").ends_with(" 417 mallory :Input line was too long"));
    assert_eq!(mallory.barrier(), [""; 0]);
    scene.goes_on();
}

#[test]
fn what_is_not_utf8_is_refused_and_never_sent_on() {
    let mut scene = Scene::new(Running::limits());
    let mut mallory = scene.server.user("mallory");
    mallory.send("JOIN #a");
    mallory.barrier();
    scene.alice.expect("JOIN");
    scene.bob.expect("JOIN");
    mallory.send_bytes(b"PRIVMSG #a :caf\xe9\r\n");
    let line = mallory.expect("FAIL");
    assert!(line.contains("FAIL PRIVMSG INVALID_UTF8 :"), "{line}");
    mallory.send_bytes(b"\xff\xfe\xfd\r\n@\x80 PING x\r\n");
    mallory.expect("FAIL * INVALID_UTF8");
    mallory.expect("FAIL PING INVALID_UTF8");
    scene.goes_on();
}

#[test]
fn nul_never_reaches_anybody() {
    let mut scene = Scene::new(Running::limits());
    let mut mallory = scene.server.user("mallory");
    mallory.send("JOIN #a");
    mallory.barrier();
    for client in [&mut scene.alice, &mut scene.bob] {
        client.expect("JOIN");
    }
    mallory.send_bytes(b"PRIVMSG #a :one\0two\r\n");
    for client in [&mut scene.alice, &mut scene.bob] {
        assert!(client.expect("PRIVMSG").ends_with(":onetwo"));
    }
    mallory.send_bytes(b"NICK a\0b\r\n");
    assert!(mallory.expect(" 432 ").contains("Erroneous"));
    mallory.send_bytes(b"\0\0\0\r\n\0PING x\r\n");
    mallory.expect(" 421 ");
    mallory.barrier();
    scene.goes_on();
}

#[test]
fn hundreds_of_parameters_are_fifteen_and_thousands_are_too_long() {
    let mut scene = Scene::new(Running::limits());
    let mut mallory = scene.server.user("mallory");
    mallory.send(&format!("JOIN{}", " x".repeat(250)));
    mallory.expect(" 476 mallory x ");
    mallory.send(&format!("MODE #a{}", " +b".repeat(120)));
    mallory.send(&format!("JOIN{}", " x".repeat(5000)));
    mallory.expect(" 417 ");
    mallory.send(&format!("{}PING x", " ".repeat(500)));
    mallory.barrier();
    scene.goes_on();
}

#[test]
fn tags_have_4094_bytes_from_a_client_and_8191_in_all() {
    let mut scene = Scene::new(Running::limits());
    let mut mallory = scene.server.user("mallory");
    let mut trent = scene.server.user("trent");
    for client in [&mut mallory, &mut trent] {
        client.send("CAP REQ :message-tags server-time labeled-response batch echo-message");
        client.expect(" ACK ");
    }
    let tags = |len: usize| format!("{:x<len$}", "label=abc;+draft/long=");
    mallory.send(&format!("@{} TAGMSG trent", tags(4094)));
    let line = trent.expect("TAGMSG trent");
    let (sent, rest) = line.split_once(' ').unwrap();
    assert!(sent.len() <= 8191 && sent.contains("msgid=") && sent.contains("time="), "{sent}");
    assert!(sent.contains(&tags(4094)["label=abc;".len()..]), "{sent}");
    assert!(rest.starts_with(":mallory!") && rest.ends_with("TAGMSG trent"), "{rest}");
    mallory.expect("TAGMSG trent");
    mallory.send(&format!("@{} TAGMSG trent", tags(4095)));
    mallory.expect(" 417 ");
    mallory.send(&format!("@{} TAGMSG trent", tags(9000)));
    mallory.expect(" 417 ");
    assert_eq!(trent.barrier(), [""; 0]);
    scene.goes_on();
}

#[test]
fn bytes_without_sense_before_registration_disturb_nobody() {
    let mut scene = Scene::new(Running::limits());
    let mut mallory = scene.server.plain();
    // Somebody who speaks TLS where plain text is spoken.
    mallory.send_bytes(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\r\n\n");
    mallory.send_bytes(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    mallory.expect("FAIL * INVALID_UTF8");
    mallory.expect(" 451 ");
    scene.goes_on();
    mallory.register("mallory");
    scene.goes_on();
}

#[test]
fn one_address_that_opens_1000_connections_gets_its_share() {
    let limits = Limits { clients_per_address: 16, ..Running::limits() };
    let mut scene = Scene::new(limits);
    let mut admitted = Vec::new();
    let mut refused = 0;
    for number in 0..1000 {
        let mut client = scene.server.plain();
        client.send("CAP LS");
        match client.line() {
            Some(line) if line.contains(" CAP ") => admitted.push(client),
            Some(line) => {
                assert_eq!(line, "ERROR :Closing link: too many connections from your address");
                refused += 1;
            }
            // Reset before its answer could be read, since it had said something.
            None => refused += 1,
        }
        if number % 100 == 0 {
            scene.goes_on();
        }
    }
    assert_eq!((admitted.len(), refused), (14, 986));
    scene.goes_on();
}

#[test]
fn an_address_that_connects_too_often_is_told_to_wait() {
    let limits = Limits {
        connect_burst: 4,
        connect_interval: std::time::Duration::from_secs(3600),
        ..Running::limits()
    };
    let mut scene = Scene::new(limits);
    for _ in 0..2 {
        let mut client = scene.server.plain();
        client.send("QUIT");
        client.until_the_end();
    }
    // No handshake is paid for, so the answer is plain on either port.
    for mut client in [scene.server.plain(), scene.server.plain_on_secure()] {
        assert_eq!(
            client.until_the_end(),
            ["ERROR :Closing link: your address connects too often, wait a moment"]
        );
    }
    scene.goes_on();
}
