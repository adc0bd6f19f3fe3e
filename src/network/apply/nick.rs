//! Who wears which nick: a pure function of the claims, so that every server agrees.
//!
//! Of the users in sight who ask for a nick, those wear it first who are logged in to the account that
//! owns it, and then the one who asked first; the others go by their identity. Clients hear of one rename at a time, so whoever wears a nick that another takes steps
//! aside first: at no moment do two users wear one nick.

use crate::{
    network::{Network, UserId, change::Change, crdt::Uid},
    registry::{NICK, RecordId},
    time::Stamp,
    wire::name::Nick,
};
use std::collections::BTreeSet;

impl Network {
    pub(super) fn user_asks_for(
        &mut self,
        uid: Uid,
        nick: &Nick,
        at: Stamp,
        changes: &mut Vec<Change>,
    ) -> bool {
        let Some(user) = self.write(uid, at) else { return false };
        // Another spelling of the nick one has keeps its place in the queue.
        let claimed = if self.users[user].wanted == *nick { self.users[user].claimed } else { at };
        self.take_nick(user, nick, claimed, changes);
        true
    }

    /// A known user asks for a nick as of `claimed`.
    pub(super) fn take_nick(
        &mut self,
        user: UserId,
        nick: &Nick,
        claimed: Stamp,
        changes: &mut Vec<Change>,
    ) {
        let (before, mask) = (self.users[user].nick().clone(), self.users[user].mask());
        let left = self.users[user].wanted.clone();
        self.leave_queue(user);
        self.users[user].wanted = nick.clone();
        self.users[user].claimed = claimed;
        self.users[user].unique = None;
        let mut moved = Vec::new();
        self.claim(user, &mut moved);
        changes.append(&mut moved);
        let after = self.users[user].nick().clone();
        if before.as_str() != after.as_str() {
            self.note(user, Change::Nick { user, mask: mask.into(), new: after }, changes);
        }
        self.settle(&left, changes);
    }

    /// Enters the queue for the nick that a user asks for, and wears it or the identity.
    pub(super) fn claim(&mut self, user: UserId, changes: &mut Vec<Change>) {
        let nick = self.users[user].wanted.clone();
        let hidden = self.users[user].hidden;
        match self.nicks.get(&nick).copied() {
            None if !hidden && !self.rivals.contains_key(&nick) => {
                self.nicks.insert(nick, user);
                return;
            }
            wearer => {
                let queue = self.rivals.entry(nick.clone()).or_default();
                queue.extend(wearer);
                queue.insert(user);
            }
        }
        if hidden {
            return;
        }
        if self.first_claim(&nick) == Some(user) {
            if let Some(wearer) = self.nicks.get(&nick).copied().filter(|wearer| *wearer != user) {
                self.step_aside(wearer, changes);
            }
            self.nicks.insert(nick, user);
        } else {
            self.wear_identity(user);
        }
    }

    /// A user who goes leaves the nick to whoever is next.
    pub(super) fn unclaim(&mut self, user: UserId, changes: &mut Vec<Change>) {
        let nick = self.users[user].wanted.clone();
        self.leave_queue(user);
        self.settle(&nick, changes);
    }

    /// A user out of sight keeps the claim, and wears nothing.
    pub(super) fn unwear(&mut self, user: UserId, changes: &mut Vec<Change>) {
        let nick = self.users[user].wanted.clone();
        self.undress(user);
        self.rivals.entry(nick.clone()).or_default().insert(user);
        self.settle(&nick, changes);
    }

    /// A user comes back into sight, silently: who saw the user go will be told of the return.
    pub(super) fn rewear(&mut self, user: UserId, changes: &mut Vec<Change>) {
        self.users[user].hidden = false;
        let nick = self.users[user].wanted.clone();
        if self.first_claim(&nick) == Some(user) {
            if let Some(wearer) = self.nicks.get(&nick).copied() {
                self.step_aside(wearer, changes);
            }
            self.nicks.insert(nick.clone(), user);
        } else {
            self.wear_identity(user);
        }
        self.forget_queue(&nick);
    }

    /// Gives a nick to the first who asks for it, whoever wears it.
    pub(super) fn settle(&mut self, nick: &Nick, changes: &mut Vec<Change>) {
        if let Some(user) = self.first_claim(nick) {
            let wearer = self.nicks.get(nick).copied();
            if let Some(wearer) = wearer.filter(|wearer| *wearer != user) {
                self.step_aside(wearer, changes);
            }
            if wearer != Some(user) {
                let mask = self.users[user].mask().into();
                self.undress(user);
                self.users[user].unique = None;
                let new = self.users[user].wanted.clone();
                self.nicks.insert(new.clone(), user);
                changes.push(Change::Nick { user, mask, new });
            }
        }
        self.forget_queue(nick);
    }

    /// What the store says who owns which nicks and channels.
    pub(super) fn claims_are(
        &mut self,
        claims: &[(Box<str>, Option<RecordId>)],
        changes: &mut Vec<Change>,
    ) -> bool {
        let news = self.claims.set(claims);
        // Once for all of them: whoever hears of it looks at each.
        changes.extend((!news.is_empty()).then_some(Change::Claimed));
        for (key, _) in &news {
            let nick = key.strip_prefix(NICK).and_then(|name| Nick::lookup(name, self.casemap));
            nick.into_iter().for_each(|nick| self.settle(&nick, changes));
        }
        !news.is_empty()
    }

    /// Of the users in sight, the first who may have the nick: its owner, else who asked first.
    fn first_claim(&self, nick: &Nick) -> Option<UserId> {
        let queue = self.rivals.get(nick)?.iter().copied();
        let owner = self.claims.nick(nick);
        queue.filter(|user| !self.users[*user].hidden).min_by_key(|user| {
            let user = &self.users[*user];
            let login = user.login.as_ref().map(|login| login.id);
            (owner.is_none() || login != owner, user.claimed)
        })
    }

    fn step_aside(&mut self, user: UserId, changes: &mut Vec<Change>) {
        let mask = self.users[user].mask().into();
        self.undress(user);
        self.wear_identity(user);
        changes.push(Change::Nick { user, mask, new: self.users[user].nick().clone() });
    }

    fn wear_identity(&mut self, user: UserId) {
        let unique = Nick::unique(&self.users[user].uid.to_string());
        self.nicks.insert(unique.clone(), user);
        self.users[user].unique = Some(Box::new(unique));
    }

    /// Takes off whatever a user wears.
    fn undress(&mut self, user: UserId) {
        let worn = self.users[user].nick();
        if self.nicks.get(worn) == Some(&user) {
            let worn = worn.clone();
            self.nicks.remove(&worn);
        }
        self.users[user].unique = None;
    }

    fn leave_queue(&mut self, user: UserId) {
        self.undress(user);
        let nick = self.users[user].wanted.clone();
        if let Some(queue) = self.rivals.get_mut(&nick) {
            queue.remove(&user);
        }
    }

    /// Forgets a queue in which nobody waits but the one who wears the nick.
    fn forget_queue(&mut self, nick: &Nick) {
        let wearer: BTreeSet<UserId> = self.nicks.get(nick).copied().into_iter().collect();
        if self.rivals.get(nick).is_some_and(|queue| queue.is_subset(&wearer)) {
            self.rivals.remove(nick);
        }
    }
}
