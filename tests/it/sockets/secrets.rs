//! Nothing that is secret is ever logged, however much is: not when it is right, wrong or malformed.

use super::process::{FILES, PLAIN, Process, SECURE};
use crate::{cli::slircd, client::Client};
use base64::{Engine, engine::general_purpose::STANDARD};
use slircd::work::password;

/// What every password here holds.
const SECRET: &str = "hunter2";

/// Everything that a client can say a password in.
fn say_all(client: &mut Client, nick: &str) {
    let plain = STANDARD.encode(format!("\0{nick}\0{SECRET}-right"));
    let wrong = STANDARD.encode(format!("{nick}\0{nick}\0{SECRET}-wrong"));
    let scram = STANDARD.encode(format!("n,,n={nick},r={SECRET}"));
    let lines = [
        format!("REGISTER * * {SECRET}-right"),
        format!("VERIFY {nick} {SECRET}-code"),
        "CAP REQ sasl".into(),
        "AUTHENTICATE PLAIN".into(),
        format!("AUTHENTICATE {wrong}"),
        "AUTHENTICATE PLAIN".into(),
        format!("AUTHENTICATE {SECRET}:not-base64"),
        "AUTHENTICATE SCRAM-SHA-256".into(),
        format!("AUTHENTICATE {scram}"),
        format!("AUTHENTICATE {}", STANDARD.encode(SECRET)),
        format!("AUTHENTICATE {SECRET}"),
        "AUTHENTICATE PLAIN".into(),
        format!("AUTHENTICATE {plain}"),
        format!("PASS {nick}:{SECRET}-right"),
        format!("OPER root {SECRET}-wrong"),
        format!("OPER root {SECRET}-right"),
        format!("OS FORBID ADD password {SECRET}*right* known to others"),
        "OS FORBID LIST password".into(),
        format!("NS SETPASS {nick} {SECRET}-right"),
        format!("OS FORBID DEL  password {SECRET}*right*"),
        format!("NS IDENTIFY {nick} {SECRET}-wrong"),
        format!("PRIVMSG NickServ :IDENTIFY {SECRET}-right"),
        format!("PRIVMSG NickServ :IDENTIFY {nick} {SECRET}-right too many words {SECRET}"),
        format!("NICKSERV REGISTER {SECRET}-right"),
        format!("NS GHOST {nick} {SECRET}-right"),
        format!("NS RECOVER {nick} {SECRET}-right"),
        format!("NS REGAIN {nick} {SECRET}-right"),
        format!("NS UNREGISTER {nick} {SECRET}-code"),
        format!("NS 2FA TOTP DEL {SECRET}-code"),
        format!("2FA ADD totp phone {SECRET}-code"),
        "2FA CHALLENGE totp".into(),
        format!("2FA ADD totp phone {SECRET}-code"),
        format!("NS {SECRET}"),
        format!("WEBIRC {SECRET} gateway host.example 192.0.2.1"),
        format!("JOIN #a {SECRET}-key"),
        format!("MODE #a +k {SECRET}-key"),
        format!("{SECRET} is typed where a command belongs"),
    ];
    for line in lines {
        client.send(&line);
    }
    client.barrier();
}

#[test]
fn no_secret_is_logged() {
    let hash = password::hash(&format!("{SECRET}-right")).unwrap();
    let more = format!(
        "[[oper]]\nname = \"root\"\npassword = \"{hash}\"\n\
         [[webirc]]\nname = \"web\"\npassword = \"{SECRET}-web\"\nhosts = [\"127.0.0.1\"]\n\
         [[class]]\nname = \"closed\"\nhosts = [\"198.51.100.1\"]\npassword = \"{hash}\"\n\
         [cloak]\nsecret = \"{SECRET}-0123456789-0123456789-0123456789\"\n\
         [limits]\nflood_burst = 1000000\nlogin_burst = 1000\n\
         [log]\nlevel = \"trace\"\n"
    );
    let process = Process::start(&format!("{PLAIN}{SECURE}{more}"), FILES);
    let mut first = process.connect();
    first.send(&format!("PASS nobody:{SECRET}"));
    first.register("alice");
    say_all(&mut first, "alice");
    let mut second = Client::secure_local(&process.folder.join("secure.sock")).0;
    second.register("bob");
    second.send("CAP REQ sasl");
    second.send("AUTHENTICATE EXTERNAL");
    second.send("AUTHENTICATE +");
    say_all(&mut second, "bob");
    let config = process.folder.join("slircd.toml");
    let words = ["account", "reset-password", "alice", "-c", config.to_str().unwrap()];
    assert!(slircd(&words, &format!("{SECRET}-reset\n")).status.success());
    process.write("slircd.toml", &format!("[storage]\npath = \"FOLDER/data\"\n[cloak]\nsecret = \"{SECRET}\"\npepper = \"{SECRET}\"\n"));
    process.signal("HUP");
    first.send("REHASH");
    first.barrier();
    process.signal("TERM");
    first.until_the_end();
    let (status, log) = process.end();
    assert!(status.success() && log.contains("is an operator of class admin now"), "{log}");
    assert!(log.contains("command line: "), "what the command line does is noted: {log}");
    // The last is how what an app is shown begins, in base 64.
    for secret in [SECRET, "$argon2", "SCRAM-SHA-256$", "otpauth", "eyJ0eXBlIjoidG90cCIs"] {
        let told: Vec<&str> = log.lines().filter(|line| line.contains(secret)).collect();
        assert!(told.is_empty(), "{secret}: {told:#?}");
    }
    for text in [format!("\0alice\0{SECRET}-right"), SECRET.to_owned()] {
        let text = STANDARD.encode(text);
        assert!(!log.contains(text.trim_end_matches('=')), "{text} in {log}");
    }
}
