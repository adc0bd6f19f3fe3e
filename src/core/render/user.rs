//! What users do besides speaking: they come, change and go.

use super::{Tell, goodbye, marked, reply};
use crate::{
    core::{
        ConnId, Core, audience, metadata,
        session::{Phase, Session},
        snotice,
    },
    network::{
        UserId,
        change::Departed,
        mode::{Status, UserModes},
    },
    wire::{cap, encode::Msg, mode, name::Nick, reply as replies},
};

impl Tell<'_> {
    pub(super) fn came(&mut self, user: UserId) {
        let modes = self.core.network().user(user).modes;
        self.core.census.came(modes);
        self.online(user);
    }

    pub(super) fn nick(&mut self, user: UserId, mask: &str, new: &Nick) {
        self.remember(user, mask);
        if self.core.locals.get(user).is_some() {
            let (old, host) = mask.split_once('!').unwrap_or((mask, ""));
            let text = |_: &Core| format!("Nick change: From {old} to {new} [{host}]");
            snotice::here(self.core, self.fx, 'n', text, self.now);
        }
        let who = self.core.network().user(user);
        let (modes, account) = (who.modes, who.account().map(Box::<str>::from));
        let msg = marked(self.msg(mask, "NICK"), modes).account(account.as_deref());
        let to = audience::around(self.core, user);
        self.send(&msg.text(new.as_str()), to);
        let old = Nick::lookup(crate::wire::mask::split(mask).0, self.core.network().casemap());
        if let Some(old) = old.filter(|old| old != new) {
            self.offline(&old);
            self.online(user);
        }
    }

    pub(super) fn away(&mut self, user: UserId) {
        let to = self.others_around(user);
        let away = self.core.network().user(user).away.clone();
        let msg = self.by(user, "AWAY").only(cap::AWAY_NOTIFY);
        let msg = match away {
            Some(away) => msg.text(&away),
            None => msg,
        };
        self.tell_watchers(user, &msg, &to);
        self.send(&msg, to);
    }

    pub(super) fn realname(&mut self, user: UserId) {
        let realname = self.core.network().user(user).realname.clone();
        let msg = self.by(user, "SETNAME").text(&realname).only(cap::SETNAME);
        let to = audience::around(self.core, user);
        self.tell_watchers(user, &msg, &to);
        self.send(&msg, to);
    }

    pub(super) fn account(&mut self, user: UserId) {
        let account = self.core.network().user(user).account().map(Box::<str>::from);
        if self.core.locals.get(user).is_some() {
            let text = |core: &Core| {
                let mask = core.network().mask(user);
                match &account {
                    Some(account) => format!("{mask} has logged in to {account}"),
                    None => format!("{mask} has logged out"),
                }
            };
            snotice::here(self.core, self.fx, 'u', text, self.now);
        }
        let account = account.as_deref().unwrap_or("*");
        let msg = self.by(user, "ACCOUNT").param(account).only(cap::ACCOUNT_NOTIFY);
        let to = audience::around(self.core, user);
        self.tell_watchers(user, &msg, &to);
        self.send(&msg, to);
    }

    pub(super) fn user_modes(&mut self, user: UserId, before: UserModes) {
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
        let text = mode::format(after.since(before).map(|(on, letter)| (on, letter, None)));
        let msg = self.by(user, "MODE").param(&nick).text(&text);
        self.send(&msg, own);
        if !after.contains('s') {
            self.core.snomasks.remove(&user);
        }
    }

    /// Tells those around of another user name or host, and the user of the host that others see now.
    pub(super) fn host(&mut self, user: UserId, before: &str) {
        let who = self.core.network().user(user);
        let (name, host, modes) = (who.user.clone(), who.host.clone(), who.modes);
        let around = audience::around(self.core, user);
        let msg = marked(self.msg(before, "CHGHOST"), modes);
        let msg = msg.param(&name).param(&host).only(cap::CHGHOST);
        self.tell_watchers(user, &msg, &around);
        self.send(&msg, around);
        self.comes_again(user, before);
        if self.core.locals.get(user).is_some() {
            let text = |_: &Core| format!("{before} has become {name}@{host}");
            snotice::here(self.core, self.fx, 'v', text, self.now);
        }
        if crate::wire::mask::split(before).2 == &*host {
            return;
        }
        for conn in audience::of_user(self.core, user).to_vec() {
            reply(self.core, self.fx, conn, &replies::host_hidden(&host), self.now);
        }
    }

    /// Shows those who know nothing of CHGHOST that somebody quits and comes again.
    fn comes_again(&mut self, user: UserId, before: &str) {
        let to = self.others_around(user);
        let quit = self.msg(before, "QUIT").text("Changing host").unless(cap::CHGHOST);
        self.send(&quit, to);
        let own = audience::of_user(self.core, user).to_vec();
        let who = self.core.network().user(user);
        let (nick, away) = (who.nick().to_string(), who.away.clone());
        for channel in who.channels().to_vec() {
            let name = self.core.network().channel(channel).name.to_string();
            let mut lines = vec![self.join(user, &name).unless(cap::CHGHOST)];
            if let Some(away) = &away {
                let msg = self.by(user, "AWAY").text(away).only(cap::AWAY_NOTIFY);
                lines.push(msg.unless(cap::CHGHOST));
            }
            let status = self.core.network().status(channel, user).unwrap_or_default();
            if status != Status::NONE {
                let by = self.core.name().to_owned();
                let letters = status.letters().map(|letter| (true, letter, Some(nick.as_str())));
                let msg = self.msg(&by, "MODE").param(&name).rest(&mode::format(letters));
                lines.push(msg.unless(cap::CHGHOST));
            }
            let sight = self.core.network().channel(channel).sight(user);
            let members = audience::who_know(self.core, channel, sight);
            let to: Vec<ConnId> = members.filter(|conn| !own.contains(conn)).collect();
            for line in &lines {
                self.send(line, to.iter().copied());
            }
        }
        let mut strangers = self.others_around(user);
        strangers.retain(|conn| {
            let session = self.core.sessions.get(*conn);
            session.is_some_and(|session| !session.caps.contains(cap::CHGHOST))
        });
        metadata::introduce(self.core, self.fx, user, strangers, self.now);
    }

    /// The JOIN of a user who is in the channel.
    pub(super) fn join(&mut self, user: UserId, channel: &str) -> Msg {
        let who = self.core.network().user(user);
        let account = who.account().unwrap_or("*");
        let extra = format!("{account} :{}", who.realname);
        self.by(user, "JOIN").param(channel).with(cap::EXTENDED_JOIN, &extra)
    }

    pub(super) fn quit(&mut self, departed: &Departed, reason: &str) {
        self.core.census.quit(departed.modes);
        self.note_past(departed);
        let msg = marked(self.msg(&departed.mask, "QUIT"), departed.modes).text(reason);
        let to = audience::of_departed(self.core, departed);
        self.send(&msg, to);
        self.left_sight(departed);
        let lost = self.core.undelivered.left(departed.server, departed.user);
        self.core.report_lost(self.fx, lost, "they have left", self.now);
        let Some(local) = self.core.locals.remove(departed.user) else { return };
        self.core.census.left();
        self.core.snomasks.remove(&departed.user);
        let exit = |_: &Core, open: bool| {
            let (nick, user, host) = crate::wire::mask::split(&departed.mask);
            let host = if open { &departed.real_host } else { host };
            let address = snotice::address(departed.address, open);
            format!("Client exiting: {nick} ({user}@{host}) [{reason}] [{address}]")
        };
        snotice::here_of(self.core, self.fx, 'q', exit, self.now);
        for conn in local.sessions {
            goodbye(self.core, self.fx, conn, reason);
            if let Some(session) = self.core.sessions.get_mut(conn) {
                session.phase = Phase::New(Box::default());
            }
        }
    }

    /// Tells those who monitor a user of what they also hear of those around them, unless they are among
    /// them (`ircv3: extended-monitor`).
    fn tell_watchers(&mut self, user: UserId, msg: &Msg, heard: &[ConnId]) {
        let nick = self.core.network().user(user).nick().clone();
        let own = audience::of_user(self.core, user);
        let watchers = self.core.monitor.of(&nick).filter(|conn| {
            let asked = self
                .core
                .sessions
                .get(*conn)
                .is_some_and(|session| session.caps.contains(cap::EXTENDED_MONITOR));
            asked && !heard.contains(conn) && !own.contains(conn)
        });
        let to: Vec<ConnId> = watchers.collect();
        self.send(msg, to);
    }

    /// Tells those who monitor a nick that it is worn.
    pub(super) fn online(&mut self, user: UserId) {
        let who = self.core.network().user(user);
        let (nick, line) = (who.nick().clone(), replies::mon_online(&who.mask()));
        let watchers: Vec<ConnId> = self.core.monitor.of(&nick).collect();
        for conn in &watchers {
            reply(self.core, self.fx, *conn, &line, self.now);
        }
        metadata::introduce(self.core, self.fx, user, watchers, self.now);
    }

    /// Tells those who monitor a nick that it is no longer worn, but for whoever has just gone with it.
    pub(super) fn offline(&mut self, nick: &Nick) {
        let line = replies::mon_offline(nick.as_str());
        let network = self.core.network();
        let stays = |user| network.find_user(user).is_some();
        let watchers = self.core.monitor.of(nick).filter(|conn| {
            let session = self.core.sessions.get(*conn);
            session.and_then(Session::user).is_none_or(stays)
        });
        for conn in watchers.collect::<Vec<_>>() {
            reply(self.core, self.fx, conn, &line, self.now);
        }
    }

    /// Tells those who monitor a user that they are gone.
    pub(super) fn left_sight(&mut self, departed: &Departed) {
        let nick = crate::wire::mask::split(&departed.mask).0;
        if let Some(nick) = Nick::lookup(nick, self.core.network().casemap()) {
            self.offline(&nick);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        config::{Config, Secret},
        core::{
            ConnId, Core, Start,
            effect::{Effect, Effects},
            peer::{Origin as From, Peer},
            session::{Phase, Session},
        },
        job::Loaded,
        network::{
            UserId,
            crdt::Origin,
            mode::ChannelModes,
            op::{Entry, Message, MessageKind, Op, Presence, Target},
        },
        registry::{Login, RecordId},
        time::{Now, Sid, Stamp},
        wire::{
            cap,
            casemap::Casemap,
            name::{ChannelName, Nick},
        },
    };

    fn core() -> Core {
        let loaded = Loaded::of(Config::default());
        let origin = Origin { server: Sid::FIRST, life: 1 };
        let cloak = Secret::new("any");
        Core::new(Start { loaded, origin, clock: 0, seed: 0, cloak }, Now::default())
    }

    /// Somebody in a channel, with a session that listens.
    fn member(core: &mut Core, nick: &str) -> (UserId, ConnId) {
        let (fx, now) = (&mut Effects::default(), Now::default());
        let uid = core.new_uid();
        let presence = Presence {
            uid,
            nick: Nick::new(nick, Casemap::Ascii, 32).unwrap(),
            claimed: None,
            born: None,
            user: "u".into(),
            host: "h".into(),
            real_host: "h".into(),
            cloak: None,
            address: None,
            realname: "R".into(),
            away: None,
            modes: Default::default(),
            class: None,
            connection: None,
            login: None,
        };
        core.commit(fx, Op::User(Box::new(presence)), None, now);
        let user = core.network().uid(uid).unwrap();
        let conn = core
            .sessions
            .insert(Session::new(Peer { from: From::Local, listener: 0, tls: None }, now));
        core.sessions[conn].phase = Phase::User(user);
        core.sessions[conn].caps = cap::ACCOUNT_NOTIFY.or(cap::ACCOUNT_TAG).or(cap::EXTENDED_JOIN);
        core.locals.insert(user, crate::core::local::Local::new(conn, now));
        (user, conn)
    }

    fn join(core: &mut Core, fx: &mut Effects, user: UserId) {
        let name = ChannelName::new("#a", Casemap::Ascii, 64).unwrap();
        let entry = match core.network().name(&name) {
            Some(channel) => Entry::Found(core.network().channel(channel).epoch),
            None => Entry::Founds { before: None, modes: ChannelModes::default() },
        };
        let uid = core.network().user(user).uid;
        core.commit(fx, Op::Join { uid, name, entry }, None, Now::default());
    }

    fn heard(fx: &mut Effects, conn: ConnId) -> Vec<String> {
        let list = fx.take();
        let sent = list.iter().filter_map(|effect| match effect {
            Effect::Send { line, to } if fx.recipients(*to).contains(&conn) => {
                Some(String::from_utf8_lossy(fx.line(*line)).trim_end().to_owned())
            }
            _ => None,
        });
        let lines = sent.collect();
        fx.clear(list);
        lines
    }

    #[test]
    fn an_account_is_told_of_and_goes_with_what_its_owner_does() {
        let mut core = core();
        let (alice, _) = member(&mut core, "alice");
        let (bob, conn) = member(&mut core, "bob");
        let fx = &mut Effects::default();
        join(&mut core, fx, bob);
        let uid = core.network().user(alice).uid;
        let login = |name: &str| Login { id: RecordId(Stamp::ZERO), name: name.into() };
        let account =
            |name: Option<&str>| Op::Account { uid, login: name.map(login).map(Box::new) };
        core.commit(fx, account(Some("Al")), None, Now::default());
        heard(fx, conn);
        join(&mut core, fx, alice);
        assert_eq!(heard(fx, conn), ["@account=Al :alice!u@h JOIN #a Al :R"]);
        let to = Target::User(core.network().user(bob).uid);
        let message = Message {
            from: uid,
            to,
            kind: MessageKind::Notice,
            text: "hi".into(),
            tags: "".into(),
            guise: None,
        };
        core.commit(fx, Op::Message(Box::new(message)), None, Now::default());
        assert_eq!(heard(fx, conn), ["@account=Al :alice!u@h NOTICE bob :hi"]);
        core.commit(fx, account(None), None, Now::default());
        assert_eq!(heard(fx, conn), [":alice!u@h ACCOUNT *"]);
        core.commit(fx, account(Some("Al")), None, Now::default());
        assert_eq!(heard(fx, conn), ["@account=Al :alice!u@h ACCOUNT Al"]);
    }
}
