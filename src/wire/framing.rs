//! Bytes into lines, for a transport that keeps what is unfinished.

use super::tags::CLIENT_MAX;

/// The longest message without its tags, its end included (RFC 2812 §2.3).
pub const BODY_MAX: usize = 512;

/// The longest unfinished line that is kept: tags with `@` and space, and a body.
pub const LINE_MAX: usize = CLIENT_MAX + 2 + BODY_MAX;

/// What stands at the beginning of the bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Frame<'a> {
    /// A line, without its end.
    Line(&'a [u8]),
    /// A line longer than allowed, which is to be thrown away.
    TooLong,
    /// More than a line may have, and no end of it.
    Endless,
}

/// Takes the first line off the bytes: what it is, and how many bytes it takes. `None` if its end has
/// not come yet. Lines end with `\n` or `\r\n`; empty ones are passed over.
pub fn next(bytes: &[u8]) -> Option<(Frame<'_>, usize)> {
    let skipped = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let bytes = bytes.get(skipped..)?;
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
        return (bytes.len() > LINE_MAX).then_some((Frame::Endless, skipped + bytes.len()));
    };
    let line = bytes.get(..end)?;
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let frame = if fits(line) { Frame::Line(line) } else { Frame::TooLong };
    Some((frame, skipped + end + 1))
}

fn fits(line: &[u8]) -> bool {
    if line.len() <= BODY_MAX - 2 && line.first() != Some(&b'@') {
        return true;
    }
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

    fn all(mut bytes: &[u8]) -> (Vec<Frame<'_>>, &[u8]) {
        let mut frames = Vec::new();
        while let Some((frame, taken)) = next(bytes) {
            frames.push(frame);
            bytes = &bytes[taken..];
        }
        (frames, bytes)
    }

    #[test]
    fn lines_end_in_either_way_and_the_rest_waits() {
        let (frames, rest) = all(b"A\r\nB\n\r\n\nC\nD");
        assert_eq!(frames, [Frame::Line(b"A"), Frame::Line(b"B"), Frame::Line(b"C")]);
        assert_eq!(rest, b"D");
    }

    #[test]
    fn a_line_may_be_just_so_long() {
        let body = "x".repeat(510);
        assert_eq!(all(format!("{body}\r\n").as_bytes()).0, [Frame::Line(body.as_bytes())]);
        assert_eq!(
            all(format!("{body}x\r\nA\r\n").as_bytes()).0,
            [Frame::TooLong, Frame::Line(b"A")]
        );
        let tags = "t".repeat(4094);
        assert!(matches!(all(format!("@{tags} {body}\r\n").as_bytes()).0[..], [Frame::Line(_)]));
        assert_eq!(all(format!("@{tags}t A\r\n").as_bytes()).0, [Frame::TooLong]);
        assert_eq!(all(format!("@a {body}x\r\n").as_bytes()).0, [Frame::TooLong]);
    }

    #[test]
    fn an_unfinished_line_is_kept_just_so_long() {
        assert_eq!(next(&vec![b'x'; LINE_MAX]), None);
        assert_eq!(next(&vec![b'x'; LINE_MAX + 1]), Some((Frame::Endless, LINE_MAX + 1)));
    }

    #[test]
    fn any_chunking_gives_the_same_lines() {
        let text = b"one\r\ntwo\n\n\rthree\r\n@a=b four\r\n\r\nfive\n";
        let (whole, _) = all(text);
        for size in 1..text.len() {
            let (mut kept, mut lines) = (Vec::new(), Vec::new());
            for chunk in text.chunks(size) {
                kept.extend_from_slice(chunk);
                while let Some((frame, taken)) = next(&kept) {
                    if let Frame::Line(line) = frame {
                        lines.push(line.to_vec());
                    }
                    kept.drain(..taken);
                }
            }
            let expected: Vec<Vec<u8>> = whole
                .iter()
                .map(|f| if let Frame::Line(l) = f { l.to_vec() } else { vec![] })
                .collect();
            assert_eq!(lines, expected, "in pieces of {size}");
        }
    }
}
