//! A client that says what it is told to, and waits, with a deadline, for what it expects.

use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
};
use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

/// How long anything may take.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// What carries a client's bytes.
trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

/// A connection to a server.
pub struct Client {
    stream: Box<dyn Stream>,
    unread: Vec<u8>,
    pings: usize,
}

impl Client {
    /// Connects over TCP.
    pub fn plain(address: SocketAddr) -> Client {
        Client::over(tcp(address))
    }

    /// Connects to a Unix socket.
    #[cfg(unix)]
    pub fn local(path: &Path) -> io::Result<Client> {
        Ok(Client::over(unix(path)?))
    }

    /// Connects over TLS, if wanted with a certificate of its own; and the server's certificate.
    pub fn secure(address: SocketAddr, own: Option<(&str, &str)>) -> (Client, Vec<u8>) {
        Client::handshake(tcp(address), own)
    }

    /// Connects over TLS to a Unix socket.
    #[cfg(unix)]
    pub fn secure_local(path: &Path) -> (Client, Vec<u8>) {
        Client::handshake(unix(path).unwrap(), None)
    }

    /// Connects over TCP, says something first, and goes on over TLS.
    pub fn secure_after(address: SocketAddr, first: &[u8]) -> Client {
        let mut stream = tcp(address);
        stream.write_all(first).unwrap();
        Client::handshake(stream, None).0
    }

    /// Turns to TLS, once the server has said that it may.
    pub fn starttls(address: SocketAddr) -> Client {
        let mut stream = tcp(address);
        stream.write_all(b"STARTTLS\r\n").unwrap();
        let mut answer = [0; 256];
        let len = stream.read(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer[..len]).into_owned();
        assert!(answer.contains(" 670 * :") && answer.ends_with("\r\n"), "{answer}");
        Client::handshake(stream, None).0
    }

    /// Everything that comes, as it comes, until the connection ends.
    pub fn bytes_until_the_end(mut self) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.unread);
        match self.stream.read_to_end(&mut bytes) {
            Ok(_) => bytes,
            Err(error) if is_end(&error) => bytes,
            Err(error) => panic!("{error}"),
        }
    }

    /// Reads exactly so many bytes.
    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.unread.drain(..len.min(self.unread.len())).collect();
        let had = bytes.len();
        bytes.resize(len, 0);
        self.stream.read_exact(&mut bytes[had..]).unwrap();
        bytes
    }

    /// Says who it is, and waits until the server has said everything that it says first.
    pub fn register(&mut self, nick: &str) {
        self.send(&format!("NICK {nick}"));
        self.send(&format!("USER {nick} 0 * :{nick}"));
        self.expect(" 001 ");
        self.barrier();
    }

    /// Sends a line.
    pub fn send(&mut self, line: &str) {
        self.send_bytes(format!("{line}\r\n").as_bytes());
    }

    /// Sends bytes as they are.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
        self.stream.flush().unwrap();
    }

    /// The next line that holds `part`; those before it are passed over.
    pub fn expect(&mut self, part: &str) -> String {
        let (mut seen, start) = (Vec::new(), Instant::now());
        while start.elapsed() < PATIENCE {
            match self.line() {
                Some(line) if line.contains(part) => return line,
                Some(line) => seen.push(line),
                None => panic!("the end came before `{part}`, after {seen:#?}"),
            }
        }
        panic!("`{part}` never came, but {seen:#?}");
    }

    /// Returns when the server has handled everything sent before; the lines that came until then.
    pub fn barrier(&mut self) -> Vec<String> {
        self.pings += 1;
        let token = format!("barrier-{}", self.pings);
        self.send(&format!("PING {token}"));
        let mut seen = Vec::new();
        loop {
            let line = self.line().unwrap_or_else(|| panic!("the end came, after {seen:#?}"));
            if line.contains(" PONG ") && line.ends_with(&token) {
                return seen;
            }
            seen.push(line);
        }
    }

    /// Everything until the connection ends, which it must. A reset counts as an end.
    pub fn until_the_end(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.line()).collect()
    }

    /// The next line; none when the connection has ended.
    pub fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                return Some(String::from_utf8(line).unwrap().trim_end().to_owned());
            }
            let mut bytes = [0; 4096];
            match self.stream.read(&mut bytes) {
                Ok(0) => return None,
                Ok(len) => self.unread.extend_from_slice(&bytes[..len]),
                Err(error) if is_end(&error) => return None,
                // A program that another test has started may have ended meanwhile.
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => (),
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn over(stream: impl Stream + 'static) -> Client {
        Client { stream: Box::new(stream), unread: Vec::new(), pings: 0 }
    }

    fn handshake<S: Stream + 'static>(
        mut stream: S,
        own: Option<(&str, &str)>,
    ) -> (Client, Vec<u8>) {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyServer));
        let config = match own {
            Some((chain, key)) => {
                let chain = CertificateDer::from_pem_slice(chain.as_bytes()).unwrap();
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
                config.with_client_auth_cert(vec![chain], key).unwrap()
            }
            None => config.with_no_client_auth(),
        };
        let name = ServerName::try_from("localhost").unwrap();
        let mut session = ClientConnection::new(Arc::new(config), name).unwrap();
        while session.is_handshaking() {
            session.complete_io(&mut stream).unwrap();
        }
        let certificate = session.peer_certificates().unwrap()[0].to_vec();
        (Client::over(StreamOwned::new(session, stream)), certificate)
    }
}

fn tcp(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    // What is written in small pieces is not to wait for acknowledgements.
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

#[cfg(unix)]
fn unix(path: &Path) -> io::Result<std::os::unix::net::UnixStream> {
    let stream = std::os::unix::net::UnixStream::connect(path)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn is_end(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof)
}

/// Trusts every server: which certificate it shows is for the test to say.
#[derive(Debug)]
struct AnyServer;

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
