//! Who has which claim of the registry: what has to be known of records that are not in memory.
//!
//! One entry for each registered nick and channel, of which there may be a hundred thousand, so it keeps
//! a hash in place of the name. It is as the store says: no operation of another server writes here.

use crate::{
    registry::{CHANNEL, LOOK, NICK, RecordId, UNVERIFIED},
    time::{Sid, Stamp},
    wire::name::{ChannelName, Nick},
};
use ahash::RandomState;
use std::{collections::HashMap, fmt};

/// Who has which claim.
pub struct Claims {
    holders: HashMap<Place, Packed, RandomState>,
    /// How many accounts wait to be verified.
    unverified: usize,
    hash: RandomState,
}

impl Claims {
    /// No claims. `hash` keeps strangers from choosing names that collide.
    pub fn new(hash: impl Fn() -> RandomState) -> Claims {
        Claims { holders: HashMap::with_hasher(hash()), unverified: 0, hash: hash() }
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
        self.holders.get(&self.place((prefix, name))).copied().map(unpack)
    }

    /// From now on somebody else, or nobody, has a claim. Returns whether that is news.
    pub(super) fn set(&mut self, key: &str, holder: Option<RecordId>) -> bool {
        let prefix = RESIDENT.into_iter().find(|prefix| key.starts_with(prefix));
        let Some((prefix, name)) = prefix.map(|prefix| key.split_at(prefix.len())) else {
            return false;
        };
        let place = self.place((prefix, name));
        let before = match holder {
            Some(holder) => self.holders.insert(place, pack(holder)),
            None => self.holders.remove(&place),
        };
        if prefix == UNVERIFIED {
            self.unverified += usize::from(holder.is_some());
            self.unverified -= usize::from(before.is_some());
        }
        before != holder.map(pack)
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
        wire::casemap::Casemap,
    };

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
