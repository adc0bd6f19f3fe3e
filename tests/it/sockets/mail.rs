//! Mail: what is made of good and bad mail servers and of programs, and the program itself, which sends codes
//! and believes them.

use super::process::{FILES, PLAIN, Process};
use crate::{
    client::{Client, PATIENCE},
    mail_server::{MailServer, Says, Tls},
};
use slircd::{
    config::{Secret, mail::Encryption},
    job::{Carrier, Delivery, Undelivered},
    wire::mail::Mail,
    work::mail::Post,
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

/// For answers that are not to come in time.
const SHORT: Duration = Duration::from_millis(300);

fn delivery(carrier: Carrier, to: &str) -> Delivery {
    let mail = Mail {
        from: "irc@test.example",
        name: "Test",
        to,
        subject: "Hello",
        text: "one\n.two\n..\n.\n",
        date: slircd::time::Wall(0),
        id: "1@test.example",
    };
    let message = Secret::new(&mail.message());
    let (from, to) = (mail.from.to_owned(), to.to_owned());
    Delivery { carrier, from, to, message, timeout: PATIENCE }
}

fn carrier(server: &MailServer, encryption: Encryption, login: bool) -> Carrier {
    Carrier::Server {
        host: "localhost".into(),
        port: server.address.port(),
        encryption,
        ca_file: Some(server.ca_file.clone()),
        login: login.then(|| ("me".to_owned(), Secret::new("geheim"))),
        hello: "irc.test.example".into(),
    }
}

fn send(server: &MailServer, encryption: Encryption, login: bool) -> Result<(), Undelivered> {
    let delivery = delivery(carrier(server, encryption, login), "alice@mail.example");
    Post::default().send(&delivery, Instant::now() + PATIENCE)
}

#[track_caller]
fn fails(how: Result<(), Undelivered>, is_final: bool, why: &str) {
    let undelivered = how.unwrap_err();
    assert_eq!(
        (undelivered.is_final, undelivered.why.contains(why)),
        (is_final, true),
        "{undelivered:?}"
    );
    assert!(!undelivered.why.contains("alice"), "{undelivered:?}");
}

#[test]
fn a_mail_server_takes_mail_however_it_is_encrypted() {
    for (tls, encryption, login, said) in [
        (Tls::Never, Encryption::None, None, None),
        (Tls::Starttls, Encryption::Starttls, Some("PLAIN"), Some(":me:geheim")),
        (Tls::Implicit, Encryption::Implicit, Some("LOGIN"), Some(":me:geheim")),
    ] {
        let server = MailServer::start(tls, login.unwrap_or(""), |_, _| Says::Usual);
        assert_eq!(send(&server, encryption, login.is_some()), Ok(()));
        let mail = server.mail();
        assert_eq!(
            (mail.from.as_str(), mail.to.as_str()),
            ("irc@test.example", "alice@mail.example")
        );
        assert_eq!((mail.login.as_deref(), mail.encrypted), (said, tls != Tls::Never));
        assert!(mail.message.ends_with("\n\none\n.two\n..\n.\n"), "{}", mail.message);
    }
}

#[test]
fn what_a_mail_server_refuses_is_tried_again_or_not_and_names_nobody() {
    let refused = |command: &'static str, line: &'static str, is_final, why: &str| {
        let server = MailServer::start(Tls::Never, "PLAIN", move |_, said| {
            if said.starts_with(command) { Says::Line(line) } else { Says::Usual }
        });
        fails(send(&server, Encryption::None, true), is_final, why);
    };
    refused("greet", "554 go away", false, "refuses the connection: 554 go away");
    refused("AUTH", "535 no, geheim is not it", false, "the user or the password (535)");
    refused("MAIL", "550 who are you", false, "refuses the sender: 550 who are you");
    let unknown = "550 5.1.1 <alice@mail.example> user alice unknown";
    refused("RCPT", unknown, true, "the recipient: 550 5.1.1 …@mail.example user … unknown");
    refused("RCPT", "451 later", false, "refuses the recipient: 451 later");
    refused(".", "554 spam", true, "refuses the message: 554 spam");
    refused(".", "452 full", false, "refuses the message: 452 full");
    refused("greet", "HTTP/1.1 200 OK", false, "is no SMTP");
}

#[test]
fn a_mail_server_that_is_slow_or_goes_away_is_not_waited_for() {
    for command in ["greet", "RCPT", "."] {
        let silent = MailServer::start(Tls::Never, "", move |_, said| {
            if said.starts_with(command) { Says::Nothing } else { Says::Usual }
        });
        let mail = delivery(carrier(&silent, Encryption::None, false), "alice@mail.example");
        let start = Instant::now();
        let how = Post::default().send(&mail, start + SHORT);
        assert!(!how.unwrap_err().is_final && start.elapsed() < PATIENCE);
        let gone = MailServer::start(Tls::Never, "", move |_, said| {
            if said.starts_with(command) { Says::HangUp } else { Says::Usual }
        });
        let why = if command == "greet" { "cannot be reached" } else { "has broken" };
        fails(send(&gone, Encryption::None, false), false, why);
    }
    let mut nobody = MailServer::new(Tls::Never);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let real = std::mem::replace(&mut nobody.address, free);
    fails(send(&nobody, Encryption::None, false), false, "cannot be reached");
    nobody.address = real;
}

#[test]
fn no_password_is_told_to_whom_nobody_vouches_for() {
    let other = MailServer::new(Tls::Never);
    for (tls, encryption) in
        [(Tls::Implicit, Encryption::Implicit), (Tls::Starttls, Encryption::Starttls)]
    {
        let server = MailServer::start(tls, "PLAIN", |_, said| {
            assert!(!said.starts_with("AUTH"), "{said}");
            Says::Usual
        });
        let Carrier::Server { host, port, login, hello, .. } = carrier(&server, encryption, true)
        else {
            panic!()
        };
        let ca_file = Some(other.ca_file.clone());
        let carrier = Carrier::Server { host, port, encryption, ca_file, login, hello };
        let mail = delivery(carrier, "alice@mail.example");
        fails(Post::default().send(&mail, Instant::now() + PATIENCE), false, "cannot be trusted");
    }
    // It does not offer TLS, be it that somebody in between has taken that out.
    let plain = MailServer::start(Tls::Never, "PLAIN", |_, said| {
        assert!(!said.starts_with("AUTH"), "{said}");
        Says::Usual
    });
    fails(send(&plain, Encryption::Starttls, true), false, "does not offer STARTTLS");
}

/// A program of a shell, in a folder that goes with it.
struct Script {
    folder: PathBuf,
}

impl Script {
    fn new(name: &str, text: &str) -> Script {
        use std::os::unix::fs::PermissionsExt;

        let folder = std::env::temp_dir().join(format!("slircd-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let script = Script { folder };
        let text = format!("#!/bin/sh\nfolder='{}'\n{text}\n", script.folder.display());
        fs::write(script.path(), text).unwrap();
        fs::set_permissions(script.path(), fs::Permissions::from_mode(0o700)).unwrap();
        script
    }

    fn path(&self) -> PathBuf {
        self.folder.join("sendmail")
    }

    fn run(&self, end: Instant) -> Result<(), Undelivered> {
        let mail = delivery(Carrier::Program(self.path()), "alice@mail.example");
        Post::default().send(&mail, end)
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.folder));
    }
}

#[test]
fn a_program_takes_mail_on_its_input() {
    let soon = || Instant::now() + PATIENCE;
    let script = Script::new("takes", "echo \"$@\" > $folder/args; cat > $folder/mail");
    assert_eq!(script.run(soon()), Ok(()));
    let read = |name: &str| fs::read_to_string(script.folder.join(name)).unwrap();
    assert_eq!(read("args"), "-i -f irc@test.example -- alice@mail.example\n");
    let mail = read("mail");
    assert!(
        mail.contains("\nSubject: Hello\n") && mail.ends_with("\n\none\n.two\n..\n.\n"),
        "{mail}"
    );
    let ends = |code: u8| {
        let script = Script::new(&format!("ends-{code}"), &format!("exit {code}"));
        script.run(soon())
    };
    fails(ends(67), true, "has ended with code 67");
    fails(ends(75), false, "has ended with code 75");
    let slow = Script::new("slow", "exec sleep 60");
    let start = Instant::now();
    fails(slow.run(start + SHORT), false, "takes too long");
    assert!(start.elapsed() < PATIENCE);
    // What it has started has its input, and does not read.
    let left = Script::new("left", "exec 3<&0; sleep 60 <&3 & echo $! > $folder/pid; exit 0");
    let start = Instant::now();
    let mail = delivery(Carrier::Program(left.path()), "alice@mail.example");
    let message = Secret::new(&"x".repeat(1 << 20));
    assert_eq!(Post::default().send(&Delivery { message, ..mail }, soon()), Ok(()));
    assert!(start.elapsed() < PATIENCE);
    let pid = fs::read_to_string(left.folder.join("pid")).unwrap();
    assert!(Command::new("kill").arg(pid.trim()).status().unwrap().success());
    let gone = Delivery {
        carrier: Carrier::Program(Path::new("/nowhere/sendmail").into()),
        ..delivery(Carrier::Program(slow.path()), "alice@mail.example")
    };
    fails(Post::default().send(&gone, soon()), false, "cannot be run");
}

/// Logs in by SASL PLAIN, and says whether that has gone well.
fn logs_in(client: &mut Client, name: &str, password: &str) -> bool {
    use base64::{Engine, engine::general_purpose::STANDARD};

    let message = STANDARD.encode(format!("\0{name}\0{password}"));
    client.send("CAP REQ sasl");
    client.send("AUTHENTICATE PLAIN");
    client.send(&format!("AUTHENTICATE {message}"));
    client.expect(" 90").contains(" 900 ")
}

#[test]
fn an_account_is_verified_and_its_lost_password_replaced() {
    // At first it has no time, and then the server that wants to send is killed.
    let server = MailServer::start(Tls::Starttls, "PLAIN", |number, said| match said {
        rcpt if rcpt.starts_with("RCPT") && number == 0 => Says::Line("451 4.3.0 not now, alice"),
        _ => Says::Usual,
    });
    let text = format!(
        "{PLAIN}[accounts]\nemail_required = true\n{}tls = \"starttls\"\nuser = \"me\"\npassword = \"geheim-9\"\nretry = \"1s\"\n[log]\nlevel = \"trace\"\n",
        server.config()
    );
    let mut process = Process::start(&text, FILES);
    let mut alice = process.user("alice");
    alice.send("REGISTER * alice@mail.example open-sesame");
    alice.expect("REGISTER VERIFICATION_REQUIRED alice ");
    assert!(!logs_in(&mut alice, "alice", "open-sesame"));
    process.logged("a mail to somebody at mail.example could not be sent");
    process.kill();
    process.again();
    let verify = server.mail();
    assert_eq!(verify.to, "alice@mail.example");
    assert!(verify.encrypted && verify.login.as_deref() == Some(":me:geheim-9"));
    let mut alice = process.user("alice");
    alice.send(verify.answer());
    alice.expect("VERIFY SUCCESS alice ");
    alice.send("NS SENDPASS alice");
    alice.expect("If alice is an account");
    let reset = server.mail();
    let mut bob = process.user("bob");
    assert!(logs_in(&mut bob, "alice", "open-sesame"));
    bob.send("QUIT");
    let mut bob = process.user("bob");
    bob.send(&format!("NS {}", reset.answer().replace("<new password>", "close-sesame")));
    bob.expect("alice has another password now");
    assert!(!logs_in(&mut bob, "alice", "open-sesame"));
    assert!(logs_in(&mut bob, "alice", "close-sesame"));
    process.signal("TERM");
    let said = std::mem::take(&mut process.said);
    let (status, ended) = process.end();
    let log = said + &ended;
    assert!(status.success(), "{log}");
    let code =
        |mail: &crate::mail_server::Mail| mail.answer().split(' ').nth(2).unwrap().to_owned();
    let (first, second) = (code(&verify), code(&reset));
    for secret in ["geheim-9", "sesame", &first, &second, "alice@"] {
        assert!(!log.contains(secret), "{secret} stands in the log:\n{log}");
    }
}
