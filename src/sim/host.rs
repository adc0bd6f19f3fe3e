//! A machine with one server on it: a disk that outlives the server, a clock that may be wrong, and
//! workers that take their time.

use super::{dice::Dice, disk::Disk, mmdb};
use crate::{
    config::{Config, Secret},
    core::{
        account, metadata,
        registered::{self, access, kept},
        suspension, vhost,
    },
    job::{
        Answer, Atlas, Delivery, Hashes, Job, JobId, Lane, List, Listing, Loaded, RANDOM_LEN,
        Texts, Undelivered,
    },
    link::Limits,
    network::{
        crdt::Epoch,
        op::{ModeChange, Op},
    },
    registry::Edit,
    server::{Server, Setup},
    store::{self, Draft, Find, Past, Posted, Query, Rows, Store, memory::Memory},
    time::{Mono, Now, Sid, Stamp, Wall},
    wire::{mmdb::Database, name::Nick, scram::Verifier},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

/// How the workers of all hosts are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Workers {
    /// The longest that a job takes, in milliseconds.
    pub delay_max: usize,
    /// One job of how many is refused; none if 0.
    pub busy_one_in: usize,
}

/// A machine.
#[derive(Debug)]
pub struct Host {
    /// The server, while it runs.
    pub server: Option<Server>,
    /// Which of its lives this is.
    pub life: u64,
    /// By how many milliseconds the clock on its wall is wrong.
    pub skew: i64,
    /// How its disk is.
    pub disk: Disk,
    /// What the next reading of the configuration gives.
    pub config: Config,
    /// How much the server keeps for its links, if less than usual.
    limits: Option<Limits>,
    store: Memory,
    sid: Sid,
    /// Jobs that have been begun, by when they end.
    jobs: BTreeMap<(Duration, u64), (JobId, Job)>,
    /// How many jobs there have been.
    count: u64,
    /// Whether the last thing asked of the store was refused.
    refused: bool,
    /// The mails that have been sent: to whom, and what.
    pub mails: Vec<(String, String)>,
    /// To whom a mail has been refused.
    bounced: Vec<String>,
}

impl Host {
    /// A machine on which no server runs yet.
    pub fn new(number: usize, config: &Config) -> Host {
        let mut config = config.clone();
        config.server.name = format!("s{number}.test");
        config.server.network = "Test".into();
        Host {
            server: None,
            life: 0,
            skew: 0,
            disk: Disk::default(),
            config,
            limits: None,
            store: Memory::default(),
            sid: Sid::from_number(number as u64 * 1000 + 1623),
            jobs: BTreeMap::new(),
            count: 0,
            refused: false,
            mails: Vec::new(),
            bounced: Vec::new(),
        }
    }

    /// What its clocks show.
    pub fn now(&self, at: Duration) -> Now {
        let wall = (at.as_millis() as u64).saturating_add_signed(self.skew);
        Now { mono: Mono(at.as_nanos() as u64), wall: Wall(wall) }
    }

    /// Starts the server, with what its store remembers.
    pub fn start(&mut self, at: Duration) {
        let tick = Stamp::tick_at(self.now(at).wall);
        let identify = Query::Identify { sid: Some(self.sid), random: 0, tick };
        let Ok(Rows::Identity { sid, clock, life }) = self.store.ask(&identify) else {
            panic!("a store that does not know who it is")
        };
        // The first life is counted as none, for identities that are short to read.
        let life = life - 1;
        self.life = life;
        let setup =
            Setup { loaded: self.loaded(), sid, life, clock, seed: 7, cloak: Secret::new("sim") };
        let now = self.now(at);
        let mut server = Server::new(setup, now);
        let told = store::remember(&mut self.store, |past| server.remember(past, now));
        assert_eq!(told, Ok(()));
        self.limits.into_iter().for_each(|limits| server.limit_links(limits));
        self.server = Some(server);
    }

    /// Has the server keep less for its links than usual, in this life and those to come.
    pub fn limit_links(&mut self, limits: Limits) {
        self.limits = Some(limits);
        self.server.iter_mut().for_each(|server| server.limit_links(limits));
    }

    /// The store has these edits from the beginning, and the server knows of them.
    pub fn learn(&mut self, edits: &[Edit]) {
        let now = self.now(Duration::ZERO);
        let learned = self.store.ask(&Query::Learn(edits.to_vec()));
        assert!(learned.is_ok(), "{learned:?}");
        if let Some(server) = &mut self.server {
            let told = store::claims(&mut self.store, |claims| {
                server.remember(Past::Claims(claims), now);
            });
            assert_eq!(told, Ok(()));
        }
    }

    /// An administrator edits something at the command line of this machine: the server is handed it, and
    /// while none runs it is written.
    pub fn hand(&mut self, draft: Draft, at: Duration) {
        let Draft { id: Some(id), kind, by, what } = draft.clone() else { return };
        if self.server.is_some() {
            self.store.hand(draft);
            return;
        }
        let tick = Stamp::tick_at(self.now(at).wall);
        let edit = Edit { id, kind, at: Stamp { tick, server: self.sid }, by, what };
        let written = self.store.ask(&Query::Propose(Box::new(edit)));
        assert!(matches!(written, Ok(Rows::Proposed(_))), "{written:?}");
    }

    /// The server is no more, and what its workers were doing is lost.
    pub fn crash(&mut self) {
        self.server = None;
        self.jobs.clear();
    }

    fn loaded(&self) -> Loaded {
        let config = self.config.clone();
        let (motd, rules) = (file(&config.server.motd), file(&config.server.rules));
        let atlas = atlas(&config);
        Loaded { texts: Texts { motd, rules }, atlas, ..Loaded::of(config) }
    }

    /// The registry as the store has it, in one text.
    pub fn registry(&mut self) -> String {
        let mut text = String::new();
        let told = store::claims(&mut self.store, |claims| {
            for (key, holder) in claims {
                text += &format!("{key} {holder}\n");
            }
        });
        assert_eq!(told, Ok(()));
        match self.store.ask(&Query::Digests) {
            Ok(digests) => text + &format!("{digests:?}"),
            Err(error) => panic!("{error}"),
        }
    }

    /// A mail that waits in the store, if one does.
    pub fn unsent(&mut self) -> Option<Box<Posted>> {
        match self.store.ask(&Query::Due { by: Wall(u64::MAX) }) {
            Ok(Rows::Letter(posted, _)) => posted,
            other => panic!("{other:?}"),
        }
    }

    /// What the server believes of claims otherwise than its store: sentences.
    pub fn misbelieves(&mut self) -> Vec<String> {
        let (mut wrong, mut count) = (Vec::new(), 0);
        let Some(network) = self.server.as_ref().map(|server| server.core().network()) else {
            return wrong;
        };
        let told = store::claims(&mut self.store, |claims| {
            count += claims.len();
            for (key, holder) in claims {
                let known = network.claims().key(&key);
                if known != Some(holder) {
                    wrong.push(format!("{key} is {holder}'s, and is believed to be {known:?}'s"));
                }
            }
        });
        assert_eq!(told, Ok(()));
        if count != network.claims().len() {
            wrong.push(format!("{count} claims, {} believed", network.claims().len()));
        }
        wrong
    }

    /// Who is logged in here, or shown, otherwise than the store says: sentences.
    pub fn misnamed(&mut self, at: Duration) -> Vec<String> {
        let (mut wrong, now) = (Vec::new(), self.now(at));
        let Some(core) = self.server.as_ref().map(Server::core) else { return wrong };
        for (user, local) in core.locals.iter().map(|(id, local)| (core.network().user(id), local))
        {
            let Some(login) = user.login.as_deref() else { continue };
            let found = self.store.ask(&Query::Find(Find::Id(login.id)));
            let Ok(Rows::Record(Some(record))) = found else { panic!("{found:?}") };
            if record.name() != Some(&*login.name) {
                wrong.push(format!("{} is logged in as {login:?}, not {record:?}", user.nick()));
            }
            if local.seldom().vhost.as_deref() != vhost::of(&record) {
                wrong.push(format!("{} is shown as {}, not {record:?}", user.nick(), user.host));
            }
            let kept = metadata::account::of(&record);
            let kept: Vec<_> = kept.iter().map(|(key, value)| (&**key, &**value)).collect();
            if user.metadata.iter().collect::<Vec<_>>() != kept {
                wrong.push(format!("{} tells {:?}, not {kept:?}", user.nick(), user.metadata));
            }
            if suspension::of(&record, now.wall).is_some() {
                wrong.push(format!("{} is logged in to {record:?}", user.nick()));
            }
            let name = Nick::lookup(&login.name, core.network().casemap());
            if !name.is_some_and(|name| account::owns(&record, &name)) {
                wrong.push(format!("the name of {record:?} is not its own"));
            }
        }
        wrong
    }

    /// What the store keeps of registered channels in which somebody is, and what the network knows of them,
    /// where that differs, and modes that are not as they are locked: sentences.
    pub fn forgets(&mut self, now: Wall) -> Vec<String> {
        let Some(server) = &self.server else { return Vec::new() };
        let (network, mut wrong) = (server.core().network(), Vec::new());
        for (channel, record) in network.channels() {
            let Some(id) = network.claims().channel(&record.name) else { continue };
            if record.epoch != Epoch::registered(id.0, record.epoch.depth) {
                let (name, epoch) = (&record.name, record.epoch);
                wrong
                    .push(format!("{name} is not founded by its registration {id}, but {epoch:?}"));
                continue;
            }
            let Ok(Rows::Record(Some(stored))) = self.store.ask(&Query::Find(Find::Id(id))) else {
                wrong.push(format!("{} has no record", record.name));
                continue;
            };
            let unlocked = access::unlocked(server.core(), channel);
            wrong.extend(unlocked.iter().map(|change| format!("{}: {change:?}", record.name)));
            let place = (&record.name, record.epoch);
            let kept = kept::state(&stored, place, true, now, network.casemap());
            let there = network.restored(channel, place.0, place.1, registered::CHANSERV).state;
            let lasting = there.iter().filter(|(op, _)| is_kept(op));
            let kept: BTreeSet<String> = kept.iter().map(|op| format!("{op:?}")).collect();
            let there: BTreeSet<String> = lasting.map(|op| format!("{op:?}")).collect();
            wrong.extend(kept.difference(&there).map(|op| format!("stored, not there: {op}")));
            wrong.extend(there.difference(&kept).map(|op| format!("there, not stored: {op}")));
        }
        wrong
    }

    /// Gives a job to the workers.
    pub fn submit(&mut self, id: JobId, job: Job, at: Duration, workers: Workers, dice: &mut Dice) {
        let delay = match workers.delay_max {
            0 => 0,
            max => dice.below(max),
        };
        let mut due = at + Duration::from_millis(delay as u64);
        if matches!(&job, Job::Inquire { list: List::Zone { zone, .. }, .. } if zone == SLOW_LIST) {
            due += SLOW;
        }
        if matches!(job.lane(), Lane::Store | Lane::LookUps | Lane::Scans) {
            due += self.disk.delay();
            // One thread: what comes later ends later.
            let queued = self.jobs.iter().filter(|(_, (_, queued))| queued.lane() == job.lane());
            due = queued.map(|(key, _)| key.0).max().map_or(due, |last| last.max(due));
        }
        self.count += 1;
        self.jobs.insert((due, self.count), (id, job));
    }

    /// When the next job ends.
    pub fn due(&self) -> Option<Duration> {
        self.jobs.first_key_value().map(|(key, _)| key.0)
    }

    /// Ends the next job.
    pub fn finish(
        &mut self,
        names: &[String],
        workers: Workers,
        dice: &mut Dice,
    ) -> Option<(JobId, Answer)> {
        let (_, (id, job)) = self.jobs.pop_first()?;
        let store = matches!(job.lane(), Lane::Store | Lane::LookUps);
        let busy = workers.busy_one_in > 0 && dice.one_in(workers.busy_one_in);
        // A store that is never there is another matter than one that is busy.
        if busy && !(store && self.refused) {
            self.refused |= store;
            return Some((id, Answer::Busy));
        }
        self.refused &= !store;
        Some((id, self.answer(job, names)))
    }

    /// A mail server takes a mail. To those whose address says so it cannot be delivered; `later` the next
    /// time.
    fn mail(&mut self, delivery: &Delivery) -> Result<(), Undelivered> {
        let refused = REFUSED.iter().find(|refused| delivery.to.starts_with(refused.0));
        let again = self.bounced.contains(&delivery.to);
        if let Some((_, is_final)) = refused.filter(|_| !again) {
            self.bounced.push(delivery.to.clone());
            return Err(Undelivered { is_final: *is_final, why: "as the test wants it".into() });
        }
        self.mails.push((delivery.to.clone(), delivery.message.expose().to_owned()));
        Ok(())
    }

    /// What a worker would answer. A hash is the password itself; the address of the n-th client leads to
    /// its name.
    fn answer(&mut self, job: Job, names: &[String]) -> Answer {
        match job {
            Job::Verify { hash, password } => Answer::Verified(hash == Some(password)),
            Job::Check { stored, password, scram } => check(&stored, &password, scram),
            Job::Hash { password, scram } => Answer::Hashed(hashes(&password, scram)),
            Job::Random => Answer::Random(Box::new([7; RANDOM_LEN])),
            Job::Resolve { address, .. } => {
                Answer::Resolved(client_name(address, names).map(|name| format!("{name}.test")))
            }
            Job::Inquire { list, address, .. } => Answer::Listed(listing(&list, address, names)),
            Job::Mail(delivery) => Answer::Mailed(self.mail(&delivery)),
            Job::Store(query) => Answer::Stored(match self.disk.failure(&query) {
                Some(error) => Err(error),
                None => self.store.ask(&query),
            }),
            Job::Load => Answer::Loaded(Ok(Box::new(self.loaded()))),
            Job::Rehearse { text } => Answer::Rehearsed { text, wrong: Vec::new() },
            Job::Watch => Answer::Watched(Ok(None)),
        }
    }
}

/// A mail whose address begins so is refused, for now or for good.
const REFUSED: [(&str, bool); 2] = [("later", false), ("nobody", true)];

/// Whether a password fits what is stored of it: itself, or in an old form with `old:` before it.
fn check(stored: &Hashes, password: &Secret, scram: bool) -> Answer {
    let text = stored.hash.as_ref().map_or("", Secret::expose);
    let plain = text.strip_prefix("old:").unwrap_or(text);
    let right = !plain.is_empty() && plain == password.expose();
    let whole = plain == text && scram == stored.scram.is_some();
    let renewed = (right && !whole).then(|| Box::new(hashes(password, scram)));
    Answer::Checked { right, renewed }
}

fn hashes(password: &Secret, scram: bool) -> Hashes {
    let verifier = || Verifier::new(password.expose(), b"salt", 4).to_string();
    Hashes { hash: Some(password.clone()), scram: scram.then(|| Secret::new(&verifier())) }
}

/// Whether an operation writes what a record keeps.
fn is_kept(op: &Op) -> bool {
    match op {
        Op::Topic { .. } | Op::Metadata { value: Some(_), .. } => true,
        Op::Mode { changes, .. } => changes
            .iter()
            .all(|one| !matches!(one, ModeChange::Status { .. } | ModeChange::Remove { .. })),
        _ => false,
    }
}

/// Databases that know where clients are: the first in Germany, all others in Sweden; the
/// second in a network of its own.
fn atlas(config: &Config) -> Atlas {
    let of = |records: [(&str, Vec<u8>); 2]| {
        Database::new(mmdb::database(28, &records)).ok().map(Arc::new)
    };
    let country = [("10.0.0.0/8", mmdb::country("SE")), ("10.0.0.1", mmdb::country("DE"))];
    let asn = [
        ("10.0.0.0/8", mmdb::network(64_500, "Test Net")),
        ("10.0.0.2", mmdb::network(64_501, "Other Net")),
    ];
    Atlas {
        country: config.geo.country.as_ref().and_then(|_| of(country)),
        asn: config.geo.asn.as_ref().and_then(|_| of(asn)),
    }
}

/// The zone of a blocklist that takes its time.
const SLOW_LIST: &str = "slow.test";

/// How much.
const SLOW: Duration = Duration::from_secs(4);

/// What a blocklist replies: it knows the addresses of clients whose names begin with `bad`, by 127.0.0.3
/// or a page that says yes. One whose zone begins with `dead` says nothing at all.
fn listing(list: &List, address: IpAddr, names: &[String]) -> Option<Listing> {
    let known = client_name(address, names).is_some_and(|name| name.starts_with("bad"));
    match list {
        List::Zone { zone, .. } if zone.starts_with("dead") => None,
        List::Zone { .. } => {
            let reply = Ipv4Addr::new(127, 0, 0, 3);
            Some(Listing::Addresses(if known { vec![reply] } else { Vec::new() }))
        }
        List::Page { .. } => {
            let text = if known { "proxy: yes" } else { "proxy: no" };
            Some(Listing::Page { status: 200, text: text.into() })
        }
    }
}

/// The client to whom an address belongs.
fn client_name(address: IpAddr, names: &[String]) -> Option<&String> {
    let IpAddr::V4(ip) = address else { return None };
    names.get(u32::from(ip).wrapping_sub(FIRST_ADDRESS) as usize)
}

/// The address of the first client.
pub const FIRST_ADDRESS: u32 = 0x0A00_0001;

/// What a file holds: its own name.
fn file(path: &Option<PathBuf>) -> Vec<String> {
    path.iter().map(|path| path.display().to_string()).collect()
}
