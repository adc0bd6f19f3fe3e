//! Acting: what the server wants done, what is to be written, and the ends of connections.

use super::{Leaving, Reactor, SocketId, outbox::Line, socket::Phase};
use crate::{
    config::Limits,
    core::{
        ConnId,
        effect::{Effect, Ending},
        peer::Gone,
    },
    server::{Input, Server},
    time::Mono,
};
use std::{mem, time::Duration};

impl Reactor {
    /// Does what the server wants done, in that order.
    pub(super) fn act(&mut self) {
        if self.fx.is_empty() {
            return;
        }
        let mut fx = mem::take(&mut self.fx);
        let mut list = fx.take();
        let mut faults = Vec::new();
        for effect in list.drain(..) {
            match effect {
                Effect::Send { line, to } => {
                    let line = self.outbox.line(fx.line(line));
                    for conn in fx.recipients(to) {
                        self.send(*conn, line);
                    }
                }
                Effect::Close { conn } => {
                    if let Some(id) = self.conns.get(conn).copied() {
                        self.close(id);
                    }
                }
                Effect::Ready { conn } => {
                    if let Some(id) = self.conns.get(conn).copied() {
                        self.enqueue(id);
                    }
                }
                Effect::Drain { conn } => {
                    if let Some(id) = self.conns.get(conn).copied() {
                        self.watch(id);
                    }
                }
                Effect::Secure { conn, listener } => {
                    if let Some(id) = self.conns.get(conn).copied() {
                        self.secure(id, listener);
                    }
                }
                // Servers are linked in the simulation only: no listener lets a peer in.
                Effect::Frame { .. } | Effect::Unlink { .. } => (),
                Effect::Job { id, job } => {
                    if self.pool.submit(id, *job).is_err() {
                        self.refused.push(id);
                    }
                }
                // Who leaves lets nobody in any more.
                Effect::Reconfigure(_) if self.leaving.is_some() => (),
                Effect::Reconfigure(loaded) => faults.extend(self.reconfigure(&loaded)),
                Effect::Stop(ending) => self.leave(ending),
            }
        }
        fx.clear(list);
        self.fx = fx;
        for fault in &faults {
            self.server.handle(Input::Fault { text: fault }, self.now, &mut self.fx);
        }
        if self.outbox.is_full() {
            self.flush();
        }
    }

    /// Appends a line to what a connection is to be sent.
    fn send(&mut self, conn: ConnId, line: Line) {
        let Some(id) = self.conns.get(conn).copied() else { return };
        let Some(socket) = self.sockets.get_mut(id) else { return };
        if socket.phase != Phase::Open {
            return;
        }
        socket.add(line, &mut self.outbox);
        // Much may be for one recipient in one turn; only what it does not take counts.
        let early =
            FLUSHED_EARLY.min(usize::try_from(self.limits.send_queue).unwrap_or(usize::MAX));
        if socket.pending() > early && !socket.blocked {
            if let Err(failure) = socket.flush(&mut self.outbox) {
                log::debug!("writing fails: {failure}");
                return self.end(id, Gone::Error);
            }
        }
        if socket.pending() > early
            && socket.pending() as u64 > send_queue(&self.server, &self.limits, Some(conn))
        {
            socket.forget(&mut self.outbox.buffers);
            return self.end(id, Gone::SendQueue);
        }
        if !socket.dirty && !socket.blocked {
            socket.dirty = true;
            self.dirty.push(id);
        }
    }

    /// Has a socket written to at the end of the turn, unless the kernel takes nothing.
    pub(super) fn soil(&mut self, id: SocketId) {
        if let Some(socket) = self.sockets.get_mut(id) {
            if !socket.dirty && !socket.blocked {
                socket.dirty = true;
                self.dirty.push(id);
            }
        }
    }

    /// Tells the server when little is left to write.
    fn watch(&mut self, id: SocketId) {
        if let Some(socket) = self.sockets.get_mut(id) {
            socket.drain = true;
        }
        self.soil(id);
    }

    /// Writes what is left, and takes the socket away soon. What is still sent to it is for nobody.
    pub(super) fn close(&mut self, id: SocketId) {
        let Some(socket) = self.sockets.get_mut(id) else { return };
        if socket.phase != Phase::Open {
            return;
        }
        socket.phase = Phase::Closing;
        socket.rest = Vec::new();
        self.closing += 1;
        // In the end nobody comes to take the place of those who close, and so all have the time.
        let many = self.closing > CLOSING_MAX && self.stops == 0;
        let time = if many { Duration::ZERO } else { CLOSING_TIME };
        self.cancel(id);
        self.schedule(id, self.now.mono + time);
        self.soil(id);
    }

    /// Ends a phase of a socket's life if it is not over by then.
    pub(super) fn schedule(&mut self, id: SocketId, at: Mono) {
        if let Some(socket) = self.sockets.get_mut(id) {
            socket.deadline = Some(at);
            self.timers.insert((at, id));
        }
    }

    /// Takes the end of the phase back.
    pub(super) fn cancel(&mut self, id: SocketId) {
        if let Some(at) = self.sockets.get_mut(id).and_then(|socket| socket.deadline.take()) {
            self.timers.remove(&(at, id));
        }
    }

    /// Marks a socket as gone: it is taken away, and the server told, when nobody looks at it.
    pub(super) fn end(&mut self, id: SocketId, why: Gone) {
        let Some(socket) = self.sockets.get_mut(id) else { return };
        match socket.phase {
            Phase::Gone => return,
            Phase::Closing | Phase::Lingering => self.closing -= 1,
            Phase::Open => (),
        }
        socket.phase = Phase::Gone;
        self.gone.push((id, why));
    }

    /// Takes away who has gone. Telling the server may make more of them, each socket once.
    pub(super) fn bury(&mut self) {
        while !self.gone.is_empty() {
            for (id, why) in mem::take(&mut self.gone) {
                // Who stops sending may still be reading, as `printf … | nc` does.
                let socket = self.sockets.get_mut(id);
                let heard = socket.is_some_and(|socket| {
                    mem::take(&mut socket.farewell) || why == Gone::Eof && socket.pending() > 0
                });
                if why == Gone::Endless || heard {
                    self.dismiss(id, why);
                    continue;
                }
                self.cancel(id);
                let Some(mut socket) = self.sockets.remove(id) else { continue };
                if let Err(error) = socket.part() {
                    log::debug!("closing: {error}");
                }
                if let Err(error) = self.poll.registry().deregister(socket.stream.source()) {
                    log::debug!("closing: {error}");
                }
                if let Some(waiting) = socket.waiting {
                    self.server.abandon(waiting.counted);
                }
                if let Some(conn) = socket.conn {
                    self.conns.remove(conn);
                    self.server.handle(Input::Closed { conn, why }, self.now, &mut self.fx);
                    self.act();
                }
            }
        }
    }

    /// Tells the server of a connection that has ended but can still be written to, so that the client
    /// hears the last answers, and why.
    fn dismiss(&mut self, id: SocketId, why: Gone) {
        let Some(socket) = self.sockets.get_mut(id) else { return };
        socket.phase = Phase::Open;
        let Some(conn) = socket.conn else { return self.close(id) };
        self.server.handle(Input::Closed { conn, why }, self.now, &mut self.fx);
        self.act();
        self.conns.remove(conn);
        if let Some(socket) = self.sockets.get_mut(id) {
            socket.conn = None;
        }
        self.close(id);
    }

    /// Writes what this turn has brought, once for each connection.
    pub(super) fn flush(&mut self) {
        for id in mem::take(&mut self.dirty) {
            let Some(socket) = self.sockets.get_mut(id) else { continue };
            socket.dirty = false;
            if socket.phase == Phase::Gone {
                socket.hold(&self.outbox);
                continue;
            }
            let closing = socket.phase == Phase::Closing;
            let written = match closing {
                true => socket.finish(&mut self.outbox),
                false => socket.flush(&mut self.outbox),
            };
            if let Err(failure) = written {
                log::debug!("writing fails: {failure}");
                self.end(id, Gone::Error);
                continue;
            }
            if socket.drain && socket.pending() < LOW_WATER {
                socket.drain = false;
                self.drained.extend(socket.conn);
            }
            if socket.phase == Phase::Lingering {
                match socket.ended {
                    true => self.end(id, Gone::Eof),
                    false => self.enqueue(id),
                }
            }
        }
        self.outbox.clear();
    }

    /// Leaves when all has been written. Nobody is let in any more; before a restart, whoever comes waits
    /// for the next program.
    fn leave(&mut self, ending: Ending) {
        match ending {
            Ending::Exit => {
                for listener in self.listeners.drain() {
                    listener.close(self.poll.registry());
                }
            }
            Ending::Restart => {
                let registry = self.poll.registry();
                self.listeners.iter_mut().for_each(|(_, listener)| listener.rest(registry));
            }
        }
        self.accepting.clear();
        self.paused = None;
        let handshakes: Vec<SocketId> = self
            .sockets
            .iter()
            .filter(|(_, socket)| socket.phase == Phase::Open && socket.conn.is_none())
            .map(|(id, _)| id)
            .collect();
        for id in handshakes {
            self.end(id, Gone::Error);
        }
        let now = self.now.mono;
        let latest = now + self.limits.stop_timeout;
        let left = self.sockets.len();
        let written = now + LEAVING_TIME;
        self.leaving = Some(Leaving { latest, written, behind: true, left, ending });
    }
}

/// How much may wait to be read by a connection, which is never less than what is written early.
pub(super) fn send_queue(server: &Server, limits: &Limits, conn: Option<ConnId>) -> u64 {
    conn.and_then(|conn| server.send_queue(conn)).unwrap_or(limits.send_queue)
}

/// More than this for one connection in one turn is written before the turn is over.
const FLUSHED_EARLY: usize = 64 << 10;

/// Less than this is little left to write.
const LOW_WATER: usize = 16 << 10;

/// How long the last lines of a connection may take.
const CLOSING_TIME: Duration = Duration::from_secs(5);

/// How many connections are given that time at once.
const CLOSING_MAX: usize = 1024;

/// How long the clients of a server that leaves have to read what has been written to them.
pub(super) const LEAVING_TIME: Duration = Duration::from_millis(500);
