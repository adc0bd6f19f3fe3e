//! Time as values. Only `reactor/` and `sim/` make a [`Now`]; everyone else is given one.

use std::{fmt, ops, time::Duration};

/// Nanoseconds of a clock that never goes back, since the process started.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Mono(pub u64);

impl Mono {
    /// How long after `earlier` this is; zero if it is not.
    pub fn since(self, earlier: Mono) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl ops::Add<Duration> for Mono {
    type Output = Mono;
    fn add(self, span: Duration) -> Mono {
        Mono(self.0.saturating_add(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)))
    }
}

/// Milliseconds since 1970 by the clock on the wall, which can be set.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Wall(pub u64);

impl Wall {
    /// Whole seconds since 1970, as numerics tell time.
    pub fn secs(self) -> u64 {
        self.0 / 1000
    }
}

impl ops::Add<Duration> for Wall {
    type Output = Wall;
    fn add(self, span: Duration) -> Wall {
        Wall(self.0.saturating_add(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)))
    }
}

/// Both clocks, read at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Now {
    /// For deadlines.
    pub mono: Mono,
    /// For stamps, and for people.
    pub wall: Wall,
}

/// A server's id on the network: three characters as in TS6, a digit first (`0AA`).
///
/// Ordered as its text is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Sid(u16);

impl Sid {
    /// The first of all ids, `000`.
    pub const FIRST: Sid = Sid(0);

    /// Reads a digit and two digits or capital letters.
    pub fn parse(text: &str) -> Option<Sid> {
        let &[a, b, c] = text.as_bytes() else { return None };
        if !a.is_ascii_digit() {
            return None;
        }
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(u16::from(byte - b'0')),
            b'A'..=b'Z' => Some(u16::from(byte - b'A') + 10),
            _ => None,
        };
        Some(Sid(digit(a)? * 36 * 36 + digit(b)? * 36 + digit(c)?))
    }

    /// The id of that number, which wraps: how ids are made from a random number.
    pub fn from_number(number: u64) -> Sid {
        Sid((number % (10 * 36 * 36)) as u16)
    }

    /// The number of this id.
    pub fn number(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = u32::from(self.0);
        for digit in [n / (36 * 36), n / 36 % 36, n % 36] {
            write!(f, "{}", char::from_digit(digit, 36).unwrap_or('0').to_ascii_uppercase())?;
        }
        Ok(())
    }
}

/// A reading of the hybrid logical clock of one server: unique on the network, and totally ordered.
///
/// The upper 48 bits of `tick` are milliseconds since 1970, the lower 16 count within one.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Stamp {
    /// Milliseconds and count.
    pub tick: u64,
    /// Whose clock; also what breaks ties.
    pub server: Sid,
}

impl Stamp {
    /// Before everything.
    pub const ZERO: Stamp = Stamp { tick: 0, server: Sid::FIRST };

    /// The first tick at that time on the wall.
    pub fn tick_at(wall: Wall) -> u64 {
        wall.0 << 16
    }

    /// The time on the wall when it was read, as `server-time` and histories tell it.
    pub fn wall(self) -> Wall {
        Wall(self.tick >> 16)
    }
}

/// A message id: the stamp of the operation, and which of its lines. Sorts by time as text.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct MsgId {
    /// The operation that the line comes from.
    pub at: Stamp,
    /// The line's number, from 0.
    pub line: u16,
}

impl MsgId {
    /// Reads an id as it is written.
    pub fn parse(text: &str) -> Option<MsgId> {
        let (head, line) = match text.split_once('-') {
            Some((head, line)) => (head, line.parse().ok().filter(|line| *line > 0)?),
            None => (text, 0),
        };
        let (digits, server) = head.split_at_checked(13)?;
        let mut tick: u64 = 0;
        for byte in digits.bytes() {
            let digit = match byte {
                b'0'..=b'9' => byte - b'0',
                b'a'..=b'v' => byte - b'a' + 10,
                _ => return None,
            };
            // Thirteen digits have a bit more than a tick.
            tick = tick.checked_mul(32)?.checked_add(u64::from(digit))?;
        }
        Some(MsgId { at: Stamp { tick, server: Sid::parse(server)? }, line })
    }
}

impl fmt::Display for MsgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
        let mut text = [0; 13];
        for (place, byte) in text.iter_mut().enumerate() {
            let digit = (self.at.tick >> (60 - 5 * place)) & 31;
            *byte = DIGITS.get(digit as usize).copied().unwrap_or(b'0');
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())?;
        write!(f, "{}", self.at.server)?;
        if self.line > 0 { write!(f, "-{}", self.line) } else { Ok(()) }
    }
}

/// A hybrid logical clock: follows the clock on the wall, and never goes back behind a stamp it has
/// given or seen.
#[derive(Debug)]
pub struct Clock {
    last: Stamp,
}

impl Clock {
    /// A clock whose first stamp is later than `floor`, a tick kept from an earlier life.
    pub fn new(server: Sid, floor: u64) -> Clock {
        Clock { last: Stamp { tick: floor, server } }
    }

    /// The next stamp, later than any before.
    pub fn tick(&mut self, wall: Wall) -> Stamp {
        self.last.tick = (self.last.tick + 1).max(Stamp::tick_at(wall));
        self.last
    }

    /// From now on gives only stamps later than `at`.
    pub fn seen(&mut self, at: Stamp) {
        self.last.tick = self.last.tick.max(at.tick);
    }

    /// The last tick given or seen: what the store keeps for the next life.
    pub fn last(&self) -> u64 {
        self.last.tick
    }
}

/// The units of spans as people write them, the longest first, with their milliseconds.
const UNITS: &[(&str, u64)] = &[
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

/// Reads a span as people write it: `90s`, `1h30m`, `2w`. Every number has its unit.
pub fn parse_span(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, after) = rest.split_at_checked(digits)?;
        let letters =
            after.len() - after.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let (unit, after) = after.split_at_checked(letters)?;
        let ms = UNITS.iter().find(|row| row.0 == unit)?.1;
        let span = number.parse::<u64>().ok()?.checked_mul(ms)?;
        total = total.checked_add(Duration::from_millis(span))?;
        rest = after;
    }
    (!text.is_empty()).then_some(total)
}

/// Writes a span as people write it, to the millisecond: `1h30m`, and `0s` for none.
pub fn span_text(span: Duration) -> String {
    let mut rest = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (unit, ms) in UNITS {
        if rest >= *ms {
            text.push_str(&(rest / ms).to_string());
            text.push_str(unit);
            rest %= ms;
        }
    }
    if text.is_empty() { "0s".into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_as_they_are_written() {
        for (text, ms) in
            [("0s", 0), ("90ms", 90), ("1m30s", 90_000), ("2h", 7_200_000), ("1w2d", 777_600_000)]
        {
            let span = Duration::from_millis(ms);
            assert_eq!((parse_span(text), span_text(span).as_str()), (Some(span), text));
        }
        for text in ["", "5", "h", "5x", "1h5", "99999999999999999999s", "99999999999999999w", "é"]
        {
            assert_eq!(parse_span(text), None, "{text}");
        }
    }

    #[test]
    fn an_id_reads_as_it_is_written() {
        for text in ["000", "0AA", "9ZZ", "2B7"] {
            assert_eq!(Sid::parse(text).map(|sid| sid.to_string()).as_deref(), Some(text));
        }
        for text in ["", "AAA", "0aa", "0A", "0AAA", "0A:"] {
            assert_eq!(Sid::parse(text), None, "{text}");
        }
    }

    #[test]
    fn stamps_grow_even_when_the_wall_clock_is_set_back() {
        let mut clock = Clock::new(Sid::FIRST, 0);
        let a = clock.tick(Wall(1000));
        let b = clock.tick(Wall(500));
        assert!(b > a);
        clock.seen(Stamp { tick: 5000 << 16, server: Sid::from_number(7) });
        let c = clock.tick(Wall(600));
        assert!(c.wall() == Wall(5000) && c.server == Sid::FIRST);
    }

    #[test]
    fn message_ids_sort_as_text_as_they_do_in_time() {
        let mut clock = Clock::new(Sid::FIRST, 0);
        let ids: Vec<String> = [1, 1, 2, 1_800_000_000_000, 1_800_000_000_001]
            .map(|wall| MsgId { at: clock.tick(Wall(wall)), line: 0 }.to_string())
            .into();
        assert!(ids.is_sorted(), "{ids:?}");
        assert_eq!(ids[0].len(), 16);
        for text in ids.iter().map(String::as_str).chain(["00000000000010AA-12"]) {
            assert_eq!(MsgId::parse(text).map(|id| id.to_string()).as_deref(), Some(text));
        }
        for text in
            ["", "x", "0000000000001", "000000000000zAAA", "g000000000000000", "é00000000000010AA"]
        {
            assert_eq!(MsgId::parse(text), None, "{text}");
        }
    }
}
