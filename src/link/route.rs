//! What is for one server alone goes the shortest way there that this server knows of.

use super::Mesh;
use crate::{
    core::{
        Core,
        effect::{Effect, Effects},
        frame::{Frame, PeerId, Routed},
    },
    time::Sid,
};
use std::collections::{BTreeSet, VecDeque};

impl Mesh {
    /// Sends something on its way, or drops it if there is none.
    pub(super) fn route(&self, core: &Core, fx: &mut Effects, mut routed: Box<Routed>) {
        let Some(hops) = routed.hops.checked_sub(1) else { return };
        routed.hops = hops;
        if let Some(peer) = self.toward(core, routed.to).filter(|_| routed.from != routed.to) {
            fx.push(Effect::Frame { peer, frame: Frame::Routed(routed) });
        }
    }

    /// The peer that is nearest to a server, or is that server.
    fn toward(&self, core: &Core, to: Sid) -> Option<PeerId> {
        let network = core.network();
        let mut edge = VecDeque::from([to]);
        let mut seen = BTreeSet::from([to, self.me.server]);
        while let Some(sid) = edge.pop_front() {
            let peer = self.peers.iter().find(|(_, peer)| peer.server == sid);
            if let Some((peer, _)) = peer {
                return Some(peer);
            }
            let next = network.neighbours(sid).filter(|next| seen.insert(*next));
            edge.extend(next);
        }
        None
    }
}
