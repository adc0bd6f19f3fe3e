//! Logging in with the real binary, over TLS, without a password that is sent: by certificate, and by SCRAM.

use crate::{
    client::Client,
    sockets::process::{FILES, Process},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use slircd::work::certificate;

/// A server with one listener, which speaks TLS.
fn start() -> Process {
    let text = "[storage]\npath = \"FOLDER/data\"\n[[listen]]\naddress = \"127.0.0.1:0\"\n\
                tls = { certificate = \"FOLDER/tls.pem\", key = \"FOLDER/tls.key\" }\n";
    Process::start(text, FILES)
}

/// Somebody who connects to it, with a certificate or without.
fn connect(server: &Process, own: Option<(&str, &str)>) -> Client {
    Client::secure(server.addresses[0], own).0
}

/// A client that registers with SASL, and waits to be asked for its first message.
fn client(server: &Process, own: Option<(&str, &str)>, mechanism: &str) -> Client {
    let mut client = connect(server, own);
    client.send("CAP REQ sasl\r\nNICK bob\r\nUSER bob 0 * :Bob");
    client.expect(" ACK ");
    client.send(&format!("AUTHENTICATE {mechanism}"));
    client.expect("AUTHENTICATE +");
    client
}

/// Logs in, and comes in.
fn comes_in(client: &mut Client) {
    client.expect(" 900 ");
    client.expect(" 903 ");
    client.send("CAP END");
    client.expect(" 001 bob ");
    client.send("WHOIS bob");
    client.expect(" 330 bob bob alice ");
}

#[test]
fn a_certificate_logs_in_over_tls_and_another_does_not() {
    let server = start();
    let (chain, key) = certificate::self_signed(&["alice"]).unwrap();
    let own = Some((chain.as_str(), key.as_str()));
    let mut alice = connect(&server, own);
    alice.register("alice");
    alice.send("NS REGISTER open-sesame");
    alice.expect(" 900 alice ");
    alice.send("QUIT");
    let mut bob = client(&server, own, "EXTERNAL");
    bob.send("AUTHENTICATE +");
    comes_in(&mut bob);
    let (chain, key) = certificate::self_signed(&["mallory"]).unwrap();
    for other in [Some((chain.as_str(), key.as_str())), None] {
        let mut mallory = client(&server, other, "EXTERNAL");
        mallory.send("AUTHENTICATE +");
        mallory.expect(" 904 ");
    }
}

#[test]
fn who_knows_the_password_logs_in_by_scram_and_knows_the_server_does_too() {
    let server = start();
    let mut alice = connect(&server, None);
    alice.register("alice");
    alice.send("NS REGISTER open-sesame");
    alice.expect(" 900 alice ");
    let mut bob = client(&server, None, "SCRAM-SHA-256");
    assert!(scram(&mut bob, "open-sesame"), "the server proves that it has the verifier");
    bob.send("AUTHENTICATE +");
    comes_in(&mut bob);
    for (account, password) in [("alice", "open-barley"), ("nobody", "open-sesame")] {
        let mut mallory = client(&server, None, "SCRAM-SHA-256");
        say(&mut mallory, &format!("n,,n={account},r=abc"));
        let first = heard(&mut mallory);
        let (last, _) = answer(&format!("n={account},r=abc"), &first, password);
        say(&mut mallory, &last);
        mallory.expect(" 904 ");
    }
}

/// Answers the server's challenge; whether it has then proved what it should.
fn scram(client: &mut Client, password: &str) -> bool {
    let bare = "n=alice,r=rOprNGfwEbeRWgbNEkqO";
    say(client, &format!("n,,{bare}"));
    let first = heard(client);
    let (last, signature) = answer(bare, &first, password);
    say(client, &last);
    heard(client) == format!("v={}", STANDARD.encode(signature))
}

/// The client's last message, and what the server has to sign it with (RFC 5802 §3).
fn answer(bare: &str, first: &str, password: &str) -> (String, Vec<u8>) {
    let part = |name: &str| first.split(',').find_map(|part| part.strip_prefix(name)).unwrap();
    let (nonce, salt, rounds) = (part("r="), STANDARD.decode(part("s=")).unwrap(), part("i="));
    let mut block = hmac(password.as_bytes(), &[salt.as_slice(), &[0, 0, 0, 1]].concat());
    let mut salted = block.clone();
    for _ in 1..rounds.parse().unwrap() {
        block = hmac(password.as_bytes(), &block);
        salted.iter_mut().zip(&block).for_each(|(byte, more)| *byte ^= more);
    }
    let key = hmac(&salted, b"Client Key");
    let without = format!("c=biws,r={nonce}");
    let all = format!("{bare},{first},{without}");
    let signature = hmac(&Sha256::digest(&key), all.as_bytes());
    let proof: Vec<u8> = key.iter().zip(&signature).map(|(one, other)| one ^ other).collect();
    let server = hmac(&hmac(&salted, b"Server Key"), all.as_bytes());
    (format!("{without},p={}", STANDARD.encode(proof)), server)
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

fn say(client: &mut Client, message: &str) {
    client.send(&format!("AUTHENTICATE {}", STANDARD.encode(message)));
}

fn heard(client: &mut Client) -> String {
    let line = client.expect("AUTHENTICATE ");
    let message = line.split(' ').next_back().unwrap();
    String::from_utf8(STANDARD.decode(message).unwrap()).unwrap()
}
