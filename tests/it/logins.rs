//! Logging in with the real binary, over TLS, without a password that is sent: by certificate, and by SCRAM.

use crate::{cli::folder, client::Client};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use slircd::work::certificate;
use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

/// A server with one listener, which speaks TLS.
struct Server {
    child: Child,
    address: SocketAddr,
    folder: PathBuf,
}

impl Server {
    fn start(name: &str) -> Server {
        let folder = folder(name);
        let (chain, key) = certificate::self_signed(&["localhost"]).unwrap();
        fs::write(folder.join("a.pem"), chain).unwrap();
        fs::write(folder.join("a.key"), key).unwrap();
        let path = folder.join("slircd.toml");
        let text = format!(
            "[storage]\npath = \"{0}\"\n[[listen]]\naddress = \"127.0.0.1:0\"\ntls = {{ certificate = \"{0}/a.pem\", key = \"{0}/a.key\" }}\n",
            folder.display()
        );
        fs::write(&path, text).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_slircd"))
            .args(["run", "-c", path.to_str().unwrap()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let line = output.into_iter().find(|line| line.contains("listening on")).unwrap();
        let mut server = Server { child, address: ([127, 0, 0, 1], 0).into(), folder };
        let port = line.rsplit("127.0.0.1:").next().unwrap();
        let digits = port.find(|c: char| !c.is_ascii_digit()).unwrap_or(port.len());
        server.address.set_port(port[..digits].parse().unwrap());
        server
    }

    /// A client that registers with SASL, and waits to be asked for its first message.
    fn client(&self, own: Option<(&str, &str)>, mechanism: &str) -> Client {
        let mut client = Client::secure(self.address, own).0;
        client.send("CAP REQ sasl\r\nNICK bob\r\nUSER bob 0 * :Bob");
        client.expect(" ACK ");
        client.send(&format!("AUTHENTICATE {mechanism}"));
        client.expect("AUTHENTICATE +");
        client
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        drop(fs::remove_dir_all(&self.folder));
    }
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
    let server = Server::start("external");
    let (chain, key) = certificate::self_signed(&["alice"]).unwrap();
    let own = Some((chain.as_str(), key.as_str()));
    let mut alice = Client::secure(server.address, own).0;
    alice.register("alice");
    alice.send("NS REGISTER open-sesame");
    alice.expect(" 900 alice ");
    alice.send("QUIT");
    let mut bob = server.client(own, "EXTERNAL");
    bob.send("AUTHENTICATE +");
    comes_in(&mut bob);
    let (chain, key) = certificate::self_signed(&["mallory"]).unwrap();
    for other in [Some((chain.as_str(), key.as_str())), None] {
        let mut mallory = server.client(other, "EXTERNAL");
        mallory.send("AUTHENTICATE +");
        mallory.expect(" 904 ");
    }
}

#[test]
fn who_knows_the_password_logs_in_by_scram_and_knows_the_server_does_too() {
    let server = Server::start("scram");
    let mut alice = Client::secure(server.address, None).0;
    alice.register("alice");
    alice.send("NS REGISTER open-sesame");
    alice.expect(" 900 alice ");
    let mut bob = server.client(None, "SCRAM-SHA-256");
    assert!(scram(&mut bob, "open-sesame"), "the server proves that it has the verifier");
    bob.send("AUTHENTICATE +");
    comes_in(&mut bob);
    for (account, password) in [("alice", "open-barley"), ("nobody", "open-sesame")] {
        let mut mallory = server.client(None, "SCRAM-SHA-256");
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
