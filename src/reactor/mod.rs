//! The only thread that touches sockets: turns readiness into inputs, and effects into writes.
//!
//! A turn is: wait, accept, read, handle, act, flush. Nobody is freed while a line is being handed out,
//! and nothing is waited for while there is something to do.

mod accept;
mod act;
#[cfg(unix)]
pub mod inherit;
#[cfg(not(unix))]
pub mod inherit {
    //! No program takes the place of another here.

    /// What the next program is left, which does not exist.
    #[derive(Debug)]
    pub enum Heritage {}
}
mod listener;
mod outbox;
mod prelude;
mod secure;
mod serve;
pub mod signal;
mod socket;
pub mod system;
mod tls;
mod token;

use crate::{
    arena::{Arena, Side},
    config::Limits,
    core::{
        ConnId,
        effect::{Effects, Ending},
        peer::Gone,
    },
    id,
    job::{Answer, JobId, Loaded},
    server::{Input, Server},
    time::{Mono, Now},
    work::Pool,
};
use inherit::Heritage;
use listener::{Incoming, Listener};
use mio::{Events, Poll, Waker};
use outbox::Outbox;
use signal::{Handle, Signal, Signals};
use slab::Slab;
use socket::{Phase, Scratch, Socket};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    io, mem,
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};
use token::Source;

id!(
    /// A socket of the reactor.
    SocketId
);

/// A server, its sockets and its workers.
#[derive(Debug)]
pub struct Reactor {
    poll: Poll,
    server: Server,
    pool: Pool,
    handle: Handle,
    signals: Signals,
    clocks: system::Clocks,
    /// When this turn has begun.
    now: Now,
    limits: Limits,

    listeners: Slab<Listener>,
    /// Sockets that are bound already, by the place of the listener in the configuration.
    inherited: BTreeMap<usize, Incoming>,
    /// The slots of listeners on which somebody may be waiting.
    accepting: BTreeSet<usize>,
    /// No more files can be opened; when to try again.
    paused: Option<Mono>,

    /// How many sockets leave enough descriptors for everything else.
    sockets_max: usize,
    sockets: Arena<SocketId, Socket>,
    conns: Side<ConnId, SocketId>,
    /// When what is over.
    timers: BTreeSet<(Mono, SocketId)>,
    /// How many are in their last phases.
    closing: usize,

    /// Whose bytes are to be handled.
    ready: Vec<SocketId>,
    /// Who is to be written to.
    dirty: Vec<SocketId>,
    /// Who is to be taken away.
    gone: Vec<(SocketId, Gone)>,
    /// Who has little left to read.
    drained: VecDeque<ConnId>,
    /// What no worker had room for.
    refused: Vec<JobId>,

    fx: Effects,
    scratch: Scratch,
    outbox: Outbox,
    leaving: Option<Leaving>,
    /// How often it has been told to leave, by whatever means.
    stops: usize,
    /// How often its handles had been used.
    asked: usize,
}

/// The server has said goodbye.
#[derive(Debug)]
struct Leaving {
    /// When to leave, whatever is still to be written.
    latest: Mono,
    /// When to leave if everything has been written.
    written: Mono,
    /// Whether anything was still to be written when the last turn was over.
    behind: bool,
    /// How many connections there were then.
    left: usize,
    /// What comes then.
    ending: Ending,
}

impl Reactor {
    /// A reactor that listens nowhere yet. `pool` starts the workers, given what they wake the reactor
    /// with.
    pub fn new(
        server: Server,
        pool: impl FnOnce(Arc<Waker>) -> io::Result<Pool>,
        loaded: &Loaded,
    ) -> io::Result<Reactor> {
        let sockets_max = system::sockets_max(loaded.config.limits.clients);
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), Source::Waker.token())?);
        let clocks = system::Clocks::start();
        Ok(Reactor {
            poll,
            server,
            pool: pool(waker.clone())?,
            handle: Handle::new(waker),
            signals: Signals::default(),
            now: clocks.now(),
            clocks,
            limits: loaded.config.limits.clone(),
            listeners: Slab::new(),
            inherited: BTreeMap::new(),
            accepting: BTreeSet::new(),
            paused: None,
            sockets_max,
            sockets: Arena::default(),
            conns: Side::default(),
            timers: BTreeSet::new(),
            closing: 0,
            ready: Vec::new(),
            dirty: Vec::new(),
            gone: Vec::new(),
            drained: VecDeque::new(),
            refused: Vec::new(),
            fx: Effects::default(),
            scratch: Scratch::default(),
            outbox: Outbox::default(),
            leaving: None,
            stops: 0,
            asked: 0,
        })
    }

    /// From now on signals reach this reactor. Once in a process.
    pub fn catch_signals(&mut self) -> io::Result<()> {
        self.signals = Signals::catch(self.poll.registry(), &self.handle)?;
        Ok(())
    }

    /// Goes on listening on the sockets that the program before has left, as far as they are still wanted.
    pub fn inherit(&mut self, loaded: &Loaded) {
        #[cfg(unix)]
        self.inherited.extend(inherit::share(inherit::receive(), &loaded.config.listen));
        #[cfg(not(unix))]
        debug_assert!(self.inherited.is_empty() && !loaded.config.listen.is_empty());
    }

    /// Binds what is configured. Comes after [`Reactor::catch_signals`], since whoever sees that the server
    /// listens may send one.
    pub fn bind(&mut self, loaded: &Loaded) -> io::Result<()> {
        (0..loaded.config.listen.len()).try_for_each(|place| self.listen(place, loaded).map(drop))
    }

    /// What stops it, for other threads.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Where it listens: entries of the configuration's listeners, and what they are bound to.
    pub fn addresses(&self) -> Vec<(usize, SocketAddr)> {
        let mut addresses: Vec<(usize, SocketAddr)> = self
            .listeners
            .iter()
            .filter_map(|(_, listener)| Some((listener.place, listener.bound()?)))
            .collect();
        addresses.sort_unstable_by_key(|address| address.0);
        addresses
    }

    /// Where it listens, as people are told.
    pub fn listening(&self) -> Vec<String> {
        let mut listeners: Vec<&Listener> = self.listeners.iter().map(|entry| entry.1).collect();
        listeners.sort_unstable_by_key(|listener| listener.place);
        listeners.into_iter().map(Listener::shown).collect()
    }

    /// Serves until the server has been stopped and everybody has been told.
    pub fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS_MAX);
        while !self.is_over() {
            self.turn(&mut events)?;
        }
        if self.ending() == Ending::Exit {
            for listener in self.listeners.drain() {
                listener.close(self.poll.registry());
            }
        }
        Ok(())
    }

    /// Waits until everything that was to be stored is stored. What the next program is left, if one is to
    /// take the place of this one.
    #[cfg(unix)]
    pub fn finish(mut self) -> io::Result<Option<Heritage>> {
        let listeners = match self.ending() {
            Ending::Exit => None,
            Ending::Restart => Some(&self.listeners),
        };
        let heritage = listeners.map(|listeners| {
            let mut sorted: Vec<&Listener> = listeners.iter().map(|entry| entry.1).collect();
            sorted.sort_unstable_by_key(|listener| listener.place);
            Heritage::of(&sorted.into_iter().map(Listener::socket).collect::<Vec<_>>())
        });
        self.pool.finish();
        // Whoever is told to stop while that takes its time does not start again either.
        if heritage.is_some() && (self.handle.asked() > self.asked || self.signals.stopped()) {
            log::info!("told to stop, so there is no restart");
            for listener in self.listeners.drain() {
                listener.close(self.poll.registry());
            }
            return Ok(None);
        }
        heritage.transpose()
    }

    /// Waits until everything that was to be stored is stored. No program takes the place of another here.
    #[cfg(not(unix))]
    pub fn finish(self) -> io::Result<Option<Heritage>> {
        self.pool.finish();
        Ok(None)
    }

    fn ending(&self) -> Ending {
        self.leaving.as_ref().map_or(Ending::Exit, |leaving| leaving.ending)
    }

    fn turn(&mut self, events: &mut Events) -> io::Result<()> {
        match self.poll.poll(events, self.patience()) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        self.now = self.clocks.now();
        for event in events.iter() {
            match Source::of(event.token()) {
                Source::Waker => self.woken(),
                Source::Signal(place) => {
                    if let Some((signal, count)) = self.signals.take(place) {
                        self.signalled(signal, count);
                    }
                }
                Source::Listener(slot) => {
                    self.accepting.insert(slot);
                }
                Source::Socket(index, generation) => {
                    if let Some(id) = token::find(&self.sockets, index, generation) {
                        self.note(id, event);
                    }
                }
            }
        }
        self.expire();
        self.accept();
        self.tell();
        let ready = mem::take(&mut self.ready);
        for id in ready {
            self.serve(id);
        }
        self.bury();
        self.flush();
        self.bury();
        self.stay();
        self.server.turned(self.clocks.now().mono.since(self.now.mono));
        Ok(())
    }

    /// How long there is nothing to do unless something happens.
    fn patience(&self) -> Option<Duration> {
        let busy = !self.ready.is_empty()
            || !self.dirty.is_empty()
            || !self.gone.is_empty()
            || !self.drained.is_empty()
            || !self.refused.is_empty()
            || (!self.accepting.is_empty() && self.paused.is_none());
        if busy {
            return Some(Duration::ZERO);
        }
        let leaving = self.leaving.as_ref().map(|leaving| match self.pending() {
            0 => leaving.written.min(leaving.latest),
            _ => leaving.latest,
        });
        let timer = self.timers.first().map(|timer| timer.0);
        let first =
            [self.server.deadline(), timer, self.paused, leaving].into_iter().flatten().min();
        first.map(|at| at.since(self.clocks.now().mono))
    }

    /// Gives clients time to read from the moment at which the last of it was written, and goes on doing so
    /// while they come to the end: a connection that is taken away too early is reset, and what its client
    /// has not read yet is lost.
    fn stay(&mut self) {
        let (now, left) = (self.now.mono, self.sockets.len());
        let behind = self.leaving.is_some() && self.pending() > 0;
        if let Some(leaving) = &mut self.leaving {
            if leaving.behind || left < leaving.left {
                leaving.written = now + act::LEAVING_TIME;
            }
            (leaving.behind, leaving.left) = (behind, left);
        }
    }

    fn is_over(&self) -> bool {
        let left = self.leaving.as_ref().is_some_and(|leaving| {
            let now = self.now.mono;
            self.sockets.is_empty()
                || now >= leaving.latest
                || (now >= leaving.written && self.pending() == 0)
        });
        left || self.stops > 1
    }

    /// Somebody outside has something to say.
    fn woken(&mut self) {
        let asked = self.handle.asked();
        let news = asked.saturating_sub(mem::replace(&mut self.asked, asked));
        if news > 0 {
            self.signalled(Signal::Stop, news);
        }
        let answers: Vec<(JobId, Answer)> = self.pool.answers().collect();
        for (id, answer) in answers {
            self.server.handle(Input::Done { id, answer }, self.now, &mut self.fx);
            self.act();
        }
    }

    fn signalled(&mut self, signal: Signal, count: usize) {
        match signal {
            Signal::Stop => {
                let first = self.stops == 0;
                self.stops += count;
                // Whoever is told to stop does not start again.
                self.leaving.iter_mut().for_each(|leaving| leaving.ending = Ending::Exit);
                if first {
                    log::info!("stopping; goodbye to {} connections", self.sockets.len());
                    let input = Input::Stop { reason: STOPPED };
                    self.server.handle(input, self.now, &mut self.fx);
                }
            }
            Signal::Reload => self.server.handle(Input::Reload, self.now, &mut self.fx),
            Signal::Count => self.count(),
        }
        self.act();
    }

    /// Ends what has taken its time, and lets the server do so.
    fn expire(&mut self) {
        while let Some(&(at, id)) = self.timers.first() {
            if at > self.now.mono {
                break;
            }
            self.timers.pop_first();
            if let Some(socket) = self.sockets.get_mut(id) {
                socket.deadline = None;
                self.end(id, Gone::Error);
            }
        }
        if self.server.deadline().is_some_and(|at| at <= self.now.mono) {
            self.server.handle(Input::Tick, self.now, &mut self.fx);
            self.act();
        }
    }

    /// Tells the server what has come of its effects.
    fn tell(&mut self) {
        for id in mem::take(&mut self.refused) {
            self.server.handle(Input::Done { id, answer: Answer::Busy }, self.now, &mut self.fx);
            self.act();
        }
        for _ in 0..ANSWERS_PER_TURN {
            let Some(conn) = self.drained.pop_front() else { return };
            // It may have been closed since; then there is nobody who wants to go on.
            if self.conns.get(conn).is_some() {
                self.server.handle(Input::Drained { conn }, self.now, &mut self.fx);
                self.act();
            }
        }
    }

    /// How many bytes are waiting to be written.
    fn pending(&self) -> usize {
        self.sockets.iter().map(|(_, socket)| socket.pending()).sum()
    }

    fn count(&self) {
        let open = self.sockets.iter().filter(|(_, socket)| socket.phase == Phase::Open);
        let (connections, handshakes): (Vec<_>, Vec<_>) =
            open.partition(|(_, socket)| socket.conn.is_some());
        log::info!(
            "{} sockets: {} connections, {} in handshake, {} closing; {} bytes queued",
            self.sockets.len(),
            connections.len(),
            handshakes.len(),
            self.closing,
            self.pending(),
        );
    }
}

/// How many events one wait brings.
const EVENTS_MAX: usize = 1024;

/// How many long answers go on in a turn, a piece each, so that many who ask do not keep the others
/// waiting.
const ANSWERS_PER_TURN: usize = 8;

/// What clients are told when the server is stopped.
const STOPPED: &str = "Server shutting down";

#[cfg(test)]
mod tests;
