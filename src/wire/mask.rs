//! Masks: `nick!user@host` with `*` and `?`.

use super::{casemap::Casemap, cidr::Cidr};
use std::{collections::BTreeMap, net::IpAddr};

/// Whether a text fits a pattern in which `*` stands for any number of characters and `?` for one.
///
/// Goes back to the last `*` where a try fails, which is fast for what people write; a pattern for which
/// that takes too long is matched once more, in time that grows with the text alone.
pub fn matches(pattern: &str, text: &str, casemap: Casemap) -> bool {
    if pattern == "*" {
        return true;
    }
    if ends_apart(pattern.as_bytes(), text.as_bytes(), casemap) {
        return false;
    }
    let budget = TRIES_PER_BYTE * (pattern.len() + text.len());
    tried(pattern.as_bytes(), text.as_bytes(), casemap, budget)
        .unwrap_or_else(|| stepped(pattern, text, casemap))
}

/// How many comparisons for each byte of pattern and text going back may take.
const TRIES_PER_BYTE: usize = 4;

/// Whether what stands after the last `*` already says no: most masks of a list differ in their last bytes
/// from the one they are compared with.
fn ends_apart(pattern: &[u8], text: &[u8], casemap: Casemap) -> bool {
    for (place, wanted) in pattern.iter().rev().enumerate() {
        if matches!(wanted, b'*' | b'?') {
            return false;
        }
        let found = text.len().checked_sub(place + 1).and_then(|at| text.get(at));
        if found.is_none_or(|found| casemap.byte(*found) != casemap.byte(*wanted)) {
            return true;
        }
    }
    false
}

/// Matches by going back to the last `*`; `None` once the budget of comparisons is used up.
fn tried(pattern: &[u8], text: &[u8], casemap: Casemap, mut budget: usize) -> Option<bool> {
    let (mut p, mut t) = (0, 0);
    // Where to go on after the last `*`, with one more byte taken by it.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        budget = budget.checked_sub(1)?;
        match (pattern.get(p), text.get(t)) {
            (Some(b'*'), _) => {
                retry = Some((p + 1, t));
                p += 1;
            }
            (None, None) => return Some(true),
            (Some(b'?'), Some(_)) => {
                p += 1;
                t = next_char(text, t);
            }
            (Some(a), Some(b)) if casemap.byte(*a) == casemap.byte(*b) => {
                p += 1;
                t += 1;
            }
            (_, _) => match retry {
                Some((after, taken)) if taken < text.len() => {
                    retry = Some((after, taken + 1));
                    (p, t) = (after, taken + 1);
                }
                Some(_) | None => return Some(false),
            },
        }
    }
}

/// Matches by keeping the set of all places in the pattern that the text read so far may have led to, a bit
/// each: 64 of them take a step at once.
fn stepped(pattern: &str, text: &str, casemap: Casemap) -> bool {
    let fold = |c: char| match u8::try_from(c) {
        Ok(byte) if byte.is_ascii() => char::from(casemap.byte(byte)),
        Ok(_) | Err(_) => c,
    };
    let places = pattern.chars().filter(|c| *c != '*').count();
    let set = || vec![0_u64; places / 64 + 1];
    let add = |set: &mut Vec<u64>, place: usize| {
        if let Some(word) = set.get_mut(place / 64) {
            *word |= 1 << (place % 64);
        }
    };
    // Where one may stay, where any character leads on, and where each that occurs does.
    let (mut stays, mut any) = (set(), set());
    let mut steps: BTreeMap<char, Vec<u64>> = BTreeMap::new();
    let mut place = 0;
    for c in pattern.chars() {
        match c {
            '*' => add(&mut stays, place),
            '?' => add(&mut any, place),
            c => add(steps.entry(fold(c)).or_insert_with(set), place),
        }
        place += usize::from(c != '*');
    }
    let mut reached = set();
    add(&mut reached, 0);
    for c in text.chars() {
        let step = steps.get(&fold(c));
        let mut carry = 0;
        for (n, word) in reached.iter_mut().enumerate() {
            let at = |set: &[u64]| set.get(n).copied().unwrap_or_default();
            let leads = at(&any) | step.map_or(0, |step| at(step));
            let moved = *word & leads;
            let stayed = *word & at(&stays);
            *word = (moved << 1) | carry | stayed;
            carry = moved >> 63;
        }
    }
    reached.get(places / 64).is_some_and(|word| word & (1 << (places % 64)) != 0)
}

/// Whether a text fits a pattern that has been folded. Bytes are folded as they are compared; letters of
/// other scripts than Latin have to be folded before.
pub fn fits_folded(pattern: &str, text: &str, casemap: Casemap) -> bool {
    match casemap {
        Casemap::Precis => matches(pattern, &casemap.fold(text), casemap),
        Casemap::Ascii | Casemap::Rfc1459 => matches(pattern, text, casemap),
    }
}

/// The byte after the character at `at`.
fn next_char(text: &[u8], at: usize) -> usize {
    let more = text.iter().skip(at + 1).take_while(|byte| *byte & 0xC0 == 0x80).count();
    at + 1 + more
}

/// `nick!user@host` in its three parts; those that are not there are empty.
pub fn split(source: &str) -> (&str, &str, &str) {
    let (who, host) = source.rsplit_once('@').unwrap_or((source, ""));
    let (nick, user) = who.split_once('!').unwrap_or((who, ""));
    (nick, user, host)
}

/// A mask as masks are compared: complete, and folded.
pub fn canonical(text: &str, casemap: Casemap) -> String {
    casemap.fold(&complete(text)).into_owned()
}

/// A mask with all of its three parts: `bob` is `bob!*@*`, `*.org` is `*!*@*.org`, `a@b` is `*!a@b`.
pub fn complete(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
    let part = |part: &str| if part.is_empty() { "*".to_owned() } else { collapse(part) };
    match (text.split_once('!'), text.rsplit_once('@')) {
        (Some((nick, rest)), _) => {
            let (user, host) = rest.rsplit_once('@').unwrap_or((rest, ""));
            format!("{}!{}@{}", part(nick), part(user), part(host))
        }
        (None, Some((user, host))) => format!("*!{}@{}", part(user), part(host)),
        (None, None) if text.contains(['.', ':', '/']) => format!("*!*@{}", part(&text)),
        (None, None) => format!("{}!*@*", part(&text)),
    }
}

/// `nick!user@host` with `*` and `?`, completed and folded, ready to be compared; the host may be a range
/// of addresses.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Hostmask {
    text: Box<str>,
    /// Where the `!` stands, and the `@`.
    marks: (usize, usize),
    range: Option<Cidr>,
}

/// Whom a mask is compared with.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// The nick, folded.
    pub nick: &'a str,
    /// The user name.
    pub user: &'a str,
    /// The host that others see.
    pub host: &'a str,
    /// The host that operators see.
    pub real_host: &'a str,
    /// A host that is shown at other times.
    pub cloak: Option<&'a str>,
    /// The address.
    pub address: Option<IpAddr>,
}

impl Hostmask {
    /// Reads a mask, whatever parts it leaves out.
    pub fn new(text: &str, casemap: Casemap) -> Hostmask {
        let text = canonical(text, casemap).into_boxed_str();
        let bang = text.find('!').unwrap_or(0);
        let at = text.rfind('@').unwrap_or(bang);
        let range = text.get(at + 1..).filter(|host| host.contains('/')).and_then(Cidr::parse);
        Hostmask { text, marks: (bang, at), range }
    }

    /// As masks are compared.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it fits somebody, by the host shown, the real one, or the address. Costs no allocation
    /// but for the text of an address when nothing else has fitted.
    pub fn fits(&self, who: &Person<'_>, casemap: Casemap) -> bool {
        let (bang, at) = self.marks;
        let nick = self.text.get(..bang).unwrap_or_default();
        let user = self.text.get(bang + 1..at).unwrap_or_default();
        let host = self.text.get(at + 1..).unwrap_or_default();
        if !matches(nick, who.nick, casemap) || !matches(user, who.user, casemap) {
            return false;
        }
        if let Some(range) = &self.range {
            return who.address.is_some_and(|address| range.contains(address));
        }
        matches(host, who.host, casemap)
            || (who.host != who.real_host && matches(host, who.real_host, casemap))
            || who.cloak.is_some_and(|cloak| matches(host, cloak, casemap))
            || who.address.is_some_and(|address| {
                // Only what could be an address is compared with one.
                let written = |c: char| c.is_ascii_hexdigit() || ".:*?".contains(c);
                host.chars().all(written) && matches(host, &address.to_string(), casemap)
            })
    }
}

/// Writes runs of `*` as one, which says as much.
pub fn collapse(part: &str) -> String {
    let mut text = String::with_capacity(part.len());
    for c in part.chars() {
        if !(c == '*' && text.ends_with('*')) {
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, text: &str) -> bool {
        matches(pattern, text, Casemap::Ascii)
    }

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text) in [
            ("*", ""),
            ("a*c", "abbc"),
            ("A?C", "abc"),
            ("*!*@h", "n!u@H"),
            ("a?c", "aéc"),
            ("**a", "a"),
        ] {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("", "a"), ("a", ""), ("a?", "a"), ("a*b", "abc"), ("?", "ab"), ("*a", "b")]
        {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn a_hostile_pattern_is_not_tried_again_and_again() {
        for middle in ["?", "a"] {
            let pattern = format!("*{}b", middle.repeat(190));
            let text = "a".repeat(4096);
            let budget = TRIES_PER_BYTE * (pattern.len() + text.len());
            assert_eq!(tried(pattern.as_bytes(), text.as_bytes(), Casemap::Ascii, budget), None);
            assert!(!fits(&pattern, &text), "{pattern}");
            assert!(fits(&pattern, &(text + "B")), "{pattern}");
        }
    }

    #[test]
    fn matching_agrees_with_trying_everything() {
        fn naive(p: &[u8], t: &[u8]) -> bool {
            match (p.split_first(), t.split_first()) {
                (None, None) => true,
                (Some((b'*', rest)), _) => naive(rest, t) || !t.is_empty() && naive(p, &t[1..]),
                (Some((b'?', p)), Some((_, t))) => naive(p, t),
                (Some((a, p)), Some((b, t))) => a == b && naive(p, t),
                (Some(_), None) | (None, Some(_)) => false,
            }
        }
        let mut state = 7_u64;
        let mut word = |alphabet: &[u8], max: u64| -> String {
            let mut next = || {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state
            };
            (0..next() % max)
                .map(|_| char::from(alphabet[(next() % alphabet.len() as u64) as usize]))
                .collect()
        };
        for _ in 0..20_000 {
            let (pattern, text) = (word(b"ab*?", 7), word(b"ab", 8));
            let truth = naive(pattern.as_bytes(), text.as_bytes());
            assert_eq!(fits(&pattern, &text), truth, "{pattern} {text}");
            assert_eq!(stepped(&pattern, &text, Casemap::Ascii), truth, "{pattern} {text}");
        }
    }

    #[test]
    fn a_mask_is_completed() {
        for (text, whole) in [
            ("bob", "bob!*@*"),
            ("bob!", "bob!*@*"),
            ("@host", "*!*@host"),
            ("u@h", "*!u@h"),
            ("*.example.org", "*!*@*.example.org"),
            ("2001:db8::1", "*!*@2001:db8::1"),
            ("a!b", "a!b@*"),
            ("***!**@*", "*!*@*"),
            ("", "*!*@*"),
        ] {
            assert_eq!(complete(text), whole, "{text}");
            assert_eq!(complete(whole), whole);
        }
    }

    #[test]
    fn a_source_falls_into_its_parts() {
        for (source, parts) in [
            ("nick", ("nick", "", "")),
            ("nick!~u@h.org", ("nick", "~u", "h.org")),
            ("nick@h.org", ("nick", "", "h.org")),
            ("nick!u", ("nick", "u", "")),
            ("nick!u@h\x035w\x0f.org", ("nick", "u", "h\x035w\x0f.org")),
        ] {
            assert_eq!(split(source), parts, "{source}");
        }
    }

    #[test]
    fn brackets_are_themselves_and_an_exclamation_mark_is_no_border() {
        assert!(fits("cool[guy]!*@*", "cool[guy]!a@example.com"));
        assert!(!fits("cool[guy]!*@*", "coolg!ab@127.0.0.1"));
        assert!(fits("cool*@*", "cool132!ab@example.com"));
        assert!(fits("cool!?name@*", "cool!~name@127.0.0.1"));
        assert!(!fits("cool!?name@*", "cool!name@127.0.0.1"));
    }

    #[test]
    fn a_mask_fits_by_each_of_the_hosts() {
        let who = Person {
            nick: "Bob",
            user: "~b",
            host: "x.ip",
            real_host: "h.example.org",
            cloak: Some("y.cloak"),
            address: "192.0.2.7".parse().ok(),
        };
        for mask in [
            "BOB",
            "~b@*",
            "*.IP",
            "*.example.org",
            "*@y.cloak",
            "192.0.2.*",
            "192.0.2.0/28",
            "*!*@*",
            "b?b!*b@x.*",
        ] {
            assert!(Hostmask::new(mask, Casemap::Ascii).fits(&who, Casemap::Ascii), "{mask}");
        }
        for mask in ["alice", "b@*", "192.0.2.8/29", "2001:db8::/32", "*.net", "*!*@x"] {
            assert!(!Hostmask::new(mask, Casemap::Ascii).fits(&who, Casemap::Ascii), "{mask}");
        }
    }
}
