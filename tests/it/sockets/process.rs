//! The program itself: signals, files, and what the system refuses.
//!
//! It listens on Unix sockets in a folder of its own, so no test needs to know a port.

use crate::client::{Client, PATIENCE};
use slircd::work::certificate;
use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    thread,
    time::Instant,
};

/// A program that runs, in a folder that goes with it.
pub struct Process {
    pub folder: PathBuf,
    /// How it is started.
    shell: String,
    child: Child,
    log: Receiver<String>,
    /// What has been read of its log, in all of its lives.
    pub said: String,
    /// Where it listens, as far as these are no files.
    pub addresses: Vec<SocketAddr>,
}

impl Process {
    /// Starts it with a configuration that may name `FOLDER`, with at most so many open files.
    pub fn start(configuration: &str, files_max: usize) -> Process {
        // A file that may not grow is to be an error, as on a full disk, and not a signal.
        Process::start_by(configuration, &format!("ulimit -n {files_max} && trap '' XFSZ && exec"))
    }

    /// Starts it by a shell that says this before the program and its arguments; `FOLDER` may be named.
    pub fn start_by(configuration: &str, shell: &str) -> Process {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("slircd-process-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        let text = configuration.replace("FOLDER", folder.to_str().unwrap());
        fs::write(folder.join("slircd.toml"), text).unwrap();
        Process::certify(&folder.join("tls"));
        let shell = shell.replace("FOLDER", folder.to_str().unwrap());
        let (child, log) = begin(&folder, &shell);
        let mut process =
            Process { folder, shell, child, log, said: String::new(), addresses: Vec::new() };
        process.listens();
        process
    }

    /// Waits until it listens, as its configuration says.
    fn listens(&mut self) {
        let configuration = fs::read_to_string(self.folder.join("slircd.toml")).unwrap();
        for _ in 0..configuration.matches("[[listen]]").count() {
            let line = self.logged("listening on ");
            let place = line.trim().trim_start_matches("listening on ").trim_end_matches(" (TLS)");
            self.addresses.extend(place.parse::<SocketAddr>());
        }
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Begins another life in the same folder, after it has ended; returns when it listens.
    pub fn again(&mut self) {
        self.log.iter().for_each(|line| self.said += &line);
        (self.child, self.log) = begin(&self.folder, &self.shell);
        self.addresses.clear();
        self.listens();
    }

    /// Its number, as the system counts.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes a new certificate and its key; the certificate as it is sent.
    pub fn certify(prefix: &Path) -> Vec<u8> {
        use rustls::pki_types::{CertificateDer, pem::PemObject};

        let (chain, key) = certificate::self_signed(&["localhost"]).unwrap();
        fs::write(prefix.with_extension("pem"), &chain).unwrap();
        fs::write(prefix.with_extension("key"), &key).unwrap();
        CertificateDer::from_pem_slice(chain.as_bytes()).unwrap().to_vec()
    }

    pub fn connect(&self) -> Client {
        Client::local(&self.folder.join("plain.sock")).unwrap()
    }

    pub fn user(&self, nick: &str) -> Client {
        let mut client = self.connect();
        client.register(nick);
        client
    }

    /// The next line of the log that holds `part`.
    pub fn logged(&mut self, part: &str) -> String {
        loop {
            match self.log.recv_timeout(PATIENCE) {
                Ok(line) => {
                    self.said += &line;
                    if line.contains(part) {
                        return line;
                    }
                }
                Err(error) => panic!("no `{part}` is logged: {error}\n{}", self.said),
            }
        }
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    /// Writes a file of its folder, in which `FOLDER` may be named.
    pub fn write(&self, name: &str, text: &str) {
        let text = text.replace("FOLDER", self.folder.to_str().unwrap());
        fs::write(self.folder.join(name), text).unwrap();
    }

    /// Waits for its end: how it went, and what was still logged.
    pub fn end(mut self) -> (ExitStatus, String) {
        let mut log = String::new();
        loop {
            match self.log.recv_timeout(PATIENCE) {
                Ok(line) => log += &line,
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end:\n{log}"),
            }
        }
        (self.child.wait().unwrap(), log)
    }
}

/// Starts the program in a folder, and reads what it says.
fn begin(folder: &Path, shell: &str) -> (Child, Receiver<String>) {
    let mut child = Command::new("sh")
        .args(["-c", &format!("{shell} \"$0\" \"$@\" 2>&1")])
        .arg(env!("CARGO_BIN_EXE_slircd"))
        .args(["run", "-c"])
        .arg(folder.join("slircd.toml"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let (tell, log) = channel();
    // Read by a thread, since a read has no time limit.
    thread::spawn(move || {
        let mut line = String::new();
        while output.read_line(&mut line).is_ok_and(|len| len > 0)
            && tell.send(std::mem::take(&mut line)).is_ok()
        {}
    });
    (child, log)
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both may have been done already, and nothing is left to fail.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// One listener on a Unix socket, and data in the same folder.
pub const PLAIN: &str = r#"
[[listen]]
address = "unix:FOLDER/plain.sock"

[storage]
path = "FOLDER/data"

[dns]
enabled = false
"#;

/// One more, which speaks TLS.
pub const SECURE: &str = r#"
[[listen]]
address = "unix:FOLDER/secure.sock"
tls = { certificate = "FOLDER/tls.pem", key = "FOLDER/tls.key" }
"#;

/// Enough open files for anything but a crowd.
pub const FILES: usize = 256;

#[test]
fn a_terminated_server_says_goodbye_and_exits_well() {
    let process = Process::start(PLAIN, FILES);
    let mut alice = process.user("alice");
    process.signal("TERM");
    let lines = alice.until_the_end();
    assert!(lines.last().unwrap().starts_with("ERROR "), "{lines:?}");
    let socket = process.folder.join("plain.sock");
    let (status, log) = process.end();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(!socket.exists());
}

#[test]
fn a_bad_file_changes_nothing_and_says_why() {
    let mut process = Process::start(PLAIN, FILES);
    let mut alice = process.user("alice");
    let file = process.folder.join("slircd.toml");
    fs::write(&file, "[limits]\nsend_queue = \"many\"\n[nowhere]\n").unwrap();
    process.signal("HUP");
    process.logged("slircd.toml:2");
    alice.barrier();
    process.user("bob").barrier();
}

#[test]
fn listeners_come_and_go_with_the_file() {
    let mut process = Process::start(PLAIN, FILES);
    let mut alice = process.user("alice");
    let file = process.folder.join("slircd.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("plain.sock", "other.sock")).unwrap();
    process.signal("HUP");
    process.logged("other.sock");
    let mut bob = Client::local(&process.folder.join("other.sock")).unwrap();
    bob.register("bob");
    assert!(Client::local(&process.folder.join("plain.sock")).is_err());
    // Who had come in by the old one stays.
    bob.send("PRIVMSG alice :hello");
    alice.expect(":hello");
}

#[test]
fn a_new_certificate_is_served_and_a_bad_one_is_not() {
    let process = Process::start(&format!("{PLAIN}{SECURE}"), FILES);
    let socket = process.folder.join("secure.sock");
    let mut alice = process.user("alice");
    let mut bob = Client::secure_local(&socket).0;
    bob.register("bob");
    let second = Process::certify(&process.folder.join("tls"));
    process.signal("HUP");
    let start = Instant::now();
    while Client::secure_local(&socket).1 != second {
        assert!(start.elapsed() < PATIENCE, "it is never exchanged");
    }
    fs::write(process.folder.join("tls.key"), "nothing").unwrap();
    process.signal("HUP");
    // The reload has been done when a later one has.
    let mut process = process;
    process.logged("tls.key");
    assert_eq!(Client::secure_local(&socket).1, second);
    bob.send("PRIVMSG alice :still here");
    alice.expect(":still here");
}

#[test]
fn counts_are_logged_when_asked_for() {
    let mut process = Process::start(PLAIN, FILES);
    let _alice = process.user("alice");
    process.signal("USR1");
    let line = process.logged(" sockets: ");
    assert!(line.contains("1 sockets: 1 connections, 0 in handshake, 0 closing"), "{line}");
}

#[test]
fn a_client_that_never_reads_does_not_keep_the_server_from_leaving() {
    let configuration = format!(
        "{PLAIN}\n[limits]\nstop_timeout = \"1s\"\nsend_queue = \"64m\"\nflood_burst = 1000000\n"
    );
    let process = Process::start(&configuration, FILES);
    let mut alice = process.user("alice");
    let mut deaf = process.user("deaf");
    deaf.send("JOIN #a");
    deaf.barrier();
    alice.send("JOIN #a");
    let lines = format!("PRIVMSG #a :{}\r\n", "x".repeat(400)).repeat(100);
    for _ in 0..100 {
        alice.send_bytes(lines.as_bytes());
        alice.barrier();
    }
    process.signal("TERM");
    let lines = alice.until_the_end();
    assert!(lines.last().unwrap().starts_with("ERROR "), "{lines:?}");
    let (status, log) = process.end();
    assert_eq!(status.code(), Some(0), "{log}");
}

#[test]
fn clients_come_over_ipv4_and_ipv6_and_a_file_and_meet() {
    let more = "\n[[listen]]\naddress = \"127.0.0.1:0\"\n\n[[listen]]\naddress = \"[::1]:0\"\n";
    let process = Process::start(&format!("{PLAIN}{more}"), FILES);
    let mut clients = vec![process.user("file")];
    for address in &process.addresses {
        let mut client = Client::plain(*address);
        client.register(if address.is_ipv4() { "four" } else { "six" });
        clients.push(client);
    }
    assert_eq!(clients.len(), 3);
    for client in &mut clients {
        client.send("JOIN #a");
        client.barrier();
    }
    for speaker in 0..clients.len() {
        clients[speaker].send(&format!("PRIVMSG #a :from {speaker}"));
        for (_, listener) in clients.iter_mut().enumerate().filter(|(place, _)| *place != speaker) {
            listener.expect(&format!("PRIVMSG #a :from {speaker}"));
        }
    }
}

#[test]
fn the_log_speaks_as_it_is_told_to() {
    for (format, begins) in [("journal", "<6>1 sockets: "), ("json", "{\"time\":\"20")] {
        let mut process = Process::start(&format!("{PLAIN}[log]\nformat = {format:?}\n"), FILES);
        let _alice = process.user("alice");
        process.signal("USR1");
        let line = process.logged(" sockets: ");
        assert!(line.starts_with(begins), "{line}");
    }
}

#[test]
fn an_operator_is_known_by_the_fingerprint_of_a_certificate() {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    use sha2::{Digest, Sha256};

    let (chain, key) = certificate::self_signed(&["alice"]).unwrap();
    let (other_chain, other_key) = certificate::self_signed(&["alice"]).unwrap();
    let der = CertificateDer::from_pem_slice(chain.as_bytes()).unwrap();
    let fingerprint: Vec<String> =
        Sha256::digest(&der).iter().map(|byte| format!("{byte:02X}")).collect();
    let tcp = SECURE.replace("unix:FOLDER/secure.sock", "127.0.0.1:0");
    let oper = format!("[[oper]]\nname = \"alice\"\nfingerprint = \"{}\"\n", fingerprint.join(":"));
    let process = Process::start(&format!("{PLAIN}{tcp}{oper}"), FILES);
    let mut mallory = Client::secure(process.addresses[0], Some((&other_chain, &other_key))).0;
    mallory.register("mallory");
    mallory.send("OPER alice x");
    mallory.expect(" 464 ");
    let mut alice = Client::secure(process.addresses[0], Some((&chain, &key))).0;
    alice.register("alice");
    alice.send("OPER alice x");
    alice.expect(" 381 ");
}

#[test]
fn how_much_is_logged_changes_with_the_file() {
    let mut process = Process::start(PLAIN, FILES);
    let file = process.folder.join("slircd.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{text}[log]\nlevel = \"error\"\n")).unwrap();
    process.signal("HUP");
    process.logged("has been read again");
    process.signal("USR1");
    fs::write(&file, "nonsense\n").unwrap();
    process.signal("HUP");
    let mut line = String::new();
    while !line.contains("slircd.toml:1") {
        assert!(!line.contains(" sockets: "), "{line}");
        line = process.logged("");
    }
}

#[test]
fn without_descriptors_accepting_pauses_and_goes_on() {
    let mut process = Process::start(PLAIN, 48);
    let mut alice = process.user("alice");
    let many: Vec<Client> = (0..80).map(|_| process.connect()).collect();
    process.logged("no connections can be accepted for now");
    // Those who are in are served meanwhile.
    alice.barrier();
    drop(many);
    process.user("bob").barrier();
    process.logged("connections are accepted again");
    process.signal("TERM");
    alice.until_the_end();
    let (status, log) = process.end();
    assert_eq!(status.code(), Some(0));
    assert!(!log.contains("no connections can be accepted"), "{log}");
}
