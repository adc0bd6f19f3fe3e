//! What every server is known to have seen.
//!
//! An empty channel is forgotten once nobody can speak of it any more: every server is known to have
//! seen its end, and all that any of them had seen by then has been seen here. Whoever is linked and has
//! not been heard yet is waited for too, also when the link breaks before it is, so whoever might have
//! learnt of the channel late is among those who are waited for.

use super::Mesh;
use crate::{
    core::Core,
    network::{
        ChannelId,
        crdt::{Epoch, Have, Origin, Over},
        op::{Entry, Op},
    },
    time::{Sid, Stamp},
};
use std::collections::{BTreeMap, BTreeSet};

/// What is known of what others have seen.
#[derive(Debug, Default)]
pub(super) struct Stable {
    /// What each server is known to have seen in its present life.
    pub(super) known: BTreeMap<Origin, Have>,
    /// What has been seen of every origin, but for what only speaks of what has been seen: what others have
    /// to say that they have seen.
    pub(super) weighty: Have,
    /// Channels that are about to be forgotten.
    ending: Option<Ending>,
    /// How often it has been time for a beat.
    pub(super) beats: u64,
    /// Whether something is kept of lives that are over.
    pub(super) old: bool,
}

/// Channels that were empty at some moment.
#[derive(Debug)]
struct Ending {
    /// What had emptied them.
    emptied: BTreeSet<Stamp>,
    /// Lives that were over.
    over: Vec<Origin>,
    /// What had been seen by then.
    then: Have,
    /// When all had seen it.
    seen: Option<u64>,
    /// Whether they are asked for the second time.
    again: bool,
}

/// For how many beats words of a server that has crashed may be on their way.
const PATIENCE: u64 = 6;

/// The origins that are over, since their servers have begun other lives, with their last ticks; in
/// order, so that of several lives of a server the last comes last.
pub(super) fn old_lives(core: &Core, have: &Have) -> impl Iterator<Item = (Origin, u64)> {
    have.iter().filter_map(|(origin, seen)| {
        let server = core.network().server(origin.server)?;
        (origin.life < server.info.life).then_some((origin, seen.last))
    })
}

impl Stable {
    /// Notes an operation that others are to say that they have seen. That one has seen a beat or missed
    /// that another had missed something says nothing, or they would answer each other for ever.
    pub(super) fn weigh(&mut self, origin: Origin, seq: u64, at: Stamp, op: &Op) {
        if !matches!(op, Op::Beat | Op::Missed(_)) {
            self.weighty.reach(origin, seq, at);
        }
    }

    /// A server is known to have seen so much.
    pub(super) fn learn(&mut self, core: &mut Core, origin: Origin, have: &Have) {
        let server = origin.server;
        if self.known.keys().any(|known| known.server == server && known.life > origin.life) {
            return;
        }
        // A new life has seen nothing of what the one before had seen.
        self.known.retain(|known, _| known.server != server || known.life == origin.life);
        let known = self.known.entry(origin).or_default();
        known.merge(have);
        core.undelivered.seen(server, |at| known.covers(at));
    }

    /// Forgets channels that were empty when some moment was noted, once everybody has twice seen all that
    /// had been seen here. What emptied them may have been several operations, so the last one alone does
    /// not tell; and a server that crashed may have spoken of them in words that were still on their way
    /// when the others had seen enough, so that is waited for, and then asked again.
    ///
    /// In the same way lives are over: returns those of which all has been seen by all.
    pub(super) fn collect(&mut self, core: &mut Core, me: Sid, have: &Have) -> Vec<(Sid, Over)> {
        let ending = self.ending.get_or_insert_with(|| Ending {
            emptied: core.network().emptied().collect(),
            over: old_lives(core, have).map(|(origin, _)| origin).collect(),
            then: self.weighty.clone(),
            seen: None,
            again: false,
        });
        // Who has been told of this server and has not been heard cannot be asked what it has seen.
        let early = ending.seen.is_some_and(|beat| self.beats < beat + PATIENCE);
        if early || !core.strangers.is_empty() {
            return Vec::new();
        }
        let mut others = core.network().servers().filter(|(sid, _)| *sid != me);
        let seen = others.all(|(sid, server)| {
            let origin = Origin { server: sid, life: server.info.life };
            let known = self.known.get(&origin);
            known.is_some_and(|known| known.includes(&ending.then) && have.includes(known))
        });
        drop(others);
        if !seen {
            return Vec::new();
        }
        if ending.seen.is_none() {
            ending.seen = Some(self.beats);
            return Vec::new();
        }
        if !ending.again {
            ending.again = true;
            ending.then = self.weighty.clone();
            return Vec::new();
        }
        let Some(ending) = self.ending.take() else { return Vec::new() };
        let emptied = core.network().empty_channels().filter(|(_, at)| ending.emptied.contains(at));
        let ended: Vec<_> =
            emptied.map(|(channel, _)| (channel.name.clone(), channel.epoch)).collect();
        core.collect(|at| ending.emptied.contains(&at));
        if !ended.is_empty() {
            // Said by the clock as it stands: nobody is to be told when.
            let wall = Stamp { tick: core.clock.last(), server: me }.wall();
            let at = core.clock.tick(wall);
            core.journal.push((Op::Ended(ended), at));
        }
        // Who has been forgotten, and is still there, may bring words of lives that are over.
        if core.network().has_forgotten() {
            return Vec::new();
        }
        let over = old_lives(core, have).filter(|(origin, _)| {
            ending.over.contains(origin) && ending.then.seq(*origin) == self.weighty.seq(*origin)
        });
        over.map(|(origin, last)| (origin.server, Over { life: origin.life, tick: last })).collect()
    }

    /// All has been seen by all of lives that are over.
    pub(super) fn end(&mut self, server: Sid, over: Over) {
        self.weighty.end(server, over);
        self.known.values_mut().for_each(|known| known.end(server, over));
        self.ending.iter_mut().for_each(|ending| ending.then.end(server, over));
    }

    /// Whether a channel that is remembered here has been forgotten by the author of an operation: who has
    /// seen its founding and goes on in a lesser one. Then all had seen its end, and it is forgotten here
    /// too, before the operation is looked at; unless somebody is in it after all. Returns that channel.
    pub(super) fn forgotten(
        &self,
        core: &mut Core,
        (origin, op, at): (Origin, &Op, Stamp),
    ) -> Option<ChannelId> {
        let (name, epoch) = match op {
            Op::Join { name, entry: Entry::Found(epoch) | Entry::Delayed(epoch, _), .. } => {
                (name, *epoch)
            }
            Op::Join { name, entry: Entry::Founds { before, .. }, .. } => {
                (name, Epoch::founded(at, *before))
            }
            Op::Rename(renaming) => (&renaming.name, renaming.epoch),
            Op::Channel { name, epoch, .. } => (name, *epoch),
            _ => return None,
        };
        let channel = core.network().record(name)?;
        let record = core.network().channel(channel);
        if record.epoch.registered {
            return None;
        }
        let known = self.known.get(&origin)?;
        if epoch >= record.epoch || !known.covers(record.epoch.at) {
            return None;
        }
        if record.exists() {
            return Some(channel);
        }
        core.forget(channel);
        None
    }
}

impl Mesh {
    /// Says how much has been seen if that is news to anybody.
    pub(super) fn beat(&mut self, core: &mut Core) {
        // What is held back of a life that is over may never come to be applied. Whoever has seen it sends
        // it again with what it waits for.
        let over = |origin: Origin| {
            let server = core.network().server(origin.server);
            server.is_some_and(|server| server.info.life > origin.life)
        };
        self.held.forget(over);
        let mut weighty = self.stable.weighty.iter();
        if weighty.any(|(origin, seen)| origin != self.me && self.told.seq(origin) < seen.seq) {
            let wall = Stamp { tick: core.clock.last(), server: self.me.server }.wall();
            let at = core.clock.tick(wall);
            core.journal.push((Op::Beat, at));
        }
    }
}
