//! The names of addresses: what the resolver makes of good and bad name servers, and what clients see.

use crate::{
    client::{Client, PATIENCE},
    name_server::{A, AAAA, CNAME, NameServer, PTR, wire},
};
use slircd::{wire::dns::ALIASES_MAX, work::dns::Resolver};
use std::{
    net::{IpAddr, UdpSocket},
    time::{Duration, Instant},
};

/// For look-ups that are to fail by it.
const SHORT: Duration = Duration::from_millis(300);

/// For look-ups that are not.
fn soon() -> Instant {
    Instant::now() + PATIENCE
}

const SEVEN: [u8; 4] = [192, 0, 2, 7];

fn name(servers: &[&NameServer], address: &str, timeout: Duration) -> Option<String> {
    let servers: Vec<_> = servers.iter().map(|server| server.address).collect();
    Resolver::default().name(address.parse().unwrap(), &servers, Instant::now() + timeout)
}

#[test]
fn a_name_counts_only_if_it_leads_back() {
    let server = NameServer::of(&[
        ("192.0.2.7", "seven.example"),
        ("192.0.2.8", "seven.example"),
        ("192.0.2.9", "Nine.Example"),
    ]);
    assert_eq!(name(&[&server], "192.0.2.7", PATIENCE).as_deref(), Some("seven.example"));
    assert_eq!(name(&[&server], "192.0.2.8", PATIENCE), None);
    assert_eq!(name(&[&server], "192.0.2.10", PATIENCE), None);
    // Asked about in lower case, which this one does not know.
    assert_eq!(name(&[&server], "192.0.2.9", PATIENCE), None);
}

#[test]
fn an_address_of_ipv6_has_a_name_too() {
    let address: IpAddr = "2001:db8::7".parse().unwrap();
    let IpAddr::V6(ip) = address else { panic!() };
    let server = NameServer::start(move |asked| match asked.kind {
        PTR if asked.name.starts_with("7.0.0.0.") && asked.name.ends_with(".2.ip6.arpa") => {
            vec![asked.answer(&[(PTR, wire("seven.example"))])]
        }
        AAAA => vec![asked.answer(&[(AAAA, ip.octets().to_vec())])],
        _ => vec![asked.fail(3)],
    });
    assert_eq!(name(&[&server], "2001:db8::7", PATIENCE).as_deref(), Some("seven.example"));
    assert_eq!(name(&[&server], "2001:db8::8", PATIENCE), None);
}

#[test]
fn a_silent_server_costs_the_time_that_is_allowed_and_no_more() {
    let (silent, good) = (NameServer::silent(), NameServer::of(&[("192.0.2.7", "seven.example")]));
    let start = Instant::now();
    assert_eq!(name(&[&silent], "192.0.2.7", SHORT), None);
    assert!(start.elapsed() >= SHORT && start.elapsed() < PATIENCE);
    let servers = [silent.address, good.address];
    let resolver = Resolver::default();
    let seven = resolver.name(
        "192.0.2.7".parse().unwrap(),
        &servers,
        Instant::now() + Duration::from_secs(4),
    );
    assert_eq!(seven.as_deref(), Some("seven.example"));
    // The one that has answered is asked first from now on.
    let before = silent.asked();
    assert_eq!(resolver.name("192.0.2.8".parse().unwrap(), &servers, soon()), None);
    assert_eq!(silent.asked(), before);
}

#[test]
fn whose_time_is_up_is_not_asked_about() {
    let good = NameServer::of(&[("192.0.2.7", "seven.example")]);
    let (resolver, servers, start) = (Resolver::default(), [good.address], Instant::now());
    assert_eq!(resolver.name("192.0.2.7".parse().unwrap(), &servers, start), None);
    assert_eq!(good.asked(), 0);
    assert!(resolver.name("192.0.2.7".parse().unwrap(), &servers, soon()).is_some());
    // What is known takes no time.
    assert!(resolver.name("192.0.2.7".parse().unwrap(), &servers, start).is_some());
}

#[test]
fn a_server_that_refuses_or_is_not_there_is_passed_over() {
    let refusing = NameServer::start(|asked| vec![asked.fail(5)]);
    let good = NameServer::of(&[("192.0.2.7", "seven.example")]);
    let nobody = UdpSocket::bind("127.0.0.1:0").unwrap();
    let gone = nobody.local_addr().unwrap();
    drop(nobody);
    let servers = [refusing.address, gone, good.address];
    let found = Resolver::default().name("192.0.2.7".parse().unwrap(), &servers, soon());
    assert_eq!(found.as_deref(), Some("seven.example"));
    assert_eq!(name(&[&refusing], "192.0.2.7", PATIENCE), None);
}

#[test]
fn what_is_no_answer_to_the_question_is_passed_over() {
    let server = NameServer::start(|asked| {
        let (right, lie) = match asked.kind {
            PTR => ((PTR, wire("seven.example")), (PTR, wire("evil.example"))),
            _ => ((A, SEVEN.to_vec()), (A, vec![127, 0, 0, 1])),
        };
        let lie = asked.answer(&[lie]);
        let (mut other_id, mut other_question) = (lie.clone(), lie.clone());
        other_id[0] ^= 1;
        other_question[13] ^= 1;
        let cut = lie[..lie.len() - 1].to_vec();
        vec![Vec::new(), other_id, other_question, cut, vec![0xFF; 100], asked.answer(&[right])]
    });
    assert_eq!(name(&[&server], "192.0.2.7", PATIENCE).as_deref(), Some("seven.example"));
}

#[test]
fn an_answer_from_elsewhere_is_not_heard() {
    let other = UdpSocket::bind("127.0.0.1:0").unwrap();
    let server = NameServer::start(move |asked| {
        let (right, lie) = match asked.kind {
            PTR => (wire("seven.example"), wire("evil.example")),
            _ => return vec![asked.answer(&[(A, SEVEN.to_vec())])],
        };
        other.send_to(&asked.answer(&[(PTR, lie)]), asked.from).unwrap();
        vec![asked.answer(&[(PTR, right)])]
    });
    assert_eq!(name(&[&server], "192.0.2.7", PATIENCE).as_deref(), Some("seven.example"));
}

#[test]
fn what_does_not_fit_a_datagram_comes_over_tcp() {
    let server = NameServer::start(|asked| {
        if !asked.tcp {
            let mut cut = asked.answer(&[]);
            cut[2] |= 2;
            return vec![cut];
        }
        let many = |record: (u16, Vec<u8>), other: (u16, Vec<u8>)| {
            let mut records = vec![other; 90];
            records.push(record);
            vec![asked.answer(&records)]
        };
        match asked.kind {
            PTR => many((PTR, wire("seven.example")), (16, vec![b'x'; 200])),
            _ => many((A, SEVEN.to_vec()), (A, vec![192, 0, 2, 9])),
        }
    });
    assert_eq!(name(&[&server], "192.0.2.7", PATIENCE).as_deref(), Some("seven.example"));
    let stuck = NameServer::start(|asked| {
        let mut cut = asked.answer(&[]);
        cut[2] |= 2;
        if asked.tcp { Vec::new() } else { vec![cut] }
    });
    assert_eq!(name(&[&stuck], "192.0.2.7", SHORT), None);
}

#[test]
fn aliases_are_followed_for_a_while() {
    let server = NameServer::start(|asked| match (asked.kind, asked.name.as_str()) {
        // RFC 2317: how the owner of a few addresses gets to name them.
        (PTR, "7.2.0.192.in-addr.arpa") => vec![asked.answer(&[(CNAME, wire("7.sub.example"))])],
        (PTR, "7.sub.example") => vec![asked.answer(&[(PTR, wire("seven.example"))])],
        (A, _) => vec![asked.answer(&[(A, SEVEN.to_vec())])],
        _ => vec![asked.fail(3)],
    });
    assert_eq!(name(&[&server], "192.0.2.7", PATIENCE).as_deref(), Some("seven.example"));
    let endless = NameServer::start(|asked| {
        vec![asked.answer(&[(CNAME, wire(&format!("x{}.example", asked.name.len())))])]
    });
    assert_eq!(name(&[&endless], "192.0.2.7", PATIENCE), None);
    assert!(endless.asked() <= ALIASES_MAX);
}

#[test]
fn absurd_names_are_none() {
    let server = NameServer::start(|asked| match asked.kind {
        PTR if asked.name.starts_with("8.") => {
            vec![asked.answer(&[(PTR, wire("evil name.example")), (PTR, wire("seven.example"))])]
        }
        PTR => vec![asked.answer(&[
            (PTR, wire("192.0.2.1")),
            (PTR, b"\x07a\r\nPING\x00".to_vec()),
            (PTR, b"\x02:a\x00".to_vec()),
            (PTR, wire("*.example")),
        ])],
        _ => vec![asked.answer(&[(A, SEVEN.to_vec()), (A, vec![192, 0, 2, 8])])],
    });
    assert_eq!(name(&[&server], "192.0.2.7", PATIENCE), None);
    assert_eq!(server.asked(), 1);
    assert_eq!(name(&[&server], "192.0.2.8", PATIENCE).as_deref(), Some("seven.example"));
}

#[test]
fn what_is_known_is_not_asked_again() {
    let server = NameServer::of(&[("192.0.2.7", "seven.example")]);
    let (resolver, servers) = (Resolver::default(), [server.address]);
    for _ in 0..3 {
        let seven = resolver.name("192.0.2.7".parse().unwrap(), &servers, soon());
        assert_eq!(seven.as_deref(), Some("seven.example"));
        assert_eq!(resolver.name("192.0.2.8".parse().unwrap(), &servers, soon()), None);
    }
    assert_eq!(server.asked(), 3);
    // Silence says nothing, so it is not remembered.
    let silent = NameServer::silent();
    assert_eq!(
        resolver.name("192.0.2.7".parse().unwrap(), &[silent.address], Instant::now() + SHORT),
        None
    );
    let seven = resolver.name("192.0.2.7".parse().unwrap(), &servers, soon());
    assert_eq!(seven.as_deref(), Some("seven.example"));
}

#[cfg(unix)]
mod program {
    use super::*;
    use crate::sockets::process::{FILES, Process};
    use std::fs;

    fn start(server: &NameServer) -> Process {
        let text = format!(
            "[[listen]]\naddress = \"127.0.0.1:0\"\n[storage]\npath = \"FOLDER/data\"\n[cloak]\nenabled = false\n[dns]\nservers = [\"{}\"]\ntimeout = \"5s\"\n",
            server.address
        );
        Process::start(&text, FILES)
    }

    fn connect(process: &Process) -> Client {
        Client::plain(process.addresses[0])
    }

    /// The host that a new client is welcomed with.
    fn welcomed(process: &Process, nick: &str) -> String {
        let mut client = connect(process);
        client.send(&format!("NICK {nick}\r\nUSER {nick} 0 * :{nick}"));
        client.expect(" 001 ").rsplit('@').next().unwrap().to_owned()
    }

    #[test]
    fn a_client_is_shown_by_its_name() {
        let server = NameServer::of(&[("127.0.0.1", "home.example")]);
        let process = start(&server);
        let mut alice = connect(&process);
        alice.send("NICK alice\r\nUSER alice 0 * :Alice");
        alice.expect(" NOTICE * :*** Found your hostname: home.example");
        assert!(alice.expect(" 001 ").ends_with("alice!~alice@home.example"));
        alice.send("WHOIS alice");
        assert!(alice.expect(" 311 ").contains(" alice ~alice home.example * "));
        assert!(alice.expect(" 338 ").contains("home.example 127.0.0.1"));
    }

    #[test]
    fn who_has_no_name_is_shown_by_the_address() {
        let silent = NameServer::silent();
        assert_eq!(welcomed(&start(&silent), "alice"), "127.0.0.1");
        let long = NameServer::of(&[(
            "127.0.0.1",
            "a-host-name-that-is-much-too-long-to-be-shown.in-a-zone-of-its-own.example",
        )]);
        let process = start(&long);
        let mut bob = connect(&process);
        bob.send("NICK bob\r\nUSER bob 0 * :Bob");
        bob.expect(" NOTICE * :*** Your hostname is too long");
        assert!(bob.expect(" 001 ").ends_with("@127.0.0.1"));
    }

    #[test]
    fn other_name_servers_are_asked_after_a_reload() {
        let first = NameServer::of(&[("127.0.0.1", "first.example")]);
        let second = NameServer::of(&[("127.0.0.1", "second.example")]);
        let mut process = start(&first);
        assert_eq!(welcomed(&process, "alice"), "first.example");
        let file = process.folder.join("slircd.toml");
        let mut reload = |from: &str, to: &str| {
            let text = fs::read_to_string(&file).unwrap();
            fs::write(&file, text.replace(from, to)).unwrap();
            process.signal("HUP");
            process.logged("the configuration has been read again");
            welcomed(&process, "bob")
        };
        let (old, new) = (first.address.to_string(), second.address.to_string());
        assert_eq!(reload(&old, &new), "second.example");
        assert_eq!(reload("[dns]", "[dns]\nenabled = false"), "127.0.0.1");
    }
}
