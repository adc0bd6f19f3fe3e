//! What is measured: each scenario sets up its servers, and runs its rounds turn about.

use crate::{
    client::{Crowd, Welcome},
    floor::{Floor, Lengths},
    process::{self, Folder, Process},
    report::{Report, Series},
};
use std::{
    io::{self, Error},
    thread,
    time::{Duration, Instant},
};

/// How much is done.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// How many clients the scenarios with messages have.
    pub clients: usize,
    /// How many clients idle.
    pub idle: usize,
    /// How many clients register in one round.
    pub registrations: usize,
    /// How many rounds.
    pub rounds: usize,
    /// How long a round of messages at a steady rate takes.
    pub steady: Duration,
}

/// A server that is measured, and its clients.
struct Contender {
    floor: Option<Floor>,
    process: Process,
    crowd: Crowd,
    _folder: Option<Folder>,
}

/// What a channel's members are sent, and when.
pub struct Bursts {
    /// How many channels the clients are spread over.
    pub channels: usize,
    /// How many of them speak at once, each one line.
    pub talkers: usize,
    /// How often in a round.
    pub count: usize,
    /// How soon one burst may follow another; later if that has not arrived.
    pub pace: Duration,
}

/// CPU for each delivered message, beside both floors.
pub fn delivery(
    report: Report,
    title: &str,
    scale: Scale,
    bursts: &Bursts,
    most: f64,
) -> io::Result<()> {
    report.heading(title);
    let mut contenders = contenders(scale.clients, bursts.channels)?;
    let mut costs = vec![Series::default(); contenders.len()];
    let mut reads = vec![Series::default(); contenders.len()];
    let mut busy = vec![Series::default(); contenders.len()];
    for round in 0..scale.rounds {
        for (place, contender) in contenders.iter_mut().enumerate() {
            let spent = contender.burst(bursts, round)?;
            let deliveries = spent.deliveries as f64;
            if let Some(series) = costs.get_mut(place) {
                series.push(spent.cpu.as_secs_f64() * 1e9 / deliveries);
            }
            if let Some(series) = reads.get_mut(place) {
                series.push(deliveries / spent.reads as f64);
            }
            if let Some(series) = busy.get_mut(place) {
                series.push(spent.cpu.as_secs_f64() * 100.0 / spent.wall.as_secs_f64());
            }
        }
    }
    for (place, contender) in contenders.iter().enumerate() {
        let (Some(cost), Some(reads), Some(busy)) =
            (costs.get(place), reads.get(place), busy.get(place))
        else {
            continue;
        };
        let note = format!("{:.1} to a read, {:.0} % of a core", reads.median(), busy.median());
        report
            .figure(&format!("{}, ns a delivery", contender.name()), format!("{cost:.0}   {note}"));
    }
    ratios(report, &costs, Some(most));
    Ok(())
}

/// CPU for each registration: from the connection to the end of the message of the day.
pub fn registration(report: Report, scale: Scale, most: f64) -> io::Result<()> {
    report.heading("Registration");
    let contenders = contenders(1, 1)?;
    let mut costs = vec![Series::default(); contenders.len()];
    // The first round warms up.
    for round in 0..=scale.rounds {
        for (place, contender) in contenders.iter().enumerate() {
            let before = contender.process.cpu()?;
            let address = contender.address(0)?;
            let (crowd, _) = Crowd::connect(address, false, scale.registrations, WINDOW)?;
            let cpu = contender.process.cpu()? - before;
            drop(crowd);
            contender.settle()?;
            if let Some(series) = costs.get_mut(place).filter(|_| round > 0) {
                series.push(cpu.as_secs_f64() * 1e6 / scale.registrations as f64);
            }
        }
    }
    for (contender, cost) in contenders.iter().zip(&costs) {
        report.figure(&format!("{}, µs each", contender.name()), format!("{cost:.1}"));
    }
    ratios(report, &costs, Some(most));
    Ok(())
}

/// How long a message takes at a steady rate.
pub fn latency(
    report: Report,
    title: &str,
    scale: Scale,
    members: usize,
    most: Option<f64>,
) -> io::Result<()> {
    report.heading(title);
    let mut contenders = contenders(scale.clients, scale.clients.div_ceil(members))?;
    let mut halves = vec![Series::default(); contenders.len()];
    let mut tails = vec![Series::default(); contenders.len()];
    for _ in 0..scale.rounds.min(LATENCY_ROUNDS_MAX) {
        for (place, contender) in contenders.iter_mut().enumerate() {
            let mut times = contender.steady(scale.steady, members)?;
            times.sort_unstable();
            let part = |part: f64| {
                let place = (times.len().saturating_sub(1) as f64 * part) as usize;
                times.get(place).copied().unwrap_or(0) as f64 / 1e3
            };
            if let (Some(half), Some(tail)) = (halves.get_mut(place), tails.get_mut(place)) {
                half.push(part(0.5));
                tail.push(part(0.99));
            }
        }
    }
    for ((contender, half), tail) in contenders.iter().zip(&halves).zip(&tails) {
        let name = contender.name();
        report.figure(&format!("{name}, µs"), format!("p50 {half:.0}   p99 {tail:.0}"));
    }
    if let ([_, tail, ..], Some(_)) = (&tails[..], most) {
        report.budget(
            "slircd, p99, ms",
            format!("{:.3}", tail.median() / 1e3),
            tail.median() / 1e3,
            1.0,
        );
    }
    ratios(report, &tails, most);
    Ok(())
}

/// What a client that says nothing takes, each in three of many channels.
pub fn idle(report: Report, scale: Scale, secure: bool) -> io::Result<()> {
    report.heading(if secure { "Idle clients, TLS" } else { "Idle clients, plain" });
    // Both ends of each connection are in files of different processes, but one limit is for both.
    let files = usize::try_from(process::raise_file_limit()).unwrap_or(usize::MAX);
    let count = scale.idle.min(files.saturating_sub(FILES_KEPT));
    if count < scale.idle {
        report.figure("clients", format!("{count}: no more than {files} files may be open"));
    }
    let folder = Folder::new(SEND_QUEUE)?;
    let process = Process::slircd(&folder)?;
    thread::sleep(CALM);
    let before = process.memory()?;
    let address = process.addresses.get(usize::from(secure)).copied();
    let address = address.ok_or_else(|| Error::other("it does not listen"))?;
    let (mut crowd, _) = Crowd::connect(address, secure, count, WINDOW)?;
    let channels = count.div_ceil(CLIENTS_PER_CHANNEL);
    crowd.join(|client| {
        (0..CHANNELS_EACH)
            .map(|place| format!("#{}", (client + place * (channels / 3 + 1)) % channels))
            .collect()
    })?;
    thread::sleep(CALM);
    let after = process.memory()?;
    let each = (after.total() - before.total()) as f64 / crowd.len() as f64;
    report.figure("clients, channels", format!("{}, {channels}", crowd.len()));
    report.figure("anonymous, MB", format!("{:.1}", after.anonymous as f64 / 1e6));
    report.figure("file-backed, MB", format!("{:.1}", after.file as f64 / 1e6));
    if secure {
        report.budget("a client, bytes", format!("{each:.0}"), each, 14.0 * 1024.0);
    } else {
        report.figure("a client, bytes", format!("{each:.0}"));
        let total = after.total() as f64 / 1e6;
        report.budget("resident, MB", format!("{total:.1}"), total, 25.0);
    }
    Ok(())
}

/// What it takes when nobody is there: memory, time, space on a disk.
pub fn empty(report: Report, scale: Scale) -> io::Result<()> {
    report.heading("Nobody connected");
    let folder = Folder::new(SEND_QUEUE)?;
    let mut starts = Series::default();
    // The first start makes the database and the secrets.
    let first = Process::slircd(&folder)?.start;
    for _ in 0..scale.rounds {
        starts.push(Process::slircd(&folder)?.start.as_secs_f64() * 1e3);
    }
    let process = Process::slircd(&folder)?;
    thread::sleep(CALM);
    let memory = process.memory()?;
    let (total, size) = (memory.total() as f64 / 1e6, process::size()? as f64 / 1e6);
    report.figure("anonymous, MB", format!("{:.1}", memory.anonymous as f64 / 1e6));
    report.figure("file-backed, MB", format!("{:.1}", memory.file as f64 / 1e6));
    report.budget("resident, MB", format!("{total:.1}"), total, 8.0);
    report.budget("program, MB", format!("{size:.1}"), size, 10.0);
    report.figure("first start to accepting, ms", format!("{:.1}", first.as_secs_f64() * 1e3));
    report.budget("start to accepting, ms", format!("{starts:.1}"), starts.median(), 100.0);
    Ok(())
}

/// Prints how slircd stands to each floor. The floor that coalesces is the first, slircd the second.
fn ratios(report: Report, costs: &[Series], most: Option<f64>) {
    if let [coalescing, slircd, each] = costs {
        let (what, ratio) = ("times the coalescing floor", slircd.over(coalescing));
        match most {
            Some(most) => report.budget(what, format!("{ratio:.3}"), ratio.median(), most),
            None => report.figure(what, format!("{ratio:.3}")),
        }
        report.figure("times the floor writing each", format!("{:.3}", slircd.over(each)));
    }
}

/// slircd between the two floors, each with its clients in channels.
fn contenders(clients: usize, channels: usize) -> io::Result<Vec<Contender>> {
    let folder = Folder::new(SEND_QUEUE)?;
    let slircd = Process::slircd(&folder)?;
    let (slircd, welcome) = Contender::new(None, slircd, Some(folder), clients, channels)?;
    let Welcome { bytes, source } = welcome;
    let lengths = Lengths { welcome: bytes, source };
    let floor = |floor: Floor| {
        let process = Process::floor(floor, lengths)?;
        Ok::<_, Error>(Contender::new(Some(floor), process, None, clients, channels)?.0)
    };
    Ok(vec![floor(Floor::Coalescing)?, slircd, floor(Floor::Each)?])
}

/// What a round has taken.
struct Spent {
    cpu: Duration,
    wall: Duration,
    deliveries: u64,
    reads: u64,
}

impl Contender {
    fn new(
        floor: Option<Floor>,
        process: Process,
        folder: Option<Folder>,
        clients: usize,
        channels: usize,
    ) -> io::Result<(Contender, Welcome)> {
        let address = process.addresses.first().copied();
        let address = address.ok_or_else(|| Error::other("it does not listen"))?;
        let (mut crowd, welcome) = Crowd::connect(address, false, clients, WINDOW)?;
        crowd.join(|client| vec![channel(client % channels)])?;
        let contender = Contender { floor, process, crowd, _folder: folder };
        contender.settle()?;
        Ok((contender, welcome))
    }

    fn name(&self) -> String {
        self.floor.map_or_else(|| "slircd".into(), |floor| format!("floor, {}", floor.name()))
    }

    fn address(&self, place: usize) -> io::Result<std::net::SocketAddr> {
        let address = self.process.addresses.get(place).copied();
        address.ok_or_else(|| Error::other("it does not listen"))
    }

    /// Waits until the server has nothing to do.
    fn settle(&self) -> io::Result<()> {
        let mut before = self.process.cpu()?;
        loop {
            thread::sleep(MOMENT);
            let now = self.process.cpu()?;
            if now - before < MOMENT / 20 {
                return Ok(());
            }
            before = now;
        }
    }

    fn burst(&mut self, bursts: &Bursts, round: usize) -> io::Result<Spent> {
        let clients = self.crowd.len();
        let members = clients / bursts.channels;
        // What takes so much longer is measured for a shorter time.
        let count = match self.floor {
            Some(Floor::Each) => bursts.count.div_ceil(4),
            Some(Floor::Coalescing) | None => bursts.count,
        };
        let lines: Vec<String> = (0..bursts.channels)
            .map(|place| format!("PRIVMSG {} :{TEXT}\r\n", channel(place)))
            .collect();
        let (reads, cpu, begin) = (self.crowd.reads, self.process.cpu()?, Instant::now());
        for burst in 0..count {
            let start = (round * count + burst) * bursts.talkers;
            for talker in start..start + bursts.talkers {
                // One channel after the other, so that those of one do not all speak together.
                let talker = talker % clients;
                if let Some(line) = lines.get(talker % bursts.channels) {
                    self.crowd.say(talker, line.as_bytes())?;
                }
            }
            self.crowd.expect((bursts.talkers * (members - 1)) as u64, |_| ())?;
            while begin.elapsed() < bursts.pace * (burst as u32 + 1) {
                self.crowd.turn(Some(Duration::ZERO), |_, _| ())?;
            }
        }
        let wall = begin.elapsed();
        Ok(Spent {
            cpu: self.process.cpu()? - cpu,
            wall,
            deliveries: (count * bursts.talkers * (members - 1)) as u64,
            reads: self.crowd.reads - reads,
        })
    }

    /// One message each millisecond; how many nanoseconds each delivery took.
    fn steady(&mut self, span: Duration, members: usize) -> io::Result<Vec<u64>> {
        let clients = self.crowd.len();
        let channels = clients.div_ceil(members);
        let (begin, mut sent, mut times) = (Instant::now(), 0_u32, Vec::new());
        let stamp = || u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let wanted = |sent: u32| sent as usize * (members - 1);
        while begin.elapsed() < span || times.len() < wanted(sent) {
            if begin.elapsed() >= INTERVAL * sent && begin.elapsed() < span {
                // A step that shares no divisor with the number of clients visits all of them.
                let talker = (sent as usize * 7919) % clients;
                let line =
                    format!("PRIVMSG {} :{:020}{TEXT}\r\n", channel(talker % channels), stamp());
                self.crowd.say(talker, line.as_bytes())?;
                sent += 1;
            }
            // The clients wait for what comes, so that they leave both cores to what is measured; the
            // system's clock ends the wait within the millisecond in which somebody speaks next.
            self.crowd.turn(Some(INTERVAL), |_, line| {
                times.extend(sent_at(line).map(|sent| stamp().saturating_sub(sent)));
            })?;
            if begin.elapsed() > span + LATE {
                let (came, wanted) = (times.len(), wanted(sent));
                return Err(Error::other(format!("{came} of {wanted} messages came")));
            }
        }
        Ok(times)
    }
}

/// The stamp at the beginning of a message's text.
fn sent_at(line: &[u8]) -> Option<u64> {
    let text = line.windows(2).position(|pair| pair == b" :")? + 2;
    std::str::from_utf8(line.get(text..text + 20)?).ok()?.parse().ok()
}

fn channel(place: usize) -> String {
    format!("#channel{place}")
}

/// The text of each message: as long as people's are.
const TEXT: &str = "a line about as long as what people say to each other on IRC";

/// More than ever waits: where that is not what is measured.
const SEND_QUEUE: &str = "64m";

/// How many clients connect at once.
pub const WINDOW: usize = 50;

const CHANNELS_EACH: usize = 3;

/// So that 10,000 clients are in 1,000 channels.
const CLIENTS_PER_CHANNEL: usize = 10;

/// One message each, which makes a thousand in a second.
const INTERVAL: Duration = Duration::from_millis(1);

/// How long the last message may take.
const LATE: Duration = Duration::from_secs(20);

const MOMENT: Duration = Duration::from_millis(20);

/// How long a server has to come to rest before its memory is looked at.
pub const CALM: Duration = Duration::from_millis(500);

/// Files of this process that are not sockets of clients.
pub const FILES_KEPT: usize = 64;

const LATENCY_ROUNDS_MAX: usize = 6;
