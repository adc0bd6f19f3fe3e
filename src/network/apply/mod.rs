//! The only writer: one operation in, what visibly changed out.
//!
//! Applying an operation again, or beside others in another order, leads to the same network. Delivery
//! is causal, so whatever an operation speaks of has come before it, or has gone again.

mod channel;
mod metadata;
mod mode;
mod nick;
mod presence;
mod rename;
mod restore;
mod servers;

use super::{
    Network, UserId,
    change::Change,
    crdt::{Lww, Source, Uid},
    keep,
    note::{self, Note},
    op::{Message, Op, Target},
};
use crate::time::Stamp;

impl Network {
    /// Applies one operation, and pushes what then visibly changed. Returns whether it was news.
    pub fn apply(&mut self, op: &Op, at: Stamp, changes: &mut Vec<Change>) -> bool {
        match op {
            Op::Server(info) => self.server_begins(info, at, changes),
            Op::Links(neighbours) => self.server_links(neighbours, at, changes),
            Op::Goodbye(reason) => self.server_ends(at, reason, changes),
            Op::Forget { server, life } => self.server_forgotten(*server, *life, at, changes),
            Op::Beat => true,
            Op::Missed(_) => server_missed(at, changes),
            Op::User(presence) => self.user_is(presence, at, changes),
            Op::Nick { uid, nick } => self.user_asks_for(*uid, nick, at, changes),
            Op::Away { uid, message } => self.user_away(*uid, message.as_deref(), at, changes),
            Op::Realname { uid, realname } => self.user_renames(*uid, realname, at, changes),
            Op::UserModes { uid, modes, host, class } => {
                self.user_modes(*uid, *modes, host, class.as_deref(), at, changes)
            }
            Op::Host { uid, user, host } => self.user_moves(*uid, user, host, at, changes),
            Op::Account { uid, login } => self.user_logs_in(*uid, login.as_deref(), at, changes),
            Op::Quit { uid, reason } => self.user_quits(*uid, reason, at, changes),
            Op::Channel { name, epoch, modes } => {
                self.channel_is(name, *epoch, *modes, at, changes)
            }
            Op::Restore(restored) => self.restore(restored, at, changes),
            Op::Rename(renaming) => self.rename(renaming, changes),
            Op::Ended(ended) => self.channels_end(ended, changes),
            Op::Join { uid, name, entry } => self.join(*uid, name, entry, at, changes),
            Op::Reveal { uid, joined, .. } => self.reveal(*uid, *joined, changes),
            Op::Leave { uid, joined, how, .. } => self.leave(*uid, *joined, how, at, changes),
            Op::Mode { name, epoch, by, changes: what } => {
                self.mode((name, *epoch), *by, what, at, changes)
            }
            Op::Topic { name, epoch, by, setter, text } => {
                self.topic((name, *epoch), *by, setter, text, at, changes)
            }
            Op::Metadata { by, of, key, value } => {
                self.metadata_is((of, key), value.as_deref(), *by, at, changes)
            }
            Op::Invite { .. }
            | Op::Knock { .. }
            | Op::Announce { .. }
            | Op::Message(_)
            | Op::Redact { .. }
            | Op::Report { .. }
            | Op::ReportClosed { .. }
            | Op::Snotice { .. }
            | Op::Request { .. } => {
                changes.extend(self.passes_by(op));
                true
            }
            Op::Ban { by, key, terms } => {
                let news = self.bans.write(key, terms.as_deref(), at, *by);
                changes.extend(news.then(|| Change::Ban { key: key.clone(), by: *by }));
                news
            }
            Op::Filter { by, pattern, rule } => {
                let news = self.filters.write(pattern, rule.as_deref(), at, *by);
                changes.extend(news.then_some(Change::Filter));
                news
            }
            Op::Note { by, key, note } => self.note_is(key, note.as_deref(), *by, at, changes),
            Op::Edit(_) => {
                changes.push(Change::Edited);
                true
            }
            Op::Claims(claims) => self.claims_are(claims, changes),
            Op::Defcon { by, level } => self.defcon_is(*level, *by, at, changes),
            Op::Lapse => self.lapse(at, changes),
            Op::Hide(server) => self.hide(*server, changes),
            Op::Show(server) => self.show(*server, changes),
        }
    }

    fn note_is(
        &mut self,
        key: &note::Key,
        note: Option<&Note>,
        by: Source,
        at: Stamp,
        changes: &mut Vec<Change>,
    ) -> bool {
        let news = self.notes.write(key, note, at, by);
        changes.extend(news.then_some(Change::Noted));
        news
    }

    fn defcon_is(&mut self, level: u8, by: Source, at: Stamp, changes: &mut Vec<Change>) -> bool {
        if self.defcon.at >= at {
            return false;
        }
        self.defcon = Lww { value: level.clamp(1, 5), at, by };
        changes.push(Change::Defcon(by));
        true
    }

    /// What leaves no trace in the network, if there is somebody to see it.
    fn passes_by(&self, op: &Op) -> Option<Change> {
        match op {
            Op::Invite { by, uid, name, .. } => {
                let (by, user) = self.seen(*by).zip(self.seen(*uid))?;
                Some(Change::Invited { by, user, channel: self.known_as(name)? })
            }
            Op::Knock { uid, name } => {
                Some(Change::Knocked { user: self.seen(*uid)?, channel: self.known_as(name)? })
            }
            Op::Announce { .. } => Some(Change::Announced),
            Op::Message(message) => self.say(message),
            Op::Redact { by, .. } => Some(Change::Redacted { by: self.seen(*by)? }),
            Op::Report { by, .. } => Some(Change::Reported { by: self.uid(*by)? }),
            Op::ReportClosed { .. } => Some(Change::ReportClosed),
            Op::Snotice { .. } => Some(Change::Snotice),
            Op::Request { uid, .. } => Some(Change::Asked { user: self.uid(*uid)? }),
            _ => None,
        }
    }

    fn lapse(&mut self, at: Stamp, changes: &mut Vec<Change>) -> bool {
        let now = at.wall();
        changes.extend(self.bans.lapse(now).into_iter().map(Change::Lapsed));
        let before = keep::remembered_since(now);
        self.bans.forget(before);
        self.filters.forget(before);
        self.notes.lapse(now);
        self.expire(now, at, changes);
        true
    }

    fn say(&self, message: &Message) -> Option<Change> {
        Some(match &message.to {
            Target::Channel { name, .. } | Target::Moderated(name) => {
                Change::Said { by: self.seen(message.from)?, channel: self.known_as(name)? }
            }
            // Their server had not given up ours, so nobody tells the sender that it is lost.
            Target::User(uid) => {
                Change::Told { by: self.uid(message.from)?, user: self.uid(*uid)? }
            }
        })
    }

    /// The user of that identity, if in sight.
    fn seen(&self, uid: Uid) -> Option<UserId> {
        self.uid(uid).filter(|user| !self.users[*user].hidden)
    }

    /// `nick!user@host` of a user, or a server's name, as the source of a message.
    pub fn source(&self, source: Source) -> Option<String> {
        match source {
            Source::User(uid) => self.uid(uid).map(|user| self.users[user].mask()),
            Source::Server(sid) => {
                self.servers.get(&sid).map(|server| server.info.name.to_string())
            }
            // Where services are is for whoever shows it.
            Source::Service(_) => None,
        }
    }
}

/// What was missed changes nothing, but those who said it may want to know.
fn server_missed(at: Stamp, changes: &mut Vec<Change>) -> bool {
    changes.push(Change::Missed(at.server));
    true
}
