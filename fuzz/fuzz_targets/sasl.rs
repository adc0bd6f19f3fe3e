//! What is read means the same when it is written and read again; who knows no password does not log in.
#![no_main]

use libfuzzer_sys::fuzz_target;
use slircd::{
    wire::{
        sasl::{self, MESSAGE_MAX, Pieces, Plain, Progress, Refusal},
        scram::{First, NONCE_LEN, Verifier},
        totp,
    },
    work::password,
};

fuzz_target!(|bytes: &[u8]| {
    messages(bytes);
    scram(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    pieces(text);
    for line in text.lines() {
        stored(line);
    }
});

/// The parameters of AUTHENTICATE, one in a line.
fn pieces(text: &str) {
    let mut incoming = Pieces::default();
    for line in text.lines() {
        match incoming.push(line) {
            Ok(Progress::Whole(message)) => {
                assert!(message.len() <= MESSAGE_MAX / 4 * 3);
                assert_eq!(join(&sasl::pieces(&message)), Ok(Progress::Whole(message)));
            }
            Ok(Progress::More | Progress::Aborted) | Err(_) => (),
        }
    }
}

fn join(lines: &[String]) -> Result<Progress, Refusal> {
    let (last, full) = lines.split_last().expect("a message is one line at least");
    let mut incoming = Pieces::default();
    for line in full {
        match incoming.push(line) {
            Ok(Progress::More) => (),
            other => return other,
        }
    }
    incoming.push(last)
}

fn messages(bytes: &[u8]) {
    if let Ok(plain) = Plain::parse(bytes) {
        let Plain { authzid, authcid, password } = plain;
        let again = format!("{}\0{authcid}\0{password}", authzid.unwrap_or_default());
        assert_eq!(again.as_bytes(), bytes);
    }
    if let Ok(name) = sasl::external(bytes) {
        assert_eq!(name.unwrap_or_default().as_bytes(), bytes);
    }
}

/// Two messages of a client, a line each.
fn scram(bytes: &[u8]) {
    let mut lines = bytes.splitn(2, |byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    let Ok(first) = First::parse(first) else { return };
    assert!(!first.name.is_empty() && first.authzid.as_deref() != Some(""));
    let verifier = Verifier::decoy(b"secret", &first.name, 1);
    let (challenge, exchange) = first.challenge(&[7; NONCE_LEN], verifier);
    assert!(challenge.starts_with("r=") && challenge.ends_with(",i=1"));
    let error = exchange.finish(lines.next().unwrap_or_default()).expect_err("nobody knows it");
    assert!(error.to_string().starts_with("e="));
}

fn stored(line: &str) {
    if let Some(verifier) = Verifier::parse(line) {
        let text = verifier.to_string();
        assert_eq!(Verifier::parse(&text).expect("it was written").to_string(), text);
        assert!(password::check(line).is_ok());
    }
    // What it is read as is tried by the tests: it may take seconds.
    if password::check(line).is_err() {
        assert!(password::needs_upgrade(line));
    }
    if let Some(bytes) = totp::unbase32(line) {
        assert_eq!(totp::base32(&bytes), line.to_ascii_uppercase());
    }
    if let Some(digest) = totp::recovery_digest(line) {
        assert_eq!(digest.len(), 64);
    }
}
