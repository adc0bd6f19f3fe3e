//! Server bans: who may not be on the network, by mask, by address or by real name.
//!
//! Each ban is a register of its own that the last writer wins; one that is lifted or has run out stays
//! as a tombstone, so that an older write that comes late does not bring it back. A look-up touches the
//! bans that can fit only: addresses are found by prefix, hosts by name and by the domain that they end
//! with, and what is left is tried one by one.

pub mod pattern;

use super::crdt::Source;
use crate::{
    arena::Arena,
    id,
    time::{Sid, Stamp, Wall},
    wire::{casemap::Casemap, cidr::Cidr},
};
use ahash::RandomState;
use pattern::{Pattern, Place, read};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
};

id!(
    /// A ban, as this server numbers them.
    BanId
);

/// The kinds of server bans.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// By address, on one server.
    Dline,
    /// By `user@host`, on the network.
    Gline,
    /// By `user@host`, on one server.
    Kline,
    /// By real name, on the network.
    Rline,
    /// By `user@host`, on the network: may be there, and is not heard.
    Shun,
    /// By mask, by address or by account, on the network.
    Uban,
    /// By address, on the network.
    Zline,
}

/// What a kind of ban looks at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Looks {
    /// At `user@host`, or `nick!user@host`.
    Mask,
    /// At the address.
    Address,
    /// At the real name.
    Realname,
    /// At the address if the mask is one, at the account if it says so, else as at `user@host`.
    Either,
}

/// A kind of ban: all that is known about it, in one place.
#[derive(Debug)]
pub struct Row {
    /// Which.
    pub kind: Kind,
    /// As users are told: `K-line`.
    pub name: &'static str,
    /// What it looks at.
    pub looks: Looks,
    /// Whether it holds on one server only.
    pub local: bool,
}

/// Every kind of ban, in their order.
pub const KINDS: &[Row] = &[
    Row { kind: Kind::Dline, name: "D-line", looks: Looks::Address, local: true },
    Row { kind: Kind::Gline, name: "G-line", looks: Looks::Mask, local: false },
    Row { kind: Kind::Kline, name: "K-line", looks: Looks::Mask, local: true },
    Row { kind: Kind::Rline, name: "R-line", looks: Looks::Realname, local: false },
    Row { kind: Kind::Shun, name: "shun", looks: Looks::Mask, local: false },
    Row { kind: Kind::Uban, name: "ban", looks: Looks::Either, local: false },
    Row { kind: Kind::Zline, name: "Z-line", looks: Looks::Address, local: false },
];

impl Kind {
    /// What is known about this kind.
    pub fn row(self) -> &'static Row {
        let place = KINDS.iter().position(|row| row.kind == self).unwrap_or_default();
        &KINDS[place]
    }
}

/// Which ban it is.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Key {
    /// Its kind.
    pub kind: Kind,
    /// The server on which it holds; none for the network.
    pub server: Option<Sid>,
    /// The mask, as [`canonical`] writes it.
    pub mask: Box<str>,
}

/// What a ban says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Terms {
    /// Why, for those it touches.
    pub reason: Box<str>,
    /// Why, for operators.
    pub private: Box<str>,
    /// `nick!user@host` of who set it, or a name of what did.
    pub setter: Box<str>,
    /// Until when it holds; for good if none.
    pub until: Option<Wall>,
    /// Whether those who log in to an account before they register are let in.
    pub soft: bool,
}

/// A ban that holds or has held.
#[derive(Clone, Debug)]
pub struct Ban {
    /// Which.
    pub key: Key,
    /// What it says; none once it is lifted.
    pub terms: Option<Terms>,
    /// When it was last written.
    pub at: Stamp,
    /// By whom.
    pub by: Source,
    /// Whether it has run out.
    lapsed: bool,
    pattern: Pattern,
}

/// Somebody a ban may touch.
#[derive(Clone, Copy, Debug)]
pub struct Suspect<'a> {
    /// The nick; empty if not known yet.
    pub nick: &'a str,
    /// The user name.
    pub user: &'a str,
    /// The hosts by which they are known; those that are none are empty.
    pub hosts: [&'a str; 3],
    /// Their address.
    pub address: Option<IpAddr>,
    /// The real name.
    pub realname: &'a str,
    /// The account that they are logged in to.
    pub account: Option<&'a str>,
}

/// All server bans.
#[derive(Debug)]
pub struct Bans {
    bans: Arena<BanId, Ban>,
    keys: BTreeMap<Key, BanId>,
    ranges: HashMap<Cidr, BTreeSet<BanId>, RandomState>,
    /// How many ranges there are of each length of prefix; IPv4 comes first.
    prefixes: BTreeMap<(bool, u8), usize>,
    hosts: HashMap<Box<str>, BTreeSet<BanId>, RandomState>,
    domains: HashMap<Box<str>, BTreeSet<BanId>, RandomState>,
    rest: BTreeSet<BanId>,
    /// When those that run out do.
    ends: BTreeSet<(Wall, BanId)>,
    /// Since when those that are over are.
    over: BTreeSet<(Wall, BanId)>,
}

impl Bans {
    /// No bans. `hash` keeps strangers from choosing masks that collide.
    pub fn new(hash: impl Fn() -> RandomState) -> Bans {
        Bans {
            bans: Arena::default(),
            keys: BTreeMap::new(),
            ranges: HashMap::with_hasher(hash()),
            prefixes: BTreeMap::new(),
            hosts: HashMap::with_hasher(hash()),
            domains: HashMap::with_hasher(hash()),
            rest: BTreeSet::new(),
            ends: BTreeSet::new(),
            over: BTreeSet::new(),
        }
    }

    /// Writes a ban, or lifts it; what was written later stays. Returns whether it was news.
    pub(super) fn write(
        &mut self,
        key: &Key,
        terms: Option<&Terms>,
        at: Stamp,
        by: Source,
    ) -> bool {
        let Some(pattern) = read(key.kind, &key.mask) else { return false };
        if let Some(id) = self.keys.get(key).copied() {
            if self.bans[id].at >= at {
                return false;
            }
            self.unfile(id);
            let ban = &mut self.bans[id];
            ban.terms = terms.cloned();
            (ban.at, ban.by, ban.lapsed) = (at, by, false);
            self.file(id);
            return true;
        }
        let (key, terms) = (key.clone(), terms.cloned());
        let id = self.bans.insert(Ban { key: key.clone(), terms, at, by, lapsed: false, pattern });
        self.keys.insert(key, id);
        self.file(id);
        true
    }

    /// Lets those run out whose time has come, and tells which.
    pub(super) fn lapse(&mut self, now: Wall) -> Vec<Key> {
        let mut lapsed = Vec::new();
        while let Some((end, id)) = self.ends.first().copied().filter(|(end, _)| *end <= now) {
            debug_assert_eq!(self.bans[id].terms.as_ref().and_then(|terms| terms.until), Some(end));
            self.unfile(id);
            self.bans[id].lapsed = true;
            self.file(id);
            lapsed.push(self.bans[id].key.clone());
        }
        lapsed
    }

    /// Forgets those that have been over since before a moment.
    pub(super) fn forget(&mut self, before: Wall) {
        while let Some((_, id)) = self.over.first().copied().filter(|(end, _)| *end < before) {
            self.unfile(id);
            if let Some(ban) = self.bans.remove(id) {
                self.keys.remove(&ban.key);
            }
        }
    }

    /// Whether there is nothing in force, so that nobody need be looked at.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
            && self.hosts.is_empty()
            && self.domains.is_empty()
            && self.rest.is_empty()
    }

    /// Whether time does something to any of them.
    pub fn age(&self) -> bool {
        !(self.ends.is_empty() && self.over.is_empty())
    }

    /// How many are in force.
    pub fn len(&self) -> usize {
        self.bans.len() - self.over.len()
    }

    /// How many are over and not forgotten yet.
    pub fn over(&self) -> usize {
        self.over.len()
    }

    /// Whether a ban is in force, or was and is not forgotten yet.
    pub fn knows(&self, key: &Key) -> bool {
        self.keys.contains_key(key)
    }

    /// One ban, if it is in force.
    pub fn get(&self, key: &Key) -> Option<(&Ban, &Terms)> {
        self.keys.get(key).and_then(|id| in_force(&self.bans[*id]))
    }

    /// Those of one kind that are in force, in order of their masks.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = (&Ban, &Terms)> {
        let from = Key { kind, server: None, mask: "".into() };
        let keys = self.keys.range(from..).take_while(move |(key, _)| key.kind == kind);
        keys.filter_map(|(_, id)| in_force(&self.bans[*id]))
    }

    /// Every one that is remembered, in order of kinds and masks.
    pub fn all(&self) -> impl Iterator<Item = &Ban> {
        self.keys.values().map(|id| &self.bans[*id])
    }

    /// The bans that touch somebody and hold on the network or on this server, in order of kinds.
    pub fn touching<'a>(
        &'a self,
        who: &Suspect<'_>,
        here: Sid,
        casemap: Casemap,
    ) -> Vec<(&'a Ban, &'a Terms)> {
        let bans = self.candidates(who).filter_map(|id| in_force(&self.bans[id]));
        let mut bans: Vec<_> = bans
            .filter(|(ban, _)| ban.key.server.is_none_or(|server| server == here))
            .filter(|(ban, _)| ban.pattern.fits(who, casemap))
            .collect();
        bans.sort_unstable_by(|(a, _), (b, _)| a.key.cmp(&b.key));
        bans
    }

    /// The bans that may touch somebody, each of which is then tried.
    fn candidates(&self, who: &Suspect<'_>) -> impl Iterator<Item = BanId> {
        let mut found: BTreeSet<BanId> = BTreeSet::new();
        for cidr in who.address.into_iter().flat_map(|ip| self.prefixes(ip)) {
            found.extend(self.ranges.get(&cidr).into_iter().flatten());
        }
        for host in who.hosts {
            let host = host.to_ascii_lowercase();
            found.extend(self.hosts.get(host.as_str()).into_iter().flatten());
            for domain in domains(&host) {
                found.extend(self.domains.get(domain).into_iter().flatten());
            }
        }
        found.into_iter().chain(self.rest.iter().copied())
    }

    /// What tells whether a ban touches somebody, set or not, wherever it holds; nothing if that can be no
    /// ban.
    pub fn would_touch(key: &Key, casemap: Casemap) -> Option<impl Fn(&Suspect<'_>) -> bool> {
        let pattern = read(key.kind, &key.mask)?;
        Some(move |who: &Suspect<'_>| pattern.fits(who, casemap))
    }

    /// A ban that touches an address, whoever comes from it: what is known before anything is said.
    pub fn of_address(&self, ip: IpAddr, here: Sid) -> Option<(&Ban, &Terms)> {
        let ids = self.prefixes(ip).filter_map(|cidr| self.ranges.get(&cidr)).flatten();
        ids.filter_map(|id| in_force(&self.bans[*id])).find(|(ban, terms)| {
            let whoever = matches!(&ban.pattern, Pattern::Mask { nick, user, .. } if &**nick == "*" && &**user == "*");
            whoever
                && !terms.soft
                && ban.key.kind != Kind::Shun
                && ban.key.server.is_none_or(|server| server == here)
        })
    }

    /// The ranges of the lengths that occur among the bans, in which an address lies.
    fn prefixes(&self, ip: IpAddr) -> impl Iterator<Item = Cidr> + '_ {
        let of_kind = self.prefixes.keys().filter(move |(v6, _)| *v6 == ip.is_ipv6());
        of_kind.filter_map(move |(_, bits)| Cidr::new(ip, *bits))
    }

    /// Puts a ban where it is found.
    fn file(&mut self, id: BanId) {
        let ban = &self.bans[id];
        if let Some(since) = ban.over_since() {
            self.over.insert((since, id));
            return;
        }
        if let Some(until) = ban.terms.as_ref().and_then(|terms| terms.until) {
            self.ends.insert((until, id));
        }
        let place = ban.pattern.place();
        match place {
            Place::Range(cidr) => {
                if self.ranges.entry(cidr).or_default().insert(id) {
                    *self.prefixes.entry(prefix(cidr)).or_default() += 1;
                }
            }
            Place::Host(host) => drop(self.hosts.entry(host).or_default().insert(id)),
            Place::Domain(domain) => drop(self.domains.entry(domain).or_default().insert(id)),
            Place::Rest => drop(self.rest.insert(id)),
        }
    }

    /// Takes a ban from where it is found.
    fn unfile(&mut self, id: BanId) {
        let ban = &self.bans[id];
        if let Some(since) = ban.over_since() {
            self.over.remove(&(since, id));
            return;
        }
        if let Some(until) = ban.terms.as_ref().and_then(|terms| terms.until) {
            self.ends.remove(&(until, id));
        }
        match ban.pattern.place() {
            Place::Range(cidr) => {
                take(&mut self.ranges, &cidr, id);
                if let Some(count) = self.prefixes.get_mut(&prefix(cidr)) {
                    *count -= 1;
                    if *count == 0 {
                        self.prefixes.remove(&prefix(cidr));
                    }
                }
            }
            Place::Host(host) => take(&mut self.hosts, &host, id),
            Place::Domain(domain) => take(&mut self.domains, &domain, id),
            Place::Rest => drop(self.rest.remove(&id)),
        }
    }
}

impl Ban {
    /// Since when it has not been in force, if it is not.
    fn over_since(&self) -> Option<Wall> {
        match &self.terms {
            None => Some(self.at.wall()),
            Some(terms) => terms.until.filter(|_| self.lapsed),
        }
    }
}

fn in_force(ban: &Ban) -> Option<(&Ban, &Terms)> {
    ban.terms.as_ref().filter(|_| !ban.lapsed).map(|terms| (ban, terms))
}

/// The domains that a host lies in: of `a.b.c` `b.c` and `c`.
fn domains(host: &str) -> impl Iterator<Item = &str> {
    host.match_indices('.').filter_map(|(dot, _)| host.get(dot + 1..))
}

fn prefix(cidr: Cidr) -> (bool, u8) {
    (cidr.address().is_ipv6(), cidr.bits())
}

fn take<K: std::hash::Hash + Eq + Clone>(
    map: &mut HashMap<K, BTreeSet<BanId>, RandomState>,
    key: &K,
    id: BanId,
) {
    if let Some(ids) = map.get_mut(key) {
        ids.remove(&id);
        if ids.is_empty() {
            map.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{pattern::canonical, *};

    const HERE: Sid = Sid::FIRST;

    fn at(tick: u64) -> Stamp {
        Stamp { tick: tick << 16, server: HERE }
    }

    fn terms(until: Option<u64>) -> Terms {
        Terms {
            reason: "spam".into(),
            private: "".into(),
            setter: "op!o@h".into(),
            until: until.map(Wall),
            soft: false,
        }
    }

    fn bans() -> Bans {
        Bans::new(|| RandomState::with_seeds(1, 2, 3, 4))
    }

    fn key(kind: Kind, mask: &str) -> Key {
        Key { kind, server: None, mask: canonical(kind, mask).unwrap().into() }
    }

    fn set(bans: &mut Bans, kind: Kind, mask: &str) {
        assert!(bans.write(&key(kind, mask), Some(&terms(None)), at(1), Source::Server(HERE)));
    }

    fn touched(bans: &Bans, user: &str, host: &str, ip: &str, realname: &str) -> Vec<String> {
        let who = Suspect {
            nick: "nick",
            user,
            hosts: [host, "cloak.ip", ""],
            address: ip.parse().ok(),
            realname,
            account: None,
        };
        let found = bans.touching(&who, HERE, Casemap::Ascii);
        found.into_iter().map(|(ban, _)| ban.key.mask.to_string()).collect()
    }

    #[test]
    fn masks_are_written_one_way() {
        for (kind, text, whole) in [
            (Kind::Kline, "*.Example.ORG", Some("*@*.example.org")),
            (Kind::Kline, "bob@", Some("bob@*")),
            (Kind::Kline, "a!b@c", Some("a!b@c")),
            (Kind::Kline, "bad!", Some("bad!*@*")),
            (Kind::Kline, "x@192.0.2.*", Some("x@192.0.2.0/24")),
            (Kind::Gline, "192.0.2.0/24", Some("*@192.0.2.0/24")),
            (Kind::Zline, "192.0.2.*", Some("192.0.2.0/24")),
            (Kind::Zline, "10.*.*", Some("10.0.0.0/8")),
            (Kind::Zline, "2001:DB8::/32", Some("2001:db8::/32")),
            (Kind::Uban, "192.0.2.1", Some("192.0.2.1")),
            (Kind::Uban, "*!*@evil.test", Some("*@evil.test")),
            (Kind::Rline, "Buy  **Now*", Some("buy  *now*")),
            (Kind::Dline, "example.org", None),
            (Kind::Kline, "a b@c", None),
            (Kind::Kline, " ", None),
        ] {
            let found = canonical(kind, text);
            assert_eq!(found.as_deref(), whole, "{text}");
            if let Some(whole) = found {
                assert_eq!(canonical(kind, &whole).as_deref(), Some(whole.as_str()));
            }
        }
    }

    #[test]
    fn every_ban_that_fits_is_found_wherever_it_is_kept() {
        let mut bans = bans();
        for (kind, mask) in [
            (Kind::Kline, "bad@*"),
            (Kind::Kline, "*.example.org"),
            (Kind::Kline, "*@h*st.example.org"),
            (Kind::Kline, "*@host.example.org"),
            (Kind::Kline, "*@*.1.9"),
            (Kind::Zline, "192.0.2.0/24"),
            (Kind::Zline, "192.0.0.0/16"),
            (Kind::Zline, "2001:db8::/32"),
            (Kind::Rline, "*pills*"),
            (Kind::Kline, "*@*.net"),
        ] {
            set(&mut bans, kind, mask);
        }
        assert_eq!(
            touched(&bans, "ok", "host.example.org", "192.0.2.7", "x"),
            [
                "*@*.example.org",
                "*@h*st.example.org",
                "*@host.example.org",
                "192.0.0.0/16",
                "192.0.2.0/24"
            ]
        );
        assert_eq!(
            touched(&bans, "bad", "a.b.NET", "198.51.1.9", "x"),
            ["*@*.1.9", "*@*.net", "bad@*"]
        );
        assert_eq!(
            touched(&bans, "ok", "h", "2001:db8::9", "cheap Pills here"),
            ["*pills*", "2001:db8::/32"]
        );
        assert!(touched(&bans, "ok", "example.org", "203.0.113.1", "x").is_empty());
    }

    #[test]
    fn the_last_writer_wins_and_what_is_lifted_stays_lifted() {
        let mut bans = bans();
        let key = key(Kind::Kline, "bad@*");
        let by = Source::Server(HERE);
        assert!(bans.write(&key, Some(&terms(None)), at(5), by));
        assert!(bans.write(&key, None, at(7), by));
        assert!(!bans.write(&key, Some(&terms(None)), at(6), by), "written before it was lifted");
        assert!(bans.is_empty() && bans.get(&key).is_none());
        bans.forget(Wall(7));
        assert_eq!((bans.len(), bans.over()), (0, 1));
        bans.forget(Wall(8));
        assert_eq!((bans.len(), bans.over()), (0, 0));
    }

    #[test]
    fn a_ban_runs_out_once() {
        let mut bans = bans();
        let key = key(Kind::Zline, "192.0.2.0/24");
        let by = Source::Server(HERE);
        assert!(bans.write(&key, Some(&terms(Some(100))), at(5), by));
        assert!(bans.of_address("192.0.2.1".parse().unwrap(), HERE).is_some());
        assert!(bans.lapse(Wall(99)).is_empty());
        assert_eq!(bans.lapse(Wall(100)), std::slice::from_ref(&key));
        assert!(bans.lapse(Wall(200)).is_empty() && bans.is_empty());
        assert!(bans.of_address("192.0.2.1".parse().unwrap(), HERE).is_none());
        assert!(bans.write(&key, Some(&terms(None)), at(300), by), "it can be set again");
        assert!(!bans.is_empty());
    }

    /// So many bans of all kinds.
    fn many(count: u32) -> Bans {
        let mut bans = bans();
        for n in 0..count {
            let (kind, mask) = match n % 4 {
                0 => (Kind::Zline, format!("10.{}.{}.{}", n >> 16, n >> 8 & 255, n & 255)),
                1 => (Kind::Zline, format!("2001:db8:{:x}:{:x}::/64", n >> 8, n & 255)),
                2 => (Kind::Kline, format!("*@*.dsl{n}.example.net")),
                _ => (Kind::Kline, format!("u{n}@host{n}.example.com")),
            };
            set(&mut bans, kind, &mask);
        }
        bans
    }

    #[test]
    fn a_hundred_thousand_bans_are_not_looked_at_one_by_one() {
        let (few, bans) = (many(100), many(100_000));
        assert!(bans.rest.is_empty());
        assert_eq!((bans.prefixes.len(), bans.domains.len()), (2, 25_000));
        assert_eq!(touched(&bans, "u7", "host7.example.com", "10.0.0.4", "").len(), 2);
        for (user, host, ip) in [
            ("u7", "host7.example.com", "10.0.0.4"),
            ("ok", "x.dsl6.example.net", "2001:db8:0:1::7"),
            ("ok", "nobody.example.org", "192.0.2.1"),
            ("ok", "2001:db8:ffff::1", "2001:db8:ffff::1"),
        ] {
            let who = Suspect {
                nick: "nick",
                user,
                hosts: [host, "a.b.c.ip", ""],
                address: ip.parse().ok(),
                realname: "",
                account: None,
            };
            // What is looked for, and what of that is there and has to be tried.
            let steps = |bans: &Bans| {
                let ranges = bans.prefixes(who.address.unwrap()).count();
                let hosts = who.hosts.iter().map(|host| 1 + domains(host).count()).sum::<usize>();
                (ranges + hosts, bans.candidates(&who).count())
            };
            assert_eq!(steps(&few), steps(&bans), "{host}");
            let (asked, tried) = steps(&bans);
            assert!(asked <= 10 && tried <= 2, "{host}: {asked} and {tried}");
        }
    }
}
