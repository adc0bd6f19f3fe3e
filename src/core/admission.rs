//! Who may connect: how many at once, and how often, from one address. Decided at accept, before any
//! handshake is paid for.

use super::Core;
use crate::{
    config::Limits,
    server::{Origin, Verdict},
    time::{Mono, Now},
};
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
};

/// How many addresses without a connection are remembered for their throttle.
const REMEMBERED_MAX: usize = 65_536;

/// The connections, by address. An IPv6 address counts as its /64, which is what one customer has.
#[derive(Debug, Default)]
pub struct Admission {
    addresses: BTreeMap<IpAddr, Address>,
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
            return Verdict::Refuse("ERROR :Closing link: the server is full, try again later\r\n");
        }
        let Origin::Ip(ip) = from else {
            self.total += 1;
            return Verdict::Admit;
        };
        if limits.exempt.iter().any(|cidr| cidr.contains(ip)) {
            self.total += 1;
            return Verdict::Admit;
        }
        self.forget(now);
        let address =
            self.addresses.entry(network(ip)).or_insert(Address { open: 0, full_at: now.mono });
        if address.open >= limits.clients_per_address {
            return Verdict::Refuse(
                "ERROR :Closing link: too many connections from your address\r\n",
            );
        }
        let full_at = address.full_at.max(now.mono) + limits.connect_interval;
        if full_at.since(now.mono) > limits.connect_interval * limits.connect_burst {
            return Verdict::Refuse(
                "ERROR :Closing link: your address connects too often, wait a moment\r\n",
            );
        }
        address.full_at = full_at;
        address.open += 1;
        self.total += 1;
        Verdict::Admit
    }

    /// A connection that had been admitted is no more.
    pub fn release(&mut self, from: Origin) {
        self.total = self.total.saturating_sub(1);
        if let Origin::Ip(ip) = from {
            if let Some(address) = self.addresses.get_mut(&network(ip)) {
                address.open = address.open.saturating_sub(1);
            }
        }
    }

    /// Counts a connection without asking.
    fn hold(&mut self, from: Origin) {
        self.total += 1;
        if let Origin::Ip(ip) = from {
            if let Some(address) = self.addresses.get_mut(&network(ip)) {
                address.open += 1;
            }
        }
    }

    /// How many connections there are.
    pub fn total(&self) -> u32 {
        self.total
    }

    /// Forgets addresses of which there is nothing to remember, when there are many of them.
    fn forget(&mut self, now: Now) {
        if self.addresses.len() >= REMEMBERED_MAX {
            self.addresses.retain(|_, address| address.open > 0 || address.full_at > now.mono);
        }
    }
}

impl Core {
    /// Decides about a connection, and counts it if it is admitted.
    pub fn admit(&mut self, from: Origin, now: Now) -> Verdict {
        let config = &self.config;
        // Many come from a gateway, and count when it has said who they are.
        let gateway = config.webirc.iter().any(|webirc| from.is_among(&webirc.hosts));
        let counted = if gateway { Origin::Local } else { from };
        if let Origin::Tor(circuit) = from {
            let verdict = self.tor.admit(circuit, &config.tor, now.mono);
            if verdict != Verdict::Admit {
                return verdict;
            }
        }
        let verdict = self.admission.admit(counted, &config.limits, now);
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

fn network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
    fn whoever_turns_out_to_come_from_elsewhere_counts_there() {
        let mut admission = Admission::default();
        let (limits, now) = (limits(), Now::default());
        assert_eq!(admission.admit(ip("192.0.2.1"), &limits, now), Verdict::Admit);
        admission.release(ip("192.0.2.1"));
        admission.hold(ip("192.0.2.1"));
        let open: Vec<u32> = admission.addresses.values().map(|address| address.open).collect();
        assert_eq!((open.as_slice(), admission.total()), ([1].as_slice(), 1));
    }

    #[test]
    fn a_full_server_says_so() {
        let (mut admission, now) = (Admission::default(), Now::default());
        let limits = Limits { clients: 1, ..limits() };
        assert_eq!(admission.admit(Origin::Local, &limits, now), Verdict::Admit);
        assert!(matches!(admission.admit(ip("192.0.2.1"), &limits, now), Verdict::Refuse(_)));
    }
}
