//! Who may connect: how many at once, and how often, from one address. Decided at accept, before any
//! handshake is paid for.

use super::{Core, bans, defcon};
use crate::{
    config::Limits,
    server::{Origin, Verdict},
    time::{Mono, Now},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

/// How many addresses without a connection are remembered for their throttle.
const REMEMBERED_MAX: usize = 65_536;

const FULL: &str = "ERROR :Closing link: the server is full, try again later\r\n";

/// The connections, by address. An IPv6 address counts as its /64, which is what one customer has.
#[derive(Debug, Default)]
pub struct Admission {
    addresses: BTreeMap<IpAddr, Address>,
    /// Those of them without a connection, by when there is nothing to remember any more: each is
    /// taken out once for each time it is put in, so forgetting costs nothing that connecting has not.
    idle: BTreeSet<(Mono, IpAddr)>,
    total: u32,
}

#[derive(Debug)]
struct Address {
    open: u32,
    /// When the throttle's credit is full again.
    full_at: Mono,
}

impl Admission {
    /// Decides about a connection, and counts it if it is admitted.
    pub fn admit(&mut self, from: Origin, limits: &Limits, now: Now) -> Verdict {
        if self.total >= limits.clients {
            return Verdict::Refuse(FULL.into());
        }
        let (Some(ip), Some(key)) = (from.ip(), from.customer()) else {
            self.total += 1;
            return Verdict::Admit;
        };
        self.forget(now);
        let known = self.addresses.get(&key);
        let (open, before) = known.map_or((0, now.mono), |known| (known.open, known.full_at));
        let mut full_at = before;
        // The exempt are counted as well: after a reload they may not be exempt any more.
        if !limits.exempt.iter().any(|cidr| cidr.contains(ip)) {
            if open >= limits.clients_per_address {
                return Verdict::Refuse(
                    "ERROR :Closing link: too many connections from your address\r\n".into(),
                );
            }
            full_at = before.max(now.mono) + limits.connect_interval;
            if full_at.since(now.mono) > limits.connect_interval * limits.connect_burst {
                return Verdict::Refuse(
                    "ERROR :Closing link: your address connects too often, wait a moment\r\n"
                        .into(),
                );
            }
        }
        self.idle.remove(&(before, key));
        self.addresses.insert(key, Address { open: open + 1, full_at });
        self.total += 1;
        Verdict::Admit
    }

    /// A connection that had been admitted is no more.
    pub fn release(&mut self, from: Origin) {
        self.total = self.total.saturating_sub(1);
        let Some(key) = from.customer() else { return };
        let Some(address) = self.addresses.get_mut(&key) else { return };
        address.open = address.open.saturating_sub(1);
        if address.open > 0 {
            return;
        }
        self.idle.insert((address.full_at, key));
        if self.idle.len() > REMEMBERED_MAX {
            // The one that would be forgotten first anyway.
            self.forget_first();
        }
    }

    /// Counts a connection to which only the limit of the whole server applies.
    fn admit_freely(&mut self, from: Origin, limits: &Limits) -> Verdict {
        if self.total >= limits.clients {
            return Verdict::Refuse(FULL.into());
        }
        self.hold(from);
        Verdict::Admit
    }

    /// Counts a connection without asking.
    fn hold(&mut self, from: Origin) {
        self.total += 1;
        let Some(key) = from.customer() else { return };
        let start = Address { open: 0, full_at: Mono::default() };
        let address = self.addresses.entry(key).or_insert(start);
        if address.open == 0 {
            self.idle.remove(&(address.full_at, key));
        }
        address.open += 1;
    }

    /// Whoever comes from there has not connected too often, whatever came before.
    fn forgive(&mut self, from: Origin, now: Now) {
        let Some(key) = from.customer() else { return };
        let Some(address) = self.addresses.get_mut(&key).filter(|one| one.full_at > now.mono)
        else {
            return;
        };
        if self.idle.remove(&(address.full_at, key)) {
            self.idle.insert((now.mono, key));
        }
        address.full_at = now.mono;
    }

    /// How many connections there are.
    pub fn total(&self) -> u32 {
        self.total
    }

    /// Forgets addresses of which there is nothing to remember.
    fn forget(&mut self, now: Now) {
        while self.idle.first().is_some_and(|idle| idle.0 <= now.mono) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some((_, key)) = self.idle.pop_first() {
            self.addresses.remove(&key);
        }
    }
}

impl Core {
    /// Decides about a connection, and counts it if it is admitted.
    pub fn admit(&mut self, from: Origin, now: Now) -> Verdict {
        let config = &self.config;
        // Many come from a gateway, and count when it has said who they are.
        let gateway = config.webirc.iter().any(|webirc| from.is_among(&webirc.hosts));
        let locked = defcon::refused_origin(self, from).map(str::to_owned);
        let banned = || from.ip().and_then(|ip| bans::refused_address(self, ip));
        if let Some(why) = locked.or_else(banned) {
            return Verdict::Refuse(format!("ERROR :Closing link: {why}\r\n").into());
        }
        if let Origin::Tor(circuit) = from {
            let verdict = self.tor.admit(circuit, &config.tor, now.mono);
            if verdict != Verdict::Admit {
                return verdict;
            }
        }
        let trusted = |ip| self.reputation.is_trusted(ip, &config.reputation);
        if from.ip().is_some_and(trusted) {
            self.admission.forgive(from, now);
        }
        let verdict = match gateway {
            true => self.admission.admit_freely(from, &config.limits),
            false => self.admission.admit(from, &config.limits, now),
        };
        if let (Origin::Tor(circuit), Verdict::Refuse(_)) = (from, &verdict) {
            self.tor.release(circuit);
        }
        verdict
    }

    /// A connection that had been admitted is no more.
    pub fn release(&mut self, from: Origin) {
        if let Origin::Tor(circuit) = from {
            self.tor.release(circuit);
        }
        self.admission.release(from);
    }

    /// A connection that had been admitted turns out to come from elsewhere. One that is refused counts
    /// as before.
    pub fn readmit(&mut self, before: Origin, from: Origin, now: Now) -> Verdict {
        if before == from {
            return Verdict::Admit;
        }
        self.admission.release(before);
        let verdict = self.admit(from, now);
        match (&verdict, before) {
            (Verdict::Refuse(_), _) => self.admission.hold(before),
            (Verdict::Admit, Origin::Tor(circuit)) => self.tor.release(circuit),
            (Verdict::Admit, Origin::Ip(_) | Origin::Local) => (),
        }
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::cidr::Cidr;
    use std::time::Duration;

    fn limits() -> Limits {
        let interval = Duration::from_secs(10);
        Limits {
            clients_per_address: 3,
            connect_burst: 4,
            connect_interval: interval,
            exempt: Vec::new(),
            ..Limits::default()
        }
    }

    fn ip(text: &str) -> Origin {
        Origin::Ip(text.parse().unwrap())
    }

    #[test]
    fn an_address_may_be_connected_so_often_at_once() {
        let (mut admission, limits, now) = (Admission::default(), limits(), Now::default());
        for _ in 0..3 {
            assert_eq!(admission.admit(ip("192.0.2.1"), &limits, now), Verdict::Admit);
        }
        assert!(matches!(admission.admit(ip("192.0.2.1"), &limits, now), Verdict::Refuse(_)));
        assert_eq!(admission.admit(ip("192.0.2.2"), &limits, now), Verdict::Admit);
        admission.release(ip("192.0.2.1"));
        assert_eq!(admission.admit(ip("192.0.2.1"), &limits, now), Verdict::Admit);
    }

    #[test]
    fn an_address_may_connect_so_often_in_a_while() {
        let (mut admission, limits, mut now) = (Admission::default(), limits(), Now::default());
        for _ in 0..4 {
            assert_eq!(admission.admit(ip("192.0.2.1"), &limits, now), Verdict::Admit);
            admission.release(ip("192.0.2.1"));
        }
        assert!(matches!(admission.admit(ip("192.0.2.1"), &limits, now), Verdict::Refuse(_)));
        now.mono = now.mono + Duration::from_secs(10);
        assert_eq!(admission.admit(ip("192.0.2.1"), &limits, now), Verdict::Admit);
    }

    #[test]
    fn addresses_of_one_64_count_as_one() {
        let (mut admission, limits, now) = (Admission::default(), limits(), Now::default());
        for last in 1..=3 {
            assert_eq!(
                admission.admit(ip(&format!("2001:db8::{last}")), &limits, now),
                Verdict::Admit
            );
        }
        assert!(matches!(admission.admit(ip("2001:db8::9"), &limits, now), Verdict::Refuse(_)));
        assert_eq!(admission.admit(ip("2001:db8:0:1::9"), &limits, now), Verdict::Admit);
    }

    #[test]
    fn what_is_remembered_is_bounded_and_forgotten() {
        let (mut admission, limits, mut now) = (Admission::default(), limits(), Now::default());
        let staying = ip("192.0.2.1");
        assert_eq!(admission.admit(staying, &limits, now), Verdict::Admit);
        for number in 0..REMEMBERED_MAX as u32 + 500 {
            let from = Origin::Ip(std::net::Ipv4Addr::from(0x0A00_0000 + number).into());
            assert_eq!(admission.admit(from, &limits, now), Verdict::Admit);
            admission.release(from);
            assert!(admission.addresses.len() <= REMEMBERED_MAX + 1);
            assert_eq!(admission.addresses.len(), admission.idle.len() + 1);
        }
        now.mono = now.mono + limits.connect_interval;
        assert_eq!(admission.admit(staying, &limits, now), Verdict::Admit);
        assert_eq!((admission.addresses.len(), admission.idle.len()), (1, 0));
        assert_eq!(admission.total(), 2);
    }

    #[test]
    fn who_is_exempt_counts_once_they_are_not_any_more() {
        let (mut admission, limits, now) = (Admission::default(), limits(), Now::default());
        let from = ip("192.0.2.1");
        let exempt =
            Limits { exempt: vec![Cidr::parse("192.0.2.0/24").unwrap()], ..limits.clone() };
        for _ in 0..9 {
            assert_eq!(admission.admit(from, &exempt, now), Verdict::Admit);
        }
        assert!(matches!(admission.admit(from, &limits, now), Verdict::Refuse(_)));
        for _ in 0..7 {
            admission.release(from);
        }
        assert_eq!(admission.admit(from, &limits, now), Verdict::Admit);
        assert!(matches!(admission.admit(from, &limits, now), Verdict::Refuse(_)));
    }

    #[test]
    fn whoever_is_held_is_counted_as_before() {
        let (mut admission, limits, mut now) = (Admission::default(), limits(), Now::default());
        let from = ip("192.0.2.1");
        assert_eq!(admission.admit(from, &limits, now), Verdict::Admit);
        admission.release(from);
        admission.hold(from);
        assert!(admission.idle.is_empty());
        now.mono = now.mono + limits.connect_interval * 2;
        assert_eq!(admission.admit_freely(from, &limits), Verdict::Admit);
        assert_eq!(admission.admit(from, &limits, now), Verdict::Admit);
        assert!(matches!(admission.admit(from, &limits, now), Verdict::Refuse(_)));
        for _ in 0..3 {
            admission.release(from);
        }
        assert_eq!((admission.total(), admission.idle.len()), (0, 1));
        let full = Limits { clients: 0, ..limits };
        assert_eq!(admission.admit_freely(from, &full), Verdict::Refuse(FULL.into()));
    }

    #[test]
    fn whoever_turns_out_to_come_from_elsewhere_counts_there_alone() {
        let (mut core, now) = (Core::sample(), Now::default());
        core.config.limits = limits();
        core.config.tor.clients = 1;
        let (gateway, user) = (ip("192.0.2.1"), ip("192.0.2.7"));
        for _ in 0..3 {
            assert_eq!(core.admit(gateway, now), Verdict::Admit);
            assert_eq!(core.readmit(gateway, user, now), Verdict::Admit);
        }
        // There is room again where they came from, and none where they come from now.
        assert_eq!(core.admit(gateway, now), Verdict::Admit);
        assert!(matches!(core.readmit(gateway, user, now), Verdict::Refuse(_)));
        assert_eq!(core.admission.total(), 4);
        core.release(gateway);
        for _ in 0..3 {
            core.release(user);
        }
        let open = core.admission.addresses.values().map(|address| address.open).sum::<u32>();
        assert_eq!((core.admission.total(), open), (0, 0));
        // And by Tor.
        let tor = Origin::Tor(None);
        assert_eq!(core.admit(tor, now), Verdict::Admit);
        assert_eq!(core.readmit(tor, ip("192.0.2.8"), now), Verdict::Admit);
        assert_eq!(core.admit(tor, now), Verdict::Admit);
        assert!(matches!(core.admit(tor, now), Verdict::Refuse(_)));
        core.release(tor);
        assert_eq!(core.admission.total(), 1);
    }

    #[test]
    fn who_is_forgiven_may_connect_again() {
        let (mut admission, limits, now) = (Admission::default(), limits(), Now::default());
        let from = ip("192.0.2.1");
        for _ in 0..9 {
            admission.forgive(from, now);
            assert_eq!(admission.admit(from, &limits, now), Verdict::Admit);
            admission.release(from);
            assert_eq!((admission.addresses.len(), admission.idle.len()), (1, 1));
        }
        // How many may be there at once is another matter.
        for _ in 0..3 {
            admission.forgive(from, now);
            assert_eq!(admission.admit(from, &limits, now), Verdict::Admit);
        }
        assert!(matches!(admission.admit(from, &limits, now), Verdict::Refuse(_)));
    }

    #[test]
    fn a_full_server_says_so() {
        let (mut admission, now) = (Admission::default(), Now::default());
        let limits = Limits { clients: 1, ..limits() };
        assert_eq!(admission.admit(Origin::Local, &limits, now), Verdict::Admit);
        assert!(matches!(admission.admit(ip("192.0.2.1"), &limits, now), Verdict::Refuse(_)));
    }
}
