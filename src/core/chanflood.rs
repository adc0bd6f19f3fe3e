//! How much is going on in channels, for `+F`, `+J`, `+W`, `+j` and RENAME. Counted by each server for
//! itself: what its own users do, and the joins and renames that it sees.

use crate::{
    network::{self, ChannelId, UserId},
    time::Mono,
    wire::flood::{Kind, Profile, Rate},
};
use ahash::RandomState;
use std::{collections::BTreeMap, time::Duration};

/// How many members of one channel are kept in mind, and how many who were kicked from it; those who
/// spoke or were kicked longest ago go first.
const MEMBERS_MAX: usize = 1000;

/// How long an operator is told nothing more of floods in one channel.
const QUIET: Duration = Duration::from_secs(60);

/// What is counted, by channel. A channel without these modes is not in it.
#[derive(Debug, Default)]
pub struct Chanflood {
    channels: BTreeMap<ChannelId, Channel>,
}

/// A channel. What is counted is kept as the moment at which all credit is back.
#[derive(Debug, Default)]
struct Channel {
    shared: BTreeMap<Kind, Mono>,
    /// For `+j`, whose rate is another than that of `+F`.
    joins: Mono,
    members: BTreeMap<UserId, Member>,
    /// Until when somebody who was kicked may not come back.
    kicked: BTreeMap<UserId, Mono>,
    /// Until when operators know that there is a flood.
    told: Mono,
    /// Until when it keeps its name.
    named: Mono,
}

#[derive(Debug, Default)]
struct Member {
    lines: Mono,
    /// The lines that were too many.
    over: Mono,
    /// A hash of the last line, and how often it came again.
    last: u64,
    repeats: Mono,
    /// When the next line may come.
    next: Mono,
}

/// How much of something a channel takes; no bound if none.
pub fn rate(channel: &network::Channel, kind: Kind) -> Option<Rate> {
    Profile::parse(channel.value('F')?)?.rate(kind)
}

/// What came of a line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It is fine.
    Fine,
    /// It is one too many.
    TooMuch,
    /// It is one too many, and so were many before.
    FarTooMuch,
}

impl Chanflood {
    /// Counts something that all members of a channel have in common.
    pub fn count(&mut self, channel: ChannelId, kind: Kind, rate: Rate, now: Mono) -> bool {
        pay(self.of(channel).shared.entry(kind).or_default(), rate, now)
    }

    /// Whether one more would be too many.
    pub fn is_full(&self, channel: ChannelId, kind: Kind, rate: Rate, now: Mono) -> bool {
        let known = self.channels.get(&channel).and_then(|channel| channel.shared.get(&kind));
        known.is_some_and(|full_at| !affordable(*full_at, rate, now))
    }

    /// Counts a join for `+j`.
    pub fn joined(&mut self, channel: ChannelId, rate: Rate, now: Mono) {
        pay(&mut self.of(channel).joins, rate, now);
    }

    /// Whether one more join is too many for `+j`.
    pub fn joins_too_fast(&self, channel: ChannelId, rate: Rate, now: Mono) -> bool {
        self.channels.get(&channel).is_some_and(|channel| !affordable(channel.joins, rate, now))
    }

    /// Counts a line of a member.
    pub fn line(
        &mut self,
        (channel, user): (ChannelId, UserId),
        (lines, repeats): (Option<Rate>, Option<Rate>),
        text: &str,
        now: Mono,
    ) -> Verdict {
        let member = self.member(channel, user);
        // Equal hashes of different lines do no harm: the line counts as a repeat once.
        let hash = RandomState::with_seeds(1, 2, 3, 4).hash_one(text);
        let again = std::mem::replace(&mut member.last, hash) == hash;
        if !again {
            member.repeats = Mono::default();
        }
        let fine = lines.is_none_or(|rate| pay(&mut member.lines, rate, now))
            && repeats.is_none_or(|rate| pay(&mut member.repeats, rate, now));
        if fine {
            return Verdict::Fine;
        }
        match lines.or(repeats) {
            Some(rate) if !pay(&mut member.over, rate, now) => Verdict::FarTooMuch,
            Some(_) | None => Verdict::TooMuch,
        }
    }

    /// Notes that a member has spoken and is to be silent for a while; how long it takes still if that
    /// time has not passed.
    pub fn slow(
        &mut self,
        channel: ChannelId,
        user: UserId,
        span: Duration,
        now: Mono,
    ) -> Option<Duration> {
        let member = self.member(channel, user);
        if member.next > now {
            return Some(member.next.since(now));
        }
        member.next = now + span;
        None
    }

    /// Somebody has been kicked, and may not come back before that.
    pub fn kicked(&mut self, channel: ChannelId, user: UserId, until: Mono) {
        let kicked = &mut self.of(channel).kicked;
        make_room(kicked, |until| *until);
        kicked.insert(user, until);
    }

    /// For how long somebody who was kicked may not come back.
    pub fn barred(&self, channel: ChannelId, user: UserId, now: Mono) -> Option<Duration> {
        let until = *self.channels.get(&channel)?.kicked.get(&user)?;
        (until > now).then(|| until.since(now))
    }

    /// A channel has been renamed, and keeps its name until then.
    pub fn renamed(&mut self, channel: ChannelId, until: Mono) {
        self.of(channel).named = until;
    }

    /// Whether a channel has been renamed so lately that it keeps its name.
    pub fn keeps_name(&self, channel: ChannelId, now: Mono) -> bool {
        self.channels.get(&channel).is_some_and(|channel| channel.named > now)
    }

    /// Whether operators are to be told of a flood now.
    pub fn tell(&mut self, channel: ChannelId, now: Mono) -> bool {
        let known = self.of(channel);
        let tell = known.told <= now;
        if tell {
            known.told = now + QUIET;
        }
        tell
    }

    /// Forgets what does not count any more.
    pub fn forget(&mut self, now: Mono) {
        self.channels.retain(|_, channel| {
            channel.shared.retain(|_, full_at| *full_at > now);
            channel.members.retain(|_, member| member.until() > now);
            channel.kicked.retain(|_, until| *until > now);
            let rest = channel.joins.max(channel.told).max(channel.named);
            rest > now
                || !(channel.shared.is_empty()
                    && channel.members.is_empty()
                    && channel.kicked.is_empty())
        });
    }

    fn of(&mut self, channel: ChannelId) -> &mut Channel {
        self.channels.entry(channel).or_default()
    }

    fn member(&mut self, channel: ChannelId, user: UserId) -> &mut Member {
        let members = &mut self.of(channel).members;
        if !members.contains_key(&user) {
            make_room(members, Member::until);
        }
        members.entry(user).or_default()
    }
}

impl Member {
    /// Until when something is known.
    fn until(&self) -> Mono {
        self.lines.max(self.over).max(self.repeats).max(self.next)
    }
}

fn make_room<T>(map: &mut BTreeMap<UserId, T>, until: impl Fn(&T) -> Mono) {
    if map.len() >= MEMBERS_MAX {
        let first = map.iter().min_by_key(|entry| until(entry.1)).map(|entry| *entry.0);
        first.and_then(|first| map.remove(&first));
    }
}

/// Takes one from the credit, if there is as much.
fn pay(full_at: &mut Mono, rate: Rate, now: Mono) -> bool {
    let fine = affordable(*full_at, rate, now);
    if fine {
        *full_at = (*full_at).max(now) + rate.interval();
    }
    fine
}

fn affordable(full_at: Mono, rate: Rate, now: Mono) -> bool {
    let after = full_at.max(now) + rate.interval();
    after.since(now) <= rate.interval() * rate.count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::Arena;

    const FIVE: Rate = Rate { count: 5, secs: 10 };

    fn ids() -> (ChannelId, Vec<UserId>) {
        let (mut channels, mut users) = (Arena::default(), Arena::default());
        (channels.insert(()), (0..MEMBERS_MAX + 10).map(|_| users.insert(())).collect())
    }

    #[test]
    fn a_rate_lets_so_many_through_and_then_one_by_one() {
        let (channel, users) = ids();
        let mut flood = Chanflood::default();
        let mut now = Mono(1);
        let say = |flood: &mut Chanflood, text, now| {
            flood.line((channel, users[0]), (Some(FIVE), None), text, now)
        };
        for _ in 0..5 {
            assert_eq!(say(&mut flood, "x", now), Verdict::Fine);
        }
        for _ in 0..5 {
            assert_eq!(say(&mut flood, "x", now), Verdict::TooMuch);
        }
        assert_eq!(say(&mut flood, "x", now), Verdict::FarTooMuch);
        now = now + Duration::from_secs(2);
        assert_eq!(say(&mut flood, "x", now), Verdict::Fine);
        assert_eq!(say(&mut flood, "x", now), Verdict::TooMuch);
    }

    #[test]
    fn what_is_kept_is_bounded_and_forgotten() {
        let (channel, users) = ids();
        let mut flood = Chanflood::default();
        for (place, user) in users.iter().enumerate() {
            let now = Mono(place as u64);
            flood.line((channel, *user), (Some(FIVE), None), "x", now);
            flood.kicked(channel, *user, now + Duration::from_secs(10));
        }
        let known = &flood.channels[&channel];
        assert_eq!((known.members.len(), known.kicked.len()), (MEMBERS_MAX, MEMBERS_MAX));
        assert!(flood.barred(channel, users[0], Mono(0)).is_none(), "the first went first");
        assert!(flood.barred(channel, users[MEMBERS_MAX], Mono(2000)).is_some());
        flood.forget(Mono(0) + Duration::from_secs(3600));
        assert!(flood.channels.is_empty());
    }
}
