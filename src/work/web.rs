//! Asking web servers for pages.

use super::{
    connect, left,
    trust::{self, Trust},
};
use crate::{
    config::Secret,
    job::Listing,
    wire::http::{self, RESPONSE_MAX, Response, Url},
};
use rustls::{ClientConnection, StreamOwned, pki_types::ServerName};
use std::{
    fmt,
    io::{self, ErrorKind, Read, Write},
    net::TcpStream,
    path::Path,
    time::Instant,
};

/// Asks web servers, for any number of threads.
#[derive(Debug, Default)]
pub struct Web {
    trust: Trust,
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
    /// Nobody can vouch for it.
    Trust(trust::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Io(error) => write!(f, "{error}"),
            Error::Malformed => f.write_str("what it says is no HTTP"),
            Error::Tls(error) => write!(f, "{error}"),
            Error::Trust(error) => write!(f, "{error}"),
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
        let stream = connect(&url.host, url.port, end)?;
        if !url.secure {
            return exchange(stream, |stream| stream, url, end);
        }
        let trust = self.trust.client(ca_file).map_err(Error::Trust)?;
        let name = ServerName::try_from(url.host.clone())
            .map_err(|_| Error::Io(ErrorKind::InvalidInput.into()))?;
        let session = ClientConnection::new(trust, name.to_owned()).map_err(Error::Tls)?;
        exchange(StreamOwned::new(session, stream), |stream| &stream.sock, url, end)
    }
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

/// How much is read at once.
const PIECE: usize = 4096;
