//! Random histories: clients who do whatever clients do, on a network to which happens whatever happens.
//!
//! The seed decides how the servers are linked, which faults there are and how often, and every step.

mod accounts;
mod phrases;

use super::{
    Sim, config, dice::Dice, disk::Disk, dnsbl, fabric::Pair, host::Workers, ledger::Ledger, oper,
    oracle,
};
use crate::{
    config::{Class, Config, Trusted, dnsbl::Action},
    core::settings::{EMAILMEMOS, ON},
    link::Limits,
    registry::{Edit, Kind, NAME, NICK, RecordId, What},
    time::{Sid, Stamp},
    wire::cidr::Cidr,
};
use std::{fmt::Write, time::Duration};

/// How many clients there are.
const CLIENTS: usize = 7;

/// How many channels they meet in.
const CHANNELS: usize = 4;

/// What can happen to a network besides what its clients do. Each seed has some of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fault {
    /// The servers fall into two groups that do not reach each other.
    Split,
    /// One link is cut.
    Cut,
    /// One link is broken and may come back at once.
    Reset,
    /// Nothing gets through one way.
    Stall,
    /// Frames take their time.
    Delay,
    /// A server is gone, and comes back with what it has stored.
    Crash,
    /// A server says goodbye, and comes back.
    Stop,
    /// A clock is set, by as much as five seconds from the truth.
    Clock,
    /// A server reads its configuration again.
    Reload,
    /// A client does not read.
    Slow,
    /// A disk fails, or works again.
    Disk,
}

const FAULTS: [Fault; 11] = [
    Fault::Split,
    Fault::Cut,
    Fault::Reset,
    Fault::Stall,
    Fault::Delay,
    Fault::Crash,
    Fault::Stop,
    Fault::Clock,
    Fault::Reload,
    Fault::Slow,
    Fault::Disk,
];

/// Classes of connections, which no two servers need have alike.
fn classes(dice: &mut Dice) -> Vec<Class> {
    let class = |name: &str, range, dice: &mut Dice| Class {
        name: name.into(),
        hosts: Trusted::parse(range).into_iter().collect(),
        channels_per_user: dice.one_in(2).then(|| 1 + dice.below(4)),
        flood_burst: dice.one_in(2).then_some(10),
        send_queue: dice.one_in(4).then_some(70_000),
        exempt: dice.one_in(4),
        ..Class::default()
    };
    let all = [class("few", "10.0.0.0/29", dice), class("rest", "10.0.0.0/27", dice)];
    all.into_iter().filter(|_| dice.one_in(2)).collect()
}

/// Mail is sent, and what it says is not good for long.
fn mails(config: &mut Config, dice: &mut Dice) {
    config.mail.server = Some("mail.test".into());
    config.mail.from = Some("irc@test.example".into());
    config.mail.retry = Duration::from_secs(1);
    config.mail.queue = 1 + dice.below(9);
    config.accounts.email_required = dice.one_in(2);
    config.accounts.verify_timeout = Duration::from_secs(10 + dice.below(100) as u64);
    config.accounts.reset_timeout = Duration::from_secs(10 + dice.below(100) as u64);
    config.accounts.unverified = 1 + dice.below(9);
}

/// One history.
#[derive(Debug)]
pub struct Workload {
    sim: Sim,
    dice: Dice,
    ledger: Ledger,
    faults: Vec<Fault>,
    /// The clients of the moment.
    places: Vec<usize>,
    step: usize,
    /// Whether anybody keeps others from being heard.
    hushes: bool,
    /// Whether channels are registered, by accounts that are there from the beginning.
    owned: bool,
}

/// Plays the history of a seed to its end, and returns what tells it from others.
pub fn run(seed: u64, steps: usize, narrator: Option<fn(&str)>) -> String {
    let mut work = Workload::new(seed, narrator);
    for step in 0..steps {
        work.step = step;
        work.act();
        oracle::nobody_is_misled(&work.sim);
    }
    work.end();
    let mut trace = format!("{:016x} {:?}", work.sim.trace, work.ledger.count());
    // Writing to a string cannot fail.
    let _ = write!(trace, "\n{}", work.sim.digests().join("\n--\n"));
    trace
}

impl Workload {
    fn new(seed: u64, narrator: Option<fn(&str)>) -> Workload {
        let mut dice = Dice::new(seed);
        let servers = 2 + dice.below(4);
        let mut config = config();
        config.oper.push(oper("root", "sesame"));
        config.roleplay.enabled = true;
        config.relaymsg.enabled = true;
        config.limits.split_grace = Duration::from_secs(5 + dice.below(30) as u64);
        if dice.one_in(3) {
            config.limits.split_forget = Duration::from_secs(35 + dice.below(60) as u64);
        }
        config.limits.channels_per_user = 2 + dice.below(4);
        config.limits.list_entries = 2 + dice.below(6);
        config.limits.rename_interval = Duration::from_secs(dice.below(3) as u64);
        if dice.one_in(3) {
            config.limits.flood_burst = 10;
        }
        if dice.one_in(3) {
            let zone = dice.pick(&["bl.test", "slow.test", "dead.test", "page"]);
            let action = dice.pick(&ACTIONS);
            config.dnsbl.extend(zone.zip(action).map(|(zone, action)| dnsbl(zone, action)));
        }
        if dice.one_in(2) {
            mails(&mut config, &mut dice);
        }
        config.class = classes(&mut dice);
        let faults: Vec<Fault> = FAULTS.into_iter().filter(|_| dice.one_in(2)).collect();
        if faults.contains(&Fault::Slow) {
            config.limits.send_queue = 6000 + dice.below(8000) as u64;
        }
        let pairs = links(servers, &mut dice);
        let mut sim = Sim::with_links(servers, &config, pairs, seed);
        sim.manners.pongs = true;
        sim.manners.asks = true;
        sim.watched = true;
        sim.narrator = narrator;
        if dice.one_in(2) {
            sim.workers = Workers { delay_max: 1 + dice.below(2000), busy_one_in: dice.below(8) };
        }
        if dice.one_in(2) {
            // A network that forgets so soon what was said has to tell its state.
            let log = 1 + dice.below(12);
            for host in &mut sim.hosts {
                host.limit_links(Limits { log, held: log + 4 });
            }
        }
        sim.redial();
        let hushes = dice.one_in(4);
        let owned = dice.one_in(2);
        if owned {
            let accounts: Vec<Edit> = (0..CLIENTS).map(|place| account(place as u64)).collect();
            sim.hosts.iter_mut().for_each(|host| host.learn(&accounts));
        }
        let ledger = Ledger::new(hushes);
        let mut work =
            Workload { sim, dice, ledger, faults, places: Vec::new(), step: 0, hushes, owned };
        for place in 0..CLIENTS {
            let client = work.come(&format!("u{place}"), place % servers);
            work.places.extend(client);
        }
        work.sim.pass(Duration::from_secs(3));
        work
    }

    /// A client connects.
    fn come(&mut self, name: &str, server: usize) -> Option<usize> {
        let client = self.sim.open(server, name)?;
        for line in self.introduction(name) {
            self.sim.send(client, &line);
        }
        Some(client)
    }

    /// What a client says first.
    fn introduction(&mut self, name: &str) -> Vec<String> {
        let mut caps = String::from("labeled-response batch sasl");
        for cap in phrases::CAPS {
            if self.dice.one_in(2) {
                caps = format!("{caps} {cap}");
            }
        }
        let mut lines = vec![
            format!("CAP REQ :{caps}"),
            format!("NICK {name}"),
            format!("USER {name} 0 * :Real {name}"),
            "METADATA * SUB k0 k1 k2".to_owned(),
        ];
        let owner = self.owned && name.starts_with('u');
        if owner || self.dice.one_in(3) {
            lines.extend(self.log_in(name));
        }
        lines.push("CAP END".to_owned());
        lines
    }

    /// One thing happens, and time passes.
    fn act(&mut self) {
        if self.dice.one_in(8) {
            self.fault();
        } else {
            let place = self.dice.below(self.places.len());
            self.client(place);
        }
        if self.dice.one_in(3) {
            self.sim.redial();
        }
        if self.dice.one_in(4) {
            self.unlock();
        }
        let millis = match self.dice.below(40) {
            0 => self.dice.below(40_000),
            1..=5 => self.dice.below(3000),
            6..=20 => self.dice.below(60),
            _ => 0,
        };
        self.sim.pass(Duration::from_millis(millis as u64));
        self.ledger.listen(&mut self.sim);
    }

    /// Somebody ends it if nobody is let in.
    fn unlock(&mut self) {
        let locked = self.sim.servers().any(|(_, server)| server.core().network().defcon() < 4);
        if let Some(client) = self.dice.pick(&self.places).filter(|_| locked) {
            self.sim.send(client, "OPER root sesame");
            self.sim.send(client, "DEFCON 5");
        }
    }

    fn client(&mut self, place: usize) {
        let Some(client) = self.places.get(place).copied() else { return };
        let known = self.sim.clients.get(client);
        let there = known.is_some_and(|known| known.conn.is_some());
        let nick = known.map(|known| known.view.nick.clone()).unwrap_or_default();
        if !there {
            return self.replace(place);
        }
        if nick.is_empty() {
            // The nick may have been taken meanwhile.
            return self.sim.send(client, &format!("NICK z{}", self.step));
        }
        if self.dice.one_in(60) {
            self.sim.send(client, "QUIT :bye");
            return self.replace(place);
        }
        if self.dice.one_in(60) {
            self.sim.hang_up(client);
            return self.replace(place);
        }
        if self.dice.one_in(12) {
            return self.race(client);
        }
        if let Some(lines) = self.line(client, &nick) {
            for line in lines.split('\n') {
                self.sim.send(client, line);
            }
        }
    }

    /// Two clients do at once what does not go together.
    fn race(&mut self, one: usize) {
        let (Some(other), channel) =
            (self.dice.pick(&self.places), format!("#c{}", self.dice.below(CHANNELS)))
        else {
            return;
        };
        let nick =
            self.sim.clients.get(other).map(|known| known.view.nick.clone()).unwrap_or_default();
        let lines = match self.dice.below(5) {
            0 => vec![
                (one, format!("KICK {channel} {nick}")),
                (other, format!("PART {channel}")),
                (other, format!("JOIN {channel}")),
            ],
            1 => vec![
                (one, format!("MODE {channel} +b race")),
                (other, format!("MODE {channel} +b race")),
                (one, format!("MODE {channel} -b race")),
            ],
            2 => vec![
                (one, format!("MODE {channel} +o-v {nick} {nick}")),
                (other, format!("MODE {channel} +bbl-o a b {} {nick}", self.step)),
                (one, format!("MODE {channel} +kl-bb race 7 a b")),
            ],
            3 => {
                let lines = [one, other].map(|client| (client, self.rename(client, &channel)));
                let lines = lines.into_iter().filter_map(|(client, line)| Some((client, line?)));
                lines.chain([(one, format!("KICK {channel} {nick}"))]).collect()
            }
            _ => vec![
                (one, format!("NICK race{}", self.step)),
                (other, format!("NICK race{}", self.step)),
                (one, format!("TOPIC {channel} :one")),
                (other, format!("TOPIC {channel} :other")),
            ],
        };
        for (client, line) in lines {
            self.sim.send(client, &line);
        }
    }

    /// Somebody else comes in a client's place, who may call themselves as others do.
    fn replace(&mut self, place: usize) {
        let name = match self.dice.below(4) {
            0 => format!("r{}", self.step),
            // Blocklists know it.
            1 => format!("bad{}", self.step),
            _ => format!("u{place}"),
        };
        let server = self.dice.below(self.sim.hosts.len());
        let client = self.come(&name, server);
        if let (Some(client), Some(known)) = (client, self.places.get_mut(place)) {
            *known = client;
        }
    }

    fn fault(&mut self) {
        if self.dice.one_in(3) {
            return self.mend();
        }
        let Some(fault) = self.dice.pick(&self.faults) else { return };
        let at = self.sim.at();
        let server = self.dice.below(self.sim.hosts.len());
        let pairs: Vec<Pair> = self.sim.fabric.wanted().collect();
        let Some(pair) = self.dice.pick(&pairs) else { return };
        let notice = [0; 2].map(|_| self.moment());
        self.sim.tell(|| format!("{fault:?} {pair:?} {server} {notice:?}"));
        match fault {
            Fault::Split => {
                let side: Vec<usize> =
                    (0..self.sim.hosts.len()).filter(|_| self.dice.one_in(2)).collect();
                for pair in pairs.into_iter().filter(|(a, b)| side.contains(a) != side.contains(b))
                {
                    let notice = [0; 2].map(|_| self.moment());
                    self.sim.fabric.cut(pair, at, notice);
                }
            }
            Fault::Cut => self.sim.fabric.cut(pair, at, notice),
            Fault::Reset => self.sim.fabric.reset(pair, at, notice),
            Fault::Stall => {
                let (a, b) = if self.dice.one_in(2) { pair } else { (pair.1, pair.0) };
                self.sim.fabric.stall(a, b, true);
            }
            Fault::Delay => {
                let [there, back] = [0; 2].map(|_| self.moment());
                self.sim.fabric.delay(pair, there, back);
            }
            Fault::Crash => self.sim.crash(server, notice[0]),
            Fault::Stop => self.sim.stop(server),
            Fault::Clock => {
                if let Some(host) = self.sim.hosts.get_mut(server) {
                    host.skew = self.dice.below(10_001) as i64 - 5000;
                }
            }
            Fault::Reload => self.reload(server),
            Fault::Disk => {
                let disk = self.dice.pick(&Disk::ALL).map_or(Disk::Well, |row| row.1);
                self.sim.hosts.get_mut(server).into_iter().for_each(|host| host.disk = disk);
            }
            Fault::Slow => {
                if let Some(client) = self.dice.pick(&self.places) {
                    self.sim.read(client, false);
                }
            }
        }
    }

    /// A span that is often nothing and at most a few seconds.
    fn moment(&mut self) -> Duration {
        let most = self.dice.pick(&[1, 30, 400, 3000]).unwrap_or(1);
        Duration::from_millis(self.dice.below(most) as u64)
    }

    fn mend(&mut self) {
        let pairs: Vec<Pair> = self.sim.fabric.wanted().collect();
        match self.dice.below(4) {
            0 => self.sim.fabric.calm(),
            1 => {
                for pair in pairs {
                    self.sim.fabric.mend(pair);
                }
            }
            2 => {
                if let Some((a, b)) = self.dice.pick(&pairs) {
                    self.sim.fabric.mend((a, b));
                    self.sim.fabric.stall(a, b, false);
                    self.sim.fabric.stall(b, a, false);
                }
            }
            _ => {
                for server in 0..self.sim.hosts.len() {
                    self.sim.restart(server);
                    self.sim.hosts.get_mut(server).into_iter().for_each(|host| {
                        host.disk = Disk::Well;
                    });
                }
                for client in self.places.clone() {
                    self.sim.read(client, true);
                }
            }
        }
    }

    /// The configuration is another now.
    fn reload(&mut self, server: usize) {
        let classes = classes(&mut self.dice);
        if let Some(host) = self.sim.hosts.get_mut(server) {
            host.config.class = classes;
            host.config.limits.list_entries = 2 + self.dice.below(6);
            host.config.limits.channels_per_user = 2 + self.dice.below(4);
            host.config.limits.whowas = self.dice.below(9);
            host.config.limits.dnsbl_marks = self.dice.below(2);
        }
        self.sim.reload(server);
    }

    /// Everything that stood between the servers goes away; what must then be true is true.
    fn end(&mut self) {
        self.sim.fabric.calm();
        self.sim.workers = Workers::default();
        for host in &mut self.sim.hosts {
            host.skew = 0;
            host.disk = Disk::Well;
        }
        for client in self.places.clone() {
            self.sim.read(client, true);
        }
        // Whatever is locked, those who come now are let in.
        for server in 0..self.sim.hosts.len() {
            if let Some(host) = self.sim.hosts.get_mut(server) {
                host.config.limits.exempt.extend(Cidr::parse("0.0.0.0/0"));
            }
            self.sim.reload(server);
        }
        // Whoever is out of reach for that long has been given up, and comes back; who has been forgotten
        // starts anew.
        for _ in 0..8 {
            for server in 0..self.sim.hosts.len() {
                self.sim.restart(server);
            }
            self.sim.redial();
            self.sim.pass(Duration::from_secs(5));
        }
        for place in 0..self.places.len() {
            let known = self.places.get(place).and_then(|client| self.sim.clients.get(*client));
            if known.is_none_or(|known| known.conn.is_none() || known.view.nick.is_empty()) {
                let client = self.come(&format!("last{place}"), place % self.sim.hosts.len());
                self.places.splice(place..=place, client);
            }
        }
        // What is kept until all have seen something goes away in time; so does what ends by the clock.
        for _ in 0..80 {
            self.sim.pass(Duration::from_secs(5));
            let digests = self.sim.digests();
            let registries = self.sim.registries();
            let agree = [digests, registries]
                .iter()
                .all(|all| all.iter().all(|one| all.first() == Some(one)));
            let at = self.sim.at();
            let mut hosts = self.sim.hosts.iter_mut();
            let kept = hosts.all(|host| host.forgets(host.now(at).wall).is_empty());
            if agree && kept && oracle::left_over(&self.sim).is_empty() {
                break;
            }
        }
        self.sim.settle();
        self.ledger.listen(&mut self.sim);
        oracle::all_agree(&self.sim);
        oracle::registries_agree(&mut self.sim);
        oracle::channels_are_kept(&mut self.sim);
        oracle::nobody_is_misled(&self.sim);
        oracle::nothing_is_left_over(&self.sim);
        oracle::nobody_waits(&self.sim);
        oracle::no_mail_is_left(&mut self.sim);
        self.ledger.settle(&self.sim);
        let here = |client: &usize| {
            self.sim.clients.get(*client).is_some_and(|known| known.conn.is_some())
        };
        let left = self.places.iter().filter(|client| here(client)).count();
        assert!(left == CLIENTS, "only {left} clients are there in the end");
    }
}

/// What can be done about an address that a blocklist knows.
const ACTIONS: [Action; 4] = [Action::Mark, Action::RequireSasl, Action::Refuse, Action::Ban];

/// An account that all stores have from the beginning, called as the client of a place.
fn account(place: u64) -> Edit {
    let (at, name) = (Stamp { tick: 1 + place, server: Sid::FIRST }, format!("u{place}"));
    let fields = vec![
        (NAME.into(), Some(name.as_str().into())),
        (format!("{NICK}{name}").into(), Some(name.as_str().into())),
        ("password".into(), Some("password0".into())),
        ("mail".into(), Some(format!("{name}@mail.test").into())),
        // Some want them from the beginning, since who turns it on is seldom left one.
        (EMAILMEMOS.into(), (place % 2 == 0).then(|| ON.into())),
    ];
    let (id, by) = (RecordId(at), "workload".into());
    Edit { id, kind: Kind::Account, at, by, what: What::Write(fields) }
}

/// A connected graph: a chain, a ring, a star, all with all, or something in between.
fn links(servers: usize, dice: &mut Dice) -> Vec<Pair> {
    let all = (0..servers).flat_map(|a| (a + 1..servers).map(move |b| (a, b)));
    match dice.below(5) {
        0 => (1..servers).map(|b| (b - 1, b)).collect(),
        1 => (1..servers).map(|b| (b - 1, b)).chain([(0, servers - 1)]).collect(),
        2 => (1..servers).map(|b| (0, b)).collect(),
        3 => all.collect(),
        _ => all.filter(|(a, b)| *a + 1 == *b || dice.one_in(3)).collect(),
    }
}
