//! Channel modes: each its own register, each list an add-wins set, each status one per join.

use crate::{
    network::{
        ChannelId, Mask, Network, REMOVED_MAX,
        change::Change,
        crdt::{Epoch, Lww, Source, Uid},
        mode::{self, Kind, Status},
        op::ModeChange,
    },
    time::{Stamp, Wall},
    wire::name::ChannelName,
};
use std::collections::BTreeMap;

/// A change as it is shown: on or off, letter, parameter.
pub(super) type Shown = (bool, char, Option<Box<str>>);

impl Network {
    pub(super) fn mode(
        &mut self,
        (name, epoch): (&ChannelName, Epoch),
        by: Source,
        what: &[ModeChange],
        at: Stamp,
        changes: &mut Vec<Change>,
    ) -> bool {
        let Some(channel) = self.holding(name, epoch) else { return false };
        let hidden = self.channels[channel].hidden();
        let mut shown = Vec::new();
        let mut news = false;
        for change in what {
            let was_news = match change {
                ModeChange::Flag { letter, on } => {
                    self.set_flag(channel, *letter, *on, by, at, &mut shown)
                }
                ModeChange::Value { letter, value } => {
                    self.set_value(channel, *letter, value.as_deref(), by, at, &mut shown)
                }
                ModeChange::Add { letter, mask, setter } => {
                    self.add_mask(channel, (*letter, mask, setter), by, at, &mut shown)
                }
                ModeChange::Remove { letter, mask, added } => {
                    self.remove_mask(channel, *letter, mask, added, &mut shown)
                }
                ModeChange::Status { letter, on, uid, joined } => {
                    self.set_status(channel, (*letter, *on), (*uid, *joined), by, at, &mut shown)
                }
            };
            news |= was_news;
        }
        for user in hidden {
            if !self.channels[channel].hides(user) {
                self.note(user, Change::Revealed { user, channel }, changes);
            }
        }
        if !shown.is_empty() {
            changes.push(Change::Mode { channel, by, changes: shown });
        }
        news
    }

    fn set_flag(
        &mut self,
        channel: ChannelId,
        letter: char,
        on: bool,
        by: Source,
        at: Stamp,
        shown: &mut Vec<Shown>,
    ) -> bool {
        let record = &mut self.channels[channel];
        let written =
            record.flag_writes.get(&letter).map_or(record.epoch.begins(), |write| write.0);
        // Within one operation the later change holds.
        if written > at {
            return false;
        }
        record.flag_writes.insert(letter, (at, by));
        if record.flags.contains(letter) != on {
            record.flags.set(letter, on);
            shown.push((on, letter, None));
        }
        if letter == 'u' && on {
            // Whoever is there now has been seen by those who are there now.
            let hidden = record.hidden();
            let seen = record.members.keys().copied().filter(|user| !hidden.contains(user));
            record.known = seen.collect();
        }
        if letter == 'P' {
            if !record.exists() {
                // From now on it is as empty as if the last member had left now.
                record.emptied = record.emptied.max(Some(at));
            }
            self.note_existence(channel);
        }
        true
    }

    fn set_value(
        &mut self,
        channel: ChannelId,
        letter: char,
        value: Option<&str>,
        by: Source,
        at: Stamp,
        shown: &mut Vec<Shown>,
    ) -> bool {
        let record = &mut self.channels[channel];
        let before = record.values.get(&letter);
        if before.is_some_and(|register| register.at > at) {
            return false;
        }
        let before = before.and_then(|register| register.value.clone());
        let value: Option<Box<str>> = value.map(Into::into);
        if before != value {
            shown.push(match &value {
                Some(_) => (true, letter, value.clone()),
                None => taken_away(letter, before),
            });
        }
        record.values.insert(letter, Lww { value, at, by });
        true
    }

    fn add_mask(
        &mut self,
        channel: ChannelId,
        (letter, text, setter): (char, &str, &str),
        by: Source,
        at: Stamp,
        shown: &mut Vec<Shown>,
    ) -> bool {
        let (canonical, ban) = Mask::read(letter, text, self.casemap);
        let record = &mut self.channels[channel];
        let same = |mask: &Mask| mask.letter == letter && mask.canonical == canonical;
        if record.masks.iter().any(|mask| same(mask) && mask.at == at)
            || record.removed.contains(&(at, letter, canonical.clone()))
        {
            return false;
        }
        if !record.masks.iter().any(same) {
            shown.push((true, letter, Some(text.into())));
        }
        let setter = setter.into();
        let mask = Mask { letter, mask: text.into(), canonical, ban, setter, at, by };
        self.expiries.extend(mask.expires().map(|wall| (wall, channel, at)));
        // In order of addition, whatever the order of arrival.
        let place = record.masks.partition_point(|other| other.at <= at);
        record.masks.insert(place, mask);
        true
    }

    fn remove_mask(
        &mut self,
        channel: ChannelId,
        letter: char,
        text: &str,
        added: &[Stamp],
        shown: &mut Vec<Shown>,
    ) -> bool {
        let (canonical, _) = Mask::read(letter, text, self.casemap);
        let record = &mut self.channels[channel];
        let same = |mask: &Mask| mask.letter == letter && mask.canonical == canonical;
        let known = record.removed.len();
        if record.epoch.registered {
            record.removed.extend(added.iter().map(|at| (*at, letter, canonical.clone())));
        }
        let news = record.removed.len() > known;
        while record.removed.len() > REMOVED_MAX {
            record.removed.pop_first();
        }
        let Some(first) = record.masks.iter().find(|mask| same(mask)).map(|mask| mask.mask.clone())
        else {
            return news;
        };
        let before = record.masks.len();
        let goes = |mask: &Mask| same(mask) && added.contains(&mask.at);
        let ends: Vec<_> = record
            .masks
            .iter()
            .filter(|mask| goes(mask))
            .filter_map(|mask| Some((mask.expires()?, mask.at)))
            .collect();
        record.masks.retain(|mask| !goes(mask));
        for (wall, at) in ends {
            // Another mask of the same operation may end at the same time.
            let ends = |mask: &Mask| (mask.expires(), mask.at) == (Some(wall), at);
            if !record.masks.iter().any(ends) {
                self.expiries.remove(&(wall, channel, at));
            }
        }
        // Added again elsewhere meanwhile: the addition that was not seen stays.
        if record.masks.len() < before && !record.masks.iter().any(same) {
            shown.push((false, letter, Some(first)));
        }
        news || record.masks.len() < before
    }

    /// Ends the masks whose time is up by `now`.
    pub(super) fn expire(&mut self, now: Wall, at: Stamp, changes: &mut Vec<Change>) -> bool {
        let by = Source::Server(at.server);
        let mut ended: BTreeMap<ChannelId, Vec<Shown>> = BTreeMap::new();
        while let Some((wall, channel, added)) =
            self.expiries.first().copied().filter(|first| first.0 <= now)
        {
            self.expiries.pop_first();
            let Some(record) = self.channels.get_mut(channel) else { continue };
            let ends = |mask: &Mask| (mask.expires(), mask.at) == (Some(wall), added);
            // One operation may have added several that end at the same time.
            let (gone, masks): (Vec<Mask>, Vec<Mask>) =
                std::mem::take(&mut record.masks).into_iter().partition(ends);
            record.masks = masks;
            for gone in gone {
                let same =
                    |mask: &Mask| (mask.letter, &mask.canonical) == (gone.letter, &gone.canonical);
                if !record.masks.iter().any(same) {
                    ended.entry(channel).or_default().push((false, gone.letter, Some(gone.mask)));
                }
            }
        }
        let news = !ended.is_empty();
        changes.extend(ended.into_iter().map(|(channel, changes)| Change::Mode {
            channel,
            by,
            changes,
        }));
        news
    }

    fn set_status(
        &mut self,
        channel: ChannelId,
        (letter, on): (char, bool),
        (uid, joined): (Uid, Stamp),
        by: Source,
        at: Stamp,
        shown: &mut Vec<Shown>,
    ) -> bool {
        let Some((user, status)) = self.uid(uid).zip(Status::of(letter)) else { return false };
        let hidden = self.users[user].hidden;
        let nick = self.users[user].nick().as_str().into();
        let record = &mut self.channels[channel];
        let place = (user, joined, letter);
        if record.status_writes.get(&place).is_some_and(|write| write.0 > at) {
            return false;
        }
        let latest = record.members.get_mut(&user).filter(|member| member.joined == joined);
        let (member, shows) = match latest {
            Some(member) => (member, !hidden),
            None => match record.others.get_mut(&(user, joined)) {
                Some(member) => (member, false),
                None => return false,
            },
        };
        record.status_writes.insert(place, (at, by));
        if let Some(delay) = record.delayed.get_mut(&user) {
            delay.revealed = true;
        }
        if record.flags.contains('u') {
            record.known.insert(user);
        }
        if member.status.contains(status) != on {
            member.status = member.status.set(status, on);
            if shows {
                shown.push((on, letter, Some(nick)));
            }
        }
        true
    }
}

/// How clients are told that a mode with this value is no longer set: of a key they hear the value, of
/// others nothing, since they expect no parameter (CHANMODES types B and C).
pub(super) fn taken_away(letter: char, value: Option<Box<str>>) -> Shown {
    (false, letter, value.filter(|_| mode::kind(letter) == Some(Kind::Key)))
}
