//! This server's own state, and the verbs that commands are written in.
//!
//! Invariant: no I/O, no clock, no randomness from outside. Everything comes in as an argument and goes
//! out as an [`effect::Effect`].

pub mod account;
pub mod admission;
pub mod ajoin;
pub mod answer;
pub mod atlas;
pub mod attempts;
pub mod audience;
pub mod audit;
pub mod banlines;
pub mod bans;
pub mod blocklist;
pub mod breaker;
pub mod cache;
pub mod callerid;
pub mod capability;
pub mod census;
pub mod chanban;
pub mod chanflood;
pub mod check;
pub mod class;
pub mod cloak;
pub mod ctx;
pub mod defcon;
pub mod dispatch;
pub mod effect;
pub mod expiry;
pub mod filters;
pub mod flood;
pub mod frame;
pub mod gateway;
pub mod guest;
pub mod handed;
pub mod housekeeping;
pub mod keeper;
pub mod local;
pub mod login;
pub mod lookalikes;
pub mod mail;
pub mod memo;
pub mod metadata;
pub mod monitor;
pub mod multiline;
pub mod notes;
pub mod oper;
pub mod peer;
pub mod policy;
pub mod question;
pub mod recent;
pub mod reconcile;
pub mod recovery;
pub mod registered;
pub mod registration;
pub mod registry;
pub mod reload;
pub mod render;
pub mod reports;
pub mod reputation;
pub mod reserve;
pub mod sasl;
#[cfg(test)]
pub(crate) mod scene;
pub mod second;
pub mod session;
pub mod settings;
pub mod snotice;
pub mod speech;
pub mod starttls;
pub mod sts;
pub mod suspension;
pub mod timer;
pub mod tor;
pub mod undelivered;
pub mod unstored;
pub mod usermode;
pub mod verification;
pub mod vhost;
pub mod welcome;
pub mod whowas;

use crate::{
    arena::{Arena, Side},
    config::Config,
    id,
    job::{Answer, Atlas, Job, JobId, Loaded, Texts},
    metrics::Metrics,
    network::{
        ChannelId, Network, UserId,
        crdt::{Origin, Uid},
        op::Op,
    },
    store::{Access, Query},
    time::{Clock, Mono, Now, Sid, Stamp, Wall},
};
use admission::Admission;
use attempts::Attempts;
use blocklist::Blocklists;
use breaker::Breaker;
use cache::Cache;
use census::Census;
use chanflood::Chanflood;
use cloak::Cloak;
use ctx::Soon;
use effect::{Effect, Effects};
use guest::Guests;
use keeper::Keeper;
use local::Local;
use lookalikes::Lookalikes;
use mail::Mailing;
use monitor::Monitor;
use question::Questions;
use recent::Recent;
use registered::Registered;
use registry::Registry;
use reports::Reports;
use reputation::Reputation;
use session::Session;
use snotice::Snomask;
use std::collections::BTreeMap;
use timer::Timers;
use tor::Tor;
use undelivered::Undelivered;
use unstored::Unstored;
use whowas::Whowas;

id!(
    /// A client connection.
    ConnId
);

/// What this server is besides the network.
#[derive(Debug)]
pub struct Core {
    /// Which life of which server this is.
    pub origin: Origin,
    /// The configuration in force.
    pub config: Config,
    /// The texts that clients can read.
    pub texts: Texts,
    /// Where addresses belong.
    pub atlas: Atlas,
    /// When it started.
    pub started: Wall,
    /// The network, as far as this server knows.
    pub(in crate::core) network: Network,
    /// The connections of clients.
    pub sessions: Arena<ConnId, Session>,
    /// What is known of the users who are at home here.
    pub locals: Side<UserId, Local>,
    /// Questions waiting for their answers.
    pub pending: Arena<JobId, ctx::Pending>,
    /// The clock that stamps operations.
    pub clock: Clock,
    /// What is to happen when.
    pub timers: Timers,
    /// How many sessions there are of each class.
    pub classes: class::Members,
    /// Who may connect.
    pub admission: Admission,
    /// Who may come by Tor.
    pub tor: Tor,
    /// Who has failed to log in.
    pub attempts: Attempts,
    /// What is asked of blocklists, and known from them.
    pub blocklists: Blocklists,
    /// Nicks that look alike.
    pub lookalikes: Lookalikes,
    /// Who was here.
    pub whowas: Whowas,
    /// Who wants to know when somebody comes or goes.
    pub monitor: Monitor,
    /// What has been said lately.
    pub recent: Recent,
    /// From where people have been here for how long.
    pub reputation: Reputation,
    /// What users have reported to operators.
    pub reports: Reports,
    /// Private messages that another server may not have seen yet.
    pub undelivered: Undelivered,
    /// What clients are told about coming back by TLS.
    pub sts: sts::Policy,
    /// What of the network is still to be stored.
    pub(in crate::core) keeper: Keeper,
    /// What is known of the registry.
    pub(in crate::core) registry: Registry,
    /// What is being done about mail.
    pub(in crate::core) mailing: Mailing,
    /// Sessions that have logged in, and the JOIN that is to be said for each; at most one of a session.
    pub(in crate::core) ajoins: Vec<(ConnId, String)>,
    /// When accounts that nobody uses were last looked for.
    pub(in crate::core) unused_looked: Mono,
    /// Of which accounts it is yet to be written that they are used.
    pub(in crate::core) uses: expiry::Uses,
    /// Whether the clocks run evenly, without which nothing ends because of its age.
    pub(in crate::core) steady: expiry::Steady,
    /// Whether something is being done that the command line has handed over, or looked for.
    pub(in crate::core) handed: bool,
    /// Records that have been looked up lately.
    pub(in crate::core) cache: Cache,
    /// What is known of registered channels.
    pub(in crate::core) registered: Registered,
    /// What is still to be written to records.
    pub(in crate::core) unstored: Unstored,
    /// What is being said to linked servers about the registry.
    pub(in crate::core) talks: reconcile::Talks,
    /// How addresses are hidden.
    pub cloak: Cloak,
    /// What is counted.
    pub metrics: Metrics,
    /// What has happened here and is to be told to linked servers, oldest first.
    pub journal: Vec<(Op, Stamp)>,
    /// How many users there are.
    pub census: Census,
    /// Servers out of reach, since when.
    pub(in crate::core) outs: housekeeping::Outs,
    /// When it is looked next whether a mask ends by itself.
    pub(in crate::core) expiry: Option<(Mono, timer::Key)>,
    /// What is asked of other servers.
    pub questions: Questions,
    /// Who asks from other servers.
    pub guests: Guests,
    /// What which operators of this server are told unasked.
    pub snomasks: BTreeMap<UserId, Snomask>,
    /// How much is going on in channels.
    pub chanflood: Chanflood,
    /// Whether servers may be linked that may not be.
    pub links_questioned: bool,
    /// Whether it is time to tell linked servers how much has been seen.
    pub due_beat: bool,
    /// Since when servers have been told of this one that have not been heard yet.
    pub strangers: BTreeMap<Sid, Mono>,
    /// The last tick that the store has been told of.
    pub(in crate::core) marked: u64,
    /// What keeps people from waiting for a store that fails.
    pub breaker: Breaker,
    /// Whether everybody has been told goodbye.
    pub stopping: bool,
    /// A number that nobody outside knows.
    seed: u64,
    last_user: u32,
    next_batch: u64,
}

impl Core {
    /// A server to which nobody has connected.
    pub fn new(start: Start, now: Now) -> Core {
        let Loaded { config, texts, certificates, atlas } = start.loaded;
        let mut clock = Clock::new(start.origin.server, start.clock);
        clock.seen(Stamp { tick: Stamp::tick_at(now.wall), server: start.origin.server });
        let mut core = Core {
            origin: start.origin,
            texts,
            atlas,
            started: now.wall,
            network: Network::new(config.server.casemapping, start.seed),
            sessions: Arena::default(),
            locals: Side::default(),
            pending: Arena::default(),
            // A life begins by telling the store.
            marked: start.clock.max(Stamp::tick_at(now.wall)),
            breaker: Breaker::default(),
            clock,
            timers: Timers::default(),
            classes: class::Members::default(),
            admission: Admission::new(&config.limits),
            tor: Tor::default(),
            attempts: Attempts::default(),
            blocklists: Blocklists::default(),
            lookalikes: Lookalikes::new(config.server.casemapping, start.seed),
            whowas: Whowas::new(config.limits.whowas),
            monitor: Monitor::default(),
            recent: Recent::default(),
            reports: Reports::default(),
            reputation: Reputation::default(),
            undelivered: Undelivered::default(),
            sts: sts::Policy::new(&config.sts, &certificates),
            keeper: Keeper::default(),
            registry: Registry::default(),
            mailing: Mailing::default(),
            ajoins: Vec::new(),
            unused_looked: now.mono,
            uses: expiry::Uses::default(),
            steady: expiry::Steady::default(),
            cache: Cache::default(),
            registered: Registered::default(),
            unstored: Unstored::default(),
            handed: false,
            talks: BTreeMap::new(),
            cloak: Cloak::new(&start.cloak, &config.cloak),
            metrics: Metrics::default(),
            journal: Vec::new(),
            census: Census::default(),
            outs: BTreeMap::new(),
            expiry: None,
            chanflood: Chanflood::default(),
            questions: Questions::default(),
            guests: Guests::new(now),
            snomasks: BTreeMap::new(),
            links_questioned: false,
            due_beat: false,
            strangers: BTreeMap::new(),
            stopping: false,
            seed: start.seed,
            // The numbers of 256 lives do not overlap: an old identity is never taken for a new one.
            last_user: ((start.origin.life % 256) as u32) << LIFE_BITS,
            next_batch: 0,
            config,
        };
        housekeeping::begin(&mut core, now);
        core
    }

    /// The network, to read.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// This server's id.
    pub fn sid(&self) -> Sid {
        self.origin.server
    }

    /// This server's name.
    pub fn name(&self) -> &str {
        &self.config.server.name
    }

    /// A service, as the source of what it says.
    pub fn service_mask(&self, service: &str) -> String {
        format!("{service}!services@{}", self.config.server.services())
    }

    /// An identity for a new user, which nobody has now and no other of the last lives has given.
    pub fn new_uid(&mut self) -> Uid {
        const WITHIN_LIFE: u32 = (1 << LIFE_BITS) - 1;
        loop {
            let next = self.last_user.wrapping_add(1) & WITHIN_LIFE;
            self.last_user = self.last_user & !WITHIN_LIFE | next;
            let uid = Uid { server: self.origin.server, number: self.last_user };
            // There are fewer clients than numbers, so that one is free.
            if self.network.uid(uid).is_none() {
                return uid;
            }
        }
    }

    /// Bytes that nobody can foresee, and that never come again: of two secrets and of a moment that is no
    /// other's.
    pub fn unforeseen(&mut self, purpose: &str, now: Now) -> [u8; 32] {
        let Stamp { tick, server } = self.clock.tick(now.wall);
        let purpose = format!("{purpose} {:x} {tick:x} {server}", self.seed);
        self.cloak.derive(purpose.as_bytes())
    }

    /// A reference for a new batch.
    pub fn new_batch(&mut self) -> String {
        self.next_batch += 1;
        format!("b{}", self.next_batch)
    }

    /// Makes something happen on the network: applies it here, tells the local clients, and notes it
    /// for the others. `cause` is the session that asked for it.
    pub fn commit(&mut self, fx: &mut Effects, op: Op, cause: Option<ConnId>, now: Now) -> Stamp {
        let at = self.clock.tick(now.wall);
        let unmarked = at.tick > self.marked.saturating_add(housekeeping::UNMARKED_MAX);
        if unmarked && !self.breaker.is_open(Access::Write) {
            housekeeping::mark(self, fx, now);
        }
        let place = self.journal.len();
        render::apply(self, fx, &op, at, cause, now);
        self.keep(fx, &op, at, now);
        self.keep_channel(fx, &op, at, now);
        // Before what it has brought about, which was stamped later.
        self.journal.insert(place, (op, at));
        at
    }

    /// Takes in what happened on another server.
    pub fn learn(&mut self, fx: &mut Effects, op: &Op, at: Stamp, now: Now) {
        self.clock.seen(at);
        // A state tells again what has been stored long ago.
        if render::apply(self, fx, op, at, None, now) {
            self.keep(fx, op, at, now);
        }
    }

    /// Forgets empty channels whose emptiness every server has seen, as `stable` tells.
    pub fn collect(&mut self, stable: impl Fn(Stamp) -> bool) {
        self.network.collect(stable);
    }

    /// Forgets a channel that another server has forgotten, unless somebody is in it.
    pub fn forget(&mut self, channel: ChannelId) {
        let name = self.network.find_channel(channel).map(|channel| channel.name.clone());
        name.into_iter().for_each(|name| self.network.forget(&name));
    }

    /// Sets the one timer by which a session is looked after, in place of the one before.
    pub fn look_after(&mut self, conn: ConnId, at: Mono, timer: timer::Timer) {
        let Some(session) = self.sessions.get_mut(conn) else { return };
        self.timers.cancel(session.timer);
        session.timer = self.timers.set(at, timer);
    }

    /// Asks a worker, for something that no client waits for. A store is asked neither for what is known nor
    /// while it fails.
    pub fn ask(&mut self, fx: &mut Effects, job: Job, then: ctx::Then, now: Now) -> JobId {
        let soon = match &job {
            Job::Store(Query::Find(find)) if self.remembers(find) => Soon::Remembered(find.clone()),
            Job::Store(query) if self.breaker.is_open(query.access()) => Soon::Refused,
            _ => return self.ask_worker(fx, job, then, now),
        };
        let id = self.pending.insert(ctx::Pending { soon: Some(soon), ..ctx::Pending::of(then) });
        self.pending[id].timer = self.timers.set(now.mono, timer::Timer::Job(id));
        id
    }

    fn ask_worker(&mut self, fx: &mut Effects, job: Job, then: ctx::Then, now: Now) -> JobId {
        let id = self.pending.insert(ctx::Pending::of(then));
        self.submit(fx, id, job, now);
        id
    }

    /// Gives a worker a question that is pending.
    fn submit(&mut self, fx: &mut Effects, id: JobId, job: Job, now: Now) {
        let patience = match &job {
            Job::Resolve { timeout, .. } => *timeout,
            // That there is no reply is for the worker to say, who knows why.
            Job::Inquire { timeout, .. } => *timeout + ctx::JOB_GRACE,
            Job::Mail(delivery) => delivery.timeout + ctx::JOB_GRACE,
            _ => ctx::JOB_TIMEOUT,
        };
        let access = match &job {
            Job::Store(query) => Some(query.access()),
            _ => None,
        };
        let pending = &mut self.pending[id];
        (pending.access, pending.asked) = (access, now.mono);
        pending.timer = self.timers.set(now.mono + patience, timer::Timer::Job(id));
        fx.push(Effect::Job { id, job: Box::new(job) });
    }

    /// The time has come for a question: to be answered from memory, or to be waited for no more.
    pub(in crate::core) fn question_due(&mut self, fx: &mut Effects, id: JobId, now: Now) {
        let soon = self.pending.get_mut(id).and_then(|pending| pending.soon.take());
        let answer = match soon {
            Some(Soon::Remembered(find)) => match self.cached(&find) {
                // It has been forgotten since.
                None if !self.breaker.is_open(Access::LookUp) => {
                    return self.submit(fx, id, Job::Store(Query::Find(find)), now);
                }
                answer => answer.unwrap_or(Answer::Busy),
            },
            Some(Soon::Refused) => Answer::Busy,
            None => {
                self.store_late(fx, id, now);
                Answer::Busy
            }
        };
        dispatch::done(self, fx, id, answer, now);
    }
}

/// How many bits number the users of one life: more than `[limits] clients` can be.
const LIFE_BITS: u32 = 22;

/// What a server starts with.
#[derive(Debug)]
pub struct Start {
    /// The configuration and the files it names.
    pub loaded: Loaded,
    /// Which life of which server this is.
    pub origin: Origin,
    /// The highest tick that an earlier life of this server can have given.
    pub clock: u64,
    /// Where all randomness comes from.
    pub seed: u64,
    /// The key of cloaked hosts.
    pub cloak: crate::config::Secret,
}

#[cfg(test)]
impl Core {
    /// A server to which nobody has connected, with the defaults.
    pub fn sample() -> Core {
        let loaded = Loaded::of(Config::default());
        let origin = Origin { server: Sid::FIRST, life: 1 };
        let cloak = crate::config::Secret::new("secret");
        Core::new(Start { loaded, origin, clock: 0, seed: 0, cloak }, Now::default())
    }
}

/// Does something for each item of a list; what is refused for one leaves the others as they are.
pub fn refuse_each<'a>(
    ctx: &mut ctx::Ctx<'_>,
    items: impl Iterator<Item = &'a str>,
    mut each: impl FnMut(&mut ctx::Ctx<'_>, &'a str) -> ctx::Outcome,
) -> ctx::Outcome {
    for item in items {
        if let Err(reject) = each(ctx, item) {
            ctx.refuse(reject);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::Secret,
        network::op::Presence,
        wire::{casemap::Casemap, name::Nick},
    };

    #[test]
    fn identities_stay_in_their_life_and_are_nobody_elses() {
        let loaded = Loaded::of(Config::default());
        let origin = Origin { server: Sid::FIRST, life: 3 };
        let cloak = Secret::new("any");
        let mut core =
            Core::new(Start { loaded, origin, clock: 0, seed: 0, cloak }, Now::default());
        let (first, second) = (core.new_uid(), core.new_uid());
        let alice = Presence {
            uid: second,
            nick: Nick::new("alice", Casemap::Ascii, 32).unwrap(),
            claimed: None,
            born: None,
            user: "a".into(),
            host: "h".into(),
            real_host: "h".into(),
            cloak: None,
            address: None,
            realname: "A".into(),
            away: None,
            modes: Default::default(),
            class: None,
            connection: None,
            login: None,
        };
        core.commit(&mut Effects::default(), Op::User(Box::new(alice)), None, Now::default());
        let numbers = 1 << LIFE_BITS;
        core.last_user = 3 * numbers + numbers - 1;
        let next: Vec<u32> = (0..3).map(|_| core.new_uid().number - 3 * numbers).collect();
        assert_eq!(next, [0, 1, 3], "{first:?}, {second:?}");
    }
}
