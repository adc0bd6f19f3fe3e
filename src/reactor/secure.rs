//! TLS of one connection, bytes to bytes: it holds no buffer while nothing is under way.

use crate::server::{Origin, Tls};
use rustls::{
    Error, ServerConfig,
    server::UnbufferedServerConnection,
    unbuffered::{ConnectionState, EncodeError, EncryptError, UnbufferedStatus},
};
use sha2::{Digest, Sha256};
use std::{fmt, sync::Arc};

/// What is kept about a connection that is encrypted.
pub struct Secure {
    session: UnbufferedServerConnection,
    /// Records that have not come whole.
    pub input: Vec<u8>,
    /// Records to be written.
    pub output: Vec<u8>,
    /// Whom the server will be told of when the handshake is done.
    pub waiting: Option<Waiting>,
    begun: bool,
    notified: bool,
}

/// Who has been admitted, and not been introduced to the server yet.
#[derive(Clone, Copy, Debug)]
pub struct Waiting {
    /// Where it comes from.
    pub from: Origin,
    /// Which listener accepted it.
    pub listener: usize,
}

/// How far the records that have come lead.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Progress {
    /// More is wanted.
    Open,
    /// The other side has said that nothing more comes.
    Ended,
}

/// Why a connection cannot go on. If there is an alert to send, it stands in the output.
#[derive(Debug)]
pub enum Broken {
    /// It does not speak TLS at all.
    Plain,
    /// It speaks TLS wrongly, or we cannot agree on something.
    Protocol(Error),
    /// Nothing more can be encrypted.
    Exhausted,
    /// It keeps more unfinished than any message may be long.
    TooLong,
}

impl Secure {
    /// A connection that has not said anything yet.
    pub fn new(config: Arc<ServerConfig>, from: Origin, listener: usize) -> Result<Secure, Error> {
        Ok(Secure {
            session: UnbufferedServerConnection::new(config)?,
            input: Vec::new(),
            output: Vec::new(),
            waiting: Some(Waiting { from, listener }),
            begun: false,
            notified: false,
        })
    }

    /// Reads records: appends to `plain` what they hold, to the output what is to be answered, and
    /// keeps what is not whole.
    pub fn read(&mut self, records: &mut [u8], plain: &mut Vec<u8>) -> Result<Progress, Broken> {
        if let (false, Some(&first)) = (self.begun, records.first()) {
            if first != HANDSHAKE && first != SSL2_HELLO {
                return Err(Broken::Plain);
            }
            self.begun = true;
        }
        let mut used = 0;
        let progress = loop {
            let rest = records.get_mut(used..).unwrap_or_default();
            let UnbufferedStatus { discard, state } = self.session.process_tls_records(rest);
            used += discard;
            match state {
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    while let Some(record) = traffic.next_record() {
                        let record = record.map_err(Broken::Protocol)?;
                        plain.extend_from_slice(record.payload);
                        used += record.discard;
                    }
                }
                Ok(ConnectionState::EncodeTlsData(mut data)) => {
                    append(&mut self.output, |room| data.encode(room))?;
                }
                // The output is written in order, so what has been put there counts as sent.
                Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
                Ok(ConnectionState::PeerClosed | ConnectionState::Closed) => break Progress::Ended,
                // Early data is never offered, and states yet unknown have nothing to give.
                Ok(_) => break Progress::Open,
                Err(error) => {
                    self.alert();
                    return Err(Broken::Protocol(error));
                }
            }
        };
        let rest = records.get(used..).unwrap_or_default();
        if rest.len() > UNFINISHED_MAX {
            return Err(Broken::TooLong);
        }
        self.input = rest.to_vec();
        Ok(progress)
    }

    /// Encrypts into the output.
    pub fn write(&mut self, plain: &[u8]) -> Result<(), Broken> {
        loop {
            match self.session.process_tls_records(&mut []).state {
                Ok(ConnectionState::WriteTraffic(mut traffic)) => {
                    return append(&mut self.output, |room| traffic.encrypt(plain, room));
                }
                Ok(ConnectionState::EncodeTlsData(mut data)) => {
                    append(&mut self.output, |room| data.encode(room))?;
                }
                Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
                Ok(ConnectionState::PeerClosed) => (),
                Ok(_) => return Err(Broken::Exhausted),
                Err(error) => return Err(Broken::Protocol(error)),
            }
        }
    }

    /// Says goodbye as TLS does (RFC 8446 §6.1), once. Without an agreement there is nothing to say.
    pub fn close(&mut self) {
        if self.notified || !self.is_established() {
            return;
        }
        self.notified = true;
        let state = self.session.process_tls_records(&mut []).state;
        if let Ok(ConnectionState::WriteTraffic(mut traffic)) = state {
            // What cannot be encrypted cannot be said; the connection ends all the same.
            if let Err(error) = append(&mut self.output, |room| traffic.queue_close_notify(room)) {
                log::debug!("close_notify: {error}");
            }
        }
    }

    /// Whether both sides have agreed on keys.
    pub fn is_established(&self) -> bool {
        !self.session.is_handshaking()
    }

    /// What the server is told about the encryption.
    pub fn describe(&self) -> Tls {
        let version = match self.session.protocol_version() {
            Some(version) => format!("{version:?}").replace('_', "."),
            None => String::new(),
        };
        let suite = match self.session.negotiated_cipher_suite() {
            Some(suite) => format!("{:?}", suite.suite()),
            None => String::new(),
        };
        let fingerprint = self.session.peer_certificates().and_then(|chain| chain.first());
        Tls {
            cipher: format!("{version} {suite}"),
            fingerprint: fingerprint.map(|certificate| fingerprint_of(certificate)),
        }
    }

    /// Puts the alert that tells the other side why, if there is one, into the output.
    fn alert(&mut self) {
        let state = self.session.process_tls_records(&mut []).state;
        if let Ok(ConnectionState::EncodeTlsData(mut data)) = state {
            if let Err(error) = append(&mut self.output, |room| data.encode(room)) {
                log::debug!("alert: {error}");
            }
        }
    }
}

impl fmt::Debug for Secure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secure").field("waiting", &self.waiting).finish_non_exhaustive()
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Broken::Plain => f.write_str("it does not speak TLS"),
            Broken::Protocol(error) => error.fmt(f),
            Broken::Exhausted => f.write_str("nothing more can be encrypted"),
            Broken::TooLong => f.write_str("a message without end"),
        }
    }
}

impl From<EncodeError> for Shortage {
    fn from(error: EncodeError) -> Shortage {
        match error {
            EncodeError::InsufficientSize(error) => Shortage::Room(error.required_size),
            EncodeError::AlreadyEncoded => Shortage::Nothing,
        }
    }
}

impl From<EncryptError> for Shortage {
    fn from(error: EncryptError) -> Shortage {
        match error {
            EncryptError::InsufficientSize(error) => Shortage::Room(error.required_size),
            EncryptError::EncryptExhausted => Shortage::Nothing,
        }
    }
}

/// Why rustls wrote nothing.
enum Shortage {
    /// It needs room for so many bytes.
    Room(usize),
    /// There is nothing to write with.
    Nothing,
}

/// Lets `write` write at the end of `output`, first into no room at all so that it says how much it
/// needs.
fn append<E: Into<Shortage>>(
    output: &mut Vec<u8>,
    mut write: impl FnMut(&mut [u8]) -> Result<usize, E>,
) -> Result<(), Broken> {
    let start = output.len();
    let mut room = 0;
    // Once to learn the size and once to write; a third time is not needed.
    for _ in 0..2 {
        output.resize(start + room, 0);
        match write(output.get_mut(start..).unwrap_or_default()).map_err(E::into) {
            Ok(written) => {
                output.truncate(start + written);
                return Ok(());
            }
            Err(Shortage::Room(needed)) => room = needed,
            Err(Shortage::Nothing) => break,
        }
    }
    output.truncate(start);
    Err(Broken::Exhausted)
}

/// SHA-256 in lower-case hexadecimal.
fn fingerprint_of(certificate: &[u8]) -> String {
    use fmt::Write;

    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(certificate) {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The first byte of a TLS handshake record (RFC 8446 §5.1).
const HANDSHAKE: u8 = 0x16;

/// The first byte of a hello in the form of SSL 2, to which rustls answers with an alert.
const SSL2_HELLO: u8 = 0x80;

/// As much as a handshake message that is not whole may take (RFC 8446 §4 allows more; no certificate
/// chain in use comes near).
pub const UNFINISHED_MAX: usize = 64 << 10;
