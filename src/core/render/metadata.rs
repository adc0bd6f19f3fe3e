//! Metadata has changed (`ircv3: metadata`).

use super::Tell;
use crate::{
    core::{ConnId, audience, metadata},
    network::{crdt::Source, metadata::Holder, mode::Status},
};

impl Tell<'_> {
    /// Tells those who have subscribed to the key, and see or monitor whom it is about; but not the session
    /// that has changed it, which gets an answer.
    pub(super) fn metadata(&mut self, of: Holder, key: &str, by: Source) {
        let mut to: Vec<ConnId> = match of {
            Holder::User(user) => {
                let mut around = audience::around(self.core, user);
                around.extend(self.core.monitor.of(self.core.network().user(user).nick()));
                around.sort_unstable();
                around.dedup();
                around
            }
            Holder::Channel(channel) => {
                audience::of_channel(self.core, channel, Status::NONE).collect()
            }
        };
        to.retain(|conn| {
            let session = self.core.sessions.get(*conn);
            Some(*conn) != self.cause
                && session.is_some_and(|session| metadata::wants(session, key))
        });
        let source = self.source(by, "");
        let value = self.core.network().metadata(of).and_then(|metadata| metadata.get(key));
        let value = value.map(str::to_owned);
        let target = metadata::name(self.core.network(), of).to_owned();
        for conn in to {
            let told = (target.as_str(), key, value.as_deref());
            metadata::tell(self.core, self.fx, conn, (Some(&source), None), told, self.now);
        }
    }
}
