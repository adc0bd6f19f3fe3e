//! Lines of several clients go into a whole server. Whatever they say, everything that is sent is a line
//! of IRC, and a bystander is served as if nothing had happened.
//!
//! The first byte of a line says whose it is: `0` has not registered, `1` is an operator, `2` is anybody,
//! `t` lets time pass, `c` has the one who has not registered connect anew.
#![no_main]

use libfuzzer_sys::fuzz_target;
use slircd::{
    config::{Config, Oper, Secret},
    core::{
        ConnId,
        effect::{Effect, Effects},
        peer::{Gone, Origin, Peer},
    },
    job::{Answer, Job, Loaded, Texts},
    server::{Input, Server, Setup},
    time::{Mono, Now, Sid, Wall},
};
use std::{net::Ipv4Addr, time::Duration};

fuzz_target!(|bytes: &[u8]| {
    let mut world = World::new();
    for line in bytes.split(|byte| *byte == b'\n').take(LINES_MAX) {
        match line.split_first() {
            Some((b'0', line)) => world.say(NOBODY, line),
            Some((b'1', line)) => world.say(OPERATOR, line),
            Some((b'2', line)) => world.say(ANYBODY, line),
            Some((b't', _)) => world.wait(Duration::from_secs(31)),
            Some((b'c', _)) => world.connect(NOBODY),
            Some(_) | None => (),
        }
    }
    // An operator may have had the bystander removed, which is not what is looked for here.
    if world.clients[BYSTANDER].is_some() && !world.stopped {
        world.heard.clear();
        world.say(BYSTANDER, b"PING still-here");
        let heard = String::from_utf8_lossy(&world.heard);
        assert!(heard.contains("still-here"), "the bystander hears {heard:?}");
    }
});

const NOBODY: usize = 0;
const OPERATOR: usize = 1;
const ANYBODY: usize = 2;
const BYSTANDER: usize = 3;

/// More lines than this say nothing new.
const LINES_MAX: usize = 200;

/// How often the server may go on by itself after one input.
const ROUNDS_MAX: usize = 10_000;

/// The most bytes of a body, and of the tags that a server adds (`ircv3: message-tags`).
const BODY_MAX: usize = 512;
const TAGS_MAX: usize = 8191;

struct World {
    server: Server,
    fx: Effects,
    at: Duration,
    clients: [Option<ConnId>; 4],
    /// What the bystander hears.
    heard: Vec<u8>,
    stopped: bool,
}

impl World {
    fn new() -> World {
        let mut config = Config::default();
        config.limits.flood_burst = 1_000_000;
        config.limits.clients_per_address = 1_000_000;
        config.limits.clients_per_network = 1_000_000;
        config.dns.enabled = false;
        let password = Some(Secret::new("root"));
        config.oper = vec![Oper { name: "root".into(), password, ..Oper::default() }];
        let texts = Texts { motd: vec!["Welcome".into()], rules: vec!["Be kind".into()] };
        let loaded = Loaded { texts, ..Loaded::of(config) };
        let at = Duration::from_secs(1_800_000_000);
        let setup =
            Setup { loaded, sid: Sid::FIRST, life: 1, clock: 0, seed: 7, cloak: Secret::new("f") };
        let server = Server::new(setup, now(at));
        let mut world = World {
            server,
            fx: Effects::default(),
            at,
            clients: [None; 4],
            heard: Vec::new(),
            stopped: false,
        };
        for client in [NOBODY, OPERATOR, ANYBODY, BYSTANDER] {
            world.connect(client);
        }
        for (client, nick) in [(OPERATOR, "root"), (ANYBODY, "anna"), (BYSTANDER, "stan")] {
            world.say(client, format!("NICK {nick}").as_bytes());
            world.say(client, format!("USER {nick} 0 * :{nick}").as_bytes());
            world.say(client, b"JOIN #a");
        }
        world.say(OPERATOR, b"OPER root root");
        world
    }

    fn connect(&mut self, client: usize) {
        if let Some(conn) = self.clients[client].take() {
            self.step(Input::Closed { conn, why: Gone::Eof });
        }
        if self.stopped {
            return;
        }
        let from = Origin::Ip(Ipv4Addr::new(192, 0, 2, client as u8 + 1).into());
        let now = now(self.at);
        if self.server.admit(from, 0, now) == slircd::core::peer::Verdict::Admit {
            let conn = self.server.open(Peer { from, listener: 0, tls: None }, now, &mut self.fx);
            self.clients[client] = Some(conn);
            self.act();
        }
    }

    fn say(&mut self, client: usize, line: &[u8]) {
        let Some(conn) = self.clients[client] else { return };
        if self.server.ready(conn) {
            self.step(Input::Line { conn, line });
        }
    }

    fn wait(&mut self, span: Duration) {
        let end = self.at + span;
        for _ in 0..ROUNDS_MAX {
            let Some(due) = self.server.deadline() else { break };
            if u128::from(due.0) > end.as_nanos() {
                break;
            }
            self.at = self.at.max(Duration::from_nanos(due.0));
            self.step(Input::Tick);
        }
        self.at = end;
        // Who is there answers when asked whether.
        for client in [OPERATOR, ANYBODY, BYSTANDER] {
            self.say(client, b"PONG x");
        }
    }

    fn step(&mut self, input: Input<'_>) {
        self.at += Duration::from_millis(1);
        self.server.handle(input, now(self.at), &mut self.fx);
        self.act();
    }

    /// Does what the server wants done, until it wants nothing more.
    fn act(&mut self) {
        for _ in 0..ROUNDS_MAX {
            let list = self.fx.take();
            if list.is_empty() {
                return;
            }
            let mut next = Vec::new();
            let mut jobs = Vec::new();
            let mut list = list;
            for effect in list.drain(..) {
                match effect {
                    Effect::Send { line, to } => {
                        check(self.fx.line(line));
                        let bystander = self.clients[BYSTANDER];
                        if self.fx.recipients(to).iter().any(|conn| Some(*conn) == bystander) {
                            self.heard.extend_from_slice(self.fx.line(line));
                        }
                    }
                    Effect::Close { conn } => {
                        for client in &mut self.clients {
                            if *client == Some(conn) {
                                *client = None;
                                next.push(Input::Closed { conn, why: Gone::Eof });
                            }
                        }
                    }
                    Effect::Drain { conn } => next.push(Input::Drained { conn }),
                    Effect::Job { id, job } => jobs.push((id, *job)),
                    Effect::Stop(_) => self.stopped = true,
                    _ => (),
                }
            }
            self.fx.clear(list);
            for (id, job) in jobs {
                let answer = match job {
                    Job::Verify { hash, password } => {
                        Answer::Verified(hash.as_ref() == Some(&password))
                    }
                    // A worker that is busy is an answer to everything.
                    _ => Answer::Busy,
                };
                next.push(Input::Done { id, answer });
            }
            for input in next {
                self.server.handle(input, now(self.at), &mut self.fx);
            }
        }
        panic!("the server never stops by itself");
    }
}

/// Whether a line is one.
fn check(line: &[u8]) {
    let text = std::str::from_utf8(line).expect("what is sent is UTF-8");
    let text = text.strip_suffix("\r\n").expect("a line has an end");
    assert!(!text.contains(['\r', '\n', '\0']), "{text:?}");
    let body = match text.strip_prefix('@') {
        Some(tagged) => {
            let (tags, body) = tagged.split_once(' ').expect("tags are not everything");
            assert!(tags.len() <= TAGS_MAX, "{} bytes of tags", tags.len());
            body
        }
        None => text,
    };
    assert!(body.len() + 2 <= BODY_MAX, "{} bytes: {body}", body.len() + 2);
}

fn now(at: Duration) -> Now {
    Now { mono: Mono(at.as_nanos() as u64), wall: Wall(at.as_millis() as u64) }
}
