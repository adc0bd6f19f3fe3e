//! What many accounts cost: memory and time to start with them, logging in, registering, and what those who
//! only talk notice of it.

use crate::{
    beside,
    process::{Folder, Process},
    report::{Report, Series},
    scenario::CALM,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use slircd::{
    registry::{Edit, Kind, RecordId, What},
    store::{Query, Store, sqlite},
    time::{Sid, Stamp},
    wire::scram::{self, Verifier},
    work::password,
};
use std::{
    io::{self, BufRead, BufReader, Error, Write},
    net::{SocketAddr, TcpStream},
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// How much is stored and done.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// How many accounts are stored.
    pub accounts: u64,
    /// How many registered channels.
    pub channels: u64,
    /// How often the server is started.
    pub starts: usize,
    /// For how long each thing is done.
    pub span: Duration,
    /// How many rounds compare what others notice of it.
    pub rounds: usize,
}

/// Measures all of that.
pub fn accounts(report: Report, size: Size) -> io::Result<()> {
    report.heading(&format!("{} accounts, {} registered channels", size.accounts, size.channels));
    let folder = Folder::new("1m")?;
    folder.add(EXEMPT)?;
    fill(&folder, size)?;
    let mut starts = Series::default();
    for _ in 0..size.starts {
        starts.push(Process::slircd(&folder)?.start.as_secs_f64() * 1e3);
    }
    let process = Process::slircd(&folder)?;
    // Longer than until it has looked whether the database is whole.
    thread::sleep(CALM + CHECKED);
    let memory = process.memory()?;
    let total = memory.total() as f64 / 1e6;
    report.figure("anonymous, MB", format!("{:.1}", memory.anonymous as f64 / 1e6));
    report.budget("resident, nobody connected, MB", format!("{total:.1}"), total, 12.0);
    report.budget("start to accepting, ms", format!("{starts:.1}"), starts.median(), 100.0);
    let address = process.addresses.first().copied();
    let address = address.ok_or_else(|| Error::other("it does not listen"))?;
    let names = AtomicU64::new(0);
    let any = || names.fetch_add(7919, Ordering::Relaxed) % size.accounts;
    let rate = |count: u64| format!("{:.0} a second", count as f64 / size.span.as_secs_f64());
    let count = at_once(THREADS, size.span, |client, _| {
        let mut client = ready(client, address, true)?;
        plain(&mut client, any())?;
        Ok(client)
    })?;
    report.figure("log-ins, argon2id", rate(count));
    let count = at_once(THREADS, size.span, |client, _| {
        let mut client = ready(client, address, true)?;
        by_scram(&mut client, any())?;
        Ok(client)
    })?;
    report.figure("log-ins, SCRAM-SHA-256", rate(count));
    let count = at_once(THREADS, size.span, |_, number| {
        let mut client = Client::connect(address)?;
        client.introduce(&format!("new{number}"))?;
        client.say(&format!("REGISTER * * :{PASSWORD}"))?;
        client.until("SUCCESS")?;
        Ok(client)
    })?;
    report.figure("registrations", rate(count));
    beside::look_ups(report, address, size)?;
    // The same accounts, so that whoever logs in may do so at either.
    let other = Folder::new("1m")?;
    other.add(EXEMPT)?;
    fill(&other, size)?;
    let other = (Process::slircd(&other)?, other);
    let elsewhere = other.0.addresses.first().copied();
    let elsewhere = elsewhere.ok_or_else(|| Error::other("it does not listen"))?;
    // Longer than until it has looked whether the database is whole.
    thread::sleep(CALM + CHECKED);
    beside::latency(report, (address, elsewhere), size, &any)
}

/// A store with so many accounts, all with one password, and channels.
fn fill(folder: &Folder, size: Size) -> io::Result<()> {
    let hash = password::hash(PASSWORD).ok_or_else(|| Error::other("no random bytes"))?;
    let verifier = Verifier::new(PASSWORD, SALT, scram::ITERATIONS).to_string();
    let mut store =
        sqlite::open(&folder.data()).map_err(|error| Error::other(error.to_string()))?;
    let account = |number: u64| {
        let name = format!("user{number}");
        vec![
            ("name".to_owned(), name.clone()),
            (format!("nick:{name}"), name.clone()),
            ("password".into(), hash.clone()),
            ("scram".into(), verifier.clone()),
            ("mail".into(), format!("{name}@mail.example")),
        ]
    };
    let channel = |number: u64| {
        let name = format!("#channel{number}");
        vec![
            ("name".to_owned(), name.clone()),
            (format!("channel:{name}"), name.clone()),
            ("founder".into(), RecordId(at(1 + number)).to_string()),
            ("topic".into(), "Welcome to this channel, and be kind to each other".into()),
        ]
    };
    let all = (0..size.accounts + size.channels).map(|number| {
        let (kind, fields) = match number.checked_sub(size.accounts) {
            None => (Kind::Account, account(number)),
            Some(number) => (Kind::Channel, channel(number)),
        };
        let fields = fields.into_iter().map(|(key, value)| (key.into(), Some(value.into())));
        let (at, what) = (at(1 + number), What::Write(fields.collect()));
        Edit { id: RecordId(at), kind, at, by: "bench".into(), what }
    });
    let all: Vec<Edit> = all.collect();
    for edits in all.chunks(1000) {
        let learned = store.ask(&Query::Learn(edits.to_vec()));
        learned.map_err(|error| Error::other(error.to_string()))?;
    }
    Ok(())
}

fn at(tick: u64) -> Stamp {
    Stamp { tick: tick << 16, server: Sid::FIRST }
}

/// Does something again and again, by several clients at once; how often it was done.
fn at_once(
    threads: u64,
    span: Duration,
    one: impl Fn(Option<Client>, u64) -> io::Result<Client> + Sync,
) -> io::Result<u64> {
    let (count, begin) = (AtomicU64::new(0), Instant::now());
    thread::scope(|scope| {
        let work = || -> io::Result<()> {
            let mut client = None;
            while begin.elapsed() < span {
                client = Some(one(client, count.fetch_add(1, Ordering::Relaxed))?);
            }
            Ok(())
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| {
            thread.join().unwrap_or_else(|_| Err(Error::other("a client has failed")))
        })
    })?;
    Ok(count.load(Ordering::Relaxed))
}

/// One client of a few, that waits for what it is told.
pub struct Client {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
}

impl Client {
    fn connect(address: SocketAddr) -> io::Result<Client> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Client { reader: BufReader::new(stream.try_clone()?), stream })
    }

    fn introduce(&mut self, nick: &str) -> io::Result<()> {
        self.say(&format!("NICK {nick}\r\nUSER {nick} 0 * :{nick}"))?;
        self.until(" 001 ").map(drop)
    }

    /// Says a line.
    pub fn say(&mut self, line: &str) -> io::Result<()> {
        self.stream.write_all(format!("{line}\r\n").as_bytes())
    }

    /// Reads until a line holds this.
    pub fn until(&mut self, part: &str) -> io::Result<String> {
        loop {
            let mut line = String::new();
            if self.reader.read_line(&mut line)? == 0 {
                return Err(Error::other(format!("the end came before {part:?}")));
            }
            if line.contains(part) {
                return Ok(line.trim_end().to_owned());
            }
            if line.contains(" 904 ") || line.contains("FAIL ") {
                return Err(Error::other(line));
            }
        }
    }
}

/// A client that may log in, the same as before if there was one.
pub fn ready(client: Option<Client>, address: SocketAddr, sasl: bool) -> io::Result<Client> {
    if let Some(client) = client {
        return Ok(client);
    }
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut client = Client::connect(address)?;
    client.introduce(&format!("guest{}", COUNT.fetch_add(1, Ordering::Relaxed)))?;
    if sasl {
        client.say("CAP REQ sasl")?;
        client.until("ACK")?;
    }
    Ok(client)
}

/// Logs in by SASL PLAIN.
pub fn plain(client: &mut Client, account: u64) -> io::Result<()> {
    client.say("AUTHENTICATE PLAIN")?;
    client.until("AUTHENTICATE +")?;
    let message = STANDARD.encode(format!("\0user{account}\0{PASSWORD}"));
    client.say(&format!("AUTHENTICATE {message}"))?;
    client.until(" 903 ").map(drop)
}

fn by_scram(client: &mut Client, account: u64) -> io::Result<()> {
    client.say("AUTHENTICATE SCRAM-SHA-256")?;
    client.until("AUTHENTICATE +")?;
    let first = format!("n,,n=user{account},r=rOprNGfwEbeRWgbNEkqO");
    client.say(&format!("AUTHENTICATE {}", STANDARD.encode(&first)))?;
    let challenge = client.until("AUTHENTICATE ")?;
    let challenge = challenge.rsplit(' ').next().unwrap_or_default();
    let challenge = STANDARD.decode(challenge).map_err(Error::other)?;
    let challenge = String::from_utf8_lossy(&challenge);
    let answer = proof(&first, &challenge);
    client.say(&format!("AUTHENTICATE {}", STANDARD.encode(answer)))?;
    client.until("AUTHENTICATE ")?;
    client.say("AUTHENTICATE +")?;
    client.until(" 903 ").map(drop)
}

/// What a client answers to a challenge (RFC 5802 §3). All accounts have one salt, so that the server does most
/// of the work here.
fn proof(first: &str, challenge: &str) -> String {
    static KEY: OnceLock<Vec<u8>> = OnceLock::new();
    let keyed = |key: &[u8], text: &[u8]| {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&Default::default()));
        mac.update(text);
        mac.finalize().into_bytes().to_vec()
    };
    let key = KEY.get_or_init(|| {
        let mut salted = [0; 32];
        pbkdf2::pbkdf2_hmac::<Sha256>(PASSWORD.as_bytes(), SALT, scram::ITERATIONS, &mut salted);
        keyed(&salted, b"Client Key")
    });
    let nonce = challenge.split(',').next().unwrap_or_default();
    let last = format!("c=biws,{nonce}");
    let bare = first.trim_start_matches("n,,");
    let signature = keyed(&Sha256::digest(key), format!("{bare},{challenge},{last}").as_bytes());
    let proof: Vec<u8> = key.iter().zip(signature).map(|(key, sign)| key ^ sign).collect();
    format!("{last},p={}", STANDARD.encode(proof))
}

const PASSWORD: &str = "correct horse battery staple";

const SALT: &[u8] = b"0123456789abcdef";

/// All are from one address, and no limit is to hold them up.
const EXEMPT: &str = "[[class]]\nname = \"bench\"\nhosts = [\"127.0.0.1\"]\nexempt = true\n";

/// How many clients do at once what is counted.
const THREADS: u64 = 8;

/// How long after its start a server has looked whether its database is whole.
const CHECKED: Duration = Duration::from_secs(5);

const PATIENCE: Duration = Duration::from_secs(30);
