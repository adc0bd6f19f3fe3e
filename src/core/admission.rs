//! Who may connect: how many at once from one address and one network, and how often. Decided at accept,
//! before any handshake is paid for.

use super::{
    Core, bans,
    class::{self, ClassId, Facts, Terms},
    defcon, notes,
    peer::{Origin, Verdict},
};
use crate::{
    config::Limits,
    time::{Mono, Now},
    wire::cidr::Cidr,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

/// How many addresses without a connection are remembered for their throttle.
const REMEMBERED_MAX: usize = 65_536;

/// The connections, by address and by network. An IPv6 address counts as its /64, which is what one
/// customer has.
#[derive(Debug)]
pub struct Admission {
    addresses: BTreeMap<IpAddr, Address>,
    /// Those of them without a connection, by when there is nothing to remember any more: each is
    /// taken out once for each time it is put in, so forgetting costs nothing that connecting has not.
    idle: BTreeSet<(Mono, IpAddr)>,
    /// How many connections come from each network, by its first address.
    networks: BTreeMap<IpAddr, u32>,
    /// How many bits tell networks apart, of IPv4 and of IPv6.
    bits: (u8, u8),
    total: u32,
}

#[derive(Debug)]
struct Address {
    open: u32,
    /// When the throttle's credit is full again.
    full_at: Mono,
}

impl Admission {
    /// No connections.
    pub fn new(limits: &Limits) -> Admission {
        Admission {
            addresses: BTreeMap::new(),
            idle: BTreeSet::new(),
            networks: BTreeMap::new(),
            bits: (limits.network_v4, limits.network_v6),
            total: 0,
        }
    }

    /// Counts networks of another size, if they have one now.
    pub fn resize(&mut self, limits: &Limits) {
        let bits = (limits.network_v4, limits.network_v6);
        if std::mem::replace(&mut self.bits, bits) == bits {
            return;
        }
        self.networks.clear();
        for (key, address) in self.addresses.iter().filter(|(_, address)| address.open > 0) {
            let network = network(*key, bits);
            *self.networks.entry(network).or_default() += address.open;
        }
    }

    /// Decides about a connection, and counts it if it is admitted. Who is `free` is counted all the same:
    /// after a reload they may not be free any more.
    pub fn admit(&mut self, from: Origin, terms: Terms<'_>, free: bool, now: Now) -> Verdict {
        if self.total >= terms.limits.clients {
            return refused("the server is full, try again later");
        }
        let Some(key) = from.customer() else {
            self.total += 1;
            return Verdict::Admit;
        };
        self.forget(now);
        let before = self.addresses.get(&key).map_or(now.mono, |known| known.full_at);
        let mut full_at = before;
        if !free {
            if let Err(why) = self.room(key, terms, 1) {
                return refused(why);
            }
            let interval = terms.connect_interval();
            full_at = before.max(now.mono) + interval;
            if full_at.since(now.mono) > interval * terms.connect_burst() {
                return refused("your address connects too often, wait a moment");
            }
        }
        self.hold(from, now.mono);
        self.addresses.entry(key).and_modify(|address| address.full_at = full_at);
        Verdict::Admit
    }

    /// Whether a connection that is counted may be there under other terms.
    pub fn suits(&self, from: Origin, terms: Terms<'_>) -> Result<(), &'static str> {
        match from.customer() {
            Some(key) if !terms.uncounted(from) => self.room(key, terms, 0),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether there is room for so many more from an address.
    fn room(&self, key: IpAddr, terms: Terms<'_>, more: u32) -> Result<(), &'static str> {
        if self.open(key) + more > terms.clients_per_address() {
            return Err("too many connections from your address");
        }
        let open = self.networks.get(&network(key, self.bits)).copied().unwrap_or(0);
        if open + more > terms.clients_per_network() {
            return Err("too many connections from your network");
        }
        Ok(())
    }

    /// A connection that had been admitted is no more.
    pub fn release(&mut self, from: Origin) {
        self.total = self.total.saturating_sub(1);
        let Some(key) = from.customer() else { return };
        let network = network(key, self.bits);
        if let Some(open) = self.networks.get_mut(&network) {
            *open = open.saturating_sub(1);
            if *open == 0 {
                self.networks.remove(&network);
            }
        }
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

    /// Counts a connection without asking. `full_at` is when its credit is full, if nothing is known of
    /// its address.
    fn hold(&mut self, from: Origin, full_at: Mono) {
        self.total += 1;
        let Some(key) = from.customer() else { return };
        *self.networks.entry(network(key, self.bits)).or_default() += 1;
        let address = self.addresses.entry(key).or_insert(Address { open: 0, full_at });
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

    /// The addresses that have connections, with how many.
    pub fn addresses(&self) -> impl Iterator<Item = (IpAddr, u32)> + '_ {
        let open = self.addresses.iter().filter(|(_, address)| address.open > 0);
        open.map(|(key, address)| (*key, address.open))
    }

    /// How many connections an address has.
    pub fn open(&self, key: IpAddr) -> u32 {
        self.addresses.get(&key).map_or(0, |address| address.open)
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

/// The first address of the network of an address.
fn network(ip: IpAddr, bits: (u8, u8)) -> IpAddr {
    let bits = if ip.is_ipv4() { bits.0 } else { bits.1 };
    Cidr::new(ip, bits).map_or(ip, Cidr::address)
}

fn refused(why: &str) -> Verdict {
    Verdict::Refuse(format!("ERROR :Closing link: {why}\r\n").into())
}

impl Core {
    /// Decides about a connection, and counts it if it is admitted.
    pub fn admit(&mut self, facts: Facts<'_>, now: Now) -> Verdict {
        self.admit_from(facts, None, now)
    }

    /// The same for one that counts already as of a class.
    fn admit_from(&mut self, facts: Facts<'_>, held: Option<ClassId>, now: Now) -> Verdict {
        let from = facts.from;
        let class = class::choose(&self.config, facts);
        let terms = class::terms(&self.config, class);
        let terms = terms.excepted(notes::exception(&self.network, from));
        let locked = defcon::refused_origin(self, from, terms).map(str::to_owned);
        let banned = || from.ip().and_then(|ip| bans::refused_address(self, ip));
        let crowded = || {
            let others = self.classes.count(class) - u32::from(held == Some(class));
            let full = terms.clients().is_some_and(|most| others >= most);
            full.then(|| class::full(terms))
        };
        if let Some(why) = locked.or_else(banned).or_else(crowded) {
            return refused(&why);
        }
        if let Origin::Tor(circuit) = from {
            let verdict = self.tor.admit(circuit, &self.config.tor, now.mono);
            if verdict != Verdict::Admit {
                return verdict;
            }
        }
        let trusted = |ip| self.reputation.is_trusted(ip, &self.config.reputation);
        if from.ip().is_some_and(trusted) {
            self.admission.forgive(from, now);
        }
        // Many come from a gateway, and count when it has said who they are.
        let free = self.is_gateway(from) || terms.uncounted(from);
        let verdict = self.admission.admit(from, terms, free, now);
        if let (Origin::Tor(circuit), Verdict::Refuse(_)) = (from, &verdict) {
            self.tor.release(circuit);
        }
        verdict
    }

    /// Whether gateways connect from there.
    pub fn is_gateway(&self, from: Origin) -> bool {
        self.config.webirc.iter().any(|webirc| from.is_among(&webirc.hosts))
    }

    /// A connection that had been admitted is no more.
    pub fn release(&mut self, from: Origin) {
        if let Origin::Tor(circuit) = from {
            self.tor.release(circuit);
        }
        self.admission.release(from);
    }

    /// A connection that had been admitted turns out to come from elsewhere. One that is refused counts
    /// as before. `held` is the class of its session, if it has one.
    pub fn readmit(
        &mut self,
        (before, held): (Origin, Option<ClassId>),
        facts: Facts<'_>,
        now: Now,
    ) -> Verdict {
        if before == facts.from {
            return Verdict::Admit;
        }
        self.admission.release(before);
        let verdict = self.admit_from(facts, held, now);
        match (&verdict, before) {
            (Verdict::Refuse(_), _) => self.admission.hold(before, Mono::default()),
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
            clients_per_network: 1_000_000,
            exempt: Vec::new(),
            ..Limits::default()
        }
    }

    /// Asks as if there were no classes.
    fn admit(admission: &mut Admission, from: Origin, limits: &Limits, now: Now) -> Verdict {
        let terms = Terms::new(None, limits);
        admission.admit(from, terms, terms.uncounted(from), now)
    }

    fn facts(from: Origin) -> Facts<'static> {
        Facts { from, listener: None, gateway: None, account: None, certified: false }
    }

    fn ip(text: &str) -> Origin {
        Origin::Ip(text.parse().unwrap())
    }

    #[test]
    fn an_address_may_be_connected_so_often_at_once() {
        let (mut admission, limits, now) = (Admission::new(&limits()), limits(), Now::default());
        for _ in 0..3 {
            assert_eq!(admit(&mut admission, ip("192.0.2.1"), &limits, now), Verdict::Admit);
        }
        assert!(matches!(admit(&mut admission, ip("192.0.2.1"), &limits, now), Verdict::Refuse(_)));
        assert_eq!(admit(&mut admission, ip("192.0.2.2"), &limits, now), Verdict::Admit);
        admission.release(ip("192.0.2.1"));
        assert_eq!(admit(&mut admission, ip("192.0.2.1"), &limits, now), Verdict::Admit);
    }

    #[test]
    fn an_address_may_connect_so_often_in_a_while() {
        let (mut admission, limits, mut now) =
            (Admission::new(&limits()), limits(), Now::default());
        for _ in 0..4 {
            assert_eq!(admit(&mut admission, ip("192.0.2.1"), &limits, now), Verdict::Admit);
            admission.release(ip("192.0.2.1"));
        }
        assert!(matches!(admit(&mut admission, ip("192.0.2.1"), &limits, now), Verdict::Refuse(_)));
        now.mono = now.mono + Duration::from_secs(10);
        assert_eq!(admit(&mut admission, ip("192.0.2.1"), &limits, now), Verdict::Admit);
    }

    #[test]
    fn networks_are_counted_anew_when_they_have_another_size() {
        let (mut admission, now) = (Admission::new(&limits()), Now::default());
        let narrow = Limits { clients_per_network: 2, ..limits() };
        for last in [1, 2] {
            let from = ip(&format!("192.0.2.{last}"));
            assert_eq!(admit(&mut admission, from, &narrow, now), Verdict::Admit);
        }
        assert!(matches!(
            admit(&mut admission, ip("192.0.2.99"), &narrow, now),
            Verdict::Refuse(_)
        ));
        let smaller = Limits { network_v4: 27, ..narrow };
        admission.resize(&smaller);
        assert_eq!(admit(&mut admission, ip("192.0.2.99"), &smaller, now), Verdict::Admit);
        assert!(matches!(
            admit(&mut admission, ip("192.0.2.3"), &smaller, now),
            Verdict::Refuse(_)
        ));
        for last in [1, 2, 99] {
            admission.release(ip(&format!("192.0.2.{last}")));
        }
        assert!(admission.networks.is_empty());
    }

    #[test]
    fn addresses_of_one_64_count_as_one() {
        let (mut admission, limits, now) = (Admission::new(&limits()), limits(), Now::default());
        for last in 1..=3 {
            assert_eq!(
                admit(&mut admission, ip(&format!("2001:db8::{last}")), &limits, now),
                Verdict::Admit
            );
        }
        assert!(matches!(
            admit(&mut admission, ip("2001:db8::9"), &limits, now),
            Verdict::Refuse(_)
        ));
        assert_eq!(admit(&mut admission, ip("2001:db8:0:1::9"), &limits, now), Verdict::Admit);
    }

    #[test]
    fn what_is_remembered_is_bounded_and_forgotten() {
        let (mut admission, limits, mut now) =
            (Admission::new(&limits()), limits(), Now::default());
        let staying = ip("192.0.2.1");
        assert_eq!(admit(&mut admission, staying, &limits, now), Verdict::Admit);
        for number in 0..REMEMBERED_MAX as u32 + 500 {
            let from = Origin::Ip(std::net::Ipv4Addr::from(0x0A00_0000 + number).into());
            assert_eq!(admit(&mut admission, from, &limits, now), Verdict::Admit);
            admission.release(from);
            assert!(admission.addresses.len() <= REMEMBERED_MAX + 1);
            assert_eq!(admission.addresses.len(), admission.idle.len() + 1);
        }
        now.mono = now.mono + limits.connect_interval;
        assert_eq!(admit(&mut admission, staying, &limits, now), Verdict::Admit);
        assert_eq!((admission.addresses.len(), admission.idle.len()), (1, 0));
        assert_eq!(admission.total(), 2);
    }

    #[test]
    fn who_is_exempt_counts_once_they_are_not_any_more() {
        let (mut admission, limits, now) = (Admission::new(&limits()), limits(), Now::default());
        let from = ip("192.0.2.1");
        let exempt =
            Limits { exempt: vec![Cidr::parse("192.0.2.0/24").unwrap()], ..limits.clone() };
        for _ in 0..9 {
            assert_eq!(admit(&mut admission, from, &exempt, now), Verdict::Admit);
        }
        assert!(matches!(admit(&mut admission, from, &limits, now), Verdict::Refuse(_)));
        for _ in 0..7 {
            admission.release(from);
        }
        assert_eq!(admit(&mut admission, from, &limits, now), Verdict::Admit);
        assert!(matches!(admit(&mut admission, from, &limits, now), Verdict::Refuse(_)));
    }

    #[test]
    fn whoever_is_held_is_counted_as_before() {
        let (mut admission, limits, mut now) =
            (Admission::new(&limits()), limits(), Now::default());
        let from = ip("192.0.2.1");
        assert_eq!(admit(&mut admission, from, &limits, now), Verdict::Admit);
        admission.release(from);
        admission.hold(from, Mono::default());
        assert!(admission.idle.is_empty());
        now.mono = now.mono + limits.connect_interval * 2;
        assert_eq!(admission.admit(from, Terms::new(None, &limits), true, now), Verdict::Admit);
        assert_eq!(admit(&mut admission, from, &limits, now), Verdict::Admit);
        assert!(matches!(admit(&mut admission, from, &limits, now), Verdict::Refuse(_)));
        for _ in 0..3 {
            admission.release(from);
        }
        assert_eq!((admission.total(), admission.idle.len()), (0, 1));
        let full = Limits { clients: 0, ..limits };
        let verdict = admission.admit(from, Terms::new(None, &full), true, now);
        assert!(matches!(verdict, Verdict::Refuse(_)));
    }

    #[test]
    fn whoever_turns_out_to_come_from_elsewhere_counts_there_alone() {
        let (mut core, now) = (Core::sample(), Now::default());
        core.config.limits = limits();
        core.config.tor.clients = 1;
        let (gateway, user) = (ip("192.0.2.1"), ip("192.0.2.7"));
        for _ in 0..3 {
            assert_eq!(core.admit(facts(gateway), now), Verdict::Admit);
            assert_eq!(core.readmit((gateway, None), facts(user), now), Verdict::Admit);
        }
        // There is room again where they came from, and none where they come from now.
        assert_eq!(core.admit(facts(gateway), now), Verdict::Admit);
        assert!(matches!(core.readmit((gateway, None), facts(user), now), Verdict::Refuse(_)));
        assert_eq!(core.admission.total(), 4);
        core.release(gateway);
        for _ in 0..3 {
            core.release(user);
        }
        let open = core.admission.addresses.values().map(|address| address.open).sum::<u32>();
        assert_eq!((core.admission.total(), open), (0, 0));
        // And by Tor.
        let tor = Origin::Tor(None);
        assert_eq!(core.admit(facts(tor), now), Verdict::Admit);
        assert_eq!(core.readmit((tor, None), facts(ip("192.0.2.8")), now), Verdict::Admit);
        assert_eq!(core.admit(facts(tor), now), Verdict::Admit);
        assert!(matches!(core.admit(facts(tor), now), Verdict::Refuse(_)));
        core.release(tor);
        assert_eq!(core.admission.total(), 1);
    }

    #[test]
    fn who_is_forgiven_may_connect_again() {
        let (mut admission, limits, now) = (Admission::new(&limits()), limits(), Now::default());
        let from = ip("192.0.2.1");
        for _ in 0..9 {
            admission.forgive(from, now);
            assert_eq!(admit(&mut admission, from, &limits, now), Verdict::Admit);
            admission.release(from);
            assert_eq!((admission.addresses.len(), admission.idle.len()), (1, 1));
        }
        // How many may be there at once is another matter.
        for _ in 0..3 {
            admission.forgive(from, now);
            assert_eq!(admit(&mut admission, from, &limits, now), Verdict::Admit);
        }
        assert!(matches!(admit(&mut admission, from, &limits, now), Verdict::Refuse(_)));
    }

    #[test]
    fn a_full_server_says_so() {
        let (mut admission, now) = (Admission::new(&limits()), Now::default());
        let limits = Limits { clients: 1, ..limits() };
        assert_eq!(admit(&mut admission, Origin::Local, &limits, now), Verdict::Admit);
        assert!(matches!(admit(&mut admission, ip("192.0.2.1"), &limits, now), Verdict::Refuse(_)));
    }
}
