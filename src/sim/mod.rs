//! A network of servers in one thread, in virtual time: same seed, same run.
#![allow(clippy::panic, reason = "a simulation that goes wrong has found what it is there for")]

pub mod script;
pub mod view;

use crate::{
    config::{Config, Oper, Secret, Trusted, Webirc},
    core::{
        ConnId,
        effect::{Effect, Effects},
        frame::{Frame, PeerId},
    },
    job::{Answer, Job, JobId, Loaded, Texts},
    server::{Gone, Input, Origin, Peer, Server, Setup, Tls},
    store::Rows,
    time::{Mono, Now, Sid, Wall},
};
use std::{
    collections::{BTreeMap, VecDeque},
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    time::Duration,
};

/// A client of the simulation.
#[derive(Debug)]
pub struct Client {
    /// What it calls itself, and where it comes from.
    pub name: String,
    /// Which server it is connected to.
    pub server: usize,
    /// Its connection; none once it has ended.
    pub conn: Option<ConnId>,
    /// Lines that have come and not been read.
    pub got: VecDeque<String>,
    /// All lines that have ever come.
    pub all: Vec<String>,
    /// Lines that wait for the server to be ready.
    pending: VecDeque<String>,
}

/// The network.
#[derive(Debug)]
pub struct Sim {
    /// The servers.
    pub servers: Vec<Server>,
    /// The clients.
    pub clients: Vec<Client>,
    /// Both ends of each link that is up.
    links: BTreeMap<(usize, PeerId), (usize, PeerId)>,
    frames: VecDeque<(usize, PeerId, Frame)>,
    jobs: VecDeque<(usize, JobId, Job)>,
    at: Duration,
    /// Whether clients answer a PING, as all real ones do.
    pub polite: bool,
}

impl Sim {
    /// So many servers, each linked with every other.
    pub fn new(servers: usize, config: &Config) -> Sim {
        let mut sim = Sim::strangers(servers, config);
        sim.heal();
        sim
    }

    /// So many servers, none of which has heard of another.
    pub fn strangers(servers: usize, config: &Config) -> Sim {
        let at = Duration::from_secs(1_800_000_000);
        let mut sim = Sim {
            servers: Vec::new(),
            clients: Vec::new(),
            links: BTreeMap::new(),
            frames: VecDeque::new(),
            jobs: VecDeque::new(),
            at,
            polite: false,
        };
        for number in 1..=servers {
            let mut config = config.clone();
            config.server.name = format!("s{number}.test");
            config.server.network = "Test".into();
            let (motd, rules) = (file(&config.server.motd), file(&config.server.rules));
            let texts = Texts { motd, rules };
            let loaded = Loaded { config, texts, certificates: Vec::new() };
            let sid = Sid::from_number(number as u64 * 1000 + 1623);
            let setup =
                Setup { loaded, sid, life: 0, clock: 0, seed: 7, cloak: Secret::new("sim") };
            sim.servers.push(Server::new(setup, sim.now()));
        }
        sim
    }

    fn now(&self) -> Now {
        Now { mono: Mono(self.at.as_nanos() as u64), wall: Wall(self.at.as_millis() as u64) }
    }

    /// A client connects and says nothing yet.
    pub fn open(&mut self, server: usize, name: &str) -> usize {
        self.open_by(server, name, None)
    }

    /// A client connects by TLS and says who it is.
    pub fn connect_secure(&mut self, server: usize, name: &str) -> usize {
        let (cipher, fingerprint) = ("TLSv1.3".to_owned(), Some("ab12".to_owned()));
        let client = self.open_by(server, name, Some(Tls { cipher, fingerprint }));
        self.introduce(client, name);
        client
    }

    fn open_by(&mut self, server: usize, name: &str, tls: Option<Tls>) -> usize {
        let mut fx = Effects::default();
        let now = self.now();
        let place = self.clients.len() as u32 + 1;
        let from = Origin::Ip(IpAddr::V4(Ipv4Addr::from(0x0A00_0000 + place)));
        let Some(home) = self.servers.get_mut(server) else { panic!("no server {server}") };
        let conn = home.open(Peer { from, listener: 0, tls }, now, &mut fx);
        let got = VecDeque::new();
        self.clients.push(Client {
            name: name.into(),
            server,
            conn: Some(conn),
            got,
            all: Vec::new(),
            pending: VecDeque::new(),
        });
        self.act(server, fx);
        self.settle();
        self.clients.len() - 1
    }

    /// A client connects and says who it is.
    pub fn connect(&mut self, server: usize, name: &str) -> usize {
        let client = self.open(server, name);
        self.introduce(client, name);
        client
    }

    fn introduce(&mut self, client: usize, name: &str) {
        self.send(client, &format!("NICK {name}"));
        self.send(client, &format!("USER {name} 0 * :Real {name}"));
    }

    /// A client sends a line.
    pub fn send(&mut self, client: usize, line: &str) {
        if let Some(client) = self.clients.get_mut(client) {
            client.pending.push_back(line.to_owned());
        }
        self.feed(client);
    }

    /// Hands over a client's lines for as long as its server takes them.
    fn feed(&mut self, client: usize) {
        loop {
            let Some(known) = self.clients.get_mut(client) else { return };
            let Some(conn) = known.conn else { return known.pending.clear() };
            let server = known.server;
            if !self.servers.get(server).is_some_and(|home| home.ready(conn)) {
                return;
            }
            let Some(line) = known.pending.pop_front() else { return };
            self.step(server, Input::Line { conn, line: line.as_bytes() });
        }
    }

    fn step(&mut self, server: usize, input: Input<'_>) {
        self.at += Duration::from_millis(1);
        let now = self.now();
        let mut fx = Effects::default();
        if let Some(home) = self.servers.get_mut(server) {
            home.handle(input, now, &mut fx);
        }
        self.act(server, fx);
    }

    fn act(&mut self, server: usize, mut fx: Effects) {
        let mut closed = Vec::new();
        let mut drained = Vec::new();
        for effect in fx.take() {
            match effect {
                Effect::Send { line, to } => {
                    let text =
                        String::from_utf8_lossy(fx.line(line)).trim_end_matches("\r\n").to_owned();
                    for conn in fx.recipients(to) {
                        let known = self
                            .clients
                            .iter_mut()
                            .find(|client| (client.server, client.conn) == (server, Some(*conn)));
                        if let Some(client) = known {
                            client.got.push_back(text.clone());
                            if self.polite && text.starts_with("PING ") {
                                client.pending.push_back("PONG".into());
                            }
                            client.all.push(text.clone());
                        }
                    }
                }
                Effect::Close { conn } => closed.push(conn),
                Effect::Drain { conn } => drained.push(conn),
                Effect::Job { id, job } => self.jobs.push_back((server, id, *job)),
                Effect::Frame { peer, frame } => {
                    if let Some((there, end)) = self.links.get(&(server, peer)) {
                        self.frames.push_back((*there, *end, frame));
                    }
                }
                Effect::Ready { .. }
                | Effect::Secure { .. }
                | Effect::Reconfigure(_)
                | Effect::Stop => (),
            }
        }
        for conn in drained {
            self.step(server, Input::Drained { conn });
        }
        for conn in closed {
            for client in self
                .clients
                .iter_mut()
                .filter(|client| (client.server, client.conn) == (server, Some(conn)))
            {
                client.conn = None;
            }
            self.step(server, Input::Closed { conn, why: Gone::Eof });
        }
    }

    /// Delivers everything in flight.
    pub fn settle(&mut self) {
        loop {
            if let Some((server, peer, frame)) = self.frames.pop_front() {
                self.step(server, Input::Frame { peer, frame });
            } else if let Some((server, id, job)) = self.jobs.pop_front() {
                let answer = self.answer(job);
                self.step(server, Input::Done { id, answer });
            } else {
                let waiting = |client: &Client| client.conn.is_some() && !client.pending.is_empty();
                let before: usize = self.clients.iter().map(|client| client.pending.len()).sum();
                for client in 0..self.clients.len() {
                    if self.clients.get(client).is_some_and(waiting) {
                        self.feed(client);
                    }
                }
                let after: usize = self.clients.iter().map(|client| client.pending.len()).sum();
                if before == after && self.frames.is_empty() && self.jobs.is_empty() {
                    return;
                }
            }
        }
    }

    /// What a worker would answer. A hash is the password itself.
    fn answer(&self, job: Job) -> Answer {
        match job {
            Job::Verify { hash, password } => Answer::Verified(hash == password),
            Job::Resolve { address, .. } => {
                let IpAddr::V4(ip) = address else { return Answer::Resolved(None) };
                let place = (u32::from(ip) - 0x0A00_0001) as usize;
                Answer::Resolved(
                    self.clients.get(place).map(|client| format!("{}.test", client.name)),
                )
            }
            Job::Store(_) => Answer::Stored(Ok(Rows::Done)),
            Job::Load => Answer::Busy,
            Job::Watch => Answer::Watched(Ok(None)),
        }
    }

    /// Lets time pass.
    pub fn wait(&mut self, span: Duration) {
        let end = self.at + span;
        loop {
            self.settle();
            let next = self
                .servers
                .iter()
                .enumerate()
                .filter_map(|(place, server)| Some((server.deadline()?, place)))
                .min();
            let Some((due, server)) = next.filter(|(due, _)| u128::from(due.0) <= end.as_nanos())
            else {
                break;
            };
            self.at = self.at.max(Duration::from_nanos(due.0));
            self.step(server, Input::Tick);
        }
        self.at = self.at.max(end);
        self.settle();
    }

    /// Cuts every link between the two sides, losing what is in flight.
    pub fn split(&mut self, side: &[usize]) {
        let cut = self
            .links
            .iter()
            .filter(|(a, b)| side.contains(&a.0) != side.contains(&b.0))
            .map(|(a, _)| *a)
            .collect::<Vec<_>>();
        for (server, peer) in &cut {
            self.links.remove(&(*server, *peer));
            self.frames.retain(|frame| (frame.0, frame.1) != (*server, *peer));
        }
        for (server, peer) in cut {
            self.step(server, Input::Unlinked { peer });
        }
    }

    /// Links every two servers that are not linked.
    pub fn heal(&mut self) {
        for a in 0..self.servers.len() {
            for b in a + 1..self.servers.len() {
                if !self.links.iter().any(|(x, y)| (x.0, y.0) == (a, b)) {
                    self.join(a, b);
                }
            }
        }
        self.settle();
    }

    fn join(&mut self, a: usize, b: usize) {
        let now = self.now();
        let (mut fa, mut fb) = (Effects::default(), Effects::default());
        let sid = |server: Option<&Server>| server.map_or(Sid::FIRST, |server| server.core().sid());
        let (sa, sb) = (sid(self.servers.get(a)), sid(self.servers.get(b)));
        let pa = self.servers.get_mut(a).map(|server| server.link(sb, now, &mut fa));
        let pb = self.servers.get_mut(b).map(|server| server.link(sa, now, &mut fb));
        if let Some((pa, pb)) = pa.zip(pb) {
            self.links.insert((a, pa), (b, pb));
            self.links.insert((b, pb), (a, pa));
        }
        self.act(a, fa);
        self.act(b, fb);
    }

    /// Each server's idea of the network.
    pub fn digests(&self) -> Vec<String> {
        self.servers.iter().map(|server| server.core().network().digest()).collect()
    }
}

/// What a file holds: its own name.
fn file(path: &Option<PathBuf>) -> Vec<String> {
    path.iter().map(|path| path.display().to_string()).collect()
}

/// A configuration for tests: no cloaks, nobody has to wait.
pub fn config() -> Config {
    let mut config = Config::default();
    config.cloak.enabled = false;
    config.limits.flood_burst = 1_000_000;
    config
}

/// An operator whose hash is the password itself.
pub fn oper(name: &str, password: &str) -> Oper {
    Oper { name: name.into(), password: Some(Secret::new(password)), ..Oper::default() }
}

/// A gateway that may connect from one range.
pub fn webirc(name: &str, password: &str, host: &str) -> Webirc {
    let Some(host) = Trusted::parse(host) else { panic!("{host} is no range") };
    Webirc {
        name: name.into(),
        password: Some(Secret::new(password)),
        hosts: vec![host],
        ..Webirc::default()
    }
}
