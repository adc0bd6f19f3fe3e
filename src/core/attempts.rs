//! What addresses do too often: fail to log in, or register accounts. They have to wait.

use super::peer::Origin;
use crate::time::{Mono, Now};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    time::Duration,
};

/// How many addresses are remembered; beyond that the one that would be forgotten first is.
const REMEMBERED_MAX: usize = 10_000;

/// When each address has made good for what it has done. An IPv6 address counts as its /64; all Unix
/// sockets count as one.
#[derive(Debug, Default)]
pub struct Attempts {
    good_at: BTreeMap<Option<IpAddr>, Mono>,
    order: BTreeSet<(Mono, Option<IpAddr>)>,
}

impl Attempts {
    /// Whether an address may now, after `burst` times only once each `interval`.
    pub fn may(&self, from: Origin, burst: u32, interval: Duration, now: Now) -> bool {
        let good_at = self.good_at.get(&from.customer()).copied().unwrap_or_default();
        good_at.since(now.mono) + interval <= interval * burst
    }

    /// Notes that it was once more.
    pub fn note(&mut self, from: Origin, interval: Duration, now: Now) {
        while self.order.first().is_some_and(|first| first.0 <= now.mono) {
            self.forget_first();
        }
        let key = from.customer();
        let before = self.good_at.get(&key).copied();
        if let Some(before) = before {
            self.order.remove(&(before, key));
        }
        let good_at = before.unwrap_or_default().max(now.mono) + interval;
        self.good_at.insert(key, good_at);
        self.order.insert((good_at, key));
        if self.order.len() > REMEMBERED_MAX {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some((_, key)) = self.order.pop_first() {
            self.good_at.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(30);

    fn ip(text: &str) -> Origin {
        Origin::Ip(text.parse().unwrap())
    }

    #[test]
    fn who_fails_too_often_waits() {
        let (mut attempts, mut now) = (Attempts::default(), Now::default());
        let alice = ip("2001:db8::1");
        for _ in 0..3 {
            assert!(attempts.may(alice, 3, INTERVAL, now));
            attempts.note(alice, INTERVAL, now);
        }
        assert!(!attempts.may(ip("2001:db8::2"), 3, INTERVAL, now), "of the same /64");
        assert!(attempts.may(ip("192.0.2.1"), 3, INTERVAL, now));
        now.mono = now.mono + INTERVAL;
        assert!(attempts.may(alice, 3, INTERVAL, now));
        attempts.note(alice, INTERVAL, now);
        assert!(!attempts.may(alice, 3, INTERVAL, now));
    }

    #[test]
    fn only_so_many_are_remembered() {
        let (mut attempts, now) = (Attempts::default(), Now::default());
        for n in 0..REMEMBERED_MAX as u32 + 10 {
            attempts.note(Origin::Ip(IpAddr::from(n.to_be_bytes())), INTERVAL, now);
        }
        assert_eq!(
            (attempts.good_at.len(), attempts.order.len()),
            (REMEMBERED_MAX, REMEMBERED_MAX)
        );
    }
}
