//! A mail server of the loopback address, which takes mail by SMTP and does with it what a test says.

use crate::client::PATIENCE;
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use slircd::work::certificate;
use std::{
    fs,
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread::JoinHandle,
};

/// How its connections are encrypted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tls {
    Never,
    Implicit,
    Starttls,
}

/// What it says to a command instead of what it would.
pub enum Says {
    /// What it would.
    Usual,
    /// This.
    Line(&'static str),
    /// Nothing, until the other side gives up.
    Nothing,
    /// Nothing, and hangs up.
    HangUp,
}

/// A mail that it has taken.
#[derive(Debug)]
pub struct Mail {
    pub from: String,
    pub to: String,
    /// What it was told to log in with, decoded.
    pub login: Option<String>,
    pub encrypted: bool,
    /// As it came, with doubled dots undone.
    pub message: String,
}

impl Mail {
    /// What follows `/msg NickServ ` in it.
    pub fn answer(&self) -> &str {
        self.message.split_once("/msg NickServ ").unwrap().1.lines().next().unwrap()
    }
}

/// The server, until it is dropped.
pub struct MailServer {
    pub address: SocketAddr,
    /// The certificate by which it is to be believed.
    pub ca_file: PathBuf,
    mails: Receiver<Mail>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What a server says to a command of the connection with a number.
type Answers = dyn Fn(usize, &str) -> Says + Send;

/// What a server is like: how it is encrypted, how one may log in, and what it says.
struct Manner {
    tls: Tls,
    login: &'static str,
    says: Box<Answers>,
    config: Arc<ServerConfig>,
}

impl MailServer {
    /// One that takes everything.
    pub fn new(tls: Tls) -> MailServer {
        MailServer::start(tls, "PLAIN LOGIN", |_, _| Says::Usual)
    }

    pub fn start(
        tls: Tls,
        login: &'static str,
        says: impl Fn(usize, &str) -> Says + Send + 'static,
    ) -> MailServer {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("slircd-mail-{}-{number}.pem", std::process::id());
        let ca_file = std::env::temp_dir().join(name);
        let (chain, key) = certificate::self_signed(&["localhost", "127.0.0.1"]).unwrap();
        fs::write(&ca_file, &chain).unwrap();
        let der = CertificateDer::from_pem_slice(chain.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![der], key)
            .unwrap();
        let manner = Manner { tls, login, says: Box::new(says), config: Arc::new(config) };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, (tell, mails)) = (stop.clone(), channel());
        let thread = std::thread::spawn(move || {
            for (number, stream) in listener.incoming().map(Result::unwrap).enumerate() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                // Whoever hangs up has had enough.
                drop(manner.serve(stream, number, &tell));
            }
        });
        MailServer { address, ca_file, mails, stop, thread: Some(thread) }
    }

    /// The next mail that it takes.
    pub fn mail(&self) -> Mail {
        self.mails.recv_timeout(PATIENCE).unwrap()
    }

    /// The configuration of a server that sends its mail there.
    pub fn config(&self) -> String {
        format!(
            "[mail]\nserver = \"localhost\"\nport = {}\nca_file = \"{}\"\nfrom = \"irc@test.example\"\n",
            self.address.port(),
            self.ca_file.display()
        )
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // The thread looks once more.
        drop(TcpStream::connect(self.address));
        self.thread.take().into_iter().for_each(|thread| drop(thread.join()));
        drop(fs::remove_file(&self.ca_file));
    }
}

impl Manner {
    fn serve(&self, stream: TcpStream, number: usize, tell: &Sender<Mail>) -> io::Result<()> {
        let secure = |stream| {
            let session = ServerConnection::new(self.config.clone()).unwrap();
            StreamOwned::new(session, stream)
        };
        let mut talk = Talk { manner: self, number, encrypted: false, tell };
        if self.tls == Tls::Implicit {
            talk.encrypted = true;
            talk.listen(BufReader::new(secure(stream)), true)?;
        } else if talk.listen(BufReader::new(stream.try_clone()?), true)? {
            talk.encrypted = true;
            talk.listen(BufReader::new(secure(stream)), false)?;
        }
        Ok(())
    }
}

/// One connection.
struct Talk<'a> {
    manner: &'a Manner,
    number: usize,
    encrypted: bool,
    tell: &'a Sender<Mail>,
}

impl Talk<'_> {
    /// Answers commands; returns whether TLS is to begin.
    fn listen<S: Read + Write>(
        &mut self,
        mut stream: BufReader<S>,
        greets: bool,
    ) -> io::Result<bool> {
        let mut mail = Mail {
            from: String::new(),
            to: String::new(),
            login: None,
            encrypted: self.encrypted,
            message: String::new(),
        };
        if greets && !self.say(&mut stream, "greet", "220 mail.test ESMTP")? {
            return Ok(false);
        }
        while let Some(line) = read(&mut stream)? {
            let usual = match line.split(' ').next().unwrap() {
                "EHLO" => {
                    let login = self.manner.login;
                    match self.manner.tls == Tls::Starttls && !self.encrypted {
                        true => "250-mail.test\r\n250 STARTTLS".to_owned(),
                        false if login.is_empty() => "250 mail.test".to_owned(),
                        false => format!("250-mail.test\r\n250-AUTH {login}\r\n250 SMTPUTF8"),
                    }
                }
                "STARTTLS" => "220 go".into(),
                "AUTH" => {
                    mail.login = Some(self.login(&mut stream, &line)?);
                    "235 welcome".into()
                }
                "MAIL" => {
                    mail.from = address(&line);
                    "250 ok".into()
                }
                "RCPT" => {
                    mail.to = address(&line);
                    "250 ok".into()
                }
                "DATA" => "354 go".into(),
                "QUIT" => return Ok(false),
                _ => "500 what?".into(),
            };
            if !self.say(&mut stream, &line, &usual)? {
                return Ok(false);
            }
            match line.as_str() {
                "STARTTLS" => return Ok(true),
                "DATA" => {
                    while let Some(line) = read(&mut stream)?.filter(|line| line != ".") {
                        mail.message += line.strip_prefix('.').unwrap_or(&line);
                        mail.message += "\n";
                    }
                    if !self.say(&mut stream, ".", "250 taken")? {
                        return Ok(false);
                    }
                    if matches!((self.manner.says)(self.number, "."), Says::Usual) {
                        let (from, to) = (mail.from.clone(), mail.to.clone());
                        let (login, message) = (mail.login.clone(), mail.message.clone());
                        let taken = Mail { from, to, login, message, encrypted: self.encrypted };
                        // The test may be over.
                        drop(self.tell.send(taken));
                    }
                }
                _ => (),
            }
        }
        Ok(false)
    }

    /// Says something, or what the test wants; returns whether the talk goes on.
    fn say<S: Read + Write>(
        &self,
        stream: &mut BufReader<S>,
        command: &str,
        usual: &str,
    ) -> io::Result<bool> {
        let line = match (self.manner.says)(self.number, command) {
            Says::Usual => usual,
            Says::Line(line) => line,
            Says::Nothing => {
                stream.read_to_end(&mut Vec::new())?;
                return Ok(false);
            }
            Says::HangUp => return Ok(false),
        };
        stream.get_mut().write_all(format!("{line}\r\n").as_bytes())?;
        stream.get_mut().flush()?;
        Ok(true)
    }

    fn login<S: Read + Write>(&self, stream: &mut BufReader<S>, line: &str) -> io::Result<String> {
        use base64::{Engine, engine::general_purpose::STANDARD};

        let decode = |text: &str| String::from_utf8(STANDARD.decode(text).unwrap()).unwrap();
        if let Some(plain) = line.strip_prefix("AUTH PLAIN ") {
            return Ok(decode(plain).replace('\0', ":"));
        }
        let mut login = String::new();
        for _ in 0..2 {
            stream.get_mut().write_all(b"334 \r\n")?;
            stream.get_mut().flush()?;
            login = format!("{login}:{}", decode(&read(stream)?.unwrap()));
        }
        Ok(login)
    }
}

/// The next line, without its end.
fn read<S: Read>(stream: &mut BufReader<S>) -> io::Result<Option<String>> {
    let mut line = String::new();
    let length = stream.read_line(&mut line)?;
    Ok((length > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
}

fn address(line: &str) -> String {
    let address = line.split_once('<').unwrap().1;
    address.split_once('>').unwrap().0.to_owned()
}
