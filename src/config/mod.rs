//! The configuration (a stand-in until the real one is merged).
use std::{fmt, net::SocketAddr, path::PathBuf, time::Duration};

/// All settings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// Where it listens.
    pub listen: Vec<Listen>,
    /// Limits.
    pub limits: Limits,
}

/// Limits.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Send queue.
    pub send_queue: u64,
    /// Time for goodbyes.
    pub stop_timeout: Duration,
    /// Time for a handshake.
    pub registration_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            send_queue: 1 << 20,
            stop_timeout: Duration::from_secs(5),
            registration_timeout: Duration::from_secs(30),
        }
    }
}

/// A listener.
#[derive(Clone, Debug, PartialEq)]
pub struct Listen {
    /// Where.
    pub address: Address,
    /// Certificates.
    pub tls: Vec<Tls>,
}

/// Where.
#[derive(Clone, Debug, PartialEq)]
pub enum Address {
    /// TCP.
    Tcp(SocketAddr),
    /// Unix.
    Unix(PathBuf),
}

/// A certificate.
#[derive(Clone, Debug, PartialEq)]
pub struct Tls {
    /// Chain.
    pub certificate: PathBuf,
    /// Key.
    pub key: PathBuf,
    /// For which names.
    pub names: Vec<String>,
}

/// A mistake.
#[derive(Debug)]
pub struct Error {}

/// What no log may show.
#[derive(Clone, PartialEq)]
pub struct Secret(pub String);

impl Secret {
    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}
