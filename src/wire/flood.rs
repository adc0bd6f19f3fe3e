//! How much of something is too much: `5:10` is five in ten seconds, `strict` and `5m:10,3j:10` say it
//! for several things at once.

use std::{fmt, time::Duration};

/// So many in so long.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rate {
    /// How many.
    pub count: u32,
    /// In how many seconds.
    pub secs: u32,
}

/// The most of anything.
const COUNT_MAX: u32 = 1000;

/// The longest time.
const SECS_MAX: u32 = 3600;

impl Rate {
    /// Reads `count:seconds`.
    pub fn parse(text: &str) -> Option<Rate> {
        let (count, secs) = text.split_once(':')?;
        let rate = Rate { count: count.parse().ok()?, secs: secs.parse().ok()? };
        let within = (1..=COUNT_MAX).contains(&rate.count) && (1..=SECS_MAX).contains(&rate.secs);
        within.then_some(rate)
    }

    /// After how long one more is allowed, on average.
    pub fn interval(self) -> Duration {
        Duration::from_secs(u64::from(self.secs)) / self.count.max(1)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.count, self.secs)
    }
}

/// What can be too much in a channel.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// CTCPs of all members.
    Ctcp,
    /// Joins.
    Join,
    /// KNOCKs.
    Knock,
    /// Messages of one member.
    Message,
    /// Nick changes of all members.
    Nick,
    /// The same message again, of one member.
    Repeat,
}

/// Every kind, by letter.
pub const KINDS: &[(char, Kind)] = &[
    ('c', Kind::Ctcp),
    ('j', Kind::Join),
    ('k', Kind::Knock),
    ('m', Kind::Message),
    ('n', Kind::Nick),
    ('r', Kind::Repeat),
];

/// What the names stand for.
const NAMED: &[(&str, &str)] = &[
    ("off", ""),
    ("relaxed", "8c:15,45j:10,15k:15,15m:10,15n:15,6r:30"),
    ("normal", "5c:15,20j:10,8k:15,10m:10,8n:15,4r:30"),
    ("strict", "2c:15,8j:10,4k:15,5m:10,4n:15,3r:60"),
];

/// How much of each kind a channel takes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Profile {
    /// As it was written, in lower case.
    pub text: Box<str>,
    rates: Vec<(Kind, Rate)>,
}

impl Profile {
    /// Reads the name of a profile, or one of its own: `5m:10,3j:10`.
    pub fn parse(text: &str) -> Option<Profile> {
        let text = text.to_ascii_lowercase();
        let spec = match NAMED.iter().find(|named| named.0 == text) {
            Some((_, "")) => return Some(Profile { text: text.into(), rates: Vec::new() }),
            Some((_, spec)) => spec,
            None => text.as_str(),
        };
        let mut rates: Vec<(Kind, Rate)> = Vec::new();
        for part in spec.split(',') {
            let (count, secs) = part.split_once(':')?;
            let letter = count.chars().last()?;
            let kind = KINDS.iter().find(|row| row.0 == letter)?.1;
            let count = count.get(..count.len() - letter.len_utf8())?;
            if rates.iter().any(|other| other.0 == kind) {
                return None;
            }
            rates.push((kind, Rate::parse(&format!("{count}:{secs}"))?));
        }
        Some(Profile { text: text.into(), rates })
    }

    /// Whether it is one of those that have names, and not of rates that somebody has chosen.
    pub fn is_named(&self) -> bool {
        NAMED.iter().any(|named| named.0 == &*self.text)
    }

    /// How much of a kind; no bound if none.
    pub fn rate(&self, kind: Kind) -> Option<Rate> {
        self.rates.iter().find(|rate| rate.0 == kind).map(|rate| rate.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_names_or_rates() {
        let own = Profile::parse("5M:10,3j:20").unwrap();
        assert_eq!(own.rate(Kind::Message), Some(Rate { count: 5, secs: 10 }));
        assert_eq!(own.rate(Kind::Join), Some(Rate { count: 3, secs: 20 }));
        assert_eq!((own.rate(Kind::Nick), &*own.text), (None, "5m:10,3j:20"));
        for (name, _) in NAMED {
            assert!(Profile::parse(name).is_some(), "{name}");
        }
        for bad in
            ["", "5", "5m", "m:10", "5x:10", "0m:10", "5m:0", "5m:10,6m:10", "5m:10,", "5m:9999"]
        {
            assert_eq!(Profile::parse(bad), None, "{bad}");
        }
        assert_eq!(Rate::parse("4:10").map(Rate::interval), Some(Duration::from_millis(2500)));
    }
}
