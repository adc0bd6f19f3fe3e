//! What comes before IRC: a proxy's header, the TLS handshake, the WebSocket handshake, in this order, as
//! far as a listener has them. Nothing is left of it once the connection is open.

use super::{
    Reactor, SocketId,
    listener::Listener,
    outbox::Outbox,
    secure::{Progress, Secure},
    socket::{Failure, Phase, Socket},
};
use crate::{
    config::Listen,
    core::peer::{Gone, Origin, Peer, Tls, Verdict},
    wire::{
        casemap::Casemap,
        mask, proxy,
        upgrade::{self, Refusal},
        websocket::{self, Frames},
    },
};
use std::mem;

/// Who has been let in, and is not known to the server yet.
#[derive(Debug)]
pub struct Waiting {
    /// As whom the connection counts.
    pub counted: Origin,
    /// The slot of the listener that accepted it.
    pub slot: usize,
    /// Where it comes from, as far as is known.
    from: Origin,
    /// A proxy near enough to be believed says that it speaks TLS with the client.
    secure: bool,
    /// How much of a WebSocket handshake has come and was not all of it.
    known: usize,
    /// The server name that the client has asked the proxy for.
    name: Option<Box<str>>,
    stage: Stage,
}

/// What is to come next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    /// The header of a proxy.
    Proxy,
    /// The end of the TLS handshake.
    Secure,
    /// A WebSocket handshake.
    Upgrade,
    /// Nothing but IRC.
    Done,
}

/// Whether there is anything to wait for.
enum Step {
    /// The next stage has been reached.
    On,
    /// More has to come, or the connection has been closed.
    Wait,
}

impl Waiting {
    /// Somebody who has connected to a listener, or why they may not.
    pub fn new(listener: &Listener, slot: usize, from: Origin) -> Result<Waiting, &'static str> {
        let listen = &listener.listen;
        let proxied = !listen.proxy.is_empty();
        if proxied && !from.is_among(&listen.proxy) {
            return Err(PROXIES_ONLY);
        }
        let stage = if proxied { Stage::Proxy } else { after_proxy(listen) };
        let from = if listen.tor && !proxied { Origin::Tor(None) } else { from };
        // Who speaks for others counts for whom it speaks, as soon as it has said so.
        let speaks = proxied || from.is_among(&listen.forwarded);
        let counted = if speaks { Origin::Local } else { from };
        Ok(Waiting { counted, slot, from, secure: false, name: None, known: 0, stage })
    }
}

fn after_proxy(listen: &Listen) -> Stage {
    if listen.tls.is_empty() || listen.starttls { after_tls(listen) } else { Stage::Secure }
}

fn after_tls(listen: &Listen) -> Stage {
    if listen.websocket { Stage::Upgrade } else { Stage::Done }
}

impl Reactor {
    /// Goes on for as long as what has come leads on, and opens the connection in the end.
    pub(super) fn advance(&mut self, id: SocketId) {
        loop {
            let Some(socket) = self.sockets.get_mut(id) else { return };
            let Some(waiting) = &socket.waiting else { return };
            if socket.phase != Phase::Open {
                return;
            }
            let step = match waiting.stage {
                Stage::Proxy => self.introduce(id),
                Stage::Secure => self.agree(id),
                Stage::Upgrade => self.upgrade(id),
                Stage::Done => return self.enter(id),
            };
            if let Step::Wait = step {
                return;
            }
        }
    }

    /// Reads the header of a proxy.
    fn introduce(&mut self, id: SocketId) -> Step {
        let Reactor { sockets, listeners, .. } = self;
        let Some(socket) = sockets.get_mut(id) else { return Step::Wait };
        let Some(waiting) = &mut socket.waiting else { return Step::Wait };
        let Some(listener) = listeners.get(waiting.slot) else { return Step::Wait };
        let (len, header) = match proxy::parse(&socket.rest) {
            Ok(Some(parsed)) => parsed,
            Ok(None) => return Step::Wait,
            Err(malformed) => {
                log::info!("a connection to {} is refused: {malformed}", listener.shown());
                return self.refuse(id, PROXY_MALFORMED);
            }
        };
        socket.rest.drain(..len);
        waiting.secure = header.secure && is_near(waiting.from);
        waiting.name = header.name.map(Into::into);
        waiting.from = match (listener.listen.tor, header.source) {
            (true, source) => Origin::Tor(source.and_then(proxy::circuit)),
            (false, Some(ip)) => Origin::Ip(ip),
            (false, None) => waiting.from,
        };
        waiting.stage = after_proxy(&listener.listen);
        let web = waiting.from.is_among(&listener.listen.forwarded);
        if !web && self.recount(id).is_err() {
            return Step::Wait;
        }
        Step::On
    }

    /// Begins the TLS handshake, and waits for its end.
    fn agree(&mut self, id: SocketId) -> Step {
        let Reactor { sockets, listeners, outbox, .. } = self;
        let Some(socket) = sockets.get_mut(id) else { return Step::Wait };
        let Some(waiting) = &mut socket.waiting else { return Step::Wait };
        if socket.secure.is_none() {
            let acceptor = listeners.get(waiting.slot).and_then(|one| one.acceptor.as_ref());
            let secure = acceptor.map(super::tls::Acceptor::begin);
            return match begin(socket, secure, outbox) {
                Ok(()) => Step::On,
                Err(failure) => {
                    self.fail(id, &failure);
                    Step::Wait
                }
            };
        }
        if !socket.secure.as_ref().is_some_and(|secure| secure.is_established()) {
            return Step::Wait;
        }
        let listen = listeners.get(waiting.slot).map(|listener| &listener.listen);
        waiting.stage = listen.map_or(Stage::Done, after_tls);
        Step::On
    }

    /// Reads the request for a WebSocket, and answers it.
    fn upgrade(&mut self, id: SocketId) -> Step {
        let Reactor { sockets, listeners, outbox, .. } = self;
        let Some(socket) = sockets.get_mut(id) else { return Step::Wait };
        let Some(waiting) = &mut socket.waiting else { return Step::Wait };
        let Some(listener) = listeners.get(waiting.slot) else { return Step::Wait };
        let rest = mem::take(&mut socket.rest);
        let answer = match upgrade::parse(&rest, waiting.known) {
            Ok(None) => {
                waiting.known = rest.len();
                socket.rest = rest;
                return Step::Wait;
            }
            Ok(Some((len, request))) => {
                grant(&listener.listen, waiting, &request).map(|()| (len, request))
            }
            Err(refusal) => Err(refusal),
        };
        let (len, request) = match answer {
            Ok(granted) => granted,
            Err(refusal) => {
                log::debug!("a request to {} is refused: {refusal}", listener.shown());
                return self.refuse(id, &refusal.response());
            }
        };
        waiting.stage = Stage::Done;
        let mut answer = Vec::new();
        request.accept(&mut answer);
        socket.append(&answer, &mut outbox.buffers);
        let mut frames = Frames::new(request.kind());
        let mut output = Vec::new();
        let more = rest.get(len..).unwrap_or_default();
        let decoded = frames.decode(more, &mut socket.rest, &mut output);
        socket.append(&output, &mut outbox.buffers);
        if let Ok(websocket::Progress::Closed) = decoded {
            // A goodbye may come with the request; nothing is read after it.
            (socket.ended, socket.readable, socket.farewell) = (true, false, true);
        }
        socket.websocket = Some(Box::new(frames));
        self.soil(id);
        match decoded {
            _ if self.recount(id).is_err() => Step::Wait,
            Ok(_) => Step::On,
            Err(violation) => {
                self.fail(id, &Failure::WebSocket(violation));
                Step::Wait
            }
        }
    }

    /// Has the connection count for who it turned out to be.
    fn recount(&mut self, id: SocketId) -> Result<(), ()> {
        let Some(socket) = self.sockets.get_mut(id) else { return Err(()) };
        let Some(waiting) = &mut socket.waiting else { return Err(()) };
        let Some(listener) = self.listeners.get(waiting.slot) else { return Err(()) };
        let (counted, from) = (waiting.counted, waiting.from);
        match self.server.readmit(counted, from, listener.place, self.now) {
            Verdict::Admit => {
                waiting.counted = waiting.from;
                Ok(())
            }
            Verdict::Refuse(line) => {
                self.refuse(id, &line);
                Err(())
            }
        }
    }

    /// Opens the connection.
    fn enter(&mut self, id: SocketId) {
        self.cancel(id);
        let Some(socket) = self.sockets.get_mut(id) else { return };
        let Some(waiting) = socket.waiting.take() else { return };
        let Waiting { from, slot, secure, name, .. } = *waiting;
        let Some(listener) = self.listeners.get(slot) else { return };
        let proxied = secure.then(|| Tls { cipher: AT_A_PROXY.into(), fingerprint: None, name });
        let tls = socket.secure.as_ref().map(|secure| secure.describe()).or(proxied);
        let peer = Peer { from, listener: listener.place, tls };
        self.open(id, peer);
    }

    /// Says why a connection is not opened, and closes it.
    fn refuse(&mut self, id: SocketId, text: &str) -> Step {
        if let Some(socket) = self.sockets.get_mut(id) {
            socket.append(text.as_bytes(), &mut self.outbox.buffers);
        }
        self.close(id);
        Step::Wait
    }

    /// Turns a connection that is open to TLS. What it has said and nobody has read was not encrypted,
    /// and so can be nothing but the beginning of the handshake.
    pub(super) fn secure(&mut self, id: SocketId, place: usize) {
        let Reactor { sockets, listeners, outbox, .. } = self;
        let Some(socket) = sockets.get_mut(id) else { return };
        let listener = listeners.iter().find(|(_, listener)| listener.place == place);
        let acceptor = listener.and_then(|(_, listener)| listener.acceptor.as_ref());
        let secure = acceptor.map(super::tls::Acceptor::begin);
        let begun = begin(socket, secure, outbox);
        if let Some(secure) = &mut socket.secure {
            secure.upgrading = true;
        }
        match begun {
            Ok(()) => self.secured(id),
            Err(failure) => self.fail(id, &failure),
        }
    }

    /// Tells the server once a connection that was plain is encrypted.
    pub(super) fn secured(&mut self, id: SocketId) {
        let Some(socket) = self.sockets.get_mut(id) else { return };
        let (Some(conn), Some(secure)) = (socket.conn, &mut socket.secure) else { return };
        if !secure.output.is_empty() {
            self.soil(id);
        }
        let Some(socket) = self.sockets.get_mut(id) else { return };
        let Some(secure) = &mut socket.secure else { return };
        if secure.upgrading && secure.is_established() {
            secure.upgrading = false;
            let input = crate::server::Input::Secured { conn, tls: secure.describe() };
            self.server.handle(input, self.now, &mut self.fx);
            self.act();
        }
    }

    /// Ends those who wait for a listener that is no more.
    pub(super) fn strand(&mut self, slot: usize) {
        let of_slot = |socket: &Socket| socket.waiting.as_ref().is_some_and(|one| one.slot == slot);
        let stranded: Vec<SocketId> =
            self.sockets.iter().filter(|(_, socket)| of_slot(socket)).map(|(id, _)| id).collect();
        for id in stranded {
            self.end(id, Gone::Error);
        }
    }
}

/// Begins TLS: what was to be written goes out as it is, what has come and not been read is taken for
/// records.
fn begin(
    socket: &mut Socket,
    secure: Option<Result<Secure, rustls::Error>>,
    outbox: &Outbox,
) -> Result<(), Failure> {
    let none =
        || Failure::Secure(super::secure::Broken::Protocol(rustls::Error::NoCertificatesPresented));
    let mut secure = match secure.ok_or_else(none)? {
        Ok(secure) => Box::new(secure),
        Err(error) => return Err(Failure::Secure(super::secure::Broken::Protocol(error))),
    };
    secure.output = socket.take_output(outbox);
    let mut records = mem::take(&mut socket.rest);
    let read = match records.is_empty() {
        true => Ok(Progress::Open),
        false => secure.read(&mut records, &mut socket.rest),
    };
    socket.secure = Some(secure);
    read.map(|_| ()).map_err(Failure::Secure)
}

/// Whether a request may become a WebSocket, and for whom it speaks.
fn grant(
    listen: &Listen,
    waiting: &mut Waiting,
    request: &upgrade::Request<'_>,
) -> Result<(), Refusal> {
    if let Some(origin) = request.origin {
        let fits = |own: &String| mask::matches(own, origin, Casemap::Ascii);
        if !listen.origins.is_empty() && !listen.origins.iter().any(fits) {
            return Err(Refusal::Origin);
        }
    }
    if waiting.from.is_among(&listen.forwarded) {
        let trusted = |ip| Origin::Ip(ip).is_among(&listen.forwarded);
        let found = request.forwarded(trusted)?;
        waiting.secure |= request.secure() && is_near(waiting.from);
        waiting.from = found.map_or(waiting.from, Origin::Ip);
    }
    Ok(())
}

/// Whether nothing lies between a proxy and this server that could listen.
fn is_near(proxy: Origin) -> bool {
    match proxy {
        Origin::Ip(ip) => ip.is_loopback(),
        Origin::Local => true,
        Origin::Tor(_) => false,
    }
}

/// What is known of an encryption that ends at a proxy.
const AT_A_PROXY: &str = "TLS, which ends at a proxy";

/// For those who come to a proxies' port by themselves.
const PROXIES_ONLY: &str =
    "ERROR :Closing link: this port is for proxies, and your address is not one of them\r\n";

/// For proxies that do not say for whom they speak.
const PROXY_MALFORMED: &str =
    "ERROR :Closing link: this port wants the PROXY protocol, of version 1 or 2, first\r\n";
