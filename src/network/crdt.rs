//! Registers, epochs and version vectors: values that merge, in any order, to the same.

use crate::time::{Sid, Stamp};
use std::{cmp::Ordering, collections::BTreeMap, fmt};

/// A user's identity on the whole network, unlike a `UserId`, which is this server's.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Uid {
    /// The user's home.
    pub server: Sid,
    /// Never used twice by that server, in whichever of its lives.
    pub number: u32,
}

impl fmt::Display for Uid {
    /// Nine characters as in TS6: the server's id, a letter, and five letters or digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        let mut text = [b'A'; 6];
        let mut rest = self.number as usize;
        for byte in text.iter_mut().rev() {
            *byte = DIGITS.get(rest % 36).copied().unwrap_or(b'A');
            rest /= 36;
        }
        write!(f, "{}{}", self.server, std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl Uid {
    /// Reads an identity as it is written.
    pub fn parse(text: &str) -> Option<Uid> {
        let (server, digits) = text.split_at_checked(3)?;
        let mut number: u64 = 0;
        for byte in digits.bytes() {
            let digit = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'0'..=b'9' => byte - b'0' + 26,
                _ => return None,
            };
            number = number.checked_mul(36)?.checked_add(digit.into())?;
        }
        let number = u32::try_from(number).ok().filter(|_| digits.len() == 6)?;
        Some(Uid { server: Sid::parse(server)?, number })
    }
}

/// Who did something: what a register keeps beside its value, so that it can be told later.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Source {
    /// A user.
    User(Uid),
    /// A server of its own accord.
    Server(Sid),
    /// A service, by its nick, which is one of [`SPEAKERS`].
    Service(&'static str),
}

/// The services, which may do something to the network.
pub const SPEAKERS: [&str; 5] = [CHANSERV, HOSTSERV, MEMOSERV, NICKSERV, OPERSERV];

/// What looks after registered channels.
pub const CHANSERV: &str = "ChanServ";

/// What gives hosts to accounts.
pub const HOSTSERV: &str = "HostServ";

/// What keeps memos.
pub const MEMOSERV: &str = "MemoServ";

/// What looks after accounts.
pub const NICKSERV: &str = "NickServ";

/// What does the will of operators.
pub const OPERSERV: &str = "OperServ";

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::User(uid) => uid.fmt(f),
            Source::Server(sid) => sid.fmt(f),
            Source::Service(name) => f.write_str(name),
        }
    }
}

impl Source {
    /// Reads a source as it is written.
    pub fn parse(text: &str) -> Option<Source> {
        let service = SPEAKERS.into_iter().find(|name| *name == text).map(Source::Service);
        let server = || Sid::parse(text).map(Source::Server);
        service.or_else(|| Uid::parse(text).map(Source::User)).or_else(server)
    }
}

/// A register that the last writer wins.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Lww<T> {
    /// What was written.
    pub value: T,
    /// When.
    pub at: Stamp,
    /// By whom.
    pub by: Source,
}

/// One life of a server: from a start to a crash or a goodbye.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Origin {
    /// Which server.
    pub server: Sid,
    /// Which of its lives, counted by its store.
    pub life: u64,
}

/// One founding of a channel. Modes, lists, status and topic belong to an epoch and end with it.
///
/// The greater of two epochs is the one that holds: the older founding, or the one that knew of the
/// other when it was made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Epoch {
    /// The first founding in the chain of those that each knew of the one before.
    pub root: Stamp,
    /// How many foundings came before it in that chain.
    pub depth: u32,
    /// When it was founded.
    pub at: Stamp,
    /// Whether it is by the registration of the channel, whose stamp it then has. Such a founding is told
    /// again, the same, whenever somebody enters the channel while nobody is there.
    pub registered: bool,
}

impl Epoch {
    /// The epoch founded at `at` by a server that knew of the (empty) epoch `before`.
    pub fn founded(at: Stamp, before: Option<Epoch>) -> Epoch {
        match before {
            Some(before) => Epoch {
                root: before.root,
                depth: before.depth.saturating_add(1),
                at,
                registered: false,
            },
            None => Epoch { root: at, depth: 0, at, registered: false },
        }
    }

    /// The epoch of a channel that was registered at `at`: it comes before all foundings without a
    /// registration. `depth` says after how many others it comes that began with a registration.
    pub fn registered(at: Stamp, depth: u32) -> Epoch {
        Epoch { root: Stamp::ZERO, depth, at, registered: true }
    }

    /// How deep a registration has to be to come after this.
    pub fn depth_after(self) -> u32 {
        if self.root == Stamp::ZERO { self.depth.saturating_add(1) } else { 0 }
    }

    /// Before when nothing can have been written that belongs to it. What a registered channel has may be
    /// older than the registration.
    pub fn begins(self) -> Stamp {
        if self.registered { Stamp::ZERO } else { self.at }
    }
}

impl Ord for Epoch {
    fn cmp(&self, other: &Epoch) -> Ordering {
        let older_root = other.root.cmp(&self.root);
        older_root.then(self.depth.cmp(&other.depth)).then(other.at.cmp(&self.at))
    }
}

impl PartialOrd for Epoch {
    fn partial_cmp(&self, other: &Epoch) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// How much of one origin's operations has been seen: all up to `seq`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Seen {
    /// The last operation's number; the first is 1.
    pub seq: u64,
    /// The first operation's tick.
    pub first: u64,
    /// The last operation's tick.
    pub last: u64,
}

/// The lives of a server that are over, and of which all has been seen by all.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Over {
    /// The last of them.
    pub life: u64,
    /// Its last tick.
    pub tick: u64,
}

/// A version vector: how much has been seen of every origin.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Have {
    lives: BTreeMap<Origin, Seen>,
    over: BTreeMap<Sid, Over>,
}

impl Have {
    /// How many of the origin's operations have been seen.
    pub fn seq(&self, origin: Origin) -> u64 {
        if self.is_over(origin) {
            return u64::MAX;
        }
        self.lives.get(&origin).map_or(0, |seen| seen.seq)
    }

    /// The tick of the last of the origin's operations that has been seen.
    pub fn last(&self, origin: Origin) -> Option<u64> {
        self.lives.get(&origin).map(|seen| seen.last)
    }

    /// The last tick that has been seen of a server's lives before this one.
    pub fn last_before(&self, origin: Origin) -> Option<u64> {
        let first = Origin { life: 0, ..origin };
        let lives = self.lives.range(first..origin).map(|(_, seen)| seen.last);
        lives.chain(self.over.get(&origin.server).map(|over| over.tick)).max()
    }

    /// Notes that an operation, the next of its origin, has been seen.
    pub fn see(&mut self, origin: Origin, seq: u64, at: Stamp) {
        let seen = self.lives.entry(origin).or_insert(Seen { seq, first: at.tick, last: at.tick });
        debug_assert!(
            seq == seen.seq || seq == seen.seq + 1,
            "operations of one origin come in order"
        );
        seen.seq = seq;
        seen.last = at.tick;
    }

    /// Notes that the origin's operations up to this one have been seen.
    pub fn reach(&mut self, origin: Origin, seq: u64, at: Stamp) {
        self.raise(origin, Seen { seq, first: at.tick, last: at.tick });
    }

    /// Whether the operation stamped `at` is among those seen. Stamps of one server grow, in every
    /// life and from life to life, so its ticks tell.
    pub fn covers(&self, at: Stamp) -> bool {
        let lives =
            Origin { server: at.server, life: 0 }..=Origin { server: at.server, life: u64::MAX };
        self.over.get(&at.server).is_some_and(|over| at.tick <= over.tick)
            || self.lives.range(lives).any(|(_, seen)| (seen.first..=seen.last).contains(&at.tick))
    }

    /// Whether everything that `other` has seen has been seen here too. What all have seen is not looked
    /// at.
    pub fn includes(&self, other: &Have) -> bool {
        other.lives.iter().all(|(origin, seen)| self.seq(*origin) >= seen.seq)
    }

    /// Whether all has been seen here of the lives that are over to `other`.
    pub fn knows_ends_of(&self, other: &Have) -> bool {
        other.over().all(|(server, over)| {
            let origin = Origin { server, life: over.life };
            self.is_over(origin) || self.last(origin) >= Some(over.tick)
        })
    }

    /// The lives that are over, of which all has been seen by all.
    pub fn over(&self) -> impl Iterator<Item = (Sid, Over)> {
        self.over.iter().map(|(server, over)| (*server, *over))
    }

    /// The lives that are over to `other`, and of which the last has been seen whole here as well.
    pub fn also_over(&self, other: &Have) -> Vec<(Sid, Over)> {
        let seen_whole = |(server, over): &(Sid, Over)| {
            self.last(Origin { server: *server, life: over.life }) == Some(over.tick)
        };
        other.over().filter(seen_whole).collect()
    }

    /// Takes in what `other` has seen.
    pub fn merge(&mut self, other: &Have) {
        other.over().for_each(|(server, over)| self.end(server, over));
        for (origin, seen) in &other.lives {
            self.raise(*origin, *seen);
        }
    }

    /// Takes in how much of one origin somebody has seen.
    pub fn raise(&mut self, origin: Origin, seen: Seen) {
        if self.is_over(origin) {
            return;
        }
        let known = self.lives.entry(origin).or_insert(seen);
        known.first = known.first.min(seen.first);
        if seen.seq > known.seq {
            known.seq = seen.seq;
            known.last = seen.last;
        }
    }

    /// Takes in as much of one origin as `other` has seen.
    pub fn raise_as(&mut self, other: &Have, origin: Origin) {
        if let Some(seen) = other.lives.get(&origin) {
            self.raise(origin, *seen);
        }
    }

    /// Lives of a server are over, and all has been seen of them by all: they are kept as one.
    pub fn end(&mut self, server: Sid, over: Over) {
        let known = self.over.entry(server).or_insert(over);
        known.life = known.life.max(over.life);
        known.tick = known.tick.max(over.tick);
        let life = known.life;
        self.lives.retain(|origin, _| origin.server != server || origin.life > life);
    }

    fn is_over(&self, origin: Origin) -> bool {
        self.over.get(&origin.server).is_some_and(|over| origin.life <= over.life)
    }

    /// Every origin that is not over, with how much of it has been seen.
    pub fn iter(&self) -> impl Iterator<Item = (Origin, Seen)> {
        self.lives.iter().map(|(origin, seen)| (*origin, *seen))
    }

    /// What has been seen since `before`, which is earlier.
    pub fn since(&self, before: &Have) -> Vec<(Origin, Seen)> {
        self.iter().filter(|(origin, seen)| before.seq(*origin) < seen.seq).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(tick: u64, server: u64) -> Stamp {
        Stamp { tick, server: Sid::from_number(server) }
    }

    #[test]
    fn an_identity_reads_as_it_is_written() {
        for number in [0, 1, 35, 36, 77_777, (1 << 30) - 1] {
            let uid = Uid { server: Sid::from_number(1623), number };
            assert_eq!(Uid::parse(&uid.to_string()), Some(uid));
        }
        for text in ["", "0AA", "0AAAAAAA", "0AAaaaaaa"] {
            assert_eq!(Uid::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_older_founding_holds_among_those_that_did_not_know_each_other() {
        let (old, new) = (Epoch::founded(at(1, 2), None), Epoch::founded(at(2, 1), None));
        assert!(old > new);
    }

    #[test]
    fn a_founding_that_knew_of_an_older_one_takes_its_place() {
        let first = Epoch::founded(at(1, 1), None);
        let second = Epoch::founded(at(5, 1), Some(first));
        let stranger = Epoch::founded(at(3, 2), None);
        assert!(second > first && first > stranger && second > stranger);
    }

    #[test]
    fn a_vector_tells_lives_apart() {
        let origin = |life| Origin { server: Sid::from_number(1), life };
        let mut have = Have::default();
        have.see(origin(1), 1, at(10, 1));
        have.see(origin(1), 2, at(20, 1));
        have.see(origin(2), 1, at(40, 1));
        assert!(have.covers(at(15, 1)) && have.covers(at(40, 1)));
        assert!(!have.covers(at(30, 1)), "the end of the first life has not been seen");
        assert!(!have.covers(at(41, 1)) && !have.covers(at(15, 2)));
    }

    #[test]
    fn lives_that_are_over_are_kept_as_one() {
        let origin = |life| Origin { server: Sid::from_number(1), life };
        let mut have = Have::default();
        for life in 1..=3 {
            have.see(origin(life), 1, at(10 * life, 1));
        }
        let before = have.clone();
        have.end(Sid::from_number(1), Over { life: 2, tick: 20 });
        assert_eq!(have.iter().count(), 1);
        assert!(have.includes(&before) && before.knows_ends_of(&have));
        assert!(have.covers(at(20, 1)) && have.covers(at(30, 1)) && !have.covers(at(25, 1)));
        assert!(!Have::default().knows_ends_of(&have));
        let mut half = Have::default();
        half.see(origin(2), 1, at(15, 1));
        assert!(!half.knows_ends_of(&have), "the last of that life has not been seen");
        have.merge(&before);
        assert_eq!(have.iter().count(), 1);
    }
}
