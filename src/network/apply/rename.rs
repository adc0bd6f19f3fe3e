//! A channel takes another name, see [`crate::network::rename`].

use super::channel::{differences, unknown};
use crate::{
    network::{
        ChannelId, Member, Network, UserId,
        change::{Change, Moved},
        crdt::{Epoch, Source},
        metadata::Holder,
        mode::{ChannelModes, Status},
        op::{Op, Subject},
        rename::Renaming,
    },
    time::Stamp,
    wire::name::ChannelName,
};
use std::collections::{BTreeMap, BTreeSet};

/// What members see of a channel.
pub(super) struct Looks {
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
        let ended = self.channels[channel].epoch;
        self.reset(channel, *epoch, *modes);
        let record = &mut self.channels[channel];
        record.entered.clear();
        let old = std::mem::replace(&mut record.name, name.clone());
        self.names.remove(&old);
        self.names.insert(name.clone(), channel);
        if old != *name {
            self.new_channel(&old, ended, ChannelModes::default(), Some(epoch.at));
        }
        self.carry((name, *epoch), &renaming.state);
        changes.push(Change::Renamed { channel, old });
        for user in hidden {
            self.note(user, Change::Revealed { user, channel }, changes);
        }
        let by = Source::Server(epoch.at.server);
        self.tell_looks(channel, &before, by, changes);
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
        // What is told again has been founded, and may have come to an end since: the founding is told
        // beside it if it still holds.
        let told_again = !renaming.renames.is_empty();
        let known = self.record(name);
        let mut others = from.iter().filter(|channel| Some(**channel) != known);
        if told_again && !others.any(|channel| self.going(*channel, at).next().is_some()) {
            from.iter().for_each(|channel| self.mend_void(*channel, at, changes));
            return;
        }
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
            self.move_members(*channel, to, at, changes);
        }
        if founded && holds {
            self.carry((&renaming.name, renaming.epoch), &renaming.state);
        }
        self.tell_looks(to, &before, Source::Server(at.server), changes);
        for channel in from.into_iter().chain([new, to]) {
            self.mend_void(channel, at, changes);
        }
    }

    /// Moves those who came under a founding that is now of the channel `to`. Whoever has come under
    /// another as well stays by that.
    fn move_members(
        &mut self,
        from: ChannelId,
        to: ChannelId,
        at: Stamp,
        changes: &mut Vec<Change>,
    ) {
        let mut going: BTreeMap<UserId, Vec<(Stamp, Epoch)>> = BTreeMap::new();
        for (user, joined, entered) in self.going(from, at) {
            going.entry(user).or_default().push((joined, entered));
        }
        let (mut users, mut others) = (Vec::new(), Vec::new());
        for (user, joins) in going {
            let sight = self.channels[from].sight(user);
            let before = self.status(from, user).unwrap_or_default();
            let new = self.status(to, user).is_none();
            for (joined, entered) in joins {
                self.take_join(from, user, joined);
                let member = Member { joined, status: Status::NONE };
                self.insert_member(to, user, member, entered);
            }
            let left = self.status(from, user).is_none();
            if !left {
                self.status_shifts((from, user), before, at, &mut others);
            }
            if self.is_doubled(to, user) {
                others.push(Change::Doubled { user, channel: to });
            }
            users.extend((!self.users[user].hidden).then_some(Moved { user, sight, left, new }));
        }
        self.note_empty(from, at);
        changes.push(Change::Moved { from, to, users });
        changes.append(&mut others);
        if self.channels[to].epoch.registered {
            changes.push(Change::Restored { channel: to });
        }
    }

    /// The joins in a channel under foundings that are one with that of `at`.
    fn going(
        &self,
        from: ChannelId,
        at: Stamp,
    ) -> impl Iterator<Item = (UserId, Stamp, Epoch)> + '_ {
        let record = &self.channels[from];
        let joins = record.joins().map(|(user, member)| (user, member.joined));
        joins
            .map(|(user, joined)| (user, joined, record.entered(user, joined)))
            .filter(move |(_, _, entered)| self.renames.are_one(entered.at, at))
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
    pub(super) fn carry(
        &mut self,
        (new, founded): (&ChannelName, Epoch),
        state: &[(Op, Stamp)],
    ) -> bool {
        let ours = |name: &ChannelName, epoch: Epoch| name == new && epoch == founded;
        // What is seen of it is looked at as a whole.
        let (mut unseen, mut news) = (Vec::new(), false);
        for (op, at) in state {
            let carried = match op {
                Op::Mode { name, epoch, .. } | Op::Topic { name, epoch, .. } => ours(name, *epoch),
                Op::Metadata { of: Subject::Channel(name, epoch), .. } => ours(name, *epoch),
                _ => false,
            };
            if carried {
                news |= self.apply(op, *at, &mut unseen);
            }
        }
        news
    }

    pub(super) fn looks(&self, channel: ChannelId) -> Looks {
        let record = &self.channels[channel];
        let metadata = record.metadata.iter().map(|(key, value)| (key.into(), value.into()));
        Looks {
            modes: self.shown(channel),
            topic: record.topic().map_or("", |topic| &topic.value.text).into(),
            metadata: metadata.collect(),
        }
    }

    /// Tells how a channel looks other than before.
    pub(super) fn tell_looks(
        &self,
        channel: ChannelId,
        before: &Looks,
        by: Source,
        changes: &mut Vec<Change>,
    ) {
        let after = self.looks(channel);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        network::{
            crdt::Uid,
            mode::UserModes,
            op::{Entry, Leave, ModeChange, Presence, ServerInfo},
        },
        time::Sid,
        wire::{casemap::Casemap, name::Nick},
    };

    /// The only server, and what it does at some tick.
    fn at(tick: u64) -> Stamp {
        Stamp { tick, server: Sid::FIRST }
    }

    fn name(text: &str) -> ChannelName {
        ChannelName::new(text, Casemap::Ascii, 9).unwrap()
    }

    fn apply(network: &mut Network, op: &Op, tick: u64) {
        network.apply(op, at(tick), &mut Vec::new());
    }

    fn user() -> Presence {
        Presence {
            uid: Uid { server: Sid::FIRST, number: 1 },
            nick: Nick::new("alice", Casemap::Ascii, 9).unwrap(),
            claimed: None,
            born: None,
            user: "~a".into(),
            host: "a.test".into(),
            real_host: "a.test".into(),
            cloak: None,
            address: None,
            realname: "".into(),
            away: None,
            modes: UserModes::default(),
            class: None,
            connection: None,
            login: None,
        }
    }

    /// A channel `#a`, whose founder is there.
    fn network() -> Network {
        let (mut network, uid) = (Network::new(Casemap::Ascii, 1), user().uid);
        let info = ServerInfo { name: "s1.test".into(), description: "".into(), life: 0 };
        apply(&mut network, &Op::Server(Box::new(info)), 1);
        apply(&mut network, &Op::User(Box::new(user())), 2);
        apply(&mut network, &Op::Join { uid, name: name("#a"), entry: founds() }, 3);
        network
    }

    fn founds() -> Entry {
        Entry::Founds { before: None, modes: ChannelModes::default() }
    }

    /// Another name for `#a`, by somebody who knows of no other.
    fn renaming(to: &str, tick: u64) -> Op {
        Op::Rename(Box::new(Renaming {
            parts: vec![(name("#a"), Epoch::founded(at(3), None))],
            others: Vec::new(),
            renames: Vec::new(),
            name: name(to),
            epoch: Epoch::founded(at(tick), None),
            by: Source::User(user().uid),
            reason: "".into(),
            modes: ChannelModes::default(),
            state: Vec::new(),
        }))
    }

    #[test]
    fn a_founding_that_is_over_does_not_come_back_when_its_rename_is_told_again() {
        let (mut one, uid) = (network(), user().uid);
        apply(&mut one, &renaming("#b", 4), 4);
        let how = Leave::Part("".into());
        apply(&mut one, &Op::Leave { uid, name: name("#b"), joined: at(3), how }, 5);
        // Another server knew that all had seen that, and not yet that all had seen the rename.
        one.forget(&name("#b"));
        apply(&mut one, &Op::Join { uid, name: name("#b"), entry: founds() }, 6);
        let mut other = Network::new(Casemap::Ascii, 1);
        for (op, at) in one.replay() {
            other.apply(&op, at, &mut Vec::new());
        }
        assert_eq!(one.digest(), other.digest());
    }

    #[test]
    fn a_name_that_was_given_up_in_between_begins_anew_in_whichever_order_that_is_learnt() {
        let changes = vec![ModeChange::Flag { letter: 'm', on: true }];
        let (epoch, by) = (Epoch::founded(at(4), None), Source::User(user().uid));
        let moderated = Op::Mode { name: name("#b"), epoch, by, changes };
        let mut digests = BTreeSet::new();
        for order in [[4, 6, 7], [4, 7, 6], [6, 4, 7], [6, 7, 4], [7, 4, 6], [7, 6, 4]] {
            let mut network = network();
            for tick in order {
                let to = if tick == 6 { "#c" } else { "#b" };
                apply(&mut network, &renaming(to, tick), tick);
                if tick == 4 {
                    apply(&mut network, &moderated, 5);
                }
            }
            digests.insert(network.digest());
        }
        assert_eq!(digests.len(), 1, "{digests:#?}");
    }

    #[test]
    fn who_has_forgotten_a_name_s_first_founding_chooses_the_same() {
        let uid = user().uid;
        let nick = Nick::new("bob", Casemap::Ascii, 9).unwrap();
        let other = Presence { uid: Uid { number: 2, ..uid }, nick, ..user() };
        let mut notes = BTreeSet::new();
        for forgets in [false, true] {
            let mut network = network();
            apply(&mut network, &renaming("#b", 4), 4);
            network.collect(|at| forgets && at.tick <= 4);
            // Whoever remembers the name is told that its author does not, see `link::stable`.
            network.forget(&name("#a"));
            let Op::Rename(mut back) = renaming("#a", 6) else { unreachable!() };
            back.parts = vec![(name("#b"), Epoch::founded(at(4), None))];
            apply(&mut network, &Op::Rename(back), 6);
            // Somebody elsewhere has founded the name too, and that founding wins.
            let before = Some(Epoch::founded(at(1), None));
            let entry = Entry::Founds { before, modes: ChannelModes::default() };
            apply(&mut network, &Op::User(Box::new(other.clone())), 7);
            apply(&mut network, &Op::Join { uid: other.uid, name: name("#a"), entry }, 8);
            network.collect(|_| true);
            let channel = network.name(&name("#a")).unwrap();
            let user = network.uid(uid).unwrap();
            notes.insert(network.channel(channel).entered(user, at(3)));
        }
        assert_eq!(notes, BTreeSet::from([Epoch::founded(at(6), None)]));
    }
}
