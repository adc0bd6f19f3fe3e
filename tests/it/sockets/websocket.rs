//! Browsers: WebSocket over plain connections and over TLS.

use super::{
    running::Running,
    transports::{config, listen, loopback, tls},
};
use crate::client::Client;
use slircd::config::{Config, Limits, Listen, Trusted};
use std::net::SocketAddr;

/// A client that speaks WebSocket.
struct Web {
    client: Client,
}

impl Web {
    fn connect(address: SocketAddr, headers: &str) -> Web {
        Web::over(Client::plain(address), headers)
    }

    fn over(mut client: Client, headers: &str) -> Web {
        client.send_bytes(request(headers).as_bytes());
        let line = client.line().unwrap();
        assert_eq!(line, "HTTP/1.1 101 Switching Protocols");
        let rest: Vec<String> =
            std::iter::from_fn(|| client.line().filter(|line| !line.is_empty())).collect();
        assert!(rest.contains(&"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".into()));
        Web { client }
    }

    fn frame(&mut self, first: u8, payload: &[u8]) {
        let mut bytes = vec![first];
        match payload.len() {
            short @ 0..126 => bytes.push(0x80 | short as u8),
            long => {
                bytes.push(0x80 | 126);
                bytes.extend((long as u16).to_be_bytes());
            }
        }
        let mask = [1, 2, 3, 4];
        bytes.extend(mask);
        bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        self.client.send_bytes(&bytes);
    }

    fn send(&mut self, line: &str) {
        self.frame(0x81, line.as_bytes());
    }

    /// The next frame: its first byte, and what it holds.
    fn next(&mut self) -> (u8, Vec<u8>) {
        let head = self.client.bytes(2);
        let len = match head[1] {
            126 => {
                let len = self.client.bytes(2);
                usize::from(u16::from_be_bytes([len[0], len[1]]))
            }
            short => usize::from(short),
        };
        (head[0], self.client.bytes(len))
    }

    /// The next message that holds `part`, which must be of that kind.
    fn expect(&mut self, first: u8, part: &str) -> String {
        loop {
            let (kind, payload) = self.next();
            assert_eq!(kind, first, "{payload:?}");
            let text = String::from_utf8(payload).unwrap();
            assert!(!text.contains(['\r', '\n']), "{text:?}");
            if text.contains(part) {
                return text;
            }
        }
    }

    fn register(&mut self, nick: &str) {
        self.send(&format!("NICK {nick}"));
        self.send(&format!("USER {nick} 0 * :{nick}"));
        self.expect(0x81, " 422 ");
    }
}

fn request(headers: &str) -> String {
    format!(
        "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
    )
}

fn web() -> Config {
    config(vec![Listen { websocket: true, ..listen() }, listen()])
}

const TEXT: &str = "Sec-WebSocket-Protocol: text.ircv3.net\r\n";
const BINARY: &str = "Sec-WebSocket-Protocol: binary.ircv3.net, text.ircv3.net\r\n";

/// What somebody who is not granted a WebSocket is answered.
fn refused(server: &Running, request: &str) -> String {
    let mut client = Client::plain(server.address(0));
    client.send_bytes(request.as_bytes());
    String::from_utf8(client.bytes_until_the_end()).unwrap()
}

#[test]
fn a_browser_talks_to_everybody_else() {
    let server = Running::serve(web());
    let mut alice = Web::connect(server.address(0), TEXT);
    alice.register("alice");
    let mut bob = Client::plain(server.address(1));
    bob.register("bob");
    alice.send("PRIVMSG bob :hello\r\n");
    assert!(bob.expect("PRIVMSG").ends_with(":hello"));
    bob.send("PRIVMSG alice :grüße");
    assert!(alice.expect(0x81, "PRIVMSG").ends_with(":grüße"));
    alice.send("QUIT :bye");
    alice.expect(0x81, "ERROR :");
    let (kind, code) = alice.next();
    assert_eq!((kind, code), (0x88, vec![0x03, 0xe8]));
    assert_eq!(alice.client.bytes_until_the_end(), [0; 0]);
}

#[test]
fn binary_messages_are_answered_in_kind_and_must_be_utf_8_too() {
    let server = Running::serve(web());
    let mut alice = Web::connect(server.address(0), BINARY);
    alice.frame(0x82, b"NICK alice");
    alice.frame(0x82, b"USER a 0 * :a");
    alice.expect(0x82, " 001 ");
    alice.frame(0x82, b"PRIVMSG alice :\xff");
    alice.expect(0x82, "INVALID_UTF8");
}

#[test]
fn messages_come_in_pieces_and_pings_between_them() {
    let server = Running::serve(web());
    let mut alice = Web::connect(server.address(0), TEXT);
    alice.register("alice");
    alice.frame(0x01, b"PING on");
    alice.frame(0x89, b"are you there");
    assert_eq!(alice.next(), (0x8a, b"are you there".to_vec()));
    alice.frame(0x80, b"e");
    assert!(alice.expect(0x81, "PONG").ends_with(":one"));
    // What stands in one message on several lines is several lines.
    alice.send("PING two\nPING three");
    alice.expect(0x81, ":two");
    alice.expect(0x81, ":three");
    alice.send(&format!("PRIVMSG alice :{}", "x".repeat(600)));
    alice.expect(0x81, " 417 ");
}

#[test]
fn whoever_breaks_the_rules_is_told_and_closed() {
    let server = Running::serve(web());
    let mut bob = Client::plain(server.address(1));
    bob.register("bob");
    bob.send("JOIN #a");
    for (bytes, code) in [
        (b"\x81\x04QUIT".to_vec(), 1002_u16),
        (b"\xc1\x80\0\0\0\0".to_vec(), 1002),
        (b"\x81\xff\0\0\0\0\0\x10\0\0\0\0\0\0".to_vec(), 1009),
    ] {
        let mut alice = Web::connect(server.address(0), TEXT);
        alice.register("alice");
        alice.send("JOIN #a");
        alice.expect(0x81, " 366 ");
        alice.client.send_bytes(&bytes);
        let (kind, payload) = alice.next();
        assert_eq!((kind, payload), (0x88, code.to_be_bytes().to_vec()));
        alice.client.bytes_until_the_end();
        bob.expect("QUIT");
    }
}

#[test]
fn a_goodbye_is_answered() {
    let server = Running::serve(web());
    let mut alice = Web::connect(server.address(0), TEXT);
    alice.register("alice");
    alice.frame(0x88, &1001_u16.to_be_bytes());
    assert_eq!(alice.next(), (0x88, 1001_u16.to_be_bytes().to_vec()));
    assert_eq!(alice.client.bytes_until_the_end(), [0; 0]);
}

#[test]
fn a_goodbye_that_comes_with_the_request_is_answered_too() {
    let server = Running::serve(web());
    let mut alice = Web { client: Client::plain(server.address(0)) };
    let mut bytes = request(TEXT).into_bytes();
    bytes.extend([0x88, 0x82, 1, 2, 3, 4, 0x03 ^ 1, 0xe9 ^ 2]);
    alice.client.send_bytes(&bytes);
    while alice.client.line().is_some_and(|line| !line.is_empty()) {}
    assert_eq!(alice.next(), (0x88, 1001_u16.to_be_bytes().to_vec()));
    assert_eq!(alice.client.bytes_until_the_end(), [0; 0]);
}

#[test]
fn browsers_come_over_tls() {
    let listen = Listen { websocket: true, tls: tls(), ..listen() };
    let server = Running::serve(config(vec![listen]));
    let client = Client::secure(server.address(0), None).0;
    let mut alice = Web::over(client, TEXT);
    alice.register("alice");
    alice.send("WHOIS alice");
    alice.expect(0x81, " 671 ");
    alice.send(&format!("PING {}", "x".repeat(300)));
    alice.expect(0x81, &"x".repeat(300));
}

#[test]
fn whoever_wants_a_page_gets_a_polite_answer() {
    let server = Running::serve(web());
    let answer = refused(&server, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 426 Upgrade Required\r\n"), "{answer}");
    assert!(answer.ends_with("an IRC client to the address ws:// or wss://.\n"), "{answer}");
    for text in ["NICK alice\r\n", "POST / HTTP/1.1\r\n\r\n", "GET / HTTP/2\r\n\r\n"] {
        let answer = refused(&server, text);
        assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
    }
    let long = format!("GET /{} HTTP/1.1\r\n", "x".repeat(9000));
    assert!(refused(&server, &long).starts_with("HTTP/1.1 431 "));
}

#[test]
fn pages_of_other_sites_may_not_connect() {
    let origins = vec!["https://chat.example.org".into(), "https://*.example.net".into()];
    let server = Running::serve(config(vec![Listen { websocket: true, origins, ..listen() }]));
    let answer = refused(&server, &request("Origin: https://evil.example\r\n"));
    assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{answer}");
    Web::connect(server.address(0), "Origin: https://chat.example.org\r\n");
    Web::connect(server.address(0), "Origin: https://my.example.net\r\n");
    // Programs that are no browser say nothing of an origin.
    Web::connect(server.address(0), "").register("alice");
}

#[test]
fn a_web_server_in_front_says_who_connects() {
    let listen = Listen { websocket: true, forwarded: loopback(), ..listen() };
    let mut config = config(vec![listen]);
    config.limits = Limits { clients_per_address: 1, ..config.limits };
    let server = Running::serve(config);
    let headers = "X-Forwarded-For: 10.0.0.1, 192.0.2.7\r\nX-Forwarded-Proto: https\r\n";
    let mut alice = Web::connect(server.address(0), headers);
    alice.register("alice");
    alice.send("USERHOST alice");
    assert!(alice.expect(0x81, " 302 ").ends_with("@192.0.2.7"));
    alice.send("WHOIS alice");
    alice.expect(0x81, " 671 ");
    let mut bob = Web::connect(server.address(0), headers);
    assert_eq!(bob.next().1, b"ERROR :Closing link: too many connections from your address");
    Web::connect(server.address(0), "Forwarded: for=192.0.2.8\r\n").register("carol");
}

#[test]
fn nobody_else_is_believed_about_who_connects() {
    let forwarded = vec![Trusted::parse("192.0.2.1").unwrap()];
    let listen = Listen { websocket: true, forwarded, ..listen() };
    let server = Running::serve(config(vec![listen]));
    let headers = "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n";
    let mut alice = Web::connect(server.address(0), headers);
    alice.register("alice");
    alice.send("USERHOST alice");
    assert!(alice.expect(0x81, " 302 ").ends_with("@127.0.0.1"));
}

#[test]
fn a_proxy_may_stand_before_tls_and_a_websocket() {
    let listen = Listen { websocket: true, proxy: loopback(), tls: tls(), ..listen() };
    let server = Running::serve(config(vec![listen]));
    let header = b"PROXY TCP4 192.0.2.7 127.0.0.1 4711 443\r\n";
    let client = Client::secure_after(server.address(0), header);
    let mut alice = Web::over(client, TEXT);
    alice.register("alice");
    alice.send("USERHOST alice");
    assert!(alice.expect(0x81, " 302 ").ends_with("@192.0.2.7"));
}
