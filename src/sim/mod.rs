//! A network of servers in one thread, in virtual time: same seed, same run.
//!
//! `fabric` is what lies between the servers, `host` the machine that each runs on with its `disk`, `client` who talks to
//! them; `script` plays transcripts, `workload` random histories; `view`, `ledger` and `oracle` say what
//! must be true of them.
#![allow(clippy::panic, reason = "a simulation that goes wrong has found what it is there for")]

pub mod client;
pub mod dice;
pub mod disk;
pub mod fabric;
pub mod host;
mod ledger;
pub mod mmdb;
pub mod oracle;
pub mod script;
pub mod told;
pub mod view;
pub mod workload;

use crate::{
    config::{
        Config, Dnsbl, Oper, Secret, Trusted, Webirc,
        dnsbl::{Action, Rule},
    },
    core::{
        ConnId,
        effect::{Effect, Effects, Ending},
        frame::{Frame, PeerId},
        peer::{Gone, Origin, Peer, Tls, Verdict},
    },
    server::{Input, Server},
    time::{Now, Sid},
};
use client::{Client, Manners};
use dice::Dice;
use fabric::{Arrival, End, Fabric, Pair};
use host::{FIRST_ADDRESS, Host, Workers};
use std::{
    borrow::Cow,
    collections::{BTreeMap, VecDeque},
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

/// The network.
#[derive(Debug)]
pub struct Sim {
    /// The machines with the servers.
    pub hosts: Vec<Host>,
    /// The clients, those who have left included.
    pub clients: Vec<Client>,
    /// What lies between the servers.
    pub fabric: Fabric,
    /// How the clients behave.
    pub manners: Manners,
    /// How the workers behave.
    pub workers: Workers,
    /// A number that tells one history from another.
    pub trace: u64,
    /// Whether what must hold at any moment is looked at after every step.
    pub watched: bool,
    /// Who is told all that happens.
    pub narrator: Option<fn(&str)>,
    conns: BTreeMap<(usize, ConnId), usize>,
    soon: VecDeque<Soon>,
    dice: Dice,
    at: Duration,
}

/// What happens before anything else does.
#[derive(Debug)]
enum Soon {
    /// A client says what it has to say, as far as its server listens.
    Feed(usize),
    /// A client asks something on the side.
    Aside(usize, String),
    /// A connection is closed.
    Closed(usize, u64, ConnId, Gone),
    /// A connection has taken what was written to it.
    Drained(usize, u64, ConnId),
    /// A server has ended.
    Ended(usize, u64, Ending),
}

/// What happens next.
#[derive(Debug)]
enum Next {
    Arrival(End),
    Job(usize),
    Tick(usize),
}

/// What a server has handled, for whoever wants to know when something has gone wrong.
#[derive(Debug)]
#[expect(dead_code, reason = "only ever printed")]
enum What<'a> {
    Line(ConnId, Cow<'a, str>),
    Frame(Frame),
    Other(std::mem::Discriminant<Input<'a>>),
}

impl<'a> What<'a> {
    fn of(input: &Input<'a>) -> What<'a> {
        match input {
            Input::Line { conn, line } => What::Line(*conn, String::from_utf8_lossy(line)),
            Input::Frame { frame, .. } => What::Frame(frame.clone()),
            other => What::Other(std::mem::discriminant(other)),
        }
    }
}

impl Sim {
    /// So many servers, each linked with every other.
    pub fn new(servers: usize, config: &Config) -> Sim {
        let mut sim = Sim::strangers(servers, config);
        sim.heal();
        sim
    }

    /// So many servers, none of which has heard of another, and each of which may be linked with each.
    pub fn strangers(servers: usize, config: &Config) -> Sim {
        let pairs = (0..servers).flat_map(|a| (a + 1..servers).map(move |b| (a, b)));
        Sim::with_links(servers, config, pairs, 1)
    }

    /// So many servers, not linked yet, of which these pairs may be. All chance comes from the seed.
    pub fn with_links(
        servers: usize,
        config: &Config,
        pairs: impl IntoIterator<Item = Pair>,
        seed: u64,
    ) -> Sim {
        let mut sim = Sim {
            hosts: (1..=servers).map(|number| Host::new(number, config)).collect(),
            clients: Vec::new(),
            fabric: Fabric::new(pairs),
            manners: Manners::default(),
            workers: Workers::default(),
            trace: 0xCBF2_9CE4_8422_2325,
            watched: false,
            narrator: None,
            conns: BTreeMap::new(),
            soon: VecDeque::new(),
            dice: Dice::new(seed),
            at: Duration::from_secs(1_800_000_000),
        };
        for host in &mut sim.hosts {
            host.start(sim.at);
        }
        sim
    }

    /// What has passed of virtual time.
    pub fn at(&self) -> Duration {
        self.at
    }

    /// A server, while it runs.
    pub fn server(&self, server: usize) -> Option<&Server> {
        self.hosts.get(server)?.server.as_ref()
    }

    /// The servers that run.
    pub fn servers(&self) -> impl Iterator<Item = (usize, &Server)> {
        self.hosts.iter().enumerate().filter_map(|(n, host)| Some((n, host.server.as_ref()?)))
    }

    fn now(&self, server: usize) -> Now {
        self.hosts.get(server).map_or(Now::default(), |host| host.now(self.at))
    }

    /// A client connects and says nothing yet. Nobody listens at a server that does not run.
    pub fn open(&mut self, server: usize, name: &str) -> Option<usize> {
        self.open_by(server, name, None)
    }

    /// A client connects by TLS, with a certificate, and says who it is.
    pub fn connect_secure(&mut self, server: usize, name: &str) -> usize {
        let (cipher, fingerprint) = ("TLSv1.3".to_owned(), Some("ab12".to_owned()));
        let client = self.open_by(server, name, Some(Tls { cipher, fingerprint, name: None }));
        self.introduce(client, name)
    }

    fn open_by(&mut self, server: usize, name: &str, tls: Option<Tls>) -> Option<usize> {
        let mut fx = Effects::default();
        let now = self.now(server);
        let client = self.clients.len();
        let from = Origin::Ip(IpAddr::V4(Ipv4Addr::from(FIRST_ADDRESS + client as u32)));
        let home = self.hosts.get_mut(server)?.server.as_mut()?;
        if home.admit(from, 0, now) != Verdict::Admit {
            return None;
        }
        let conn = home.open(Peer { from, listener: 0, tls }, now, &mut fx);
        self.clients.push(Client::new(name, server, conn));
        self.conns.insert((server, conn), client);
        self.act(server, fx);
        self.rush();
        Some(client)
    }

    /// A client connects and says who it is.
    pub fn connect(&mut self, server: usize, name: &str) -> usize {
        let client = self.open(server, name);
        self.introduce(client, name)
    }

    fn introduce(&mut self, client: Option<usize>, name: &str) -> usize {
        let Some(client) = client else { panic!("{name} is not let in") };
        self.settle();
        self.send(client, &format!("NICK {name}"));
        self.send(client, &format!("USER {name} 0 * :Real {name}"));
        client
    }

    /// A client sends a line.
    pub fn send(&mut self, client: usize, line: &str) {
        if let Some(known) = self.clients.get_mut(client) {
            known.pending.push_back(line.to_owned());
        }
        self.soon.push_back(Soon::Feed(client));
        self.rush();
    }

    /// A client ends its connection without a word.
    pub fn hang_up(&mut self, client: usize) {
        let Some(known) = self.clients.get_mut(client) else { return };
        if let Some(conn) = known.conn.take() {
            let server = known.server;
            self.close(server, conn, Gone::Eof);
            self.rush();
        }
    }

    /// A client stops reading, or takes all that waits for it.
    pub fn read(&mut self, client: usize, reads: bool) {
        let Some(known) = self.clients.get_mut(client) else { return };
        known.reads = reads;
        if !reads {
            return;
        }
        known.unread = 0;
        if let (true, Some(conn)) = (std::mem::take(&mut known.drain), known.conn) {
            let server = known.server;
            let life = self.hosts.get(server).map_or(0, |host| host.life);
            self.soon.push_back(Soon::Drained(server, life, conn));
            self.rush();
        }
    }

    /// Says what happens, if anybody listens.
    pub fn tell(&self, what: impl FnOnce() -> String) {
        if let Some(narrator) = self.narrator {
            narrator(&format!("{:?} {}", self.at, what()));
        }
    }

    /// Does what cannot wait.
    fn rush(&mut self) {
        while let Some(soon) = self.soon.pop_front() {
            match soon {
                Soon::Feed(client) => self.feed(client),
                Soon::Aside(client, line) => self.aside(client, &line),
                Soon::Closed(server, life, conn, why) => {
                    if self.hosts.get(server).is_some_and(|host| host.life == life) {
                        self.step(server, Input::Closed { conn, why });
                        self.conns.remove(&(server, conn));
                    }
                }
                Soon::Ended(server, life, ending) => {
                    if self.hosts.get(server).is_some_and(|host| host.life == life) {
                        self.ended(server);
                        if ending == Ending::Restart {
                            self.restart(server);
                        }
                    }
                }
                Soon::Drained(server, life, conn) => {
                    if self.hosts.get(server).is_some_and(|host| host.life == life) {
                        self.step(server, Input::Drained { conn });
                    }
                }
            }
        }
    }

    fn ready(&self, client: usize) -> Option<(usize, ConnId)> {
        let known = self.clients.get(client)?;
        let (conn, server) = (known.conn?, known.server);
        self.server(server).filter(|home| home.ready(conn)).map(|_| (server, conn))
    }

    /// Hands over a client's next line, if its server takes it.
    fn feed(&mut self, client: usize) {
        let Some((server, conn)) = self.ready(client) else { return };
        let line = self.clients.get_mut(client).and_then(|known| known.pending.pop_front());
        let Some(line) = line else { return };
        self.step(server, Input::Line { conn, line: line.as_bytes() });
        self.soon.push_back(Soon::Feed(client));
    }

    /// A client asks something at once, and nobody hears of it.
    fn aside(&mut self, client: usize, line: &str) {
        let Some((server, conn)) = self.ready(client) else { return };
        self.hush(client, true);
        self.step(server, Input::Line { conn, line: line.as_bytes() });
        self.hush(client, false);
    }

    fn hush(&mut self, client: usize, hushed: bool) {
        if let Some(client) = self.clients.get_mut(client) {
            client.hushed = hushed;
        }
    }

    /// Has a server handle something.
    fn step(&mut self, server: usize, input: Input<'_>) {
        self.at += Duration::from_millis(1);
        let now = self.now(server);
        let mut fx = Effects::default();
        let what = What::of(&input);
        self.tell(|| format!("server {} <- {what:?}", server + 1));
        let Some(home) = self.hosts.get_mut(server).and_then(|host| host.server.as_mut()) else {
            return;
        };
        home.handle(input, now, &mut fx);
        // What has no effect has changed nothing.
        if self.watched && !fx.is_empty() {
            let broken = home.check();
            assert!(broken.is_empty(), "server {} after {what:?}: {broken:#?}", server + 1);
        }
        self.act(server, fx);
    }

    fn act(&mut self, server: usize, mut fx: Effects) {
        let life = self.hosts.get(server).map_or(0, |host| host.life);
        for effect in fx.take() {
            match effect {
                Effect::Send { line, to } => {
                    let text = String::from_utf8_lossy(fx.line(line));
                    let text = text.trim_end_matches("\r\n");
                    for conn in fx.recipients(to) {
                        self.deliver(server, *conn, text);
                    }
                }
                Effect::Close { conn } => {
                    if let Some(client) = self.conns.get(&(server, conn)) {
                        if let Some(client) = self.clients.get_mut(*client) {
                            client.conn = None;
                        }
                    }
                    self.close(server, conn, Gone::Eof);
                }
                Effect::Drain { conn } => self.drain(server, life, conn),
                Effect::Job { id, job } => {
                    self.tell(|| format!("server {} asks for {job:?}", server + 1));
                    let (at, workers) = (self.at, self.workers);
                    if let Some(host) = self.hosts.get_mut(server) {
                        host.submit(id, *job, at, workers, &mut self.dice);
                    }
                }
                Effect::Frame { peer, frame } => self.fabric.send((server, peer), frame, self.at),
                Effect::Unlink { peer } => self.fabric.hang_up((server, peer), self.at),
                Effect::Ready { conn } => {
                    let client = self.conns.get(&(server, conn)).copied();
                    self.soon.extend(client.map(Soon::Feed));
                }
                Effect::Stop(ending) => self.soon.push_back(Soon::Ended(server, life, ending)),
                Effect::Secure { .. } | Effect::Reconfigure(_) => (),
            }
        }
    }

    /// Writes a line to a client. One that does not read is let go once too much waits for it.
    fn deliver(&mut self, server: usize, conn: ConnId, line: &str) {
        for byte in line.bytes() {
            self.trace = (self.trace ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        }
        let Some(place) = self.conns.get(&(server, conn)).copied() else { return };
        let most = self.server(server).map_or(u64::MAX, |home| {
            home.send_queue(conn).unwrap_or(home.core().config.limits.send_queue)
        });
        self.tell(|| format!("client {place} <- {line}"));
        let client = self.clients.get_mut(place);
        // Nothing is sent after the end of a connection.
        let Some(client) = client.filter(|client| client.conn == Some(conn)) else { return };
        let says = client.hear(line, self.manners);
        let slow = client.unread as u64 > most && client.conn.take().is_some();
        if slow {
            self.close(server, conn, Gone::SendQueue);
        }
        for line in says {
            if self.manners.hides {
                self.soon.push_back(Soon::Aside(place, line));
            } else {
                if let Some(client) = self.clients.get_mut(place) {
                    client.pending.push_back(line);
                }
                self.soon.push_back(Soon::Feed(place));
            }
        }
    }

    fn close(&mut self, server: usize, conn: ConnId, why: Gone) {
        let life = self.hosts.get(server).map_or(0, |host| host.life);
        self.soon.push_back(Soon::Closed(server, life, conn, why));
    }

    fn drain(&mut self, server: usize, life: u64, conn: ConnId) {
        let client = self.conns.get(&(server, conn)).and_then(|place| self.clients.get_mut(*place));
        match client {
            Some(client) if client.unread > 0 => client.drain = true,
            Some(_) | None => self.soon.push_back(Soon::Drained(server, life, conn)),
        }
    }

    /// What is in flight, by when it comes.
    fn in_flight(&self) -> Option<(Duration, Next)> {
        let frame = self.fabric.next().map(|(due, end)| (due, Next::Arrival(end)));
        let jobs = self.hosts.iter().enumerate();
        let job = jobs
            .filter_map(|(server, host)| Some((host.due()?, Next::Job(server))))
            .min_by_key(|(due, _)| *due);
        frame.into_iter().chain(job).min_by_key(|(due, _)| *due)
    }

    fn timer(&self) -> Option<(Duration, Next)> {
        self.servers()
            .filter_map(|(n, server)| {
                Some((Duration::from_nanos(server.deadline()?.0), Next::Tick(n)))
            })
            .min_by_key(|(due, _)| *due)
    }

    fn happen(&mut self, due: Duration, next: Next) {
        self.at = self.at.max(due);
        match next {
            Next::Tick(server) => self.step(server, Input::Tick),
            Next::Arrival(end) => match self.fabric.take(end) {
                Some(Arrival::Frame((server, peer), frame)) => {
                    self.step(server, Input::Frame { peer, frame });
                }
                Some(Arrival::Down((server, peer))) => self.step(server, Input::Unlinked { peer }),
                None => (),
            },
            Next::Job(server) => {
                let names: Vec<String> =
                    self.clients.iter().map(|client| client.name.clone()).collect();
                let workers = self.workers;
                let done = self
                    .hosts
                    .get_mut(server)
                    .and_then(|host| host.finish(&names, workers, &mut self.dice));
                if let Some((id, answer)) = done {
                    self.tell(|| format!("server {} is told {answer:?}", server + 1));
                    self.step(server, Input::Done { id, answer });
                }
            }
        }
        self.rush();
    }

    /// Lets everything come that is in flight and gets through, and what is due already; that has to come to
    /// an end.
    pub fn settle(&mut self) {
        self.rush();
        let mut left = SETTLE_MAX;
        loop {
            let next = self.in_flight();
            let most = next.as_ref().map_or(self.at, |(due, _)| *due);
            let timer = self.timer().filter(|(timer, _)| *timer < most || *timer <= self.at);
            let Some((due, next)) = timer.or(next) else { return };
            assert!(left > 0, "servers answer each other without an end");
            left -= 1;
            self.happen(due, next);
        }
    }

    /// Lets time pass.
    pub fn pass(&mut self, span: Duration) {
        let end = self.at + span;
        self.rush();
        loop {
            let next = self.in_flight().into_iter().chain(self.timer()).min_by_key(|(due, _)| *due);
            match next.filter(|(due, _)| *due <= end) {
                Some((due, next)) => self.happen(due, next),
                None => break,
            }
        }
        self.at = self.at.max(end);
    }

    /// Lets time pass, and everything come that is then in flight.
    pub fn wait(&mut self, span: Duration) {
        self.pass(span);
        self.settle();
    }

    /// Cuts every link between the two sides, losing what is in flight; everybody notices at once.
    pub fn split(&mut self, side: &[usize]) {
        let across: Vec<Pair> =
            self.fabric.wanted().filter(|(a, b)| side.contains(a) != side.contains(b)).collect();
        self.cut(&across);
    }

    /// Cuts links, losing what is in flight; everybody notices at once.
    pub fn cut(&mut self, pairs: &[Pair]) {
        for pair in pairs {
            self.fabric.cut(*pair, self.at, [Duration::ZERO; 2]);
        }
        for end in self.fabric.broken() {
            self.happen(self.at, Next::Arrival(end));
        }
    }

    /// Makes every link that is not cut.
    pub fn redial(&mut self) {
        for (a, b) in self.fabric.missing() {
            if self.server(a).is_some() && self.server(b).is_some() {
                self.join(a, b);
            }
        }
    }

    /// Makes every link, whatever was cut.
    pub fn heal(&mut self) {
        self.fabric.mend_all();
        self.redial();
        self.settle();
    }

    fn join(&mut self, a: usize, b: usize) {
        let sid = |server: Option<&Server>| server.map_or(Sid::FIRST, |server| server.core().sid());
        let (sa, sb) = (sid(self.server(a)), sid(self.server(b)));
        let (mut fa, mut fb) = (Effects::default(), Effects::default());
        let pa = self.meet(a, sb, &mut fa);
        let pb = self.meet(b, sa, &mut fb);
        if let Some((pa, pb)) = pa.zip(pb) {
            self.fabric.link((a, pa), (b, pb));
        }
        self.act(a, fa);
        self.act(b, fb);
        self.rush();
    }

    fn meet(&mut self, server: usize, other: Sid, fx: &mut Effects) -> Option<PeerId> {
        let now = self.now(server);
        Some(self.hosts.get_mut(server)?.server.as_mut()?.link(other, now, fx))
    }

    /// A server crashes: its clients lose their connections, what it had not stored is gone.
    pub fn crash(&mut self, server: usize, notice: Duration) {
        let Some(host) = self.hosts.get_mut(server).filter(|host| host.server.is_some()) else {
            return;
        };
        host.crash();
        self.fabric.crash(server, self.at, notice);
        for client in self.clients.iter_mut().filter(|client| client.server == server) {
            client.conn = None;
        }
        self.conns.retain(|(home, _), _| *home != server);
    }

    /// A server says goodbye and ends.
    pub fn stop(&mut self, server: usize) {
        self.step(server, Input::Stop { reason: "Maintenance" });
        self.rush();
    }

    /// A server ends once its workers have written what it has to remember.
    fn ended(&mut self, server: usize) {
        while self.hosts.get(server).is_some_and(|host| host.due().is_some()) {
            self.happen(self.at, Next::Job(server));
        }
        self.crash(server, Duration::ZERO);
    }

    /// A server that does not run is started.
    pub fn restart(&mut self, server: usize) {
        if let Some(host) = self.hosts.get_mut(server).filter(|host| host.server.is_none()) {
            host.start(self.at);
        }
    }

    /// A server reads its configuration again.
    pub fn reload(&mut self, server: usize) {
        self.step(server, Input::Reload);
        self.rush();
    }

    /// What each store says of the registry: what all records sum up to, and who has which claims.
    pub fn registries(&mut self) -> Vec<String> {
        self.hosts.iter_mut().map(Host::registry).collect()
    }

    /// Each running server's idea of the network.
    pub fn digests(&self) -> Vec<String> {
        self.servers().map(|(_, server)| server.core().network().digest()).collect()
    }
}

/// A configuration for tests: no cloaks, nobody has to wait.
pub fn config() -> Config {
    let mut config = Config::default();
    config.cloak.enabled = false;
    config.limits.flood_burst = 1_000_000;
    config.limits.clients_per_network = 1_000_000;
    config
}

/// An operator whose hash is the password itself.
pub fn oper(name: &str, password: &str) -> Oper {
    Oper { name: name.into(), password: Some(Secret::new(password)), ..Oper::default() }
}

/// A blocklist, asked by HTTP if its zone is `page`, that knows clients whose names begin with `bad`.
pub fn dnsbl(zone: &str, action: Action) -> Dnsbl {
    let (zone, url) = match zone {
        "page" => (None, Some(Secret::new("http://page.test/{address}"))),
        zone => (Some(zone.into()), None),
    };
    let name = zone.clone().unwrap_or_else(|| "page".into());
    let yes = Rule::parse("proxy:yes").filter(|_| url.is_some());
    let replies = yes.into_iter().collect();
    Dnsbl { name, zone, url, replies, action, private: true, ..Dnsbl::default() }
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

/// How much may come of what is in flight before it settles; a busy seed takes some thousands.
const SETTLE_MAX: u32 = 200_000;
