//! Channels are founded, entered and left, and have topics.

use super::mode::{Shown, taken_away};
use crate::{
    network::{
        Channel, ChannelId, Delay, Member, Network, Topic, UserId,
        crdt::{Epoch, Lww, Source, Uid},
        metadata::{Holder, Metadata},
        mode::{ChannelModes, STATUS, Status},
        op::{Change, Entry, Leave},
    },
    time::Stamp,
    wire::name::ChannelName,
};
use std::collections::{BTreeMap, BTreeSet};

impl Network {
    pub(super) fn channel_is(
        &mut self,
        name: &ChannelName,
        epoch: Epoch,
        modes: ChannelModes,
        at: Stamp,
        changes: &mut Vec<Change>,
    ) -> bool {
        match self.record(name) {
            Some(channel) => self.supersede(channel, epoch, modes, at, changes),
            None => {
                self.new_channel(name, epoch, modes, Some(at));
                true
            }
        }
    }

    /// Empty channels are forgotten. If somebody is in one after all, who came without knowing of those
    /// who made it, then others have forgotten what still holds here.
    pub(super) fn channels_end(
        &mut self,
        ended: &[(ChannelName, Epoch)],
        changes: &mut Vec<Change>,
    ) -> bool {
        let mut news = false;
        for (name, epoch) in ended {
            let Some(channel) = self.in_epoch(name, *epoch) else { continue };
            news = true;
            match self.channels[channel].exists() {
                false => self.forget(name),
                true => changes.push(Change::Unknown { channel }),
            }
        }
        news
    }

    pub(super) fn join(
        &mut self,
        uid: Uid,
        name: &ChannelName,
        entry: &Entry,
        at: Stamp,
        changes: &mut Vec<Change>,
    ) -> bool {
        let (epoch, modes) = match entry {
            Entry::Found(epoch) | Entry::Delayed(epoch, _) => (*epoch, ChannelModes::default()),
            Entry::Founds { before, modes } => (Epoch::founded(at, *before), *modes),
        };
        let Some(user) = self.uid(uid) else {
            // Others may have known the user, and have gone on in what the user founded.
            return matches!(entry, Entry::Founds { .. })
                && self.channel_is(name, epoch, modes, at, changes);
        };
        let (channel, news) = match self.record(name) {
            Some(channel) => (channel, self.supersede(channel, epoch, modes, at, changes)),
            None => (self.new_channel(name, epoch, modes, None), true),
        };
        if news && !matches!(entry, Entry::Founds { .. }) {
            changes.push(Change::Unknown { channel });
        }
        if self.channels[channel].member(user).is_some_and(|member| member.joined >= at) {
            return false;
        }
        // Who founds a channel is its operator, unless an older founding holds.
        let founder =
            matches!(entry, Entry::Founds { .. }) && self.channels[channel].epoch == epoch;
        let status = if founder { Status::OP } else { Status::NONE };
        self.insert_member(channel, user, Member { joined: at, status });
        if let Entry::Delayed(_, under) = entry {
            let record = &mut self.channels[channel];
            // What is shown once stays shown, whatever is learnt later.
            let revealed = record.delays() != Some(*under);
            record.delayed.insert(user, Delay { under: *under, revealed });
        }
        if founder {
            self.channels[channel].status_writes.insert((user, 'o'), (at, Source::User(uid)));
        }
        self.note(user, Change::Joined { user, channel }, changes);
        if founder && self.members(channel).nth(1).is_some() {
            let nick = self.users[user].nick().as_str().into();
            let by = Source::Server(at.server);
            self.note(
                user,
                Change::Mode { channel, by, changes: vec![(true, 'o', Some(nick))] },
                changes,
            );
        }
        true
    }

    pub(super) fn reveal(
        &mut self,
        uid: Uid,
        name: &ChannelName,
        joined: Stamp,
        changes: &mut Vec<Change>,
    ) -> bool {
        let found = self.uid(uid).zip(self.record(name));
        let Some((user, channel)) = found else { return false };
        let record = &mut self.channels[channel];
        if record.member(user).is_none_or(|member| member.joined != joined) {
            return false;
        }
        let hidden = record.hides(user);
        let Some(delay) = record.delayed.get_mut(&user) else { return false };
        let news = !std::mem::replace(&mut delay.revealed, true);
        if hidden {
            self.note(user, Change::Revealed { user, channel }, changes);
        }
        news
    }

    pub(super) fn leave(
        &mut self,
        uid: Uid,
        name: &ChannelName,
        joined: Stamp,
        how: &Leave,
        at: Stamp,
        changes: &mut Vec<Change>,
    ) -> bool {
        let found = self.uid(uid).zip(self.record(name));
        let Some((user, channel)) = found else { return false };
        // Another join than the one that is undone stays.
        if self.channels[channel].member(user).is_none_or(|member| member.joined != joined) {
            return false;
        }
        let sight = self.channels[channel].sight(user);
        self.remove_member(channel, user, at);
        self.users[user].channels.retain(|other| *other != channel);
        self.note(user, Change::Left { user, channel, sight, how: how.clone() }, changes);
        true
    }

    pub(super) fn topic(
        &mut self,
        (name, epoch): (&ChannelName, Epoch),
        by: Source,
        setter: &str,
        text: &str,
        at: Stamp,
        changes: &mut Vec<Change>,
    ) -> bool {
        let Some(channel) = self.in_epoch(name, epoch) else { return false };
        let record = &mut self.channels[channel];
        if record.topic.as_ref().is_some_and(|topic| topic.at >= at) {
            return false;
        }
        let before = record.topic.as_ref().map_or("", |topic| &topic.value.text) == text;
        record.topic = Some(Box::new(Lww {
            value: Topic { text: text.into(), setter: setter.into() },
            at,
            by,
        }));
        // An empty topic that stays empty is nothing to tell; any other is, even if it is the same.
        if !(before && text.is_empty()) {
            changes.push(Change::Topic { channel, by, setter: setter.into() });
        }
        true
    }

    /// The channel of that name, if the epoch is the one that holds.
    pub(super) fn in_epoch(&self, name: &ChannelName, epoch: Epoch) -> Option<ChannelId> {
        self.record(name).filter(|channel| self.channels[*channel].epoch == epoch)
    }

    /// Lets the greater of two epochs hold; with the lesser go its modes, lists, status and topic.
    fn supersede(
        &mut self,
        channel: ChannelId,
        epoch: Epoch,
        modes: ChannelModes,
        at: Stamp,
        changes: &mut Vec<Change>,
    ) -> bool {
        if epoch <= self.channels[channel].epoch {
            return false;
        }
        let by = Source::Server(at.server);
        let mut lost = self.epoch_undone(channel, modes);
        let had_topic = self.channels[channel].topic().is_some();
        let hidden = self.channels[channel].hidden();
        let metadata = std::mem::take(&mut self.channels[channel].metadata);
        self.metadata_ends(Holder::Channel(channel));
        let record = &mut self.channels[channel];
        record.delayed.clear();
        record.epoch = epoch;
        record.initial = modes;
        record.flags = modes;
        record.flag_writes.clear();
        record.values.clear();
        for mask in record.masks.drain(..) {
            if let Some(wall) = mask.expires() {
                self.expiries.remove(&(wall, channel, mask.at));
            }
        }
        record.status_writes.clear();
        record.topic = None;
        for member in record.members.values_mut() {
            member.status = Status::NONE;
        }
        if record.is_empty() {
            // What kept it may have gone with the epoch.
            if !record.exists() && !self.empty.contains(&channel) {
                record.emptied = record.emptied.max(Some(at));
            }
            self.note_empty(channel);
            return true;
        }
        for user in hidden {
            self.note(user, Change::Revealed { user, channel }, changes);
        }
        lost.sort_by_key(|change| change.0);
        if !lost.is_empty() {
            changes.push(Change::Mode { channel, by, changes: lost });
        }
        if had_topic {
            let setter = self.source(by).unwrap_or_default().into();
            changes.push(Change::Topic { channel, by, setter });
        }
        changes.extend(metadata.iter().map(|(key, _)| Change::Metadata {
            of: Holder::Channel(channel),
            key: key.into(),
            by,
        }));
        true
    }

    /// What members see change when all of an epoch is replaced by these flags.
    fn epoch_undone(&self, channel: ChannelId, modes: ChannelModes) -> Vec<Shown> {
        let record = &self.channels[channel];
        let mut lost: Vec<Shown> = Vec::new();
        lost.extend(
            record.flags.letters().filter(|l| !modes.contains(*l)).map(|l| (false, l, None)),
        );
        lost.extend(
            modes.letters().filter(|l| !record.flags.contains(*l)).map(|l| (true, l, None)),
        );
        for (letter, register) in &record.values {
            if register.value.is_some() {
                lost.push(taken_away(*letter, register.value.clone()));
            }
        }
        for row in crate::network::mode::CHANNEL {
            lost.extend(
                record.masks(row.letter).map(|mask| (false, mask.letter, Some(mask.mask.clone()))),
            );
        }
        for (user, member) in self.members(channel) {
            let nick = self.users[user].nick().as_str();
            lost.extend(member.status.letters().map(|letter| (false, letter, Some(nick.into()))));
        }
        lost
    }

    fn new_channel(
        &mut self,
        name: &ChannelName,
        epoch: Epoch,
        modes: ChannelModes,
        emptied: Option<Stamp>,
    ) -> ChannelId {
        let channel = self.channels.insert(Channel {
            name: name.clone(),
            epoch,
            initial: modes,
            flags: modes,
            flag_writes: BTreeMap::new(),
            values: BTreeMap::new(),
            masks: Vec::new(),
            topic: None,
            metadata: Metadata::default(),
            members: BTreeMap::new(),
            status_writes: BTreeMap::new(),
            delayed: BTreeMap::new(),
            known: BTreeSet::new(),
            emptied,
        });
        self.names.insert(name.clone(), channel);
        if emptied.is_some() {
            self.note_empty(channel);
        }
        channel
    }

    /// Remembers of a channel that it is there or not.
    pub(super) fn note_empty(&mut self, channel: ChannelId) {
        if self.channels[channel].exists() {
            self.empty.remove(&channel);
        } else {
            self.empty.insert(channel);
        }
    }

    fn insert_member(&mut self, channel: ChannelId, user: UserId, member: Member) {
        let record = &mut self.channels[channel];
        record.emptied = None;
        record.forget(user);
        if record.members.insert(user, member).is_none() {
            self.users[user].channels.push(channel);
        }
        self.note_empty(channel);
    }

    /// Ends a membership on the channel's side.
    pub(super) fn remove_member(&mut self, channel: ChannelId, user: UserId, at: Stamp) {
        let record = &mut self.channels[channel];
        record.members.remove(&user);
        record.forget(user);
        if record.is_empty() {
            record.emptied = Some(at);
            self.note_empty(channel);
        }
    }
}

impl Channel {
    /// Forgets what belonged to a membership that is over, as when a status was written. Touches nobody
    /// else's, so that a channel with many operators is entered and left as fast as any.
    fn forget(&mut self, user: UserId) {
        self.delayed.remove(&user);
        self.known.remove(&user);
        for (letter, _, _) in STATUS {
            self.status_writes.remove(&(user, *letter));
        }
    }
}
