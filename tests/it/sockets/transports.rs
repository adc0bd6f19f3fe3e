//! Listeners for proxies, for Tor, for STARTTLS, and for those who are to come back by TLS.

use super::running::Running;
use crate::client::Client;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use sha2::{Digest, Sha256};
use slircd::{
    config::{Address, Config, Limits, Listen, Oper, Secret, Sts, Tls, Tor, Trusted, Webirc},
    work::certificate,
};
use std::time::Duration;

/// A listener on a free port.
pub(super) fn listen() -> Listen {
    Listen { address: Address::Tcp(([127, 0, 0, 1], 0).into()), ..Listen::default() }
}

/// What a listener needs for TLS.
pub(super) fn tls() -> Vec<Tls> {
    vec![Tls { certificate: "a.pem".into(), key: "a.key".into(), names: Vec::new() }]
}

pub(super) fn loopback() -> Vec<Trusted> {
    vec![Trusted::parse("127.0.0.0/8").unwrap()]
}

/// A configuration with these listeners, whose users can see where everybody comes from.
pub(super) fn config(listen: Vec<Listen>) -> Config {
    let mut config = Config { listen, limits: Running::limits(), ..Config::default() };
    config.cloak.enabled = false;
    config
}

fn proxied() -> Config {
    config(vec![Listen { proxy: loopback(), ..listen() }])
}

fn from(address: &str) -> String {
    format!("PROXY TCP4 {address} 127.0.0.1 4711 6667\r\n")
}

fn user(server: &Running, header: &[u8], nick: &str) -> String {
    let mut client = Client::plain(server.address(0));
    client.send_bytes(header);
    client.register(nick);
    client.send(&format!("USERHOST {nick}"));
    let line = client.expect(" 302 ");
    line.rsplit('@').next().unwrap().to_owned()
}

#[test]
fn a_proxy_says_for_whom_it_speaks() {
    let server = Running::serve(proxied());
    assert_eq!(user(&server, from("192.0.2.7").as_bytes(), "alice"), "192.0.2.7");
    let mut binary = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".to_vec();
    binary.extend([192, 0, 2, 8, 127, 0, 0, 1, 1, 1, 2, 2]);
    assert_eq!(user(&server, &binary, "bob"), "192.0.2.8");
    assert_eq!(user(&server, b"PROXY UNKNOWN\r\n", "carol"), "127.0.0.1");
    let mapped = b"PROXY TCP6 ::ffff:192.0.2.9 ::1 1 2\r\n";
    assert_eq!(user(&server, mapped, "dan"), "192.0.2.9");
}

#[test]
fn a_header_may_come_in_pieces_and_with_what_follows() {
    let server = Running::serve(proxied());
    let mut client = Client::plain(server.address(0));
    let text = format!("{}NICK alice\r\nUSER a 0 * :a\r\n", from("192.0.2.7"));
    for byte in text.bytes() {
        client.send_bytes(&[byte]);
    }
    client.expect(" 001 alice ");
}

#[test]
fn without_a_header_a_proxy_gets_an_error() {
    let server = Running::serve(proxied());
    for text in ["NICK alice\r\n", "PROXY TCP4 192.0.2.7\r\n", "\r\n\r\nJOIN"] {
        let mut client = Client::plain(server.address(0));
        client.send_bytes(text.as_bytes());
        let lines = client.until_the_end();
        assert!(lines[0].starts_with("ERROR :Closing link: this port wants"), "{lines:?}");
    }
    user(&server, from("192.0.2.7").as_bytes(), "alice");
}

#[test]
fn nobody_but_the_proxies_may_connect_to_their_port() {
    let proxy = vec![Trusted::parse("192.0.2.1").unwrap(), Trusted::Unix];
    let server = Running::serve(config(vec![Listen { proxy, ..listen() }]));
    let mut client = Client::plain(server.address(0));
    client.send_bytes(from("192.0.2.7").as_bytes());
    let lines = client.until_the_end();
    assert!(lines[0].starts_with("ERROR :Closing link: this port is for proxies"), "{lines:?}");
}

#[test]
fn a_header_that_never_comes_is_not_waited_for() {
    let mut config = proxied();
    config.limits.registration_timeout = Duration::from_millis(300);
    let server = Running::serve(config);
    let mut client = Client::plain(server.address(0));
    client.send_bytes(b"PROXY TCP4");
    assert_eq!(client.until_the_end(), [""; 0]);
}

#[test]
fn limits_are_those_of_the_address_behind_the_proxy() {
    let mut config = proxied();
    config.limits = Limits { clients_per_address: 1, ..config.limits };
    let server = Running::serve(config);
    let connect = |address: &str, nick: &str| {
        let mut client = Client::plain(server.address(0));
        client.send_bytes(from(address).as_bytes());
        client.send(&format!("NICK {nick}\r\nUSER {nick} 0 * :{nick}"));
        client
    };
    let mut alice = connect("192.0.2.7", "alice");
    alice.expect(" 001 ");
    connect("192.0.2.8", "bob").expect(" 001 ");
    let lines = connect("192.0.2.7", "carol").until_the_end();
    assert_eq!(lines, ["ERROR :Closing link: too many connections from your address"]);
    alice.send("QUIT");
    alice.until_the_end();
    drop(alice);
    // The place is free when the server has seen that the connection has gone.
    while connect("192.0.2.7", "dan").line().is_some_and(|line| line.starts_with("ERROR ")) {}
}

#[test]
fn tls_begins_behind_the_header() {
    let listen = Listen { proxy: loopback(), tls: tls(), ..listen() };
    let server = Running::serve(config(vec![listen]));
    let mut client = Client::secure_after(server.address(0), from("192.0.2.7").as_bytes());
    client.register("alice");
    client.send("USERHOST alice");
    assert!(client.expect(" 302 ").ends_with("@192.0.2.7"));
    client.send("WHOIS alice");
    client.expect(" 671 ");
}

#[test]
fn tls_that_ends_at_a_proxy_of_this_machine_counts() {
    let server = Running::serve(proxied());
    let mut binary = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x14".to_vec();
    binary.extend([192, 0, 2, 8, 127, 0, 0, 1, 1, 1, 2, 2, 0x20, 0, 5, 1, 0, 0, 0, 0]);
    let mut client = Client::plain(server.address(0));
    client.send_bytes(&binary);
    client.register("alice");
    client.send("WHOIS alice");
    client.expect(" 671 ");
}

#[test]
fn those_who_come_by_tor_have_a_host_and_limits_of_their_own() {
    let mut config = config(vec![
        Listen { tor: true, proxy: loopback(), ..listen() },
        Listen { tor: true, ..listen() },
        listen(),
    ]);
    config.cloak.enabled = true;
    config.tor = Tor { host: "onion.example.org".into(), clients: 3, ..Tor::default() };
    config.tor.clients_per_circuit = 1;
    let hash = Secret::new(&slircd::work::password::hash("sesame").unwrap());
    config.oper.push(Oper { name: "root".into(), password: Some(hash), ..Oper::default() });
    let server = Running::serve(config);
    let circuit = |number: u32, nick: &str| {
        let mut client = Client::plain(server.address(0));
        let header = format!("PROXY TCP6 fc00:dead:beef:4dad::0:{number:x} ::1 1 2\r\n");
        client.send_bytes(header.as_bytes());
        client.send(&format!("NICK {nick}\r\nUSER {nick} 0 * :{nick}"));
        client
    };
    let mut alice = circuit(1, "alice");
    alice.expect(" 001 ");
    let lines = circuit(1, "bob").until_the_end();
    assert_eq!(lines, ["ERROR :Closing link: too many connections in your Tor circuit"]);
    circuit(2, "carol").expect(" 001 ");
    let mut dan = Client::plain(server.address(1));
    dan.register("dan");
    let mut oper = Client::plain(server.address(2));
    oper.register("oper");
    oper.send("OPER root sesame");
    oper.expect(" 381 ");
    for nick in ["alice", "dan"] {
        oper.send(&format!("WHOIS {nick}"));
        assert!(oper.expect(" 311 ").contains(" onion.example.org * "));
        assert!(oper.barrier().iter().all(|line| !line.contains(" 338 ")));
    }
}

#[test]
fn a_plain_connection_turns_to_tls() {
    let listen = Listen { starttls: true, tls: tls(), ..listen() };
    let server = Running::serve(config(vec![listen]));
    let mut plain = Client::plain(server.address(0));
    plain.send("CAP LS 302");
    assert!(plain.expect("userhost-in-names").contains(" tls"));
    plain.send("CAP END");
    plain.register("plain");
    let mut client = Client::starttls(server.address(0));
    client.send("CAP LS 302");
    assert!(!client.expect("userhost-in-names").contains(" tls"));
    client.send("STARTTLS");
    client.expect(" 691 ");
    client.send("CAP END");
    client.register("alice");
    client.send("WHOIS alice");
    client.expect(" 671 ");
    client.send("PRIVMSG plain :hello");
    plain.expect(":hello");
}

#[test]
fn what_is_said_before_the_handshake_is_not_taken_for_what_comes_after() {
    let listen = Listen { starttls: true, tls: tls(), ..listen() };
    let server = Running::serve(config(vec![listen]));
    let mut client = Client::plain(server.address(0));
    client.send_bytes(b"STARTTLS\r\nNICK mallory\r\nUSER m 0 * :m\r\n");
    client.expect(" 670 ");
    // The rest can only be the beginning of a handshake, and is none.
    let rest = client.bytes_until_the_end();
    assert!(!rest.windows(5).any(|five| five == b" 001 "));
}

#[test]
fn whoever_is_to_come_back_by_tls_is_told_where() {
    let plain = Listen { sts_only: true, ..listen() };
    let secure = Listen { tls: tls(), sts_only: true, ..listen() };
    let mut config = config(vec![plain, secure]);
    config.sts = Sts { enabled: true, port: 6690, ..Sts::default() };
    let server = Running::serve(config);
    let mut client = Client::plain(server.address(0));
    client.send("CAP LS 302");
    // The certificate of a test vouches for itself, so nobody is told to trust in it.
    assert!(!client.expect("userhost-in-names").contains("sts"));
    client.send("NICK alice\r\nUSER a 0 * :a");
    let lines = client.until_the_end();
    assert!(lines[0].ends_with("use TLS (SSL) on port 6690"), "{lines:?}");
    Client::secure(server.address(1), None).0.register("alice");
}

#[test]
fn a_gateway_tells_who_is_encrypted_and_who_has_which_certificate() {
    let mut config = config(vec![listen(), Listen { tls: tls(), ..listen() }]);
    let gateway = |name: &str, certificates| Webirc {
        name: name.into(),
        password: Some(Secret::new(name)),
        hosts: loopback(),
        certificates,
        ..Webirc::default()
    };
    config.webirc = vec![gateway("believed", true), gateway("other", false)];
    let server = Running::serve(config);
    let shown = "ab".repeat(32);
    let whois = |mut client: Client, password: &str, options: &str, nick: &str| {
        client.send(&format!("WEBIRC {password} kiwi 192.0.2.7 192.0.2.7 :{options}"));
        client.register(nick);
        client.send(&format!("WHOIS {nick}"));
        let lines = client.barrier();
        let has = |numeric: &str| lines.iter().any(|line| line.contains(numeric));
        assert!(has(" 320 ") && has(" 192.0.2.7 "), "{lines:#?}");
        (has(" 671 "), has(&shown))
    };
    let (plain, secure) = (server.address(0), server.address(1));
    let options = format!("local-port=6697 secure=yes certfp-sha-256={}", shown.to_uppercase());
    let over_tls = || Client::secure(secure, None).0;
    assert_eq!(whois(over_tls(), "believed", &options, "alice"), (true, true));
    assert_eq!(whois(over_tls(), "other", &options, "bob"), (true, false));
    assert_eq!(whois(over_tls(), "believed", "remote-port=1", "carol"), (false, false));
    assert_eq!(whois(Client::plain(plain), "believed", &options, "dan"), (false, false));
}

#[test]
fn a_gateway_may_be_known_by_its_certificate_alone() {
    let (chain, key) = certificate::self_signed(&["gateway"]).unwrap();
    let der = CertificateDer::from_pem_slice(chain.as_bytes()).unwrap();
    let fingerprint = Sha256::digest(&der).iter().map(|byte| format!("{byte:02x}")).collect();
    let mut config = config(vec![Listen { tls: tls(), ..listen() }]);
    config.webirc = vec![Webirc {
        name: "bouncer".into(),
        fingerprint: Some(fingerprint),
        ..Webirc::default()
    }];
    let server = Running::serve(config);
    let mut client = Client::secure(server.address(0), Some((&chain, &key))).0;
    client.send("WEBIRC - kiwi 192.0.2.7 192.0.2.7");
    client.register("alice");
    client.send("WHOIS alice");
    let lines = client.barrier();
    // The certificate is the gateway's own, and not that of its user.
    assert!(lines.iter().all(|line| !line.contains(" 276 ")), "{lines:#?}");
    let mut other = Client::secure(server.address(0), None).0;
    other.send("WEBIRC - kiwi 192.0.2.7 192.0.2.7");
    assert!(other.until_the_end()[0].contains("Invalid WebIRC password"));
}
