//! Channels that have had other names.
//!
//! A rename founds the new name, and says which foundings are one channel from then on. So the names that a
//! channel has been given on two sides of a split are names of one channel, and the latest of them holds:
//! whichever order the renames come in, the foundings fall into the same groups, and each group has one
//! name. Members are where the founding under which they came is by now. What belongs to a founding (modes,
//! lists, status, topic) ends when that is renamed, and begins under the new one as whoever renamed it knew
//! it.

use super::{
    Channel, Network, UserId,
    crdt::{Epoch, Source},
    mode::ChannelModes,
    op::Op,
};
use crate::{time::Stamp, wire::name::ChannelName};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound::{Excluded, Unbounded},
};

/// A channel takes another name.
#[derive(Clone, Debug)]
pub struct Renaming {
    /// The foundings that come to an end: those under which its members have come.
    pub parts: Vec<(ChannelName, Epoch)>,
    /// Other foundings that are one with the new one, when it is told again.
    pub others: Vec<(ChannelName, Epoch)>,
    /// Which of all of them were renames.
    pub renames: Vec<Stamp>,
    /// The new name.
    pub name: ChannelName,
    /// The founding of the new name.
    pub epoch: Epoch,
    /// By whom.
    pub by: Source,
    /// Why; empty for no reason.
    pub reason: Box<str>,
    /// The flags that it begins with: those that it had.
    pub modes: ChannelModes,
    /// What else it had, as it is told under the new name.
    pub state: Vec<(Op, Stamp)>,
}

/// A channel that has had other names.
#[derive(Clone, Debug)]
pub struct Renamed {
    /// Its foundings, by when they were.
    parts: BTreeMap<Stamp, (ChannelName, Epoch)>,
    /// Which of them were renames.
    renames: BTreeSet<Stamp>,
    /// Which of them have been renamed.
    ended: BTreeSet<Stamp>,
    /// What it is called.
    pub name: ChannelName,
    /// The founding that holds among those of that name.
    pub epoch: Epoch,
    /// Who has called it so, and why.
    because: (Source, Box<str>),
}

/// The channels that have had other names, until every server has seen that.
#[derive(Debug, Default)]
pub struct Renames {
    /// The last rename of each founding's channel.
    last: BTreeMap<Stamp, Stamp>,
    /// The channels, by their last renames.
    channels: BTreeMap<Stamp, Renamed>,
}

impl Renames {
    /// What has become of the channel of a founding, if it has been renamed.
    pub fn find(&self, founded: Stamp) -> Option<&Renamed> {
        self.last.get(&founded).and_then(|last| self.channels.get(last))
    }

    /// Whether two foundings are of one channel.
    pub fn are_one(&self, one: Stamp, other: Stamp) -> bool {
        one == other || self.last.get(&one).is_some_and(|last| self.last.get(&other) == Some(last))
    }

    /// The founding that stands for a founding's channel.
    pub fn standing(&self, epoch: Epoch) -> Epoch {
        self.find(epoch.at).map_or(epoch, |renamed| renamed.epoch)
    }

    /// Makes one channel of all the foundings that a renaming names. Returns whether that was news.
    pub(super) fn unite(&mut self, renaming: &Renaming) -> bool {
        let new = (renaming.name.clone(), renaming.epoch);
        let all = renaming.parts.iter().chain(&renaming.others).chain([&new]);
        let mut parts: BTreeMap<Stamp, (ChannelName, Epoch)> =
            all.map(|part| (part.1.at, part.clone())).collect();
        let mut ended: BTreeSet<Stamp> = renaming.parts.iter().map(|part| part.1.at).collect();
        let mut renames: BTreeSet<Stamp> =
            renaming.renames.iter().copied().chain([renaming.epoch.at]).collect();
        let known: BTreeSet<Stamp> =
            parts.keys().filter_map(|at| self.last.get(at)).copied().collect();
        let whole = |renamed: &Renamed| {
            parts.keys().all(|at| renamed.parts.contains_key(at))
                && ended.is_subset(&renamed.ended)
                && renames.is_subset(&renamed.renames)
        };
        if known.iter().filter_map(|last| self.channels.get(last)).any(whole) {
            return false;
        }
        let mut because = (renaming.by, renaming.reason.clone());
        // The channels come in the order of their last renames.
        let latest = renames.last().copied();
        for (last, renamed) in known.iter().filter_map(|last| self.channels.remove_entry(last)) {
            if Some(last) > latest {
                because = renamed.because;
            }
            parts.extend(renamed.parts);
            renames.extend(renamed.renames);
            ended.extend(renamed.ended);
        }
        let last = renames.last().copied().unwrap_or(renaming.epoch.at);
        let (name, epoch) = parts.get(&last).unwrap_or(&new).clone();
        self.last.extend(parts.keys().map(|at| (*at, last)));
        let mut renamed = Renamed { parts, renames, ended, name, epoch, because };
        renamed.epoch = renamed.holding().unwrap_or(epoch);
        self.channels.insert(last, renamed);
        true
    }

    /// Forgets those of which every server has seen all names, as `stable` tells.
    pub(super) fn forget(&mut self, stable: impl Fn(Stamp) -> bool) -> Vec<Renamed> {
        let done = |renamed: &Renamed| renamed.renames.iter().all(|at| stable(*at));
        let done: BTreeSet<Stamp> =
            self.channels.iter().filter(|entry| done(entry.1)).map(|entry| *entry.0).collect();
        self.last.retain(|_, last| !done.contains(last));
        done.iter().filter_map(|last| self.channels.remove(last)).collect()
    }

    /// The renames that are remembered.
    pub fn stamps(&self) -> impl Iterator<Item = Stamp> + '_ {
        self.channels.values().flat_map(|renamed| renamed.renames.iter().copied())
    }

    /// The channels that have had other names.
    pub(super) fn all(&self) -> impl Iterator<Item = &Renamed> {
        self.channels.values()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.channels.is_empty()
    }
}

impl Renamed {
    /// Its foundings, those that have been renamed or the others.
    pub(super) fn parts(&self, ended: bool) -> impl Iterator<Item = &(ChannelName, Epoch)> {
        let parts = self.parts.iter();
        parts.filter(move |(at, _)| self.ended.contains(at) == ended).map(|(_, part)| part)
    }

    /// Who has called it as it is called, and why.
    pub(super) fn because(&self) -> (Source, Box<str>) {
        self.because.clone()
    }

    /// Whether a founding of a name has been renamed, be it by somebody who did not know of it. If so, it
    /// has been so for ever: the channel may go by that name again, but by another founding.
    fn is_over(&self, name: &ChannelName, founded: Stamp) -> bool {
        let later = self.renames.range((Excluded(founded), Unbounded));
        let mut called = later.filter_map(|at| self.parts.get(at)).map(|part| &part.0);
        self.ended.contains(&founded) || called.any(|later| later != name)
    }

    /// The founding that holds among those of its name. One that is over does not, whatever it would win
    /// against: a server that has forgotten it has to choose the same.
    fn holding(&self) -> Option<Epoch> {
        let called = self.parts.values().filter(|part| part.0 == self.name);
        called.map(|part| part.1).filter(|epoch| !self.is_over(&self.name, epoch.at)).max()
    }

    /// Those of its foundings that were renames.
    pub(super) fn renames(&self) -> impl Iterator<Item = Stamp> + '_ {
        self.renames.iter().copied()
    }

    /// Whether a founding is one of its own.
    pub(super) fn has(&self, founded: Stamp) -> bool {
        self.parts.contains_key(&founded)
    }
}

impl Network {
    /// The channels that have had other names.
    pub fn renames(&self) -> &Renames {
        &self.renames
    }

    /// The channel that goes or went by a name.
    pub fn known_as(&self, name: &ChannelName) -> Option<super::ChannelId> {
        self.name(name).or_else(|| {
            let before = self.record(name)?;
            self.name(&self.renames.find(self.channels[before].epoch.at)?.name)
        })
    }

    /// The foundings that are meant when a channel is renamed: those under which its members have come.
    pub fn parts(&self, channel: super::ChannelId) -> Vec<(ChannelName, Epoch)> {
        let record = &self.channels[channel];
        let came = record.entered.values().chain([&record.epoch]);
        let came = came.map(|epoch| self.renames.standing(*epoch));
        let mut parts: Vec<Epoch> = came.chain([record.epoch]).collect();
        parts.sort_unstable();
        parts.dedup();
        parts.into_iter().map(|epoch| (record.name.clone(), epoch)).collect()
    }

    /// What a new founding of a name, by which a channel is to go, is to come after.
    pub fn before(&self, channel: super::ChannelId, name: &ChannelName) -> Option<Epoch> {
        let known = self.record(name).map(|known| self.channels[known].epoch);
        let renamed = self.renames.find(self.channels[channel].epoch.at);
        let parts = renamed.into_iter().flat_map(|renamed| renamed.parts.values());
        parts.filter(|part| part.0 == *name).map(|part| part.1).chain(known).max()
    }

    /// Whether nothing belongs to a founding of a name any more, since it has been renamed.
    pub(super) fn is_void(&self, name: &ChannelName, epoch: Epoch) -> bool {
        self.renames.find(epoch.at).is_some_and(|renamed| renamed.is_over(name, epoch.at))
    }

    /// Forgets names of which every server has seen that they are no more: who came under one of them has
    /// come under the one that is left.
    pub(super) fn forget_renames(&mut self, stable: impl Fn(Stamp) -> bool) {
        for renamed in self.renames.forget(stable) {
            let Some(channel) = self.record(&renamed.name) else { continue };
            let record = &mut self.channels[channel];
            let holds = record.epoch;
            for epoch in record.entered.values_mut().filter(|epoch| renamed.has(epoch.at)) {
                *epoch = renamed.epoch;
            }
            record.entered.retain(|_, epoch| *epoch != holds);
        }
    }
}

impl Channel {
    /// The founding under which a member came.
    pub fn entered(&self, user: UserId, joined: Stamp) -> Epoch {
        self.entered.get(&(user, joined)).copied().unwrap_or(self.epoch)
    }
}
