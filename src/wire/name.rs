//! Validated names. A name has been checked once, at the edge, and compares as IRC compares it.

use super::{casemap::Casemap, precis};
use std::{borrow::Cow, cmp, fmt, hash};

macro_rules! names {
    ($($(#[$meta:meta])* $name:ident;)*) => { $(
        $(#[$meta])*
        #[derive(Clone)]
        pub struct $name {
            text: Box<str>,
            /// Only where it differs from the text.
            folded: Option<Box<str>>,
        }

        impl $name {
            fn fold(text: &str, casemap: Casemap) -> $name {
                let folded = match casemap.fold(text) {
                    Cow::Borrowed(_) => None,
                    Cow::Owned(folded) => Some(folded.into()),
                };
                $name { text: text.into(), folded }
            }

            /// As it is written.
            pub fn as_str(&self) -> &str {
                &self.text
            }

            /// As it is compared.
            pub fn folded(&self) -> &str {
                self.folded.as_deref().unwrap_or(&self.text)
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &$name) -> bool {
                self.folded() == other.folded()
            }
        }

        impl Eq for $name {}

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &$name) -> Option<cmp::Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $name {
            fn cmp(&self, other: &$name) -> cmp::Ordering {
                self.folded().cmp(other.folded())
            }
        }

        impl hash::Hash for $name {
            fn hash<H: hash::Hasher>(&self, state: &mut H) {
                self.folded().hash(state);
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.text)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.text)
            }
        }
    )* };
}

names! {
    /// What a user goes by.
    Nick;
    /// What a channel is called, its `#` included.
    ChannelName;
}

impl Nick {
    /// A nick that a client may ask for (RFC 2812 §2.3.1; in any script under PRECIS), of at most `max`
    /// bytes.
    pub fn new(text: &str, casemap: Casemap, max: usize) -> Option<Nick> {
        let valid = !text.starts_with(|c: char| c.is_ascii_digit() || c == '-')
            && text.chars().all(|c| nick_char(c, casemap))
            && (text.is_ascii() || precis::is_identifier(text));
        (valid && !text.is_empty() && text.len() <= max).then(|| Nick::fold(text, casemap))
    }

    /// A nick to look for: whatever could be worn, an identity included.
    pub fn lookup(text: &str, casemap: Casemap) -> Option<Nick> {
        let valid = text.chars().all(|c| nick_char(c, casemap));
        (valid && !text.is_empty() && text.len() <= LOOKUP_MAX).then(|| Nick::fold(text, casemap))
    }

    /// The nick of one who has lost the nick asked for: an identity, which begins with a digit, so that
    /// no client can ask for it.
    pub fn unique(identity: &str) -> Nick {
        Nick::fold(identity, Casemap::Ascii)
    }
}

impl ChannelName {
    /// A channel name (Modern IRC, "Channels"), of at most `max` bytes.
    pub fn new(text: &str, casemap: Casemap, max: usize) -> Option<ChannelName> {
        let body = text.strip_prefix('#')?;
        let valid = !body.contains(|c: char| c.is_control() || c == ' ' || c == ',');
        (valid && text.len() <= max).then(|| ChannelName::fold(text, casemap))
    }
}

/// Whether a character can stand in a nick at all.
fn nick_char(c: char, casemap: Casemap) -> bool {
    match c.is_ascii() {
        true => c.is_ascii_alphanumeric() || r"[]\`_^{|}-".contains(c),
        false => casemap == Casemap::Precis,
    }
}

/// The longest nick that is looked for: longer than any limit that can be configured, and so than the name
/// of an account that has had to take another.
const LOOKUP_MAX: usize = 96;

/// A user name made from what a client sent: only what can stand in a mask, at most `max` bytes.
pub fn username(text: &str, max: usize) -> Option<Box<str>> {
    let kept = text.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.[]\\`^{|}".contains(*c));
    let name: String = kept.take(max).collect();
    (!name.is_empty()).then(|| name.into())
}

/// Whether a text can be shown as a host: what can stand in a mask and in a parameter, of at most `max`
/// bytes.
pub fn is_host(text: &str, max: usize) -> bool {
    let byte = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:/".contains(&byte);
    !text.is_empty() && text.len() <= max && !text.starts_with(':') && text.bytes().all(byte)
}

/// Whether a text can be a server's name: a host name with a dot in it, which may be the last character.
pub fn is_server_name(text: &str) -> bool {
    text.contains('.') && text.len() <= 63 && is_host_name(text.strip_suffix('.').unwrap_or(text))
}

/// Whether a text can be a host name, or the end of one.
pub fn is_host_name(text: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    text.split('.').all(part)
}

/// Whether a host name is the one written, or with `*.` in front one directly below it.
pub fn is_host_of(own: &str, name: &str) -> bool {
    match (own.strip_prefix("*."), name.split_once('.')) {
        (Some(own), Some((_, parent))) => own.eq_ignore_ascii_case(parent),
        (Some(_), None) => false,
        (None, _) => own.eq_ignore_ascii_case(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nicks_are_what_the_rfc_says() {
        for good in ["a", "[x]", "a-1", "_", "Neo^", "`|{}\\"] {
            assert!(Nick::new(good, Casemap::Ascii, 32).is_some(), "{good}");
        }
        for bad in ["", "1a", "-a", "a b", "a!b", "a@b", "#a", "a.b", "é", "a*", "a\0", "a,b"] {
            assert!(Nick::new(bad, Casemap::Ascii, 32).is_none(), "{bad}");
        }
        assert!(Nick::new("abcd", Casemap::Ascii, 3).is_none());
    }

    #[test]
    fn nicks_of_any_script_are_for_precis() {
        for good in ["Иван", "é", "日本", "a-1", "[x]"] {
            assert!(Nick::new(good, Casemap::Precis, 32).is_some(), "{good}");
        }
        for bad in ["", "1a", "-a", "☃", "a b", "a!b", "Иван!", "a.b", "#a", "é@"] {
            assert!(Nick::new(bad, Casemap::Precis, 32).is_none(), "{bad}");
        }
        let [a, b] = ["ИВАН", "иван"].map(|text| Nick::new(text, Casemap::Precis, 32));
        assert_eq!(a, b);
        assert!(Nick::new("日本日本", Casemap::Precis, 11).is_none(), "bytes are counted");
    }

    #[test]
    fn names_compare_folded_and_show_as_written() {
        let [a, b] = ["Neo", "nEO"].map(|text| Nick::new(text, Casemap::Ascii, 9).unwrap());
        assert_eq!(a, b);
        assert_eq!(a.to_string(), "Neo");
        assert_eq!(a.folded(), "neo");
    }

    #[test]
    fn channels_begin_with_a_hash() {
        for good in ["#", "#a", "#été", "##x", "#a:b"] {
            assert!(ChannelName::new(good, Casemap::Ascii, 64).is_some(), "{good}");
        }
        for bad in ["", "a", "&a", "#a b", "#a,b", "#a\x07"] {
            assert!(ChannelName::new(bad, Casemap::Ascii, 64).is_none(), "{bad}");
        }
    }

    #[test]
    fn server_names_are_host_names_with_a_dot() {
        for good in ["irc.example.com", "iRC.Net", "324.net.uk", "xn--bcher-kva.ch", "services."] {
            assert!(is_server_name(good), "{good}");
        }
        for bad in [
            "",
            " ",
            "irc",
            "-a.net",
            "a-.net",
            "_irc._sctp.net",
            "ex ample.org",
            "example.org ",
            "a..b",
            ".",
        ] {
            assert!(!is_server_name(bad), "{bad}");
        }
    }

    #[test]
    fn hosts_can_stand_in_a_mask() {
        for good in ["a", "user/alice", "2001:db8::1", "a_b.c-d"] {
            assert!(is_host(good, 16), "{good}");
        }
        for bad in ["", ":a", "a b", "a@b", "a!b", "a*", "é", "abcdefghijklmnopq"] {
            assert!(!is_host(bad, 16), "{bad}");
        }
    }

    #[test]
    fn user_names_lose_what_a_mask_cannot_hold() {
        assert_eq!(username("a!b@c *é", 20).as_deref(), Some("abc"));
        assert_eq!(username("abcdef", 3).as_deref(), Some("abc"));
        assert_eq!(username("@!", 20), None);
    }
}
