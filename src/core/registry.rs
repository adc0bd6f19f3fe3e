//! The registry at work: edits go to the store, and from there to everybody.
//!
//! What is proposed here is stored first, so that nothing is ever seen that a disk has refused; then the
//! claims are settled, the linked servers are told, and who is logged in to an account hears of it. What
//! has happened elsewhere is stored as well, in order. The store decides what holds; the same on every
//! server, since records merge.

use super::{
    Core,
    ctx::{Ctx, Resume, Then},
    effect::Effects,
    render,
};
use crate::{
    job::{Answer, Job},
    network::{UserId, op::Op},
    registry::{Edit, Kind, LOOK, Login, NAME, NICK, Record, RecordId, What},
    store::{Edited, Query, Rows},
    time::Now,
};
use std::collections::VecDeque;

/// What this server knows of the registry besides who has which claim.
#[derive(Debug, Default)]
pub struct Registry {
    /// Edits from elsewhere that are to be stored.
    incoming: VecDeque<Incoming>,
    /// How many of them the store is at.
    storing: usize,
}

/// An edit from elsewhere.
#[derive(Debug)]
struct Incoming {
    edit: Edit,
    /// Whether the other servers may not have heard of it.
    tell: bool,
}

/// Has the store apply an edit that a command proposes; the session waits. `resume` is given
/// [`Rows::Proposed`] once it has happened and everybody has been told, [`Rows::Taken`] or [`Rows::Full`].
pub fn propose(ctx: &mut Ctx<'_>, edit: Edit, resume: Resume) {
    debug_assert!(edit.is_sound(), "{edit:?}");
    ctx.defer(Job::Store(Query::Propose(Box::new(edit))), resume);
}

impl Core {
    /// Who has which claims, as the store remembers it. Nobody is connected yet.
    pub fn remember(&mut self, claims: &[(Box<str>, RecordId)], now: Now) {
        let claims = claims.iter().map(|(key, holder)| (key.clone(), Some(*holder))).collect();
        self.see(&mut Effects::default(), &Op::Claims(claims), now);
    }

    /// Takes in an edit that has happened elsewhere; `tell` says that the others may not know it. When
    /// too many wait it is left out, and comes again when the stores are compared.
    pub fn learn_edit(&mut self, fx: &mut Effects, edit: Edit, tell: bool, now: Now) {
        if !edit.is_sound() || self.registry.incoming.len() >= INCOMING_MAX {
            log::warn!("an edit of the registry from elsewhere is left out for now");
            return;
        }
        self.registry.incoming.push_back(Incoming { edit, tell });
        self.store_edits(fx, now);
    }

    /// Has the store apply what has come in, if it is not at that already.
    fn store_edits(&mut self, fx: &mut Effects, now: Now) {
        let registry = &mut self.registry;
        if registry.storing > 0 || registry.incoming.is_empty() {
            return;
        }
        let edits: Vec<Edit> =
            registry.incoming.iter().take(STORED_AT_ONCE).map(|one| one.edit.clone()).collect();
        registry.storing = edits.len();
        self.ask(fx, Job::Store(Query::Learn(edits)), Then::Server(stored), now);
    }

    /// The store has applied an edit: whoever may see something of it does.
    fn edited(&mut self, fx: &mut Effects, edited: &Edited, now: Now) {
        if !edited.claims.is_empty() {
            self.see(fx, &Op::Claims(edited.claims.clone()), now);
        }
        if edited.changed.iter().any(|change| &*change.key == NAME) {
            self.account_is_called(fx, edited, now);
        }
        for (key, loser) in &edited.contested {
            self.settle_contest(fx, key, loser, now);
        }
    }

    /// Those of this server's users who are logged in to an account are so under its new name; of an
    /// account that has ended they are logged out.
    fn account_is_called(&mut self, fx: &mut Effects, edited: &Edited, now: Now) {
        let Edited { edit, record, .. } = edited;
        let login = record.name().map(|name| Login { id: record.id, name: name.into() });
        let text = match &login {
            None => "You are logged out, since your account is no more.".to_owned(),
            // People have masks, and servers names.
            Some(Login { name, .. }) if edit.by.contains('!') => {
                format!("Your account is called {name} from now on.")
            }
            Some(Login { name, .. }) => format!(
                "Your account is called {name} from now on, since the name had been registered earlier on another server."
            ),
        };
        for (_, session) in self.sessions.iter_mut() {
            let registration = session.registration();
            let entered = registration
                .filter(|new| new.login.as_ref().is_some_and(|login| login.id == record.id));
            entered.into_iter().for_each(|new| new.login = login.clone().map(Box::new));
        }
        for user in self.logged_in(record.id) {
            let uid = self.network().user(user).uid;
            let login = login.clone().map(Box::new);
            self.commit(fx, Op::Account { uid, login }, None, now);
            render::tell(self, fx, user, &text, now);
        }
    }

    /// This server's users who are logged in to an account.
    pub fn logged_in(&self, account: RecordId) -> Vec<UserId> {
        let is = |user: &UserId| {
            self.network().user(*user).login.as_ref().is_some_and(|login| login.id == account)
        };
        self.locals.iter().map(|(user, _)| user).filter(is).collect()
    }

    /// Two sides of a split have given one name to two: the later registration gives it up. One server sees
    /// to that, the first in sight.
    fn settle_contest(&mut self, fx: &mut Effects, key: &str, loser: &Record, now: Now) {
        let servers = self.network().servers().filter(|(_, server)| !server.hidden);
        let first = servers.map(|(sid, _)| sid).min();
        if first.is_some_and(|first| first != self.sid()) {
            return;
        }
        let what = match loser.kind {
            Kind::Channel => What::End,
            Kind::Account => What::Write(without(loser, key)),
        };
        let at = self.clock.tick(now.wall);
        let by = self.name().into();
        let edit = Edit { id: loser.id, kind: loser.kind, at, by, what };
        self.ask(fx, Job::Store(Query::Propose(Box::new(edit))), Then::Server(proposed), now);
    }
}

/// What is written to an account that gives up a claim: if that was its name it takes another, which
/// nobody has, since it is made from what is its own.
fn without(loser: &Record, key: &str) -> Vec<(Box<str>, Option<Box<str>>)> {
    let name = loser.name().unwrap_or_default();
    let claimed = loser.get(key).unwrap_or_default();
    // With a nick goes the claim of what it looks like, and the other way round.
    let claims = [NICK, LOOK].into_iter().flat_map(|prefix| {
        let gone = loser.under(prefix).filter(|(_, field)| field.value.as_deref() == Some(claimed));
        gone.map(move |(rest, _)| (format!("{prefix}{rest}").into(), None))
    });
    let mut fields: Vec<_> = claims.collect();
    if !fields.iter().any(|(gone, _): &(Box<str>, _)| **gone == *key) {
        fields.push((key.into(), None));
    }
    if name == claimed {
        let new = format!("{name}-{}", loser.id).to_ascii_lowercase();
        fields.push((NAME.into(), Some(new.as_str().into())));
        // It is of letters that nothing else looks like, and nobody else's.
        fields.push((format!("{NICK}{new}").into(), Some(new.into())));
    }
    fields
}

/// What goes on with every answer of the store that says that something has been edited, whoever asked
/// for it and whether or not they still wait.
pub fn answered(core: &mut Core, fx: &mut Effects, answer: &Answer, now: Now) {
    let Answer::Stored(Ok(Rows::Proposed(edited))) = answer else { return };
    if !edited.news {
        return;
    }
    core.edited(fx, edited, now);
    core.commit(fx, Op::Edit(Box::new(edited.edit.clone())), None, now);
}

/// Nobody waits for what the server itself has proposed; it has been refused only if it was settled
/// otherwise meanwhile.
fn proposed(_: &mut Core, _: &mut Effects, _: Answer, _: Now) {}

/// The store has applied what had come in. What it could not do comes again when stores are compared.
fn stored(core: &mut Core, fx: &mut Effects, answer: Answer, now: Now) {
    let count = std::mem::take(&mut core.registry.storing);
    let incoming: Vec<Incoming> = core.registry.incoming.drain(..count).collect();
    match answer {
        Answer::Stored(Ok(Rows::Learned(all))) => {
            for (edited, incoming) in all.iter().zip(incoming) {
                if edited.news {
                    core.edited(fx, edited, now);
                    if incoming.tell {
                        core.commit(fx, Op::Edit(Box::new(incoming.edit)), None, now);
                    }
                }
            }
        }
        _ => log::error!("{count} edits of the registry from other servers could not be stored"),
    }
    core.store_edits(fx, now);
}

/// How many edits from elsewhere wait for the store.
const INCOMING_MAX: usize = 10_000;

/// How many edits are stored at once.
const STORED_AT_ONCE: usize = 64;
