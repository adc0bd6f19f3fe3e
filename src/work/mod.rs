//! The workers: blocking work, off the reactor's thread.
//!
//! A lane is a queue and its threads. The store's lane has one thread, so its jobs keep their order.

mod bcrypt;
pub mod certificate;
mod crypt;
pub mod dns;
mod foreign;
mod lane;
pub mod load;
pub mod mail;
pub mod password;
mod rehearse;
pub mod trust;
mod watch;
pub mod web;

use crate::{
    config::Secret,
    job::{Answer, Hashes, Job, JobId, Lane, List, Listing, Loaded, RANDOM_LEN},
    store::Store,
    wire::scram,
};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use dns::Resolver;
use lane::{Crew, Order, Out, Queue};
use load::Loader;
use mail::Post;
use std::{
    io,
    net::{TcpStream, ToSocketAddrs},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};
use watch::Watch;
use web::Web;

/// How many answers wait for the reactor.
const ANSWERS_MAX: usize = 256;

/// How many look-ups go on at once: each spends its time waiting.
const NET_THREADS: usize = 8;

/// How nice the threads are that hash: of a processor that another wants all of they get a quarter.
#[cfg(target_os = "linux")]
const CPU_NICE: i32 = 5;

/// The stack of a thread that does nothing but wait for the network.
const NET_STACK: usize = 256 << 10;

/// How long the last jobs of the store may take when the process ends.
const FINISH_TIME: Duration = Duration::from_secs(10);

/// How long a read that is under way then may take.
const SCAN_TIME: Duration = Duration::from_secs(1);

/// How many of a host's addresses are tried.
const ADDRESSES_MAX: usize = 4;

/// What the workers work with.
pub struct Workers {
    /// What outlives the process.
    pub store: Box<dyn Store>,
    /// The same twice more, for long reads and for looking up what somebody waits for; none if whatever is
    /// asked asks `store`.
    pub readers: Option<[Box<dyn Store>; 2]>,
    /// What reads the configuration again.
    pub loader: Loader,
    /// What is in force.
    pub loaded: Loaded,
}

/// The workers. They end once it is dropped and their queues are empty.
#[derive(Debug)]
pub struct Pool {
    store: Queue,
    look_ups: Queue,
    scans: Queue,
    cpu: Queue,
    net: Crew,
    files: Queue,
    answers: Receiver<(JobId, Answer)>,
    /// Disconnected once the store's lane has ended.
    stored: Receiver<()>,
}

/// The lane is full: the core asks faster than the workers can answer.
#[derive(Debug)]
pub struct Full;

impl Pool {
    /// Starts the workers.
    pub fn new(wake: Arc<mio::Waker>, workers: Workers) -> io::Result<Pool> {
        let (done, answers) = bounded(ANSWERS_MAX);
        let lane = || {
            let (queue, jobs) = Queue::new();
            (queue, Out { jobs, done: done.clone(), wake: wake.clone() })
        };
        let Workers { store: engine, readers, loader, loaded } = workers;
        let order = Arc::new(Order::default());
        let (storing, stored) = bounded(0);
        let (reading, read) = bounded(0);
        let (store, out) = lane();
        thread::Builder::new().name("slircd-store".into()).spawn({
            let order = order.clone();
            move || {
                // Dropped after the store, which is then closed.
                let _storing: Sender<()> = storing;
                let mut engine = engine;
                out.keep(&mut *engine, &order);
                // Who closes the file last puts it in order, which a reader cannot. They end without a word, and
                // are not waited for for long.
                let _ = read.recv_timeout(SCAN_TIME);
            }
        })?;
        let (mut look_ups, mut scans) = (store.clone(), store.clone());
        if let Some([mut finder, mut scanner]) = readers {
            let (queue, out) = lane();
            look_ups = queue;
            let looking: Sender<()> = reading.clone();
            thread::Builder::new().name("slircd-finds".into()).spawn(move || {
                let _looking = looking;
                out.look_up(&mut *finder, &order);
                drop(finder);
            })?;
            let (queue, out) = lane();
            scans = queue;
            thread::Builder::new().name("slircd-scans".into()).spawn(move || {
                let _reading = reading;
                // What it finds may be older than what is told of writes.
                out.keep(&mut *scanner, &Order::default());
                drop(scanner);
            })?;
        }
        let (cpu, out) = lane();
        let cores = thread::available_parallelism().map_or(1, |cores| cores.get());
        for _ in 0..cores.saturating_sub(1).max(1) {
            let (out, named) = (out.clone(), thread::Builder::new().name("slircd-cpu".into()));
            named.spawn(move || {
                yield_to_others();
                out.run(|job, _| execute(job));
            })?;
        }
        let (net, out) = lane();
        let asking = Arc::new(Asking::default());
        let net = Crew::new(net, NET_THREADS, move || {
            let (out, asking) = (out.clone(), asking.clone());
            let named = thread::Builder::new().name("slircd-net".into()).stack_size(NET_STACK);
            named.spawn(move || out.run(|job, at| asking.answer(job, at))).map(drop)
        });
        let (files, out) = lane();
        read_files(out, loader, &loaded)?;
        Ok(Pool { store, look_ups, scans, cpu, net, files, answers, stored })
    }

    /// Gives a job to its lane.
    pub fn submit(&self, id: JobId, job: Job) -> Result<(), Full> {
        let is_taken = match job.lane() {
            Lane::Store => self.store.push(id, job),
            Lane::LookUps => self.look_ups.push(id, job),
            Lane::Scans => self.scans.push(id, job),
            Lane::Cpu => self.cpu.push(id, job),
            Lane::Net => self.net.push(id, job),
            Lane::Files => self.files.push(id, job),
        };
        if is_taken { Ok(()) } else { Err(Full) }
    }

    /// What has been answered since the last call.
    pub fn answers(&self) -> impl Iterator<Item = (JobId, Answer)> + '_ {
        self.answers.try_iter()
    }

    /// Waits, for a bounded time, until everything that was to be stored is stored.
    pub fn finish(self) {
        let Pool { store, look_ups, scans, answers, stored, .. } = self;
        drop((store, look_ups, scans));
        drop(answers);
        if stored.recv_timeout(FINISH_TIME) == Err(RecvTimeoutError::Timeout) {
            log::error!("the database takes too long; what was to be stored last may be lost");
        }
    }
}

/// What the threads share that wait for the network.
#[derive(Debug, Default)]
struct Asking {
    resolver: Resolver,
    web: Web,
    post: Post,
}

impl Asking {
    /// Who has waited in the lane for too long goes on without being asked about.
    fn answer(&self, job: Job, at: Instant) -> Answer {
        match job {
            Job::Resolve { address, servers, timeout } => {
                Answer::Resolved(self.resolver.name(address, &servers, at + timeout))
            }
            Job::Inquire { list: List::Zone { zone, servers }, address, timeout } => {
                let found = self.resolver.listed(address, &zone, &servers, at + timeout);
                Answer::Listed(found.map(Listing::Addresses))
            }
            Job::Inquire { list: List::Page { url, ca_file }, timeout, .. } => {
                Answer::Listed(self.web.listed(&url, ca_file.as_deref(), at + timeout))
            }
            Job::Mail(delivery) => Answer::Mailed(self.post.send(&delivery, at + delivery.timeout)),
            Job::Verify { .. }
            | Job::Check { .. }
            | Job::Hash { .. }
            | Job::Random
            | Job::Store(_)
            | Job::Load
            | Job::Rehearse { .. }
            | Job::Watch => Answer::Busy,
        }
    }
}

/// The time that is left until then, if there is any.
fn left(end: Instant) -> io::Result<Duration> {
    let left = end.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

/// A connection to the first of a host's addresses that takes one.
fn connect(host: &str, port: u16, end: Instant) -> io::Result<TcpStream> {
    let mut failure = io::ErrorKind::NotFound.into();
    for address in (host, port).to_socket_addrs()?.take(ADDRESSES_MAX) {
        match TcpStream::connect_timeout(&address, left(end)?) {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// Has the system prefer whoever else wants a processor to this thread: who talks is not to wait for those who
/// log in.
fn yield_to_others() {
    // Elsewhere it would be for all threads of the process. Where it is refused they share as usual.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(CPU_NICE);
}

/// Starts the thread of the lane that waits for files.
fn read_files(out: Out, loader: Loader, loaded: &Loaded) -> io::Result<()> {
    let mut watch = Watch::new(loaded);
    // Asked now, since a newer program may have taken this one's place by then.
    let program = std::env::current_exe().ok();
    let named = thread::Builder::new().name("slircd-files".into());
    let answer = move |job, _| match job {
        Job::Load => Answer::Loaded(loader.load().map(Box::new).inspect(|loaded| {
            watch = Watch::new(loaded);
        })),
        Job::Rehearse { text } => {
            let wrong = rehearse::rehearse(program.as_deref(), loader.path.as_deref());
            Answer::Rehearsed { text, wrong }
        }
        Job::Watch => Answer::Watched(watch.look(&loader)),
        _ => Answer::Busy,
    };
    named.spawn(move || out.run(answer)).map(drop)
}

/// What a job means that needs nothing but itself.
fn execute(job: Job) -> Answer {
    match job {
        Job::Verify { hash, password } => Answer::Verified(verify(hash.as_ref(), &password)),
        Job::Check { stored, password, scram } => check(&stored, &password, scram),
        Job::Hash { password, scram } => {
            hashes(&password, scram).map_or(Answer::Busy, Answer::Hashed)
        }
        Job::Random => {
            let mut bytes = Box::new([0; RANDOM_LEN]);
            load::random(&mut *bytes).map_or(Answer::Busy, |()| Answer::Random(bytes))
        }
        Job::Store(_)
        | Job::Resolve { .. }
        | Job::Inquire { .. }
        | Job::Mail(_)
        | Job::Load
        | Job::Rehearse { .. }
        | Job::Watch => Answer::Busy,
    }
}

/// Whether it is the password of an account, and what is to be stored of it if it is. Hashes of other
/// servers are quicker to verify; a wrong password then takes longer, so that nobody can tell.
fn check(stored: &Hashes, password: &Secret, scram: bool) -> Answer {
    let right = verify(stored.hash.as_ref(), password);
    let old = stored.hash.as_ref().is_some_and(|hash| password::needs_upgrade(hash.expose()));
    if !right {
        if old {
            password::verify_nothing(password.expose());
        }
        return Answer::Checked { right, renewed: None };
    }
    let renew = old || scram != stored.scram.is_some();
    let renewed = if renew { hashes(password, scram) } else { None };
    Answer::Checked { right, renewed: renewed.map(Box::new) }
}

/// What is stored of a password; `None` if the system has no random bytes.
pub fn hashes(password: &Secret, scram: bool) -> Option<Hashes> {
    let hash = Secret::new(&password::hash(password.expose())?);
    let mut salt = [0; scram::SALT_LEN];
    load::random(&mut salt).ok()?;
    let verifier = || scram::Verifier::new(password.expose(), &salt, scram::ITERATIONS);
    let scram = scram.then(|| Secret::new(&verifier().to_string()));
    Some(Hashes { hash: Some(hash), scram })
}

/// Where there is no hash, or none that can be verified, the answer takes as long.
fn verify(hash: Option<&Secret>, password: &Secret) -> bool {
    let Some(hash) = hash else {
        password::verify_nothing(password.expose());
        return false;
    };
    password::verify(password.expose(), hash.expose()).unwrap_or_else(|error| {
        log::error!("{error}; `slircd hash-password` makes another for the configuration");
        password::verify_nothing(password.expose());
        false
    })
}

#[cfg(test)]
mod tests {
    use super::{lane::QUEUE_MAX, *};
    use crate::{
        arena::Id,
        config::{Config, Secret},
        store::{self, Query, Rows},
    };

    /// A store that does with each tick what a test says.
    struct Scripted<F: FnMut(u64) + Send>(F);

    impl<F: FnMut(u64) + Send> Drop for Scripted<F> {
        fn drop(&mut self) {
            (self.0)(CLOSED);
        }
    }

    /// What a scripted store is told as its last tick.
    const CLOSED: u64 = u64::MAX;

    impl<F: FnMut(u64) + Send> Store for Scripted<F> {
        fn ask(&mut self, query: &Query) -> Result<Rows, store::Error> {
            if let Query::RaiseClock { tick, .. } = query {
                (self.0)(*tick);
            }
            Ok(Rows::Done)
        }
    }

    /// A pool, and what has to live as long.
    fn pool(ask: impl FnMut(u64) + Send + 'static) -> (mio::Poll, Pool) {
        let poll = mio::Poll::new().unwrap();
        let waker = Arc::new(mio::Waker::new(poll.registry(), mio::Token(0)).unwrap());
        let loader =
            Loader { path: None, allow_insecure_cloak: true, fallback: Default::default() };
        let store = Box::new(Scripted(ask));
        let loaded = Loaded::of(Config::default());
        let workers = Workers { store, readers: None, loader, loaded };
        (poll, Pool::new(waker, workers).unwrap())
    }

    fn store(pool: &Pool, tick: u32) -> Result<(), Full> {
        let query = Query::RaiseClock { tick: tick.into(), clean: false };
        pool.submit(JobId::pack(tick, 0), Job::Store(query))
    }

    #[test]
    fn a_job_that_panics_costs_itself_alone() {
        let (_poll, pool) = pool(|tick| assert_ne!(tick, 1, "as the test wants it"));
        store(&pool, 1).unwrap();
        store(&pool, 2).unwrap();
        let next = || pool.answers.recv_timeout(Duration::from_secs(10)).unwrap();
        let (first, second) = (next(), next());
        assert!(matches!(first, (id, Answer::Busy) if id.index() == 1), "{first:?}");
        assert!(matches!(second, (id, Answer::Stored(Ok(Rows::Done))) if id.index() == 2));
    }

    #[test]
    fn a_lane_is_bounded_and_what_it_has_taken_is_done_before_the_end() {
        let (go, wait) = bounded::<()>(0);
        let (done, seen) = bounded(2 * QUEUE_MAX);
        let (_poll, pool) = pool(move |tick| {
            // It is over once the test lets go.
            let _ = wait.recv();
            done.send(tick).unwrap();
        });
        let taken =
            (0..2 * QUEUE_MAX as u32).take_while(|tick| store(&pool, *tick).is_ok()).count();
        // One may be at work already.
        assert!((QUEUE_MAX..=QUEUE_MAX + 1).contains(&taken), "{taken}");
        drop(go);
        pool.finish();
        assert!(seen.try_iter().eq((0..taken as u64).chain([CLOSED])));
    }

    #[test]
    fn threads_that_wait_for_the_network_begin_when_they_are_needed() {
        let (_poll, pool) = pool(|_| ());
        assert_eq!(format!("{:?}", pool.net), format!("Crew(0 of {NET_THREADS})"));
        let address = std::net::Ipv4Addr::LOCALHOST.into();
        for index in 0..2 * NET_THREADS as u32 {
            // There is no time to ask.
            let (servers, timeout) = (Vec::new(), Duration::ZERO);
            let job = Job::Resolve { address, servers, timeout };
            pool.submit(JobId::pack(index, 0), job).unwrap();
            let answer = pool.answers.recv_timeout(Duration::from_secs(10)).unwrap();
            assert!(matches!(answer, (id, Answer::Resolved(None)) if id.index() == index));
            let begun = NET_THREADS.min(index as usize + 1);
            assert_eq!(format!("{:?}", pool.net), format!("Crew({begun} of {NET_THREADS})"));
        }
    }

    #[test]
    fn what_is_stored_of_a_password_is_renewed_when_it_is_known_again() {
        let password = Secret::new("sesame");
        let check = |stored: &Hashes, password: &str, scram| {
            let (stored, password) = (stored.clone(), Secret::new(password));
            match execute(Job::Check { stored, password, scram }) {
                Answer::Checked { right, renewed } => (right, renewed.map(|hashes| *hashes)),
                other => panic!("{other:?}"),
            }
        };
        let hash = Job::Hash { password: password.clone(), scram: true };
        let Answer::Hashed(whole) = execute(hash) else { panic!() };
        assert_eq!(check(&whole, "sesame", true), (true, None));
        assert_eq!(check(&whole, "Sesame", true), (false, None));
        assert_eq!(check(&Hashes::default(), "sesame", true), (false, None));
        // MD5, as another server has stored it.
        let old = Some(Secret::new("md5:c8dae1c50e092f3d877192fc555b1dcf"));
        let old = Hashes { hash: old, scram: None };
        assert_eq!(check(&old, "Sesame", true), (false, None));
        let (true, Some(new)) = check(&old, "sesame", true) else { panic!() };
        assert_eq!(check(&new, "sesame", true), (true, None));
        let verifier = scram::Verifier::parse(new.scram.as_ref().unwrap().expose()).unwrap();
        assert!(verifier.fits("sesame"));
        // Verifiers are wanted no more.
        let (true, Some(without)) = check(&new, "sesame", false) else { panic!() };
        assert_eq!((without.scram.clone(), check(&without, "sesame", false)), (None, (true, None)));
    }

    #[test]
    fn a_password_fits_its_hash_and_no_other() {
        let hash = crate::work::password::hash("sesame").unwrap();
        let verify = |password: &str, hash: &str| {
            let hash = Some(Secret::new(hash));
            execute(Job::Verify { hash, password: Secret::new(password) })
        };
        let nothing = Job::Verify { hash: None, password: Secret::new("sesame") };
        assert!(matches!(execute(nothing), Answer::Verified(false)));
        assert!(matches!(verify("sesame", &hash), Answer::Verified(true)));
        assert!(matches!(verify("Sesame", &hash), Answer::Verified(false)));
        assert!(matches!(verify("sesame", "sesame"), Answer::Verified(false)));
    }
}
