//! Bytes into lines, for a transport that keeps what is unfinished.

use super::tags::CLIENT_MAX;

/// The longest message without its tags, its end included (RFC 2812 §2.3).
pub const BODY_MAX: usize = 512;

/// The longest unfinished line that is kept: tags with `@` and space, and a body.
pub const LINE_MAX: usize = CLIENT_MAX + 2 + BODY_MAX;

/// The longest line that is thrown away; whoever sends more is disconnected.
const SKIPPED_MAX: usize = 16 << 10;

/// What stands at the beginning of the bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Piece<'a> {
    /// A line, without its end.
    Line(&'a [u8]),
    /// A line longer than allowed, which has been thrown away.
    TooLong,
    /// The end of a line has not come yet.
    Partial,
    /// More than any line may have, and no end of it.
    Endless,
}

/// Finds lines. Remembers only how much of a line too long has been thrown away.
#[derive(Clone, Copy, Debug, Default)]
pub struct Framing {
    skipped: u32,
}

impl Framing {
    /// The first piece, and how many bytes it takes. Lines end with `\n` or `\r\n`; empty ones are left
    /// to the parser.
    pub fn next<'a>(&mut self, bytes: &'a [u8]) -> (usize, Piece<'a>) {
        let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
            return self.unfinished(bytes);
        };
        let line = bytes.get(..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let skipped = std::mem::take(&mut self.skipped);
        let piece = match skipped {
            0 if fits(line) => Piece::Line(line),
            _ if skipped as usize + end > SKIPPED_MAX => Piece::Endless,
            _ => Piece::TooLong,
        };
        (end + 1, piece)
    }

    fn unfinished<'a>(&mut self, bytes: &[u8]) -> (usize, Piece<'a>) {
        if bytes.len() <= LINE_MAX && self.skipped == 0 {
            return (0, Piece::Partial);
        }
        self.skipped = self.skipped.saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        let endless = self.skipped as usize > SKIPPED_MAX;
        (bytes.len(), if endless { Piece::Endless } else { Piece::Partial })
    }
}

fn fits(line: &[u8]) -> bool {
    let (tags, body) = match line.strip_prefix(b"@") {
        Some(tagged) => {
            let end = tagged.iter().position(|byte| *byte == b' ').unwrap_or(tagged.len());
            (end, tagged.len().saturating_sub(end + 1))
        }
        None => (0, line.len()),
    };
    tags <= CLIENT_MAX && body <= BODY_MAX - 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[u8], size: usize) -> Vec<String> {
        let (mut framing, mut kept, mut found) = (Framing::default(), Vec::new(), Vec::new());
        for chunk in text.chunks(size) {
            kept.extend_from_slice(chunk);
            loop {
                let (taken, piece) = framing.next(&kept);
                let over = matches!(piece, Piece::Partial | Piece::Endless);
                found.extend(match piece {
                    Piece::Line(line) => Some(String::from_utf8_lossy(line).into_owned()),
                    Piece::TooLong => Some("too long".into()),
                    Piece::Endless => Some("endless".into()),
                    Piece::Partial => None,
                });
                kept.drain(..taken);
                if over {
                    break;
                }
            }
        }
        found
    }

    #[test]
    fn lines_end_in_either_way_and_the_rest_waits() {
        assert_eq!(all(b"A\r\nB\n\nC\nD", 100), ["A", "B", "", "C"]);
    }

    #[test]
    fn a_line_may_be_just_so_long() {
        let body = "x".repeat(510);
        assert_eq!(all(format!("{body}\r\nA\r\n").as_bytes(), 9999), [body.as_str(), "A"]);
        assert_eq!(all(format!("{body}x\r\nA\r\n").as_bytes(), 9999), ["too long", "A"]);
        let tags = "t".repeat(4094);
        assert_ne!(all(format!("@{tags} {body}\r\n").as_bytes(), 9999), ["too long"]);
        assert_eq!(all(format!("@{tags}t A\r\n").as_bytes(), 9999), ["too long"]);
        assert_eq!(all(format!("@a {body}x\r\n").as_bytes(), 9999), ["too long"]);
    }

    #[test]
    fn a_line_much_too_long_is_thrown_away_and_an_endless_one_ends_the_connection() {
        let long = "x".repeat(SKIPPED_MAX);
        assert_eq!(all(format!("{long}\nA\n").as_bytes(), 1000), ["too long", "A"]);
        for size in [1000, 99_999] {
            let (endless, ended) = (long.clone() + "x", format!("{long}x\n"));
            assert_eq!(all(endless.as_bytes(), size), ["endless"]);
            assert_eq!(all(ended.as_bytes(), size).first().map(String::as_str), Some("endless"));
        }
    }

    #[test]
    fn any_chunking_gives_the_same_lines() {
        let text = b"one\r\ntwo\n\n\rthree\r\n@a=b four\r\n\r\nfive\n";
        for size in 1..text.len() {
            assert_eq!(all(text, size), all(text, text.len()), "in pieces of {size}");
        }
    }
}
