//! The whole network as stamped operations: what a server that has seen little is told.

use super::{
    Channel, Network, User,
    crdt::{Epoch, Lww, Source, Uid},
    metadata::Metadata,
    mode::Status,
    op::{Entry, ModeChange, Op, Presence, Restored, Subject},
    rename::{Renamed, Renaming},
};
use crate::{time::Stamp, wire::name::ChannelName};

impl Network {
    /// Operations that, applied to an empty network, make this one; with the stamps of what they restate.
    pub fn replay(&self) -> Vec<(Op, Stamp)> {
        let mut ops = Vec::new();
        for (sid, server) in &self.servers {
            ops.push((Op::Server(Box::new(server.info.clone())), server.since));
            ops.push(match server.gone {
                None => (Op::Links(server.neighbours.clone()), server.linked),
                Some(at) if at.server == *sid => (Op::Goodbye("".into()), at),
                Some(at) => (Op::Forget { server: *sid, life: server.info.life }, at),
            });
        }
        ops.extend(
            self.users.iter().map(|(_, user)| (Op::User(Box::new(presence(user))), user.written)),
        );
        for (_, user) in self.users.iter() {
            replay_metadata(&Subject::User(user.uid), &user.metadata, &mut ops);
        }
        for renamed in self.renames.all() {
            ops.push((Op::Rename(Box::new(self.renaming(renamed))), renamed.epoch.at));
        }
        for (_, channel) in self.channels.iter() {
            self.replay_channel(channel, &mut ops);
        }
        ops.extend(self.filters.all().map(|(pattern, filter)| {
            let rule = filter.rule.clone().map(Box::new);
            (Op::Filter { by: filter.by, pattern: pattern.into(), rule }, filter.at)
        }));
        ops.extend(self.notes.all().map(|(key, entry)| {
            let note = entry.note.clone().map(Box::new);
            (Op::Note { by: entry.by, key: key.clone(), note }, entry.at)
        }));
        let Lww { value: level, at, by } = self.defcon;
        ops.extend((at != Stamp::ZERO).then_some((Op::Defcon { by, level }, at)));
        ops.extend(self.bans.all().map(|ban| {
            let terms = ban.terms.clone().map(Box::new);
            (Op::Ban { by: ban.by, key: ban.key.clone(), terms }, ban.at)
        }));
        ops
    }

    fn replay_channel(&self, channel: &Channel, ops: &mut Vec<(Op, Stamp)>) {
        let (name, epoch) = (&channel.name, channel.epoch);
        let founding = if epoch.registered {
            let state = channel.removals_told(name, epoch).collect();
            let by = Source::Server(epoch.at.server);
            Op::Restore(Box::new(Restored { name: name.clone(), epoch, by, state }))
        } else {
            Op::Channel { name: name.clone(), epoch, modes: channel.initial }
        };
        ops.push((founding, channel.emptied.unwrap_or(epoch.at)));
        // Before the joins: who is shown depends on them.
        for (letter, (at, by)) in &channel.flag_writes {
            let on = channel.flags.contains(*letter);
            let changes = vec![ModeChange::Flag { letter: *letter, on }];
            ops.push((Op::Mode { name: name.clone(), epoch, by: *by, changes }, *at));
        }
        for (user, member) in channel.joins() {
            let (uid, joined, name) = (self.users[user].uid, member.joined, name.clone());
            let delay = channel.delayed.get(&user);
            let epoch = self.renames.standing(channel.entered(user, joined));
            let entry =
                delay.map_or(Entry::Found(epoch), |delay| Entry::Delayed(epoch, delay.under));
            ops.push((Op::Join { uid, name: name.clone(), entry }, joined));
            if delay.is_some_and(|delay| delay.revealed) {
                ops.push((Op::Reveal { uid, name, joined }, joined));
            }
        }
        self.replay_founding(channel, (name, epoch), ops);
    }

    /// What is told of a channel besides its flags and members, as under a name and a founding.
    pub fn carried(&self, channel: &Channel, name: &ChannelName, epoch: Epoch) -> Vec<(Op, Stamp)> {
        let mut ops = Vec::new();
        self.replay_founding(channel, (name, epoch), &mut ops);
        ops
    }

    fn replay_founding(
        &self,
        channel: &Channel,
        (name, epoch): (&ChannelName, Epoch),
        ops: &mut Vec<(Op, Stamp)>,
    ) {
        let mut mode = |change: ModeChange, by: Source, at: Stamp| {
            ops.push((Op::Mode { name: name.clone(), epoch, by, changes: vec![change] }, at));
        };
        for (letter, Lww { value, at, by }) in &channel.values {
            mode(ModeChange::Value { letter: *letter, value: value.clone() }, *by, *at);
        }
        for mask in &channel.masks {
            let (letter, text, setter) = (mask.letter, mask.mask.clone(), mask.setter.clone());
            mode(ModeChange::Add { letter, mask: text, setter }, mask.by, mask.at);
        }
        for ((user, joined, letter), (at, by)) in &channel.status_writes {
            let member = channel.join(*user, *joined);
            if let Some((status, member)) = Status::of(*letter).zip(member) {
                let (uid, on) = (self.users[*user].uid, member.status.contains(status));
                let (letter, joined) = (*letter, *joined);
                mode(ModeChange::Status { letter, on, uid, joined }, *by, *at);
            }
        }
        if let Some(topic) = &channel.topic {
            let (setter, text) = (topic.value.setter.clone(), topic.value.text.clone());
            ops.push((
                Op::Topic { name: name.clone(), epoch, by: topic.by, setter, text },
                topic.at,
            ));
        }
        let of = Subject::Channel(name.clone(), epoch);
        replay_metadata(&of, &channel.metadata, ops);
    }

    /// What is told of a channel that has had other names: all of them at once, and what it is like if
    /// the last of them has led to that.
    fn renaming(&self, renamed: &Renamed) -> Renaming {
        let Renamed { name, epoch, .. } = renamed;
        let (by, reason) = renamed.because();
        let channel = self.record(name).map(|channel| &self.channels[channel]);
        let holding = channel.filter(|channel| channel.epoch == *epoch);
        Renaming {
            parts: renamed.parts(true).cloned().collect(),
            others: renamed.parts(false).cloned().collect(),
            renames: renamed.renames().collect(),
            name: name.clone(),
            epoch: *epoch,
            by,
            reason,
            modes: holding.map(|channel| channel.initial).unwrap_or_default(),
            state: holding.map(|channel| self.carried(channel, name, *epoch)).unwrap_or_default(),
        }
    }

    /// The users whose birth `seen` covers and `alive` does not hold: they have quit meanwhile.
    pub fn users_missing(
        &self,
        seen: impl Fn(Stamp) -> bool,
        alive: impl Fn(Uid) -> bool,
    ) -> Vec<Uid> {
        let gone = self.users.iter().filter(|(_, user)| seen(user.born) && !alive(user.uid));
        gone.map(|(_, user)| user.uid).collect()
    }

    /// The memberships that `seen` covers and `alive` does not hold: they have ended meanwhile.
    pub fn members_missing(
        &self,
        seen: impl Fn(Stamp) -> bool,
        alive: impl Fn(Uid, Stamp) -> bool,
    ) -> Vec<(Uid, &Channel, Stamp)> {
        let mut missing = Vec::new();
        for (_, channel) in self.channels.iter() {
            for (user, member) in channel.joins() {
                let uid = self.users[user].uid;
                if seen(member.joined) && !alive(uid, member.joined) {
                    missing.push((uid, channel, member.joined));
                }
            }
        }
        missing
    }

    /// The additions to lists that `seen` covers and `alive` does not hold: they have been undone.
    pub fn masks_missing(
        &self,
        seen: impl Fn(Stamp) -> bool,
        alive: impl Fn(&Channel, &super::Mask) -> bool,
    ) -> Vec<(&Channel, &super::Mask)> {
        let mut missing = Vec::new();
        for (_, channel) in self.channels.iter() {
            // A list may have come from another name, under which it has been seen and this has not.
            let founded = seen(channel.epoch.at);
            let gone = channel
                .masks
                .iter()
                .filter(|mask| founded && seen(mask.at) && !alive(channel, mask));
            missing.extend(gone.map(|mask| (channel, mask)));
        }
        missing
    }
}

fn replay_metadata(of: &Subject, metadata: &Metadata, ops: &mut Vec<(Op, Stamp)>) {
    ops.extend(metadata.registers().map(|(key, Lww { value, at, by })| {
        let (of, key, value) = (of.clone(), key.into(), value.clone());
        (Op::Metadata { by: *by, of, key, value }, *at)
    }));
}

fn presence(user: &User) -> Presence {
    Presence {
        uid: user.uid,
        nick: user.wanted.clone(),
        claimed: Some(user.claimed),
        born: Some(user.born),
        user: user.user.clone(),
        host: user.host.clone(),
        real_host: user.real_host.clone(),
        cloak: user.cloak.clone(),
        address: user.address,
        realname: user.realname.clone(),
        away: user.away.clone(),
        modes: user.modes,
        class: user.class.clone(),
        connection: user.connection.clone(),
        login: user.login.clone(),
    }
}
