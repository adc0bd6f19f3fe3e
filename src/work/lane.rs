//! A lane: a queue of jobs, and the threads that do them.

use crate::{
    job::{Answer, Job, JobId},
    store::Store,
};
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::{
    cell::Cell,
    fmt, io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// How many jobs wait in a lane.
pub(super) const QUEUE_MAX: usize = 256;

/// How often a look-up is begun again that a write has overtaken, before writes have to wait for it.
const OVERTAKEN_MAX: usize = 3;

/// A job that waits in its lane.
#[derive(Debug)]
pub(super) struct Asked {
    id: JobId,
    job: Job,
    at: Instant,
}

/// Where jobs are given to a lane. One thread does that.
#[derive(Clone, Debug)]
pub(super) struct Queue(Sender<Asked>);

impl Queue {
    /// An empty lane, and where its threads take jobs. It has room for as many as there are: a channel that
    /// is bounded itself would have set it aside for all that could be.
    pub(super) fn new() -> (Queue, Receiver<Asked>) {
        let (queue, jobs) = unbounded();
        (Queue(queue), jobs)
    }

    /// Adds a job. Whether there was room for it.
    pub(super) fn push(&self, id: JobId, job: Job) -> bool {
        self.0.len() < QUEUE_MAX && self.0.send(Asked { id, job, at: Instant::now() }).is_ok()
    }
}

/// Where a worker's jobs come from and its answers go.
#[derive(Clone)]
pub(super) struct Out {
    pub(super) jobs: Receiver<Asked>,
    pub(super) done: Sender<(JobId, Answer)>,
    pub(super) wake: Arc<mio::Waker>,
}

impl Out {
    /// Answers until nobody can ask any more.
    pub(super) fn run(&self, mut execute: impl FnMut(Job, Instant) -> Answer) {
        for Asked { id, job, at } in &self.jobs {
            self.tell(id, guarded(|| execute(job, at)));
        }
    }

    /// Answers what is asked of a store, in the order in which it is asked.
    pub(super) fn keep(&self, engine: &mut dyn Store, order: &Order) {
        for Asked { id, job, .. } in &self.jobs {
            let answer = ask(engine, &job);
            let mut told = order.told();
            *told += 1;
            self.tell(id, answer);
        }
    }

    /// Answers what is asked of a store while others write to it. An answer is never older than the answer
    /// to a write that has been told before it: one that was made before that is thrown away.
    pub(super) fn look_up(&self, engine: &mut dyn Store, order: &Order) {
        for Asked { id, job, .. } in &self.jobs {
            let mut quickly = || {
                let before = *order.told();
                let answer = ask(engine, &job);
                let told = order.told();
                (*told == before).then_some((answer, told))
            };
            let found = (0..OVERTAKEN_MAX).find_map(|_| quickly());
            let (answer, _told) = found.unwrap_or_else(|| {
                let told = order.told();
                (ask(engine, &job), told)
            });
            self.tell(id, answer);
        }
    }

    fn tell(&self, id: JobId, answer: Answer) {
        // These fail only once the reactor has gone; then there is nobody to tell, but there may be more to
        // store.
        drop(self.done.send((id, answer)));
        drop(self.wake.wake());
    }
}

/// In which order writes and look-ups, which different threads do, are told to be done: how many answers of
/// the one who writes have been told. Whoever tells one holds it.
#[derive(Debug, Default)]
pub(super) struct Order(Mutex<u64>);

impl Order {
    fn told(&self) -> MutexGuard<'_, u64> {
        // A number is whole whoever has panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ask(engine: &mut dyn Store, job: &Job) -> Answer {
    guarded(|| match job {
        Job::Store(query) => Answer::Stored(engine.ask(query)),
        _ => Answer::Busy,
    })
}

fn guarded(execute: impl FnOnce() -> Answer) -> Answer {
    catch_unwind(AssertUnwindSafe(execute)).unwrap_or_else(|_| {
        log::error!("a job has failed by a fault of this program; please report this");
        Answer::Busy
    })
}

/// A lane whose threads begin when there is something to do for them: each takes memory, and on many servers
/// they never have anything.
pub(super) struct Crew {
    queue: Queue,
    begin: Box<dyn Fn() -> io::Result<()> + Send>,
    begun: Cell<usize>,
    most: usize,
}

impl Crew {
    /// A lane with at most so many threads, each of which `begin` begins.
    pub(super) fn new(
        queue: Queue,
        most: usize,
        begin: impl Fn() -> io::Result<()> + Send + 'static,
    ) -> Crew {
        Crew { queue, begin: Box::new(begin), begun: Cell::new(0), most }
    }

    /// Adds a job. Whether there was room for it, and somebody who will do it.
    pub(super) fn push(&self, id: JobId, job: Job) -> bool {
        if self.begun.get() < self.most {
            match (self.begin)() {
                Ok(()) => self.begun.set(self.begun.get() + 1),
                Err(error) => log::warn!("a thread could not be started: {error}"),
            }
        }
        self.begun.get() > 0 && self.queue.push(id, job)
    }
}

impl fmt::Debug for Crew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Crew({} of {})", self.begun.get(), self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        arena::Id,
        registry::RecordId,
        store::{Error, Find, Query, Rows},
        time::Stamp,
    };
    use crossbeam_channel::bounded;
    use std::{thread, time::Duration};

    /// A store of one number, which is looked up as the clock of an identity.
    struct Number {
        value: Arc<Mutex<u64>>,
        /// Told when a look-up has read, and waited for before it goes on.
        read: Option<(Sender<()>, Receiver<()>)>,
    }

    impl Store for Number {
        fn ask(&mut self, query: &Query) -> Result<Rows, Error> {
            match query {
                Query::RaiseClock { tick, .. } => {
                    *self.value.lock().unwrap() = *tick;
                    Ok(Rows::Done)
                }
                _ => {
                    let clock = *self.value.lock().unwrap();
                    if let Some((read, go)) = &self.read {
                        read.send(()).unwrap();
                        // Once the test is over nothing is waited for.
                        let _ = go.recv();
                    }
                    Ok(Rows::Identity { sid: crate::time::Sid::FIRST, clock, life: 0 })
                }
            }
        }
    }

    #[test]
    fn what_is_looked_up_is_never_older_than_a_write_that_has_been_told() {
        let poll = mio::Poll::new().unwrap();
        let wake = Arc::new(mio::Waker::new(poll.registry(), mio::Token(0)).unwrap());
        let (done, answers) = bounded(16);
        let lane = || {
            let (queue, jobs) = Queue::new();
            (queue, Out { jobs, done: done.clone(), wake: wake.clone() })
        };
        let (value, order) = (Arc::new(Mutex::new(0)), Arc::new(Order::default()));
        let (read, has_read) = bounded(0);
        let (go, may_go) = bounded(0);
        let ((writes, out), (look_ups, looking)) = (lane(), lane());
        let mut store = Number { value: value.clone(), read: None };
        let mut finder = Number { value, read: Some((read, may_go)) };
        let writing = order.clone();
        let threads = [
            thread::spawn(move || out.keep(&mut store, &writing)),
            thread::spawn(move || looking.look_up(&mut finder, &order)),
        ];
        let find = Query::Find(Find::Id(RecordId(Stamp::ZERO)));
        assert!(look_ups.push(JobId::pack(99, 0), Job::Store(find)));
        // Each time it has read something is written, and told.
        let has_read = || has_read.recv_timeout(Duration::from_secs(10)).unwrap();
        for tick in 1..=OVERTAKEN_MAX as u32 {
            has_read();
            let query = Query::RaiseClock { tick: tick.into(), clean: false };
            assert!(writes.push(JobId::pack(tick, 0), Job::Store(query)));
            assert!(matches!(answers.recv().unwrap(), (id, _) if id.index() == tick));
            go.send(()).unwrap();
        }
        // From now on writes wait for it.
        has_read();
        let query = Query::RaiseClock { tick: 77, clean: false };
        assert!(writes.push(JobId::pack(77, 0), Job::Store(query)));
        go.send(()).unwrap();
        let (id, found) = answers.recv().unwrap();
        assert_eq!(id.index(), 99);
        let Answer::Stored(Ok(Rows::Identity { clock, .. })) = found else { panic!("{found:?}") };
        assert_eq!(clock, OVERTAKEN_MAX as u64);
        assert!(matches!(answers.recv().unwrap(), (id, _) if id.index() == 77));
        drop((writes, look_ups));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}
