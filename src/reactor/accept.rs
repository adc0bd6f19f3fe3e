//! Letting connections in, and changing where that happens.

use super::{
    Reactor,
    listener::{Listener, Stream},
    prelude::Waiting,
    socket::{Phase, Socket},
    tls::Acceptor,
    token::{LISTENERS_MAX, Source},
};
use crate::{
    core::peer::{Origin, Verdict},
    job::Loaded,
};
use mio::Interest;
use std::{
    io::{self, ErrorKind, Write},
    mem,
    time::Duration,
};

impl Reactor {
    /// Opens one of the configured listeners, or brings it up to date if it is open. What has been opened,
    /// as a log shows it.
    pub(super) fn listen(&mut self, place: usize, loaded: &Loaded) -> io::Result<Option<String>> {
        let Some(listen) = loaded.config.listen.get(place) else { return Ok(None) };
        let same = |old: &Listener| old.place == place && old.listen.address == listen.address;
        let old = self.listeners.iter().find(|(_, old)| same(old)).map(|(slot, _)| slot);
        let context = |error: io::Error| {
            let advice = match error.kind() {
                ErrorKind::AddrInUse => "; another program listens there, perhaps another slircd",
                ErrorKind::PermissionDenied => {
                    "; ports below 1024 and the folder of a socket take rights"
                }
                ErrorKind::AddrNotAvailable => "; this machine does not have that address",
                _ => "",
            };
            let text = format!("cannot listen on {}: {error}{advice}", listen.address);
            io::Error::new(error.kind(), text)
        };
        let acceptor = if listen.tls.is_empty() {
            None
        } else {
            let before = old.and_then(|slot| self.listeners.get(slot)?.acceptor.as_ref());
            let acceptor = Acceptor::new(place, &listen.tls, &loaded.certificates, before);
            Some(acceptor.map_err(|error| context(io::Error::other(error)))?)
        };
        if let Some(listener) = old.and_then(|slot| self.listeners.get_mut(slot)) {
            listener.acceptor = acceptor;
            listener.listen = listen.clone();
            return Ok(None);
        }
        if self.listeners.len() >= LISTENERS_MAX {
            return Err(context(io::Error::other("there are too many listeners")));
        }
        let entry = self.listeners.vacant_entry();
        let token = Source::Listener(entry.key()).token();
        let registry = self.poll.registry();
        let bound = self.inherited.remove(&place);
        let listener = Listener::open((place, listen.clone()), acceptor, bound, registry, token);
        let listener = entry.insert(listener.map_err(context)?);
        Ok(Some(listener.shown()))
    }

    /// Follows a configuration that has been read again. What cannot be done is complained about, and
    /// stays as it was.
    /// Returns what could not be done.
    pub(super) fn reconfigure(&mut self, loaded: &Loaded) -> Vec<String> {
        self.limits = loaded.config.limits.clone();
        log::set_max_level(loaded.config.log.level);
        let listen = &loaded.config.listen;
        let mut dropped = Vec::new();
        for (slot, listener) in &mut self.listeners {
            match listener.listen.moved(listener.place, listen) {
                Some(place) => listener.place = place,
                None => dropped.push(slot),
            }
        }
        for slot in dropped {
            self.accepting.remove(&slot);
            self.strand(slot);
            let listener = self.listeners.remove(slot);
            log::info!("no longer listening on {}", listener.shown());
            listener.close(self.poll.registry());
        }
        let mut faults = Vec::new();
        for place in 0..listen.len() {
            match self.listen(place, loaded) {
                Ok(Some(shown)) => log::info!("listening on {shown}"),
                Ok(None) => (),
                Err(error) => faults.push(error.to_string()),
            }
        }
        faults
    }

    /// Lets in who is waiting, up to a number in each turn.
    pub(super) fn accept(&mut self) {
        if self.paused.is_some_and(|until| until > self.now.mono) {
            return;
        }
        for slot in mem::take(&mut self.accepting) {
            if self.accept_from(slot) {
                self.accepting.insert(slot);
            }
        }
        if self.accepting.is_empty() {
            // Nobody waits any more, or whom they waited for has been closed.
            self.resume();
        }
    }

    /// Lets in who is waiting for one listener. Whether somebody may still be.
    fn accept_from(&mut self, slot: usize) -> bool {
        for _ in 0..ACCEPTED_PER_TURN {
            let Some(listener) = self.listeners.get(slot) else { return false };
            if self.sockets.len() >= self.sockets_max {
                let limit = format!("{} sockets are open, and no more may be", self.sockets_max);
                self.pause(&io::Error::other(limit));
                return true;
            }
            match listener.accept() {
                Ok((stream, from)) => self.admit(slot, stream, from),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                // Those have gone before they were let in.
                Err(error) if is_of_the_client(&error) => (),
                Err(error) => {
                    self.pause(&error);
                    return true;
                }
            }
        }
        true
    }

    fn admit(&mut self, slot: usize, mut stream: Stream, from: Origin) {
        let Some(listener) = self.listeners.get(slot) else { return };
        let place = listener.place;
        let waiting = Waiting::new(listener, slot, from);
        let verdict = match &waiting {
            Ok(waiting) => self.server.admit(waiting.counted, place, self.now),
            Err(line) => Verdict::Refuse((*line).into()),
        };
        if let Verdict::Refuse(line) = verdict {
            // It is written if that takes no waiting; whoever is refused cannot be waited for.
            if let Err(error) = stream.write(line.as_bytes()).and_then(|_| stream.finish()) {
                log::debug!("refusing a connection: {error}");
            }
            return;
        }
        let id = self.sockets.insert(Socket::new(stream, waiting.ok().map(Box::new)));
        let Some(socket) = self.sockets.get_mut(id) else { return };
        let token = Source::from(id).token();
        let both = Interest::READABLE | Interest::WRITABLE;
        if let Err(error) = self.poll.registry().register(socket.stream.source(), token, both) {
            log::error!("a connection cannot be waited for: {error}");
            let socket = self.sockets.remove(id);
            if let Some(waiting) = socket.and_then(|socket| socket.waiting) {
                self.server.abandon(waiting.counted);
            }
            return;
        }
        self.advance(id);
        let waits = |socket: &Socket| socket.waiting.is_some() && socket.phase == Phase::Open;
        if self.sockets.get(id).is_some_and(waits) {
            self.schedule(id, self.now.mono + self.limits.registration_timeout);
        }
    }

    /// Accepts nothing for a while, since the system cannot.
    pub(super) fn pause(&mut self, error: &io::Error) {
        if self.paused.is_none() {
            log::error!("no connections can be accepted for now: {error}");
        }
        self.paused = Some(self.now.mono + PAUSE);
    }

    fn resume(&mut self) {
        if self.paused.take().is_some() {
            log::info!("connections are accepted again");
        }
    }
}

/// Whether accepting has failed only because of the one that was to be accepted (accept(2)).
fn is_of_the_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::HostUnreachable
            | ErrorKind::Interrupted
            | ErrorKind::NetworkDown
            | ErrorKind::NetworkUnreachable
    )
}

/// How many connections one listener lets in before those that are in are served.
const ACCEPTED_PER_TURN: usize = 64;

/// How long nothing is accepted when the system has no room.
const PAUSE: Duration = Duration::from_secs(1);
