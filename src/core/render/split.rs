//! Partitions, as clients see them (`ircv3: netsplit and netjoin batches`).

use super::Tell;
use crate::{
    core::{ConnId, Core, audience, effect::Effects, metadata, snotice, undelivered::Lost},
    network::{UserId, change::Departed, mode::Status, op::Op},
    time::{Now, Sid},
    wire::{cap, encode::Msg, mode},
};
use std::collections::{BTreeMap, BTreeSet};

impl Tell<'_> {
    /// Users are out of sight: they quit, as far as anybody here can tell.
    pub(super) fn split(&mut self, departed: &[Departed], server: Sid) {
        let names = self.ends(server);
        let reason = format!("{} {}", names.0, names.1);
        let mut heard: BTreeMap<ConnId, Vec<Msg>> = BTreeMap::new();
        for gone in departed {
            self.core.census.quit(gone.modes);
            self.note_past(gone);
            self.left_sight(gone);
            let msg = self.msg(&gone.mask, "QUIT").text(&reason);
            for conn in audience::of_departed(self.core, gone) {
                heard.entry(conn).or_default().push(msg.clone());
            }
        }
        let text = |_: &Core| format!("Netsplit {} <-> {}", names.0, names.1);
        snotice::here(self.core, self.fx, 'l', text, self.now);
        self.batches("netsplit", &names, heard);
        self.report_undelivered(server, &names.1);
    }

    /// Users are in sight again: they join where they are.
    pub(super) fn healed(&mut self, users: &[UserId], server: Sid) {
        let names = self.ends(server);
        let mut heard: BTreeMap<ConnId, Vec<Msg>> = BTreeMap::new();
        let mut again: BTreeMap<ConnId, BTreeSet<UserId>> = BTreeMap::new();
        for user in users {
            let who = self.core.network().user(*user);
            let nick = who.nick().to_string();
            let (modes, away, channels) = (who.modes, who.away.clone(), who.channels().to_vec());
            self.core.census.came(modes);
            self.online(*user);
            for channel in channels {
                let name = self.core.network().channel(channel).name.to_string();
                let mut lines = vec![self.join(*user, &name)];
                let status = self.core.network().status(channel, *user).unwrap_or_default();
                if status != Status::NONE {
                    let by = self.core.name().to_owned();
                    let text = mode::format(
                        status.letters().map(|letter| (true, letter, Some(nick.as_str()))),
                    );
                    lines.push(self.msg(&by, "MODE").param(&name).rest(&text));
                }
                if let Some(away) = &away {
                    lines.push(self.by(*user, "AWAY").text(away).only(cap::AWAY_NOTIFY));
                }
                let sight = self.core.network().channel(channel).sight(*user);
                for conn in audience::who_know(self.core, channel, sight).collect::<Vec<_>>() {
                    heard.entry(conn).or_default().extend(lines.iter().cloned());
                    again.entry(conn).or_default().insert(*user);
                }
            }
        }
        let text = |_: &Core| format!("Netjoin {} <-> {}", names.0, names.1);
        snotice::here(self.core, self.fx, 'l', text, self.now);
        self.batches("netjoin", &names, heard);
        for (conn, users) in again {
            for user in users {
                metadata::introduce(self.core, self.fx, user, [conn], self.now);
            }
        }
    }

    /// The two ends of what is broken, as a quit by a split names them.
    fn ends(&self, server: Sid) -> (String, String) {
        let far = self
            .core
            .network()
            .server(server)
            .map_or_else(|| server.to_string(), |far| far.info.name.to_string());
        (self.core.name().to_owned(), far)
    }

    fn batches(&mut self, kind: &str, names: &(String, String), heard: BTreeMap<ConnId, Vec<Msg>>) {
        for (conn, lines) in heard {
            let Some(caps) = self.core.sessions.get(conn).map(|session| session.caps) else {
                continue;
            };
            if !caps.contains(cap::BATCH) {
                for line in &lines {
                    audience::send(self.core, self.fx, line, [conn]);
                }
                continue;
            }
            let batch = self.core.new_batch();
            let server = self.core.name().to_owned();
            let open = Msg::new(&server, "BATCH")
                .time(self.now.wall)
                .param(&format!("+{batch}"))
                .param(kind);
            audience::send(self.core, self.fx, &open.param(&names.0).param(&names.1), [conn]);
            for line in lines {
                audience::send(self.core, self.fx, &line.tag(cap::BATCH, "batch", &batch), [conn]);
            }
            let close = Msg::new(&server, "BATCH").time(self.now.wall).param(&format!("-{batch}"));
            audience::send(self.core, self.fx, &close, [conn]);
        }
    }

    /// Tells senders that a server is out of reach, for which there were messages.
    fn report_undelivered(&mut self, server: Sid, name: &str) {
        let lost = self.core.undelivered.give_up(server);
        let why = format!("{name} is out of reach");
        self.core.report_lost(self.fx, lost, &why, self.now);
    }

    /// A server has not heard all that has been said here.
    pub(super) fn missed(&mut self, server: Sid) {
        let Op::Missed(gaps) = self.op else { return };
        let (name, me) = (self.ends(server).1, self.core.sid());
        for gap in gaps.iter().filter(|gap| gap.server == me) {
            let lost = self.core.undelivered.missed(server, gap.after, gap.last);
            let why = format!("{name} was out of reach for too long");
            self.core.report_lost(self.fx, lost, &why, self.now);
        }
    }
}

impl Core {
    /// It is not known any more what has been seen by other servers: of no message is it sure whether it
    /// has arrived.
    pub fn doubt_undelivered(&mut self, fx: &mut Effects, now: Now) {
        for (_, lost) in self.undelivered.doubt() {
            self.report_lost(fx, lost, "this server was out of reach for too long", now);
        }
    }

    /// Tells senders which of their private messages may not have arrived, and why.
    pub(super) fn report_lost(&mut self, fx: &mut Effects, lost: Lost, why: &str, now: Now) {
        for (user, nick, count) in lost {
            let text = match count {
                1 => format!("Your last message to {nick} may not have arrived: {why}."),
                _ => format!("Your last {count} messages to {nick} may not have arrived: {why}."),
            };
            for conn in audience::of_user(self, user).to_vec() {
                let to = super::addressee(self, conn).to_owned();
                super::server_line(self, fx, conn, ("NOTICE", &[&to], Some(&text)), now);
            }
        }
    }
}
