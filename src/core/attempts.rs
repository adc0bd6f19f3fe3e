//! Failed log-ins, by address and by account, and what else one has to wait for: who guesses secrets has to
//! wait, from however many addresses.

use super::peer::Origin;
use crate::{
    store::Purpose,
    time::{Mono, Now},
};
use std::{
    borrow::Borrow,
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    time::Duration,
};

/// How many of each kind are remembered; beyond that the one that would be forgotten first is.
const REMEMBERED_MAX: usize = 10_000;

/// What has been tried. An IPv6 address counts as its /64; all Unix sockets count as one.
#[derive(Debug, Default)]
pub struct Attempts {
    addresses: Debts<Option<IpAddr>>,
    accounts: Debts<Box<str>>,
    registrations: Debts<Option<IpAddr>>,
    mails: Debts<Box<str>>,
    /// Those of them that show memos.
    memos: Debts<Box<str>>,
}

impl Attempts {
    /// Whether an address may try now, after `burst` failures only once each `interval`.
    pub fn may(&self, from: Origin, burst: u32, interval: Duration, now: Now) -> bool {
        self.addresses.may(&from.customer(), burst, interval, now)
    }

    /// Notes a failure.
    pub fn failed(&mut self, from: Origin, interval: Duration, now: Now) {
        self.addresses.add(from.customer(), interval, now);
    }

    /// Whether somebody may try to log in by a name, folded, whether or not it is an account's.
    pub fn may_as(&self, name: &str, burst: u32, interval: Duration, now: Now) -> bool {
        self.accounts.may(name, burst, interval, now)
    }

    /// Notes a failure to log in by a name.
    pub fn failed_as(&mut self, name: &str, interval: Duration, now: Now) {
        self.accounts.add(name.into(), interval, now);
    }

    /// Whether an address may register another account, and if so notes that it does.
    pub fn registers(&mut self, from: Origin, burst: u32, interval: Duration, now: Now) -> bool {
        let key = from.customer();
        let may = self.registrations.may(&key, burst, interval, now);
        if may {
            self.registrations.add(key, interval, now);
        }
        may
    }
}

impl Attempts {
    /// Whether another mail may go to a mail address, of which so many may in an hour, and so many to all; if
    /// so notes that one does. Memos get half of either, so that nobody is kept from a code by them.
    pub fn mails(
        &mut self,
        (purpose, address): (Purpose, &str),
        (each, all): (u32, u32),
        now: Now,
    ) -> bool {
        let address = address.to_lowercase();
        // No address is empty, so that stands for all.
        let counted = |each, all| {
            [(address.as_str(), each), ("", all)]
                .map(|(key, most): (&str, u32)| (key, most, HOUR / most.max(1)))
        };
        let (mails, memos) = (counted(each, all), counted(each / 2, all / 2));
        let memos: &[_] = if purpose == Purpose::Memo { &memos } else { &[] };
        let may = |debts: &Debts<Box<str>>, (key, most, each): &(&str, u32, Duration)| {
            debts.may(*key, *most, *each, now)
        };
        let may = mails.iter().all(|one| may(&self.mails, one))
            && memos.iter().all(|one| may(&self.memos, one));
        if may {
            mails.iter().for_each(|(key, _, each)| self.mails.add((*key).into(), *each, now));
            memos.iter().for_each(|(key, _, each)| self.memos.add((*key).into(), *each, now));
        }
        may
    }
}

const HOUR: Duration = Duration::from_secs(3600);

/// When each has made good for what they did.
#[derive(Debug)]
struct Debts<K> {
    good_at: BTreeMap<K, Mono>,
    order: BTreeSet<(Mono, K)>,
}

impl<K> Default for Debts<K> {
    fn default() -> Debts<K> {
        Debts { good_at: BTreeMap::new(), order: BTreeSet::new() }
    }
}

impl<K: Clone + Ord> Debts<K> {
    fn may<Q>(&self, key: &Q, burst: u32, interval: Duration, now: Now) -> bool
    where
        K: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        let good_at = self.good_at.get(key).copied().unwrap_or_default();
        good_at.since(now.mono) + interval <= interval * burst
    }

    fn add(&mut self, key: K, interval: Duration, now: Now) {
        while self.order.first().is_some_and(|first| first.0 <= now.mono) {
            self.forget_first();
        }
        let before = self.good_at.get(&key).copied();
        if let Some(before) = before {
            self.order.remove(&(before, key.clone()));
        }
        let good_at = before.unwrap_or_default().max(now.mono) + interval;
        self.good_at.insert(key.clone(), good_at);
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
            attempts.failed(alice, INTERVAL, now);
        }
        assert!(!attempts.may(ip("2001:db8::2"), 3, INTERVAL, now), "of the same /64");
        assert!(attempts.may(ip("192.0.2.1"), 3, INTERVAL, now));
        now.mono = now.mono + INTERVAL;
        assert!(attempts.may(alice, 3, INTERVAL, now));
        attempts.failed(alice, INTERVAL, now);
        assert!(!attempts.may(alice, 3, INTERVAL, now));
    }

    #[test]
    fn who_registers_often_waits_and_so_does_whoever_guesses_for_one_account() {
        let (mut attempts, mut now) = (Attempts::default(), Now::default());
        let alice = ip("192.0.2.1");
        let registers = |attempts: &mut Attempts, now| attempts.registers(alice, 2, INTERVAL, now);
        assert!(registers(&mut attempts, now) && registers(&mut attempts, now));
        assert!(!registers(&mut attempts, now), "and that does not count");
        now.mono = now.mono + INTERVAL;
        assert!(registers(&mut attempts, now) && !registers(&mut attempts, now));
        attempts.failed_as("bob", INTERVAL, now);
        assert!(!attempts.may_as("bob", 1, INTERVAL, now));
        assert!(
            attempts.may_as("carol", 1, INTERVAL, now) && attempts.may(alice, 1, INTERVAL, now)
        );
    }

    #[test]
    fn memos_leave_half_of_all_mails_to_codes() {
        let (mut attempts, now) = (Attempts::default(), Now::default());
        let mut sent = |purpose, address| {
            (0..9).filter(|_| attempts.mails((purpose, address), (4, 6), now)).count()
        };
        assert_eq!(sent(Purpose::Memo, "bob@b.example"), 2);
        assert_eq!(sent(Purpose::Memo, "carol@b.example"), 1, "half of all");
        assert_eq!(sent(Purpose::Reset, "BOB@b.example"), 2);
        assert_eq!(sent(Purpose::Verify, "carol@b.example"), 1);
        assert_eq!(sent(Purpose::Reset, "dan@b.example"), 0);
    }

    #[test]
    fn only_so_many_are_remembered() {
        let (mut attempts, now) = (Attempts::default(), Now::default());
        for n in 0..REMEMBERED_MAX as u32 + 10 {
            attempts.failed(Origin::Ip(IpAddr::from(n.to_be_bytes())), INTERVAL, now);
        }
        let Debts { good_at, order } = attempts.addresses;
        assert_eq!((good_at.len(), order.len()), (REMEMBERED_MAX, REMEMBERED_MAX));
    }
}
