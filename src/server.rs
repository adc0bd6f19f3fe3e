//! The whole server, sans I/O: driven alike by the reactor and by the simulator.

use crate::{
    config,
    core::{ConnId, effect::Effects},
    id,
    job::{Answer, JobId, Loaded},
    time::{Mono, Now, Sid},
};
use std::net::IpAddr;

/// What a server starts with.
#[derive(Debug)]
pub struct Setup {
    /// The configuration and the files it names.
    pub loaded: Loaded,
    /// This server's id on the network.
    pub sid: Sid,
    /// The highest tick an earlier life of this server can have given.
    pub clock: u64,
    /// Where all randomness comes from.
    pub seed: u64,
    /// The key of cloaked hosts.
    pub cloak: config::Secret,
}

/// Where a client comes from.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Origin {
    /// An address, never one of the form `::ffff:192.0.2.1`.
    Ip(IpAddr),
    /// A Unix socket of this machine.
    Local,
}

/// A connection that is ready to speak IRC: after TLS.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Where it comes from.
    pub from: Origin,
    /// Which entry of the configuration's listeners accepted it.
    pub listener: usize,
    /// What is known of its encryption.
    pub tls: Option<Tls>,
}

/// What is known of a connection's encryption.
#[derive(Clone, Debug)]
pub struct Tls {
    /// For people: `TLSv1.3 TLS13_AES_256_GCM_SHA384`.
    pub cipher: String,
    /// SHA-256 of the client's certificate, in lower-case hexadecimal.
    pub fingerprint: Option<String>,
}

/// Whether a connection may go on, decided at accept, before any handshake is paid for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It counts from now on: `open` it, or `abandon` it.
    Admit,
    /// Write this line (plain, with its end) if it takes no waiting, and close.
    Refuse(&'static str),
}

/// Why a connection has ended from outside.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Gone {
    /// The other side closed it.
    Eof,
    /// Reading or writing failed.
    Error,
    /// It read too slowly: more was waiting for it than the limit allows.
    SendQueue,
    /// It sent a line without end.
    Endless,
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
    /// A worker has answered.
    Done {
        /// What had been asked.
        id: JobId,
        /// What it found.
        answer: Answer,
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
pub struct Server {}

impl Server {
    /// A server to which nobody has connected.
    pub fn new(_setup: Setup, _now: Now) -> Server {
        Server {}
    }

    /// Whether a connection may go on. Asked at accept.
    pub fn admit(&mut self, _from: Origin, _listener: usize, _now: Now) -> Verdict {
        Verdict::Admit
    }

    /// Takes back an admission whose connection never came to be opened.
    pub fn abandon(&mut self, _from: Origin) {}

    /// A connection that has been admitted begins to speak IRC.
    pub fn open(&mut self, _peer: Peer, _now: Now, _fx: &mut Effects) -> ConnId {
        crate::arena::Id::pack(0, 0)
    }

    /// Whether the connection's next line may be handled now. When not, `Effect::Ready` will say
    /// when; until then the transport does not read from it.
    pub fn ready(&self, _conn: ConnId) -> bool {
        true
    }

    /// Handles one input. The effects must be drained before waiting again.
    pub fn handle(&mut self, _input: Input<'_>, _now: Now, _fx: &mut Effects) {}

    /// When `Input::Tick` is wanted. May change with every call.
    pub fn deadline(&self) -> Option<Mono> {
        None
    }
}

id!(
    /// Unused until servers are linked.
    PeerId
);
