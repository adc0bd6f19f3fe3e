//! When two names are the same (ISUPPORT `CASEMAPPING`).

use super::precis;
use std::borrow::Cow;

/// A way of folding names.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Casemap {
    /// `A`–`Z` are the same as `a`–`z`.
    #[default]
    Ascii,
    /// As ascii, and `[]\~` are the same as `{}|^` (RFC 2812 §2.2).
    Rfc1459,
    /// Names of any script, folded as PRECIS does (RFC 8265 §3.3).
    Precis,
}

impl Casemap {
    /// As ISUPPORT names it: clients that know of no other scripts compare those of PRECIS as ASCII.
    pub fn name(self) -> &'static str {
        match self {
            Casemap::Ascii | Casemap::Precis => "ascii",
            Casemap::Rfc1459 => "rfc1459",
        }
    }

    /// One byte, folded. Bytes of multi-byte characters stay as they are.
    pub fn byte(self, byte: u8) -> u8 {
        match (self, byte) {
            (_, b'A'..=b'Z') => byte.to_ascii_lowercase(),
            (Casemap::Rfc1459, b'[') => b'{',
            (Casemap::Rfc1459, b']') => b'}',
            (Casemap::Rfc1459, b'\\') => b'|',
            (Casemap::Rfc1459, b'~') => b'^',
            (Casemap::Ascii | Casemap::Rfc1459 | Casemap::Precis, _) => byte,
        }
    }

    /// A text, folded; borrowed where nothing changes.
    pub fn fold(self, text: &str) -> Cow<'_, str> {
        if self == Casemap::Precis {
            return precis::fold(text);
        }
        if text.bytes().all(|byte| self.byte(byte) == byte) {
            return Cow::Borrowed(text);
        }
        let fold = |c: char| {
            u8::try_from(c).ok().filter(u8::is_ascii).map_or(c, |byte| char::from(self.byte(byte)))
        };
        Cow::Owned(text.chars().map(fold).collect())
    }

    /// Whether two texts are the same.
    pub fn eq(self, a: &str, b: &str) -> bool {
        if self == Casemap::Precis {
            return self.fold(a) == self.fold(b);
        }
        a.len() == b.len() && a.bytes().zip(b.bytes()).all(|(a, b)| self.byte(a) == self.byte(b))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_fold_only_in_rfc1459() {
        assert_eq!(Casemap::Ascii.fold("A[b]\\~é"), "a[b]\\~é");
        assert_eq!(Casemap::Rfc1459.fold("A[b]\\~é"), "a{b}|^é");
        assert!(Casemap::Rfc1459.eq("N[", "n{") && !Casemap::Ascii.eq("N[", "n{"));
    }
}
