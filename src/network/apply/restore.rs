//! A registered channel is there again with what it has, see [`Restored`].
//!
//! Several servers may tell that at once, from what each has stored. So whatever is told has the stamp of
//! when it was written, and merges with what is there; and what has been taken from a list stays away.

use crate::{
    network::{
        Channel, ChannelId, Network,
        change::Change,
        crdt::{Epoch, Source},
        mode::{self, ChannelModes, Kind},
        op::{ModeChange, Op, Restored},
    },
    time::Stamp,
    wire::name::ChannelName,
};

impl Network {
    pub(super) fn restore(
        &mut self,
        restored: &Restored,
        at: Stamp,
        changes: &mut Vec<Change>,
    ) -> bool {
        let Restored { name, epoch, by, state } = restored;
        let modes = ChannelModes::of(mode::REGISTERED);
        let (channel, mut news) = match self.record(name) {
            Some(known) if self.channels[known].epoch > *epoch => return false,
            Some(known) => (known, false),
            None => (self.new_channel(name, *epoch, modes, Some(at)), true),
        };
        let (before, hidden) = (self.looks(channel), self.channels[channel].hidden());
        if self.channels[channel].epoch != *epoch {
            self.refound(channel, *epoch, modes);
            news = true;
            changes.push(Change::Restored { channel });
        }
        // Somebody is about to enter: that nobody was there before is no reason any more to forget it.
        self.note_empty(channel, at);
        news |= self.carry((name, *epoch), state);
        if news && !self.channels[channel].is_empty() {
            for user in hidden {
                if !self.channels[channel].hides(user) {
                    self.note(user, Change::Revealed { user, channel }, changes);
                }
            }
            self.tell_looks(channel, &before, *by, changes);
        }
        self.mend_void(channel, at, changes);
        news
    }

    /// Begins a founding by registration in place of another. Who was seen, and who was not, stays so.
    fn refound(&mut self, channel: ChannelId, epoch: Epoch, modes: ChannelModes) {
        let ended = self.channels[channel].epoch;
        let record = &mut self.channels[channel];
        let (delayed, known) = (record.delayed.clone(), record.known.clone());
        for (user, member) in record.joins().collect::<Vec<_>>() {
            record.entered.entry((user, member.joined)).or_insert(ended);
        }
        self.reset(channel, epoch, modes);
        let record = &mut self.channels[channel];
        (record.delayed, record.known) = (delayed, known);
    }

    /// What a channel has, to be told as of a founding by registration.
    pub fn restored(
        &self,
        channel: ChannelId,
        name: &ChannelName,
        epoch: Epoch,
        by: Source,
    ) -> Restored {
        let record = &self.channels[channel];
        let mut state = record.flags_told(name, epoch);
        state.extend(self.carried(record, name, epoch));
        state.extend(record.removals_told(name, epoch));
        Restored { name: name.clone(), epoch, by, state }
    }
}

impl Channel {
    /// The flags that are not as a registered channel begins, as they are told of a founding.
    fn flags_told(&self, name: &ChannelName, epoch: Epoch) -> Vec<(Op, Stamp)> {
        let first = ChannelModes::of(mode::REGISTERED);
        let flags = mode::CHANNEL.iter().filter(|row| row.kind == Kind::Flag && row.letter != 'r');
        let told = flags.filter_map(|row| {
            let (letter, on) = (row.letter, self.has(row.letter));
            let write = self.flag_write(letter);
            if write.is_none() && first.contains(letter) == on {
                return None;
            }
            let (at, by) = write.unwrap_or((self.epoch.at, Source::Server(self.epoch.at.server)));
            let changes = vec![ModeChange::Flag { letter, on }];
            Some((Op::Mode { name: name.clone(), epoch, by, changes }, at))
        });
        told.collect()
    }

    /// What has been taken from the lists, as it is told of a founding.
    pub(in crate::network) fn removals_told(
        &self,
        name: &ChannelName,
        epoch: Epoch,
    ) -> impl Iterator<Item = (Op, Stamp)> + '_ {
        let name = name.clone();
        self.removed.iter().map(move |(at, letter, mask)| {
            let (letter, mask, added) = (*letter, mask.clone(), vec![*at]);
            let changes = vec![ModeChange::Remove { letter, mask, added }];
            let by = Source::Server(at.server);
            (Op::Mode { name: name.clone(), epoch, by, changes }, *at)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        network::crdt::{CHANSERV, Uid},
        time::Sid,
        wire::casemap::Casemap,
    };

    #[test]
    fn a_channel_that_is_told_again_is_not_forgotten_for_having_been_empty_before() {
        let at = |tick| Stamp { tick, server: Sid::FIRST };
        let name = ChannelName::new("#a", Casemap::Ascii, 64).unwrap();
        let epoch = Epoch::registered(at(1), 0);
        let (setter, by) =
            ("a!~a@a.test".into(), Source::User(Uid { server: Sid::FIRST, number: 1 }));
        let topic = Op::Topic { name: name.clone(), epoch, by, setter, text: "tea".into() };
        let state = vec![(topic, at(2))];
        let restored = Restored { name: name.clone(), epoch, by: Source::Service(CHANSERV), state };
        let restore = Op::Restore(Box::new(restored));
        let mut network = Network::new(Casemap::Ascii, 1);
        network.apply(&restore, at(3), &mut Vec::new());
        let before: Vec<Stamp> = network.emptied().collect();
        network.apply(&restore, at(4), &mut Vec::new());
        network.collect(|at| before.contains(&at));
        let channel = network.record(&name).map(|channel| network.channel(channel));
        assert!(channel.is_some_and(|channel| channel.topic().is_some()));
        network.collect(|_| true);
        assert!(network.record(&name).is_none(), "nobody has come after all");
    }
}
