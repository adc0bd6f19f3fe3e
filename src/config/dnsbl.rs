//! What the replies of blocklists mean: `3`, `5-7`, `127.0.1.0/24`, `&6`, `"proxy":"yes"`, each with what
//! is to be done: `9 => ban`.

use crate::wire::cidr::Cidr;
use std::{fmt, net::Ipv4Addr};

/// What stands for the address in the `url` of a blocklist.
pub const PLACE: &str = "{address}";

/// What is done about an address that a list knows; the later, the harder.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Action {
    /// Operators are told.
    Mark,
    /// Nobody may come from it without logging in to an account.
    RequireSasl,
    /// Nobody may come from it.
    Refuse,
    /// It is banned from the network for a time.
    Ban,
}

/// Every action, as it is written.
const ACTIONS: &[(&str, Action)] = &[
    ("mark", Action::Mark),
    ("require-sasl", Action::RequireSasl),
    ("refuse", Action::Refuse),
    ("ban", Action::Ban),
];

impl Action {
    /// Reads one.
    pub fn parse(text: &str) -> Option<Action> {
        ACTIONS.iter().find(|row| row.0 == text).map(|row| row.1)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ACTIONS.iter().find(|row| row.1 == *self).map_or("", |row| row.0))
    }
}

/// A reply that counts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rule {
    /// Which.
    pub reply: Reply,
    /// What is then done, if not the same as for all others.
    pub action: Option<Action>,
}

/// Which replies are meant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reply {
    /// By the last number of an address, or by the status code of a page: from one to another.
    Number(u16, u16),
    /// By address.
    Range(Cidr),
    /// By the bits of the last number of an address, one of which is set.
    Bits(u8),
    /// By what stands in a page: in small letters, without white space.
    Text(Box<str>),
}

impl Rule {
    /// Reads one.
    pub fn parse(text: &str) -> Option<Rule> {
        let (reply, action) = match text.rsplit_once("=>") {
            Some((reply, action)) => (reply, Some(Action::parse(action.trim())?)),
            None => (text, None),
        };
        Reply::parse(reply.trim()).map(|reply| Rule { reply, action })
    }
}

impl Reply {
    fn parse(text: &str) -> Option<Reply> {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        if digits(first) && digits(last) {
            let (first, last) = (first.parse().ok()?, last.parse().ok()?);
            return (first <= last).then_some(Reply::Number(first, last));
        }
        if let Some(bits) = text.strip_prefix('&').filter(|bits| digits(bits)) {
            return bits.parse().ok().filter(|bits| *bits > 0).map(Reply::Bits);
        }
        if let Some(range) = Cidr::parse(text) {
            return Some(Reply::Range(range));
        }
        let text = squeezed(text);
        (!text.is_empty()).then(|| Reply::Text(text.into()))
    }

    /// Whether a zone can reply so.
    pub(super) fn is_of_zone(&self) -> bool {
        match self {
            Reply::Number(_, last) => *last <= 255,
            Reply::Range(range) => range.address().is_ipv4(),
            Reply::Bits(_) => true,
            Reply::Text(_) => false,
        }
    }

    /// Whether a page can reply so.
    pub(super) fn is_of_page(&self) -> bool {
        match self {
            Reply::Number(first, last) => *first >= 200 && *last <= 599,
            Reply::Text(_) => true,
            Reply::Range(_) | Reply::Bits(_) => false,
        }
    }

    /// Whether an address that a zone replies with is meant.
    pub fn is_address(&self, address: Ipv4Addr) -> bool {
        let [.., last] = address.octets();
        match self {
            Reply::Number(from, to) => (*from..=*to).contains(&last.into()),
            Reply::Range(range) => range.contains(address.into()),
            Reply::Bits(bits) => last & bits != 0,
            Reply::Text(_) => false,
        }
    }

    /// Whether a page is meant: its status, and its text as [`squeezed`] writes it.
    pub fn is_page(&self, status: u16, text: &str) -> bool {
        match self {
            Reply::Number(from, to) => (*from..=*to).contains(&status),
            Reply::Text(wanted) => (200..300).contains(&status) && text.contains(&**wanted),
            Reply::Range(_) | Reply::Bits(_) => false,
        }
    }
}

/// A text as texts are compared: whatever its white space, in whichever case.
pub fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_written_in_several_ways() {
        let fits = |rule: &str, address: &str| {
            Rule::parse(rule).unwrap().reply.is_address(address.parse().unwrap())
        };
        for (rule, yes, no) in [
            ("3", "127.0.0.3", "127.0.0.4"),
            ("5-7", "127.0.0.7", "127.0.0.8"),
            ("127.0.0.2", "127.0.0.2", "127.0.1.2"),
            ("127.0.1.0/24", "127.0.1.9", "127.0.0.9"),
            ("&6", "127.0.0.4", "127.0.0.9"),
        ] {
            assert!(fits(rule, yes) && !fits(rule, no), "{rule}");
        }
        let page = |rule: &str, status, text| {
            Rule::parse(rule).unwrap().reply.is_page(status, &squeezed(text))
        };
        assert!(page("200", 200, "") && page("400-403", 403, "") && !page("200", 404, ""));
        assert!(page("\"proxy\":\"yes\"", 200, "{ \"Proxy\" : \"yes\" }"));
        assert!(!page("yes", 404, "yes") && !page("yes", 200, "no"));
    }

    #[test]
    fn each_reply_may_have_an_action_of_its_own() {
        let rule = Rule::parse("9-10 => ban").unwrap();
        assert_eq!(rule, Rule { reply: Reply::Number(9, 10), action: Some(Action::Ban) });
        let rule = Rule::parse("a => b=>require-sasl").unwrap();
        assert_eq!(rule.reply, Reply::Text("a=>b".into()));
        assert_eq!(rule.action.unwrap().to_string(), "require-sasl");
        for text in ["", "=> ban", "3 => shoot", "7-5", "&0", "&256", "70000"] {
            assert_eq!(Rule::parse(text), None, "{text}");
        }
    }
}
