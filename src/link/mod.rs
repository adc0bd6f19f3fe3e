//! Servers among each other: what is news is passed on, what is missing is sent, in causal order.
//!
//! There is no tree: any connected graph works. Operations are numbered by their origin; one that comes
//! before what it depends on is held back until that has come.

mod merge;

use crate::{
    arena::Arena,
    core::{
        Core,
        effect::{Effect, Effects},
        frame::{Frame, Numbered, PeerId, State},
    },
    network::{
        crdt::{Have, Origin},
        op::{Entry, Op},
    },
    time::{Now, Sid, Stamp},
};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    rc::Rc,
};

/// How many operations of each origin are kept to be sent again.
const LOG_MAX: usize = 10_000;

/// How many operations are held back; beyond that they are dropped and asked for again.
const HELD_MAX: usize = 10_000;

/// The links of this server.
#[derive(Debug)]
pub struct Mesh {
    me: Origin,
    seq: u64,
    /// What has been seen of every origin.
    have: Have,
    /// What had been seen of others when the last operation of this server was made.
    told: Have,
    log: BTreeMap<Origin, VecDeque<Rc<Numbered>>>,
    held: BTreeMap<(Origin, u64), (PeerId, Rc<Numbered>)>,
    peers: Arena<PeerId, Peer>,
    /// What each server is known to have seen.
    known: BTreeMap<Sid, Have>,
    /// Channels that were empty at some moment, by what emptied them, and what had been seen by then.
    empty: Option<(BTreeSet<Stamp>, Have)>,
}

#[derive(Debug)]
struct Peer {
    server: Sid,
    /// The servers it is linked with: what comes from them it has from them.
    neighbours: Vec<Sid>,
}

impl Mesh {
    /// A server without links.
    pub fn new(me: Origin) -> Mesh {
        Mesh {
            me,
            seq: 0,
            have: Have::default(),
            told: Have::default(),
            log: BTreeMap::new(),
            held: BTreeMap::new(),
            peers: Arena::default(),
            known: BTreeMap::new(),
            empty: None,
        }
    }

    /// A link has come up.
    pub fn link(&mut self, core: &mut Core, fx: &mut Effects, server: Sid, now: Now) -> PeerId {
        let peer = self.peers.insert(Peer { server, neighbours: Vec::new() });
        self.neighbours_changed(core, fx, now);
        peer
    }

    /// A link has gone down.
    pub fn unlink(&mut self, core: &mut Core, fx: &mut Effects, peer: PeerId, now: Now) {
        if self.peers.remove(peer).is_some() {
            self.neighbours_changed(core, fx, now);
        }
    }

    /// Takes in what a peer says.
    pub fn receive(
        &mut self,
        core: &mut Core,
        fx: &mut Effects,
        peer: PeerId,
        frame: Frame,
        now: Now,
    ) {
        if !self.peers.contains(peer) {
            return;
        }
        match frame {
            Frame::Have { have, neighbours } => {
                self.peers[peer].neighbours = neighbours;
                self.learn_known(core, self.peers[peer].server, &have);
                self.send_missing(core, fx, peer, &have);
            }
            Frame::Op(numbered) => {
                if numbered.seq > self.have.seq(numbered.origin) {
                    self.held.insert((numbered.origin, numbered.seq), (peer, numbered));
                }
                self.deliver(core, fx, now);
                if self.held.len() > HELD_MAX {
                    self.held.clear();
                    self.say_have(fx);
                }
            }
            Frame::State(state) => {
                for (op, at) in merge::plan(core.network(), &self.have, &state) {
                    core.learn(fx, &op, at, now);
                }
                self.have.merge(&state.have);
                // What was numbered before is no longer told apart; it can be had as state only.
                self.log.retain(|origin, log| {
                    log.back().is_some_and(|last| last.seq == self.have.seq(*origin))
                });
                self.held.retain(|(origin, seq), _| *seq > self.have.seq(*origin));
                self.deliver(core, fx, now);
                self.say_have(fx);
            }
        }
    }

    /// Numbers what has happened here, and tells the peers.
    pub fn propagate(&mut self, core: &mut Core, fx: &mut Effects) {
        if std::mem::take(&mut core.due_beat) && !self.peers.is_empty() {
            self.say_have(fx);
            if self
                .have
                .iter()
                .any(|(origin, seen)| origin != self.me && self.told.seq(origin) < seen.seq)
            {
                let at = core
                    .clock
                    .tick(Stamp { tick: core.clock.last(), server: self.me.server }.wall());
                core.journal.push((Op::Beat, at));
            }
        }
        for (op, at) in std::mem::take(&mut core.journal) {
            self.seq += 1;
            // Usually nothing: only what has come in from others since is looked at and noted.
            let mut deps = self.have.since(&self.told);
            deps.retain(|(origin, _)| *origin != self.me);
            for (origin, seen) in &deps {
                self.told.raise(*origin, *seen);
            }
            self.have.see(self.me, self.seq, at);
            if self.peers.is_empty() && core.alone() {
                // There is nobody to tell: who comes later is told the network as it is by then.
                self.log.clear();
                continue;
            }
            let numbered = Rc::new(Numbered { origin: self.me, seq: self.seq, at, deps, op });
            self.keep(&numbered);
            self.pass_on(fx, None, &numbered);
        }
        if core.network().has_empty() {
            self.collect(core);
        }
    }

    /// Applies whatever is held back and may be applied now.
    fn deliver(&mut self, core: &mut Core, fx: &mut Effects, now: Now) {
        loop {
            let next = self.held.iter().find(|((origin, seq), (_, numbered))| {
                *seq == self.have.seq(*origin) + 1
                    && numbered.deps.iter().all(|(on, seen)| self.have.seq(*on) >= seen.seq)
            });
            let Some(key) = next.map(|entry| *entry.0) else { return };
            let Some((from, numbered)) = self.held.remove(&key) else { return };
            self.have.see(numbered.origin, numbered.seq, numbered.at);
            let mut seen = Have::default();
            for (origin, dep) in &numbered.deps {
                seen.raise(*origin, *dep);
            }
            seen.raise_as(&self.have, numbered.origin);
            self.learn_known(core, numbered.origin.server, &seen);
            self.forget_with(core, &numbered);
            core.learn(fx, &numbered.op, numbered.at, now);
            self.keep(&numbered);
            self.pass_on(fx, Some(from), &numbered);
            // What this brought about here comes after it.
            self.propagate(core, fx);
        }
    }

    /// Who founds a channel that is remembered here may have been the first to forget it.
    fn forget_with(&self, core: &mut Core, numbered: &Numbered) {
        let Op::Join { name, entry: Entry::Founds { before: None, .. }, .. } = &numbered.op else {
            return;
        };
        if let Some(known) = self.known.get(&numbered.origin.server) {
            core.forget(name, |at| known.covers(at));
        }
    }

    /// Passes news on: not back, and not to those who have it from its origin.
    fn pass_on(&self, fx: &mut Effects, from: Option<PeerId>, numbered: &Rc<Numbered>) {
        for (peer, known) in self.peers.iter() {
            let origin = numbered.origin.server;
            let has_it = numbered.origin != self.me
                && (known.server == origin || known.neighbours.contains(&origin));
            if Some(peer) != from && !has_it {
                fx.push(Effect::Frame { peer, frame: Frame::Op(numbered.clone()) });
            }
        }
    }

    fn keep(&mut self, numbered: &Rc<Numbered>) {
        let log = self.log.entry(numbered.origin).or_default();
        if log.len() == LOG_MAX {
            log.pop_front();
        }
        log.push_back(numbered.clone());
    }

    fn neighbours_changed(&mut self, core: &mut Core, fx: &mut Effects, now: Now) {
        core.commit(fx, Op::Links(self.neighbours()), None, now);
        self.say_have(fx);
    }

    fn neighbours(&self) -> Vec<Sid> {
        let mut neighbours: Vec<Sid> = self.peers.iter().map(|(_, peer)| peer.server).collect();
        neighbours.sort_unstable();
        neighbours.dedup();
        neighbours
    }

    fn say_have(&self, fx: &mut Effects) {
        for (peer, _) in self.peers.iter() {
            let frame = Frame::Have { have: self.have.clone(), neighbours: self.neighbours() };
            fx.push(Effect::Frame { peer, frame });
        }
    }

    /// Sends what a peer has not seen: as operations where they are still held, else all as state.
    fn send_missing(&self, core: &Core, fx: &mut Effects, peer: PeerId, have: &Have) {
        let mut missing: Vec<Rc<Numbered>> = Vec::new();
        for (origin, seen) in self.have.iter().filter(|(origin, seen)| have.seq(*origin) < seen.seq)
        {
            let log = self.log.get(&origin);
            let wanted = have.seq(origin) + 1;
            if log.and_then(|log| log.front()).is_none_or(|first| first.seq > wanted) {
                let state = State { have: self.have.clone(), ops: core.network().replay() };
                fx.push(Effect::Frame { peer, frame: Frame::State(Rc::new(state)) });
                return;
            }
            missing.extend(
                log.into_iter()
                    .flatten()
                    .filter(|numbered| numbered.seq >= wanted && numbered.seq <= seen.seq)
                    .cloned(),
            );
        }
        // Stamps follow causes, so nothing comes before what it depends on.
        missing.sort_by_key(|numbered| numbered.at);
        for numbered in missing {
            fx.push(Effect::Frame { peer, frame: Frame::Op(numbered) });
        }
    }

    fn learn_known(&mut self, core: &mut Core, server: Sid, have: &Have) {
        let known = self.known.entry(server).or_default();
        known.merge(have);
        core.undelivered.seen(server, |at| known.covers(at));
    }

    /// Forgets channels whose emptiness every server has seen: those that were empty when some moment was
    /// noted, once everybody has seen all that had been seen here by then. What emptied them may have
    /// been several operations, so the last one alone does not tell.
    fn collect(&mut self, core: &mut Core) {
        let (empty, then) = self
            .empty
            .get_or_insert_with(|| (core.network().emptied().collect(), self.have.clone()));
        let mut others =
            core.network().servers().map(|(sid, _)| sid).filter(|sid| *sid != self.me.server);
        let seen = others.all(|sid| self.known.get(&sid).is_some_and(|known| known.includes(then)));
        drop(others);
        if seen {
            core.collect(|at| empty.contains(&at));
            self.empty = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn servers_that_were_alone_learn_what_the_other_is_by_then() {
        check(
            r"
            strangers 2
            alice@1 > JOIN #a
            alice > MODE #a +m
            alice > TOPIC #a :one
            bob@2   > JOIN #a
            bob@2   > JOIN #b
            carol@2 > JOIN #b
            carol > QUIT
            heal
            alice < :bob!~bob@bob.test JOIN #a
            bob   < :alice!~alice@alice.test JOIN #a
            bob   <~ * TOPIC #a :one
            alice > PRIVMSG #a :hello
            bob   < :alice!~alice@alice.test PRIVMSG #a :hello
            same
            ",
        );
    }
}
