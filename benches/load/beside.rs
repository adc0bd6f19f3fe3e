//! What others notice while accounts are written and people log in: how long looking one up takes, and how
//! long a message takes between two who have nothing to do with accounts.

use crate::{
    accounts::{Client, Size, plain, ready},
    report::{Report, Series},
};
use std::{
    io::{self, Error},
    net::SocketAddr,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

/// How long it takes to look up accounts, any of all, while others write to theirs.
pub fn look_ups(report: Report, address: SocketAddr, size: Size) -> io::Result<()> {
    let before = counted(address)?;
    let (stop, written) = (AtomicBool::new(false), AtomicU64::new(0));
    let spans = thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|number| {
                scope.spawn({
                    let (stop, written) = (&stop, &written);
                    move || write(address, number, (stop, written))
                })
            })
            .collect();
        let readers: Vec<_> =
            (0..READERS).map(|number| scope.spawn(move || read(address, number, size))).collect();
        let found = readers.into_iter().map(joined).collect::<io::Result<Vec<Spans>>>();
        stop.store(true, Ordering::Relaxed);
        writers.into_iter().try_for_each(joined)?;
        found
    })?;
    let (mut spans, after) =
        (Spans(spans.into_iter().flat_map(|one| one.0).collect()), counted(address)?);
    let (cached, asked) = (after.0 - before.0, after.1 - before.1);
    let rate = |count: f64| count / size.span.as_secs_f64();
    let p99 = spans.at(0.99);
    let text = format!("{p99:.2} (p50 {:.2}, longest {:.2})", spans.at(0.5), spans.at(1.0));
    report.budget("NS INFO while others write, p99, ms", text, p99, 10.0);
    let written = rate(written.load(Ordering::Relaxed) as f64);
    report.figure(
        "look-ups and writes, a second",
        format!("{:.0} and {written:.0}", rate(cached + asked)),
    );
    report.figure(
        "of the look-ups, from memory",
        format!("{:.1} %", 100.0 * cached / (cached + asked)),
    );
    Ok(())
}

/// Asks about one account after the other.
fn read(address: SocketAddr, number: u64, size: Size) -> io::Result<Spans> {
    let (mut client, mut spans) = (ready(None, address, false)?, Spans::default());
    let (mut chance, begin) = (number + 1, Instant::now());
    while begin.elapsed() < size.span {
        chance =
            chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let account = (chance >> 33) % size.accounts;
        spans.time(|| {
            client.say(&format!("NS INFO user{account}"))?;
            client.until(&format!("Information on user{account}:"))
        })?;
    }
    Ok(spans)
}

/// Writes to one's own account, each time as soon as the last is stored.
fn write(
    address: SocketAddr,
    number: u64,
    (stop, written): (&AtomicBool, &AtomicU64),
) -> io::Result<()> {
    let mut client = ready(None, address, true)?;
    plain(&mut client, number)?;
    for value in ["on", "off"].into_iter().cycle() {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        client.say(&format!("NS SET HIDEMAIL {value}"))?;
        client.until("HIDEMAIL")?;
        written.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// How many look-ups the server has answered from memory, and how many its database has.
fn counted(address: SocketAddr) -> io::Result<(f64, f64)> {
    let mut client = ready(None, address, false)?;
    client.say("OPER bench bench")?;
    client.until(" 381 ")?;
    client.say("STATS m")?;
    let mut count = |name: &str| {
        let line = client.until(name)?;
        let number = line.rsplit(' ').next().and_then(|text| text.parse().ok());
        number.ok_or_else(|| Error::other(line))
    };
    Ok((count("slircd_lookups_cached_total ")?, count("slircd_lookup_seconds_count ")?))
}

/// How long messages take between two who have nothing to do with accounts: with nothing else going on, while
/// many log in there, and while as many log in at another server on the same machine. Turn about, since what
/// disturbs the machine is then the same for each.
pub fn latency(
    report: Report,
    (here, elsewhere): (SocketAddr, SocketAddr),
    size: Size,
    any: &(impl Fn() -> u64 + Sync),
) -> io::Result<()> {
    let crowd = |address| (0..CROWD).map(|_| ready(None, address, true)).collect();
    let mut crowds: [io::Result<Vec<Client>>; 2] = [crowd(here), crowd(elsewhere)];
    let (mut quiet, mut figures) = (Series::default(), <[(Series, Series); 2]>::default());
    for _ in 0..size.rounds {
        quiet.push(talk(here, size.span)?);
        for (crowd, (figure, rate)) in crowds.iter_mut().zip(&mut figures) {
            let crowd = crowd.as_mut().map_err(|error| Error::other(error.to_string()))?;
            let (found, count) = while_logging_in(crowd, any, || talk(here, size.span))?;
            figure.push(found);
            rate.push(count as f64 / size.span.as_secs_f64());
        }
    }
    let [(under, rate), (beside, other)] = &figures;
    report.figure("p99 between others, quiet, ms", &quiet);
    let text = format!("{under}, {rate:.0} log-ins a second");
    report.figure("p99, 50 log in by argon2id, ms", text);
    let text = format!("{beside}, {other:.0} log-ins a second");
    report.figure("p99, they do so elsewhere, ms", text);
    report.figure("the one over the other", under.over(beside));
    Ok(())
}

/// Does something while a crowd logs in again and again; what it found, and how often they have.
fn while_logging_in(
    crowd: &mut [Client],
    any: &(impl Fn() -> u64 + Sync),
    what: impl FnOnce() -> io::Result<f64>,
) -> io::Result<(f64, u64)> {
    let (stop, logged_in) = (&AtomicBool::new(false), &AtomicU64::new(0));
    thread::scope(|scope| {
        let again = |client: &mut Client| -> io::Result<()> {
            while !stop.load(Ordering::Relaxed) {
                plain(client, any())?;
                logged_in.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        };
        let clients: Vec<_> =
            crowd.iter_mut().map(|client| scope.spawn(move || again(client))).collect();
        let found = what();
        stop.store(true, Ordering::Relaxed);
        let count = logged_in.load(Ordering::Relaxed);
        clients.into_iter().try_for_each(joined)?;
        Ok((found?, count))
    })
}

/// The 99th percentile of the time that a message takes, in milliseconds, one after the other.
fn talk(address: SocketAddr, span: Duration) -> io::Result<f64> {
    let (mut one, mut other) = (ready(None, address, false)?, ready(None, address, false)?);
    for client in [&mut one, &mut other] {
        client.say("JOIN #talk")?;
        client.until(" 366 ")?;
    }
    let (mut spans, begin) = (Spans::default(), Instant::now());
    while begin.elapsed() < span {
        spans.time(|| {
            one.say("PRIVMSG #talk :is anybody there?")?;
            other.until("PRIVMSG")
        })?;
        thread::sleep(PAUSE);
    }
    Ok(spans.at(0.99))
}

/// How long something took, each time.
#[derive(Default)]
struct Spans(Vec<Duration>);

impl Spans {
    fn time<T>(&mut self, what: impl FnOnce() -> io::Result<T>) -> io::Result<()> {
        let begin = Instant::now();
        what()?;
        self.0.push(begin.elapsed());
        Ok(())
    }

    /// In milliseconds, what that part of them does not exceed.
    fn at(&mut self, part: f64) -> f64 {
        self.0.sort_unstable();
        let place = (self.0.len().saturating_sub(1) as f64 * part) as usize;
        self.0.get(place).copied().unwrap_or_default().as_secs_f64() * 1e3
    }
}

fn joined<T>(thread: thread::ScopedJoinHandle<'_, io::Result<T>>) -> io::Result<T> {
    thread.join().unwrap_or_else(|_| Err(Error::other("a client has failed")))
}

/// How many log in while others talk.
const CROWD: usize = 50;

/// How many look accounts up.
const READERS: u64 = 4;

/// How many write to theirs meanwhile.
const WRITERS: u64 = 2;

/// Between one message and the next.
const PAUSE: Duration = Duration::from_millis(1);
