//! TLS of one connection, bytes to bytes: it holds no buffer while nothing is under way.

use crate::core::peer::Tls;
use rustls::{
    Error, ServerConfig,
    server::{ServerConnectionData, UnbufferedServerConnection},
    unbuffered::{ConnectionState, EncodeError, EncryptError, UnbufferedStatus, WriteTraffic},
};
use sha2::{Digest, Sha256};
use std::{
    fmt,
    sync::{Arc, OnceLock},
};

/// What is kept about a connection that is encrypted.
pub struct Secure {
    session: UnbufferedServerConnection,
    /// Records that have not come whole.
    pub input: Vec<u8>,
    /// Records to be written.
    pub output: Vec<u8>,
    /// The connection was open before, and the server waits for the end of the handshake.
    pub upgrading: bool,
    begun: bool,
    notified: bool,
    asked: Asked,
}

/// The server name that a client has asked for, once it is known.
pub type Asked = Arc<OnceLock<Box<str>>>;

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
    pub fn new(config: Arc<ServerConfig>, asked: Asked) -> Result<Secure, Error> {
        Ok(Secure {
            session: UnbufferedServerConnection::new(config)?,
            input: Vec::new(),
            output: Vec::new(),
            upgrading: false,
            begun: false,
            notified: false,
            asked,
        })
    }

    /// Reads records: appends to `plain` what they hold, to the output what is to be answered, and
    /// keeps what is not whole.
    pub fn read(&mut self, records: &mut [u8], plain: &mut Vec<u8>) -> Result<Progress, Broken> {
        let result = self.process(records, plain);
        // A session that has failed is asked for its alert alone.
        self.notified |= result.is_err();
        result
    }

    fn process(&mut self, records: &mut [u8], plain: &mut Vec<u8>) -> Result<Progress, Broken> {
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
        self.traffic(|traffic, room| traffic.encrypt(plain, room))
    }

    /// Says goodbye as TLS does (RFC 8446 §6.1), once. Without an agreement there is nothing to say.
    pub fn close(&mut self) {
        if self.notified || !self.is_established() {
            return;
        }
        self.notified = true;
        // What cannot be encrypted cannot be said; the connection ends all the same.
        if let Err(error) = self.traffic(|traffic, room| traffic.queue_close_notify(room)) {
            log::debug!("close_notify: {error}");
        }
    }

    /// Has the output written to by what may write in it once both sides have agreed.
    fn traffic(
        &mut self,
        mut write: impl FnMut(&mut Traffic<'_>, &mut [u8]) -> Result<usize, EncryptError>,
    ) -> Result<(), Broken> {
        let Secure { session, input, output, .. } = self;
        loop {
            // The session remembers places in what it has been given and not discarded, so it has to
            // be given that again, and would panic otherwise.
            let UnbufferedStatus { discard, state } = session.process_tls_records(input);
            let written = match state {
                Ok(ConnectionState::WriteTraffic(mut traffic)) => {
                    Some(append(output, |room| write(&mut traffic, room)))
                }
                Ok(ConnectionState::EncodeTlsData(mut data)) => {
                    append(output, |room| data.encode(room))?;
                    None
                }
                Ok(ConnectionState::TransmitTlsData(data)) => {
                    data.done();
                    None
                }
                Ok(ConnectionState::PeerClosed) => None,
                Ok(_) => Some(Err(Broken::Exhausted)),
                Err(error) => Some(Err(Broken::Protocol(error))),
            };
            input.drain(..discard.min(input.len()));
            if let Some(result) = written {
                return result;
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
            name: self.asked.get().cloned(),
        }
    }

    /// Puts the alert that tells the other side why, if there is one, into the output.
    fn alert(&mut self) {
        // After an error a session may be asked for what it wants to say, and for nothing else.
        while self.session.wants_write() {
            let state = self.session.process_tls_records(&mut []).state;
            let Ok(ConnectionState::EncodeTlsData(mut data)) = state else { return };
            if let Err(error) = append(&mut self.output, |room| data.encode(room)) {
                log::debug!("alert: {error}");
                return;
            }
        }
    }
}

impl fmt::Debug for Secure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secure").field("upgrading", &self.upgrading).finish_non_exhaustive()
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

type Traffic<'a> = WriteTraffic<'a, ServerConnectionData>;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config, job::Material, reactor::tls::Acceptor, work::certificate};
    use rustls::{
        ClientConfig, ClientConnection, RootCertStore, SupportedProtocolVersion,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
        version,
    };

    /// A server and what its clients trust.
    fn acceptor() -> (Acceptor, RootCertStore) {
        let (chain, key) = certificate::self_signed(&["localhost"]).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(chain.as_bytes()).unwrap()).unwrap();
        let entry = config::Tls {
            certificate: "chain.pem".into(),
            key: "key.pem".into(),
            names: Vec::new(),
        };
        let key = config::Secret::new(&key);
        let material = Material { listener: 0, place: 0, chain: chain.into_bytes(), key };
        (Acceptor::new(0, &[entry], &[material], None).unwrap(), roots)
    }

    /// Hands bytes over, in pieces of `size`, until neither side has anything to say.
    fn converse(server: &mut Secure, client: &mut ClientConnection, size: usize) -> Vec<u8> {
        let mut plain = Vec::new();
        loop {
            let mut sent = Vec::new();
            while client.wants_write() {
                client.write_tls(&mut sent).unwrap();
            }
            let answer = std::mem::take(&mut server.output);
            if sent.is_empty() && answer.is_empty() {
                return plain;
            }
            for piece in sent.chunks(size) {
                let mut records = std::mem::take(&mut server.input);
                records.extend_from_slice(piece);
                server.read(&mut records, &mut plain).unwrap();
            }
            let mut answer = answer.as_slice();
            while !answer.is_empty() {
                client.read_tls(&mut answer).unwrap();
                client.process_new_packets().unwrap();
            }
        }
    }

    fn begin(acceptor: &Acceptor) -> Secure {
        acceptor.begin().unwrap()
    }

    fn name() -> ServerName<'static> {
        ServerName::try_from("localhost").unwrap()
    }

    fn builder() -> rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier> {
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
    }

    #[test]
    fn records_may_come_in_any_pieces() {
        let (acceptor, roots) = acceptor();
        for size in [1, 2, 5, 100, 100_000] {
            let mut server = begin(&acceptor);
            let config = builder().with_root_certificates(roots.clone()).with_no_client_auth();
            let mut client = ClientConnection::new(Arc::new(config), name()).unwrap();
            converse(&mut server, &mut client, size);
            assert!(server.is_established());
            use std::io::Write;
            client.writer().write_all(b"NICK alice\r\nUSER").unwrap();
            assert_eq!(converse(&mut server, &mut client, size), b"NICK alice\r\nUSER");
            assert_eq!((server.input.capacity(), server.output.capacity()), (0, 0));
            assert_eq!(server.describe().cipher, "TLSv1.3 TLS13_AES_256_GCM_SHA384");
            assert_eq!(server.describe().fingerprint, None);
            assert_eq!(server.describe().name.as_deref(), Some("localhost"));
        }
    }

    #[test]
    fn a_client_is_known_by_the_fingerprint_of_its_certificate() {
        let (acceptor, roots) = acceptor();
        let (chain, key) = certificate::self_signed(&["alice"]).unwrap();
        let chain = CertificateDer::from_pem_slice(chain.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let expected = fingerprint_of(&chain);
        let config =
            builder().with_root_certificates(roots).with_client_auth_cert(vec![chain], key);
        let mut client = ClientConnection::new(Arc::new(config.unwrap()), name()).unwrap();
        let mut server = begin(&acceptor);
        converse(&mut server, &mut client, 1000);
        assert_eq!(server.describe().fingerprint, Some(expected));
    }

    #[test]
    fn a_fingerprint_is_sha256_in_lower_case() {
        // FIPS 180-2, appendix B.1.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(fingerprint_of(b"abc"), abc);
    }

    #[test]
    fn whatever_is_not_tls_is_an_error_and_not_a_panic() {
        let (acceptor, _) = acceptor();
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut random = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        for round in 0..500 {
            let mut server = begin(&acceptor);
            let mut records: Vec<u8> = (0..random() % 300).map(|_| random() as u8).collect();
            if round % 2 == 0 {
                records.splice(..0, [HANDSHAKE, 3, 1, 0, (random() % 64) as u8, 1]);
            }
            let mut plain = Vec::new();
            // Either more is wanted or it is refused; nothing is ever taken for a line.
            let refused = server.read(&mut records, &mut plain).is_err();
            assert!(plain.is_empty() && !server.is_established());
            assert!(refused || server.input.len() < UNFINISHED_MAX);
            server.close();
        }
        let mut server = begin(&acceptor);
        let result = server.read(&mut b"NICK alice\r\n".to_vec(), &mut Vec::new());
        assert!(matches!(result, Err(Broken::Plain)), "{result:?}");
    }
    #[test]
    fn a_conversation_damaged_anywhere_is_an_error_and_not_a_panic() {
        use std::io::Write;

        let (acceptor, roots) = acceptor();
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as usize
        };
        let versions: [&[&SupportedProtocolVersion]; 2] = [&[&version::TLS12], &[&version::TLS13]];
        for round in 0..300 {
            let mut server = begin(&acceptor);
            let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
                .with_protocol_versions(versions[round % 2])
                .unwrap()
                .with_root_certificates(roots.clone())
                .with_no_client_auth();
            let mut client = ClientConnection::new(Arc::new(config), name()).unwrap();
            let harmed = random() % 4;
            let mut plain = Vec::new();
            for flight in 0..5 {
                if flight == 4 {
                    client.writer().write_all(b"NICK alice\r\n").unwrap();
                }
                let mut records = std::mem::take(&mut server.input);
                while client.wants_write() {
                    client.write_tls(&mut records).unwrap();
                }
                if flight == harmed && !records.is_empty() {
                    let place = random() % records.len();
                    match random() % 3 {
                        0 => records[place] ^= 1 << (random() % 8),
                        1 => records.truncate(place),
                        _ => records.splice(place..place, [22, 3, 3, 0, 1, 24]).for_each(drop),
                    }
                }
                let refused = server.read(&mut records, &mut plain).is_err();
                // Writing may be refused too, and says so in the same way.
                let written = server.is_established() && server.write(b"PING :x\r\n").is_err();
                let answer = std::mem::take(&mut server.output);
                let read = client.read_tls(&mut answer.as_slice()).is_ok();
                if refused || written || !read || client.process_new_packets().is_err() {
                    break;
                }
            }
            server.close();
            assert!(plain.is_empty() || plain == b"NICK alice\r\n");
        }
    }
}
