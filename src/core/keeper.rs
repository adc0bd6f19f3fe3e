//! What of the network outlives its servers is kept in the store, a little behind: server bans, content
//! filters, DEFCON. When the store fails it is tried again, until it does not.

use super::{Core, ctx::Then, effect::Effects};
use crate::{
    job::{Answer, Job},
    network::{keep, op::Op},
    store::{Kept, Query, Rows},
    time::{Mono, Now, Stamp},
};
use std::{collections::VecDeque, time::Duration};

/// What is still to be kept.
#[derive(Debug, Default)]
pub struct Keeper {
    waiting: VecDeque<Kept>,
    /// How many of them the store is at.
    storing: usize,
    /// When the store was last told to forget what means nothing any more.
    swept: Mono,
}

impl Core {
    /// What the store has kept, as it was when it was written. Nobody is connected yet. Returns whether
    /// there was something.
    pub fn recall(&mut self, kept: &[Kept], now: Now) -> bool {
        for Kept { key, text, at, .. } in kept {
            let Some(op) = keep::read(key, text) else {
                log::warn!(
                    "the database has kept something that this version cannot read: {key:?}"
                );
                continue;
            };
            self.clock.seen(*at);
            // Whoever set it has been told, and nobody else is there to be.
            self.network.apply(&op, *at, &mut Vec::new());
        }
        // An operation of this life that nobody can be sent again, since it comes before any link: whoever
        // is linked first is told the whole network, and with it what has just been recalled.
        if !kept.is_empty() {
            self.commit(&mut Effects::default(), Op::Beat, None, now);
        }
        !kept.is_empty()
    }

    /// Keeps what an operation has written, if it is of that kind.
    pub(in crate::core) fn keep(&mut self, fx: &mut Effects, op: &Op, at: Stamp, now: Now) {
        let Some(written) = keep::written(op, at) else { return };
        if self.keeper.waiting.len() >= WAITING_MAX {
            log::error!("too much waits to be stored; a ban or a filter will be lost at a restart");
            return;
        }
        let (key, text) = (written.key.into(), written.text.into());
        self.keeper.waiting.push_back(Kept { key, text, at, over: written.over });
        self.store_kept(fx, now);
    }

    /// Has the store keep what waits, if it is not at that already; and forget, now and then.
    pub(in crate::core) fn store_kept(&mut self, fx: &mut Effects, now: Now) {
        if now.mono.since(self.keeper.swept) >= SWEPT_EVERY {
            self.keeper.swept = now.mono;
            let before = keep::remembered_since(now.wall);
            self.ask(fx, Job::Store(Query::Forget { before }), Then::Server(forgotten), now);
        }
        let keeper = &mut self.keeper;
        if keeper.storing > 0 || keeper.waiting.is_empty() {
            return;
        }
        let kept: Vec<Kept> = keeper.waiting.iter().take(STORED_AT_ONCE).cloned().collect();
        keeper.storing = kept.len();
        self.ask(fx, Job::Store(Query::Keep(kept)), Then::Server(stored), now);
    }
}

fn stored(core: &mut Core, fx: &mut Effects, answer: Answer, now: Now) {
    let count = std::mem::take(&mut core.keeper.storing);
    if let Answer::Stored(Ok(Rows::Done)) = answer {
        core.keeper.waiting.drain(..count);
        core.store_kept(fx, now);
    } else {
        // The next housekeeping tries again.
        log::debug!("bans and filters could not be stored: {answer:?}");
    }
}

/// What is not forgotten now is later.
fn forgotten(_: &mut Core, _: &mut Effects, _: Answer, _: Now) {}

/// How much waits to be stored.
const WAITING_MAX: usize = 100_000;

/// How much is stored at once.
const STORED_AT_ONCE: usize = 256;

const SWEPT_EVERY: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        network::crdt::Source,
        sim::{self, Sim, oracle, script::check},
        time::Sid,
    };

    #[test]
    fn what_is_told_again_is_not_stored_again() {
        let (mut core, mut fx, now) = (Core::sample(), Effects::default(), Now::default());
        let server = Sid::from_number(4711);
        let op = Op::Defcon { by: Source::Server(server), level: 4 };
        for _ in 0..3 {
            core.learn(&mut fx, &op, Stamp { tick: 7, server }, now);
        }
        assert_eq!(core.keeper.waiting.len(), 1);
    }

    #[test]
    fn what_a_server_recalls_gets_to_those_who_know_it_by_others_only() {
        check(
            r"
            servers 3
            links 1-2 1-3
            config oper root sesame
            a@1    > PING x
            c@3    > PING x
            root@2 > OPER root sesame
            split 2 | 1 3
            root > GLINE *@bad.example :rude
            root > DEFCON 4
            root > FILTER *spam* block c :no
            crash 2
            start 2
            heal
            wait 10
            same
            oper@3 > OPER root sesame
            oper > STATS k
            oper <~ :s3.test 216 oper G-line *@bad.example * :rude
            ",
        );
    }

    #[test]
    fn servers_that_all_begin_anew_recall_one_network() {
        check(
            r"
            servers 3
            links 1-2 2-3
            config oper root sesame
            one@1   > OPER root sesame
            two@2   > OPER root sesame
            three@3 > OPER root sesame
            split 1 | 2 3
            cut 2-3
            one   > GLINE *@one.example :one
            two   > GLINE *@two.example :two
            two   > DEFCON 4
            three > GLINE *@three.example :three
            three > DEFCON 3
            crash 1
            crash 2
            crash 3
            start 3
            start 2
            start 1
            heal
            same
            oper@1 > OPER root sesame
            oper > STATS k
            oper <~ :s1.test 216 oper G-line *@one.example * :one
            oper <~ :s1.test 216 oper G-line *@three.example * :three
            oper <~ :s1.test 216 oper G-line *@two.example * :two
            oper > DEFCON
            oper <~ * NOTICE oper :*3*
            ",
        );
    }

    #[test]
    fn a_server_that_begins_anew_while_another_link_is_late_is_heard_by_all() {
        check(
            r"
            servers 3
            config oper root sesame
            one@1   > PING x
            three@3 > PING x
            two@2   > OPER root sesame
            split 2 | 1 3
            two > GLINE *@bad.example :rude
            crash 2
            start 2
            stall 2 3
            stall 3 2
            heal
            wait 20
            calm
            wait 20
            same
            root@3 > OPER root sesame
            root > STATS k
            root <~ :s3.test 216 root G-line *@bad.example * :rude
            ",
        );
    }

    #[test]
    fn what_was_lifted_stays_lifted_when_a_server_recalls_it() {
        check(
            r"
            servers 3
            links 1-2 2-3
            config oper root sesame
            one@1   > OPER root sesame
            two@2   > PING x
            three@3 > OPER root sesame
            one > GLINE *@bad.example :rude
            split 1 | 2 3
            three > UNGLINE *@bad.example
            crash 1
            crash 3
            start 1
            start 3
            heal
            same
            root@1 > OPER root sesame
            root > STATS k
            root < :s1.test 219 root k :End of /STATS report
            root <! 216
            ",
        );
    }

    /// How many bans there are in the end if one is lifted, and these servers crash before they have stored
    /// that.
    fn lifted_and_lost(crashed: &[usize]) -> usize {
        let mut config = sim::config();
        config.oper.push(sim::oper("root", "sesame"));
        let mut sim = Sim::new(3, &config);
        let root = sim.connect(0, "root");
        sim.send(root, "OPER root sesame");
        sim.settle();
        sim.send(root, "GLINE *@bad.example :rude");
        sim.settle();
        sim.workers.delay_max = 10_000_000;
        sim.send(root, "UNGLINE *@bad.example");
        sim.pass(Duration::from_secs(2));
        let bans =
            |sim: &Sim| sim.server(2).map_or(0, |server| server.core().network().bans().len());
        assert_eq!(bans(&sim), 0, "the others have heard of it");
        crashed.iter().for_each(|server| sim.crash(*server, Duration::ZERO));
        sim.pass(Duration::from_secs(1));
        sim.workers.delay_max = 0;
        crashed.iter().for_each(|server| sim.restart(*server));
        sim.heal();
        sim.wait(Duration::from_secs(60));
        oracle::all_agree(&sim);
        bans(&sim)
    }

    #[test]
    fn what_was_lifted_stays_lifted_if_one_server_remembers() {
        assert_eq!(lifted_and_lost(&[0]), 0);
        assert_eq!(lifted_and_lost(&[0, 1]), 0);
        assert_eq!(lifted_and_lost(&[0, 1, 2]), 1, "nobody remembers that it was lifted");
    }
}
