//! The real binary, over real sockets.

use crate::cli::folder;
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

struct Server {
    child: Child,
    port: u16,
    folder: PathBuf,
}

impl Server {
    fn start(name: &str) -> Server {
        let folder = folder(name);
        let path = folder.join("slircd.toml");
        let text = format!(
            "[storage]\npath = \"{}\"\n[[listen]]\naddress = \"127.0.0.1:0\"\n",
            folder.display()
        );
        fs::write(&path, text).unwrap();
        Server::run(folder)
    }

    /// Begins another life, with what the one before has stored.
    fn run(folder: PathBuf) -> Server {
        let path = folder.join("slircd.toml");
        let mut child = Command::new(env!("CARGO_BIN_EXE_slircd"))
            .args(["run", "-c", path.to_str().unwrap()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let line = output.into_iter().find(|line| line.contains("listening on")).unwrap();
        let port = line.rsplit(':').next().unwrap().trim().parse().unwrap();
        Server { child, port, folder }
    }

    fn client(&self) -> Client {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Client { reader: BufReader::new(stream.try_clone().unwrap()), stream }
    }

    fn user(&self, nick: &str) -> Client {
        let mut client = self.client();
        client.send(&format!("NICK {nick}\r\nUSER {nick} 0 * :Real {nick}\r\n"));
        client.until(" 422 ");
        client
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        drop(fs::remove_dir_all(&self.folder));
    }
}

struct Client {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
}

impl Client {
    fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).unwrap();
    }

    fn until(&mut self, part: &str) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(
                self.reader.read_line(&mut line).unwrap(),
                0,
                "the connection ended before {part}"
            );
            if line.contains(part) {
                return line;
            }
        }
    }
}

#[test]
fn two_people_chat_in_a_channel() {
    let server = Server::start("chat");
    let (mut alice, mut bob) = (server.user("alice"), server.user("bob"));
    alice.send("JOIN #a\r\n");
    alice.until(" 366 ");
    bob.send("JOIN #a\r\nPRIVMSG #a :hi there\r\n");
    assert!(alice.until("PRIVMSG").ends_with(".ip PRIVMSG #a :hi there\r\n"));
}

#[test]
fn bad_lines_get_their_numeric_and_disturb_nobody() {
    let server = Server::start("bad");
    let (mut alice, mut bob) = (server.user("alice"), server.user("bob"));
    alice.send(&format!("PRIVMSG bob :{}\r\n", "x".repeat(600)));
    alice.until(" 417 alice ");
    alice.send(&format!("@{} PING x\r\n", "t".repeat(4095)));
    alice.until(" 417 alice ");
    alice.stream.write_all(b"PRIVMSG bob :\xff\xfe\r\n").unwrap();
    alice.until("FAIL PRIVMSG INVALID_UTF8");
    alice.send(&format!("JOIN {}\r\n", "p ".repeat(200)));
    alice.until(" 476 alice p ");
    alice.stream.write_all(b"PING a\0b\r\n").unwrap();
    alice.until("PONG");
    let mut half = server.client();
    half.send("NICK ha");
    drop(half);
    bob.send("PING still-here\r\n");
    bob.until("still-here");
}

#[test]
fn a_stopped_server_says_goodbye_and_exits_cleanly() {
    let mut server = Server::start("stop");
    let mut alice = server.user("alice");
    let stopped =
        Command::new("kill").args(["-TERM", &server.child.id().to_string()]).status().unwrap();
    assert!(stopped.success());
    alice.until("ERROR :Closing link");
    let mut rest = Vec::new();
    alice.reader.read_to_end(&mut rest).unwrap();
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[test]
fn an_account_that_was_reported_as_registered_outlives_a_kill() {
    let mut server = Server::start("registered");
    let mut alice = server.user("alice");
    alice.send("REGISTER * * open-sesame\r\n");
    alice.until(" REGISTER SUCCESS alice ");
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    let server = Server::run(server.folder.clone());
    let mut bob = server.user("bob");
    // NUL alice NUL open-sesame, and with another password.
    bob.send("CAP REQ sasl\r\nAUTHENTICATE PLAIN\r\nAUTHENTICATE AGFsaWNlAG9wZW4tYmFybGV5\r\n");
    bob.until(" 904 bob ");
    bob.send("AUTHENTICATE PLAIN\r\nAUTHENTICATE AGFsaWNlAG9wZW4tc2VzYW1l\r\n");
    bob.until(" 903 bob ");
}
