//! Channels are founded, entered and left, and have topics.

use super::mode::{Shown, taken_away};
use crate::{
    network::{
        Channel, ChannelId, Delay, Member, Network, Topic, UserId,
        change::Change,
        crdt::{Epoch, Lww, Source, Uid},
        metadata::{Holder, Metadata},
        mode::{self, ChannelModes, Kind, STATUS, Status},
        op::{Entry, Leave},
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
                let void = self.is_void(name, epoch);
                let modes = if void { ChannelModes::default() } else { modes };
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
            let known = self.record(name);
            let known = known.filter(|channel| self.channels[*channel].epoch == *epoch);
            // Whoever enters a registered channel tells all that it has, and may have done so meanwhile, though
            // nobody is seen there yet. So each server forgets it for itself.
            let Some(channel) = known.filter(|_| !epoch.registered) else { continue };
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
        let (mut epoch, modes) = match entry {
            Entry::Found(epoch) | Entry::Delayed(epoch, _) if epoch.registered => {
                (*epoch, ChannelModes::of(mode::REGISTERED))
            }
            Entry::Found(epoch) | Entry::Delayed(epoch, _) => (*epoch, ChannelModes::default()),
            Entry::Founds { before, modes } => (Epoch::founded(at, *before), *modes),
        };
        let Some(user) = self.uid(uid) else {
            // Others may have known the user, and have gone on in what the user founded.
            return matches!(entry, Entry::Founds { .. })
                && self.channel_is(name, epoch, modes, at, changes);
        };
        if self.of_join(user, at).is_some() {
            return false;
        }
        // It may go by another name by now.
        let mut name = name.clone();
        if let Some(renamed) = self.renames.find(epoch.at) {
            (name, epoch) = (renamed.name.clone(), renamed.epoch);
        }
        let (channel, news) = match self.record(&name) {
            Some(channel) => (channel, self.supersede(channel, epoch, modes, at, changes)),
            None => (self.new_channel(&name, epoch, modes, None), true),
        };
        if news && !matches!(entry, Entry::Founds { .. }) && !epoch.registered {
            unknown(channel, changes);
        }
        // Who founds a channel is its operator, unless an older founding holds.
        let founder =
            matches!(entry, Entry::Founds { .. }) && self.channels[channel].epoch == epoch;
        let status = if founder { Status::OP } else { Status::NONE };
        let before = self.status(channel, user);
        self.insert_member(channel, user, Member { joined: at, status }, epoch);
        if let Entry::Delayed(_, under) = entry {
            let record = &mut self.channels[channel];
            // What is shown once stays shown, whatever is learnt later.
            let revealed = record.delays() != Some(*under);
            record.delayed.insert(user, Delay { under: *under, revealed });
        }
        if founder {
            self.channels[channel].status_writes.insert((user, at, 'o'), (at, Source::User(uid)));
        }
        self.mend_void(channel, at, changes);
        if let Some(before) = before {
            self.status_shifts((channel, user), before, at, changes);
            changes.push(Change::Doubled { user, channel });
            return true;
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

    pub(super) fn reveal(&mut self, uid: Uid, joined: Stamp, changes: &mut Vec<Change>) -> bool {
        let Some(user) = self.uid(uid) else { return false };
        let Some(channel) = self.of_join(user, joined) else { return false };
        let record = &mut self.channels[channel];
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
        joined: Stamp,
        how: &Leave,
        at: Stamp,
        changes: &mut Vec<Change>,
    ) -> bool {
        let Some(user) = self.uid(uid) else { return false };
        // Another join than the one that is undone stays; that one may be in a channel of another name by now.
        let Some(channel) = self.of_join(user, joined) else { return false };
        if let Some(before) = self.status(channel, user).filter(|_| self.is_doubled(channel, user))
        {
            self.take_join(channel, user, joined);
            self.status_shifts((channel, user), before, at, changes);
            return true;
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
        let Some(channel) = self.holding(name, epoch) else { return false };
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

    /// The channel of that name, if the epoch is the one that holds, and has not been renamed.
    pub(super) fn holding(&self, name: &ChannelName, epoch: Epoch) -> Option<ChannelId> {
        let channel = self.record(name)?;
        let holds = self.channels[channel].epoch == epoch && !self.is_void(name, epoch);
        holds.then_some(channel)
    }

    /// Lets the greater of two epochs hold; with the lesser go its modes, lists, status and topic.
    pub(super) fn supersede(
        &mut self,
        channel: ChannelId,
        epoch: Epoch,
        modes: ChannelModes,
        at: Stamp,
        changes: &mut Vec<Change>,
    ) -> bool {
        let before = self.channels[channel].epoch;
        if epoch <= before {
            return false;
        }
        if !self.renames.are_one(before.at, epoch.at) {
            let record = &mut self.channels[channel];
            for (user, member) in record.joins().collect::<Vec<_>>() {
                record.entered.entry((user, member.joined)).or_insert(before);
            }
        }
        let void = self.is_void(&self.channels[channel].name, epoch);
        let modes = if void { ChannelModes::default() } else { modes };
        self.begin(channel, epoch, modes, at, changes);
        self.mend_void(channel, at, changes);
        true
    }

    /// Begins an epoch in place of another, and tells what is lost with that.
    pub(super) fn begin(
        &mut self,
        channel: ChannelId,
        epoch: Epoch,
        modes: ChannelModes,
        at: Stamp,
        changes: &mut Vec<Change>,
    ) {
        let by = Source::Server(at.server);
        let before = self.shown(channel);
        let had_topic = self.channels[channel].topic().is_some();
        let hidden = self.channels[channel].hidden();
        let metadata = self.reset(channel, epoch, modes);
        self.note_empty(channel, at);
        if self.channels[channel].is_empty() {
            return;
        }
        for user in hidden {
            self.note(user, Change::Revealed { user, channel }, changes);
        }
        let lost = differences(&before, &self.shown(channel));
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
    }

    /// Forgets all that belongs to an epoch, and begins another. Returns the metadata that there was.
    pub(super) fn reset(
        &mut self,
        channel: ChannelId,
        epoch: Epoch,
        modes: ChannelModes,
    ) -> Metadata {
        let metadata = std::mem::take(&mut self.channels[channel].metadata);
        self.metadata_ends(Holder::Channel(channel));
        let record = &mut self.channels[channel];
        record.delayed.clear();
        if modes.contains('u') && !record.has('u') {
            // As when it is set: whoever is there now has been seen.
            record.known = record.members.keys().copied().collect();
        }
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
        record.removed.clear();
        record.topic = None;
        for member in record.members.values_mut().chain(record.others.values_mut()) {
            member.status = Status::NONE;
        }
        metadata
    }

    /// Nobody is in a channel any more, if so.
    pub(super) fn note_empty(&mut self, channel: ChannelId, at: Stamp) {
        let record = &mut self.channels[channel];
        if record.is_empty() {
            record.emptied = record.emptied.max(Some(at));
        }
        self.note_existence(channel);
    }

    /// What members see of a channel's modes and of each other's status: letters with their parameters.
    pub(super) fn shown(&self, channel: ChannelId) -> Vec<(char, Option<Box<str>>)> {
        let record = &self.channels[channel];
        let mut shown: Vec<(char, Option<Box<str>>)> =
            record.flags.letters().map(|letter| (letter, None)).collect();
        let values = record.values.iter().filter(|(_, register)| register.value.is_some());
        shown.extend(values.map(|(letter, register)| (*letter, register.value.clone())));
        for row in mode::CHANNEL {
            let masks = record.masks(row.letter);
            shown.extend(masks.map(|mask| (mask.letter, Some(mask.mask.clone()))));
        }
        for (user, member) in self.members(channel) {
            let nick = self.users[user].nick().as_str();
            shown.extend(member.status.letters().map(|letter| (letter, Some(nick.into()))));
        }
        shown
    }

    /// The status that a user is seen to have may be that of another join by now.
    pub(super) fn status_shifts(
        &self,
        (channel, user): (ChannelId, UserId),
        before: Status,
        at: Stamp,
        changes: &mut Vec<Change>,
    ) {
        let nick = self.users[user].nick().as_str();
        let shown = |status: Status| -> Vec<(char, Option<Box<str>>)> {
            status.letters().map(|letter| (letter, Some(nick.into()))).collect()
        };
        let after = self.status(channel, user).unwrap_or_default();
        let shift = differences(&shown(before), &shown(after));
        if !shift.is_empty() {
            let by = Source::Server(at.server);
            self.note(user, Change::Mode { channel, by, changes: shift }, changes);
        }
    }

    pub(super) fn new_channel(
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
            removed: BTreeSet::new(),
            topic: None,
            metadata: Metadata::default(),
            members: BTreeMap::new(),
            others: BTreeMap::new(),
            entered: BTreeMap::new(),
            status_writes: BTreeMap::new(),
            delayed: BTreeMap::new(),
            known: BTreeSet::new(),
            emptied,
        });
        self.names.insert(name.clone(), channel);
        if emptied.is_some() {
            self.note_existence(channel);
        }
        channel
    }

    /// Remembers of a channel whether it is there.
    pub(super) fn note_existence(&mut self, channel: ChannelId) {
        if self.channels[channel].exists() {
            self.empty.remove(&channel);
        } else {
            self.empty.insert(channel);
        }
    }

    /// Begins a membership, which came under a founding of this channel or of one that is now this.
    pub(super) fn insert_member(
        &mut self,
        channel: ChannelId,
        user: UserId,
        member: Member,
        under: Epoch,
    ) {
        let one = self.renames.are_one(under.at, self.channels[channel].epoch.at);
        let record = &mut self.channels[channel];
        record.emptied = None;
        if !one {
            record.entered.insert((user, member.joined), under);
        }
        let Some(known) = record.member(user) else {
            record.forget(user);
            record.members.insert(user, member);
            self.users[user].channels.push(channel);
            self.note_existence(channel);
            return;
        };
        // Whoever has been there is not to be shown as new.
        record.delayed.remove(&user);
        let (latest, earlier) =
            if known.joined < member.joined { (member, known) } else { (known, member) };
        record.members.insert(user, latest);
        record.others.insert((user, earlier.joined), earlier);
    }

    /// Where a join has led to that has not come to an end.
    pub(super) fn of_join(&self, user: UserId, joined: Stamp) -> Option<ChannelId> {
        let mut channels = self.users[user].channels.iter().copied();
        channels.find(|channel| self.channels[*channel].join(user, joined).is_some())
    }

    /// Whether a user is in a channel twice over.
    pub(super) fn is_doubled(&self, channel: ChannelId, user: UserId) -> bool {
        self.channels[channel].earlier_joins(user).next().is_some()
    }

    /// Ends one of a user's joins. Whoever is there by another as well stays.
    pub(super) fn take_join(&mut self, channel: ChannelId, user: UserId, joined: Stamp) {
        let record = &mut self.channels[channel];
        record.forget_join(user, joined);
        if record.others.remove(&(user, joined)).is_some() {
            return;
        }
        let next = record.earlier_joins(user).last();
        match next.and_then(|next| record.others.remove(&(user, next.joined))) {
            Some(next) => drop(record.members.insert(user, next)),
            None => {
                record.members.remove(&user);
                record.forget(user);
                self.users[user].channels.retain(|other| *other != channel);
            }
        }
        self.note_existence(channel);
    }

    /// Ends a membership on the channel's side.
    pub(super) fn remove_member(&mut self, channel: ChannelId, user: UserId, at: Stamp) {
        let record = &mut self.channels[channel];
        for earlier in record.earlier_joins(user).collect::<Vec<_>>() {
            record.forget_join(user, earlier.joined);
            record.others.remove(&(user, earlier.joined));
        }
        if let Some(member) = record.members.remove(&user) {
            record.forget_join(user, member.joined);
        }
        record.forget(user);
        self.note_empty(channel, at);
    }
}

impl Channel {
    /// Forgets what belonged to a membership that is over. Touches nobody else's, so that a channel with
    /// many operators is entered and left as fast as any.
    fn forget(&mut self, user: UserId) {
        self.delayed.remove(&user);
        self.known.remove(&user);
    }

    /// Forgets what belonged to a join that is over, as when a status was written.
    fn forget_join(&mut self, user: UserId, joined: Stamp) {
        self.entered.remove(&(user, joined));
        for (letter, _, _) in STATUS {
            self.status_writes.remove(&(user, joined, *letter));
        }
    }
}

/// What has to be said so that those who see the one see the other: what is gone first.
pub(super) fn differences(
    before: &[(char, Option<Box<str>>)],
    after: &[(char, Option<Box<str>>)],
) -> Vec<Shown> {
    let valued = |letter| matches!(mode::kind(letter), Some(Kind::Key | Kind::Value));
    let stays = |known: &&(char, Option<Box<str>>)| {
        after.contains(known)
            || valued(known.0) && after.iter().any(|(letter, _)| *letter == known.0)
    };
    let gone = before.iter().filter(|known| !stays(known)).map(|(letter, value)| {
        if valued(*letter) {
            taken_away(*letter, value.clone())
        } else {
            (false, *letter, value.clone())
        }
    });
    let new = after.iter().filter(|known| !before.contains(known));
    gone.chain(new.map(|(letter, value)| (true, *letter, value.clone()))).collect()
}

/// A channel goes on with a founding that others do not know.
pub(super) fn unknown(channel: ChannelId, changes: &mut Vec<Change>) {
    let known =
        |change: &Change| matches!(change, Change::Unknown { channel: known } if *known == channel);
    if !changes.iter().any(known) {
        changes.push(Change::Unknown { channel });
    }
}
