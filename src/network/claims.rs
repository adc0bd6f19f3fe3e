//! Who has which claim of the registry: what has to be known of records that are not in memory.
//!
//! One entry for each registered nick and channel, of which there may be a hundred thousand, so it keeps
//! a hash in place of the name, and all of them in one array without gaps. That is searched by halves, and
//! what is new moves what comes after it, which is little beside storing a registration. It is as the store
//! says: no operation of another server writes here.

use crate::{
    registry::{CHANNEL, LOOK, NICK, RecordId, UNVERIFIED},
    time::{Sid, Stamp},
    wire::name::{ChannelName, Nick},
};
use ahash::RandomState;
use std::fmt;

/// Who has which claim.
pub struct Claims {
    /// In order.
    holders: Vec<(Place, Packed)>,
    /// How many accounts wait to be verified.
    unverified: usize,
    hash: RandomState,
}

impl Claims {
    /// No claims. `hash` keeps strangers from choosing names that collide.
    pub fn new(hash: RandomState) -> Claims {
        Claims { holders: Vec::new(), unverified: 0, hash }
    }

    /// The account that owns a nick.
    pub fn nick(&self, nick: &Nick) -> Option<RecordId> {
        self.get(NICK, nick.folded())
    }

    /// The account that owns a nick of this look.
    pub fn look(&self, skeleton: &str) -> Option<RecordId> {
        self.get(LOOK, skeleton)
    }

    /// The registration of a channel.
    pub fn channel(&self, name: &ChannelName) -> Option<RecordId> {
        self.get(CHANNEL, name.folded())
    }

    /// Whether an account waits to be verified.
    pub fn is_unverified(&self, account: RecordId) -> bool {
        self.unverified > 0 && self.get(UNVERIFIED, &account.to_string()).is_some()
    }

    /// How many accounts wait so.
    pub fn unverified(&self) -> usize {
        self.unverified
    }

    /// Who has the claim of that key.
    pub fn key(&self, key: &str) -> Option<RecordId> {
        let prefix = RESIDENT.into_iter().find(|prefix| key.starts_with(prefix))?;
        self.get(prefix, key.strip_prefix(prefix)?)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.holders.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.holders.is_empty()
    }

    fn get(&self, prefix: &str, name: &str) -> Option<RecordId> {
        if self.holders.is_empty() {
            return None;
        }
        let found = self.search(self.place((prefix, name))).ok()?;
        self.holders.get(found).map(|(_, holder)| unpack(*holder))
    }

    fn search(&self, place: Place) -> Result<usize, usize> {
        self.holders.binary_search_by_key(&place, |(place, _)| *place)
    }

    /// From now on others, or nobody, have these claims. Returns which of them are news.
    pub(super) fn set<'a>(
        &mut self,
        claims: &'a [(Box<str>, Option<RecordId>)],
    ) -> Vec<&'a (Box<str>, Option<RecordId>)> {
        let (mut news, mut new, mut gone) = (Vec::new(), Vec::new(), Vec::new());
        for claim in claims {
            let (key, holder) = claim;
            let prefix = RESIDENT.into_iter().find(|prefix| key.starts_with(prefix));
            let Some((prefix, name)) = prefix.map(|prefix| key.split_at(prefix.len())) else {
                continue;
            };
            let (place, holder) = (self.place((prefix, name)), holder.map(pack));
            let found = self.search(place);
            match (found, holder) {
                (Ok(at), Some(holder)) if self.holders[at].1 == holder => continue,
                (Ok(at), Some(holder)) => self.holders[at].1 = holder,
                (Err(at), Some(holder)) => new.push((place, holder, at)),
                (Ok(_), None) => gone.push(place),
                (Err(_), None) => continue,
            }
            if prefix == UNVERIFIED {
                self.unverified += usize::from(holder.is_some());
                self.unverified -= usize::from(found.is_ok());
            }
            news.push(claim);
        }
        self.insert(new);
        for place in gone {
            if let Ok(at) = self.search(place) {
                self.holders.remove(at);
            }
        }
        news
    }

    /// Puts claims that nobody had before the entries that come after them. There is never a second array: one
    /// as large as this, once it is given back, would have the allocator keep as much for what may come.
    fn insert(&mut self, mut new: Vec<(Place, Packed, usize)>) {
        new.sort_unstable();
        let mut end = self.holders.len();
        self.holders.reserve_exact(new.len());
        self.holders.extend(new.iter().map(|(place, holder, _)| (*place, *holder)));
        for (before, (place, holder, at)) in new.into_iter().enumerate().rev() {
            self.holders.copy_within(at..end, at + before + 1);
            self.holders[at + before] = (place, holder);
            end = at;
        }
        let is_before = |one: &(Place, Packed), next: &(Place, Packed)| one.0 < next.0;
        debug_assert!(self.holders.is_sorted_by(is_before), "each key is named once");
    }

    fn place(&self, key: (&str, &str)) -> Place {
        self.hash.hash_one(key).to_ne_bytes()
    }
}

/// The hash of a claim. As bytes, since numbers would be kept with gaps between them.
type Place = [u8; 8];

/// Who has it.
type Packed = [u8; 10];

fn pack(RecordId(Stamp { tick, server }): RecordId) -> Packed {
    let mut packed = [0; 10];
    let bytes = tick.to_ne_bytes().into_iter().chain(server.number().to_ne_bytes());
    packed.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
    packed
}

fn unpack(packed: Packed) -> RecordId {
    let [a, b, c, d, e, f, g, h, high, low] = packed;
    let tick = u64::from_ne_bytes([a, b, c, d, e, f, g, h]);
    let server = Sid::from_number(u16::from_ne_bytes([high, low]).into());
    RecordId(Stamp { tick, server })
}

/// How the keys begin that are kept.
const RESIDENT: [&str; 4] = [CHANNEL, LOOK, NICK, UNVERIFIED];

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Claims({})", self.holders.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        network::{Network, change::Change, op::Op},
        sim::dice::Dice,
        wire::casemap::Casemap,
    };

    #[test]
    fn claims_come_and_go_in_any_order() {
        let mut claims = Claims::new(RandomState::with_seeds(1, 2, 3, 4));
        let mut known = std::collections::BTreeMap::new();
        let mut dice = Dice::new(7);
        for _ in 0..300 {
            let keys: std::collections::BTreeSet<usize> = (0..8).map(|_| dice.below(90)).collect();
            let some = keys.into_iter().map(|number| {
                let tick = dice.below(5) as u64;
                let holder = (tick > 0).then_some(RecordId(Stamp { tick, server: Sid::FIRST }));
                (format!("unverified:{number}").into(), holder)
            });
            let some: Vec<(Box<str>, Option<RecordId>)> = some.collect();
            let is_news = |(key, holder): &&(Box<str>, Option<RecordId>)| {
                known.insert(key.clone(), *holder).flatten() != *holder
            };
            assert_eq!(claims.set(&some), some.iter().filter(is_news).collect::<Vec<_>>());
            assert!(known.iter().all(|(key, holder)| claims.key(key) == *holder));
            let held = known.values().flatten().count();
            assert_eq!((claims.len(), claims.unverified()), (held, held));
        }
    }

    #[test]
    fn a_holder_is_kept_whole_and_many_claims_are_one_change() {
        let mut network = Network::new(Casemap::Ascii, 7);
        let holder = |tick| RecordId(Stamp { tick, server: Sid::from_number(4711) });
        let claims = |tick| {
            let names = (0..1000).map(|number| format!("nick:n{number}").into());
            Op::Claims(names.map(|name| (name, Some(holder(tick)))).collect())
        };
        let mut said = |tick| {
            let mut changes = Vec::new();
            let news = network.apply(&claims(tick), holder(tick).0, &mut changes);
            (news, changes.len(), changes.iter().all(|change| matches!(change, Change::Claimed)))
        };
        assert_eq!(said(u64::MAX - 1), (true, 1, true));
        assert_eq!(said(u64::MAX - 1), (false, 0, true));
        assert_eq!(said(3), (true, 1, true));
        assert_eq!(network.claims().key("nick:n999"), Some(holder(3)));
        assert_eq!(network.claims().len(), 1000);
    }
}
