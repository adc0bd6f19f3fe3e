//! What must hold of this server's own state at any moment, besides what must of the network.

use super::{Core, class::Members, ctx::Then, local, session::Phase};

impl Core {
    /// Every invariant that does not hold, as a sentence. Linear in all there is: for tests.
    pub fn check(&self) -> Vec<String> {
        let mut broken = self.network.check();
        self.check_sessions(&mut broken);
        self.check_census(&mut broken);
        self.check_questions(&mut broken);
        broken
    }

    fn check_sessions(&self, broken: &mut Vec<String>) {
        for (conn, session) in self.sessions.iter() {
            if let Phase::User(user) = session.phase {
                if self.locals.get(user).is_none_or(|local| !local.sessions.contains(&conn)) {
                    broken.push(format!("{conn:?} belongs to a user who does not know"));
                }
            }
        }
        for (user, local) in self.locals.iter() {
            let uid = self.network.find_user(user).map(|user| user.uid);
            if uid.is_none_or(|uid| uid.server != self.sid()) {
                broken.push(format!("{user:?} is at home here and not on the network: {uid:?}"));
            }
            for conn in &local.sessions {
                if self.sessions.get(*conn).is_none_or(|session| session.user() != Some(user)) {
                    broken.push(format!("{user:?} has a session that does not know"));
                }
            }
            let login = self.network.find_user(user).and_then(|user| user.login.as_deref());
            if login.is_some_and(|login| self.network.claims().is_unverified(login.id)) {
                broken.push(format!("{user:?} is logged in to an account that waits: {login:?}"));
            }
            if local.seldom().invites.len() > local::INVITES_MAX {
                broken.push(format!("{user:?} has {} invitations", local.seldom().invites.len()));
            }
        }
        let classes = Members::of(self.sessions.iter().map(|(_, session)| session));
        if self.classes != classes {
            broken.push(format!("{:?} have been counted, there are {classes:?}", self.classes));
        }
        let sessions = self.sessions.len();
        if self.admission.total() as usize != sessions {
            broken
                .push(format!("{} connections admitted, {sessions} open", self.admission.total()));
        }
    }

    fn check_questions(&self, broken: &mut Vec<String>) {
        let waiting = self.pending.iter().filter(|(_, pending)| match pending.then {
            Then::Question { .. } => true,
            Then::Blocklist(_)
            | Then::Command { .. }
            | Then::Aside { .. }
            | Then::Peer { .. }
            | Then::Server(_) => false,
        });
        let (waiting, open) = (waiting.count(), self.questions.waiting());
        if waiting != open {
            broken.push(format!("{open} questions are open, {waiting} wait for their answers"));
        }
    }

    fn check_census(&self, broken: &mut Vec<String>) {
        let count = |letter| self.network.users().filter(|(_, u)| u.modes.contains(letter)).count();
        for (what, counted, fact) in [
            ("users", self.census.users, self.network.users().count()),
            ("invisible users", self.census.invisible, count('i')),
            ("operators", self.census.opers, count('o')),
            ("users at home here", self.census.local, self.locals.iter().count()),
        ] {
            if counted != fact {
                broken.push(format!("{counted} {what} have been counted, there are {fact}"));
            }
        }
    }
}
