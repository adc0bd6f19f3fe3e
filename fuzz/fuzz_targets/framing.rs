//! The lines in some bytes are the same in whatever pieces the bytes come.
#![no_main]

use libfuzzer_sys::fuzz_target;
use slircd::wire::framing::{Framing, LINE_MAX, Piece};

fuzz_target!(|bytes: &[u8]| {
    let Some((size, bytes)) = bytes.split_first() else { return };
    let size = usize::from(*size) * 37 + 1;
    // Long lines are out of a fuzzer's reach, so that a few of them are made here.
    let long = |byte: &u8| if *byte == 0xff { vec![b'x'; 1500] } else { vec![*byte] };
    let text: Vec<u8> = bytes.iter().flat_map(long).take(TEXT_MAX).collect();
    // In few enough pieces: what is kept is looked through again with each.
    let size = size.max(text.len() / PIECES_MAX);
    assert_eq!(lines(&text, size), lines(&text, text.len().max(1)), "in pieces of {size}");
});

const PIECES_MAX: usize = 1000;

/// Enough for a line without end, and little enough to be quick.
const TEXT_MAX: usize = 100_000;

/// What is found, up to the end or to a line that has none.
fn lines(text: &[u8], size: usize) -> Vec<Option<Vec<u8>>> {
    let (mut framing, mut kept, mut found) = (Framing::default(), Vec::new(), Vec::new());
    for chunk in text.chunks(size) {
        kept.extend_from_slice(chunk);
        loop {
            let (taken, piece) = framing.next(&kept);
            let line = match piece {
                Piece::Line(line) => Some(line.to_vec()),
                Piece::TooLong => None,
                Piece::Partial => {
                    kept.drain(..taken);
                    break;
                }
                Piece::Endless => return found,
            };
            found.push(line);
            kept.drain(..taken);
        }
        assert!(kept.len() <= LINE_MAX, "{} bytes are kept", kept.len());
    }
    found
}
