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
    /// How many records of this server the other has been found to lack since then, or to have otherwise.
    differ: usize,
    /// How many those were the time before.
    before: usize,
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
        let talk = Talk { compared: now.mono, before: usize::MAX, ..Talk::default() };
        self.talks.insert(peer, talk);
        self.add_task(fx, peer, Task::SayDigests, now);
    }

    /// A link has gone down.
    pub fn end_talk(&mut self, peer: PeerId) {
        self.talks.remove(&peer);
    }

    /// Compares the store again with those that it has not been compared with for long, and with those to whom
    /// more is to be sent.
    pub fn compare_registries(&mut self, fx: &mut Effects, now: Now) {
        let mut peers = Vec::new();
        for (peer, talk) in &mut self.talks {
            let late = now.mono.since(talk.compared) >= COMPARED_EVERY;
            // What was sent has brought the two nearer to each other, so that the rest will.
            let goes_on = talk.tasks.is_empty() && (1..talk.before).contains(&talk.differ);
            if late || goes_on {
                talk.compared = now.mono;
                talk.before = if late { usize::MAX } else { talk.differ };
                talk.differ = 0;
                peers.push(*peer);
            }
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
            let mut differ: Vec<RecordId> = differ.map(|(id, _)| *id).collect();
            let left = SENT_MAX.saturating_sub(talk.differ);
            talk.differ += differ.len();
            differ.truncate(left);
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

/// How many records are sent before the stores are compared again: the other can take in so many while it
/// stores them, since it hardly leaves out any.
const SENT_MAX: usize = 5000;

/// How many records are sent at once.
const SENT_AT_ONCE: usize = 50;

#[cfg(test)]
mod tests {
    use crate::{
        registry::{Edit, Kind, NAME, NICK, RecordId, What},
        sim::{self, Sim, disk::Disk, script::check},
        time::{Sid, Stamp},
    };
    use std::time::Duration;

    /// More accounts than are sent before stores are compared again.
    const ACCOUNTS: u64 = 6_000;

    /// A server with many accounts, and another that has none, which have just been linked.
    fn unequal(disk: Disk) -> Sim {
        let mut sim = Sim::strangers(2, &sim::config());
        let account = |number: u64| {
            let at = Stamp { tick: number, server: Sid::FIRST };
            let name: Box<str> = format!("a{number}").into();
            let claim = format!("{NICK}{name}").into();
            let what = What::Write(vec![(claim, Some(name.clone())), (NAME.into(), Some(name))]);
            Edit { id: RecordId(at), kind: Kind::Account, at, by: "test".into(), what }
        };
        let edits: Vec<Edit> = (1..=ACCOUNTS).map(account).collect();
        for (server, host) in sim.hosts.iter_mut().enumerate() {
            if server == 0 {
                host.learn(&edits);
            } else {
                host.disk = disk;
            }
        }
        sim.heal();
        sim
    }

    fn alike(sim: &mut Sim) -> bool {
        let registries = sim.registries();
        registries.iter().all(|one| Some(one) == registries.first())
    }

    #[test]
    fn very_different_stores_become_one_within_seconds() {
        let mut sim = unequal(Disk::Well);
        sim.wait(Duration::from_secs(1));
        assert!(!alike(&mut sim), "it takes more than one round");
        sim.wait(Duration::from_secs(30));
        assert!(alike(&mut sim));
    }

    #[test]
    fn who_cannot_store_what_is_sent_is_not_sent_it_again_and_again() {
        let mut sim = unequal(Disk::Full);
        sim.wait(Duration::from_secs(60));
        let sent = sim.fabric.count();
        sim.wait(Duration::from_secs(60));
        assert!(sim.fabric.count() - sent < 100, "{sent} {}", sim.fabric.count());
        sim.hosts.iter_mut().for_each(|host| host.disk = Disk::Well);
        sim.wait(Duration::from_secs(400));
        assert!(alike(&mut sim));
    }

    /// Two servers are split for so many days, and an entry of a list that both have is taken away at the first
    /// of these on one side: how many there are in the end.
    fn split_for(days: u64, count: usize) {
        let secs = days * 86_400;
        check(&format!(
            r"
            servers 2
            account bob password=sesame ajoin:#a=#a
            bob@1  > NS IDENTIFY bob sesame
            split 1 | 2
            bob    > NS AJOIN DEL #a
            bob    <~ :NickServ!services@services.test NOTICE bob :*
            clock 1 {secs}
            clock 2 {secs}
            bob    > NS AJOIN ADD #b
            crash 2
            start 2
            carl@2 > NS IDENTIFY bob sesame
            carl   > NS AJOIN ADD #c
            heal
            wait 5
            same
            bob    > NS AJOIN LIST
            bob    <~ :NickServ!services@services.test NOTICE bob :Channels that you enter when you log in: {count}.
            "
        ));
    }

    #[test]
    fn what_was_taken_away_comes_back_only_from_a_server_that_was_away_for_long() {
        split_for(29, 2);
        split_for(31, 3);
    }
}
