//! A channel takes another name, see [`crate::network::rename`].

use super::channel::{differences, unknown};
use crate::{
    network::{
        ChannelId, Network, UserId,
        crdt::{Epoch, Source},
        metadata::Holder,
        mode::{ChannelModes, Status},
        op::{Change, Op, Subject},
        rename::Renaming,
    },
    time::Stamp,
    wire::name::ChannelName,
};
use std::collections::BTreeSet;

/// What members see of a channel.
struct Looks {
    modes: Vec<(char, Option<Box<str>>)>,
    topic: Box<str>,
    metadata: Vec<(Box<str>, Box<str>)>,
}

impl Network {
    pub(super) fn rename(&mut self, renaming: &Renaming, changes: &mut Vec<Change>) -> bool {
        let at = renaming.epoch.at;
        let mut places: BTreeSet<ChannelName> = BTreeSet::new();
        for (name, epoch) in renaming.parts.iter().chain(&renaming.others) {
            let renamed = self.renames.find(epoch.at);
            places.insert(renamed.map_or(name, |renamed| &renamed.name).clone());
        }
        places.extend(self.renames.find(at).map(|renamed| renamed.name.clone()));
        if !self.renames.unite(renaming) {
            return false;
        }
        let Some(now) = self.renames.find(at) else { return false };
        let (name, epoch) = (now.name.clone(), now.epoch);
        let from: Vec<ChannelId> = places.iter().filter_map(|name| self.record(name)).collect();
        match from.as_slice() {
            [channel] if epoch == renaming.epoch && self.goes_whole(*channel, renaming) => {
                self.rename_whole(*channel, renaming, changes);
            }
            _ => self.rename_by_parts(&from, (&name, epoch), renaming, changes),
        }
        true
    }

    /// Whether a channel takes its new name as it is: all in it came under what is renamed, and nobody is
    /// where they go.
    fn goes_whole(&self, channel: ChannelId, renaming: &Renaming) -> bool {
        let (record, at) = (&self.channels[channel], renaming.epoch.at);
        let free = self.record(&renaming.name).is_none_or(|known| {
            let known_record = &self.channels[known];
            (known == channel || known_record.is_empty()) && known_record.epoch < renaming.epoch
        });
        let one = |epoch: Epoch| self.renames.are_one(epoch.at, at);
        free && !record.is_empty() && one(record.epoch) && record.entered.values().all(|e| one(*e))
    }

    /// The channel stays what it is to this server, so that whatever is known of it goes with it.
    fn rename_whole(&mut self, channel: ChannelId, renaming: &Renaming, changes: &mut Vec<Change>) {
        let Renaming { name, epoch, modes, .. } = renaming;
        let hidden = self.channels[channel].hidden();
        let before = self.looks(channel);
        let known = self.record(name).filter(|known| *known != channel);
        known.into_iter().for_each(|known| self.drop_record(known));
        let (ended, auditorium) = (self.channels[channel].epoch, self.channels[channel].has('u'));
        self.reset(channel, *epoch, *modes);
        let record = &mut self.channels[channel];
        record.entered.clear();
        if modes.contains('u') && !auditorium {
            record.known = record.members.keys().copied().collect();
        }
        let old = std::mem::replace(&mut record.name, name.clone());
        self.names.remove(&old);
        self.names.insert(name.clone(), channel);
        if old != *name {
            self.new_channel(&old, ended, ChannelModes::default(), Some(epoch.at));
        }
        self.carry(renaming);
        changes.push(Change::Renamed { channel, old });
        for user in hidden {
            self.note(user, Change::Revealed { user, channel }, changes);
        }
        self.tell_looks(channel, &before, epoch.at, changes);
    }

    /// Members go where others are, or others stay where they were.
    fn rename_by_parts(
        &mut self,
        from: &[ChannelId],
        (name, epoch): (&ChannelName, Epoch),
        renaming: &Renaming,
        changes: &mut Vec<Change>,
    ) {
        let at = renaming.epoch.at;
        let holds = *name == renaming.name;
        let modes = if holds { renaming.modes } else { ChannelModes::default() };
        let (new, founded) = match self.record(&renaming.name) {
            Some(new) => (new, self.supersede(new, renaming.epoch, modes, at, changes)),
            None => (self.new_channel(&renaming.name, renaming.epoch, modes, Some(at)), true),
        };
        let to = self
            .record(name)
            .unwrap_or_else(|| self.new_channel(name, epoch, ChannelModes::default(), Some(at)));
        let before = self.looks(to);
        let from = from.iter().copied().filter(|channel| *channel != to);
        let from: Vec<ChannelId> = from.collect();
        for channel in &from {
            let moved = self.move_members(*channel, to, at, changes);
            let doubled: Vec<UserId> = moved.iter().filter(|m| !m.2).map(|m| m.0).collect();
            changes.push(Change::Moved { from: *channel, to, users: moved });
            for user in doubled {
                changes.push(Change::Doubled { user, channel: to });
            }
        }
        if founded && holds {
            self.carry(renaming);
        }
        self.tell_looks(to, &before, at, changes);
        for channel in from.into_iter().chain([new, to]) {
            self.mend_void(channel, at, changes);
        }
    }

    /// Moves those who came under a founding that is now of the channel `to`. Returns who of them can be
    /// seen, who knew of them, and whether they are new there.
    fn move_members(
        &mut self,
        from: ChannelId,
        to: ChannelId,
        at: Stamp,
        changes: &mut Vec<Change>,
    ) -> Vec<(UserId, crate::network::Sight, bool)> {
        let record = &self.channels[from];
        let goes = |user, joined| {
            let entered = record.entered(user, joined);
            self.renames.are_one(entered.at, at)
        };
        let going: Vec<_> = record
            .joins()
            .filter(|(user, member)| goes(*user, member.joined))
            .map(|(user, member)| (user, member.joined, record.entered(user, member.joined)))
            .collect();
        let mut moved = Vec::new();
        for (user, joined, entered) in going {
            let sight = self.channels[from].sight(user);
            let new = self.status(to, user).is_none();
            let before = self.status(from, user);
            self.take_join(from, user, joined);
            let member = crate::network::Member { joined, status: Status::NONE };
            self.insert_member(to, user, member, entered);
            // Whoever has stayed by another join has not left.
            if self.channels[from].member(user).is_some() {
                self.status_shifts((from, user), before.unwrap_or_default(), at, changes);
                let change = match new {
                    true => Change::Joined { user, channel: to },
                    false => Change::Doubled { user, channel: to },
                };
                self.note(user, change, changes);
            } else if !self.users[user].hidden {
                moved.push((user, sight, new));
            }
        }
        self.note_empty(from, at);
        moved
    }

    /// Nothing belongs to a founding that has been renamed. Those who are there all the same, having come
    /// without knowing of it, found the channel anew.
    pub(super) fn mend_void(&mut self, channel: ChannelId, at: Stamp, changes: &mut Vec<Change>) {
        let Some(record) = self.channels.get(channel) else { return };
        let (epoch, empty) = (record.epoch, record.is_empty());
        if !self.is_void(&record.name, epoch) {
            return;
        }
        self.begin(channel, epoch, ChannelModes::default(), at, changes);
        if !empty {
            unknown(channel, changes);
        }
    }

    /// Takes in what the channel has had under its old name.
    fn carry(&mut self, renaming: &Renaming) {
        let ours =
            |name: &ChannelName, epoch: Epoch| *name == renaming.name && epoch == renaming.epoch;
        // What is seen of it is looked at as a whole.
        let mut unseen = Vec::new();
        for (op, at) in &renaming.state {
            let carried = match op {
                Op::Mode { name, epoch, .. } | Op::Topic { name, epoch, .. } => ours(name, *epoch),
                Op::Metadata { of: Subject::Channel(name, epoch), .. } => ours(name, *epoch),
                _ => false,
            };
            if carried {
                self.apply(op, *at, &mut unseen);
            }
        }
    }

    fn looks(&self, channel: ChannelId) -> Looks {
        let record = &self.channels[channel];
        let metadata = record.metadata.iter().map(|(key, value)| (key.into(), value.into()));
        Looks {
            modes: self.shown(channel),
            topic: record.topic().map_or("", |topic| &topic.value.text).into(),
            metadata: metadata.collect(),
        }
    }

    /// Tells how a channel looks other than before.
    fn tell_looks(&self, channel: ChannelId, before: &Looks, at: Stamp, changes: &mut Vec<Change>) {
        let (after, by) = (self.looks(channel), Source::Server(at.server));
        let modes = differences(&before.modes, &after.modes);
        if !modes.is_empty() {
            changes.push(Change::Mode { channel, by, changes: modes });
        }
        if before.topic != after.topic {
            let topic = self.channels[channel].topic();
            let (by, setter) =
                topic.map_or((by, "".into()), |topic| (topic.by, topic.value.setter.clone()));
            changes.push(Change::Topic { channel, by, setter });
        }
        let (old, new): (BTreeSet<_>, BTreeSet<_>) =
            (before.metadata.iter().collect(), after.metadata.iter().collect());
        let keys: BTreeSet<&str> = old.symmetric_difference(&new).map(|(key, _)| &**key).collect();
        let of = Holder::Channel(channel);
        changes.extend(keys.into_iter().map(|key| Change::Metadata { of, key: key.into(), by }));
    }

    /// Forgets an empty channel whose name another takes.
    fn drop_record(&mut self, channel: ChannelId) {
        let epoch = self.channels[channel].epoch;
        self.reset(channel, epoch, ChannelModes::default());
        let name = self.channels[channel].name.clone();
        self.forget(&name);
    }
}
