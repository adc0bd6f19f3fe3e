//! Prints a dictionary for a fuzz target, made from the tables: `dictionary session`, `dictionary config`.

use slircd::{command, config, network::mode, wire::cap};
use std::collections::BTreeSet;

fn main() {
    let mut words = BTreeSet::new();
    let target = std::env::args().nth(1);
    match target.as_deref() {
        Some("config") => {
            for key in config::schema::keys() {
                words.insert(format!("[{}]\n", key.table));
                words.insert(format!("[[{}]]\n", key.table));
                words.insert(format!("{} = ", key.name));
            }
            words.extend(["\"127.0.0.1:0\"", "true", "false", "[]", "\"1h\""].map(str::to_owned));
        }
        Some("proxy") => {
            let parts = ["PROXY ", "TCP4 ", "TCP6 ", "UNKNOWN", "192.0.2.1 ", "::1 ", "\r\n"];
            words.extend(parts.map(str::to_owned));
            words.insert("\r\n\r\n\0\r\nQUIT\n!".into());
        }
        Some("websocket") => {
            let parts = [
                "GET / HTTP/1.1\r\n",
                "Upgrade: websocket\r\n",
                "Connection: upgrade\r\n",
                "Sec-WebSocket-Version: 13\r\n",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
                "Sec-WebSocket-Protocol: ",
                "X-Forwarded-For: ",
                "Forwarded: for=",
                "Origin: ",
            ];
            words.extend(parts.map(str::to_owned));
        }
        Some("sasl") => {
            let parts =
                ["n,,", "y,,", "n,a=", "p=", "n=", ",r=", "m=", "=2C", "=3D", "c=biws", ",p="];
            words.extend(parts.map(str::to_owned));
            let hashes = [
                "$argon2id$v=19$m=8,t=1,p=1$",
                "$2a$04$",
                "$1$",
                "$5$rounds=1000$",
                "$6$",
                "$z$65$1$",
                "$rawsha1$",
                "$base64$",
                "$anope$enc_sha256$",
                "SCRAM-SHA-256$1:",
                "bcrypt:",
                "ergo:",
                "hmac-sha256:",
                "raw-sha512:",
                "plain:",
                "posix:",
            ];
            words.extend(hashes.map(str::to_owned));
        }
        Some("smtp") => {
            let parts = [
                "220 ",
                "250-",
                "250 ",
                "334 ",
                "235 ",
                "354 ",
                "550 ",
                "\r\n",
                "STARTTLS",
                "AUTH PLAIN",
                "AUTH=LOGIN",
                "SMTPUTF8",
            ];
            words.extend(parts.map(str::to_owned));
        }
        Some("http") => {
            let parts = [
                "HTTP/1.1 200 OK\r\n",
                "HTTP/1.1 100 Continue\r\n\r\n",
                "Content-Length: ",
                "Transfer-Encoding: chunked\r\n",
                "\r\n\r\n",
                "3\r\nyes\r\n",
                "0\r\n",
                "https://[::1]:443/",
            ];
            words.extend(parts.map(str::to_owned));
        }
        Some(_) => session(&mut words),
        None => {
            eprintln!("dictionary: name a fuzz target");
            std::process::exit(2);
        }
    }
    for word in words {
        println!("\"{}\"", escaped(&word));
    }
}

fn session(words: &mut BTreeSet<String>) {
    for command in command::TABLE.iter() {
        words.insert(format!("{} ", command.name));
        words.insert(format!("\n1{} ", command.name));
        words.insert(format!("\n2{} ", command.name));
    }
    words.extend(cap::ALL.iter().map(|cap| cap.name.to_owned()));
    for row in mode::CHANNEL {
        words.insert(format!("\n2MODE #a +{} ", row.letter));
    }
    for row in mode::USER {
        words.insert(format!("\n2MODE anna +{} ", row.letter));
    }
    let names =
        ["#a", "root", "anna", "stan", "*!*@*", "\n0", "\n1", "\n2", "\nt", "\nc", "@label=x "];
    words.extend(names.map(str::to_owned));
}

/// As libFuzzer reads it.
fn escaped(word: &str) -> String {
    let mut text = String::new();
    for byte in word.bytes() {
        match byte {
            b'"' | b'\\' => text.extend(['\\', char::from(byte)]),
            b' '..=b'~' => text.push(char::from(byte)),
            other => text += &format!("\\x{other:02x}"),
        }
    }
    text
}
