//! From changes to what clients see. Every line that a client gets unasked is written here.

mod announce;
pub mod channel;
mod metadata;
mod redact;
mod rename;
mod report;
mod request;
mod split;
mod user;

use super::{
    ConnId, Core, audience, bans, callerid, defcon,
    effect::Effects,
    housekeeping,
    metadata::account,
    multiline, notes,
    recent::{Place, Said},
    registered, reserve,
    session::Phase,
    snotice, vhost,
    whowas::Past,
};
use crate::{
    network::{
        UserId,
        change::{Change, Departed},
        crdt::Source,
        mode::{Status, UserModes},
        op::{Ask, Message, MessageKind, Op, Target, Why},
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
/// asked for it. Returns whether it was news.
pub fn apply(
    core: &mut Core,
    fx: &mut Effects,
    op: &Op,
    at: Stamp,
    cause: Option<ConnId>,
    now: Now,
) -> bool {
    let mut changes = Vec::new();
    let guard = Guard;
    let news = core.network.apply(op, at, &mut changes);
    std::mem::forget(guard);
    debug_assert_eq!(core.network.check_small(), Vec::<String>::new(), "after {op:?}");
    let mut tell = Tell { core, fx, op, at, line: 0, cause, now };
    // What brings about further operations comes last: those are told of after this one.
    let (first, last) = (changes.iter(), changes.iter());
    let first = first.filter(|change| !change.leads_on());
    for change in first.chain(last.filter(|change| change.leads_on())) {
        tell.change(change);
        tell.core.lookalikes.note(change, &tell.core.network);
        reserve::note(tell.core, tell.fx, (change, op), now);
        registered::note(tell.core, tell.fx, change, now);
        if let Some(user) = change.looks_other() {
            bans::shun(tell.core, user);
        }
        if let Change::Account { user } = change {
            bans::logged_in(tell.core, tell.fx, *user, now);
            vhost::logged_in(tell.core, tell.fx, *user, now);
        }
        account::note(tell.core, tell.fx, (change, at), now);
    }
    // Of a channel that is restored, or whose locked modes are set, somebody is about to enter it.
    let entered = matches!(op, Op::Restore(_) | Op::Mode { by: Source::Service(_), .. });
    if core.network.has_empty() && core.alone() && !entered {
        core.network.collect(|_| true);
    }
    housekeeping::watch_expiries(core, now);
    news
}

/// A message of somebody with these modes (`ircv3: bot-mode`, `ircv3: oper-tag`).
fn marked(msg: Msg, modes: UserModes) -> Msg {
    let msg = if modes.contains('B') { msg.tag(cap::MESSAGE_TAGS, "bot", "") } else { msg };
    let oper = modes.contains('o') && !modes.contains('H');
    if oper { msg.tag(cap::OPER_TAG, "draft/oper", "") } else { msg }
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
            Change::Account { user } => self.account(*user),
            Change::Host { user, mask } => self.host(*user, mask),
            Change::Joined { user, channel } => self.joined(*user, *channel),
            Change::Revealed { user, channel } => self.revealed(*user, *channel),
            Change::Left { user, channel, sight, how } => self.left(*user, *channel, *sight, how),
            Change::Renamed { channel, old } => self.renamed(*channel, old),
            Change::Moved { from, to, users } => self.moved(*from, *to, users),
            Change::Doubled { user, channel } => self.doubled(*user, *channel),
            Change::Quit(departed, reason) => self.quit(departed, reason),
            Change::Split(departed, server) => self.split(departed, *server),
            Change::Healed(users, server) => self.healed(users, *server),
            Change::Mode { channel, by, changes } => self.mode(*channel, *by, changes),
            Change::Topic { channel, by, setter } => self.topic(*channel, *by, setter),
            Change::Metadata { of, key, by } => self.metadata(*of, key, *by),
            Change::Invited { by, user, channel } => self.invited(*by, *user, *channel),
            Change::Knocked { user, channel } => self.knocked(*user, *channel),
            Change::Said { by, channel } => self.said(*by, *channel),
            Change::Told { by, user } => self.told(*by, *user),
            Change::Redacted { by } => self.redacted(*by),
            Change::Announced => self.announced(),
            Change::Reported { by } => self.reported(*by),
            Change::ReportClosed => self.report_closed(),
            Change::Snotice => self.snotice(),
            Change::Asked { user } => self.asked(*user),
            Change::Missed(server) => self.missed(*server),
            Change::Unknown { channel } => self.core.refound(self.fx, *channel, self.now),
            Change::Ban { key, by } => bans::changed(self.core, self.fx, key, *by, self.now),
            Change::Lapsed(key) => bans::lapsed(self.core, self.fx, key, self.now),
            Change::Filter => self.filter(),
            Change::Noted => self.noted(),
            Change::Edited => self.edited(),
            Change::Claimed | Change::Restored { .. } => (),
            Change::Defcon(by) => self.defcon(*by),
            Change::Forgotten(server) if *server == self.core.sid() => {
                housekeeping::forgotten(self.core, self.fx, self.now);
            }
            Change::Server(_) | Change::Links | Change::Forgotten(_) => {
                self.core.links_questioned |= matches!(change, Change::Server(_));
                self.core.watch_reach(self.fx, self.now);
            }
        }
    }

    /// A message that this operation yields, with the time of the operation and an id of its own.
    fn msg(&mut self, source: &str, verb: &str) -> Msg {
        let id = MsgId { at: self.at, line: self.line };
        self.line = self.line.saturating_add(1);
        Msg::new(source, verb).time(self.at.wall()).id(id)
    }

    /// A message from a user, with the tags that tell of them.
    fn by(&mut self, user: UserId, verb: &str) -> Msg {
        let mask = self.core.network().mask(user);
        let who = self.core.network().user(user);
        let (modes, account) = (who.modes, who.account().map(Box::from));
        marked(self.msg(&mask, verb), modes).account(account.as_deref())
    }

    /// A message from whoever did something: as they are now, or else as `setter` remembers them.
    fn done_by(&mut self, by: Source, setter: &str, verb: &str) -> Msg {
        let user = match by {
            Source::User(uid) => self.core.network().uid(uid),
            Source::Server(_) | Source::Service(_) => None,
        };
        match user {
            Some(user) => self.by(user, verb),
            None => {
                let source = self.source(by, setter);
                self.msg(&source, verb)
            }
        }
    }

    fn send(&mut self, msg: &Msg, to: impl IntoIterator<Item = ConnId>) {
        audience::send(self.core, self.fx, msg, to);
    }

    /// The source of what somebody did: as they are now, or else as `setter` remembers them.
    fn source(&self, by: Source, setter: &str) -> String {
        if let Source::Service(name) = by {
            return self.core.service_mask(name);
        }
        self.core.network().source(by).unwrap_or_else(|| {
            if setter.is_empty() { self.core.name().into() } else { setter.into() }
        })
    }

    fn told(&mut self, by: UserId, user: UserId) {
        let Op::Message(message) = self.op else { return };
        self.remember_words(by, message, Place::User(user));
        let nick = self.core.network().user(user).nick().to_string();
        let msgs = self.messages(by, &nick, message);
        let mut to = audience::of_user(self.core, user).to_vec();
        if !callerid::hears(self.core, user, by) {
            to.clear();
            self.turned_away(by, user, message.kind);
        }
        let mut echo = self.echo(by);
        if user == by {
            // What arrives is no answer to what was sent: only the echo carries the label.
            let held = self.fx.release();
            msgs.iter().for_each(|msg| self.send(msg, to.iter().copied()));
            if let Some(capture) = held {
                self.fx.hold(capture);
            }
            echo.retain(|conn| Some(*conn) == self.cause);
            to = Vec::new();
        }
        to.extend(echo);
        msgs.iter().for_each(|msg| self.send(msg, to.iter().copied()));
        let home = self.core.network().user(user).uid.server;
        if self.core.locals.get(by).is_some()
            && home != self.core.sid()
            && message.kind != MessageKind::Tagmsg
        {
            self.core.undelivered.note(home, self.at, by, user, &nick);
        }
    }

    /// Tells one who is at home elsewhere that they are not heard; those at home here have been refused.
    fn turned_away(&mut self, by: UserId, user: UserId, kind: MessageKind) {
        let elsewhere = self.core.locals.get(by).is_none();
        if !elsewhere || kind != MessageKind::Privmsg || callerid::accepts(self.core, user, by) {
            return;
        }
        let informed = callerid::inform(self.core, self.fx, user, by, self.now);
        let (who, uid) = (self.core.network().user(user), self.core.network().user(by).uid);
        let ask = Ask::Unheard { nick: who.nick().clone(), informed };
        let op = Op::Request { by: Source::User(who.uid), uid, ask };
        self.core.commit(self.fx, op, None, self.now);
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
        // Only operators have heard what was moderated.
        let hearers = if prefix.is_none() && lowest == Status::HALFOP { Some('%') } else { prefix };
        self.remember_words(by, message, Place::Channel(channel, hearers));
        let msgs = self.messages(by, &shown, message);
        let (own, mut echo) = (audience::of_user(self.core, by), self.echo(by));
        if message.guise.as_ref().is_some_and(|guise| guise.why == Why::Played) {
            // No client shows of its own accord what it says under another name.
            echo = own.to_vec();
        }
        for msg in &msgs {
            let others =
                audience::who_hear(self.core, channel, lowest).filter(|conn| !own.contains(conn));
            audience::send(self.core, self.fx, msg, others.chain(echo.iter().copied()));
        }
    }

    /// Remembers what can be taken back; that somebody is typing is nothing of the kind.
    fn remember_words(&mut self, from: UserId, message: &Message, place: Place) {
        let typing = || message.tags.split(';').all(|tag| tag.starts_with("+typing"));
        if message.kind != MessageKind::Tagmsg || !typing() {
            let most = self.core.config.limits.redact_messages;
            self.core.recent.note(self.at, Said { from, place }, most);
        }
    }

    /// What tells of words: a message, or of several lines a batch and, for those who do not know such
    /// batches, each line by itself.
    fn messages(&mut self, by: UserId, target: &str, message: &Message) -> Vec<Msg> {
        if message.guise.is_some() || !message.text.contains(['\n', '\r']) {
            return vec![self.message(by, target, message)];
        }
        let (batch, first) = (self.core.new_batch(), self.line);
        let open = self.by(by, "BATCH").param(&format!("+{batch}")).param(multiline::TYPE);
        let mut batched = vec![open.param(target).client_tags(&message.tags)];
        let mut alone: Vec<Msg> = Vec::new();
        let (verb, mask) = (message.kind.verb(), self.core.network().user(by).mask());
        let mut goes_on = false;
        for piece in message.text.split_inclusive(['\n', '\r']) {
            let text = piece.trim_end_matches(['\n', '\r']);
            let mut msg = Msg::new(&mask, verb).param(target).text(text);
            msg = msg.tag(cap::BATCH, "batch", &batch);
            if std::mem::replace(&mut goes_on, piece.ends_with('\r')) {
                msg = msg.tag(cap::MULTILINE, multiline::CONCAT, "");
            }
            batched.push(msg);
            // ircv3: multiline: blank lines are not for those who do not know of it.
            if !text.is_empty() {
                self.line = first;
                let msg = self.by(by, verb).param(target).client_tags(&message.tags).text(text);
                alone.push(if alone.is_empty() { msg } else { msg.continued() });
            }
        }
        // Each line has its number, though only the first shows it.
        let lines = u16::try_from(batched.len() - 1).unwrap_or(u16::MAX);
        self.line = first.saturating_add(lines);
        batched.push(Msg::new(self.core.name(), "BATCH").param(&format!("-{batch}")));
        let batched = batched.into_iter().map(|msg| msg.only(cap::MULTILINE_BATCH));
        batched.chain(alone.into_iter().map(|msg| msg.unless(cap::MULTILINE_BATCH))).collect()
    }

    fn message(&mut self, by: UserId, target: &str, message: &Message) -> Msg {
        let msg = self.spoken(by, message).param(target);
        let mut msg = msg.client_tags(&message.tags);
        if message.kind == MessageKind::Tagmsg {
            msg = msg.only(cap::MESSAGE_TAGS);
        } else {
            msg = msg.text(&message.text);
        }
        msg
    }

    /// The beginning of what is said: by whom, and for whom they say it.
    fn spoken(&mut self, by: UserId, message: &Message) -> Msg {
        let Some(guise) = &message.guise else { return self.by(by, message.kind.verb()) };
        let msg = self.msg(&guise.mask, message.kind.verb());
        match guise.why {
            Why::Relayed => {
                let nick = self.core.network().user(by).nick().as_str();
                msg.tag(cap::RELAYMSG, "draft/relaymsg", nick)
            }
            Why::Played => msg,
        }
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

    fn snotice(&mut self) {
        let Op::Snotice { letter, text } = self.op else { return };
        let server = self.at.server;
        snotice::tell(self.core, self.fx, server, *letter, |_| text.to_string(), self.now);
    }

    /// What has been edited here is in the store already.
    fn edited(&mut self) {
        let Op::Edit(edit) = self.op else { return };
        if self.at.server != self.core.sid() {
            self.core.learn_edit(self.fx, (**edit).clone(), false, self.now);
        }
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

    fn noted(&mut self) {
        let Op::Note { by, key, note } = self.op else { return };
        let by = self.source(*by, "");
        notes::announce(self.core, self.fx, (&by, key, note.as_deref()), self.now);
        notes::changed(self.core, self.fx, key, note.as_deref(), self.now);
    }

    fn defcon(&mut self, by: Source) {
        let (by, level) = (self.source(by, ""), self.core.network().defcon());
        let text = format!("{by} sets DEFCON {level}: {}", defcon::meaning(level));
        log::warn!("{text}");
        snotice::here(self.core, self.fx, 'a', |_| text, self.now);
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

/// A numeric in a batch.
pub fn batched(
    core: &Core,
    fx: &mut Effects,
    conn: ConnId,
    (reply, batch): (&Reply, &str),
    now: Now,
) {
    let Some(session) = core.sessions.get(conn) else { return };
    let msg = server_msg(core, reply.code, now).param(addressee(core, conn)).rest(&reply.body);
    let msg = msg.tag(cap::BATCH, "batch", batch);
    fx.send(&[conn], |out| msg.encode(session.caps, out));
}

/// A standard reply in a batch.
pub fn batched_standard(
    core: &Core,
    fx: &mut Effects,
    conn: ConnId,
    (standard, batch): (&Standard, &str),
    now: Now,
) {
    let Some(session) = core.sessions.get(conn) else { return };
    let msg = server_msg(core, standard.verb(), now).rest(&standard.body());
    let msg = msg.tag(cap::BATCH, "batch", batch);
    fx.send(&[conn], |out| msg.encode(session.caps, out));
}

/// A standard reply; those who have not asked for them get them as well, since nothing else would tell
/// them.
pub fn standard(core: &Core, fx: &mut Effects, conn: ConnId, standard: &Standard, now: Now) {
    let Some(session) = core.sessions.get(conn) else { return };
    let msg = server_msg(core, standard.verb(), now).rest(&standard.body());
    fx.send(&[conn], |out| msg.encode(session.caps, out));
}

/// Tells a user who is at home here something, in a notice of the server's to each session.
pub fn tell(core: &Core, fx: &mut Effects, user: UserId, text: &str, now: Now) {
    tell_as(core, fx, (core.name(), user), text, now);
}

/// The same, in a notice of somebody else's.
pub fn tell_as(
    core: &Core,
    fx: &mut Effects,
    (source, user): (&str, UserId),
    text: &str,
    now: Now,
) {
    let nick = core.network().user(user).nick().as_str();
    let msg = Msg::new(source, "NOTICE").time(now.wall).param(nick).text(text);
    audience::send(core, fx, &msg, audience::of_user(core, user).to_vec());
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
    fx.close(conn);
}
