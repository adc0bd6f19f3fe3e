//! A name server of the loopback address that answers, well or badly, as a test says.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::JoinHandle,
};

pub const A: u16 = 1;
pub const CNAME: u16 = 5;
pub const PTR: u16 = 12;
pub const AAAA: u16 = 28;

/// A query that has come.
pub struct Asked {
    message: Vec<u8>,
    /// The name that it asks about.
    pub name: String,
    /// The records that it asks for.
    pub kind: u16,
    /// Who asks.
    pub from: SocketAddr,
    /// Whether it came over TCP.
    pub tcp: bool,
}

impl Asked {
    fn read(message: &[u8], from: SocketAddr, tcp: bool) -> Asked {
        let (mut name, mut at) = (String::new(), 12);
        while message[at] != 0 {
            let end = at + 1 + usize::from(message[at]);
            name += std::str::from_utf8(&message[at + 1..end]).unwrap();
            name.push('.');
            at = end;
        }
        let kind = u16::from_be_bytes([message[at + 1], message[at + 2]]);
        let name = name.trim_end_matches('.').to_owned();
        Asked { message: message.to_vec(), name, kind, from, tcp }
    }

    /// An answer with these records of the name.
    pub fn answer(&self, records: &[(u16, Vec<u8>)]) -> Vec<u8> {
        let mut message = self.message.clone();
        message[2] = 0x81;
        message[3] = 0x80;
        message[7] = records.len() as u8;
        for (kind, data) in records {
            message.extend([0xC0, 12]);
            message.extend(kind.to_be_bytes());
            message.extend([0, 1, 0, 0, 1, 0]);
            message.extend((data.len() as u16).to_be_bytes());
            message.extend(data);
        }
        message
    }

    /// An answer without records, with this code.
    pub fn fail(&self, code: u8) -> Vec<u8> {
        let mut message = self.answer(&[]);
        message[3] |= code;
        message
    }
}

/// A name as it is sent.
pub fn wire(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.split('.') {
        bytes.push(label.len() as u8);
        bytes.extend_from_slice(label.as_bytes());
    }
    bytes.push(0);
    bytes
}

/// What is sent in answer to a query: over UDP one datagram each, over TCP one after another.
type Zone = dyn Fn(&Asked) -> Vec<Vec<u8>> + Send + Sync;

/// A name server, until it is dropped.
pub struct NameServer {
    /// Where it is.
    pub address: SocketAddr,
    asked: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl NameServer {
    pub fn start(zone: impl Fn(&Asked) -> Vec<Vec<u8>> + Send + Sync + 'static) -> NameServer {
        let zone: Arc<Zone> = Arc::new(zone);
        let (udp, tcp) = sockets();
        let address = udp.local_addr().unwrap();
        let (asked, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let threads = vec![
            std::thread::spawn({
                let (zone, asked, stop) = (zone.clone(), asked.clone(), stop.clone());
                move || datagrams(&udp, &*zone, &asked, &stop)
            }),
            std::thread::spawn({
                let (asked, stop) = (asked.clone(), stop.clone());
                move || streams(&tcp, &*zone, &asked, &stop)
            }),
        ];
        NameServer { address, asked, stop, threads }
    }

    /// One that knows these addresses by these names, both ways.
    pub fn of(names: &'static [(&'static str, &'static str)]) -> NameServer {
        NameServer::start(move |asked| {
            let reverse = |address: &str| {
                let parts: Vec<&str> = address.rsplit('.').collect();
                format!("{}.in-addr.arpa", parts.join("."))
            };
            let found = names.iter().find_map(|(address, name)| {
                let forward = || address.parse::<Ipv4Addr>().unwrap().octets().to_vec();
                match asked.kind {
                    PTR if asked.name == reverse(address) => Some((PTR, wire(name))),
                    A if asked.name == *name => Some((A, forward())),
                    _ => None,
                }
            });
            vec![found.map_or_else(|| asked.fail(3), |record| asked.answer(&[record]))]
        })
    }

    /// One that never says anything.
    pub fn silent() -> NameServer {
        NameServer::start(|_| Vec::new())
    }

    /// How often it has been asked.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Each thread looks once more; one that has ended needs no waking.
        drop(UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.send_to(&[], self.address)));
        drop(TcpStream::connect(self.address));
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}

/// Two sockets of the same port, which somebody else may have taken for one of them.
fn sockets() -> (UdpSocket, TcpListener) {
    loop {
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()) {
            return (udp, tcp);
        }
    }
}

fn datagrams(socket: &UdpSocket, zone: &Zone, asked: &AtomicUsize, stop: &AtomicBool) {
    let mut bytes = [0; 2048];
    loop {
        let (length, from) = socket.recv_from(&mut bytes).unwrap();
        if stop.load(Ordering::SeqCst) {
            return;
        }
        asked.fetch_add(1, Ordering::SeqCst);
        for message in zone(&Asked::read(&bytes[..length], from, false)) {
            socket.send_to(&message, from).unwrap();
        }
    }
}

fn streams(listener: &TcpListener, zone: &Zone, asked: &AtomicUsize, stop: &AtomicBool) {
    for stream in listener.incoming().map(Result::unwrap) {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        asked.fetch_add(1, Ordering::SeqCst);
        // Whoever has gone away has had enough.
        drop(serve(stream, zone));
    }
}

fn serve(mut stream: TcpStream, zone: &Zone) -> io::Result<()> {
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut message = vec![0; u16::from_be_bytes(length).into()];
    stream.read_exact(&mut message)?;
    for answer in zone(&Asked::read(&message, stream.peer_addr()?, true)) {
        stream.write_all(&(answer.len() as u16).to_be_bytes())?;
        stream.write_all(&answer)?;
    }
    // The one who asked ends the conversation.
    stream.read(&mut length).map(drop)
}
