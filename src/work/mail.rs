//! Sending mail: by a mail server, or by a program that takes mail as sendmail does.

use super::{connect, left, trust::Trust};
use crate::{
    config::{Secret, mail::Encryption},
    job::{Carrier, Delivery, Undelivered},
    wire::{
        mail,
        smtp::{Dialogue, Next, Plan, Refusal, Step},
    },
};
use rustls::{ClientConnection, StreamOwned, pki_types::ServerName};
use std::{
    fmt,
    io::{self, ErrorKind, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Sends mail, for any number of threads.
#[derive(Debug, Default)]
pub struct Post {
    trust: Trust,
}

/// Why a mail has not been sent.
#[derive(Debug)]
enum Error {
    /// The mail server cannot be reached, or says nothing, at this step.
    Io(Step, io::Error),
    /// It is not to be trusted.
    Tls(String),
    /// It takes no mail, or not this one.
    Refused(Refusal),
    /// The program cannot be run.
    NoProgram(PathBuf, io::Error),
    /// The program has taken too long.
    Slow(PathBuf),
    /// The program has ended with this code; with none if something has ended it.
    Ended(PathBuf, Option<i32>),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Io(Step::Greeting, error) => {
                write!(f, "the mail server cannot be reached: {error}")
            }
            Error::Io(_, error) => {
                write!(f, "the connection to the mail server has broken: {error}")
            }
            Error::Tls(error) => write!(f, "the mail server cannot be trusted: {error}"),
            Error::Refused(refusal) => write!(f, "{refusal}"),
            Error::NoProgram(program, error) => {
                write!(f, "{} cannot be run: {error}", program.display())
            }
            Error::Slow(program) => write!(f, "{} takes too long", program.display()),
            Error::Ended(program, Some(code)) => {
                write!(f, "{} has ended with code {code}", program.display())
            }
            Error::Ended(program, None) => write!(f, "{} has been ended", program.display()),
        }
    }
}

impl Error {
    /// Whether it is about this mail, and will be the same the next time.
    fn is_final(&self) -> bool {
        match self {
            Error::Refused(refusal) => refusal.is_final(),
            // As sysexits.h has it: no such user, no such host, not understood.
            Error::Ended(_, code) => matches!(code, Some(65 | 67 | 68)),
            Error::Io(..) | Error::Tls(_) | Error::NoProgram(..) | Error::Slow(_) => false,
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        Error::Refused(refusal)
    }
}

impl Post {
    /// Sends a mail, or says by then why that cannot be done.
    pub fn send(&self, delivery: &Delivery, end: Instant) -> Result<(), Undelivered> {
        let sent = match &delivery.carrier {
            Carrier::Program(program) => pipe(program, delivery, end),
            Carrier::Server { host, port, encryption, ca_file, login, hello } => {
                let plan = plan(delivery, (hello, login.as_ref()), *encryption);
                let place = (host.as_str(), *port);
                self.submit(place, (*encryption, ca_file.as_deref()), plan, end)
            }
        };
        sent.map_err(|error| Undelivered {
            is_final: error.is_final(),
            why: discreet(&error.to_string(), &delivery.to),
        })
    }

    /// Hands a mail to a mail server.
    fn submit(
        &self,
        (host, port): (&str, u16),
        (encryption, ca_file): (Encryption, Option<&Path>),
        plan: Plan,
        end: Instant,
    ) -> Result<(), Error> {
        let mut dialogue = Dialogue::new(plan);
        let io = |error| Error::Io(Step::Greeting, error);
        let stream = connect(host, port, end).map_err(io)?;
        let socket = stream.try_clone().map_err(io)?;
        match encryption {
            Encryption::Implicit => {
                let mut secure = self.encrypt(stream, host, ca_file)?;
                talk(&mut dialogue, &mut secure, &socket, end)?;
            }
            Encryption::None => {
                let mut plain = stream;
                talk(&mut dialogue, &mut plain, &socket, end)?;
            }
            Encryption::Starttls => {
                let mut plain = stream;
                talk(&mut dialogue, &mut plain, &socket, end)?;
                let mut secure = self.encrypt(plain, host, ca_file)?;
                talk(&mut dialogue, &mut secure, &socket, end)?;
            }
        }
        Ok(())
    }

    fn encrypt(
        &self,
        stream: TcpStream,
        host: &str,
        ca_file: Option<&Path>,
    ) -> Result<StreamOwned<ClientConnection, TcpStream>, Error> {
        let tls = |error: &dyn fmt::Display| Error::Tls(error.to_string());
        let trust = self.trust.client(ca_file).map_err(|error| tls(&error))?;
        let name = ServerName::try_from(host.to_owned()).map_err(|error| tls(&error))?;
        let session = ClientConnection::new(trust, name).map_err(|error| tls(&error))?;
        Ok(StreamOwned::new(session, stream))
    }
}

fn plan(
    delivery: &Delivery,
    (hello, login): (&str, Option<&(String, Secret)>),
    encryption: Encryption,
) -> Plan {
    Plan {
        hello: hello.to_owned(),
        starttls: encryption == Encryption::Starttls,
        login: login.map(|(user, password)| (user.clone(), password.expose().to_owned())),
        from: delivery.from.clone(),
        to: delivery.to.clone(),
        message: delivery.message.expose().to_owned(),
    }
}

/// Carries a dialogue on until the mail has been taken, or the connection is to be encrypted. `socket` is
/// what carries the stream.
fn talk<S: Read + Write>(
    dialogue: &mut Dialogue,
    stream: &mut S,
    socket: &TcpStream,
    end: Instant,
) -> Result<(), Error> {
    let mut piece = [0; PIECE];
    loop {
        let step = dialogue.step();
        let io = |error: io::Error| match error.get_ref() {
            // What TLS has to say about the other side comes so.
            Some(inner) if inner.is::<rustls::Error>() => Error::Tls(inner.to_string()),
            _ => Error::Io(step, error),
        };
        let rest = left(end).map_err(io)?;
        socket.set_read_timeout(Some(rest)).map_err(io)?;
        socket.set_write_timeout(Some(rest)).map_err(io)?;
        match dialogue.take_next() {
            Next::Read => {
                let length = stream.read(&mut piece).map_err(io)?;
                if length == 0 {
                    return Err(io(ErrorKind::UnexpectedEof.into()));
                }
                dialogue.hear(piece.get(..length).unwrap_or_default())?;
            }
            Next::Send(bytes) => {
                stream.write_all(&bytes).and_then(|()| stream.flush()).map_err(io)?;
            }
            Next::Encrypt => return Ok(()),
            Next::Done(bytes) => {
                // The mail has been taken, whatever becomes of the goodbye.
                drop(stream.write_all(&bytes).and_then(|()| stream.flush()));
                return Ok(());
            }
        }
    }
}

/// Gives a mail to a program. What that says is not looked at: it may name the recipient.
fn pipe(program: &Path, delivery: &Delivery, end: Instant) -> Result<(), Error> {
    let failed = |error| Error::NoProgram(program.into(), error);
    let mut child = Command::new(program)
        .args(["-i", "-f", &delivery.from, "--", &delivery.to])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    let message = delivery.message.expose().replace("\r\n", "\n");
    match feed(&mut child, message.as_bytes(), end).map_err(failed)? {
        Some(Some(0)) => Ok(()),
        Some(code) => Err(Error::Ended(program.into(), code)),
        None => Err(Error::Slow(program.into())),
    }
}

/// Writes to a program, and waits for its end: its code, or nothing if it has not ended by then and has been
/// killed. One that has read only a part, and is content, has what it needs.
fn feed(child: &mut Child, mut text: &[u8], end: Instant) -> io::Result<Option<Option<i32>>> {
    let mut input = child.stdin.take();
    if let Some(input) = &input {
        unblock(input)?;
    }
    loop {
        match input.as_mut().map(|input| input.write(text)) {
            Some(Ok(written)) => text = text.get(written..).unwrap_or_default(),
            Some(Err(error))
                if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
            // It does not read any more.
            Some(Err(_)) => text = &[],
            None => (),
        }
        if text.is_empty() {
            input = None;
        }
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status.code()));
        }
        if Instant::now() >= end {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(LOOK);
    }
}

/// Has a write to a program return though nobody reads: whatever the program has started may hold the other
/// end of the pipe, for longer than it runs itself.
#[cfg(unix)]
fn unblock(input: &ChildStdin) -> io::Result<()> {
    Ok(rustix::io::ioctl_fionbio(input, true)?)
}

#[cfg(not(unix))]
fn unblock(_: &ChildStdin) -> io::Result<()> {
    Ok(())
}

/// A text without what is before the @ of the recipient's address, which a mail server may repeat.
fn discreet(text: &str, to: &str) -> String {
    let user = to.rsplit_once('@').map_or(to, |parts| parts.0);
    let words = text.split(' ').map(|word| {
        let bare = word.trim_matches(|c: char| c.is_ascii_punctuation());
        if word.contains('@') {
            format!("…@{}", mail::host(to))
        } else if bare.eq_ignore_ascii_case(user) && !bare.is_empty() {
            word.replace(bare, "…")
        } else {
            word.to_owned()
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// How often it is looked whether a program has ended, or takes more.
const LOOK: Duration = Duration::from_millis(20);

/// How much is read at once.
const PIECE: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_names_nobody() {
        for (text, told) in [
            ("550 5.1.1 <Bob@b.example>: no such user", "550 5.1.1 …@b.example no such user"),
            ("550 User bob, unknown; BOB", "550 User …, unknown; …"),
            ("the mail server refuses it: 451 later", "the mail server refuses it: 451 later"),
            ("550 rfc822;bob@b.example (x@y)", "550 …@b.example …@b.example"),
        ] {
            assert_eq!(discreet(text, "bob@b.example"), told);
        }
    }
}
