//! What a message takes inside of the core, without sockets: and that it takes the same however many
//! others there are.
#![allow(clippy::print_stdout, reason = "results are for whoever runs this")]

mod timer;

use slircd::{
    config::{Config, Dns, Limits, Secret},
    core::{
        ConnId,
        effect::{Effect, Effects},
        peer::{Origin, Peer},
    },
    job::Loaded,
    server::{Input, Server, Setup},
    time::{Mono, Now, Sid, Wall},
};
use std::{hint::black_box, net::Ipv4Addr, time::Duration};
use timer::time;

fn main() {
    // Under `cargo test` everything is checked after each operation, which takes long with many.
    let full = std::env::args().any(|argument| argument == "--bench");
    let most = if full { 1000 } else { 20 };
    let mut crowd = Crowd::new(most);
    crowd.join_all(|_| "#all".into());
    crowd.measure(&format!("a recipient in a channel of {most}"), most - 1, "#all");
    let sizes: &[usize] = if full { &[100, 1_000, 10_000] } else { &[20] };
    for clients in sizes {
        let mut crowd = Crowd::new(*clients);
        crowd.join_all(|client| format!("#{}", client / 10));
        crowd.measure(&format!("a message to a channel of 10, of {clients} clients"), 1, "#0");
    }
    let mut crowd = Crowd::new(20);
    crowd.join_all(|client| format!("#{}", client / 10));
    crowd.measure_as(1, "a message of a member without a status", 1, "#0");
    for ban in 0..100 {
        crowd.say(0, &format!("MODE #0 +b *!*nobody{ban}@*.example.org"));
    }
    crowd.measure_as(1, "the same, with 100 bans that do not fit", 1, "#0");
    crowd.say(0, "MODE #0 +F 1000m:1,1000r:1");
    crowd.measure_as(1, "the same, with a flood profile", 1, "#0");
}

/// A server and its clients.
struct Crowd {
    server: Server,
    fx: Effects,
    conns: Vec<ConnId>,
    now: Now,
}

impl Crowd {
    fn new(clients: usize) -> Crowd {
        let limits = Limits {
            clients: u32::MAX,
            flood_burst: 1_000_000,
            flood_interval: Duration::ZERO,
            ..Limits::default()
        };
        // Nobody is there to answer how clients are called.
        let dns = Dns { enabled: false, ..Dns::default() };
        let config = Config { limits, dns, ..Config::default() };
        let loaded = Loaded::of(config);
        let cloak = Secret::new("a key for measuring");
        let setup = Setup { loaded, sid: Sid::FIRST, life: 1, clock: 0, seed: 1, cloak };
        let now = Now { mono: Mono(0), wall: Wall(1_800_000_000_000) };
        let server = Server::new(setup, now);
        let mut crowd = Crowd { server, fx: Effects::default(), conns: Vec::new(), now };
        for client in 0..clients {
            let from = Origin::Ip(Ipv4Addr::from(0x0A00_0000 + client as u32).into());
            crowd.server.admit(from, 0, now);
            let peer = Peer { from, listener: 0, tls: None };
            let conn = crowd.server.open(peer, now, &mut crowd.fx);
            crowd.conns.push(conn);
            crowd.say(client, &format!("NICK n{client}"));
            crowd.say(client, "USER somebody 0 * :Somebody");
        }
        crowd
    }

    fn join_all(&mut self, channel: impl Fn(usize) -> String) {
        for client in 0..self.conns.len() {
            self.say(client, &format!("JOIN {}", channel(client)));
        }
    }

    /// Has a client say something; how many are told.
    fn say(&mut self, client: usize, line: &str) -> usize {
        let Some(conn) = self.conns.get(client).copied() else { return 0 };
        let input = Input::Line { conn, line: line.as_bytes() };
        self.server.handle(input, self.now, &mut self.fx);
        let (mut list, mut told) = (self.fx.take(), 0);
        for effect in list.drain(..) {
            if let Effect::Send { line, to } = effect {
                black_box(self.fx.line(line));
                told += black_box(self.fx.recipients(to)).len();
            }
        }
        self.fx.clear(list);
        told
    }

    fn measure(&mut self, what: &str, parts: usize, channel: &str) {
        self.measure_as(0, what, parts, channel);
    }

    fn measure_as(&mut self, client: usize, what: &str, parts: usize, channel: &str) {
        let line = format!("PRIVMSG {channel} :a line about as long as what people say");
        let told = self.say(client, &line);
        assert!(told > 0 && told % parts == 0, "{told} are told");
        time(what, MESSAGES * parts, || {
            for _ in 0..MESSAGES {
                self.now.mono = self.now.mono + Duration::from_millis(10);
                assert_eq!(self.say(client, &line), told);
            }
        });
    }
}

const MESSAGES: usize = 100;
