//! Asking name servers: over UDP, over TCP if the answer is too long for that, one after another until
//! one answers or the time is up.

use crate::{
    wire::dns::{self, Answer, Question},
    work::{left, load},
};
use std::{
    fmt,
    io::{self, ErrorKind, Read, Write},
    mem,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket},
    time::{Duration, Instant},
};

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// No server has said anything.
    Silence,
    /// Servers have said that they cannot or will not say.
    Refusal,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Failure::Silence => "no name server answers",
            Failure::Refusal => "the name servers cannot say",
        })
    }
}

/// Questions that belong together: all have to be answered by the same time.
#[derive(Debug)]
pub(super) struct Asking<'a> {
    servers: &'a [SocketAddr],
    good: usize,
    patience: Duration,
    end: Instant,
}

impl<'a> Asking<'a> {
    /// Asks these servers, beginning with the one at a place, for so long, which is until then.
    pub(super) fn new(
        servers: &'a [SocketAddr],
        good: usize,
        time: Duration,
        end: Instant,
    ) -> Asking<'a> {
        let tries = u32::try_from(servers.len().max(1)).unwrap_or(u32::MAX).saturating_mul(ROUNDS);
        Asking {
            servers,
            good: good % servers.len().max(1),
            patience: (time / tries).max(PATIENCE_MIN),
            end,
        }
    }

    /// The place of the server that has answered last.
    pub(super) fn good(&self) -> usize {
        self.good
    }

    /// What a server says.
    pub(super) fn ask(&mut self, question: &Question) -> Result<Answer, Failure> {
        let mut failure = Failure::Silence;
        let turns = self.servers.len() * ROUNDS as usize;
        for place in (0..turns).map(|turn| (self.good + turn) % self.servers.len()) {
            let Some(server) = self.servers.get(place) else { continue };
            match self.ask_one(*server, question) {
                Ok(Answer::Failed | Answer::Truncated) => failure = Failure::Refusal,
                Ok(answer) => {
                    self.good = place;
                    return Ok(answer);
                }
                Err(error) => log::debug!("name server {server}: {error}"),
            }
            if Instant::now() >= self.end {
                break;
            }
        }
        Err(failure)
    }

    fn ask_one(&self, server: SocketAddr, question: &Question) -> io::Result<Answer> {
        let end = self.end.min(Instant::now() + self.patience);
        match over_udp(server, question, end)? {
            Answer::Truncated => over_tcp(server, question, self.end),
            answer => Ok(answer),
        }
    }
}

/// Asks in a datagram. What is no answer to this question is passed over: it is late, or made up by
/// somebody who would have to guess both the port, which the system draws, and the id.
fn over_udp(server: SocketAddr, question: &Question, end: Instant) -> io::Result<Answer> {
    let own: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(own)?;
    // From now on nothing is received that comes from elsewhere.
    socket.connect(server)?;
    let id = id()?;
    socket.send(&dns::query(id, question))?;
    let mut datagram = [0; DATAGRAM_MAX];
    for _ in 0..STRAYS_MAX {
        socket.set_read_timeout(Some(left(end)?))?;
        let length = socket.recv(&mut datagram)?;
        let message = datagram.get(..length).unwrap_or_default();
        if let Some(answer) = dns::answer(message, id, question) {
            return Ok(answer);
        }
    }
    Err(ErrorKind::InvalidData.into())
}

/// Asks over TCP, where each message comes after its length (RFC 1035 §4.2.2).
fn over_tcp(server: SocketAddr, question: &Question, end: Instant) -> io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&server, left(end)?)?;
    stream.set_write_timeout(Some(left(end)?))?;
    let id = id()?;
    let query = dns::query(id, question);
    // A query is a name and a few fields.
    let mut bytes = (query.len() as u16).to_be_bytes().to_vec();
    bytes.extend(query);
    stream.write_all(&bytes)?;
    let mut length = [0; 2];
    read(&mut stream, &mut length, end)?;
    let mut message = vec![0; u16::from_be_bytes(length).into()];
    read(&mut stream, &mut message, end)?;
    dns::answer(&message, id, question).ok_or_else(|| ErrorKind::InvalidData.into())
}

/// Fills the buffer, however slowly the bytes come, or gives up in time.
fn read(stream: &mut TcpStream, mut buffer: &mut [u8], end: Instant) -> io::Result<()> {
    while !buffer.is_empty() {
        stream.set_read_timeout(Some(left(end)?))?;
        match stream.read(buffer)? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            length => buffer = mem::take(&mut buffer).get_mut(length..).unwrap_or_default(),
        }
    }
    Ok(())
}

fn id() -> io::Result<u16> {
    let mut bytes = [0; 2];
    load::random(&mut bytes).map_err(|_| io::Error::other("the system has no random bytes"))?;
    Ok(u16::from_be_bytes(bytes))
}

/// How often each server is asked: a datagram can get lost.
const ROUNDS: u32 = 2;

/// How long a server has for an answer, at least.
const PATIENCE_MIN: Duration = Duration::from_millis(250);

/// The longest datagram that is read; without extensions servers send 512 bytes (RFC 1035 §4.2.1).
const DATAGRAM_MAX: usize = 4096;

/// How many datagrams that are no answer are passed over.
const STRAYS_MAX: usize = 64;
