//! WebSocket frames (RFC 6455 §5), as IRC uses them (`ircv3: websocket`): what comes becomes a stream of
//! lines, what goes is one line to a message. Bytes to bytes; nothing of a message is kept.
//!
//! A message that is not UTF-8 stays as it is on the way in, where whoever reads lines refuses it by line
//! (`ircv3: utf8-only`); on the way out of a text connection it is made UTF-8.

use std::fmt;

/// The longest message, however many frames it comes in. A line longer than allowed gets its answer, as
/// on other transports; a message longer than this ends the connection.
pub const MESSAGE_MAX: u64 = 64 << 10;

/// What messages are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Text, which is UTF-8: the subprotocol `text.ircv3.net`.
    Text,
    /// Bytes: the subprotocol `binary.ircv3.net`.
    Binary,
}

/// What a client did that a client must not (RFC 6455).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Violation {
    /// A frame that is not masked (§5.1).
    Unmasked,
    /// Reserved bits, although no extension was agreed on (§5.2).
    Reserved,
    /// An opcode that means nothing (§5.2).
    Opcode,
    /// A length that is not written in the shortest way, or is none (§5.2).
    Length,
    /// A message in another message, or the rest of none (§5.4).
    Order,
    /// A control frame that is long or in pieces (§5.5).
    Control,
    /// A message longer than is taken.
    TooBig,
}

/// How far the bytes have led.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Progress {
    /// More may come.
    Open,
    /// The client has said goodbye; whatever follows means nothing.
    Closed,
}

/// One connection's frames, in both directions.
#[derive(Debug)]
pub struct Frames {
    /// Without a subprotocol, what the client has last used.
    kind: Kind,
    agreed: bool,
    /// The head of a frame, as far as it has come.
    head: [u8; HEAD_MAX],
    head_len: u8,
    /// The frame whose payload is coming.
    frame: Option<Frame>,
    /// Within a message that is in pieces.
    continued: bool,
    /// How much of the message has come.
    size: u64,
    /// What the control frame holds that is coming.
    control: Vec<u8>,
    /// We have said goodbye.
    closed: bool,
}

#[derive(Clone, Copy, Debug)]
struct Frame {
    opcode: u8,
    last: bool,
    mask: [u8; 4],
    /// How much of its payload is still to come, and how much has.
    left: u64,
    seen: usize,
}

impl Frames {
    /// A connection that has agreed on a subprotocol, or on none.
    pub fn new(agreed: Option<Kind>) -> Frames {
        Frames {
            kind: agreed.unwrap_or(Kind::Text),
            agreed: agreed.is_some(),
            head: [0; HEAD_MAX],
            head_len: 0,
            frame: None,
            continued: false,
            size: 0,
            control: Vec::new(),
            closed: false,
        }
    }

    /// Takes what has come: appends each message, with the end of a line, to `lines`, and what has to be
    /// answered to `replies`.
    pub fn decode(
        &mut self,
        mut bytes: &[u8],
        lines: &mut Vec<u8>,
        replies: &mut Vec<u8>,
    ) -> Result<Progress, Violation> {
        let mut ping = None;
        let progress = loop {
            let Some(frame) = &mut self.frame else {
                if !self.head(&mut bytes)? {
                    break Progress::Open;
                }
                continue;
            };
            let len = usize::try_from(frame.left).unwrap_or(usize::MAX).min(bytes.len());
            let (payload, rest) = bytes.split_at(len);
            let to = if frame.opcode & CONTROL == 0 { &mut *lines } else { &mut self.control };
            let mask = frame.mask.iter().cycle().skip(frame.seen % 4);
            to.extend(payload.iter().zip(mask).map(|(byte, mask)| byte ^ mask));
            frame.seen += len;
            frame.left -= len as u64;
            bytes = rest;
            if frame.left > 0 {
                break Progress::Open;
            }
            let frame = *frame;
            self.frame = None;
            match frame.opcode {
                // §5.5.3: of several pings the last has to be answered.
                PING => ping = Some(std::mem::take(&mut self.control)),
                PONG => self.control.clear(),
                CLOSE => {
                    self.goodbye(replies)?;
                    break Progress::Closed;
                }
                _ if frame.last => {
                    lines.push(b'\n');
                    self.continued = false;
                    self.size = 0;
                }
                _ => self.continued = true,
            }
        };
        if let Some(payload) = ping.filter(|_| !self.closed) {
            frame_of(PONG, &payload, replies);
        }
        Ok(progress)
    }

    /// Appends each line as a message of its own, without the line's end.
    pub fn encode(&self, lines: &[u8], out: &mut Vec<u8>) {
        if self.closed {
            return;
        }
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            match self.kind {
                Kind::Binary => frame_of(BINARY, line, out),
                Kind::Text => frame_of(TEXT, String::from_utf8_lossy(line).as_bytes(), out),
            }
        }
    }

    /// Says goodbye, once (§5.5.1).
    pub fn close(&mut self, code: u16, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.closed, true) {
            frame_of(CLOSE, &code.to_be_bytes(), out);
        }
    }

    /// Reads the head of a frame; whether it has come whole.
    fn head(&mut self, bytes: &mut &[u8]) -> Result<bool, Violation> {
        loop {
            let have = usize::from(self.head_len);
            let head = self.head;
            if let Some(frame) = self.frame_at(head.get(..have).unwrap_or_default())? {
                self.head_len = 0;
                self.frame = Some(frame);
                return Ok(true);
            }
            let Some((byte, rest)) = bytes.split_first() else { return Ok(false) };
            if let Some(place) = self.head.get_mut(have) {
                *place = *byte;
            }
            self.head_len += 1;
            *bytes = rest;
        }
    }

    /// The frame that a head announces, if it is whole. What is wrong with it is said as soon as it shows.
    fn frame_at(&mut self, head: &[u8]) -> Result<Option<Frame>, Violation> {
        let [first, second, rest @ ..] = head else { return Ok(None) };
        let (last, opcode, short) = (first & FINAL != 0, first & 0x0f, second & 0x7f);
        self.allowed(*first, *second)?;
        let (length, mask) = match short {
            126 => match rest.split_first_chunk::<2>() {
                Some((length, mask)) => (u64::from(u16::from_be_bytes(*length)), mask),
                None => return Ok(None),
            },
            127 => match rest.split_first_chunk::<8>() {
                Some((length, mask)) => (u64::from_be_bytes(*length), mask),
                None => return Ok(None),
            },
            short => (u64::from(short), rest),
        };
        let Some(mask) = mask.first_chunk::<4>() else { return Ok(None) };
        if short == 126 && length < 126 || short == 127 && (length < 1 << 16 || length >> 63 != 0) {
            return Err(Violation::Length);
        }
        if opcode & CONTROL == 0 {
            self.size = self.size.saturating_add(length);
            if self.size > MESSAGE_MAX {
                return Err(Violation::TooBig);
            }
            if !self.agreed && opcode != CONTINUATION {
                self.kind = if opcode == TEXT { Kind::Text } else { Kind::Binary };
            }
        }
        Ok(Some(Frame { opcode, last, mask: *mask, left: length, seen: 0 }))
    }

    /// Whether a frame may begin so, here.
    fn allowed(&self, first: u8, second: u8) -> Result<(), Violation> {
        let opcode = first & 0x0f;
        if first & RESERVED != 0 {
            return Err(Violation::Reserved);
        }
        if second & MASKED == 0 {
            return Err(Violation::Unmasked);
        }
        match opcode {
            CONTINUATION if !self.continued => Err(Violation::Order),
            TEXT | BINARY if self.continued => Err(Violation::Order),
            CONTINUATION | TEXT | BINARY => Ok(()),
            CLOSE | PING | PONG if first & FINAL == 0 || second & 0x7f > CONTROL_MAX => {
                Err(Violation::Control)
            }
            CLOSE | PING | PONG => Ok(()),
            _ => Err(Violation::Opcode),
        }
    }

    /// Answers a goodbye with its own code (§5.5.1), if it is one that may be sent (§7.4).
    fn goodbye(&mut self, replies: &mut Vec<u8>) -> Result<(), Violation> {
        let payload = std::mem::take(&mut self.control);
        let code = match payload.as_slice() {
            [] => NORMAL,
            [high, low, ..] => u16::from_be_bytes([*high, *low]),
            [_] => return Err(Violation::Control),
        };
        if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
            return Err(Violation::Control);
        }
        self.close(code, replies);
        Ok(())
    }
}

impl Violation {
    /// The code with which the connection is closed (§7.4.1).
    pub fn code(self) -> u16 {
        match self {
            Violation::TooBig => 1009,
            Violation::Unmasked
            | Violation::Reserved
            | Violation::Opcode
            | Violation::Length
            | Violation::Order
            | Violation::Control => 1002,
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Violation::Unmasked => "a WebSocket frame is not masked",
            Violation::Reserved => "a WebSocket frame uses reserved bits",
            Violation::Opcode => "a WebSocket frame has an unknown opcode",
            Violation::Length => "the length of a WebSocket frame is malformed",
            Violation::Order => "the frames of a WebSocket message are out of order",
            Violation::Control => "a WebSocket control frame is malformed",
            Violation::TooBig => "a WebSocket message is too long",
        })
    }
}

/// Appends a frame of our own: whole, and not masked (§5.1).
fn frame_of(opcode: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.push(FINAL | opcode);
    match payload.len() {
        short @ 0..126 => out.push(short as u8),
        long @ 126..0x1_0000 => {
            out.push(126);
            out.extend((long as u16).to_be_bytes());
        }
        huge => {
            out.push(127);
            out.extend((huge as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
}

/// The connection has done what it was for (RFC 6455 §7.4.1).
pub const NORMAL: u16 = 1000;

const FINAL: u8 = 0x80;
const RESERVED: u8 = 0x70;
const MASKED: u8 = 0x80;
const CONTROL: u8 = 0x08;
const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;

/// The longest payload of a control frame (§5.5).
const CONTROL_MAX: u8 = 125;

/// Two bytes, a length of eight, a mask of four.
const HEAD_MAX: usize = 14;

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame as a client sends it.
    fn sent(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        frame_of(0, payload, &mut bytes);
        let head = bytes.len() - payload.len();
        bytes[0] = first;
        bytes[1] |= MASKED;
        let mask = [0x37, 0xfa, 0x21, 0x3d];
        for (byte, mask) in bytes[head..].iter_mut().zip(mask.iter().cycle()) {
            *byte ^= mask;
        }
        bytes.splice(head..head, mask);
        bytes
    }

    fn text(payload: &str) -> Vec<u8> {
        sent(FINAL | TEXT, payload.as_bytes())
    }

    fn decode(bytes: &[u8], size: usize) -> Result<(String, Vec<u8>, Progress), Violation> {
        let mut frames = Frames::new(Some(Kind::Text));
        let (mut lines, mut replies, mut last) = (Vec::new(), Vec::new(), Progress::Open);
        for piece in bytes.chunks(size) {
            if last == Progress::Open {
                last = frames.decode(piece, &mut lines, &mut replies)?;
            }
        }
        Ok((String::from_utf8_lossy(&lines).into_owned(), replies, last))
    }

    fn lines(bytes: &[u8]) -> String {
        decode(bytes, 1 << 20).unwrap().0
    }

    #[test]
    fn the_example_of_the_rfc_is_read() {
        // RFC 6455 §5.7: a single-frame masked text message, "Hello".
        let bytes = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        assert_eq!(lines(&bytes), "Hello\n");
        let mut out = Vec::new();
        Frames::new(Some(Kind::Text)).encode(b"Hello\r\n", &mut out);
        assert_eq!(out, [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
    }

    #[test]
    fn a_message_is_a_line_whatever_pieces_it_comes_in() {
        let mut bytes = text("NICK alice");
        bytes.extend(sent(TEXT, b"USER al"));
        bytes.extend(sent(FINAL | PING, b"?"));
        bytes.extend(sent(CONTINUATION, b""));
        bytes.extend(sent(FINAL, b"ice 0 * :Alice"));
        bytes.extend(text(&"x".repeat(70)));
        bytes.extend(text(&"y".repeat(300)));
        let wanted =
            format!("NICK alice\nUSER alice 0 * :Alice\n{}\n{}\n", "x".repeat(70), "y".repeat(300));
        for size in 1..bytes.len() {
            let (lines, replies, _) = decode(&bytes, size).unwrap();
            assert_eq!(lines, wanted, "in pieces of {size}");
            assert_eq!(replies, [0x8a, 1, b'?'], "in pieces of {size}");
        }
    }

    #[test]
    fn of_many_pings_the_last_is_answered() {
        let mut bytes = Vec::new();
        for number in 0..100_u8 {
            bytes.extend(sent(FINAL | PING, &[number]));
        }
        assert_eq!(decode(&bytes, 1 << 20).unwrap().1, [0x8a, 1, 99]);
    }

    #[test]
    fn a_goodbye_is_answered_and_ends_it() {
        let mut bytes = sent(FINAL | CLOSE, &[0x03, 0xe9, b'b', b'y', b'e']);
        bytes.extend(text("QUIT"));
        let (lines, replies, last) = decode(&bytes, 1 << 20).unwrap();
        assert_eq!((lines.as_str(), last), ("", Progress::Closed));
        assert_eq!(replies, [0x88, 2, 0x03, 0xe9]);
        let mut frames = Frames::new(None);
        let mut out = Vec::new();
        frames.close(NORMAL, &mut out);
        frames.close(NORMAL, &mut out);
        frames.encode(b"late\r\n", &mut out);
        assert_eq!(out, [0x88, 2, 0x03, 0xe8]);
    }

    #[test]
    fn what_a_client_must_not_is_a_violation() {
        let mut unmasked = Vec::new();
        frame_of(TEXT, b"NICK", &mut unmasked);
        let mut long = vec![FINAL | TEXT, MASKED | 126, 0, 5, 0, 0, 0, 0];
        long.extend(b"NICK ");
        let mut inside = sent(TEXT, b"a");
        inside.extend(text("b"));
        let huge = [FINAL | TEXT, 0xff, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0];
        let mut many = sent(TEXT, &vec![b'x'; 60_000]);
        many.extend(sent(CONTINUATION, &vec![b'x'; 6_000]));
        for (bytes, wanted) in [
            (unmasked, Violation::Unmasked),
            (sent(FINAL | 0x40 | TEXT, b""), Violation::Reserved),
            (sent(FINAL | 0x3, b""), Violation::Opcode),
            (sent(FINAL | 0xb, b""), Violation::Opcode),
            (long, Violation::Length),
            (vec![FINAL | TEXT, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], Violation::Length),
            (sent(FINAL, b"rest of none"), Violation::Order),
            (inside, Violation::Order),
            (sent(PING, b""), Violation::Control),
            (sent(FINAL | PING, &[0; 126]), Violation::Control),
            (sent(FINAL | CLOSE, &[3]), Violation::Control),
            (sent(FINAL | CLOSE, &[0, 5]), Violation::Control),
            (huge.to_vec(), Violation::TooBig),
            (many, Violation::TooBig),
        ] {
            assert_eq!(decode(&bytes, 1).unwrap_err(), wanted, "{:?}", bytes.get(..20));
        }
    }

    #[test]
    fn each_line_goes_in_a_message_of_its_own_and_as_text_it_is_utf_8() {
        let mut out = Vec::new();
        Frames::new(Some(Kind::Text)).encode(b"a\xff\r\nb\r\n", &mut out);
        assert_eq!(out, [0x81, 4, b'a', 0xef, 0xbf, 0xbd, 0x81, 1, b'b']);
        let mut out = Vec::new();
        Frames::new(Some(Kind::Binary)).encode(b"a\xff\r\n", &mut out);
        assert_eq!(out, [0x82, 2, b'a', 0xff]);
        let mut out = Vec::new();
        Frames::new(Some(Kind::Binary)).encode(&[b'x'; 300], &mut out);
        assert_eq!(out[..4], [0x82, 126, 1, 44]);
    }

    #[test]
    fn without_a_subprotocol_the_client_is_answered_in_kind() {
        let mut frames = Frames::new(None);
        let (mut lines, mut replies) = (Vec::new(), Vec::new());
        frames.decode(&sent(FINAL | BINARY, b"NICK a"), &mut lines, &mut replies).unwrap();
        frames.encode(b"PING :x\r\n", &mut replies);
        assert_eq!(replies[0], FINAL | BINARY);
    }

    #[test]
    fn no_bytes_at_all_make_it_panic_or_grow() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        for _ in 0..20_000 {
            let bytes: Vec<u8> = (0..random() % 64)
                .map(|at| if at % 7 == 0 { 0x81 } else { random() as u8 })
                .collect();
            let (mut lines, mut replies) = (Vec::new(), Vec::new());
            let mut frames = Frames::new(None);
            // A violation is an answer too.
            let _ = frames.decode(&bytes, &mut lines, &mut replies);
            assert!(lines.len() + replies.len() <= bytes.len(), "{bytes:?}");
            assert!(frames.control.len() <= usize::from(CONTROL_MAX));
        }
    }
}
