//! Two registries become one: linked servers compare what their stores hold, and send what differs.
//!
//! They do so when a link comes up and regularly after. It takes no notes of what the other has been
//! told before, so it mends whatever has kept a server from an edit: a split, a crash, a disk that was
//! full, a store restored from an old backup. Each side sends what it has and the other has not, or has
//! otherwise; since records merge, that is all.

use super::{
    Core,
    ctx::Then,
    effect::{Effect, Effects},
    frame::{Frame, PeerId, Registry},
};
use crate::{
    job::{Answer, Job},
    registry::{BUCKETS, RecordId},
    store::{Query, Rows},
    time::{Mono, Now},
};
use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

/// What is being said to each linked server.
pub type Talks = BTreeMap<PeerId, Talk>;

/// What is being said to a linked server: one thing after the other, since each asks the store.
#[derive(Debug, Default)]
pub struct Talk {
    tasks: VecDeque<Task>,
    /// Whether the store is at the first of them.
    asked: bool,
    /// When the stores were last compared.
    compared: Mono,
}

/// Something to be found out from the store, and then done.
#[derive(Debug)]
enum Task {
    /// Tell the sums of all records.
    SayDigests,
    /// Find which buckets differ from the other's, and tell what is in them.
    Compare(Box<[u64; BUCKETS]>),
    /// Tell what is in a bucket.
    SayBucket(usize),
    /// Find which records differ from the other's, and send them.
    CompareBucket(usize, Vec<(RecordId, u64)>),
    /// Send records.
    Send(Vec<RecordId>),
}

impl Core {
    /// A link has come up.
    pub fn begin_talk(&mut self, fx: &mut Effects, peer: PeerId, now: Now) {
        let talk = Talk { compared: now.mono, ..Talk::default() };
        self.talks.insert(peer, talk);
        self.add_task(fx, peer, Task::SayDigests, now);
    }

    /// A link has gone down.
    pub fn end_talk(&mut self, peer: PeerId) {
        self.talks.remove(&peer);
    }

    /// Compares the store again with those that it has not been compared with for long.
    pub fn compare_registries(&mut self, fx: &mut Effects, now: Now) {
        let talks = self.talks.iter_mut();
        let due = talks.filter(|(_, talk)| now.mono.since(talk.compared) >= COMPARED_EVERY);
        let mut peers = Vec::new();
        for (peer, talk) in due {
            talk.compared = now.mono;
            peers.push(*peer);
        }
        for peer in peers {
            self.add_task(fx, peer, Task::SayDigests, now);
        }
    }

    /// A linked server says something about its registry.
    pub fn hear_of_registry(&mut self, fx: &mut Effects, peer: PeerId, said: Registry, now: Now) {
        match said {
            Registry::Digests(theirs) => self.add_task(fx, peer, Task::Compare(theirs), now),
            Registry::Bucket(bucket, theirs) if bucket < BUCKETS => {
                self.add_task(fx, peer, Task::CompareBucket(bucket, theirs), now);
            }
            Registry::Bucket(..) => {
                log::warn!("a linked server has spoken of a bucket that there is not")
            }
            Registry::Edits(edits) => {
                // The others may be linked with the one and not with the other.
                edits.into_iter().for_each(|edit| self.learn_edit(fx, edit, true, now));
            }
        }
    }

    fn add_task(&mut self, fx: &mut Effects, peer: PeerId, task: Task, now: Now) {
        let Some(talk) = self.talks.get_mut(&peer) else { return };
        if talk.tasks.len() < TASKS_MAX {
            talk.tasks.push_back(task);
        }
        self.go_on(fx, peer, now);
    }

    fn go_on(&mut self, fx: &mut Effects, peer: PeerId, now: Now) {
        let Some(talk) = self.talks.get_mut(&peer).filter(|talk| !talk.asked) else { return };
        let query = match talk.tasks.front() {
            None => return,
            Some(Task::SayDigests | Task::Compare(_)) => Query::Digests,
            Some(Task::SayBucket(bucket) | Task::CompareBucket(bucket, _)) => {
                Query::Bucket(*bucket)
            }
            Some(Task::Send(records)) => Query::Records(records.clone()),
        };
        talk.asked = true;
        self.ask(fx, Job::Store(query), Then::Peer { peer, resume: found }, now);
    }
}

/// The store has found what the first task asked for.
fn found(core: &mut Core, fx: &mut Effects, peer: PeerId, answer: Answer, now: Now) {
    let Some(talk) = core.talks.get_mut(&peer) else { return };
    talk.asked = false;
    let Some(task) = talk.tasks.pop_front() else { return };
    let mut say = |said| fx.push(Effect::Frame { peer, frame: Frame::Registry(said) });
    let room = TASKS_MAX.saturating_sub(talk.tasks.len());
    match (task, answer) {
        (Task::SayDigests, Answer::Stored(Ok(Rows::Digests(ours)))) => say(Registry::Digests(ours)),
        (Task::Compare(theirs), Answer::Stored(Ok(Rows::Digests(ours)))) => {
            let both = ours.iter().zip(theirs.iter()).enumerate();
            let differ = both.filter(|(_, (ours, theirs))| ours != theirs);
            talk.tasks.extend(differ.take(room).map(|(bucket, _)| Task::SayBucket(bucket)));
        }
        (Task::SayBucket(_), Answer::Stored(Ok(Rows::Bucket(bucket, records)))) => {
            say(Registry::Bucket(bucket, records));
        }
        (Task::CompareBucket(_, theirs), Answer::Stored(Ok(Rows::Bucket(_, ours)))) => {
            let theirs: BTreeMap<RecordId, u64> = theirs.into_iter().collect();
            let differ = ours.iter().filter(|(id, digest)| theirs.get(id) != Some(digest));
            let differ: Vec<RecordId> = differ.map(|(id, _)| *id).collect();
            let pieces = differ.chunks(SENT_AT_ONCE).take(room);
            talk.tasks.extend(pieces.map(|piece| Task::Send(piece.to_vec())));
        }
        (Task::Send(_), Answer::Stored(Ok(Rows::Records(records)))) => {
            let edits = records.iter().flat_map(crate::registry::Record::replay).collect();
            say(Registry::Edits(edits));
        }
        // It is left out: they will be compared again.
        (_, answer) => log::debug!("the store cannot tell a linked server: {answer:?}"),
    }
    core.go_on(fx, peer, now);
}

/// How often the stores of linked servers are compared.
const COMPARED_EVERY: Duration = Duration::from_secs(300);

/// How much waits to be found out for one linked server.
const TASKS_MAX: usize = 4096;

/// How many records are sent at once.
const SENT_AT_ONCE: usize = 50;
