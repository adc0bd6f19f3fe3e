//! Frames give the same lines in whatever pieces they come; a request is read or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use slircd::wire::{
    upgrade,
    websocket::{Frames, Kind, Progress, Violation},
};

fuzz_target!(|bytes: &[u8]| {
    let Some((size, bytes)) = bytes.split_first() else { return };
    request(bytes);
    let size = usize::from(*size) + 1;
    let whole = decode(bytes, bytes.len().max(1));
    assert_eq!(decode(bytes, size), whole, "in pieces of {size}");
    for kind in [Kind::Text, Kind::Binary] {
        let mut out = Vec::new();
        Frames::new(Some(kind)).encode(bytes, &mut out);
        assert!(out.len() <= bytes.len() * 3 + 10 * (bytes.len() + 1));
    }
});

/// The lines, and how it ended.
fn decode(bytes: &[u8], size: usize) -> (Vec<u8>, Result<Progress, Violation>) {
    let (mut frames, mut lines) = (Frames::new(None), Vec::new());
    let mut end = Ok(Progress::Open);
    for piece in bytes.chunks(size) {
        let mut replies = Vec::new();
        end = frames.decode(piece, &mut lines, &mut replies);
        assert!(replies.len() <= 4 + 127, "{} bytes of answers", replies.len());
        if end != Ok(Progress::Open) {
            break;
        }
    }
    assert!(lines.len() <= bytes.len());
    (lines, end)
}

fn request(bytes: &[u8]) {
    match upgrade::parse(bytes, 0) {
        Ok(Some((len, request))) => {
            assert!(len <= bytes.len());
            let mut answer = Vec::new();
            request.accept(&mut answer);
            assert!(answer.ends_with(b"\r\n\r\n"));
            let text = String::from_utf8(answer).expect("an answer is text");
            assert_eq!(text.matches("\r\n\r\n").count(), 1, "one answer");
            let forwarded = request.forwarded(|ip| ip.is_loopback());
            assert!(forwarded.is_ok() || forwarded == Err(upgrade::Refusal::Malformed));
        }
        Ok(None) => assert!(bytes.len() < upgrade::REQUEST_MAX),
        Err(refusal) => assert!(refusal.response().starts_with("HTTP/1.1 4")),
    }
}
