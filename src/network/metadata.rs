//! Metadata: what users and channels tell of themselves, key by key (`ircv3: metadata`).
//!
//! The last writer of a key wins. A key that has been taken away is remembered until every server has
//! seen that, so that an older value from behind a split does not bring it back.

use super::{
    ChannelId, Network, UserId,
    crdt::{Lww, Source},
};
use crate::time::Stamp;
use std::collections::BTreeMap;

/// The longest key.
pub const KEY_MAX: usize = 32;

/// How many keys are kept for each that may be set: the others have been taken away, and wait to be
/// forgotten.
const KEPT: usize = 4;

/// Whether a text can be a key (`ircv3: metadata`, "Keys and Values").
pub fn is_key(text: &str) -> bool {
    let byte = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'/' | b'-');
    !text.is_empty() && text.len() <= KEY_MAX && text.bytes().all(byte)
}

/// Whose metadata, as this server numbers them.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Holder {
    /// A user's.
    User(UserId),
    /// A channel's.
    Channel(ChannelId),
}

/// The metadata of one user or channel.
#[derive(Debug, Default)]
pub struct Metadata(BTreeMap<Box<str>, Lww<Option<Box<str>>>>);

impl Metadata {
    /// The value of a key that is set.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|register| register.value.as_deref())
    }

    /// What was last written to a key, be it set or not.
    pub fn register(&self, key: &str) -> Option<&Lww<Option<Box<str>>>> {
        self.0.get(key)
    }

    /// The keys that are set, with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|(key, register)| Some((&**key, register.value.as_deref()?)))
    }

    /// Whether no key is set.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Whether a key may be set where at most `most` may be.
    pub fn has_room(&self, key: &str, most: usize) -> bool {
        let known = self.0.contains_key(key);
        self.get(key).is_some()
            || self.iter().count() < most && (known || self.0.len() < most.saturating_mul(KEPT))
    }

    /// Every key that has been written, be it set or not.
    pub fn registers(&self) -> impl Iterator<Item = (&str, &Lww<Option<Box<str>>>)> {
        self.0.iter().map(|(key, register)| (&**key, register))
    }

    /// Writes a key. Returns whether the value is another than before; `None` if it was no news.
    pub(super) fn write(
        &mut self,
        key: &str,
        value: Option<&str>,
        at: Stamp,
        by: Source,
    ) -> Option<bool> {
        let changed = match self.0.get(key) {
            Some(register) if register.at >= at => return None,
            Some(register) => register.value.as_deref() != value,
            None => value.is_some(),
        };
        self.0.insert(key.into(), Lww { value: value.map(Into::into), at, by });
        Some(changed)
    }

    /// Forgets a key that was taken away at `at` and has not been written since.
    pub(super) fn forget(&mut self, key: &str, at: Stamp) {
        if self.0.get(key).is_some_and(|register| register.value.is_none() && register.at == at) {
            self.0.remove(key);
        }
    }
}

impl Network {
    /// The metadata of whoever it is.
    pub fn metadata(&self, of: Holder) -> Option<&Metadata> {
        match of {
            Holder::User(user) => self.find_user(user).map(|user| &user.metadata),
            Holder::Channel(channel) => self.find_channel(channel).map(|channel| &channel.metadata),
        }
    }

    pub(super) fn metadata_mut(&mut self, of: Holder) -> Option<&mut Metadata> {
        match of {
            Holder::User(user) => self.users.get_mut(user).map(|user| &mut user.metadata),
            Holder::Channel(channel) => {
                self.channels.get_mut(channel).map(|channel| &mut channel.metadata)
            }
        }
    }
}
