//! From changes to what clients see. Every line that a client gets unasked is written here.

pub mod channel;
mod split;

use super::{
    ConnId, Core, audience, bans, defcon,
    effect::{Effect, Effects},
    housekeeping,
    session::Phase,
    snotice,
    whowas::Past,
};
use crate::{
    network::{
        UserId,
        crdt::Source,
        mode::{Status, UserModes},
        op::{Ask, Change, Departed, Message, MessageKind, Op, Target},
    },
    time::{MsgId, Now, Stamp},
    wire::{
        cap,
        encode::Msg,
        fail::Standard,
        name::Nick,
        reply::{self, Reply},
    },
};

/// Applies an operation, and tells the local clients whom it concerns. `cause` is the session that
/// asked for it.
pub fn apply(
    core: &mut Core,
    fx: &mut Effects,
    op: &Op,
    at: Stamp,
    cause: Option<ConnId>,
    now: Now,
) {
    let mut changes = Vec::new();
    let guard = Guard;
    core.network.apply(op, at, &mut changes);
    std::mem::forget(guard);
    debug_assert_eq!(core.network.check(), Vec::<String>::new(), "after {op:?}");
    let mut tell = Tell { core, fx, op, at, line: 0, cause, now };
    for change in &changes {
        tell.change(change);
        tell.core.lookalikes.note(change, &tell.core.network);
        if let Some(user) = change.looks_other() {
            bans::shun(tell.core, user);
        }
    }
    if core.network.has_empty() && core.alone() {
        core.network.collect(|_| true);
    }
    housekeeping::watch_expiries(core, now);
}

/// Ends the process if it is dropped by a panic: a network half changed is not to be trusted.
struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        log::error!(
            "the network could not be changed by a fault of this program, which ends; please report this"
        );
        log::logger().flush();
        std::process::abort();
    }
}

/// What tells of one operation.
struct Tell<'a> {
    core: &'a mut Core,
    fx: &'a mut Effects,
    op: &'a Op,
    at: Stamp,
    /// How many lines the operation has yielded.
    line: u16,
    cause: Option<ConnId>,
    now: Now,
}

impl Tell<'_> {
    fn change(&mut self, change: &Change) {
        match change {
            Change::Came { user } => self.came(*user),
            Change::Nick { user, mask, new } => self.nick(*user, mask, new),
            Change::Away { user } => self.away(*user),
            Change::Realname { user } => self.realname(*user),
            Change::UserModes { user, before } => self.user_modes(*user, *before),
            Change::Host { user, .. } => self.host(*user),
            Change::Joined { user, channel } => self.joined(*user, *channel),
            Change::Revealed { user, channel } => self.revealed(*user, *channel),
            Change::Left { user, channel, sight, how } => self.left(*user, *channel, *sight, how),
            Change::Quit(departed, reason) => self.quit(departed, reason),
            Change::Split(departed, server) => self.split(departed, *server),
            Change::Healed(users, server) => self.healed(users, *server),
            Change::Mode { channel, by, changes } => self.mode(*channel, *by, changes),
            Change::Topic { channel, by, setter } => self.topic(*channel, *by, setter),
            Change::Invited { by, user, channel } => self.invited(*by, *user, *channel),
            Change::Said { by, channel } => self.said(*by, *channel),
            Change::Told { by, user } => self.told(*by, *user),
            Change::Announced => self.announced(),
            Change::Asked { user } => self.asked(*user),
            Change::Ban { key, by } => bans::changed(self.core, self.fx, key, *by, self.now),
            Change::Lapsed(key) => bans::lapsed(self.core, self.fx, key, self.now),
            Change::Filter => self.filter(),
            Change::Defcon(by) => self.defcon(*by),
            Change::Server(_) | Change::Links => self.core.watch_reach(self.fx, self.now),
        }
    }

    /// A message that this operation yields, with the time of the operation and an id of its own.
    fn msg(&mut self, source: &str, verb: &str) -> Msg {
        let id = MsgId { at: self.at, line: self.line };
        self.line = self.line.saturating_add(1);
        Msg::new(source, verb).time(self.at.wall()).id(id)
    }

    fn send(&mut self, msg: &Msg, to: impl IntoIterator<Item = ConnId>) {
        audience::send(self.core, self.fx, msg, to);
    }

    /// The source of what somebody did: as they are now, or else as `setter` remembers them.
    fn source(&self, by: Source, setter: &str) -> String {
        self.core.network().source(by).unwrap_or_else(|| {
            if setter.is_empty() { self.core.name().into() } else { setter.into() }
        })
    }

    fn came(&mut self, user: UserId) {
        let modes = self.core.network().user(user).modes;
        self.core.census.came(modes);
    }

    fn nick(&mut self, user: UserId, mask: &str, new: &Nick) {
        self.remember(user, mask);
        if self.core.locals.get(user).is_some() {
            let (old, host) = mask.split_once('!').unwrap_or((mask, ""));
            let text = |_: &Core| format!("Nick change: From {old} to {new} [{host}]");
            snotice::here(self.core, self.fx, 'n', text, self.now);
        }
        let msg = self.msg(mask, "NICK").text(new.as_str());
        let to = audience::around(self.core, user);
        self.send(&msg, to);
    }

    fn away(&mut self, user: UserId) {
        let to = self.others_around(user);
        let (mask, away) =
            (self.core.network().user(user).mask(), self.core.network().user(user).away.clone());
        let msg = self.msg(&mask, "AWAY").only(cap::AWAY_NOTIFY);
        let msg = match away {
            Some(away) => msg.text(&away),
            None => msg,
        };
        self.send(&msg, to);
    }

    fn realname(&mut self, user: UserId) {
        let (mask, realname) = (
            self.core.network().user(user).mask(),
            self.core.network().user(user).realname.clone(),
        );
        let msg = self.msg(&mask, "SETNAME").text(&realname).only(cap::SETNAME);
        let to = audience::around(self.core, user);
        self.send(&msg, to);
    }

    fn user_modes(&mut self, user: UserId, before: UserModes) {
        let after = self.core.network().user(user).modes;
        self.core.census.changed(before, after);
        if let Some(local) = self.core.locals.get_mut(user) {
            local.deaf = after.contains('d');
        }
        let own = audience::of_user(self.core, user).to_vec();
        if own.is_empty() {
            return;
        }
        let nick = self.core.network().user(user).nick().to_string();
        let text =
            crate::wire::mode::format(after.since(before).map(|(on, letter)| (on, letter, None)));
        let mask = self.core.network().user(user).mask();
        let msg = self.msg(&mask, "MODE").param(&nick).text(&text);
        self.send(&msg, own);
        if !after.contains('s') {
            self.core.snomasks.remove(&user);
        }
    }

    /// Tells a user of the host that others see now.
    fn host(&mut self, user: UserId) {
        let host = self.core.network().user(user).host.clone();
        for conn in audience::of_user(self.core, user).to_vec() {
            reply(self.core, self.fx, conn, &reply::host_hidden(&host), self.now);
        }
    }

    fn quit(&mut self, departed: &Departed, reason: &str) {
        self.core.census.quit(departed.modes);
        self.note_past(departed);
        let msg = self.msg(&departed.mask, "QUIT").text(reason);
        let to = audience::of_departed(self.core, departed);
        self.send(&msg, to);
        let Some(local) = self.core.locals.remove(departed.user) else { return };
        self.core.census.left();
        self.core.snomasks.remove(&departed.user);
        let exit = |_: &Core| {
            let (nick, rest) = departed.mask.split_once('!').unwrap_or((&departed.mask, ""));
            let user = rest.split('@').next().unwrap_or_default();
            let address = departed.address.map_or_else(|| "local".to_owned(), |ip| ip.to_string());
            let host = &departed.real_host;
            format!("Client exiting: {nick} ({user}@{host}) [{reason}] [{address}]")
        };
        snotice::here(self.core, self.fx, 'q', exit, self.now);
        for conn in local.sessions {
            goodbye(self.core, self.fx, conn, reason);
            if let Some(session) = self.core.sessions.get_mut(conn) {
                session.phase = Phase::New(Box::default());
            }
        }
    }

    fn told(&mut self, by: UserId, user: UserId) {
        let Op::Message(message) = self.op else { return };
        let nick = self.core.network().user(user).nick().to_string();
        let msg = self.message(by, &nick, message);
        let to = audience::of_user(self.core, user).to_vec();
        let mut echo = self.echo(by);
        if user == by {
            // What arrives is no answer to what was sent: only the echo carries the label.
            let held = self.fx.release();
            self.send(&msg, to);
            if let Some(capture) = held {
                self.fx.hold(capture);
            }
            echo.retain(|conn| Some(*conn) == self.cause);
            self.send(&msg, echo);
        } else {
            self.send(&msg, to.into_iter().chain(echo));
        }
        let home = self.core.network().user(user).uid.server;
        if self.core.locals.get(by).is_some()
            && home != self.core.sid()
            && message.kind != MessageKind::Tagmsg
        {
            self.core.undelivered.note(home, self.at, by, &nick);
        }
    }

    fn said(&mut self, by: UserId, channel: crate::network::ChannelId) {
        let Op::Message(message) = self.op else { return };
        let (prefix, lowest) = match &message.to {
            Target::Channel { prefix, .. } => {
                (*prefix, prefix.and_then(Status::of_prefix).unwrap_or(Status::NONE))
            }
            Target::Moderated(_) => (None, Status::HALFOP),
            Target::User(_) => return,
        };
        let name = self.core.network().channel(channel).name.as_str();
        let shown = prefix.map_or_else(|| name.to_owned(), |prefix| format!("{prefix}{name}"));
        let msg = self.message(by, &shown, message);
        let own = audience::of_user(self.core, by);
        let others =
            audience::who_hear(self.core, channel, lowest).filter(|conn| !own.contains(conn));
        let echo = self.echo(by);
        audience::send(self.core, self.fx, &msg, others.chain(echo));
    }

    fn message(&mut self, by: UserId, target: &str, message: &Message) -> Msg {
        let mask = self.core.network().user(by).mask();
        let mut msg = self.msg(&mask, message.kind.verb()).param(target).client_tags(&message.tags);
        if message.kind == MessageKind::Tagmsg {
            msg = msg.only(cap::MESSAGE_TAGS);
        } else {
            msg = msg.text(&message.text);
        }
        msg
    }

    /// The speaker's sessions that are to see what was said: the one that said it if it asked for
    /// echoes, the others always.
    fn echo(&self, by: UserId) -> Vec<ConnId> {
        let own = audience::of_user(self.core, by).iter().copied();
        own.filter(|conn| {
            let echoes = self
                .core
                .sessions
                .get(*conn)
                .is_some_and(|session| session.caps.contains(cap::ECHO_MESSAGE));
            Some(*conn) != self.cause || echoes
        })
        .collect()
    }

    fn announced(&mut self) {
        let Op::Announce { letter, text } = self.op else { return };
        let server = self.at.server;
        snotice::tell(self.core, self.fx, server, *letter, |_| text.to_string(), self.now);
    }

    fn filter(&mut self) {
        let Op::Filter { by, pattern, rule } = self.op else { return };
        let by = self.source(*by, "");
        let text = match rule {
            Some(rule) => format!("{by} sets the filter {pattern}: {}", rule.action.name()),
            None => format!("{by} takes away the filter {pattern}"),
        };
        log::info!("{text}");
        snotice::here(self.core, self.fx, 'f', |_| text, self.now);
    }

    fn defcon(&mut self, by: Source) {
        let (by, level) = (self.source(by, ""), self.core.network().defcon());
        let text = format!("{by} sets DEFCON {level}: {}", defcon::meaning(level));
        log::warn!("{text}");
        snotice::here(self.core, self.fx, 'a', |_| text, self.now);
    }

    /// What may be done to a user only at home is done at home.
    fn asked(&mut self, user: UserId) {
        let Op::Request { ask, .. } = self.op else { return };
        if self.core.locals.get(user).is_none() {
            return;
        }
        match ask {
            Ask::Tell(text) => {
                let nick = self.core.network().user(user).nick().to_string();
                let msg = server_msg(self.core, "NOTICE", self.now).param(&nick).text(text);
                self.send(&msg, audience::of_user(self.core, user).to_vec());
            }
            Ask::Kill(reason) => {
                let uid = self.core.network().user(user).uid;
                self.core.commit(self.fx, Op::Quit { uid, reason: reason.clone() }, None, self.now);
            }
        }
    }

    /// The sessions of those who share a channel with a user, without the user's own.
    fn others_around(&self, user: UserId) -> Vec<ConnId> {
        let own = audience::of_user(self.core, user);
        let mut to = audience::around(self.core, user);
        to.retain(|conn| !own.contains(conn));
        to
    }

    /// Notes who wore a nick that is no longer worn.
    fn remember(&mut self, user: UserId, mask: &str) {
        let known = self.core.network().user(user);
        let (realname, server) = (known.realname.clone(), known.uid.server);
        self.past(mask, realname, server);
    }

    fn note_past(&mut self, departed: &Departed) {
        self.past(&departed.mask, departed.realname.clone(), departed.server);
    }

    fn past(&mut self, mask: &str, realname: Box<str>, server: crate::time::Sid) {
        let (nick, user, host) = crate::wire::mask::split(mask);
        let Some(nick) = Nick::lookup(nick, self.core.network().casemap()) else { return };
        let server = self
            .core
            .network()
            .server(server)
            .map(|server| server.info.name.clone())
            .unwrap_or_default();
        let until = self.at.wall();
        self.core.whowas.note(Past {
            nick,
            user: user.into(),
            host: host.into(),
            realname,
            server,
            until,
        });
    }
}

/// What a session is called in an answer to it.
pub fn addressee(core: &Core, conn: ConnId) -> &str {
    match core.sessions.get(conn).map(|session| &session.phase) {
        Some(Phase::User(user)) => {
            core.network().find_user(*user).map_or("*", |user| user.nick().as_str())
        }
        Some(Phase::New(registration)) => registration.nick.as_ref().map_or("*", Nick::as_str),
        None => "*",
    }
}

/// A message from this server, made now.
pub fn server_msg(core: &Core, verb: &str, now: Now) -> Msg {
    Msg::new(core.name(), verb).time(now.wall)
}

/// A numeric.
pub fn reply(core: &Core, fx: &mut Effects, conn: ConnId, reply: &Reply, now: Now) {
    let Some(session) = core.sessions.get(conn) else { return };
    let msg = server_msg(core, reply.code, now).param(addressee(core, conn)).rest(&reply.body);
    fx.send(&[conn], |out| msg.encode(session.caps, out));
}

/// A standard reply; a notice to those who have not asked for them.
pub fn standard(core: &Core, fx: &mut Effects, conn: ConnId, standard: &Standard, now: Now) {
    let Some(session) = core.sessions.get(conn) else { return };
    let msg = server_msg(core, standard.verb(), now).rest(&standard.body());
    fx.send(&[conn], |out| msg.encode(session.caps, out));
}

/// A line of the server's own.
pub fn server_line(
    core: &Core,
    fx: &mut Effects,
    conn: ConnId,
    (verb, params, text): (&str, &[&str], Option<&str>),
    now: Now,
) {
    let Some(session) = core.sessions.get(conn) else { return };
    let mut msg = server_msg(core, verb, now);
    for param in params {
        msg = msg.param(param);
    }
    if let Some(text) = text {
        msg = msg.text(text);
    }
    fx.send(&[conn], |out| msg.encode(session.caps, out));
}

/// Tells a session why it ends, and ends it. Its user, if it has one, stays.
pub fn goodbye(core: &mut Core, fx: &mut Effects, conn: ConnId, reason: &str) {
    let Some(session) = core.sessions.get_mut(conn) else { return };
    if std::mem::replace(&mut session.closing, true) {
        return;
    }
    if matches!(session.phase, Phase::New(_)) {
        core.census.unknown = core.census.unknown.saturating_sub(1);
    }
    let text = format!("Closing link: {reason}");
    fx.send(&[conn], |out| Msg::bare("ERROR").text(&text).encode(cap::CapSet::EMPTY, out));
    fx.push(Effect::Close { conn });
}
