//! What happens in channels.

use super::{Tell, reply};
use crate::{
    core::{
        ConnId, Core, audience, callerid, chanflood,
        effect::Effects,
        metadata, policy,
        registered::{access, expiry},
    },
    network::{
        ChannelId, Sight, UserId,
        crdt::{Epoch, Source},
        mode::{ChannelModes, Status},
        op::{Leave, Op},
    },
    time::Now,
    wire::{
        cap::{self, CapSet},
        flood::{Kind, Rate},
        mode, reply as replies,
    },
};
use std::time::Duration;

/// The most changes on one MODE line.
const CHANGES_MAX: usize = 20;

impl Tell<'_> {
    pub(super) fn joined(&mut self, user: UserId, channel: ChannelId) {
        let own = audience::of_user(self.core, user).to_vec();
        self.show_join(user, channel, &own, &[]);
        self.count_join(channel);
        let name = self.core.network().channel(channel).name.clone();
        if let Some(local) = self.core.locals.get_mut(user) {
            local.uninvite(&name);
            // Before the names are shown, so that they are with it.
            access::attend(self.core, self.fx, (user, channel), self.now);
        }
        self.show_channel(channel, &own);
        if !own.is_empty() {
            access::greet(self.core, self.fx, (user, channel), self.now);
            expiry::note(self.core, self.fx, (user, channel), self.now);
        }
    }

    /// Shows sessions what is to be seen in a channel that they have entered.
    pub(super) fn show_channel(&mut self, channel: ChannelId, to: &[ConnId]) {
        for conn in to.iter().copied() {
            topic(self.core, self.fx, conn, channel, self.now);
            let caps = self.core.sessions.get(conn).map_or(CapSet::EMPTY, |session| session.caps);
            // ircv3: no-implicit-names, under the name it has now and the one it had as a draft.
            if !caps.contains(cap::NO_IMPLICIT_NAMES)
                && !caps.contains(cap::DRAFT_NO_IMPLICIT_NAMES)
            {
                names(self.core, self.fx, conn, channel, self.now);
            }
            metadata::entered(self.core, self.fx, conn, channel, self.now);
        }
    }

    pub(super) fn revealed(&mut self, user: UserId, channel: ChannelId) {
        self.show_join(user, channel, &[], &[]);
    }

    /// Shows a join to those who may see it, and to the user's own sessions that are to see it; but not to
    /// those who see all that is there.
    pub(super) fn show_join(
        &mut self,
        user: UserId,
        channel: ChannelId,
        own: &[ConnId],
        except: &[ConnId],
    ) {
        let away = self.core.network().user(user).away.clone();
        let name = self.core.network().channel(channel).name.to_string();
        let msg = self.join(user, &name);
        let others = audience::who_see(self.core, channel, user);
        let others: Vec<ConnId> = others.filter(|conn| !except.contains(conn)).collect();
        let all = others.iter().chain(own).copied();
        audience::send(self.core, self.fx, &msg, all);
        if let Some(away) = away {
            let msg = self.by(user, "AWAY").text(&away).only(cap::AWAY_NOTIFY);
            audience::send(self.core, self.fx, &msg, others.iter().copied());
        }
        metadata::introduce(self.core, self.fx, user, others, self.now);
    }

    pub(super) fn left(&mut self, user: UserId, channel: ChannelId, sight: Sight, how: &Leave) {
        let nick = self.core.network().user(user).nick().to_string();
        let Some(name) =
            self.core.network().find_channel(channel).map(|channel| channel.name.to_string())
        else {
            return;
        };
        let msg = match how {
            Leave::Part(reason) if reason.is_empty() => self.by(user, "PART").param(&name),
            Leave::Part(reason) => self.by(user, "PART").param(&name).text(reason),
            Leave::Kick { by, reason } => {
                self.done_by(*by, "", "KICK").param(&name).param(&nick).text(reason)
            }
        };
        let own = audience::of_user(self.core, user);
        let others = match (sight, how) {
            // Who is kicked has not been noticed by nobody.
            (Sight::Nobody, Leave::Kick { .. }) => {
                audience::of_channel(self.core, channel, Status::HALFOP).collect()
            }
            (sight, _) => audience::who_know(self.core, channel, sight).collect::<Vec<_>>(),
        };
        audience::send(self.core, self.fx, &msg, others.into_iter().chain(own.iter().copied()));
        let delay = self.core.network().channel(channel).value('J');
        let delay = delay.and_then(|delay| delay.parse().ok()).map(Duration::from_secs);
        let home = self.core.locals.get(user).is_some();
        if let Some(delay) = delay.filter(|_| home && matches!(how, Leave::Kick { .. })) {
            self.core.chanflood.kicked(channel, user, self.now.mono + delay);
        }
    }

    fn count_join(&mut self, channel: ChannelId) {
        let (network, now) = (&self.core.network, self.now.mono);
        let record = network.channel(channel);
        if let Some(rate) = record.value('j').and_then(Rate::parse) {
            self.core.chanflood.joined(channel, rate, now);
        }
        if let Some(rate) = chanflood::rate(record, Kind::Join) {
            self.core.chanflood.count(channel, Kind::Join, rate, now);
        }
    }

    pub(super) fn mode(
        &mut self,
        channel: ChannelId,
        by: Source,
        changes: &[(bool, char, Option<Box<str>>)],
    ) {
        let name = self.core.network().channel(channel).name.to_string();
        for piece in changes.chunks(CHANGES_MAX) {
            let text = mode::format(
                piece.iter().map(|(on, letter, param)| (*on, *letter, param.as_deref())),
            );
            let msg = self.done_by(by, "", "MODE").param(&name).rest(&text);
            audience::send(
                self.core,
                self.fx,
                &msg,
                audience::of_channel(self.core, channel, Status::NONE),
            );
        }
    }

    pub(super) fn topic(&mut self, channel: ChannelId, by: Source, setter: &str) {
        let network = self.core.network();
        let name = network.channel(channel).name.to_string();
        let text = network
            .channel(channel)
            .topic()
            .map(|topic| topic.value.text.clone())
            .unwrap_or_default();
        let msg = self.done_by(by, setter, "TOPIC").param(&name).text(&text);
        audience::send(
            self.core,
            self.fx,
            &msg,
            audience::of_channel(self.core, channel, Status::NONE),
        );
    }

    pub(super) fn invited(&mut self, by: UserId, user: UserId, channel: ChannelId) {
        let network = self.core.network();
        let nick = network.user(user).nick().to_string();
        let name = network.channel(channel).name.clone();
        // It lifts bans, keys and limits, and so it has to come from somebody who could.
        let access = matches!(self.op, Op::Invite { access: true, .. });
        let lifts = access
            || network.channel(channel).has('A')
            || network.user(by).is_oper()
            || network.status(channel, by).is_some_and(|status| status.at_least(Status::HALFOP));
        if let Some(local) = self.core.locals.get_mut(user).filter(|_| lifts) {
            local.invite(&name);
        }
        let msg = self.by(by, "INVITE").param(&nick).param(name.as_str());
        let own = audience::of_user(self.core, user).to_vec();
        if !callerid::silences(self.core, user, by) {
            self.send(&msg, own.iter().copied());
        }
        // ircv3: invite-notify: those who might have invited the user themselves.
        let speaker = audience::of_user(self.core, by).to_vec();
        let ops = audience::of_channel(self.core, channel, Status::HALFOP);
        let to: Vec<ConnId> =
            ops.filter(|conn| !own.contains(conn) && !speaker.contains(conn)).collect();
        self.send(&msg.only(cap::INVITE_NOTIFY), to);
    }
}

impl Core {
    /// A channel goes on with a founding that not all servers remember: it is founded anew, so that all
    /// agree about it.
    pub fn refound(&mut self, fx: &mut Effects, channel: ChannelId, now: Now) {
        let Some(record) = self.network.find_channel(channel) else { return };
        let (name, before) = (record.name.clone(), record.epoch);
        let epoch = Epoch::founded(self.clock.tick(now.wall), Some(before));
        let modes = ChannelModes::of(policy::FIRST_MODES);
        self.commit(fx, Op::Channel { name, epoch, modes }, None, now);
    }
}

/// The topic of a channel, if there is one.
pub fn topic(core: &Core, fx: &mut Effects, conn: ConnId, channel: ChannelId, now: Now) {
    let channel = core.network().channel(channel);
    let Some(topic) = channel.topic() else { return };
    let name = channel.name.as_str();
    reply(core, fx, conn, &replies::topic(name, &topic.value.text), now);
    reply(
        core,
        fx,
        conn,
        &replies::topic_who_time(name, &topic.value.setter, topic.at.wall().secs()),
        now,
    );
}

/// All names of a channel.
pub fn names(core: &Core, fx: &mut Effects, conn: ConnId, channel: ChannelId, now: Now) {
    let mut after = None;
    while let Some(last) = names_piece(core, fx, conn, channel, after, now) {
        after = Some(last);
    }
    let name = core.network().channel(channel).name.as_str();
    reply(core, fx, conn, &replies::end_of_names(name), now);
}

/// One line of a channel's names, from the member after `after` on. Returns the last one shown; `None`
/// when nobody is left. Who is invisible is shown only to those inside.
pub fn names_piece(
    core: &Core,
    fx: &mut Effects,
    conn: ConnId,
    channel: ChannelId,
    after: Option<UserId>,
    now: Now,
) -> Option<UserId> {
    let session = core.sessions.get(conn)?;
    let network = core.network();
    let inside = session.user().is_some_and(|user| network.status(channel, user).is_some());
    let record = network.find_channel(channel)?;
    let symbol = match (record.has('s'), record.has('p')) {
        (true, _) => '@',
        (false, true) => '*',
        (false, false) => '=',
    };
    let room = NAMES_MAX.saturating_sub(core.name().len() + record.name.as_str().len());
    let (mut text, mut last) = (String::new(), None);
    for (user, member) in network.members_after(channel, after) {
        let who = network.user(user);
        let own = session.user() == Some(user);
        let seen = session.user().is_some_and(|viewer| network.sees_member(channel, viewer, user));
        // Who listens only is not on the list, not even on the own one.
        if own && record.has('u') && member.status == Status::NONE
            || !own && !seen
            || !inside && who.modes.contains('i')
        {
            last = Some(user);
            continue;
        }
        let start = text.len();
        if start > 0 {
            text.push(' ');
        }
        text.extend(member.status.prefixes(session.caps.contains(cap::MULTI_PREFIX)));
        if session.caps.contains(cap::USERHOST_IN_NAMES) {
            text.push_str(&who.mask());
        } else {
            text.push_str(who.nick().as_str());
        }
        if start > 0 && text.len() > room {
            text.truncate(start);
            break;
        }
        last = Some(user);
    }
    if !text.is_empty() {
        reply(core, fx, conn, &replies::nam_reply(symbol, record.name.as_str(), &text), now);
    }
    last
}

/// The room for names on a line of 512 bytes, less the server's and the channel's name: what is left
/// after `: 353  =  :` and the longest nick to which it may be addressed.
const NAMES_MAX: usize = 512 - 2 - 13 - 64;
