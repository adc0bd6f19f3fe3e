//! A line is read, and what was read is written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use slircd::wire::{
    cap::CapSet,
    encode::Msg,
    framing::BODY_MAX,
    message::{self, PARAMS_MAX},
    tags,
};

fuzz_target!(|bytes: &[u8]| {
    let Ok(line) = std::str::from_utf8(bytes) else { return };
    let Some(message) = message::parse(line) else { return };
    assert!(message.args.len() <= PARAMS_MAX && !message.verb.is_empty());
    for (key, value) in message.tags.iter() {
        let plain = tags::unescape(value);
        // Of a value only what cannot be written is lost.
        let written = plain.replace('\0', "");
        assert_eq!(tags::unescape(&tags::escape(&plain)), written, "{key}");
    }
    let client_only = message.tags.client_only(&[]);
    assert!(client_only.len() <= line.len() && !client_only.contains(['\r', '\n', '\0']));
    let args: Vec<&str> = message.args.iter().collect();
    // The verb of what is sent is always one of the server's own.
    let mut msg = Msg::bare("VERB");
    let (last, middle) =
        args.split_last().map_or((None, &[][..]), |(last, rest)| (Some(last), rest));
    for arg in middle {
        msg = msg.param(arg);
    }
    if let Some(last) = last {
        msg = msg.text(last);
    }
    let mut out = Vec::new();
    msg.encode(CapSet::EMPTY, &mut out);
    let text = std::str::from_utf8(&out).expect("what is sent is UTF-8");
    assert!(text.len() <= BODY_MAX, "{} bytes", text.len());
    let text = text.strip_suffix("\r\n").expect("a line has an end");
    assert!(!text.contains(['\r', '\n', '\0']));
    // A character is not cut in two, so up to three bytes less may be what is left of more.
    if text.len() + 2 + 3 < BODY_MAX && !line.contains(['\r', '\n', '\0']) {
        let again = message::parse(text).expect("what is sent is a message");
        assert_eq!(again.args.len(), args.len());
        assert_eq!(again.args.iter().last(), args.last().copied());
    }
});
