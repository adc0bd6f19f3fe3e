//! Words that are for neither a channel nor one user.

use super::{Tell, reply, tell_as};
use crate::{
    core::{ConnId, audience},
    network::{
        ChannelId, UserId, crdt,
        mode::Status,
        op::{Hearers, Op},
    },
    wire::reply as replies,
};

impl Tell<'_> {
    /// WALLOPS reach those with +w, GLOBOPS the operators, a notice of OperServ's everybody, and one of
    /// ChanServ's a channel.
    pub(super) fn announced(&mut self) {
        let Op::Announce { by, to, text } = self.op else { return };
        let (letter, verb) = match to {
            Hearers::Opers => ('o', "GLOBOPS"),
            Hearers::Wallops => ('w', "WALLOPS"),
            Hearers::Channel(name, least) => {
                let Some(channel) = self.core.network().name(name) else { return };
                let prefix = if *least == Status::NONE { "" } else { "@" };
                let msg = self.done_by(*by, "", "NOTICE").param(&format!("{prefix}{name}"));
                let to: Vec<ConnId> = audience::who_hear(self.core, channel, *least).collect();
                self.send(&msg.text(text), to);
                return;
            }
            Hearers::Everybody => {
                let source = self.core.service_mask(crdt::OPERSERV);
                for user in self.core.locals.iter().map(|(user, _)| user).collect::<Vec<_>>() {
                    tell_as(self.core, self.fx, (&source, user), text, self.now);
                }
                return;
            }
        };
        let heard = self
            .core
            .locals
            .iter()
            .filter(|(user, _)| self.core.network().user(*user).modes.contains(letter));
        let to: Vec<ConnId> = heard.flat_map(|(_, local)| local.sessions.iter().copied()).collect();
        let msg = self.done_by(*by, "", verb).text(text);
        self.send(&msg, to);
    }

    /// Those who could invite hear who asks to be let in.
    pub(super) fn knocked(&mut self, user: UserId, channel: ChannelId) {
        let network = self.core.network();
        let line =
            replies::knock(network.channel(channel).name.as_str(), &network.user(user).mask());
        let to: Vec<ConnId> = audience::of_channel(self.core, channel, Status::HALFOP).collect();
        for conn in to {
            reply(self.core, self.fx, conn, &line, self.now);
        }
    }
}
