//! What must hold of a network at any moment, and its one canonical text.

use super::{Channel, ChannelId, Network, metadata::Holder};
use crate::arena::Arena;
use std::{collections::BTreeSet, fmt::Write};

impl Network {
    /// Every invariant that does not hold, as a sentence. Linear in the network: for tests, and for
    /// builds with debug assertions.
    pub fn check(&self) -> Vec<String> {
        let mut broken = Vec::new();
        self.check_users(&mut broken);
        self.check_channels(&mut broken);
        self.check_metadata(&mut broken);
        broken
    }

    /// The same, as long as the network is so small that looking at all of it after every change takes no
    /// time that would be noticed.
    pub fn check_small(&self) -> Vec<String> {
        match self.users.len() + self.channels.len() {
            0..=SMALL => self.check(),
            _ => Vec::new(),
        }
    }

    fn check_users(&self, broken: &mut Vec<String>) {
        for (id, user) in self.users.iter() {
            if self.uids.get(&user.uid) != Some(&id) {
                broken.push(format!("{} is not to be found by identity", user.uid));
            }
            if !user.hidden && self.nicks.get(user.nick()) != Some(&id) {
                broken.push(format!("{} is not to be found by nick {}", user.uid, user.nick()));
            }
            for channel in &user.channels {
                if !contains(&self.channels, *channel, |channel| channel.members.contains_key(&id))
                {
                    broken.push(format!("{} is in a channel that does not know", user.uid));
                }
            }
        }
        let seen = self.users.iter().filter(|(_, user)| !user.hidden).count();
        if self.nicks.len() != seen {
            broken.push(format!("{} nicks are worn by {seen} users", self.nicks.len()));
        }
        if self.uids.len() != self.users.len() {
            broken.push(format!(
                "{} identities belong to {} users",
                self.uids.len(),
                self.users.len()
            ));
        }
    }

    fn check_channels(&self, broken: &mut Vec<String>) {
        for (id, channel) in self.channels.iter() {
            if self.names.get(&channel.name) != Some(&id) {
                broken.push(format!("{} is not to be found by name", channel.name));
            }
            if channel.exists() == self.empty.contains(&id) {
                broken.push(format!("{} is empty, or it is not", channel.name));
            }
            for user in channel.members.keys() {
                if !contains(&self.users, *user, |user| user.channels.contains(&id)) {
                    broken.push(format!("{} has a member who does not know", channel.name));
                }
            }
        }
        self.check_joins(broken);
        let expiring = |(id, channel): (ChannelId, &Channel)| {
            channel.masks.iter().filter_map(|mask| Some((mask.expires()?, id, mask.at))).collect()
        };
        let expiries: BTreeSet<_> = self.channels.iter().flat_map::<Vec<_>, _>(expiring).collect();
        if self.expiries != expiries {
            broken.push("what ends by itself is not known as such".into());
        }
        if self.names.len() != self.channels.len() {
            broken.push(format!(
                "{} names belong to {} channels",
                self.names.len(),
                self.channels.len()
            ));
        }
    }

    fn check_joins(&self, broken: &mut Vec<String>) {
        for (_, channel) in self.channels.iter() {
            for (user, member) in channel.joins() {
                let entered = channel.entered(user, member.joined);
                let renamed = self.renames.find(entered.at);
                if renamed.is_some_and(|renamed| renamed.name != channel.name) {
                    broken.push(format!("{} has a member who has gone elsewhere", channel.name));
                }
                let latest = channel.member(user).map(|member| member.joined);
                if latest.is_none_or(|latest| latest < member.joined) {
                    broken.push(format!("{} does not know who came last", channel.name));
                }
            }
            let of_join = |(user, joined): &(_, _)| channel.join(*user, *joined).is_some();
            let writes = channel.status_writes.keys().map(|(user, joined, _)| (*user, *joined));
            if !channel.entered.keys().all(of_join) || !writes.into_iter().all(|w| of_join(&w)) {
                broken.push(format!("{} remembers joins that are over", channel.name));
            }
        }
    }

    fn check_metadata(&self, broken: &mut Vec<String>) {
        let users = self.users.iter().map(|(id, user)| (Holder::User(id), &user.metadata));
        let channels = self.channels.iter();
        let channels = channels.map(|(id, channel)| (Holder::Channel(id), &channel.metadata));
        for (of, metadata) in users.chain(channels) {
            for (key, register) in metadata.registers() {
                let noted = self.unset.get(&(of, key.into())).copied();
                if noted != register.value.is_none().then_some(register.at) {
                    broken.push(format!("{key} of {of:?} is not noted as it is"));
                }
            }
        }
    }

    /// The network in one text, the same on every server that agrees. Costs a walk over everything.
    pub fn digest(&self) -> String {
        let mut lines = Vec::new();
        for (sid, server) in self.servers() {
            lines.push(format!("{sid} {:?} {:?}", server.info, server.neighbours));
        }
        for (_, user) in self.users.iter() {
            lines.push(format!(
                "{} {} {} {:?} {:?} {:?} {:?} {:?} {} {:?} {} {:?}",
                user.uid,
                user.nick(),
                user.mask(),
                user.away,
                user.connection,
                user.cloak,
                user.login,
                user.realname,
                user.modes,
                user.born,
                user.hidden,
                user.metadata.iter().collect::<Vec<_>>()
            ));
        }
        for (_, channel) in self.channels.iter().filter(|(_, channel)| channel.exists()) {
            let mut line =
                format!("{} {:?} {:?}", channel.name.folded(), channel.epoch, channel.flags);
            let values = channel.values.iter().filter(|(_, register)| register.value.is_some());
            for (letter, register) in values {
                let _ = write!(line, " {letter}={register:?}");
            }
            // Of one operation, what goes to several lists may be told list by list.
            let mut masks: Vec<_> = channel.masks.iter().collect();
            masks.sort_by_key(|mask| mask.letter);
            let _ = write!(line, " {masks:?} {:?}", channel.topic());
            let _ = write!(line, " {:?}", channel.metadata.iter().collect::<Vec<_>>());
            let mut members: Vec<String> = channel
                .joins()
                .map(|(user, member)| {
                    let under = self.renames.standing(channel.entered(user, member.joined));
                    format!("{} {member:?} {:?}", self.users[user].uid, under.at)
                })
                .collect();
            members.sort_unstable();
            lines.push(format!("{line} {members:?}"));
        }
        lines.extend(
            self.bans.all().map(|ban| format!("{:?} {:?} {:?}", ban.key, ban.terms, ban.at)),
        );
        lines.extend(self.filters.all().map(|filter| format!("{filter:?}")));
        lines.extend(
            self.notes.all().map(|(key, entry)| format!("{key:?} {:?} {:?}", entry.note, entry.at)),
        );
        lines.push(format!("{:?}", self.defcon));
        lines.sort_unstable();
        lines.join("\n")
    }
}

/// Up to so many users and channels a network is small.
const SMALL: usize = 200;

fn contains<K: crate::arena::Id, V>(
    arena: &Arena<K, V>,
    id: K,
    holds: impl Fn(&V) -> bool,
) -> bool {
    arena.get(id).is_some_and(holds)
}
