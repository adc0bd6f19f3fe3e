//! A reactor on real sockets, driven turn by turn; what the server would want done is pushed by hand.

use super::*;
use crate::{
    config::{self, Address, Config, Listen, Secret, Trusted},
    core::effect::Effect,
    job::Material,
    server::Setup,
    store::memory::Memory,
    time::Sid,
    work::{Workers, certificate, load::Loader},
};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned,
    SupportedProtocolVersion,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::ring,
    pki_types::{CertificateDer, ServerName, UnixTime},
    version,
};
use std::{
    fs,
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::{IpAddr, Shutdown, TcpStream},
    path::PathBuf,
    thread,
    time::Instant,
};

/// No test takes as long.
const PATIENCE: Duration = Duration::from_secs(10);

fn listen(tls: &[&str]) -> Listen {
    let tls = tls.iter().map(|name| config::Tls {
        certificate: PathBuf::from(format!("{name}.pem")),
        key: PathBuf::from(format!("{name}.key")),
        names: vec![(*name).to_owned()],
    });
    Listen {
        address: Address::Tcp(([127, 0, 0, 1], 0).into()),
        tls: tls.collect(),
        ..Listen::default()
    }
}

fn material(place: usize, name: &str) -> Material {
    let (chain, key) = certificate::self_signed(&[name]).unwrap();
    Material { listener: 0, place, chain: chain.into_bytes(), key: Secret::new(&key) }
}

fn loaded(listen: Vec<Listen>, certificates: Vec<Material>) -> Loaded {
    let config = Config { listen, ..Config::default() };
    Loaded { certificates, ..Loaded::of(config) }
}

fn reactor(loaded: &Loaded) -> Reactor {
    let setup = Setup {
        loaded: loaded.clone(),
        sid: Sid::FIRST,
        life: 1,
        clock: 0,
        seed: 0,
        cloak: Secret::new("0123456789abcdef0123456789abcdef"),
    };
    let server = Server::new(setup, Now::default());
    let loader = Loader { path: None, allow_insecure_cloak: true, fallback: None };
    let workers = Workers {
        store: Box::new(Memory::default()),
        readers: None,
        loader,
        loaded: loaded.clone(),
    };
    let mut reactor = Reactor::new(server, |waker| Pool::new(waker, workers), loaded).unwrap();
    reactor.bind(loaded).unwrap();
    reactor
}

impl Reactor {
    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.addresses()[0].1).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Takes turns until something has come about.
    fn until(&mut self, mut reached: impl FnMut(&Reactor) -> bool) {
        let mut events = Events::with_capacity(64);
        let start = Instant::now();
        while !reached(self) {
            assert!(start.elapsed() < PATIENCE, "never came about");
            self.turn_within(&mut events, Duration::from_millis(5));
        }
    }

    fn turn_within(&mut self, events: &mut Events, longest: Duration) {
        // A timer of nobody's ends the wait.
        let nobody: SocketId = crate::arena::Id::pack(u32::MAX, 0);
        let at = self.clocks.now().mono + longest;
        self.timers.insert((at, nobody));
        self.turn(events).unwrap();
        self.timers.remove(&(at, nobody));
    }

    fn only(&self) -> ConnId {
        self.sockets.iter().find_map(|(_, socket)| socket.conn).unwrap()
    }

    fn say(&mut self, line: &[u8]) {
        let conn = self.only();
        self.fx.send(&[conn], |out| {
            out.extend_from_slice(line);
            true
        });
        self.act();
    }
}

fn is_open(reactor: &Reactor) -> bool {
    reactor.sockets.iter().any(|(_, socket)| socket.conn.is_some())
}

fn read_all(mut stream: impl Read) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn the_last_lines_are_read_before_the_end() {
    let mut reactor = reactor(&loaded(vec![listen(&[])], Vec::new()));
    let mut client = reactor.connect();
    // Unread input would make the kernel reset the connection, and the lines be lost.
    client.write_all(&[b'x'; 3000]).unwrap();
    reactor.until(is_open);
    reactor.say(b"hello\r\n");
    reactor.say(b"ERROR :bye\r\n");
    let conn = reactor.only();
    reactor.fx.push(Effect::Close { conn });
    reactor.act();
    client.write_all(&[b'x'; 3000]).unwrap();
    let reader = thread::spawn(move || read_all(client));
    reactor.until(|reactor| reactor.sockets.is_empty());
    assert_eq!(reader.join().unwrap(), "hello\r\nERROR :bye\r\n");
    assert_eq!(reactor.closing, 0);
    assert!(reactor.timers.is_empty());
}

#[test]
fn a_reactor_with_nothing_to_do_waits() {
    let mut reactor = reactor(&loaded(vec![listen(&[])], Vec::new()));
    let mut client = reactor.connect();
    client.write_all(b"half a li").unwrap();
    reactor.until(is_open);
    reactor.say(b"PING :x\r\n");
    let mut line = String::new();
    reactor.until(|reactor| reactor.pending() == 0 && reactor.ready.is_empty());
    BufReader::new(&client).read_line(&mut line).unwrap();
    assert_eq!(line, "PING :x\r\n");
    reactor.until(|reactor| reactor.sockets.iter().all(|(_, socket)| !socket.rest.is_empty()));
    // Nothing but the server's own housekeeping is due.
    assert!(reactor.patience().is_some_and(|patience| patience > Duration::from_secs(1)));
    let mut events = Events::with_capacity(8);
    reactor.poll.poll(&mut events, Some(Duration::from_millis(20))).unwrap();
    assert!(events.is_empty(), "{events:?}");
}

#[test]
fn an_idle_connection_owns_no_buffer() {
    let mut reactor = reactor(&loaded(vec![listen(&[])], Vec::new()));
    let mut client = reactor.connect();
    reactor.until(is_open);
    client.write_all(b"half").unwrap();
    reactor.until(|reactor| reactor.sockets.iter().all(|(_, socket)| !socket.rest.is_empty()));
    client.write_all(b" a line\r\n").unwrap();
    reactor.say(b"hello\r\n");
    reactor.until(|reactor| {
        reactor.sockets.iter().all(|(_, socket)| {
            socket.rest.capacity() == 0 && socket.pending() == 0 && !socket.dirty
        })
    });
    assert!(reactor.outbox.buffers.take().capacity() > 0, "the buffer has gone back");
}

#[test]
fn what_is_said_before_the_end_survives_that_a_turn_is_too_full() {
    let mut reactor = reactor(&loaded(vec![listen(&[])], Vec::new()));
    let (one, two) = (reactor.connect(), reactor.connect());
    reactor.until(|reactor| reactor.conns.iter().count() == 2);
    let ids: Vec<(SocketId, ConnId)> =
        reactor.sockets.iter().map(|(id, socket)| (id, socket.conn.unwrap())).collect();
    let say = |reactor: &mut Reactor, conn: ConnId, line: &[u8]| {
        reactor.fx.send(&[conn], |out| {
            out.extend_from_slice(line);
            true
        });
        reactor.act();
    };
    say(&mut reactor, ids[0].1, b"hello\r\n");
    reactor.end(ids[0].0, Gone::Endless);
    // This is written before the turn is over, and with it whatever the turn has brought so far.
    for _ in 0..40 {
        say(&mut reactor, ids[1].1, &[b'x'; 30_000]);
    }
    assert!(!reactor.outbox.is_full());
    let readers = [one, two].map(|client| thread::spawn(move || read_all(client)));
    reactor.until(|reactor| reactor.sockets.len() == 1);
    reactor.end(ids[1].0, Gone::Eof);
    reactor.until(|reactor| reactor.sockets.is_empty());
    let [one, two] = readers.map(|reader| reader.join().unwrap());
    let (short, long) = if one.len() < two.len() { (one, two) } else { (two, one) };
    assert!(short.starts_with("hello\r\nERROR :"), "{short}");
    assert_eq!(long.len(), 1_200_000);
}

#[test]
fn who_stops_sending_still_hears_the_answers() {
    let mut reactor = reactor(&loaded(vec![listen(&[])], Vec::new()));
    let mut client = reactor.connect();
    client.write_all(b"JOIN #a\r\n").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    reactor.until(is_open);
    reactor.until(|reactor| reactor.sockets.is_empty());
    assert!(read_all(client).contains(" 451 "));
    assert_eq!(reactor.closing, 0);
}

#[test]
fn only_what_the_kernel_does_not_take_counts_against_the_limit() {
    let mut reactor = reactor(&loaded(vec![listen(&[])], Vec::new()));
    reactor.limits.send_queue = 4096;
    let mut client = reactor.connect();
    reactor.until(is_open);
    for _ in 0..40 {
        reactor.say(&[b'x'; 512]);
    }
    reactor.until(|reactor| reactor.pending() == 0);
    client.read_exact(&mut [0; 40 * 512]).unwrap();
    assert!(is_open(&reactor));
}

#[test]
fn in_the_end_everybody_has_the_same_time_to_read() {
    let mut reactor = reactor(&loaded(vec![listen(&[])], Vec::new()));
    let _client = reactor.connect();
    reactor.until(is_open);
    // As if so many others were closing already.
    reactor.closing = 100_000;
    reactor.stops = 1;
    let conn = reactor.only();
    reactor.fx.push(Effect::Close { conn });
    reactor.act();
    let first = reactor.timers.first().map(|timer| timer.0.since(reactor.now.mono));
    assert!(first.is_some_and(|time| time > Duration::from_secs(1)), "{first:?}");
}

#[test]
fn a_client_that_never_reads_reaches_its_limit() {
    let mut reactor = reactor(&loaded(vec![listen(&[])], Vec::new()));
    let client = reactor.connect();
    reactor.until(is_open);
    let line = [b'x'; 510];
    let mut sent = 0;
    while reactor.gone.is_empty() {
        reactor.say(&line);
        sent += line.len();
        assert!(sent < 64 << 20, "no limit");
    }
    assert_eq!(reactor.gone[0].1, Gone::SendQueue);
    reactor.until(|reactor| reactor.sockets.is_empty());
    drop(client);
}

#[test]
fn a_class_has_a_send_queue_of_its_own() {
    let mut loaded = loaded(vec![listen(&[])], Vec::new());
    loaded.config.limits.send_queue = u64::MAX;
    loaded.config.class.push(config::Class {
        name: "small".into(),
        hosts: vec![Trusted::parse("127.0.0.0/8").unwrap()],
        send_queue: Some(128 << 10),
        ..config::Class::default()
    });
    let mut reactor = reactor(&loaded);
    let _client = reactor.connect();
    reactor.until(is_open);
    let mut sent = 0;
    while reactor.gone.is_empty() {
        reactor.say(&[b'x'; 510]);
        sent += 512;
        assert!(sent < 64 << 20, "no limit");
    }
    assert_eq!(reactor.gone[0].1, Gone::SendQueue);
}

#[test]
fn answers_to_pings_that_nobody_reads_are_bounded() {
    let listen = Listen { websocket: true, ..listen(&[]) };
    let mut reactor = reactor(&loaded(vec![listen], Vec::new()));
    let mut client = reactor.connect();
    let request = "GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    client.write_all(request.as_bytes()).unwrap();
    reactor.until(is_open);
    let mut ping = vec![0x89, 0x80 | 125, 0, 0, 0, 0];
    ping.extend([b'x'; 125]);
    client.write_all(&ping).unwrap();
    reactor.until(|reactor| reactor.pending() == 0);
    reactor.limits.send_queue = 100;
    client.write_all(&ping).unwrap();
    reactor.until(|reactor| reactor.sockets.is_empty());
}

#[test]
fn a_client_that_is_too_fast_is_not_read_from() {
    let mut loaded = loaded(vec![listen(&[])], Vec::new());
    loaded.config.limits.flood_burst = 2;
    loaded.config.limits.flood_interval = Duration::from_secs(3600);
    let mut reactor = reactor(&loaded);
    let mut client = reactor.connect();
    reactor.until(is_open);
    client.set_nonblocking(true).unwrap();
    let lines = b"PING :x\r\n".repeat(4096);
    let mut sent = 0;
    // Until the kernel has taken what it takes of a connection that nobody reads from.
    let mut full = 0;
    while full < 10 {
        match client.write(&lines) {
            Ok(len) => (sent, full) = (sent + len, 0),
            Err(error) if error.kind() == ErrorKind::WouldBlock => full += 1,
            Err(error) => panic!("{error}"),
        }
        assert!(sent < 64 << 20, "it is read from all the time");
        let mut turns = 0;
        reactor.until(|_| {
            turns += 1;
            turns > 1
        });
    }
    let kept = reactor.sockets.iter().map(|(_, socket)| socket.rest.len()).max();
    assert!(kept.is_some_and(|kept| kept > 0 && kept <= 256 << 10), "{kept:?}");
    assert!(reactor.patience().is_some_and(|patience| patience > Duration::from_secs(1)));
}

#[test]
fn without_descriptors_accepting_waits_and_does_not_spin() {
    let mut reactor = reactor(&loaded(vec![listen(&[])], Vec::new()));
    reactor.accepting.insert(0);
    reactor.pause(&io::Error::from_raw_os_error(24));
    let patience = reactor.patience();
    assert!(patience.is_some_and(|patience| patience > Duration::from_millis(500)), "{patience:?}");
    let _client = reactor.connect();
    reactor.until(is_open);
    assert!(reactor.paused.is_none());
}

#[test]
fn many_long_answers_leave_room_in_a_turn_for_everybody_else() {
    let mut reactor = reactor(&loaded(vec![listen(&[])], Vec::new()));
    let _client = reactor.connect();
    reactor.until(is_open);
    let conn = reactor.only();
    reactor.drained.extend([conn; ANSWERS_PER_TURN + 3]);
    reactor.tell();
    assert_eq!(reactor.drained.len(), 3);
    assert_eq!(reactor.patience(), Some(Duration::ZERO), "the rest goes on at once");
    reactor.tell();
    assert!(reactor.drained.is_empty());
}

#[test]
fn the_server_hears_when_little_is_left_to_write() {
    let mut reactor = reactor(&loaded(vec![listen(&[])], Vec::new()));
    reactor.limits.send_queue = u64::MAX;
    let mut client = reactor.connect();
    reactor.until(is_open);
    for _ in 0..16_000 {
        reactor.say(&[b'x'; 510]);
    }
    let conn = reactor.only();
    reactor.fx.push(Effect::Drain { conn });
    reactor.act();
    reactor.flush();
    assert!(reactor.drained.is_empty() && reactor.pending() > 0);
    let reader = thread::spawn(move || {
        let mut all = vec![0; 16_000 * 510];
        client.read_exact(&mut all).unwrap();
        client
    });
    reactor.until(|reactor| reactor.sockets.iter().all(|(_, socket)| !socket.drain));
    reactor.until(|reactor| reactor.pending() == 0);
    reader.join().unwrap();
}

#[test]
fn a_reactor_leaves_when_everything_has_been_written() {
    let mut reactor = reactor(&loaded(vec![listen(&[])], Vec::new()));
    let client = reactor.connect();
    reactor.until(is_open);
    reactor.say(b"ERROR :bye\r\n");
    let conn = reactor.only();
    reactor.fx.push(Effect::Close { conn });
    reactor.fx.push(Effect::Stop(Ending::Exit));
    reactor.act();
    let reader = thread::spawn(move || read_all(client));
    reactor.run().unwrap();
    assert_eq!(reader.join().unwrap(), "ERROR :bye\r\n");
    assert!(reactor.listeners.is_empty());
}

#[test]
fn who_leaves_listens_to_nobody_whatever_is_configured() {
    let loaded = loaded(vec![listen(&[])], Vec::new());
    let mut reactor = reactor(&loaded);
    reactor.fx.push(Effect::Stop(Ending::Exit));
    reactor.fx.push(Effect::Reconfigure(Box::new(loaded)));
    reactor.act();
    assert!(reactor.listeners.is_empty());
}

#[cfg(unix)]
#[test]
fn who_is_told_to_stop_at_last_does_not_start_again() {
    for (told, again) in [(false, true), (true, false)] {
        let mut reactor = reactor(&loaded(vec![listen(&[])], Vec::new()));
        reactor.fx.push(Effect::Stop(Ending::Restart));
        reactor.act();
        reactor.run().unwrap();
        if told {
            reactor.handle.stop();
        }
        assert_eq!(reactor.finish().unwrap().is_some(), again);
    }
}

#[test]
fn descriptors_are_left_for_what_is_not_a_client() {
    let mut reactor = reactor(&loaded(vec![listen(&[])], Vec::new()));
    reactor.sockets_max = 1;
    let first = reactor.connect();
    let _second = reactor.connect();
    reactor.until(|reactor| reactor.paused.is_some());
    assert_eq!(reactor.sockets.len(), 1);
    drop(first);
    reactor.until(|reactor| reactor.sockets.is_empty());
    reactor.paused = Some(reactor.now.mono);
    reactor.until(|reactor| reactor.sockets.len() == 1);
}

#[test]
fn who_has_much_to_read_has_time_for_the_goodbye() {
    let mut reactor = reactor(&loaded(vec![listen(&[])], Vec::new()));
    let mut client = reactor.connect();
    reactor.until(is_open);
    reactor.limits.send_queue = 64 << 20;
    while reactor.pending() < 1 << 20 {
        reactor.say(&[b'x'; 510]);
        reactor.flush();
    }
    reactor.handle().stop();
    reactor.until(|reactor| reactor.leaving.is_some());
    // As if it had taken that long to write it.
    reactor.leaving.as_mut().unwrap().written = reactor.now.mono;
    let reader = thread::spawn(move || {
        let mut text = Vec::new();
        client.read_to_end(&mut text).unwrap();
        (client, text)
    });
    reactor.until(|reactor| reactor.pending() == 0);
    assert!(!reactor.is_over(), "the client may not have read it yet");
    let (_client, text) = reader.join().unwrap();
    assert!(text.ends_with(b"\r\n") && text.windows(5).any(|part| part == b"ERROR"));
}

#[test]
fn being_told_twice_to_stop_is_to_leave_at_once() {
    let mut reactor = reactor(&loaded(vec![listen(&[])], Vec::new()));
    let _client = reactor.connect();
    reactor.until(is_open);
    let handle = reactor.handle();
    thread::spawn(move || {
        handle.stop();
        handle.stop();
    });
    reactor.run().unwrap();
}

#[cfg(unix)]
#[test]
fn a_unix_socket_is_for_its_group_and_a_stale_one_is_taken_over() {
    use std::os::unix::{fs::PermissionsExt, net};

    let path = std::env::temp_dir().join(format!("slircd-reactor-{}.sock", std::process::id()));
    // A stale one: bound by somebody who has gone.
    drop(net::UnixListener::bind(&path).unwrap());
    let listen =
        Listen { address: Address::Unix(path.clone()), tls: Vec::new(), ..Listen::default() };
    let loaded = loaded(vec![listen], Vec::new());
    let mut first = reactor(&loaded);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
    let _client = net::UnixStream::connect(&path).unwrap();
    first.until(is_open);
    let error = Listener::open(
        (0, Listen { address: Address::Unix(path.clone()), ..Listen::default() }),
        None,
        None,
        first.poll.registry(),
        Source::Listener(1).token(),
    );
    assert_eq!(error.unwrap_err().kind(), ErrorKind::AddrInUse);
    first.fx.push(Effect::Stop(Ending::Exit));
    first.act();
    assert!(!path.exists());
}

#[test]
fn an_address_in_its_ipv6_form_is_an_ipv4_address() {
    let mapped: IpAddr = "::ffff:192.0.2.1".parse().unwrap();
    assert_eq!(mapped.to_canonical(), IpAddr::from([192, 0, 2, 1]));
}

// TLS

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

type Secured = StreamOwned<ClientConnection, TcpStream>;

fn secured(stream: TcpStream, name: &str, version: &'static SupportedProtocolVersion) -> Secured {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyServer))
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), stream)
}

/// The certificate that a client is shown which asks for `name`.
fn shown_to(reactor: &mut Reactor, name: &'static str) -> Vec<u8> {
    let stream = reactor.connect();
    let client = thread::spawn(move || {
        let mut client = secured(stream, name, &version::TLS13);
        client.write_all(b"PING :x\r\n").unwrap();
        client.flush().unwrap();
        client
    });
    reactor.until(|_| client.is_finished());
    let mut client = client.join().unwrap();
    reactor.until(is_open);
    let certificate = client.conn.peer_certificates().unwrap()[0].to_vec();
    client.conn.send_close_notify();
    client.flush().unwrap();
    client.sock.shutdown(Shutdown::Write).unwrap();
    reactor.until(|reactor| reactor.sockets.is_empty());
    certificate
}

fn der(material: &Material) -> Vec<u8> {
    use rustls::pki_types::pem::PemObject;
    CertificateDer::from_pem_slice(&material.chain).unwrap().to_vec()
}

#[test]
fn lines_go_through_tls_and_the_end_is_announced() {
    for version in [&version::TLS12, &version::TLS13] {
        let certificates = vec![material(0, "localhost")];
        let mut reactor = reactor(&loaded(vec![listen(&["localhost"])], certificates));
        let stream = reactor.connect();
        let client = thread::spawn(move || {
            let mut client = secured(stream, "localhost", version);
            client.write_all(b"PING :x\r\n").unwrap();
            client.flush().unwrap();
            // An end without close_notify would be an error here.
            read_all(client)
        });
        reactor.until(is_open);
        assert!(reactor.timers.is_empty(), "the handshake is over");
        let long = "x".repeat(100_000) + "\r\n";
        reactor.say(b"hello\r\n");
        reactor.say(long.as_bytes());
        reactor.until(|reactor| reactor.pending() == 0);
        let idle = reactor.sockets.iter().all(|(_, socket)| {
            let secure = socket.secure.as_ref().unwrap();
            secure.input.capacity() == 0 && secure.output.capacity() == 0
        });
        assert!(idle, "an idle connection owns no buffer");
        let conn = reactor.only();
        reactor.fx.push(Effect::Close { conn });
        reactor.act();
        reactor.until(|_| client.is_finished());
        assert_eq!(client.join().unwrap(), format!("hello\r\n{long}"));
    }
}

#[test]
fn what_is_said_while_a_connection_turns_to_tls_comes_afterwards() {
    for goodbye in [false, true] {
        let starttls = Listen { starttls: true, ..listen(&["localhost"]) };
        let mut reactor = reactor(&loaded(vec![starttls], vec![material(0, "localhost")]));
        let mut client = reactor.connect();
        client.write_all(b"STARTTLS\r\n").unwrap();
        reactor.until(|reactor| reactor.sockets.iter().any(|(_, socket)| socket.secure.is_some()));
        // As when the name of the address is found just now.
        reactor.say(b"NOTICE * :early\r\n");
        let conn = reactor.only();
        if goodbye {
            reactor.fx.push(Effect::Close { conn });
            reactor.act();
        }
        reactor.until(|reactor| reactor.dirty.is_empty());
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n") {
            let mut byte = [0];
            client.read_exact(&mut byte).unwrap();
            answer.extend(byte);
        }
        assert!(answer.windows(5).any(|word| word == b" 670 "));
        let client = thread::spawn(move || {
            if goodbye {
                return read_all(client);
            }
            let mut client = secured(client, "localhost", &version::TLS13);
            client.flush().unwrap();
            client.conn.send_close_notify();
            client.flush().unwrap();
            read_all(client)
        });
        reactor.until(|reactor| client.is_finished() && reactor.sockets.is_empty());
        let text = client.join().unwrap();
        assert_eq!(text.starts_with("NOTICE * :early\r\n"), !goodbye, "{text}");
        assert_eq!(text.is_empty(), goodbye, "{text}");
    }
}

#[test]
fn who_says_goodbye_in_tls_still_hears_the_answers() {
    for version in [&version::TLS12, &version::TLS13] {
        let certificates = vec![material(0, "localhost")];
        let mut reactor = reactor(&loaded(vec![listen(&["localhost"])], certificates));
        let stream = reactor.connect();
        let client = thread::spawn(move || {
            let mut client = secured(stream, "localhost", version);
            client.write_all(b"JOIN #a\r\n").unwrap();
            client.conn.send_close_notify();
            client.flush().unwrap();
            client.sock.shutdown(Shutdown::Write).unwrap();
            read_all(client)
        });
        reactor.until(|reactor| client.is_finished() && reactor.sockets.is_empty());
        assert!(client.join().unwrap().contains(" 451 "));
    }
}

#[test]
fn plain_text_where_tls_is_spoken_gets_a_plain_answer() {
    let certificates = vec![material(0, "localhost")];
    let mut reactor = reactor(&loaded(vec![listen(&["localhost"])], certificates));
    let mut client = reactor.connect();
    client.write_all(b"NICK alice\r\nUSER alice 0 * :Alice\r\n").unwrap();
    let reader = thread::spawn(move || read_all(client));
    reactor.until(|_| reader.is_finished());
    let text = reader.join().unwrap();
    assert_eq!(text, "ERROR :Closing link: this port speaks TLS\r\n");
    reactor.until(|reactor| reactor.sockets.is_empty());
}

#[test]
fn a_broken_handshake_ends_alone() {
    let certificates = vec![material(0, "localhost")];
    let mut reactor = reactor(&loaded(vec![listen(&["localhost"])], certificates));
    let mut garbage = reactor.connect();
    garbage.write_all(b"\x16\x03\x01\xff\xff\xff\xff\xff\xff\xff\xff").unwrap();
    let half = reactor.connect();
    reactor.until(|reactor| reactor.listeners.len() == 1 && reactor.sockets.len() == 1);
    drop(half);
    reactor.until(|reactor| reactor.sockets.is_empty());
    shown_to(&mut reactor, "localhost");
}

#[test]
fn a_handshake_that_never_ends_is_ended() {
    let certificates = vec![material(0, "localhost")];
    let mut reactor = reactor(&loaded(vec![listen(&["localhost"])], certificates));
    reactor.limits.registration_timeout = Duration::from_millis(20);
    let client = reactor.connect();
    reactor.until(|reactor| reactor.sockets.len() == 1);
    reactor.until(|reactor| reactor.sockets.is_empty());
    assert_eq!(read_all(client), "");
}

#[test]
fn a_client_is_shown_the_certificate_of_the_name_it_asks_for() {
    let certificates = vec![material(0, "irc.example.org"), material(1, "*.example.net")];
    let names = ["irc.example.org", "*.example.net"];
    let (first, second) = (der(&certificates[0]), der(&certificates[1]));
    let mut reactor = reactor(&loaded(vec![listen(&names)], certificates));
    assert_eq!(shown_to(&mut reactor, "irc.example.org"), first);
    assert_eq!(shown_to(&mut reactor, "chat.example.net"), second);
    assert_eq!(shown_to(&mut reactor, "elsewhere.example"), first);
}

#[test]
fn a_certificate_is_exchanged_and_a_bad_one_is_not() {
    let mut loaded = loaded(vec![listen(&["localhost"])], vec![material(0, "localhost")]);
    let mut reactor = reactor(&loaded);
    let bound = reactor.addresses();
    loaded.certificates = vec![material(0, "localhost")];
    let second = der(&loaded.certificates[0]);
    reactor.fx.push(Effect::Reconfigure(Box::new(loaded.clone())));
    reactor.act();
    assert_eq!(shown_to(&mut reactor, "localhost"), second);
    loaded.certificates[0].key = Secret::new("nothing");
    reactor.fx.push(Effect::Reconfigure(Box::new(loaded)));
    reactor.act();
    assert_eq!(shown_to(&mut reactor, "localhost"), second);
    assert_eq!(reactor.addresses(), bound, "the listener is the same");
}

#[test]
fn listeners_whose_ports_the_system_chose_stay_as_they_are() {
    let certificates = vec![Material { listener: 1, ..material(0, "localhost") }];
    let loaded = loaded(vec![listen(&[]), listen(&["localhost"])], certificates);
    let mut reactor = reactor(&loaded);
    let bound = reactor.listening();
    reactor.fx.push(Effect::Reconfigure(Box::new(loaded)));
    reactor.act();
    assert_eq!(reactor.listening(), bound);
    assert!(bound[1].ends_with(" (TLS)"));
}

#[test]
fn listeners_follow_the_configuration() {
    let mut loaded = loaded(vec![listen(&[])], Vec::new());
    let mut reactor = reactor(&loaded);
    let old = reactor.addresses()[0].1;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap();
    let free = Listen {
        address: Address::Tcp("[::1]:0".parse().unwrap()),
        tls: Vec::new(),
        ..Listen::default()
    };
    let full = Listen { address: Address::Tcp(taken), tls: Vec::new(), ..Listen::default() };
    loaded.config.listen = vec![full, free];
    reactor.fx.push(Effect::Reconfigure(Box::new(loaded)));
    reactor.act();
    let places: Vec<usize> = reactor.addresses().iter().map(|address| address.0).collect();
    assert_eq!(places, [1], "one place is taken, and nothing else is disturbed");
    assert!(TcpStream::connect(old).is_err());
}
