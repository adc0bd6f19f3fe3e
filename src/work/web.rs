//! Asking web servers for pages.

use super::left;
use crate::{
    config::Secret,
    job::Listing,
    wire::http::{self, RESPONSE_MAX, Response, Url},
};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use std::{
    fmt,
    io::{self, ErrorKind, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Asks web servers, for any number of threads.
#[derive(Debug, Default)]
pub struct Web {
    trust: Mutex<Option<Trust>>,
}

/// Who vouches for servers.
#[derive(Debug)]
struct Trust {
    /// As this file says, or the system's.
    ca_file: Option<PathBuf>,
    /// Until when it is not read again.
    until: Instant,
    config: Arc<ClientConfig>,
}

/// Why there is no page.
#[derive(Debug)]
pub enum Error {
    /// The server cannot be reached, or says nothing.
    Io(io::Error),
    /// What it says is no HTTP.
    Malformed,
    /// It is not to be trusted, or its words are not to be read.
    Tls(rustls::Error),
    /// Nobody is known who could vouch for it: this file holds no certificates.
    NobodyVouches(PathBuf),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Io(error) => write!(f, "{error}"),
            Error::Malformed => f.write_str("what it says is no HTTP"),
            Error::Tls(error) => write!(f, "{error}"),
            Error::NobodyVouches(file) => {
                write!(f, "{} holds no certificates that can vouch for a server", file.display())
            }
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        Error::Io(error)
    }
}

impl Web {
    /// The page of a blocklist at a web address, if there is one until then.
    pub fn listed(&self, url: &Secret, ca_file: Option<&Path>, end: Instant) -> Option<Listing> {
        let url = Url::parse(url.expose())?;
        match self.page(&url, ca_file, end) {
            Ok(Response { status, body }) => {
                Some(Listing::Page { status, text: String::from_utf8_lossy(&body).into_owned() })
            }
            Err(error) => {
                // The rest of the address may hold a key.
                log::debug!("{} does not answer: {error}", url.host);
                None
            }
        }
    }

    fn page(&self, url: &Url, ca_file: Option<&Path>, end: Instant) -> Result<Response, Error> {
        let stream = connect(url, end)?;
        if !url.secure {
            return exchange(stream, |stream| stream, url, end);
        }
        let name = ServerName::try_from(url.host.clone())
            .map_err(|_| Error::Io(ErrorKind::InvalidInput.into()))?;
        let session =
            ClientConnection::new(self.trust(ca_file)?, name.to_owned()).map_err(Error::Tls)?;
        exchange(StreamOwned::new(session, stream), |stream| &stream.sock, url, end)
    }

    /// Whom to trust.
    fn trust(&self, ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, Error> {
        let mut trust = self.trust.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let same = |trust: &&Trust| trust.ca_file.as_deref() == ca_file && now < trust.until;
        if let Some(trust) = trust.as_ref().filter(same) {
            return Ok(trust.config.clone());
        }
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().map_err(Error::Tls)?;
        let mut config = builder.with_root_certificates(roots(ca_file)?).with_no_client_auth();
        config.resumption = rustls::client::Resumption::disabled();
        let config = Arc::new(config);
        *trust = Some(Trust {
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

/// A connection to the first of a host's addresses that takes one.
fn connect(url: &Url, end: Instant) -> io::Result<TcpStream> {
    let mut failure = ErrorKind::NotFound.into();
    for address in (url.host.as_str(), url.port).to_socket_addrs()?.take(ADDRESSES_MAX) {
        match TcpStream::connect_timeout(&address, left(end)?) {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// Asks, and reads what comes, however slowly, or gives up in time. `socket` is what carries the stream.
fn exchange<S: Read + Write>(
    mut stream: S,
    socket: impl Fn(&S) -> &TcpStream,
    url: &Url,
    end: Instant,
) -> Result<Response, Error> {
    socket(&stream).set_read_timeout(Some(left(end)?))?;
    socket(&stream).set_write_timeout(Some(left(end)?))?;
    stream.write_all(url.request().as_bytes())?;
    let (mut bytes, mut piece) = (Vec::new(), [0; PIECE]);
    loop {
        socket(&stream).set_read_timeout(Some(left(end)?))?;
        let ended = match stream.read(&mut piece) {
            Ok(0) => true,
            Ok(length) => {
                bytes.extend_from_slice(piece.get(..length).unwrap_or_default());
                bytes.len() >= RESPONSE_MAX
            }
            // Over TLS: without a goodbye.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => true,
            Err(error) => return Err(error.into()),
        };
        match http::response(&bytes, ended) {
            Ok(Some(response)) => return Ok(response),
            Ok(None) if !ended => (),
            Ok(None) | Err(http::Malformed) => return Err(Error::Malformed),
        }
    }
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

/// How many of a host's addresses are tried.
const ADDRESSES_MAX: usize = 4;

/// How much is read at once.
const PIECE: usize = 4096;
