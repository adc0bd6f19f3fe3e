//! Users come, change and go, as their own servers say.

use crate::{
    network::{
        Network, Sight, User, UserId,
        change::{Change, Departed},
        crdt::Uid,
        metadata::{Holder, Metadata},
        mode::UserModes,
        op::Presence,
    },
    registry::Login,
    time::Stamp,
};

impl Network {
    pub(super) fn user_is(
        &mut self,
        presence: &Presence,
        at: Stamp,
        changes: &mut Vec<Change>,
    ) -> bool {
        let born = presence.born.unwrap_or(at);
        if self
            .servers
            .get(&presence.uid.server)
            .is_some_and(|server| born < server.since || server.gone.is_some())
        {
            return false;
        }
        match self.uid(presence.uid) {
            Some(user) => self.user_again(user, presence, at, changes),
            None => self.user_comes(presence, born, at, changes),
        }
    }

    fn user_comes(
        &mut self,
        presence: &Presence,
        born: Stamp,
        at: Stamp,
        changes: &mut Vec<Change>,
    ) -> bool {
        let hidden = self.servers.get(&presence.uid.server).is_some_and(|server| server.hidden);
        let user = self.users.insert(User {
            uid: presence.uid,
            wanted: presence.nick.clone(),
            unique: None,
            claimed: presence.claimed.unwrap_or(at),
            born,
            written: at,
            user: presence.user.clone(),
            host: presence.host.clone(),
            real_host: presence.real_host.clone(),
            cloak: presence.cloak.clone(),
            address: presence.address,
            realname: presence.realname.clone(),
            away: presence.away.clone(),
            modes: presence.modes,
            class: presence.class.clone(),
            connection: presence.connection.clone(),
            login: presence.login.clone(),
            metadata: Metadata::default(),
            channels: Vec::new(),
            hidden,
        });
        self.uids.insert(presence.uid, user);
        self.claim(user, changes);
        if !hidden {
            changes.push(Change::Came { user });
        }
        true
    }

    /// A user who is known is described anew: each difference is a change of its own.
    fn user_again(
        &mut self,
        user: UserId,
        presence: &Presence,
        at: Stamp,
        changes: &mut Vec<Change>,
    ) -> bool {
        if at <= self.users[user].written {
            return false;
        }
        let uid = presence.uid;
        let same = self.users[user].wanted.as_str() == presence.nick.as_str();
        if !same || presence.claimed.is_some_and(|claimed| claimed != self.users[user].claimed) {
            self.take_nick(user, &presence.nick, presence.claimed.unwrap_or(at), changes);
        }
        self.user_modes(
            uid,
            presence.modes,
            &presence.host,
            presence.class.as_deref(),
            at,
            changes,
        );
        self.users[user].written = Stamp::ZERO;
        self.user_away(uid, presence.away.as_deref(), at, changes);
        self.users[user].written = Stamp::ZERO;
        self.user_renames(uid, &presence.realname, at, changes);
        self.users[user].written = Stamp::ZERO;
        self.user_moves(uid, &presence.user, &presence.host, at, changes);
        self.users[user].written = Stamp::ZERO;
        self.user_logs_in(uid, presence.login.as_deref(), at, changes);
        self.users[user].cloak = presence.cloak.clone();
        true
    }

    pub(super) fn user_away(
        &mut self,
        uid: Uid,
        away: Option<&str>,
        at: Stamp,
        changes: &mut Vec<Change>,
    ) -> bool {
        let Some(user) = self.write(uid, at) else { return false };
        if self.users[user].away.as_deref() != away {
            self.users[user].away = away.map(Into::into);
            self.note(user, Change::Away { user }, changes);
        }
        true
    }

    pub(super) fn user_renames(
        &mut self,
        uid: Uid,
        realname: &str,
        at: Stamp,
        changes: &mut Vec<Change>,
    ) -> bool {
        let Some(user) = self.write(uid, at) else { return false };
        if &*self.users[user].realname != realname {
            self.users[user].realname = realname.into();
            self.note(user, Change::Realname { user }, changes);
        }
        true
    }

    pub(super) fn user_modes(
        &mut self,
        uid: Uid,
        modes: UserModes,
        host: &str,
        class: Option<&str>,
        at: Stamp,
        changes: &mut Vec<Change>,
    ) -> bool {
        let Some(user) = self.write(uid, at) else { return false };
        let before = self.users[user].modes;
        let mask = self.users[user].mask();
        self.users[user].class = class.map(Into::into);
        if before != modes {
            self.users[user].modes = modes;
            self.note(user, Change::UserModes { user, before }, changes);
        }
        if &*self.users[user].host != host {
            self.users[user].show(host);
            self.note(user, Change::Host { user, mask: mask.into() }, changes);
        }
        true
    }

    pub(super) fn user_moves(
        &mut self,
        uid: Uid,
        name: &str,
        host: &str,
        at: Stamp,
        changes: &mut Vec<Change>,
    ) -> bool {
        let Some(user) = self.write(uid, at) else { return false };
        let known = &mut self.users[user];
        if (&*known.user, &*known.host) != (name, host) {
            let mask = known.mask().into();
            known.user = name.into();
            known.show(host);
            self.note(user, Change::Host { user, mask }, changes);
        }
        true
    }

    pub(super) fn user_logs_in(
        &mut self,
        uid: Uid,
        login: Option<&Login>,
        at: Stamp,
        changes: &mut Vec<Change>,
    ) -> bool {
        let Some(user) = self.write(uid, at) else { return false };
        let known = &mut self.users[user];
        if known.login.as_deref() == login {
            return true;
        }
        let before = known.modes;
        known.login = login.cloned().map(Box::new);
        known.modes = before.set('r', login.is_some());
        let (changed, nick) = (known.modes != before, known.wanted.clone());
        // Who gets a nick by that is told of it first: what follows is told in that nick.
        self.settle(&nick, changes);
        self.note(user, Change::Account { user }, changes);
        if changed {
            self.note(user, Change::UserModes { user, before }, changes);
        }
        true
    }

    pub(super) fn user_quits(
        &mut self,
        uid: Uid,
        reason: &str,
        at: Stamp,
        changes: &mut Vec<Change>,
    ) -> bool {
        let Some(user) = self.uid(uid) else { return false };
        self.remove_user(user, reason, at, changes);
        true
    }

    pub(super) fn remove_user(
        &mut self,
        user: UserId,
        reason: &str,
        at: Stamp,
        changes: &mut Vec<Change>,
    ) {
        let departed = self.departed(user);
        for channel in std::mem::take(&mut self.users[user].channels) {
            self.remove_member(channel, user, at);
        }
        let hidden = self.users[user].hidden;
        if !hidden {
            changes.push(Change::Quit(departed, reason.into()));
        }
        self.unclaim(user, changes);
        self.metadata_ends(Holder::User(user));
        self.uids.remove(&self.users[user].uid);
        self.users.remove(user);
    }

    /// What is needed to tell of a user who will not be there any more.
    pub(super) fn departed(&self, user: UserId) -> Departed {
        let gone = &self.users[user];
        let seen = |sight| {
            let channels = gone.channels.iter().copied();
            channels.filter(|channel| self.channels[*channel].sight(user) == sight).collect()
        };
        Departed {
            user,
            mask: gone.mask().into(),
            realname: gone.realname.clone(),
            real_host: gone.real_host.clone(),
            address: gone.address,
            modes: gone.modes,
            server: gone.uid.server,
            channels: seen(Sight::All),
            shy: seen(Sight::Known),
        }
    }

    /// The user, if a presence written at `at` is news.
    pub(super) fn write(&mut self, uid: Uid, at: Stamp) -> Option<UserId> {
        let user = self.uid(uid)?;
        if at <= self.users[user].written {
            return None;
        }
        self.users[user].written = at;
        Some(user)
    }

    /// Pushes a change of a user, unless nobody can see it.
    pub(super) fn note(&self, user: UserId, change: Change, changes: &mut Vec<Change>) {
        if !self.users[user].hidden {
            changes.push(change);
        }
    }
}
