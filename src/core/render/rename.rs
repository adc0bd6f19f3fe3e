//! Channels take other names (`ircv3: channel-rename`).

use super::Tell;
use crate::{
    core::{ConnId, Core, audience},
    network::{
        ChannelId, UserId,
        change::Moved,
        mode::Status,
        op::{Leave, Op},
    },
    wire::{cap, encode::Msg, name::ChannelName},
};

impl Tell<'_> {
    /// Those whose clients know what that is see the channel renamed; the others leave the one and enter
    /// the other, unless both are the same to them.
    pub(super) fn renamed(&mut self, channel: ChannelId, old: &ChannelName) {
        let Op::Rename(renaming) = self.op else { return };
        let new = self.core.network().channel(channel).name.clone();
        self.core.follow(old, &new);
        self.keeps_name(channel);
        let mut msg = self.done_by(renaming.by, "", "RENAME");
        msg = msg.param(old.as_str()).param(new.as_str()).text(&renaming.reason);
        let members: Vec<ConnId> = audience::of_channel(self.core, channel, Status::NONE).collect();
        self.send(&msg.only(cap::CHANNEL_RENAME), members.iter().copied());
        if *old == new {
            return;
        }
        let knows = |conn: &ConnId| {
            let session = self.core.sessions.get(*conn);
            session.is_none_or(|session| session.caps.contains(cap::CHANNEL_RENAME))
        };
        let others: Vec<ConnId> = members.into_iter().filter(|conn| !knows(conn)).collect();
        for conn in others {
            let user = self.core.sessions.get(conn).and_then(|session| session.user());
            if let Some(user) = user {
                let part = self.parts(user, old);
                self.send(&part, [conn]);
                self.enters(user, channel, &[conn]);
            }
        }
    }

    /// Not all have gone, or others were there: whoever goes is seen to leave and to enter.
    pub(super) fn moved(&mut self, from: ChannelId, to: ChannelId, users: &[Moved]) {
        let Some(old) = self.core.network().find_channel(from).map(|record| record.name.clone())
        else {
            return;
        };
        self.keeps_name(to);
        let mut own: Vec<ConnId> = Vec::new();
        for Moved { user, sight, left, new } in users.iter().copied() {
            if left {
                let part = self.parts(user, &old);
                let stay = audience::who_know(self.core, from, sight).collect::<Vec<_>>();
                self.send(&part, stay);
            }
            // Whoever is new sees all that is there, on entering.
            let sessions = audience::of_user(self.core, user).iter();
            own.extend(sessions.filter(|_| new));
        }
        for Moved { user, left, new, .. } in users.iter().copied() {
            let sessions = audience::of_user(self.core, user).to_vec();
            if left {
                let part = self.parts(user, &old);
                self.send(&part, sessions.iter().copied());
            }
            if new {
                self.enters(user, to, &sessions);
            }
        }
        for moved in users.iter().filter(|moved| moved.new) {
            self.show_join(moved.user, to, &[], &own);
        }
    }

    /// A user who is in a channel twice over is there once from now on: by the join that has the higher
    /// status, if any.
    pub(super) fn doubled(&mut self, user: UserId, channel: ChannelId) {
        let network = self.core.network();
        let Some(record) = network.find_channel(channel) else { return };
        if self.core.locals.get(user).is_none() {
            return;
        }
        let mut joins: Vec<_> = record.earlier_joins(user).chain(record.member(user)).collect();
        joins.sort_by_key(|member| (member.status, member.joined));
        joins.pop();
        let (uid, name) = (network.user(user).uid, record.name.clone());
        for member in joins {
            let (name, how) = (name.clone(), Leave::Part("".into()));
            let op = Op::Leave { uid, name, joined: member.joined, how };
            self.core.commit(self.fx, op, None, self.now);
        }
    }

    fn keeps_name(&mut self, channel: ChannelId) {
        let until = self.now.mono + self.core.config.limits.rename_interval;
        self.core.chanflood.renamed(channel, until);
    }

    /// Shows some of a user's sessions that the user enters a channel.
    fn enters(&mut self, user: UserId, channel: ChannelId, to: &[ConnId]) {
        let name = self.core.network().channel(channel).name.to_string();
        let join = self.join(user, &name);
        self.send(&join, to.iter().copied());
        self.show_channel(channel, to);
    }

    fn parts(&mut self, user: UserId, old: &ChannelName) -> Msg {
        let part = self.by(user, "PART").param(old.as_str());
        match self.op {
            Op::Rename(renaming) if !renaming.reason.is_empty() => part.text(&renaming.reason),
            _ => part,
        }
    }
}

impl Core {
    /// What users have under way with a channel goes on under its new name.
    fn follow(&mut self, old: &ChannelName, new: &ChannelName) {
        let casemap = self.network().casemap();
        let (mut users, mut conns) = (Vec::new(), Vec::new());
        users.extend(self.locals.iter().map(|(user, _)| user));
        let batches = self.sessions.iter().filter(|(_, session)| session.batch.is_some());
        conns.extend(batches.map(|(conn, _)| conn));
        for user in users {
            if let Some(local) = self.locals.get_mut(user) {
                local.follow(old, new);
            }
        }
        for conn in conns {
            let session = self.sessions.get_mut(conn);
            if let Some(batch) = session.and_then(|session| session.batch.as_mut()) {
                batch.follow(old.as_str(), new.as_str(), casemap);
            }
        }
    }
}
