//! The program itself: signals, files, and what the system refuses.
//!
//! It listens on Unix sockets in a folder of its own, so no test needs to know a port.

use crate::client::{Client, PATIENCE};
use slircd::reactor::certificate;
use std::{
    fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, ChildStderr, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

/// A program that runs, in a folder that goes with it.
struct Process {
    folder: PathBuf,
    child: Child,
    log: BufReader<ChildStderr>,
}

impl Process {
    /// Starts it with a configuration that may name `FOLDER`, with at most so many open files.
    fn start(configuration: &str, files_max: usize) -> Process {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("slircd-process-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        let process = |child: Child, log| Process { folder: folder.clone(), child, log };
        let text = configuration.replace("FOLDER", folder.to_str().unwrap());
        fs::write(folder.join("slircd.toml"), text).unwrap();
        Process::certify(&folder.join("tls"));
        let mut child = Command::new("sh")
            .args(["-c", &format!("ulimit -n {files_max} && exec \"$0\" \"$@\"")])
            .arg(env!("CARGO_BIN_EXE_slircd"))
            .args(["run", "-c"])
            .arg(folder.join("slircd.toml"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let mut process = process(child, log);
        for _ in 0..configuration.matches("[[listen]]").count() {
            process.logged("listening on ");
        }
        process
    }

    /// Writes a new certificate and its key; the certificate as it is sent.
    fn certify(prefix: &std::path::Path) -> Vec<u8> {
        use rustls::pki_types::{CertificateDer, pem::PemObject};

        let (chain, key) = certificate::self_signed(&["localhost"]).unwrap();
        fs::write(prefix.with_extension("pem"), &chain).unwrap();
        fs::write(prefix.with_extension("key"), &key).unwrap();
        CertificateDer::from_pem_slice(chain.as_bytes()).unwrap().to_vec()
    }

    fn connect(&self) -> Client {
        Client::local(&self.folder.join("plain.sock")).unwrap()
    }

    fn user(&self, nick: &str) -> Client {
        let mut client = self.connect();
        client.register(nick);
        client
    }

    /// The next line of the log that holds `part`.
    fn logged(&mut self, part: &str) -> String {
        let mut seen = String::new();
        loop {
            let start = seen.len();
            let read = self.log.read_line(&mut seen).unwrap();
            assert!(read > 0, "the log ended without `{part}`:\n{seen}");
            if seen[start..].contains(part) {
                return seen[start..].to_owned();
            }
        }
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    /// Waits for its end: how it went, and what was still logged.
    fn end(mut self) -> (ExitStatus, String) {
        let mut log = String::new();
        while self.log.read_line(&mut log).unwrap() > 0 {}
        (self.child.wait().unwrap(), log)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both may have been done already, and nothing is left to fail.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

const PLAIN: &str = r#"
[[listen]]
address = "unix:FOLDER/plain.sock"

[storage]
path = "FOLDER/data"

[dns]
enabled = false
"#;

const SECURE: &str = r#"
[[listen]]
address = "unix:FOLDER/secure.sock"
tls = { certificate = "FOLDER/tls.pem", key = "FOLDER/tls.key" }
"#;

const FILES: usize = 256;

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
    let mut log = String::new();
    while !log.contains("slircd.toml:1") {
        assert!(process.log.read_line(&mut log).unwrap() > 0, "{log}");
    }
    assert!(!log.contains(" sockets: "), "{log}");
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
