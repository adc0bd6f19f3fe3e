//! Servers come, link, go, and get out of reach.

use crate::{
    network::{Network, Server, UserId, change::Change, op::ServerInfo},
    time::{Sid, Stamp},
};

impl Network {
    pub(super) fn server_begins(
        &mut self,
        info: &ServerInfo,
        at: Stamp,
        changes: &mut Vec<Change>,
    ) -> bool {
        if self.servers.get(&at.server).is_some_and(|known| known.since >= at) {
            return false;
        }
        // Whoever was there in an earlier life has gone with it, without grace.
        self.drop_users(at.server, at, "Server restarted", changes);
        let hidden = self.servers.get(&at.server).is_some_and(|known| known.hidden);
        let server = Server {
            info: info.clone(),
            since: at,
            neighbours: Vec::new(),
            linked: at,
            gone: None,
            hidden,
        };
        self.servers.insert(at.server, server);
        changes.push(Change::Server(at.server));
        true
    }

    pub(super) fn server_links(
        &mut self,
        neighbours: &[Sid],
        at: Stamp,
        changes: &mut Vec<Change>,
    ) -> bool {
        let Some(server) = self.servers.get_mut(&at.server) else { return false };
        if at <= server.linked || at < server.since {
            return false;
        }
        server.linked = at;
        server.neighbours = neighbours.to_vec();
        changes.push(Change::Links);
        true
    }

    pub(super) fn server_ends(
        &mut self,
        at: Stamp,
        reason: &str,
        changes: &mut Vec<Change>,
    ) -> bool {
        let Some(server) = self.servers.get_mut(&at.server) else { return false };
        if server.gone.is_some() || at < server.since {
            return false;
        }
        self.end(at.server, at, reason, changes);
        changes.push(Change::Links);
        true
    }

    pub(super) fn server_forgotten(
        &mut self,
        sid: Sid,
        life: u64,
        at: Stamp,
        changes: &mut Vec<Change>,
    ) -> bool {
        let Some(server) = self.servers.get(&sid) else { return false };
        if server.gone.is_some() || server.info.life != life {
            return false;
        }
        self.end(sid, at, "Out of reach for too long", changes);
        changes.push(Change::Forgotten(sid));
        true
    }

    /// A server's life is over: its users go, and none of them comes any more.
    fn end(&mut self, sid: Sid, at: Stamp, reason: &str, changes: &mut Vec<Change>) {
        if let Some(server) = self.servers.get_mut(&sid) {
            server.gone = Some(at);
            server.neighbours.clear();
        }
        for user in self.users_of(sid, |_| true) {
            self.remove_user(user, reason, at, changes);
        }
    }

    pub(super) fn hide(&mut self, sid: Sid, changes: &mut Vec<Change>) -> bool {
        match self.servers.get_mut(&sid) {
            Some(server) if !server.hidden => server.hidden = true,
            Some(_) | None => return false,
        }
        let users: Vec<UserId> = self.users_of(sid, |_| true);
        let departed = users.iter().map(|user| self.departed(*user)).collect();
        for user in &users {
            self.users[*user].hidden = true;
        }
        changes.push(Change::Split(departed, sid));
        // Only once all of them are out of sight: none of them may inherit a nick from another.
        for user in users {
            self.unwear(user, changes);
        }
        true
    }

    pub(super) fn show(&mut self, sid: Sid, changes: &mut Vec<Change>) -> bool {
        match self.servers.get_mut(&sid) {
            Some(server) if server.hidden => server.hidden = false,
            Some(_) | None => return false,
        }
        let users = self.users_of(sid, |_| true);
        for user in &users {
            self.rewear(*user, changes);
        }
        changes.push(Change::Healed(users, sid));
        true
    }

    /// Removes the users of a server who came before `before`.
    fn drop_users(&mut self, sid: Sid, before: Stamp, reason: &str, changes: &mut Vec<Change>) {
        for user in self.users_of(sid, |born| born < before) {
            self.remove_user(user, reason, before, changes);
        }
    }

    fn users_of(&self, sid: Sid, born: impl Fn(Stamp) -> bool) -> Vec<UserId> {
        self.users
            .iter()
            .filter(|(_, user)| user.uid.server == sid && born(user.born))
            .map(|(id, _)| id)
            .collect()
    }
}
