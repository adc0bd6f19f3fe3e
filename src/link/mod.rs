//! Servers among each other: what is news is passed on, what is missing is sent, in causal order.
//!
//! There is no tree: any connected graph works. Operations are numbered by their origin; one that comes
//! before what it depends on is held back until that has come. `sync` catches up with peers, `stable`
//! knows what every server has seen, `merge` makes two networks one.

mod check;
mod merge;
mod route;
mod stable;
mod sync;

use crate::{
    arena::Arena,
    core::{
        Core,
        effect::{Effect, Effects},
        frame::{Frame, Numbered, PeerId, Routed},
        housekeeping, notes,
    },
    network::{
        crdt::{Have, Origin, Over},
        op::Op,
    },
    time::{Now, Sid, Stamp},
};
use stable::Stable;
use std::{
    collections::{BTreeMap, VecDeque},
    rc::Rc,
};

/// How much is kept for links.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many operations of each origin are kept to be sent again.
    pub log: usize,
    /// How many operations are held back; one too many is dropped, and asked for again.
    pub held: usize,
}

/// What is usual.
const LIMITS: Limits = Limits { log: 10_000, held: 10_000 };

/// The links of this server.
#[derive(Debug)]
pub struct Mesh {
    me: Origin,
    limits: Limits,
    seq: u64,
    /// The first operation of this life, which every peer hears before anything else.
    birth: Option<Rc<Numbered>>,
    /// What has been seen of every origin.
    have: Have,
    /// What had been seen of others when the last operation of this server was made.
    told: Have,
    log: BTreeMap<Origin, VecDeque<Rc<Numbered>>>,
    held: Held,
    peers: Arena<PeerId, Peer>,
    stable: Stable,
}

#[derive(Debug)]
struct Peer {
    server: Sid,
    /// The servers it is linked with: what comes from them it has from them.
    neighbours: Vec<Sid>,
    /// Whether it may not be linked: the link is being closed, and nobody is told that there is one.
    juped: bool,
}

/// Operations that came before what they depend on, by their origin and their number.
#[derive(Debug, Default)]
struct Held {
    by_origin: BTreeMap<Origin, BTreeMap<u64, (PeerId, Rc<Numbered>)>>,
    count: usize,
}

impl Mesh {
    /// A server without links.
    pub fn new(me: Origin) -> Mesh {
        Mesh {
            me,
            limits: LIMITS,
            seq: 0,
            birth: None,
            have: Have::default(),
            told: Have::default(),
            log: BTreeMap::new(),
            held: Held::default(),
            peers: Arena::default(),
            stable: Stable::default(),
        }
    }

    /// From now on keeps so much.
    pub fn limit(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// A link has come up.
    pub fn link(&mut self, core: &mut Core, fx: &mut Effects, server: Sid, now: Now) -> PeerId {
        let juped = is_juped(core, server);
        let peer = self.peers.insert(Peer { server, neighbours: Vec::new(), juped });
        core.links_questioned |= juped;
        if !juped {
            core.strangers.insert(server, now.mono);
        }
        if let Some(birth) = &self.birth {
            fx.push(Effect::Frame { peer, frame: Frame::Op(birth.clone()) });
        }
        self.neighbours_changed(core, fx, now);
        core.begin_talk(fx, peer, now);
        peer
    }

    /// A link has gone down.
    pub fn unlink(&mut self, core: &mut Core, fx: &mut Effects, peer: PeerId, now: Now) {
        core.end_talk(peer);
        if self.peers.remove(peer).is_some() {
            self.neighbours_changed(core, fx, now);
        }
    }

    /// Takes in what a peer says; what is neither of the network nor for others is handed on.
    pub fn receive(
        &mut self,
        core: &mut Core,
        fx: &mut Effects,
        peer: PeerId,
        frame: Frame,
        now: Now,
    ) -> Option<Box<Routed>> {
        // What comes from a server that may not be linked until the link is closed is not heard.
        let known = self.peers.get_mut(peer).filter(|peer| !peer.juped)?;
        match frame {
            Frame::Have { from, have, neighbours } => {
                known.neighbours = neighbours;
                self.be_born_later(core, fx, &have, now);
                let over = self.have.also_over(&have);
                over.into_iter().for_each(|(server, over)| self.end(server, over));
                // Among what it has done and is not known here yet it may have said that it missed something.
                if self.have.seq(from) >= have.seq(from) {
                    self.stable.learn(core, from, &have);
                }
                // Who is not known to be there could not be waited for, see `stable`.
                if self.have.seq(from) > 0 {
                    core.strangers.remove(&from.server);
                    self.send_missing(core, fx, peer, &have);
                }
            }
            Frame::Op(numbered) => {
                if numbered.seq > self.have.seq(numbered.origin) {
                    self.held.put(peer, numbered, &self.have, self.limits.held);
                }
                self.deliver(core, fx, now);
            }
            Frame::State(state) => self.take(core, fx, &state, now),
            Frame::Routed(routed) if routed.to == self.me.server => return Some(routed),
            Frame::Routed(routed) => self.route(core, fx, routed),
            Frame::Registry(frame) => core.hear_of_registry(fx, peer, frame, now),
        }
        None
    }

    /// A life that began with the clock set back, after a crash at a bad moment, may have begun before the
    /// end of the one before: it begins again, later, so that everybody knows which is over.
    fn be_born_later(&mut self, core: &mut Core, fx: &mut Effects, have: &Have, now: Now) {
        let Some(birth) = core.network().server(self.me.server).map(|server| server.since) else {
            return;
        };
        let last = have.last_before(self.me);
        if let Some(tick) = last.filter(|tick| *tick >= birth.tick) {
            core.clock.seen(Stamp { tick, ..birth });
            housekeeping::introduce(core, fx, now);
            core.commit(fx, Op::Links(self.neighbours()), None, now);
        }
    }

    /// Has the links closed with servers that may not be linked.
    fn part_with_juped(&mut self, core: &Core, fx: &mut Effects) {
        for (peer, known) in self.peers.iter_mut() {
            known.juped = is_juped(core, known.server);
            if known.juped {
                log::warn!(
                    "the link with {} is closed: an operator has forbidden it (OperServ JUPE)",
                    known.server
                );
                fx.push(Effect::Unlink { peer });
            }
        }
    }

    /// Numbers what has happened here, and tells the peers.
    pub fn propagate(&mut self, core: &mut Core, fx: &mut Effects) {
        if std::mem::take(&mut core.links_questioned) {
            self.part_with_juped(core, fx);
        }
        if std::mem::take(&mut core.due_beat) {
            self.stable.beats += 1;
            self.stable.old = stable::old_lives(core, &self.have).next().is_some();
            if !self.peers.is_empty() {
                self.say_have(fx);
                self.beat(core);
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
            self.stable.weigh(self.me, self.seq, at, &op);
            let numbered = Rc::new(Numbered { origin: self.me, seq: self.seq, at, deps, op });
            self.birth.get_or_insert_with(|| numbered.clone());
            if self.peers.is_empty() && core.alone() {
                // There is nobody to tell: who comes later is told the network as it is by then.
                self.log.clear();
                continue;
            }
            self.keep(&numbered);
            self.pass_on(fx, None, &numbered);
        }
        for routed in std::mem::take(&mut core.questions.outbox) {
            self.route(core, fx, Box::new(routed));
        }
        if core.network().has_empty() || self.stable.old {
            let over = self.stable.collect(core, self.me.server, &self.have);
            over.into_iter().for_each(|(server, over)| self.end(server, over));
        }
    }

    /// All has been seen by all of lives that are over.
    fn end(&mut self, server: Sid, over: Over) {
        for have in [&mut self.have, &mut self.told] {
            have.end(server, over);
        }
        self.stable.end(server, over);
        self.held.forget(|origin| origin.server == server && origin.life <= over.life);
        self.log.retain(|origin, _| origin.server != server || origin.life > over.life);
    }

    /// Applies whatever is held back and may be applied now.
    fn deliver(&mut self, core: &mut Core, fx: &mut Effects, now: Now) {
        while let Some((from, numbered)) = self.held.next(&self.have) {
            let Numbered { origin, seq, at, deps, op } = &*numbered;
            self.have.see(*origin, *seq, *at);
            self.stable.weigh(*origin, *seq, *at, op);
            let mut seen = Have::default();
            for (origin, dep) in deps {
                seen.raise(*origin, *dep);
            }
            seen.raise_as(&self.have, *origin);
            // A user who leaves had seen what their server had seen. A gap is told before it is closed.
            if matches!(op, Op::Missed(_)) {
                core.learn(fx, op, *at, now);
                self.stable.learn(core, *origin, &seen);
            } else {
                self.stable.learn(core, *origin, &seen);
                let contested = self.stable.forgotten(core, (*origin, op, *at));
                core.learn(fx, op, *at, now);
                contested.into_iter().for_each(|channel| core.refound(fx, channel, now));
            }
            self.keep(&numbered);
            self.pass_on(fx, Some(from), &numbered);
            // What this brought about here comes after it.
            self.propagate(core, fx);
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
        while log.len() >= self.limits.log {
            log.pop_front();
        }
        log.push_back(numbered.clone());
    }

    fn neighbours_changed(&mut self, core: &mut Core, fx: &mut Effects, now: Now) {
        core.commit(fx, Op::Links(self.neighbours()), None, now);
        self.say_have(fx);
    }

    fn neighbours(&self) -> Vec<Sid> {
        let welcome = self.peers.iter().filter(|(_, peer)| !peer.juped);
        let mut neighbours: Vec<Sid> = welcome.map(|(_, peer)| peer.server).collect();
        neighbours.sort_unstable();
        neighbours.dedup();
        neighbours
    }
}

/// Whether a server is known by a name that may not be linked.
fn is_juped(core: &Core, server: Sid) -> bool {
    let known = core.network().server(server);
    known.is_some_and(|known| notes::is_juped(core.network(), &known.info.name))
}

impl Held {
    /// Holds an operation back. When too many are, it is dropped unless it may be applied at once: what
    /// is missing is asked for regularly, and then comes in order.
    fn put(&mut self, from: PeerId, numbered: Rc<Numbered>, have: &Have, most: usize) {
        if self.count >= most && !may_come(&numbered, have) {
            return;
        }
        let queue = self.by_origin.entry(numbered.origin).or_default();
        if queue.insert(numbered.seq, (from, numbered)).is_none() {
            self.count += 1;
        }
    }

    /// Takes an operation that may be applied. Looks at one for each origin.
    fn next(&mut self, have: &Have) -> Option<(PeerId, Rc<Numbered>)> {
        let origin = self.by_origin.iter().find_map(|(origin, queue)| {
            let (_, numbered) = queue.get(&have.seq(*origin).saturating_add(1))?;
            may_come(numbered, have).then_some(*origin)
        })?;
        let queue = self.by_origin.get_mut(&origin)?;
        let taken = queue.remove(&(have.seq(origin) + 1))?;
        if queue.is_empty() {
            self.by_origin.remove(&origin);
        }
        self.count -= 1;
        Some(taken)
    }

    /// Forgets what some origins have said.
    fn forget(&mut self, over: impl Fn(Origin) -> bool) {
        self.by_origin.retain(|origin, _| !over(*origin));
        self.count = self.by_origin.values().map(BTreeMap::len).sum();
    }

    /// Forgets what has been seen otherwise.
    fn forget_seen(&mut self, have: &Have) {
        self.by_origin.retain(|origin, queue| {
            *queue = queue.split_off(&have.seq(*origin).saturating_add(1));
            !queue.is_empty()
        });
        self.count = self.by_origin.values().map(BTreeMap::len).sum();
    }
}

/// Whether all that an operation depends on has been seen.
fn may_come(numbered: &Numbered, have: &Have) -> bool {
    numbered.seq == have.seq(numbered.origin).saturating_add(1)
        && numbered.deps.iter().all(|(on, seen)| have.seq(*on) >= seen.seq)
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

    #[test]
    fn who_wrote_to_somebody_who_had_left_is_told() {
        check(
            r"
            servers 2
            alice@1 > PING x
            bob@2   > PING x
            split 1 | 2
            alice > PRIVMSG bob :one
            bob   > QUIT
            heal
            alice < :s1.test NOTICE alice :Your last message to bob may not have arrived: they have left.
            same
            ",
        );
    }

    #[test]
    fn who_wrote_to_a_server_that_crashed_before_it_heard_is_told() {
        check(
            r"
            servers 2
            alice@1 > JOIN #a
            bob@2   > JOIN #a
            split 1 | 2
            alice > PRIVMSG bob :one
            crash 2
            start 2
            heal
            alice < :bob!~bob@bob.test QUIT :Server restarted
            alice < :s1.test NOTICE alice :Your last message to bob may not have arrived: they have left.
            same
            ",
        );
    }

    #[test]
    fn a_channel_outlives_the_server_of_its_founder() {
        check(
            r"
            servers 2
            alice@1 > JOIN #a
            bob@2   > JOIN #a
            alice > MODE #a +o bob
            crash 1
            start 1
            heal
            bob   < :alice!~alice@alice.test QUIT :Server restarted
            carol@1 > JOIN #a
            carol < :s1.test 353 carol = #a :@bob carol
            same
            ",
        );
    }

    #[test]
    fn what_is_held_by_users_of_a_server_that_is_forgotten_is_free() {
        check(
            r"
            servers 2
            config limits.split_forget 70
            alice@1 > JOIN #a
            alice > MODE #a +i
            bob@2   > JOIN #a
            bob   < :s2.test 473 bob #a :Cannot join channel (+i)
            crash 1
            wait 65
            bob   > JOIN #a
            bob   < :s2.test 473 bob #a :Cannot join channel (+i)
            wait 10
            bob   > JOIN #a
            bob   < :s2.test 353 bob = #a :@bob
            start 1
            heal
            same
            ",
        );
    }

    #[test]
    fn a_server_that_has_been_forgotten_starts_anew() {
        check(
            r"
            servers 3
            config limits.split_forget 70
            alice@1 > JOIN #a
            bob@2   > JOIN #a
            crash 3
            split 1 | 2 3
            wait 80
            heal
            alice < ERROR :Closing link: Out of reach for too long
            bob   < ERROR :Closing link: Out of reach for too long
            start 1
            start 2
            start 3
            heal
            carol@1 > JOIN #a
            carol < :s1.test 353 carol = #a :@carol
            same
            ",
        );
    }

    #[test]
    fn of_two_masks_set_at_once_the_one_that_was_removed_unseen_goes() {
        check(
            r"
            servers 2
            logs 2
            alice@1 > JOIN #a
            bob@2   > JOIN #a
            alice   > MODE #a +beI x x x
            split 1 | 2
            alice   > MODE #a -b x
            alice   > TOPIC #a :one
            alice   > TOPIC #a :two
            alice   > TOPIC #a :three
            heal
            bob     < :s1.test MODE #a -b x!*@*
            same
            ",
        );
    }

    #[test]
    fn a_channel_that_was_renamed_unseen_comes_with_what_it_has() {
        check(
            r"
            servers 2
            logs 2
            alice@1 > JOIN #a
            alice   > MODE #a +kb sesame x
            bob@2   > CAP REQ draft/channel-rename
            bob     > JOIN #a sesame
            carol@2 > JOIN #a sesame
            split 1 | 2
            alice   > RENAME #a #b :why
            alice   > MODE #b +m-b x
            alice   > TOPIC #b :one
            alice   > TOPIC #b :two
            dave@1  > JOIN #b sesame
            heal
            bob     < :alice!~alice@alice.test RENAME #a #b :why
            bob     < :s1.test MODE #b -b x!*@*
            carol   < :carol!~carol@carol.test JOIN #b
            bob     < :dave!~dave@dave.test JOIN #b
            same
            ",
        );
    }

    #[test]
    fn what_was_missed_is_said_before_what_came_of_the_state() {
        check(
            r"
            servers 2
            logs 5
            alice@1 > JOIN #a
            bob@2   > JOIN #a
            split 1 | 2
            alice   > PRIVMSG bob :one
            alice   > RENAME #a #b
            alice   > TOPIC #b :one
            alice   > TOPIC #b :two
            alice   > TOPIC #b :three
            alice   > TOPIC #b :four
            alice   > TOPIC #b :five
            alice   > TOPIC #b :six
            bob     > JOIN #b
            heal
            alice   < :s1.test NOTICE alice :Your last message to bob may not have arrived: s2.test was out of reach for too long.
            same
            ",
        );
    }
}
