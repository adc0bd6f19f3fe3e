//! Reading: bytes into lines, lines into the server.

use super::{
    Reactor, SocketId,
    act::send_queue,
    secure::Broken,
    socket::{Failure, Got, Phase},
};
use crate::{
    core::{
        ConnId,
        effect::Effects,
        peer::{Gone, Peer},
    },
    server::{Input, Server},
    time::Now,
    wire::framing::{Framing, Piece},
};
use mio::event::Event;
use std::{mem, ops::ControlFlow};

impl Reactor {
    /// Takes note of what an event says about a socket.
    pub(super) fn note(&mut self, id: SocketId, event: &Event) {
        let Some(socket) = self.sockets.get_mut(id) else { return };
        if event.is_writable() {
            socket.blocked = false;
            if socket.pending() > 0 || socket.phase == Phase::Closing {
                self.soil(id);
            }
        }
        let Some(socket) = self.sockets.get_mut(id) else { return };
        if event.is_readable() || event.is_read_closed() || event.is_error() {
            socket.readable = true;
            // Then a short read has not emptied the socket: the end is still to be read.
            socket.hung_up |= event.is_read_closed() || event.is_error();
            self.enqueue(id);
        }
    }

    /// Has a socket served in the next turn, or later in this one.
    pub(super) fn enqueue(&mut self, id: SocketId) {
        if let Some(socket) = self.sockets.get_mut(id) {
            if !socket.queued {
                socket.queued = true;
                self.ready.push(id);
            }
        }
    }

    /// Handles what has come, up to what one connection may take of a turn.
    pub(super) fn serve(&mut self, id: SocketId) {
        let Some(socket) = self.sockets.get_mut(id) else { return };
        socket.queued = false;
        match socket.phase {
            Phase::Open => {
                self.converse(id);
                self.act();
            }
            Phase::Closing | Phase::Lingering => self.ignore(id),
            Phase::Gone => (),
        }
    }

    fn converse(&mut self, id: SocketId) {
        let mut lines = LINES_PER_TURN;
        if self.feed(id, false, &mut lines).is_break() {
            return;
        }
        for _ in 0..READS_PER_TURN {
            let Some(socket) = self.sockets.get_mut(id) else { return };
            if !socket.readable {
                return;
            }
            match socket.read(&mut self.scratch) {
                Ok(Got::Nothing) => return,
                Ok(Got::Some) => (),
                Ok(Got::Last) => socket.ended = true,
                Err(failure) => return self.fail(id, &failure),
            }
            let fresh = self.arrived(id);
            if self.feed(id, fresh, &mut lines).is_break() {
                return;
            }
        }
        // Somebody who sends faster than this is read goes on after the others.
        self.enqueue(id);
    }

    /// Handles the lines in what is left from before and, if `fresh`, in what has just been read.
    fn feed(&mut self, id: SocketId, fresh: bool, lines: &mut usize) -> ControlFlow<()> {
        let Reactor { sockets, server, fx, scratch, now, .. } = self;
        let Some(socket) = sockets.get_mut(id) else { return ControlFlow::Break(()) };
        let agreeing = socket.secure.as_ref().is_some_and(|secure| secure.upgrading);
        let Some(conn) = socket.conn.filter(|_| !agreeing) else {
            if socket.ended {
                self.end(id, Gone::Eof);
            }
            return ControlFlow::Continue(());
        };
        let mut feed = Feed { server, fx, now: *now, conn, lines };
        let fresh = if fresh { scratch.fresh() } else { &[] };
        let mut rest = mem::take(&mut socket.rest);
        let stop = if rest.is_empty() {
            // All sockets are read into one buffer, and most of what comes need not be copied at all.
            let (used, stop) = feed.lines(&mut socket.framing, fresh);
            socket.rest = fresh.get(used..).unwrap_or_default().to_vec();
            stop
        } else {
            rest.extend_from_slice(fresh);
            let (used, stop) = feed.lines(&mut socket.framing, &rest);
            rest.drain(..used);
            // What is empty gives its memory back.
            rest.shrink_to(rest.len() * 2);
            socket.rest = rest;
            stop
        };
        let why = match stop {
            Stop::More if socket.ended => Gone::Eof,
            Stop::More => return ControlFlow::Continue(()),
            Stop::Wait => return ControlFlow::Break(()),
            Stop::Turn => {
                self.enqueue(id);
                return ControlFlow::Break(());
            }
            Stop::Endless => Gone::Endless,
        };
        // The answers to the lines before the end come before the end.
        self.act();
        self.end(id, why);
        ControlFlow::Break(())
    }

    /// Has the answers to what has just been read written, and leads a connection that is not open yet
    /// on. Whether what has been read is still to be fed.
    fn arrived(&mut self, id: SocketId) -> bool {
        let Some(socket) = self.sockets.get_mut(id) else { return false };
        if socket.pending() > 0 {
            self.soil(id);
        }
        let Some(socket) = self.sockets.get_mut(id) else { return false };
        let most = send_queue(&self.server, &self.limits, socket.conn);
        if socket.pending() as u64 > most {
            // Answers to pings that nobody reads.
            self.end(id, Gone::SendQueue);
            return false;
        }
        if socket.phase != Phase::Open {
            return false;
        }
        if socket.waiting.is_some() {
            socket.rest.extend_from_slice(self.scratch.fresh());
            self.advance(id);
            self.answer(id);
            return false;
        }
        if socket.secure.as_ref().is_some_and(|secure| secure.upgrading) {
            self.secured(id);
        }
        true
    }

    /// Has what is pending written.
    fn answer(&mut self, id: SocketId) {
        if self.sockets.get(id).is_some_and(|socket| socket.pending() > 0) {
            self.soil(id);
        }
    }

    /// Introduces a connection to the server.
    pub(super) fn open(&mut self, id: SocketId, peer: Peer) {
        let conn = self.server.open(peer, self.now, &mut self.fx);
        if let Some(socket) = self.sockets.get_mut(id) {
            socket.conn = Some(conn);
        }
        self.conns.insert(conn, id);
        self.act();
    }

    /// A socket that cannot be used any more: the server is told, or never hears of it.
    pub(super) fn fail(&mut self, id: SocketId, failure: &Failure) {
        log::debug!("a connection fails: {failure}");
        let Some(socket) = self.sockets.get_mut(id) else { return };
        match failure {
            Failure::Secure(Broken::Plain) if socket.conn.is_none() => {
                // Whoever began in plain text can read a plain answer.
                socket.secure = None;
                socket.append(SPEAKS_TLS, &mut self.outbox.buffers);
                return self.close(id);
            }
            Failure::WebSocket(violation) => {
                socket.part_frames(violation.code());
                socket.farewell = true;
            }
            Failure::Secure(_) | Failure::Io(_) => (),
        }
        self.end(id, Gone::Error);
    }

    /// Reads and throws away, so that closing does not make the other side lose our last lines.
    fn ignore(&mut self, id: SocketId) {
        let Some(socket) = self.sockets.get_mut(id) else { return };
        for _ in 0..READS_PER_TURN {
            if !socket.readable {
                return;
            }
            match socket.skip(&mut self.scratch) {
                Ok(Got::Nothing) => return,
                Ok(Got::Some) => (),
                Ok(Got::Last) => {
                    socket.ended = true;
                    break;
                }
                Err(_) => return self.end(id, Gone::Error),
            }
        }
        // Who has closed has read what it wanted; who goes on talking has had its moment.
        if socket.phase == Phase::Lingering {
            self.end(id, Gone::Eof);
        }
    }
}

/// Where the lines of one connection go.
struct Feed<'a> {
    server: &'a mut Server,
    fx: &'a mut Effects,
    now: Now,
    conn: ConnId,
    /// How many more it may say in this turn.
    lines: &'a mut usize,
}

/// Why no more lines are handled.
enum Stop {
    /// There is none that is whole.
    More,
    /// The server does not want one now.
    Wait,
    /// Others come first.
    Turn,
    /// One has no end.
    Endless,
}

impl Feed<'_> {
    /// Handles lines, and says how many bytes they took.
    fn lines(&mut self, framing: &mut Framing, bytes: &[u8]) -> (usize, Stop) {
        let Feed { server, fx, now, conn, lines } = self;
        let (now, conn) = (*now, *conn);
        let mut used = 0;
        loop {
            if !server.ready(conn) {
                return (used, Stop::Wait);
            }
            if **lines == 0 {
                return (used, Stop::Turn);
            }
            let (len, piece) = framing.next(bytes.get(used..).unwrap_or_default());
            used += len;
            let input = match piece {
                Piece::Line(line) => Input::Line { conn, line },
                Piece::TooLong => Input::TooLong { conn },
                Piece::Partial => return (used, Stop::More),
                Piece::Endless => return (used, Stop::Endless),
            };
            **lines -= 1;
            server.handle(input, now, fx);
        }
    }
}

/// How many lines one connection may say in a turn, so that the others are heard too.
const LINES_PER_TURN: usize = 32;

/// How often one connection is read from in a turn.
const READS_PER_TURN: usize = 4;

/// For those who speak plainly on a port that does not.
const SPEAKS_TLS: &[u8] = b"ERROR :Closing link: this port speaks TLS\r\n";
