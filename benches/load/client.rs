//! Many clients of one server, in one thread. While CPU is measured it does not wait, so that what is
//! measured holds no wake-ups of the clients.

use crate::tls;
use mio::{Events, Interest, Poll, Token, net::TcpStream};
use rustls::{ClientConfig, ClientConnection};
use socket2::{Domain, Protocol, Socket, Type};
use std::{
    io::{self, Error, ErrorKind, Read, Write},
    mem,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// Clients that are connected to one server.
pub struct Crowd {
    poll: Poll,
    events: Events,
    clients: Vec<Client>,
    buffer: Vec<u8>,
    /// How often something has been read: at most as often as the server has written.
    pub reads: u64,
    /// The longest that anything may take.
    patience: Duration,
}

struct Client {
    stream: TcpStream,
    secure: Option<Box<ClientConnection>>,
    /// What it says as soon as it is connected.
    hello: String,
    /// What is unfinished of a line.
    rest: Vec<u8>,
}

/// What the first of a crowd has been told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Welcome {
    /// How many bytes.
    pub bytes: usize,
    /// How long its source is, from the colon to the space, as others see it.
    pub source: usize,
}

impl Crowd {
    /// Connects so many clients, over TLS or not, at most `window` at once, and waits until each has
    /// been welcomed.
    pub fn connect(
        address: SocketAddr,
        secure: bool,
        count: usize,
        window: usize,
    ) -> io::Result<(Crowd, Welcome)> {
        let mut crowd = Crowd {
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            clients: Vec::with_capacity(count),
            buffer: vec![0; 64 << 10],
            reads: 0,
            patience: Duration::from_secs(30),
        };
        let config = if secure { Some(tls::config()?) } else { None };
        let (mut done, mut welcome) = (0, Welcome::default());
        let begin = Instant::now();
        while done < count {
            while crowd.clients.len() < count.min(done + window) {
                crowd.add(address, config.as_ref())?;
            }
            crowd.turn(Some(MOMENT), |client, line| {
                if client == 0 {
                    welcome.bytes += line.len();
                    welcome.source = welcome.source.max(source(line));
                }
                // RPL_ENDOFMOTD, ERR_NOMOTD
                done += usize::from(numeric(line) == b"376" || numeric(line) == b"422");
            })?;
            if begin.elapsed() > crowd.patience * 4 {
                return Err(Error::other(format!("only {done} of {count} clients are welcome")));
            }
        }
        // What comes after the message of the day belongs to the welcome too.
        crowd.barrier(|line| {
            if numeric(line) != b"PONG" {
                welcome.bytes += line.len();
            }
        })?;
        Ok((crowd, welcome))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.clients.len()
    }

    /// Has each client join channels, and waits until all have.
    pub fn join(&mut self, channels: impl Fn(usize) -> Vec<String>) -> io::Result<()> {
        // Of those who join at once everybody hears; what is not read meanwhile would pile up.
        for first in (0..self.len()).step_by(JOINING_MAX) {
            for client in first..self.len().min(first + JOINING_MAX) {
                for channel in channels(client) {
                    self.say(client, format!("JOIN {channel}\r\n").as_bytes())?;
                }
                self.turn(Some(Duration::ZERO), |_, _| ())?;
            }
            self.barrier(|_| ())?;
        }
        Ok(())
    }

    /// Waits until the server has handled everything that was said; `first` gets the lines of the first
    /// client.
    pub fn barrier(&mut self, mut first: impl FnMut(&[u8])) -> io::Result<()> {
        let (mut asked, mut answered) = (0, 0);
        let begin = Instant::now();
        while answered < self.len() {
            while asked < self.len().min(answered + JOINING_MAX) {
                self.say(asked, b"PING barrier\r\n")?;
                asked += 1;
            }
            self.turn(Some(MOMENT), |client, line| {
                if client == 0 {
                    first(line);
                }
                answered += usize::from(numeric(line) == b"PONG");
            })?;
            if begin.elapsed() > self.patience {
                return Err(Error::other("the server does not answer"));
            }
        }
        Ok(())
    }

    /// Has a client say something.
    pub fn say(&mut self, client: usize, bytes: &[u8]) -> io::Result<()> {
        let Some(client) = self.clients.get_mut(client) else { return Ok(()) };
        client.say(bytes)
    }

    /// Reads lines until so many have come; `each` gets them with the place of their client.
    pub fn expect(&mut self, mut lines: u64, mut each: impl FnMut(&[u8])) -> io::Result<()> {
        let begin = Instant::now();
        while lines > 0 {
            self.turn(Some(Duration::ZERO), |_, line| {
                lines = lines.saturating_sub(1);
                each(line);
            })?;
            if begin.elapsed() > self.patience {
                return Err(Error::other(format!("{lines} lines did not come")));
            }
        }
        Ok(())
    }

    /// Reads what has come, or comes within a while.
    pub fn turn(
        &mut self,
        wait: Option<Duration>,
        mut each: impl FnMut(usize, &[u8]),
    ) -> io::Result<()> {
        let Crowd { poll, events, clients, buffer, reads, .. } = self;
        match poll.poll(events, wait) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        for event in events.iter() {
            let place = event.token().0;
            let Some(client) = clients.get_mut(place) else { continue };
            if event.is_writable() {
                client.connected()?;
            }
            if event.is_readable() || event.is_read_closed() || event.is_error() {
                *reads += client.read(buffer, |line| each(place, line))?;
            }
        }
        Ok(())
    }

    fn add(&mut self, address: SocketAddr, secure: Option<&Arc<ClientConfig>>) -> io::Result<()> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let (place, number) = (self.clients.len(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
        // Each comes from an address of its own, as clients do; one address has too few ports.
        let (high, low) = (place / 250, place % 250);
        let from = Ipv4Addr::new(127, 1 + (high / 250) as u8, (high % 250) as u8, 1 + low as u8);
        socket.bind(&SocketAddr::from((from, 0)).into())?;
        socket.set_nonblocking(true)?;
        if let Err(error) = socket.connect(&address.into()) {
            if error.raw_os_error() != Some(rustix::io::Errno::INPROGRESS.raw_os_error()) {
                return Err(error);
            }
        }
        let mut stream = TcpStream::from_std(socket.into());
        stream.set_nodelay(true)?;
        let both = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut stream, Token(place), both)?;
        let secure = match secure {
            Some(config) => Some(Box::new(tls::begin(config)?)),
            None => None,
        };
        let hello = format!("NICK u{number:07}\r\nUSER u{number:06} 0 * :Somebody\r\n");
        self.clients.push(Client { stream, secure, hello, rest: Vec::new() });
        Ok(())
    }
}

impl Client {
    /// Says who it is, once it can.
    fn connected(&mut self) -> io::Result<()> {
        if let Some(error) = self.stream.take_error()? {
            return Err(error);
        }
        if self.hello.is_empty() {
            return Ok(());
        }
        let hello = mem::take(&mut self.hello);
        self.say(hello.as_bytes())
    }

    fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(secure) = &mut self.secure else { return self.stream.write_all(bytes) };
        secure.writer().write_all(bytes)?;
        self.push()
    }

    /// Writes what the encryption has to say.
    fn push(&mut self) -> io::Result<()> {
        let Some(secure) = &mut self.secure else { return Ok(()) };
        while secure.wants_write() {
            secure.write_tls(&mut self.stream)?;
        }
        Ok(())
    }

    /// Reads what has come, and says how often.
    fn read(&mut self, buffer: &mut [u8], mut each: impl FnMut(&[u8])) -> io::Result<u64> {
        let mut reads = 0;
        loop {
            let len = match self.stream.read(buffer) {
                Ok(0) => return Err(Error::other("the server has closed a connection")),
                Ok(len) => len,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(reads),
                Err(error) => return Err(error),
            };
            reads += 1;
            let came = buffer.get(..len).unwrap_or_default();
            match &mut self.secure {
                None => split(&mut self.rest, came, &mut each),
                Some(secure) => {
                    let mut input = came;
                    while !input.is_empty() {
                        secure.read_tls(&mut input)?;
                        let state = secure.process_new_packets().map_err(Error::other)?;
                        let mut plain = vec![0; state.plaintext_bytes_to_read()];
                        secure.reader().read_exact(&mut plain)?;
                        split(&mut self.rest, &plain, &mut each);
                    }
                    self.push()?;
                }
            }
            if len < buffer.len() {
                return Ok(reads);
            }
        }
    }
}

/// Hands over the lines in what has come, and keeps what is unfinished.
fn split(rest: &mut Vec<u8>, came: &[u8], each: &mut impl FnMut(&[u8])) {
    let mut kept = mem::take(rest);
    for line in came.split_inclusive(|byte| *byte == b'\n') {
        if !line.ends_with(b"\n") {
            kept.extend_from_slice(line);
        } else if kept.is_empty() {
            each(line);
        } else {
            kept.extend_from_slice(line);
            each(&kept);
            kept.clear();
        }
    }
    *rest = kept;
}

/// The second word of a line: the numeric or the command of a message with a source.
fn numeric(line: &[u8]) -> &[u8] {
    line.split(|byte| *byte == b' ').nth(1).unwrap_or_default()
}

/// How long the source is that RPL_WELCOME ends with, from a colon to the space behind it.
fn source(line: &[u8]) -> usize {
    let last = line.trim_ascii_end().rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    if numeric(line) == b"001" && last.contains(&b'!') { last.len() + 2 } else { 0 }
}

/// How long a turn waits where nothing is measured.
const MOMENT: Duration = Duration::from_millis(100);

/// How many clients join, or are waited for, at once.
const JOINING_MAX: usize = 200;
