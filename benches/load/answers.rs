//! What long answers cost those who have not asked: how long the reactor's turns take meanwhile, and how
//! long a PING.

use crate::{
    client::Crowd,
    process::{self, Folder, Process},
    report::Report,
    scenario::{FILES_KEPT, Scale, WINDOW},
};
use std::{
    collections::BTreeMap,
    io::{self, Error},
    time::{Duration, Instant},
};

/// Many clients ask for everything there is at once, in as small a queue as can be configured.
pub fn answers(report: Report, scale: Scale) -> io::Result<()> {
    report.heading("Long answers");
    let files = usize::try_from(process::raise_file_limit()).unwrap_or(usize::MAX);
    let count = scale.idle.min(files.saturating_sub(FILES_KEPT));
    let folder = Folder::new("64k")?;
    let process = Process::slircd(&folder)?;
    let address = process.addresses.first().copied();
    let address = address.ok_or_else(|| Error::other("it does not listen"))?;
    let (mut crowd, _) = Crowd::connect(address, false, count, WINDOW)?;
    let channels = count.div_ceil(MEMBERS);
    // All are in one channel too, whose NAMES and WHO are as long as an answer can be.
    crowd.join(|client| vec![format!("#{}", client % channels), "#everybody".into()])?;
    crowd.say(WATCHER, b"OPER bench bench\r\n")?;
    report.figure("clients, channels", format!("{}, {}", crowd.len(), channels + 1));
    for (question, end) in QUESTIONS {
        let before = turns(&mut crowd)?;
        let round = ask(&mut crowd, question, end)?;
        let after = turns(&mut crowd)?;
        let Round { lines, span, mut trips } = round;
        trips.sort_unstable();
        let part = |part: f64| {
            let place = (trips.len().saturating_sub(1) as f64 * part) as usize;
            trips.get(place).copied().unwrap_or_default().as_secs_f64() * 1e3
        };
        let (all, millis) = (lines as f64, span.as_secs_f64() * 1e3);
        let what = format!("{ASKERS} times {question}");
        report.figure(
            &what,
            format!("{lines} lines in {millis:.0} ms, {:.0} a second", all / millis * 1e3),
        );
        let waits =
            format!("p50 {:.2}, p99 {:.2}, longest {:.2}", part(0.5), part(0.99), part(1.0));
        report.figure("  a PING meanwhile, ms", waits);
        report.figure("  turns, up to how many s", shown(&before, &after));
    }
    Ok(())
}

/// What a question has taken.
struct Round {
    lines: u64,
    span: Duration,
    trips: Vec<Duration>,
}

/// Has the askers ask at once, and somebody else send PINGs one after the other until all are answered.
fn ask(crowd: &mut Crowd, question: &str, end: &[u8]) -> io::Result<Round> {
    let (begin, mut round) =
        (Instant::now(), Round { lines: 0, span: Duration::ZERO, trips: Vec::new() });
    for asker in 0..ASKERS {
        crowd.say(FIRST_ASKER + asker, format!("{question}\r\n").as_bytes())?;
    }
    let (mut answered, mut asked, mut ponged) = (0, Instant::now(), true);
    while answered < ASKERS || !ponged {
        if ponged {
            (asked, ponged) = (Instant::now(), false);
            crowd.say(PINGER, b"PING x\r\n")?;
        }
        crowd.turn(Some(Duration::from_millis(1)), |client, line| {
            if client == PINGER {
                round.trips.push(asked.elapsed());
                ponged = true;
                return;
            }
            round.lines += 1;
            let numeric = line.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
            answered += usize::from(numeric == end);
        })?;
        if begin.elapsed() > PATIENCE {
            return Err(Error::other(format!("{answered} of {ASKERS} were answered")));
        }
    }
    round.span = begin.elapsed();
    Ok(round)
}

/// How many turns have taken up to how many seconds, as STATS tells it.
fn turns(crowd: &mut Crowd) -> io::Result<BTreeMap<String, u64>> {
    let (mut turns, mut over) = (BTreeMap::new(), false);
    crowd.say(WATCHER, b"STATS m\r\n")?;
    let begin = Instant::now();
    while !over {
        crowd.turn(Some(Duration::from_millis(10)), |client, line| {
            let line = String::from_utf8_lossy(line);
            over |= client == WATCHER && line.contains(" 219 ");
            let Some((_, rest)) = line.split_once("slircd_turn_seconds_bucket{le=\"") else {
                return;
            };
            if let Some((bound, count)) = rest.trim_end().split_once("\"} ") {
                turns.insert(bound.to_owned(), count.parse().unwrap_or(0));
            }
        })?;
        if begin.elapsed() > PATIENCE {
            return Err(Error::other("STATS was not answered"));
        }
    }
    Ok(turns)
}

/// How many turns fell into each bucket between two looks at all of them.
fn shown(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> String {
    let mut bounds: Vec<(f64, &String)> =
        after.keys().map(|bound| (bound.parse().unwrap_or(f64::INFINITY), bound)).collect();
    bounds.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (mut below, mut shown) = (0, Vec::new());
    for (_, bound) in bounds {
        let of = |all: &BTreeMap<String, u64>| all.get(bound).copied().unwrap_or(0);
        let count = of(after).saturating_sub(of(before));
        if count > below {
            shown.push(format!("{bound}: {}", count - below));
        }
        below = count;
    }
    shown.join("  ")
}

/// What is asked, and the numeric that ends the answer.
const QUESTIONS: [(&str, &[u8]); 6] = [
    ("LIST", b"323"),
    ("LIST >5,<100000", b"323"),
    ("NAMES #everybody", b"366"),
    ("WHO #everybody", b"315"),
    ("WHO #everybody %tcuihsnfdlaor,7", b"315"),
    ("WHO *", b"315"),
];

/// How many ask at once.
const ASKERS: usize = 20;

const WATCHER: usize = 0;
const PINGER: usize = 1;
const FIRST_ASKER: usize = 2;

/// So that 10,000 clients are in 1,000 channels, and in one more.
const MEMBERS: usize = 10;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);
