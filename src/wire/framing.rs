//! Lines out of bytes (a stand-in until the real one is merged).

/// What is found.
#[derive(Debug)]
pub enum Piece<'a> {
    /// A line without its end.
    Line(&'a [u8]),
    /// A line too long.
    TooLong,
    /// More bytes are wanted.
    Partial,
    /// There is no end.
    Endless,
}

/// Where it stands.
#[derive(Debug, Default)]
pub struct Framing {
    skipped: u32,
}

const LINE_MAX: usize = 8191 + 512;
const SKIPPED_MAX: u32 = 64 << 10;

impl Framing {
    /// The next piece, and how many bytes it takes.
    pub fn next<'a>(&mut self, bytes: &'a [u8]) -> (usize, Piece<'a>) {
        match bytes.iter().take(LINE_MAX + 1).position(|&byte| byte == b'\n') {
            Some(end) if self.skipped > 0 => {
                self.skipped = 0;
                (end + 1, Piece::TooLong)
            }
            Some(end) => {
                let line = &bytes[..end];
                (end + 1, Piece::Line(line.strip_suffix(b"\r").unwrap_or(line)))
            }
            None if bytes.len() > LINE_MAX || self.skipped > 0 => {
                let len = bytes.len().min(LINE_MAX + 1);
                self.skipped = self.skipped.saturating_add(len as u32);
                if self.skipped > SKIPPED_MAX {
                    return (len, Piece::Endless);
                }
                if len == 0 { (0, Piece::Partial) } else { self.next(&bytes[len..]).after(len) }
            }
            None => (0, Piece::Partial),
        }
    }
}

trait After {
    fn after(self, len: usize) -> Self;
}
impl After for (usize, Piece<'_>) {
    fn after(self, len: usize) -> Self {
        (self.0 + len, self.1)
    }
}
