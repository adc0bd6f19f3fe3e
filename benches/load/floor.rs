//! The floors: servers that broadcast lines and do nothing else, with the system calls of slircd.
//!
//! They know this much of what clients say: USER is answered with a text of a given length, JOIN names a
//! group (one that is left counts no more), PING is answered, and any line that begins with `PRIVMSG`
//! goes, behind a source of a given length, to the others of the speaker's group.

use mio::{
    Events, Interest, Poll, Token,
    net::{TcpListener, TcpStream},
};
use slab::Slab;
use std::{
    collections::HashMap,
    io::{self, ErrorKind, Read, Write},
    mem,
    net::SocketAddr,
};

/// When a floor writes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Floor {
    /// At the end of a turn, once to each recipient.
    Coalescing,
    /// At once, for each recipient of each message.
    Each,
}

impl Floor {
    /// As it is called in tables and as an argument.
    pub fn name(self) -> &'static str {
        match self {
            Floor::Coalescing => "coalescing",
            Floor::Each => "each",
        }
    }

    /// The floor of that name.
    pub fn named(name: &str) -> Option<Floor> {
        [Floor::Coalescing, Floor::Each].into_iter().find(|floor| floor.name() == name)
    }
}

/// How long what a floor says is, so that it is as long as what slircd says.
#[derive(Clone, Copy, Debug)]
pub struct Lengths {
    /// All that a new client is told.
    pub welcome: usize,
    /// The source of a message, from its colon to the space behind it.
    pub source: usize,
}

/// Serves until it is killed. Says on standard output where.
pub fn serve(floor: Floor, lengths: Lengths) -> io::Result<()> {
    let mut listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let mut server = Server {
        poll: Poll::new()?,
        floor,
        welcome: welcome(lengths.welcome),
        source: source(lengths.source),
        conns: Slab::new(),
        groups: Vec::new(),
        names: HashMap::new(),
        dirty: Vec::new(),
    };
    server.poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut out = io::stdout();
    writeln!(out, "listening on {}", listener.local_addr()?)?;
    out.flush()?;
    let mut events = Events::with_capacity(1024);
    let mut buffer = vec![0; READ_MAX];
    loop {
        match server.poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            other => other?,
        }
        for event in events.iter() {
            if event.token() == LISTENER {
                server.accept(&listener)?;
                continue;
            }
            let place = event.token().0;
            if event.is_writable() {
                server.write(place);
            }
            if event.is_readable() || event.is_read_closed() || event.is_error() {
                server.read(place, &mut buffer);
            }
        }
        for place in mem::take(&mut server.dirty) {
            server.write(place);
        }
    }
}

struct Server {
    poll: Poll,
    floor: Floor,
    welcome: Vec<u8>,
    source: Vec<u8>,
    conns: Slab<Conn>,
    /// Who is in which group.
    groups: Vec<Vec<usize>>,
    names: HashMap<Vec<u8>, usize>,
    /// Who is to be written to.
    dirty: Vec<usize>,
}

struct Conn {
    stream: TcpStream,
    group: Option<usize>,
    /// What is unfinished of a line.
    rest: Vec<u8>,
    output: Vec<u8>,
    dirty: bool,
}

impl Server {
    fn accept(&mut self, listener: &TcpListener) -> io::Result<()> {
        loop {
            let mut stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            stream.set_nodelay(true)?;
            let entry = self.conns.vacant_entry();
            let both = Interest::READABLE | Interest::WRITABLE;
            self.poll.registry().register(&mut stream, Token(entry.key()), both)?;
            let (rest, output) = (Vec::new(), Vec::new());
            entry.insert(Conn { stream, group: None, rest, output, dirty: false });
        }
    }

    fn read(&mut self, place: usize, buffer: &mut [u8]) {
        loop {
            let Some(conn) = self.conns.get_mut(place) else { return };
            match conn.stream.read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Ok(0) | Err(_) => return self.close(place),
                Ok(len) => {
                    let mut rest = mem::take(&mut conn.rest);
                    let fresh = buffer.get(..len).unwrap_or_default();
                    if rest.is_empty() {
                        let used = self.lines(place, fresh);
                        rest.extend_from_slice(fresh.get(used..).unwrap_or_default());
                    } else {
                        rest.extend_from_slice(fresh);
                        let used = self.lines(place, &rest);
                        rest.drain(..used);
                    }
                    if let Some(conn) = self.conns.get_mut(place) {
                        conn.rest = rest;
                    }
                    if len < buffer.len() {
                        return;
                    }
                }
            }
        }
    }

    /// Handles what is whole, and says how many bytes that was.
    fn lines(&mut self, place: usize, bytes: &[u8]) -> usize {
        let mut used = 0;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            if line.ends_with(b"\n") {
                used += line.len();
                self.line(place, line);
            }
        }
        used
    }

    fn line(&mut self, place: usize, line: &[u8]) {
        if line.starts_with(b"PRIVMSG") {
            return self.broadcast(place, line);
        }
        if line.starts_with(b"USER") {
            let welcome = mem::take(&mut self.welcome);
            self.send(place, &welcome);
            self.welcome = welcome;
        } else if line.starts_with(b"JOIN") {
            let next = self.groups.len();
            let group = *self.names.entry(line.to_vec()).or_insert(next);
            if group == next {
                self.groups.push(Vec::new());
            }
            if let Some(members) = self.groups.get_mut(group) {
                members.push(place);
            }
            if let Some(conn) = self.conns.get_mut(place) {
                conn.group = Some(group);
            }
        } else if line.starts_with(b"PING") {
            self.send(place, &[b":floor PONG ", line].concat());
        }
    }

    fn broadcast(&mut self, from: usize, line: &[u8]) {
        let Some(group) = self.conns.get(from).and_then(|conn| conn.group) else { return };
        let whole = [&self.source, line].concat();
        let members = self.groups.get_mut(group).map(mem::take).unwrap_or_default();
        for member in members.iter().filter(|member| **member != from) {
            self.send(*member, &whole);
        }
        if let Some(group) = self.groups.get_mut(group) {
            *group = members;
        }
    }

    fn send(&mut self, place: usize, bytes: &[u8]) {
        let Some(conn) = self.conns.get_mut(place) else { return };
        conn.output.extend_from_slice(bytes);
        match self.floor {
            Floor::Each => self.write(place),
            Floor::Coalescing if !conn.dirty => {
                conn.dirty = true;
                self.dirty.push(place);
            }
            Floor::Coalescing => (),
        }
    }

    fn write(&mut self, place: usize) {
        let Some(conn) = self.conns.get_mut(place) else { return };
        conn.dirty = false;
        if conn.output.is_empty() {
            return;
        }
        match conn.stream.write(&conn.output) {
            Ok(len) if len == conn.output.len() => conn.output.clear(),
            // The event that says so writes the rest.
            Ok(len) => drop(conn.output.drain(..len)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => (),
            Err(_) => self.close(place),
        }
    }

    fn close(&mut self, place: usize) {
        let Some(mut conn) = self.conns.try_remove(place) else { return };
        if let Some(group) = conn.group.and_then(|group| self.groups.get_mut(group)) {
            group.retain(|member| *member != place);
        }
        // It is closed when it is dropped, whatever comes of this.
        drop(self.poll.registry().deregister(&mut conn.stream));
    }
}

/// A text of that length that ends as the welcome of an IRC server does.
fn welcome(len: usize) -> Vec<u8> {
    let last = b":floor 376 x :End of welcome\r\n";
    let mut text = Vec::with_capacity(len);
    while text.len() + LINE.len() + last.len() <= len {
        text.extend_from_slice(LINE);
    }
    let missing = len.saturating_sub(text.len() + last.len());
    text.splice(0..0, std::iter::repeat_n(b'.', missing));
    text.extend_from_slice(last);
    text
}

fn source(len: usize) -> Vec<u8> {
    let mut source = vec![b'x'; len];
    if let [first, .., last] = source.as_mut_slice() {
        (*first, *last) = (b':', b' ');
    }
    source
}

const LISTENER: Token = Token(usize::MAX);

/// How much is read at once: as much as slircd reads.
const READ_MAX: usize = 16 << 10;

const LINE: &[u8] = b":floor 372 x :- some words\r\n";
