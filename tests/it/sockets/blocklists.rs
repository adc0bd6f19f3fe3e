//! Blocklists by DNS and by HTTP: what is made of good and bad answers, and what becomes of clients.

use super::running::Running;
use crate::{
    client::{Client, PATIENCE},
    name_server::{A, NameServer},
};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use slircd::{
    config::{
        Address, Config, Dns, Dnsbl, Listen, Secret, Trusted,
        dnsbl::{Action, Rule},
    },
    job::Listing,
    work::{certificate, dns::Resolver, web::Web},
};
use std::{
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// For questions that are not to be answered in time.
const SHORT: Duration = Duration::from_millis(300);

/// What a web server does with each connection.
type Serve = dyn Fn(TcpStream) + Send;

/// A web server of the loopback address, until it is dropped.
struct WebServer {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl WebServer {
    fn start(serve: Box<Serve>) -> WebServer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().map(Result::unwrap) {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                serve(stream);
            }
        });
        WebServer { address, stop, thread: Some(thread) }
    }

    /// One that gives the same answer to everybody, and ends the connection.
    fn of(answer: &'static str) -> WebServer {
        WebServer::start(Box::new(move |mut stream| {
            request(&mut stream);
            // Who has gone away has had enough.
            drop(stream.write_all(answer.as_bytes()));
        }))
    }

    fn url(&self, secure: bool, path: &str) -> Secret {
        let scheme = if secure { "https" } else { "http" };
        Secret::new(&format!("{scheme}://{}{path}", self.address))
    }
}

impl Drop for WebServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // The thread looks once more.
        drop(TcpStream::connect(self.address));
        self.thread.take().into_iter().for_each(|thread| drop(thread.join()));
    }
}

/// Everything up to the end of a request.
fn request(stream: &mut impl Read) -> String {
    let (mut bytes, mut byte) = (Vec::new(), [0]);
    while !bytes.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|length| length > 0) {
        bytes.push(byte[0]);
    }
    String::from_utf8(bytes).unwrap()
}

fn page(status: u16, text: &str) -> Option<Listing> {
    Some(Listing::Page { status, text: text.into() })
}

fn soon() -> Instant {
    Instant::now() + PATIENCE
}

#[test]
fn a_zone_is_asked_about_an_address_turned_round() {
    let server = NameServer::start(|asked| match (asked.kind, asked.name.as_str()) {
        (A, "7.2.0.192.bl.test") => vec![asked.answer(&[(A, vec![127, 0, 0, 3])])],
        (A, name) if name.ends_with(".8.b.d.0.1.0.0.2.bl.test") => {
            vec![asked.answer(&[(A, vec![127, 0, 0, 4]), (A, vec![127, 0, 0, 5])])]
        }
        (A, "9.2.0.192.bl.test") => vec![asked.fail(2)],
        _ => vec![asked.fail(3)],
    });
    let listed = |address: &str| {
        let address = address.parse().unwrap();
        Resolver::default().listed(address, "BL.test", &[server.address], soon())
    };
    let last = |last| Ipv4Addr::new(127, 0, 0, last);
    assert_eq!(listed("192.0.2.7"), Some(vec![last(3)]));
    assert_eq!(listed("2001:db8::7"), Some(vec![last(4), last(5)]));
    assert_eq!(listed("192.0.2.8"), Some(Vec::new()));
    assert_eq!(listed("192.0.2.9"), None);
    let silent = NameServer::silent();
    let end = Instant::now() + SHORT;
    let address = "192.0.2.7".parse().unwrap();
    assert_eq!(Resolver::default().listed(address, "bl.test", &[silent.address], end), None);
}

#[test]
fn a_page_is_read_as_far_as_it_matters() {
    let (tell, told) = mpsc::channel();
    let server = WebServer::start(Box::new(move |mut stream| {
        tell.send(request(&mut stream)).unwrap();
        // The connection stays, and the answer says where it ends.
        let answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nyes\r\n0\r\n\r\n";
        stream.write_all(answer).unwrap();
        let mut rest = Vec::new();
        drop(stream.read_to_end(&mut rest));
    }));
    let web = Web::default();
    let url = server.url(false, "/check?address=192.0.2.7");
    assert_eq!(web.listed(&url, None, soon()), page(200, "yes"));
    let asked = told.recv().unwrap();
    let host = format!("\r\nHost: {}\r\n", server.address);
    assert!(asked.starts_with("GET /check?address=192.0.2.7 HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains(&host), "{asked}");
}

#[test]
fn what_is_no_page_is_none() {
    let web = Web::default();
    let listed = |server: &WebServer, end| web.listed(&server.url(false, "/"), None, end);
    let without = WebServer::of("HTTP/1.1 404 Not Found\r\nServer: x\r\n\r\nnever heard of it");
    assert_eq!(listed(&without, soon()), page(404, "never heard of it"));
    assert_eq!(listed(&WebServer::of("220 mail.test ESMTP\r\n\r\n"), soon()), None);
    assert_eq!(listed(&WebServer::of(""), soon()), None);
    let silent = WebServer::start(Box::new(|mut stream| drop(stream.read_to_end(&mut Vec::new()))));
    let start = Instant::now();
    assert_eq!(listed(&silent, start + SHORT), None);
    assert!(start.elapsed() < PATIENCE);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(web.listed(&Secret::new(&format!("http://{nobody}/")), None, soon()), None);
}

/// A file with a certificate, until it is dropped.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> File {
        let path = std::env::temp_dir().join(format!("slircd-{name}-{}", std::process::id()));
        fs::write(&path, text).unwrap();
        File(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.0));
    }
}

#[test]
fn a_server_for_which_nobody_vouches_is_not_believed() {
    let (chain, key) = certificate::self_signed(&["127.0.0.1"]).unwrap();
    let (other, _) = certificate::self_signed(&["127.0.0.1"]).unwrap();
    let der = CertificateDer::from_pem_slice(chain.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![der], key)
        .unwrap();
    let config = Arc::new(config);
    let server = WebServer::start(Box::new(move |stream| {
        let session = ServerConnection::new(config.clone()).unwrap();
        let mut stream = StreamOwned::new(session, stream);
        if !request(&mut stream).is_empty() {
            // The end comes without TLS' goodbye.
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nyes").unwrap();
        }
    }));
    let (own, other) = (File::new("own.pem", &chain), File::new("other.pem", &other));
    let empty = File::new("empty.pem", "nothing");
    let url = server.url(true, "/");
    let listed = |file: &Path| Web::default().listed(&url, Some(file), soon());
    assert_eq!(listed(&own.0), page(200, "yes"));
    assert_eq!(listed(&other.0), None);
    assert_eq!(listed(&empty.0), None);
    assert_eq!(Web::default().listed(&url, None, soon()), None);
}

/// A server behind a proxy of this machine.
fn serve(dnsbl: Vec<Dnsbl>, names: &NameServer) -> Running {
    let address = Address::Tcp(([127, 0, 0, 1], 0).into());
    let proxy = vec![Trusted::parse("127.0.0.1").unwrap()];
    let listen = vec![Listen { address, proxy, ..Listen::default() }];
    let servers = vec![slircd::config::NameServer(names.address)];
    let dns = Dns { enabled: false, servers, ..Dns::default() };
    Running::serve(Config { listen, limits: Running::limits(), dns, dnsbl, ..Config::default() })
}

fn connect(running: &Running, from: &str) -> Client {
    let mut client = running.plain();
    client.send(&format!("PROXY TCP4 {from} 127.0.0.1 1 2"));
    client
}

#[test]
fn whoever_a_list_knows_is_turned_away_and_all_others_are_not() {
    let names = NameServer::start(|asked| match (asked.kind, asked.name.as_str()) {
        (A, "7.2.0.192.bl.test") => vec![asked.answer(&[(A, vec![127, 0, 0, 3])])],
        _ => vec![asked.fail(3)],
    });
    let web = WebServer::start(Box::new(|mut stream| {
        let answer = match request(&mut stream).starts_with("GET /192.0.2.8 ") {
            true => "HTTP/1.1 200 OK\r\n\r\n{ \"proxy\" : \"yes\" }",
            false => "HTTP/1.1 200 OK\r\n\r\n{ \"proxy\" : \"no\" }",
        };
        stream.write_all(answer.as_bytes()).unwrap();
    }));
    let list = |name: &str| Dnsbl {
        name: name.into(),
        action: Action::Refuse,
        timeout: Duration::from_secs(10),
        ..Dnsbl::default()
    };
    let running = serve(
        vec![
            Dnsbl { zone: Some("bl.test".into()), ..list("zone") },
            Dnsbl {
                url: Some(web.url(false, "/{address}")),
                replies: vec![Rule::parse("\"proxy\":\"yes\"").unwrap()],
                ..list("script")
            },
        ],
        &names,
    );
    connect(&running, "192.0.2.7").expect("ERROR :Closing link: Your address is listed by zone");
    connect(&running, "192.0.2.8").expect("ERROR :Closing link: Your address is listed by script");
    connect(&running, "192.0.2.9").register("alice");
}
