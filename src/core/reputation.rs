//! Reputation: from which addresses people have been here, and for how long. Each server keeps its own.
//!
//! An address earns a point for every five minutes in which somebody is here from it, two if they are
//! logged in. The points of one from which nobody comes any more are forgotten in time, the fewer the
//! sooner.

use super::{
    Core,
    ctx::Then,
    effect::Effects,
    peer::Origin,
    session::{Phase, Session},
};
use crate::{
    arena::Id,
    config,
    job::{Answer, Job},
    store::{Query, Standing},
    time::{Now, Wall},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    time::Duration,
};

/// How long somebody is here for a point.
const SPAN: Duration = Duration::from_secs(300);

/// In how many turns everybody is looked at once: as many as the housekeeping makes in that span.
const TURNS: u32 = 60;

/// The most points of an address.
const POINTS_MAX: u32 = 10_000;

/// How long a point is remembered of an address from which nobody comes; all at most so long.
const POINT_LIFE: Duration = Duration::from_secs(3600);
const LIFE_MAX: Duration = Duration::from_secs(90 * 86_400);

/// The most addresses that are written at once.
const GROUP_MAX: usize = 1000;

/// The points of addresses. An IPv6 address counts as its /64.
#[derive(Debug, Default)]
pub struct Reputation {
    scores: BTreeMap<IpAddr, Score>,
    /// When each is forgotten.
    ends: BTreeSet<(Wall, IpAddr)>,
    /// Those that are not stored as they are here, be it that they are forgotten here.
    changed: BTreeSet<IpAddr>,
    /// Those of them that are being stored.
    writing: Vec<IpAddr>,
    turn: u32,
}

/// What is known of an address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Score {
    /// How many points it has.
    pub points: u32,
    /// When somebody was here from it last.
    pub seen: Wall,
}

impl Score {
    fn end(self) -> Wall {
        self.seen + (POINT_LIFE * self.points).min(LIFE_MAX)
    }
}

impl Reputation {
    /// Knows again what an earlier life of the server has kept.
    pub fn recall(&mut self, standings: &[Standing], most: usize, now: Wall) {
        for Standing { address, points, seen } in standings.iter().copied() {
            // The clock may have been wrong then.
            let seen = Wall(seen).min(now);
            self.set(address, Score { points: points.min(POINTS_MAX), seen });
        }
        self.forget(now);
        while self.scores.len() > most {
            self.forget_first();
        }
    }

    /// What is known of an address.
    pub fn of(&self, address: IpAddr) -> Option<Score> {
        self.scores.get(&Origin::Ip(address).customer()?).copied()
    }

    /// Whether an address is trusted.
    pub fn is_trusted(&self, address: IpAddr, config: &config::Reputation) -> bool {
        let (enabled, least) = (config.enabled && config.trusted > 0, config.trusted);
        enabled && self.of(address).is_some_and(|score| score.points >= least)
    }

    /// Every address with its score.
    pub fn all(&self) -> impl Iterator<Item = (IpAddr, Score)> + '_ {
        self.scores.iter().map(|(address, score)| (*address, *score))
    }

    /// Somebody is still there. Several who come from one address earn no more than one does.
    fn earn(&mut self, address: IpAddr, points: u32, most: usize, now: Wall) {
        let before = self.scores.get(&address).copied();
        if before.is_some_and(|score| now < score.seen + SPAN * 9 / 10 && score.seen <= now) {
            return;
        }
        let sum = before.map_or(0, |score| score.points).saturating_add(points);
        self.set(address, Score { points: sum.min(POINTS_MAX), seen: now });
        self.changed.insert(address);
        while self.scores.len() > most {
            self.forget_first();
        }
    }

    fn set(&mut self, address: IpAddr, score: Score) {
        if let Some(before) = self.scores.insert(address, score) {
            self.ends.remove(&(before.end(), address));
        }
        self.ends.insert((score.end(), address));
    }

    fn forget(&mut self, now: Wall) {
        while self.ends.first().is_some_and(|first| first.0 <= now) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some((_, address)) = self.ends.pop_first() {
            self.scores.remove(&address);
            self.changed.insert(address);
        }
    }

    /// The next group to be stored.
    fn group(&mut self) -> Option<Query> {
        for _ in 0..GROUP_MAX {
            self.writing.extend(self.changed.pop_first());
        }
        let (mut kept, mut gone) = (Vec::new(), Vec::new());
        for address in &self.writing {
            match self.scores.get(address) {
                Some(score) => kept.push(Standing {
                    address: *address,
                    points: score.points,
                    seen: score.seen.0,
                }),
                None => gone.push(*address),
            }
        }
        (!self.writing.is_empty()).then_some(Query::KeepReputation { kept, gone })
    }
}

/// Looks after everything that is known, a part of those who are here at a time.
pub fn turn(core: &mut Core, fx: &mut Effects, now: Now) {
    core.reputation.turn = core.reputation.turn.wrapping_add(1);
    let config = &core.config.reputation;
    let (enabled, most, turn) = (config.enabled, config.addresses, core.reputation.turn % TURNS);
    if enabled {
        let part = core.sessions.iter().filter(|(conn, _)| conn.index() % TURNS == turn);
        let earned: Vec<(IpAddr, u32)> = part
            .filter_map(|(_, session)| session.from.customer().zip(earned(core, session, now)))
            .collect();
        for (address, points) in earned {
            core.reputation.earn(address, points, most, now.wall);
        }
    }
    core.reputation.forget(now.wall);
    let due = turn == 0 || core.reputation.changed.len() >= GROUP_MAX;
    if due && core.reputation.writing.is_empty() {
        if let Some(query) = core.reputation.group() {
            core.ask(fx, Job::Store(query), Then::Server(stored), now);
        }
    }
}

/// How many points a session is worth, if it is any.
fn earned(core: &Core, session: &Session, now: Now) -> Option<u32> {
    let Phase::User(user) = session.phase else { return None };
    let local = core.locals.get(user)?;
    let listed = !local.seldom().listed.is_empty();
    if listed || local.shunned || session.closing || now.wall < local.since + SPAN {
        return None;
    }
    Some(if core.network().user(user).account().is_some() { 2 } else { 1 })
}

fn stored(core: &mut Core, _: &mut Effects, answer: Answer, _: Now) {
    let writing = std::mem::take(&mut core.reputation.writing);
    if !matches!(answer, Answer::Stored(Ok(_))) {
        core.reputation.changed.extend(writing);
    }
}

/// Stores all that is not stored, before the end.
pub fn store(core: &mut Core, fx: &mut Effects, now: Now) {
    // Those that are being stored are stored before these.
    core.reputation.writing.clear();
    while let Some(query) = core.reputation.group() {
        core.reputation.writing.clear();
        core.ask(fx, Job::Store(query), Then::Server(stored), now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn points(reputation: &Reputation, address: &str) -> u32 {
        reputation.of(ip(address)).map_or(0, |score| score.points)
    }

    #[test]
    fn an_address_earns_no_faster_than_one_who_is_there() {
        let (mut known, mut now) = (Reputation::default(), Wall(1 << 40));
        for _ in 0..20 {
            known.earn(ip("2001:db8::"), 2, 9, now);
            now = now + MINUTE;
        }
        // Of an IPv6 address the /64 counts.
        assert_eq!(points(&known, "2001:db8::7"), 8);
        for _ in 0..POINTS_MAX {
            now = now + SPAN;
            known.earn(ip("2001:db8::"), 2, 9, now);
        }
        assert_eq!(points(&known, "2001:db8::7"), POINTS_MAX);
        // A clock that was set back does not stop it.
        known.earn(ip("192.0.2.1"), 1, 9, now);
        known.earn(ip("192.0.2.1"), 1, 9, Wall(7));
        assert_eq!(points(&known, "192.0.2.1"), 2);
    }

    #[test]
    fn points_are_remembered_for_so_many_hours() {
        let (mut known, now) = (Reputation::default(), Wall(1 << 40));
        known.earn(ip("192.0.2.1"), 1, 9, now);
        known.earn(ip("192.0.2.2"), 2, 9, now);
        known.earn(ip("192.0.2.3"), POINTS_MAX, 9, now);
        known.forget(now + MINUTE * 60);
        assert_eq!((points(&known, "192.0.2.1"), points(&known, "192.0.2.2")), (0, 2));
        known.forget(now + LIFE_MAX);
        assert_eq!(known.all().count(), 0);
        assert!(known.ends.is_empty());
    }

    #[test]
    fn what_is_remembered_is_bounded_and_who_comes_once_drives_nobody_out() {
        let (mut known, now) = (Reputation::default(), Wall(1 << 40));
        known.earn(ip("192.0.2.1"), 50, 9, now);
        for last in 0..200 {
            known.earn(ip(&format!("198.51.100.{last}")), 1, 9, now);
        }
        assert_eq!((known.all().count(), known.ends.len()), (9, 9));
        assert_eq!(points(&known, "192.0.2.1"), 50);
        let kept = known.all().map(|(address, score)| Standing {
            address,
            points: score.points,
            seen: score.seen.0,
        });
        let kept: Vec<Standing> = kept.collect();
        let mut again = Reputation::default();
        again.recall(&kept, 5, now);
        assert_eq!((again.all().count(), points(&again, "192.0.2.1")), (5, 50));
        // What is not remembered need not be stored.
        assert_eq!(again.changed.len(), 4);
    }

    #[test]
    fn what_is_stored_goes_in_groups_and_again_if_it_fails() {
        let mut core = Core::sample();
        let (mut fx, now) = (Effects::default(), Now { wall: Wall(1 << 40), ..Now::default() });
        for number in 0..GROUP_MAX as u32 + 5 {
            core.reputation.earn(number.to_be_bytes().into(), 1, 5000, now.wall);
        }
        let sizes = |core: &mut Core| match core.reputation.group() {
            Some(Query::KeepReputation { kept, gone }) => (kept.len(), gone.len()),
            _ => (0, 0),
        };
        assert_eq!(sizes(&mut core), (GROUP_MAX, 0));
        stored(&mut core, &mut fx, Answer::Busy, now);
        assert_eq!(core.reputation.changed.len(), GROUP_MAX + 5);
        core.reputation.forget(now.wall + LIFE_MAX);
        assert_eq!(sizes(&mut core), (0, GROUP_MAX));
        stored(&mut core, &mut fx, Answer::Stored(Ok(crate::store::Rows::Done)), now);
        assert_eq!(sizes(&mut core), (0, 5));
    }
}
