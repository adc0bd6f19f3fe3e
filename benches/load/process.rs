//! A server as a process of its own: starting it, and what the system says it has used.

use crate::floor::{Floor, Lengths};
use slircd::work::certificate;
use std::{
    env, fs,
    io::{self, BufRead, BufReader, Error},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

/// A server that runs until it is dropped.
pub struct Process {
    child: Child,
    /// Where it listens: plain, and with TLS if it is slircd.
    pub addresses: Vec<SocketAddr>,
    /// How long it took from its start until it listened.
    pub start: Duration,
    /// It can be told something at any time, so its log is read until it ends.
    log: Option<std::thread::JoinHandle<()>>,
}

/// Resident memory in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// What no file stands behind.
    pub anonymous: u64,
    /// What can be read again from a file: code, mostly.
    pub file: u64,
}

impl Memory {
    /// Both.
    pub fn total(self) -> u64 {
        self.anonymous + self.file
    }
}

/// A folder that goes when it is dropped.
pub struct Folder(PathBuf);

impl Folder {
    /// A new one, with a configuration for slircd in it, by which so much may wait for a client.
    pub fn new(send_queue: &str) -> io::Result<Folder> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("slircd-bench-{}-{number}", std::process::id()));
        fs::create_dir_all(&path)?;
        let folder = Folder(path);
        let (chain, key) = certificate::self_signed(&["localhost"]).map_err(Error::other)?;
        fs::write(folder.file("tls.pem"), chain)?;
        fs::write(folder.file("tls.key"), key)?;
        fs::write(folder.file("motd"), MOTD)?;
        let text = CONFIGURATION.replace("SEND_QUEUE", send_queue);
        let text = text.replace("FOLDER", &folder.0.display().to_string());
        fs::write(folder.file("slircd.toml"), text)?;
        Ok(folder)
    }

    /// Adds to the configuration.
    pub fn add(&self, text: &str) -> io::Result<()> {
        let path = self.file("slircd.toml");
        let before = fs::read_to_string(&path)?;
        fs::write(path, before + text)
    }

    /// Where slircd keeps its data.
    pub fn data(&self) -> PathBuf {
        self.file("data")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Nothing depends on it; the system empties its folder for temporary files in time.
        drop(fs::remove_dir_all(&self.0));
    }
}

impl Process {
    /// Starts the program that is measured.
    pub fn slircd(folder: &Folder) -> io::Result<Process> {
        let mut command = Command::new(PROGRAM);
        command.args(["run", "-c"]).arg(folder.file("slircd.toml"));
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        Process::start(command, 2)
    }

    /// Starts a floor: this program, which then is nothing else.
    pub fn floor(floor: Floor, lengths: Lengths) -> io::Result<Process> {
        let mut command = Command::new(env::current_exe()?);
        command.args(["--floor", floor.name()]);
        command.args([lengths.welcome.to_string(), lengths.source.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        Process::start(command, 1)
    }

    fn start(mut command: Command, listeners: usize) -> io::Result<Process> {
        let begin = Instant::now();
        let mut child = command.spawn()?;
        let said = child.stdout.take();
        let mut process =
            Process { child, addresses: Vec::new(), start: Duration::ZERO, log: None };
        let mut log = BufReader::new(said.ok_or_else(|| Error::other("it has no output"))?);
        let mut line = String::new();
        while process.addresses.len() < listeners {
            line.clear();
            if log.read_line(&mut line)? == 0 {
                return Err(Error::other("a server ended before it listened"));
            }
            match line.trim_end().split_once("listening on ") {
                Some((_, address)) => {
                    let address = address.trim_end_matches(" (TLS)");
                    process.addresses.push(address.parse().map_err(Error::other)?)
                }
                None if line.contains("error") => eprint!("{line}"),
                None => (),
            }
        }
        process.start = begin.elapsed();
        process.log = Some(std::thread::spawn(move || {
            let complaints =
                log.lines().map_while(Result::ok).filter(|line| line.contains("error"));
            complaints.for_each(|line| eprintln!("{line}"));
        }));
        Ok(process)
    }

    /// How long its threads have been on a processor, for themselves and in the kernel.
    pub fn cpu(&self) -> io::Result<Duration> {
        let mut spent = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let text = fs::read_to_string(thread?.path().join("schedstat"))?;
            let first = text.split_whitespace().next();
            spent += first.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
        }
        Ok(Duration::from_nanos(spent))
    }

    /// What it holds.
    pub fn memory(&self) -> io::Result<Memory> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            let number = line.split_whitespace().next().and_then(|text| text.parse::<u64>().ok());
            number.unwrap_or(0) * 1024
        };
        Ok(Memory { anonymous: field("RssAnon:"), file: field("RssFile:") + field("RssShmem:") })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already, and then there is nothing left to do.
        drop(self.child.kill());
        drop(self.child.wait());
        if let Some(log) = self.log.take() {
            drop(log.join());
        }
    }
}

/// How large the program is.
pub fn size() -> io::Result<u64> {
    Ok(fs::metadata(Path::new(PROGRAM))?.len())
}

/// Lets this process open as many files as it may, and says how many that is.
pub fn raise_file_limit() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let wanted = Some(FILES_WANTED);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // The superuser may go beyond the maximum; others may go up to it.
    for limit in [wanted, maximum] {
        let limit = Rlimit { current: limit, maximum: limit };
        if current < limit.current && setrlimit(Resource::Nofile, limit).is_ok() {
            break;
        }
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_slircd");

/// More than all connections of a run.
const FILES_WANTED: u64 = 65_536;

const MOTD: &str = "Welcome.\n\nBe kind to each other.\nAsk in #help if you need some.\nGoodbye.\n";

/// Limits that nothing here reaches: what is measured is the work, not the gates.
const CONFIGURATION: &str = r##"
[server]
name = "irc.bench.example"
motd = "FOLDER/motd"

[[listen]]
address = "127.0.0.1:0"

[[listen]]
address = "127.0.0.1:0"
tls = { certificate = "FOLDER/tls.pem", key = "FOLDER/tls.key" }

[limits]
clients = 15000
clients_per_address = 100000
clients_per_network = 100000
connect_burst = 1000000
flood_burst = 1000000
flood_interval = "1ms"
ping_interval = "1h"
send_queue = "SEND_QUEUE"

[[oper]]
name = "bench"
class = "admin"
password = "$argon2id$v=19$m=19456,t=2,p=1$IdxZX9dHYhezrJIsIRwXSw$vpvrtrqTvdO5vdRnZiRTMk4i1j9GIGgRxVQMqn8xMUY"

[storage]
path = "FOLDER/data"
"##;
