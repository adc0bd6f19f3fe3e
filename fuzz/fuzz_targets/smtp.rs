//! Whatever a mail server says, in whatever pieces, the same is said to it; it is told a password only once
//! the connection is encrypted where that is wanted, and what cannot be a reply ends the dialogue.
#![no_main]

use libfuzzer_sys::fuzz_target;
use slircd::wire::smtp::{Dialogue, Next, Plan, Refusal};

/// What is done while the server says these, one after the other, and how it ends.
fn play<'a>(
    starttls: bool,
    pieces: impl Iterator<Item = &'a [u8]>,
) -> (Vec<Next>, Result<(), Refusal>) {
    let mut dialogue = Dialogue::new(Plan {
        hello: "irc.example".into(),
        starttls,
        login: Some(("me".into(), "sesame".into())),
        from: "irc@example.org".into(),
        to: "a@b.example".into(),
        message: "Subject: x\r\n\r\n.\r\n".into(),
    });
    let mut done = Vec::new();
    for piece in pieces {
        if let Err(refusal) = dialogue.hear(piece) {
            return (done, Err(refusal));
        }
        loop {
            match dialogue.take_next() {
                Next::Read => break,
                end @ Next::Done(_) => {
                    done.push(end);
                    return (done, Ok(()));
                }
                next => done.push(next),
            }
        }
    }
    (done, Ok(()))
}

fuzz_target!(|bytes: &[u8]| {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let starttls = first & 1 == 1;
    // A server that waits for its turn: line by line, and byte by byte.
    let (lines, how) = play(starttls, bytes.split_inclusive(|byte| *byte == b'\n'));
    assert_eq!(play(starttls, bytes.chunks(1)), (lines.clone(), how));
    let at = |wanted: &dyn Fn(&Next) -> bool| lines.iter().position(wanted);
    let told = at(&|next| matches!(next, Next::Send(said) if said.starts_with(b"AUTH ")));
    let encrypted = at(&|next| *next == Next::Encrypt);
    assert!(!starttls || told.is_none() || encrypted < told && encrypted.is_some());
    // No step is repeated but the greeting, which comes again after TLS.
    assert!(lines.len() <= 11, "{lines:?}");
    // All at once is a server that does not wait, and never gets further than one that does.
    let (once, _) = play(starttls, std::iter::once(bytes));
    assert!(lines.starts_with(&once), "{once:?} {lines:?}");
});
