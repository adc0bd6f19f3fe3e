//! What lies between the servers: links that delay, stall, break, and lose what is in flight.
//!
//! A link is a pair of ends, each at a server. Each end has a queue of what comes in to it, in order, as
//! a stream transport keeps it. A link that breaks is noticed at its two ends at two moments.

use crate::core::frame::{Frame, PeerId};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

/// An end of a link: a server, and what it calls the link.
pub type End = (usize, PeerId);

/// Two servers that may be linked, the lower number first.
pub type Pair = (usize, usize);

/// All links.
#[derive(Debug, Default)]
pub struct Fabric {
    /// The links that are configured.
    wanted: BTreeSet<Pair>,
    /// Those that cannot be made at present.
    cut: BTreeSet<Pair>,
    ends: BTreeMap<End, Incoming>,
    /// How long a frame takes, for those links that take any time.
    delays: BTreeMap<(usize, usize), Duration>,
    /// From whom to whom nothing gets through at present, while the links stay up.
    stalled: BTreeSet<(usize, usize)>,
    sent: u64,
}

/// What comes in at an end.
#[derive(Debug)]
struct Incoming {
    /// The other end.
    from: End,
    /// When, in which order, what.
    frames: VecDeque<(Duration, u64, Frame)>,
    /// When this end notices that the link has broken.
    broken: Option<(Duration, u64)>,
}

/// What comes to a server from the fabric.
#[derive(Debug)]
pub enum Arrival {
    /// A frame.
    Frame(End, Frame),
    /// The news that a link is down.
    Down(End),
}

impl Fabric {
    /// A fabric in which these pairs of servers may be linked, and are not yet.
    pub fn new(wanted: impl IntoIterator<Item = Pair>) -> Fabric {
        Fabric { wanted: wanted.into_iter().collect(), ..Fabric::default() }
    }

    /// The links that are configured.
    pub fn wanted(&self) -> impl Iterator<Item = Pair> + '_ {
        self.wanted.iter().copied()
    }

    /// The links that are not there and can be made: none of the ends knows of an old one.
    pub fn missing(&self) -> Vec<Pair> {
        let known = |(a, b): Pair| {
            self.ends.iter().any(|(end, incoming)| {
                (end.0, incoming.from.0) == (a, b) || (end.0, incoming.from.0) == (b, a)
            })
        };
        self.wanted().filter(|pair| !self.cut.contains(pair) && !known(*pair)).collect()
    }

    /// A link has been made.
    pub fn link(&mut self, a: End, b: End) {
        let end = |from| Incoming { from, frames: VecDeque::new(), broken: None };
        self.ends.insert(a, end(b));
        self.ends.insert(b, end(a));
    }

    /// How long frames between two servers take from now on.
    pub fn delay(&mut self, (a, b): Pair, there: Duration, back: Duration) {
        self.delays.insert((a, b), there);
        self.delays.insert((b, a), back);
    }

    /// From now on nothing gets through from one server to another, or goes on.
    pub fn stall(&mut self, from: usize, to: usize, on: bool) {
        if on {
            self.stalled.insert((from, to));
        } else {
            self.stalled.remove(&(from, to));
        }
    }

    /// Undoes all cuts, stalls and delays.
    pub fn calm(&mut self) {
        self.cut.clear();
        self.stalled.clear();
        self.delays.clear();
    }

    /// Cuts links, which then cannot be made again until they are mended. See [`Fabric::reset`].
    pub fn cut(&mut self, pair: Pair, now: Duration, notice: [Duration; 2]) {
        self.cut.insert(pair);
        self.reset(pair, now, notice);
    }

    /// A link that was cut can be made again.
    pub fn mend(&mut self, pair: Pair) {
        self.cut.remove(&pair);
    }

    /// All links can be made again.
    pub fn mend_all(&mut self) {
        self.cut.clear();
    }

    /// Breaks a link: what is in flight is lost, and each end notices after a while.
    pub fn reset(&mut self, (a, b): Pair, now: Duration, notice: [Duration; 2]) {
        for (end, incoming) in &mut self.ends {
            let after = match (end.0, incoming.from.0) {
                ends if ends == (a, b) => notice[0],
                ends if ends == (b, a) => notice[1],
                _ => continue,
            };
            if incoming.broken.is_none() {
                self.sent += 1;
                incoming.broken = Some((now + after, self.sent));
                incoming.frames.clear();
            }
        }
    }

    /// A server hangs up on another: both notice at once.
    pub fn hang_up(&mut self, end: End, now: Duration) {
        if let Some(other) = self.ends.get(&end).map(|incoming| incoming.from) {
            self.reset((end.0, other.0), now, [Duration::ZERO; 2]);
        }
    }

    /// A server has crashed: its ends are gone, and the others notice after a while.
    pub fn crash(&mut self, server: usize, now: Duration, notice: Duration) {
        self.ends.retain(|end, _| end.0 != server);
        for (end, incoming) in &mut self.ends {
            if incoming.from.0 != server {
                continue;
            }
            // Nobody is there to send again what does not get through.
            if self.stalled.contains(&(server, end.0)) {
                incoming.frames.clear();
            }
            let last = incoming.frames.back().map_or(now, |frame| frame.0);
            self.sent += 1;
            incoming.broken.get_or_insert((last.max(now + notice), self.sent));
        }
    }

    /// A server sends a frame, which is lost if the link is broken.
    pub fn send(&mut self, from: End, frame: Frame, now: Duration) {
        let Some(to) = self.ends.get(&from).map(|incoming| incoming.from) else { return };
        let delay = self.delays.get(&(from.0, to.0)).copied().unwrap_or_default();
        let Some(incoming) = self.ends.get_mut(&to) else { return };
        if incoming.broken.is_some() {
            return;
        }
        self.sent += 1;
        let last = incoming.frames.back().map_or(Duration::ZERO, |frame| frame.0);
        incoming.frames.push_back((last.max(now + delay), self.sent, frame));
    }

    /// How many frames have been sent.
    pub fn count(&self) -> u64 {
        self.sent
    }

    /// When the next thing arrives, and at which end.
    pub fn next(&self) -> Option<(Duration, End)> {
        let due = self.ends.iter().filter_map(|(end, incoming)| {
            let stalled = self.stalled.contains(&(incoming.from.0, end.0));
            let frame = incoming.frames.front().filter(|_| !stalled).map(|(at, n, _)| (*at, *n));
            // What came before the break is read before the break is noticed.
            let due = match (frame, incoming.broken) {
                (Some(frame), _) => Some(frame),
                (None, broken) => broken,
            };
            due.map(|(at, n)| (at, n, *end))
        });
        due.min().map(|(at, _, end)| (at, end))
    }

    /// Takes what arrives next at an end.
    pub fn take(&mut self, end: End) -> Option<Arrival> {
        let incoming = self.ends.get_mut(&end)?;
        let stalled = self.stalled.contains(&(incoming.from.0, end.0));
        if !stalled {
            if let Some((_, _, frame)) = incoming.frames.pop_front() {
                return Some(Arrival::Frame(end, frame));
            }
        }
        incoming.broken?;
        self.ends.remove(&end);
        Some(Arrival::Down(end))
    }

    /// Every link as its two ends, for whoever wants to notice a break at once.
    pub fn broken(&self) -> Vec<End> {
        let broken = self.ends.iter().filter(|(_, incoming)| incoming.broken.is_some());
        broken.map(|(end, _)| *end).collect()
    }
}
