//! What is still to be written to records, though nobody waits for it: what a registered channel has, and
//! what somebody had told of themselves before they logged in. It is written in order, and while the store
//! fails again and again until it is.

use super::{Core, ctx::Then, effect::Effects};
use crate::{
    job::{Answer, Job},
    registry::Edit,
    store::{Query, Rows},
    time::Now,
};
use std::collections::VecDeque;

/// The edits.
#[derive(Debug, Default)]
pub struct Unstored {
    /// Oldest first; at most [`WAITING_MAX`].
    waiting: VecDeque<Edit>,
    /// Whether the store is at the first of them.
    storing: bool,
}

impl Unstored {
    /// Whether all has been written.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

impl Core {
    /// Has the store apply an edit as soon as it can.
    pub fn store_later(&mut self, fx: &mut Effects, edit: Edit, now: Now) {
        if self.unstored.waiting.len() >= WAITING_MAX {
            log::error!("too much waits to be stored; what has changed of {} is lost", edit.id);
            return;
        }
        self.unstored.waiting.push_back(edit);
        self.store_unstored(fx, now);
    }

    /// Has the store write what is to be written, if it is not at that already.
    pub(in crate::core) fn store_unstored(&mut self, fx: &mut Effects, now: Now) {
        let Unstored { waiting, storing } = &mut self.unstored;
        let Some(edit) = waiting.front().filter(|_| !*storing) else { return };
        *storing = true;
        let job = Job::Store(Query::Propose(Box::new(edit.clone())));
        self.ask(fx, job, Then::Server(stored), now);
    }
}

fn stored(core: &mut Core, fx: &mut Effects, answer: Answer, now: Now) {
    core.unstored.storing = false;
    match answer {
        Answer::Stored(Ok(rows)) => {
            let edit = core.unstored.waiting.pop_front();
            if let (Rows::Full, Some(edit)) = (rows, edit) {
                log::warn!(
                    "the record {} is full; what has changed of it is lost when nobody is there any more who knows",
                    edit.id
                );
            }
            core.store_unstored(fx, now);
        }
        // The next housekeeping tries again.
        answer => log::debug!("a record could not be written: {answer:?}"),
    }
}

/// How much waits to be written.
const WAITING_MAX: usize = 10_000;
