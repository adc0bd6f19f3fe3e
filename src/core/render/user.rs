//! What users do besides speaking: they come, change and go.

use super::{Tell, goodbye, marked, reply};
use crate::{
    core::{ConnId, Core, audience, session::Phase, snotice},
    network::{
        UserId,
        mode::{Status, UserModes},
        op::Departed,
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
        let (modes, account) = (who.modes, who.account.clone());
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
        let account = self.core.network().user(user).account.clone();
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
        let nick = self.core.network().user(user).nick().to_string();
        for channel in self.core.network().user(user).channels().to_vec() {
            let name = self.core.network().channel(channel).name.to_string();
            let mut lines = vec![self.join(user, &name).unless(cap::CHGHOST)];
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
    }

    /// The JOIN of a user who is in the channel.
    pub(super) fn join(&mut self, user: UserId, channel: &str) -> Msg {
        let who = self.core.network().user(user);
        let account = who.account.as_deref().unwrap_or("*");
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
        let Some(local) = self.core.locals.remove(departed.user) else { return };
        self.core.census.left();
        self.core.snomasks.remove(&departed.user);
        let exit = |_: &Core| {
            let (nick, user, _) = crate::wire::mask::split(&departed.mask);
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
        for conn in self.core.monitor.of(&nick).collect::<Vec<_>>() {
            reply(self.core, self.fx, conn, &line, self.now);
        }
    }

    /// Tells those who monitor a nick that it is no longer worn.
    pub(super) fn offline(&mut self, nick: &Nick) {
        let line = replies::mon_offline(nick.as_str());
        for conn in self.core.monitor.of(nick).collect::<Vec<_>>() {
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
