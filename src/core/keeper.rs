//! What of the network outlives its servers is kept in the store, a little behind: server bans, content
//! filters, DEFCON. When the store fails it is tried again, until it does not.

use super::{Core, ctx::Then, effect::Effects};
use crate::{
    job::{Answer, Job},
    network::{keep, op::Op},
    store::{Kept, Query, Rows},
    time::{Mono, Now, Stamp, Wall},
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
            let before = Wall(now.wall.0.saturating_sub(REMEMBERED_MS));
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

/// How long what is over is remembered, in milliseconds: as long as the network does, 30 days.
const REMEMBERED_MS: u64 = 30 * 86_400_000;
