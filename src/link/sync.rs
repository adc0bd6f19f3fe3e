//! Catching up: how much has been seen is said, and what is missing is sent, from the log where it is
//! still held, else as state.

use super::{Mesh, merge};
use crate::{
    core::{
        Core,
        effect::{Effect, Effects},
        frame::{Frame, Numbered, PeerId, State},
    },
    network::{
        crdt::Have,
        op::{Gap, Op},
    },
    time::{Now, Stamp},
};
use std::rc::Rc;

impl Mesh {
    /// Tells every peer how much has been seen, which asks for what is missing.
    pub(super) fn say_have(&self, fx: &mut Effects) {
        for (peer, _) in self.peers.iter() {
            let (have, neighbours) = (self.have.clone(), self.neighbours());
            fx.push(Effect::Frame { peer, frame: Frame::Have { from: self.me, have, neighbours } });
        }
    }

    /// Sends what a peer has not seen: as operations where they are still held, else all as state.
    pub(super) fn send_missing(&self, core: &Core, fx: &mut Effects, peer: PeerId, have: &Have) {
        if !have.knows_ends_of(&self.have) {
            return self.send_state(core, fx, peer);
        }
        let mut missing: Vec<Rc<Numbered>> = Vec::new();
        let ahead = self.have.iter().filter(|(origin, seen)| have.seq(*origin) < seen.seq);
        for (origin, _) in ahead {
            let log = self.log.get(&origin);
            let wanted = have.seq(origin) + 1;
            if log.and_then(|log| log.front()).is_none_or(|first| first.seq > wanted) {
                return self.send_state(core, fx, peer);
            }
            let news = log.into_iter().flatten().filter(|numbered| numbered.seq >= wanted);
            missing.extend(news.cloned());
        }
        // Stamps follow causes, so nothing comes before what it depends on.
        missing.sort_by_key(|numbered| numbered.at);
        for numbered in missing {
            fx.push(Effect::Frame { peer, frame: Frame::Op(numbered) });
        }
    }

    fn send_state(&self, core: &Core, fx: &mut Effects, peer: PeerId) {
        let state = State {
            from: self.me,
            have: self.have.clone(),
            known: self.stable.known.clone(),
            weighty: self.stable.weighty.clone(),
            ops: core.network().replay(),
        };
        fx.push(Effect::Frame { peer, frame: Frame::State(Rc::new(state)) });
    }

    /// Takes in all that a peer knows.
    pub(super) fn take(&mut self, core: &mut Core, fx: &mut Effects, state: &State, now: Now) {
        if self.have.includes(&state.have) && self.have.knows_ends_of(&state.have) {
            return;
        }
        for (origin, seen) in state.have.iter() {
            core.clock.seen(Stamp { tick: seen.last, server: origin.server });
        }
        // Words leave no trace in a state: their senders have to know that they were not heard here, and
        // that before anything that this server does since it has taken in the state.
        let gaps = self.gaps(state);
        if !gaps.is_empty() {
            core.commit(fx, Op::Missed(gaps), None, now);
        }
        let forgotten = merge::forgotten(core.network(), state);
        forgotten.iter().for_each(|channel| core.forget(*channel));
        for (op, at) in merge::plan(core.network(), &self.have, state) {
            core.learn(fx, &op, at, now);
        }
        // Somebody was in them after all.
        for channel in forgotten {
            core.refound(fx, channel, now);
        }
        self.have.merge(&state.have);
        state.have.over().for_each(|(server, over)| self.end(server, over));
        // What was numbered before is no longer told apart; it can be had as state only.
        let have = &self.have;
        self.log.retain(|origin, log| log.back().is_some_and(|last| last.seq == have.seq(*origin)));
        self.held.forget_seen(have);
        self.propagate(core, fx);
        core.doubt_undelivered(fx, now);
        self.stable.weighty.merge(&state.weighty);
        for (origin, seen) in &state.known {
            self.stable.learn(core, *origin, seen);
        }
        self.stable.learn(core, state.from, &state.have);
        self.deliver(core, fx, now);
        self.say_have(fx);
    }

    /// What somebody else has seen and this server has not, where there may be words in it.
    fn gaps(&self, state: &State) -> Vec<Gap> {
        let weighty = |origin| state.weighty.seq(origin) > self.have.seq(origin);
        let news = state.have.iter().filter(|(origin, _)| weighty(*origin));
        news.map(|(origin, seen)| {
            let before = self.have.last(origin);
            Gap { server: origin.server, after: before.unwrap_or(0), last: seen.last }
        })
        .collect()
    }
}
