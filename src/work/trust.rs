//! Whom to trust on the other end of TLS.

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// What is known of whom to trust, for any number of threads. It is for those who always name the same file.
#[derive(Debug, Default)]
pub struct Trust {
    known: Mutex<Option<Known>>,
}

/// Who vouches for servers.
#[derive(Debug)]
struct Known {
    /// As this file says, or the system's.
    ca_file: Option<PathBuf>,
    /// Until when it is not read again.
    until: Instant,
    config: Arc<ClientConfig>,
}

/// Why nobody can be trusted.
#[derive(Debug)]
pub enum Error {
    /// What was read cannot be used.
    Tls(rustls::Error),
    /// Nobody is known who could vouch for a server: this file holds no certificates.
    NobodyVouches(PathBuf),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Tls(error) => write!(f, "{error}"),
            Error::NobodyVouches(file) => {
                write!(f, "{} holds no certificates that can vouch for a server", file.display())
            }
        }
    }
}

impl Trust {
    /// How to speak TLS with somebody for whom those vouch that a file names, or the system.
    pub fn client(&self, ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, Error> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let same = |known: &&Known| known.ca_file.as_deref() == ca_file && now < known.until;
        if let Some(known) = known.as_ref().filter(same) {
            return Ok(known.config.clone());
        }
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().map_err(Error::Tls)?;
        let mut config = builder.with_root_certificates(roots(ca_file)?).with_no_client_auth();
        config.resumption = rustls::client::Resumption::disabled();
        let config = Arc::new(config);
        *known = Some(Known {
            ca_file: ca_file.map(Path::to_owned),
            until: now + TRUST_LIFE,
            config: config.clone(),
        });
        Ok(config)
    }
}

/// Those who vouch for servers, as a file names them, or as the system does.
pub fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, Error> {
    let file = ca_file
        .or_else(|| BUNDLES.iter().map(Path::new).find(|file| file.exists()))
        .unwrap_or(Path::new(BUNDLES[0]));
    let mut roots = RootCertStore::empty();
    // One that cannot be used is as if it were not there.
    let found = CertificateDer::pem_file_iter(file).into_iter().flatten().flatten();
    roots.add_parsable_certificates(found);
    if roots.is_empty() { Err(Error::NobodyVouches(file.into())) } else { Ok(roots) }
}

/// Where systems keep the certificates of those whom they trust.
const BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
];

/// How long it is believed who is to be trusted before it is read again.
const TRUST_LIFE: Duration = Duration::from_secs(3600);
