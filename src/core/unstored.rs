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

    /// Has the store write all of it, in the same order, since this server ends before it has heard of each.
    pub(in crate::core) fn store_last(&mut self, fx: &mut Effects, now: Now) {
        self.store_unstored(fx, now);
        let Unstored { waiting, storing } = &mut self.unstored;
        let mut rest = waiting.split_off(usize::from(*storing).min(waiting.len()));
        if rest.len() > LAST_MAX {
            let lost = rest.len() - LAST_MAX;
            log::error!(
                "too much waits to be stored at the end; {lost} changes of records are lost"
            );
            rest.truncate(LAST_MAX);
        }
        for edit in rest {
            let job = Job::Store(Query::Propose(Box::new(edit)));
            self.ask(fx, job, Then::Server(stored_last), now);
        }
    }
}

fn stored_last(_: &mut Core, _: &mut Effects, answer: Answer, _: Now) {
    // Of a record that has ended meanwhile nothing is kept.
    if !matches!(answer, Answer::Stored(Ok(Rows::Proposed(_) | Rows::Taken(_)))) {
        log::error!("a change of a record could not be stored before the end: {answer:?}");
    }
}

fn stored(core: &mut Core, fx: &mut Effects, answer: Answer, now: Now) {
    core.unstored.storing = false;
    match answer {
        Answer::Stored(Ok(rows)) => {
            let edit = core.unstored.waiting.pop_front();
            if let (Rows::Full | Rows::Unsound, Some(edit)) = (rows, edit) {
                log::warn!(
                    "the record {} can hold no more; what has changed of it is lost when nobody is there any more who knows",
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

/// How much of it is given to the store as the server ends: with what else waits, its queue has room for that.
const LAST_MAX: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        core::{
            effect::{Effect, Ending},
            housekeeping,
        },
        registry::{Kind, RecordId, What},
        time::{Sid, Stamp},
    };

    #[test]
    fn a_server_that_ends_has_everything_stored_before_it_says_so() {
        let (mut core, mut fx, now) = (Core::sample(), Effects::default(), Now::default());
        let at = |tick| Stamp { tick, server: Sid::FIRST };
        for tick in 1..=3 {
            let what = What::Write(vec![("topic".into(), Some("x".into()))]);
            let (id, by) = (RecordId(at(1)), "test".into());
            core.store_later(
                &mut fx,
                Edit { id, kind: Kind::Channel, at: at(tick), by, what },
                now,
            );
        }
        housekeeping::stop(&mut core, &mut fx, "Maintenance", Ending::Exit, now);
        let asked: Vec<String> = fx
            .take()
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::Job { job, .. } => match *job {
                    Job::Store(Query::Propose(edit)) => Some(edit.at.tick.to_string()),
                    Job::Store(Query::RaiseClock { clean: true, .. }) => Some("clean".to_owned()),
                    _ => None,
                },
                _ => None,
            })
            .collect();
        assert_eq!(asked, ["1", "2", "3", "clean"]);
    }
}
