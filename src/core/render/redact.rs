//! Words are taken back (`ircv3: message-redaction`).

use super::Tell;
use crate::{
    core::{ConnId, audience, callerid},
    network::{
        UserId,
        mode::Status,
        op::{Op, Target},
    },
    time::MsgId,
    wire::cap,
};

impl Tell<'_> {
    /// Those who have heard something learn that it is taken back, if their clients know what that is.
    pub(super) fn redacted(&mut self, by: UserId) {
        let Op::Redact { said, to, reason, .. } = self.op else { return };
        if !self.core.recent.redact(*said) {
            return;
        }
        let network = self.core.network();
        let (shown, heard): (String, Vec<ConnId>) = match to {
            Target::Channel { name, .. } | Target::Moderated(name) => {
                let Some(channel) = network.known_as(name) else { return };
                let lowest = match to {
                    Target::Channel { prefix, .. } => prefix.and_then(Status::of_prefix),
                    Target::Moderated(_) | Target::User(_) => Some(Status::HALFOP),
                };
                let lowest = lowest.unwrap_or(Status::NONE);
                let heard = audience::who_hear(self.core, channel, lowest).collect();
                (network.channel(channel).name.to_string(), heard)
            }
            Target::User(uid) => {
                let Some(user) = network.uid(*uid) else { return };
                let hears = callerid::hears(self.core, user, by);
                let heard = if hears { audience::of_user(self.core, user) } else { &[] };
                (network.user(user).nick().to_string(), heard.to_vec())
            }
        };
        let own = audience::of_user(self.core, by).to_vec();
        let id = MsgId { at: *said, line: 0 }.to_string();
        let mut msg = self.by(by, "REDACT").param(&shown).param(&id).only(cap::MESSAGE_REDACTION);
        if !reason.is_empty() {
            msg = msg.text(reason);
        }
        let mut to = heard;
        to.retain(|conn| !own.contains(conn));
        to.extend(own);
        self.send(&msg, to);
    }
}
