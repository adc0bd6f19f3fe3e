//! SASL on IRC (`ircv3: sasl`): how messages are cut into lines of AUTHENTICATE, and those of PLAIN
//! (RFC 4616) and EXTERNAL (RFC 4422 appendix A).

use base64::{Engine, engine::general_purpose::STANDARD};
use std::fmt;

/// A way to log in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mechanism {
    /// By the certificate of the connection.
    External,
    /// By name and password.
    Plain,
    /// By proof of knowing the password, which is not sent.
    ScramSha256,
}

/// Every mechanism, with the name by which clients ask for it, in the order in which they are offered.
pub const MECHANISMS: &[(Mechanism, &str)] = &[
    (Mechanism::Plain, "PLAIN"),
    (Mechanism::External, "EXTERNAL"),
    (Mechanism::ScramSha256, "SCRAM-SHA-256"),
];

impl Mechanism {
    /// The name by which clients ask for it.
    pub fn name(self) -> &'static str {
        MECHANISMS.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    /// The mechanism of a name, in capitals or not.
    pub fn named(name: &str) -> Option<Mechanism> {
        MECHANISMS.iter().find(|row| row.1.eq_ignore_ascii_case(name)).map(|row| row.0)
    }
}

/// How much of a message one line carries, in base64. A message that ends with a full line is followed by
/// an empty one.
pub const PIECE: usize = 400;

/// The longest message of a client, in base64.
pub const MESSAGE_MAX: usize = 10 * PIECE;

/// The parameter that stands for an empty piece.
const EMPTY: &str = "+";

/// The parameter by which a client gives up.
const ABORT: &str = "*";

/// A message that is coming in pieces.
#[derive(Default)]
pub struct Pieces(String);

/// What a piece has led to.
#[derive(Debug, Eq, PartialEq)]
pub enum Progress {
    /// There is more to come.
    More,
    /// The message is whole.
    Whole(Vec<u8>),
    /// The client gives up.
    Aborted,
}

/// Why a piece is refused. The exchange ends with it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// The piece is longer than any may be (ERR_SASLTOOLONG).
    LongPiece,
    /// The message is longer than any may be.
    LongMessage,
    /// The message is no base64.
    NotBase64,
}

impl Pieces {
    /// Takes the parameter of an AUTHENTICATE. After anything but [`Progress::More`], what comes next belongs
    /// to another message.
    pub fn push(&mut self, piece: &str) -> Result<Progress, Refusal> {
        let mut text = std::mem::take(&mut self.0);
        match piece {
            ABORT => return Ok(Progress::Aborted),
            EMPTY => (),
            _ if piece.len() > PIECE => return Err(Refusal::LongPiece),
            _ if text.len() + piece.len() > MESSAGE_MAX => return Err(Refusal::LongMessage),
            _ => text.push_str(piece),
        }
        if piece.len() == PIECE {
            self.0 = text;
            return Ok(Progress::More);
        }
        STANDARD.decode(text).map(Progress::Whole).map_err(|_| Refusal::NotBase64)
    }
}

/// What a client has sent may be its password.
impl fmt::Debug for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pieces({} bytes)", self.0.len())
    }
}

/// The parameters of the lines of AUTHENTICATE that carry a message.
pub fn pieces(message: &[u8]) -> Vec<String> {
    let text = STANDARD.encode(message);
    let mut pieces: Vec<String> = text
        .as_bytes()
        .chunks(PIECE)
        .map(|piece| String::from_utf8_lossy(piece).into_owned())
        .collect();
    if text.len() % PIECE == 0 {
        pieces.push(EMPTY.to_owned());
    }
    pieces
}

/// The longest name in a message, in bytes.
pub const NAME_MAX: usize = 255;

/// The longest password, in bytes.
pub const PASSWORD_MAX: usize = 512;

/// The message is not what its mechanism says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Malformed;

/// The message of PLAIN.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Plain<'a> {
    /// Whom the client wants to act as, if it says so.
    pub authzid: Option<&'a str>,
    /// Whose password it gives.
    pub authcid: &'a str,
    /// The password.
    pub password: &'a str,
}

impl<'a> Plain<'a> {
    /// Reads a message.
    pub fn parse(message: &'a [u8]) -> Result<Plain<'a>, Malformed> {
        let text = std::str::from_utf8(message).map_err(|_| Malformed)?;
        let mut parts = text.split('\0');
        let (Some(authzid), Some(authcid), Some(password), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Malformed);
        };
        if authcid.is_empty() || password.is_empty() || password.len() > PASSWORD_MAX {
            return Err(Malformed);
        }
        Ok(Plain { authzid: name(authzid)?, authcid: name(authcid)?.ok_or(Malformed)?, password })
    }
}

impl fmt::Debug for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plain")
            .field("authzid", &self.authzid)
            .field("authcid", &self.authcid)
            .finish_non_exhaustive()
    }
}

/// The message of EXTERNAL: whom the client wants to act as, if it says so.
pub fn external(message: &[u8]) -> Result<Option<&str>, Malformed> {
    let text = std::str::from_utf8(message).map_err(|_| Malformed)?;
    if text.contains('\0') { Err(Malformed) } else { name(text) }
}

fn name(text: &str) -> Result<Option<&str>, Malformed> {
    if text.len() > NAME_MAX { Err(Malformed) } else { Ok(Some(text).filter(|it| !it.is_empty())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mechanisms_are_known_by_their_names() {
        for (mechanism, name) in MECHANISMS {
            assert_eq!(Mechanism::named(name), Some(*mechanism));
            assert_eq!(Mechanism::named(&name.to_lowercase()), Some(*mechanism));
        }
        for unknown in ["", "*", "+", "SCRAM-SHA-256-PLUS", "PLAIN "] {
            assert_eq!(Mechanism::named(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn what_is_cut_into_pieces_is_put_together_again() {
        for len in 0..=MESSAGE_MAX / 4 * 3 - 3 {
            let message: Vec<u8> = (0..len).map(|at| at as u8).collect();
            let mut lines = pieces(&message).into_iter();
            let last = lines.next_back().unwrap();
            let mut incoming = Pieces::default();
            for line in lines {
                assert_eq!(line.len(), PIECE);
                assert_eq!(incoming.push(&line), Ok(Progress::More));
            }
            assert!(!last.is_empty() && last.len() < PIECE);
            assert_eq!(incoming.push(&last), Ok(Progress::Whole(message)), "{len}");
        }
    }

    #[test]
    fn an_empty_message_is_a_plus() {
        assert_eq!(pieces(b""), ["+"]);
        assert_eq!(Pieces::default().push("+"), Ok(Progress::Whole(Vec::new())));
    }

    #[test]
    fn a_refusal_or_an_abort_forgets_what_came_before() {
        let full = "A".repeat(PIECE);
        for (piece, wanted) in [
            ("*".to_owned(), Ok(Progress::Aborted)),
            (format!("{full}A"), Err(Refusal::LongPiece)),
            ("A".to_owned(), Err(Refusal::NotBase64)),
            ("AAA".to_owned(), Err(Refusal::NotBase64)),
            ("AA+=?".to_owned(), Err(Refusal::NotBase64)),
            ("A===".to_owned(), Err(Refusal::NotBase64)),
        ] {
            let mut incoming = Pieces::default();
            assert_eq!(incoming.push(&full), Ok(Progress::More));
            assert_eq!(incoming.push(&piece), wanted, "{piece}");
            assert_eq!(incoming.push("AAAA"), Ok(Progress::Whole(vec![0; 3])), "{piece}");
        }
    }

    #[test]
    fn a_message_is_bounded() {
        let full = "A".repeat(PIECE);
        let mut incoming = Pieces::default();
        for _ in 0..MESSAGE_MAX / PIECE {
            assert_eq!(incoming.push(&full), Ok(Progress::More));
        }
        assert_eq!(format!("{incoming:?}"), "Pieces(4000 bytes)");
        assert_eq!(incoming.push("AAAA"), Err(Refusal::LongMessage));
        for _ in 0..MESSAGE_MAX / PIECE {
            assert_eq!(incoming.push(&full), Ok(Progress::More));
        }
        assert_eq!(incoming.push("+"), Ok(Progress::Whole(vec![0; MESSAGE_MAX / 4 * 3])));
    }

    #[test]
    fn the_longest_message_of_plain_fits() {
        let name = "é".repeat(NAME_MAX / 2);
        let message = format!("{name}\0{name}\0{}", "p".repeat(PASSWORD_MAX));
        assert!(pieces(message.as_bytes()).concat().len() <= MESSAGE_MAX);
        let plain = Plain::parse(message.as_bytes()).unwrap();
        assert_eq!((plain.authzid, plain.authcid), (Some(&*name), &*name));
    }

    #[test]
    fn plain_is_two_names_and_a_password() {
        let plain = Plain { authzid: None, authcid: "tim", password: "tanstaaftanstaaf" };
        assert_eq!(Plain::parse(b"\0tim\0tanstaaftanstaaf"), Ok(plain));
        assert!(!format!("{plain:?}").contains("tanstaaf"));
        let plain = Plain { authzid: Some("Ursel"), authcid: "Kurt", password: "xipj3plmq é" };
        assert_eq!(Plain::parse("Ursel\0Kurt\0xipj3plmq é".as_bytes()), Ok(plain));
        for bad in
            ["", "tim", "tim\0sesame", "\0\0sesame", "\0tim\0", "\0tim\0sesame\0", "\0tim\0a\0b"]
        {
            assert_eq!(Plain::parse(bad.as_bytes()), Err(Malformed), "{bad:?}");
        }
        assert_eq!(Plain::parse(b"\0tim\0\xff"), Err(Malformed));
        let long = "a".repeat(PASSWORD_MAX + 1);
        for bad in [format!("\0tim\0{long}"), format!("\0{long}\0a"), format!("{long}\0tim\0a")] {
            assert_eq!(Plain::parse(bad.as_bytes()), Err(Malformed));
        }
    }

    #[test]
    fn external_is_a_name_or_nothing() {
        assert_eq!(external(b""), Ok(None));
        assert_eq!(external("été".as_bytes()), Ok(Some("été")));
        assert_eq!(external(b"a\0"), Err(Malformed));
        assert_eq!(external(b"\xff"), Err(Malformed));
        assert_eq!(external("a".repeat(NAME_MAX + 1).as_bytes()), Err(Malformed));
    }
}
