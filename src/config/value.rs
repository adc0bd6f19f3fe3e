//! Values as people write them: `90s`, `64k`, `192.0.2.0/24`, secrets.

use super::{
    dnsbl::{Action, Rule},
    mail::Encryption,
    node::Value,
    privilege::Priv,
};
use crate::{
    time::{self, Sid},
    wire::{casemap::Casemap, cidr::Cidr, sasl::Mechanism},
};
use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

/// What no log may show.
#[derive(Clone, Eq, PartialEq)]
pub struct Secret(String);

impl Secret {
    /// A secret.
    pub fn new(text: &str) -> Secret {
        Secret(text.to_owned())
    }

    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it is the hash of a password, and not the password.
    pub fn is_hash(&self) -> bool {
        self.0.starts_with("$argon2")
    }

    /// Whether it could be guessed: too short, of too few characters, or a placeholder.
    pub fn is_weak(&self) -> bool {
        let mut characters: Vec<char> = self.0.chars().collect();
        let long = characters.len();
        characters.sort_unstable();
        characters.dedup();
        let lower = self.0.to_ascii_lowercase();
        let placeholder =
            ["change", "secret", "password", "example"].iter().any(|word| lower.contains(word));
        long < 16 || characters.len() < 8 || placeholder
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Where a listener listens.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Address {
    /// An address and a port.
    Tcp(SocketAddr),
    /// A Unix socket.
    Unix(PathBuf),
}

/// Who is believed when they speak for others.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Trusted {
    /// Who connects from there.
    Range(Cidr),
    /// Who connects by a Unix socket.
    Unix,
}

impl Trusted {
    /// Reads an address, a range or `unix`.
    pub fn parse(text: &str) -> Option<Trusted> {
        match text {
            "unix" => Some(Trusted::Unix),
            range => Cidr::parse(range).map(Trusted::Range),
        }
    }
}

/// A name server: an address, and a port if it is not that of DNS.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NameServer(pub SocketAddr);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(address) => write!(f, "{address}"),
            Address::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LogFormat {
    /// For people.
    Plain,
    /// For systemd's journal: a priority before each line.
    Journal,
    /// One JSON object a line.
    Json,
}

/// A type that a key can have.
pub trait Setting: Sized {
    /// What it must be, as a mistake says it.
    const WANTS: &'static str;

    /// Reads a value.
    fn read(value: &Value) -> Option<Self>;
}

macro_rules! settings {
    ($($type:ty: $wants:literal, $value:ident => $read:expr;)*) => { $(
        impl Setting for $type {
            const WANTS: &'static str = $wants;
            fn read($value: &Value) -> Option<$type> { $read }
        }
    )* };
}

settings! {
    String: "a text", value => text(value).map(str::to_owned);
    bool: "true or false", value => if let Value::Bool(yes) = value { Some(*yes) } else { None };
    PathBuf: "the name of a file", value => text(value).map(PathBuf::from);
    Secret: "a text", value => text(value).map(Secret::new);
    u32: "a whole number", value => number(value).and_then(|number| u32::try_from(number).ok());
    u64: "a size, as 4096, 64k or 1m", value => number(value).or_else(|| size(text(value)?));
    usize: "a whole number", value => number(value).and_then(|number| usize::try_from(number).ok());
    Duration: "a duration, as 90s, 2h or 1h30m", value => number(value).map(Duration::from_secs).or_else(|| time::parse_span(text(value)?));
    NameServer: "an address, or one with a port, as 192.0.2.1 or [2001:db8::1]:5353", value => name_server(text(value)?);
    Address: "an address with a port, or unix: and a path", value => address(text(value)?);
    Cidr: "an address or a range, as 192.0.2.0/24", value => Cidr::parse(text(value)?);
    Trusted: "addresses or ranges, as 192.0.2.0/24, or unix", value => Trusted::parse(text(value)?);
    u8: "a number of bits", value => number(value).and_then(|number| u8::try_from(number).ok());
    u16: "a port, from 0 to 65535", value => number(value).and_then(|number| u16::try_from(number).ok());
    Priv: "one of accounts, announce, audit, ban, channels, defcon, die, forbid, force, identity, jupe, kill, override, rehash, relay, reports, restart, see, vhosts", value => Priv::named(text(value)?);
    Mechanism: "some of PLAIN, EXTERNAL and SCRAM-SHA-256", value => Mechanism::named(text(value)?);
    Casemap: "ascii, rfc1459 or precis", value => match text(value)? {
        "ascii" => Some(Casemap::Ascii),
        "rfc1459" => Some(Casemap::Rfc1459),
        "precis" => Some(Casemap::Precis),
        _ => None,
    };
    Encryption: "implicit, starttls or none", value => Encryption::named(text(value)?);
    Action: "mark, require-sasl, refuse or ban", value => Action::parse(text(value)?);
    Rule: "replies, as 3, 5-7, 127.0.1.0/24, &6 or a text, each with an action or without, as 9 => ban", value => Rule::parse(text(value)?);
    LogFormat: "plain, journal or json", value => match text(value)? {
        "plain" => Some(LogFormat::Plain),
        "journal" => Some(LogFormat::Journal),
        "json" => Some(LogFormat::Json),
        _ => None,
    };
    log::LevelFilter: "error, warn, info, debug or trace", value => text(value)?.parse().ok();
    Sid: "a digit and two digits or capital letters, as 0AB", value => Sid::parse(text(value)?);
}

impl<T: Setting> Setting for Option<T> {
    const WANTS: &'static str = T::WANTS;

    fn read(value: &Value) -> Option<Option<T>> {
        T::read(value).map(Some)
    }
}

impl<T: Setting> Setting for Vec<T> {
    const WANTS: &'static str = T::WANTS;

    fn read(value: &Value) -> Option<Vec<T>> {
        match value {
            Value::Array(items) => items.iter().map(|item| T::read(&item.value)).collect(),
            // One may stand for a list of one.
            one => T::read(one).map(|item| vec![item]),
        }
    }
}

fn text(value: &Value) -> Option<&str> {
    if let Value::Text(text) = value { Some(text) } else { None }
}

fn number(value: &Value) -> Option<u64> {
    if let Value::Number(number) = value { u64::try_from(*number).ok() } else { None }
}

fn address(text: &str) -> Option<Address> {
    match text.strip_prefix("unix:") {
        Some(path) => (!path.is_empty()).then(|| Address::Unix(path.into())),
        None => text.parse().ok().map(Address::Tcp),
    }
}

fn name_server(text: &str) -> Option<NameServer> {
    let usual = || text.parse().ok().map(|ip: IpAddr| SocketAddr::new(ip, 53));
    text.parse().ok().or_else(usual).map(NameServer)
}

fn size(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..)?.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}
