//! What may be done to a user only at home is done at home.

use super::{Tell, reply, tell};
use crate::{
    core::{audience, notes, policy, usermode},
    network::{
        UserId,
        op::{Ask, Leave, Op},
    },
    wire::{
        name::{ChannelName, Nick},
        reply as replies,
    },
};

impl Tell<'_> {
    pub(super) fn asked(&mut self, user: UserId) {
        let Op::Request { ask, .. } = self.op else { return };
        if self.core.locals.get(user).is_none() {
            return;
        }
        let who = self.core.network().user(user);
        let (uid, name, host) = (who.uid, who.user.clone(), who.host.clone());
        let op = match ask.clone() {
            Ask::Tell(text) => {
                tell(self.core, self.fx, user, &text, self.now);
                None
            }
            Ask::Kill(reason) => Some(Op::Quit { uid, reason }),
            Ask::Join(name) => self.asked_in(user, name),
            Ask::Part(name, reason) => self.asked_out(user, name, reason),
            Ask::Nick(nick) => self.asked_nick(user, nick),
            Ask::Modes(text) => usermode::asked(self.core, user, &text),
            Ask::Ident(name) => Some(Op::Host { uid, user: name, host }),
            Ask::Host(host) => Some(Op::Host { uid, user: name, host }),
            Ask::Realname(realname) => Some(Op::Realname { uid, realname }),
            Ask::Unheard { nick, informed } => {
                self.unheard(user, &nick, informed);
                None
            }
            Ask::Uninvite(name) => {
                if let Some(local) = self.core.locals.get_mut(user) {
                    local.uninvite(&name);
                }
                None
            }
        };
        if let Some(op) = op {
            self.core.commit(self.fx, op, None, self.now);
        }
    }

    fn unheard(&mut self, user: UserId, nick: &Nick, informed: bool) {
        let mut lines = vec![replies::target_umode_g(nick.as_str())];
        lines.extend(informed.then(|| replies::target_notify(nick.as_str())));
        for conn in audience::of_user(self.core, user).to_vec() {
            for line in &lines {
                reply(self.core, self.fx, conn, line, self.now);
            }
        }
    }

    fn asked_in(&mut self, user: UserId, name: ChannelName) -> Option<Op> {
        // It may have been purged since, by somebody else.
        if notes::purged(self.core.network(), &name).is_some() {
            return None;
        }
        self.core.bring(self.fx, &name, self.now);
        if let Some(channel) = self.core.network().record(&name) {
            self.core.tell_again(self.fx, channel, self.now);
        }
        let network = self.core.network();
        let channel = network.record(&name);
        if channel.is_some_and(|channel| network.status(channel, user).is_some()) {
            return None;
        }
        let entry = policy::entry(network, channel);
        Some(Op::Join { uid: network.user(user).uid, name, entry })
    }

    fn asked_out(&self, user: UserId, name: ChannelName, reason: Box<str>) -> Option<Op> {
        let network = self.core.network();
        let member = network.channel(network.record(&name)?).member(user)?;
        let how = Leave::Part(reason);
        Some(Op::Leave { uid: network.user(user).uid, name, joined: member.joined, how })
    }

    fn asked_nick(&self, user: UserId, nick: Nick) -> Option<Op> {
        let network = self.core.network();
        let free = network.nick(&nick).is_none_or(|holder| holder == user);
        let alike = self.core.lookalikes.is_worn(nick.as_str(), Some(user));
        (free && !alike).then(|| Op::Nick { uid: network.user(user).uid, nick })
    }
}
