//! What must hold of the links of a server, and what is to be gone once all have seen everything.

use super::{Mesh, stable::old_lives};
use crate::core::Core;
use std::collections::BTreeMap;

impl Mesh {
    /// Every invariant that does not hold, as a sentence. Linear in what is kept: for tests.
    pub fn check(&self) -> Vec<String> {
        let mut broken = Vec::new();
        if self.have.seq(self.me) != self.seq {
            broken.push(format!("{} operations made, {} seen", self.seq, self.have.seq(self.me)));
        }
        let held: usize = self.held.by_origin.values().map(BTreeMap::len).sum();
        if held > self.limits.held || held != self.held.count {
            broken.push(format!("{held} operations are held back, not {}", self.held.count));
        }
        for (origin, queue) in &self.held.by_origin {
            if queue.first_key_value().is_none_or(|(seq, _)| *seq <= self.have.seq(*origin)) {
                broken.push(format!("what is held back of {origin:?} has been seen"));
            }
        }
        for (origin, log) in &self.log {
            let first = log.front().map_or(1, |numbered| numbered.seq);
            let last = log.back().map_or(0, |numbered| numbered.seq);
            let whole = first + log.len() as u64 == last + 1;
            if log.len() > self.limits.log || last != self.have.seq(*origin) || !whole {
                broken.push(format!("the log of {origin:?} goes from {first} to {last}"));
            }
        }
        broken
    }

    /// What is kept only until every server has seen something, and is still kept.
    pub fn left_over(&self, core: &Core) -> Vec<String> {
        let network = core.network();
        let mut left = Vec::new();
        for (channel, at) in network.empty_channels() {
            left.push(format!("{}, which was emptied at {at:?}", channel.name));
        }
        let renamed = network.renames().stamps().count();
        left.extend((renamed > 0).then(|| format!("{renamed} renames of channels")));
        let unset = network.emptied().count() - network.empty_channels().count() - renamed;
        left.extend((unset > 0).then(|| format!("{unset} keys of metadata that were taken away")));
        if self.held.count > 0 {
            left.push(format!("held back: {:?}", self.held));
        }
        let hidden = network.servers().filter(|(_, server)| server.hidden);
        left.extend(hidden.map(|(sid, _)| format!("{sid} is hidden")));
        left.extend(old_lives(core, &self.have).map(|(origin, _)| format!("seen: {origin:?}")));
        if !core.undelivered.is_empty() {
            left.push(format!("{} messages on their way", core.undelivered.len()));
        }
        left
    }
}
