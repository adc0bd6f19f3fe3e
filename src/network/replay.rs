//! The whole network as stamped operations: what a server that has seen little is told.

use super::{
    Channel, Network, User,
    crdt::{Epoch, Lww, Source, Uid},
    metadata::Metadata,
    op::{Entry, ModeChange, Op, Presence, Subject},
};
use crate::time::Stamp;

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
        for (_, channel) in self.channels.iter() {
            self.replay_channel(channel, &mut ops);
        }
        ops.extend(self.filters.all().map(|(pattern, filter)| {
            let rule = filter.rule.clone().map(Box::new);
            (Op::Filter { by: filter.by, pattern: pattern.into(), rule }, filter.at)
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
        ops.push((
            Op::Channel { name: name.clone(), epoch, modes: channel.initial },
            channel.emptied.unwrap_or(epoch.at),
        ));
        // Before the joins: who is shown depends on them.
        for (letter, (at, by)) in &channel.flag_writes {
            let on = channel.flags.contains(*letter);
            let changes = vec![ModeChange::Flag { letter: *letter, on }];
            ops.push((Op::Mode { name: name.clone(), epoch, by: *by, changes }, *at));
        }
        for (user, member) in &channel.members {
            let (uid, joined, name) = (self.users[*user].uid, member.joined, name.clone());
            let delay = channel.delayed.get(user);
            let entry =
                delay.map_or(Entry::Found(epoch), |delay| Entry::Delayed(epoch, delay.under));
            ops.push((Op::Join { uid, name: name.clone(), entry }, joined));
            if delay.is_some_and(|delay| delay.revealed) {
                ops.push((Op::Reveal { uid, name, joined }, joined));
            }
        }
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
        for ((user, letter), (at, by)) in &channel.status_writes {
            if let Some((on, joined)) = self.status_write(channel, *user, *letter) {
                let uid = self.users[*user].uid;
                mode(ModeChange::Status { letter: *letter, on, uid, joined }, *by, *at);
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

    fn status_write(
        &self,
        channel: &Channel,
        user: super::UserId,
        letter: char,
    ) -> Option<(bool, Stamp)> {
        let member = channel.member(user)?;
        let status = super::mode::Status::of(letter)?;
        Some((member.status.contains(status), member.joined))
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
        alive: impl Fn(Uid, &Channel, Stamp) -> bool,
    ) -> Vec<(Uid, &Channel, Stamp)> {
        let mut missing = Vec::new();
        for (_, channel) in self.channels.iter() {
            for (user, member) in &channel.members {
                let uid = self.users[*user].uid;
                if seen(member.joined) && !alive(uid, channel, member.joined) {
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
        alive: impl Fn(&Channel, Epoch, char, Stamp) -> bool,
    ) -> Vec<(&Channel, &super::Mask)> {
        let mut missing = Vec::new();
        for (_, channel) in self.channels.iter() {
            let gone = channel.masks.iter().filter(|mask| {
                seen(mask.at) && !alive(channel, channel.epoch, mask.letter, mask.at)
            });
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
        address: user.address,
        realname: user.realname.clone(),
        away: user.away.clone(),
        modes: user.modes,
        class: user.class.clone(),
        login: user.login.clone(),
    }
}
