//! The whole server, sans I/O: driven alike by the reactor and by the simulator.

use crate::{
    command, config,
    core::{
        ConnId, Core, Start, ajoin,
        class::{ClassId, Facts},
        dispatch,
        effect::{Effects, Ending},
        frame::{Frame, PeerId},
        guest, housekeeping,
        peer::{Gone, Origin, Peer, Tls, Verdict},
        registration, reload,
        session::Session,
        starttls,
    },
    job::{Answer, JobId, Loaded},
    link::{self, Mesh},
    network::crdt,
    store::Past,
    time::{Mono, Now, Sid},
};
use std::time::Duration;

/// What a server starts with.
#[derive(Debug)]
pub struct Setup {
    /// The configuration and the files it names.
    pub loaded: Loaded,
    /// This server's id on the network.
    pub sid: Sid,
    /// Which of its lives this is.
    pub life: u64,
    /// The highest tick an earlier life of this server can have given.
    pub clock: u64,
    /// Where all randomness comes from.
    pub seed: u64,
    /// The key of cloaked hosts.
    pub cloak: config::Secret,
}

/// What happens to a server.
#[derive(Debug)]
pub enum Input<'a> {
    /// A line, without its end. Only when `Server::ready` says so.
    Line {
        /// Who sent it.
        conn: ConnId,
        /// As it came.
        line: &'a [u8],
    },
    /// A line longer than allowed, which has been thrown away.
    TooLong {
        /// Who sent it.
        conn: ConnId,
    },
    /// The connection has ended; its id means nothing from now on.
    Closed {
        /// Which.
        conn: ConnId,
        /// Why.
        why: Gone,
    },
    /// Little of the connection's output is left, as `Effect::Drain` asked to be told.
    Drained {
        /// Which.
        conn: ConnId,
    },
    /// The connection has become encrypted, as `Effect::Secure` asked.
    Secured {
        /// Which.
        conn: ConnId,
        /// How.
        tls: Tls,
    },
    /// A worker has answered.
    Done {
        /// What had been asked.
        id: JobId,
        /// What it found.
        answer: Answer,
    },
    /// A linked server says something.
    Frame {
        /// Which.
        peer: PeerId,
        /// What.
        frame: Frame,
    },
    /// A link with another server is down.
    Unlinked {
        /// Which.
        peer: PeerId,
    },
    /// The transport cannot do what it should; it goes on without.
    Fault {
        /// What, for an administrator.
        text: &'a str,
    },
    /// A deadline has come.
    Tick,
    /// Read the configuration again (SIGHUP).
    Reload,
    /// Say goodbye to everybody (SIGTERM).
    Stop {
        /// Which the clients are told.
        reason: &'a str,
    },
}

/// A server.
#[derive(Debug)]
pub struct Server {
    core: Core,
    mesh: Mesh,
}

impl Server {
    /// A server to which nobody has connected.
    pub fn new(setup: Setup, now: Now) -> Server {
        let Setup { loaded, sid, life, clock, seed, cloak } = setup;
        let origin = crdt::Origin { server: sid, life };
        let mut core = Core::new(Start { loaded, origin, clock, seed, cloak }, now);
        let mut mesh = Mesh::new(origin);
        // What has happened so far is of its own doing, and goes into the log.
        mesh.propagate(&mut core, &mut Effects::default());
        Server { core, mesh }
    }

    /// What the store remembers of earlier lives: told in pieces before anybody connects.
    pub fn remember(&mut self, past: Past<'_>, now: Now) {
        match past {
            Past::Standings(standings) => {
                let most = self.core.config.reputation.addresses;
                self.core.reputation.recall(standings, most, now.wall);
            }
            Past::Claims(claims) => self.core.remember(claims, now),
            Past::Kept(kept) => {
                if self.core.recall(kept, now) {
                    self.mesh.propagate(&mut self.core, &mut Effects::default());
                }
            }
        }
    }

    /// What it knows, to look at.
    pub fn core(&self) -> &Core {
        &self.core
    }

    /// Counts for how long the thread that drives it has been busy without a pause.
    pub fn turned(&mut self, span: Duration) {
        self.core.metrics.turns.observe(span);
    }

    /// Every invariant that does not hold, as a sentence. Linear in all there is: for tests.
    pub fn check(&self) -> Vec<String> {
        let mut broken = self.core.check();
        broken.extend(self.mesh.check());
        broken
    }

    /// What is kept only until every server has seen something, and is still kept: for tests.
    pub fn left_over(&self) -> Vec<String> {
        self.mesh.left_over(&self.core)
    }

    /// Keeps less for its links than usual: for tests.
    pub fn limit_links(&mut self, limits: link::Limits) {
        self.mesh.limit(limits);
    }

    /// Whether a connection may go on. Asked at accept.
    pub fn admit(&mut self, from: Origin, listener: usize, now: Now) -> Verdict {
        let verdict = self.core.admit(facts(from, listener), now);
        match verdict {
            Verdict::Admit => self.core.metrics.accepted += 1,
            Verdict::Refuse(_) => self.core.metrics.refused += 1,
        }
        verdict
    }

    /// Decides again about a connection that had been admitted, once a proxy has said whom it speaks
    /// for. A connection that is refused counts as before.
    pub fn readmit(&mut self, before: Origin, from: Origin, listener: usize, now: Now) -> Verdict {
        self.core.readmit((before, None), facts(from, listener), now)
    }

    /// Takes back an admission whose connection never came to be opened.
    pub fn abandon(&mut self, from: Origin) {
        self.core.release(from);
    }

    /// A connection that has been admitted begins to speak IRC.
    pub fn open(&mut self, peer: Peer, now: Now, fx: &mut Effects) -> ConnId {
        registration::open(&mut self.core, fx, peer, now)
    }

    /// Whether the connection's next line may be handled now. When not, `Effect::Ready` will say
    /// when; until then the transport does not read from it.
    pub fn ready(&self, conn: ConnId) -> bool {
        self.core.sessions.get(conn).is_some_and(Session::ready)
    }

    /// How much may wait to be read by a connection; none if that is as `[limits]` says.
    pub fn send_queue(&self, conn: ConnId) -> Option<u64> {
        let session = self.core.sessions.get(conn)?;
        Some(self.core.terms(session).send_queue()).filter(|_| session.class != ClassId::default())
    }

    /// Handles one input. The effects must be drained before waiting again.
    pub fn handle(&mut self, input: Input<'_>, now: Now, fx: &mut Effects) {
        let core = &mut self.core;
        match input {
            Input::Line { conn, line } => {
                dispatch::line(core, fx, &command::TABLE, conn, line, now)
            }
            Input::TooLong { conn } => dispatch::too_long(core, fx, conn, now),
            Input::Closed { conn, why } => housekeeping::closed(core, fx, conn, why, now),
            Input::Drained { conn } => dispatch::drained(core, fx, conn, now),
            Input::Secured { conn, tls } => starttls::secured(core, fx, conn, tls),
            Input::Done { id, answer } => dispatch::done(core, fx, id, answer, now),
            Input::Fault { text } => housekeeping::fault(core, fx, text, now),
            Input::Tick => housekeeping::tick(core, fx, now),
            Input::Reload => reload::begin(core, fx, now),
            Input::Stop { reason } => housekeeping::stop(core, fx, reason, Ending::Exit, now),
            Input::Frame { peer, frame } => {
                if let Some(routed) = self.mesh.receive(core, fx, peer, frame, now) {
                    guest::take(core, fx, &command::TABLE, *routed, now);
                }
            }
            Input::Unlinked { peer } => self.mesh.unlink(core, fx, peer, now),
        }
        ajoin::proceed(&mut self.core, fx, &command::TABLE, now);
        self.mesh.propagate(&mut self.core, fx);
    }

    /// A link with another server has come up.
    pub fn link(&mut self, server: Sid, now: Now, fx: &mut Effects) -> PeerId {
        let peer = self.mesh.link(&mut self.core, fx, server, now);
        self.mesh.propagate(&mut self.core, fx);
        peer
    }

    /// When `Input::Tick` is wanted. May change with every call.
    pub fn deadline(&self) -> Option<Mono> {
        self.core.timers.deadline()
    }
}

/// What is known of a connection before it speaks IRC.
fn facts(from: Origin, listener: usize) -> Facts<'static> {
    Facts { from, listener: Some(listener), gateway: None, account: None, certified: false }
}
