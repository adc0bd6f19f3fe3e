//! A connection as the transport knows it: where it comes from, how it is encrypted, whether it may go on,
//! and how it ended.

use crate::{config::Trusted, wire::cidr::Cidr};
use std::{borrow::Cow, net::IpAddr};

/// Where a client comes from.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Origin {
    /// An address, never one of the form `::ffff:192.0.2.1`.
    Ip(IpAddr),
    /// A Unix socket of this machine.
    Local,
    /// The Tor network: by which circuit, where that is known.
    Tor(Option<u32>),
}

impl Origin {
    /// The address, if there is one.
    pub fn ip(self) -> Option<IpAddr> {
        match self {
            Origin::Ip(ip) => Some(ip),
            Origin::Local | Origin::Tor(_) => None,
        }
    }

    /// What counts as one customer: the address, of IPv6 the first one of its /64.
    pub fn customer(self) -> Option<IpAddr> {
        let bits = |ip: IpAddr| if ip.is_ipv4() { 32 } else { 64 };
        self.ip().and_then(|ip| Cidr::new(ip, bits(ip))).map(Cidr::address)
    }

    /// Whether a list of those who are trusted names it.
    pub fn is_among(self, trusted: &[Trusted]) -> bool {
        trusted.iter().any(|one| match (one, self) {
            (Trusted::Range(range), Origin::Ip(ip)) => range.contains(ip),
            (Trusted::Unix, Origin::Local) => true,
            (Trusted::Range(_) | Trusted::Unix, Origin::Ip(_) | Origin::Local | Origin::Tor(_)) => {
                false
            }
        })
    }
}

/// A connection that is ready to speak IRC: after PROXY, TLS and WebSocket.
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
    /// The server name that the client has asked for (SNI).
    pub name: Option<Box<str>>,
}

/// Whether a connection may go on, decided at accept, before any handshake is paid for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It counts from now on: `open` it, or `abandon` it.
    Admit,
    /// Write this line (plain, with its end) if it takes no waiting, and close.
    Refuse(Cow<'static, str>),
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
