//! The servers as a tree, the way LINKS and MAP show them, though any graph of links is possible.

use super::Network;
use crate::time::Sid;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A server, and how it is reached.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Branch {
    /// Which.
    pub server: Sid,
    /// The server before it on the shortest way; for the root itself.
    pub uplink: Sid,
    /// How many links away it is.
    pub depth: u32,
}

impl Network {
    /// The servers in sight as they are reached from one of them, each before those behind it.
    pub fn tree(&self, root: Sid) -> Vec<Branch> {
        let mut behind: BTreeMap<Sid, Vec<Sid>> = BTreeMap::new();
        let mut seen = BTreeSet::from([root]);
        let mut edge = VecDeque::from([root]);
        while let Some(sid) = edge.pop_front() {
            for next in self.neighbours(sid).filter(|next| seen.insert(*next)) {
                behind.entry(sid).or_default().push(next);
                edge.push_back(next);
            }
        }
        // Out of reach, but not for so long that it shows.
        let lost = self.servers().filter(|(sid, server)| !server.hidden && !seen.contains(sid));
        behind.entry(root).or_default().extend(lost.map(|(sid, _)| sid));
        let mut left = vec![Branch { server: root, uplink: root, depth: 0 }];
        let mut tree = Vec::new();
        while let Some(branch) = left.pop() {
            let Branch { server: uplink, depth, .. } = branch;
            let next = behind.remove(&uplink).unwrap_or_default().into_iter().rev();
            left.extend(next.map(|server| Branch { server, uplink, depth: depth + 1 }));
            tree.push(branch);
        }
        tree.retain(|branch| self.servers.get(&branch.server).is_some_and(|known| !known.hidden));
        tree
    }
}
