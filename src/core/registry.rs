//! The registry at work: edits go to the store, and from there to everybody.
//!
//! What is proposed here is stored first, so that nothing is ever seen that a disk has refused; then the
//! claims are settled, the linked servers are told, and who is logged in to an account hears of it. What
//! has happened elsewhere is stored as well, in order. The store decides what holds; the same on every
//! server, since records merge.

use super::{
    ConnId, Core, audit,
    ctx::{Ctx, Resume, Then},
    effect::Effects,
    memo, metadata,
    recovery::LOGGED_OUT,
    registered, render, reserve,
    session::Registration,
    settings::{ENFORCE, NOOP},
    suspension::{self, SUSPENDED, UNTIL},
    vhost,
};
use crate::{
    job::{Answer, Job},
    network::{UserId, op::Op},
    registry::{Changed, Edit, Kind, LOOK, Login, NAME, NICK, Record, RecordId, What},
    store::{Edited, Query, Rows},
    time::{Mono, Now},
    wire::{casemap::Casemap, name::Nick},
};
use std::{collections::VecDeque, time::Duration};

/// What this server knows of the registry besides who has which claim.
#[derive(Debug, Default)]
pub struct Registry {
    /// Edits from elsewhere that are to be stored.
    incoming: VecDeque<Incoming>,
    /// How many of them the store is at.
    storing: usize,
    /// How many have been left out since too many were waiting.
    left_out: u64,
    /// When contests were last looked for.
    looked: Mono,
}

/// An edit from elsewhere.
#[derive(Debug)]
struct Incoming {
    edit: Edit,
    /// Whether the other servers may not have heard of it.
    tell: bool,
}

/// Has the store apply an edit that a command proposes; the session waits. `resume` is given
/// [`Rows::Proposed`] once it has happened and everybody has been told, [`Rows::Taken`], [`Rows::Full`] or
/// [`Rows::Unsound`].
pub fn propose(ctx: &mut Ctx<'_>, edit: Edit, resume: Resume) {
    ctx.defer(Job::Store(Query::Propose(Box::new(edit))), resume);
}

impl Core {
    /// Who has which claims, as the store remembers it. Nobody is connected yet.
    pub fn remember(&mut self, claims: Vec<(Box<str>, RecordId)>, now: Now) {
        let claims = claims.into_iter().map(|(key, holder)| (key, Some(holder))).collect();
        self.see(&mut Effects::default(), &Op::Claims(claims), now);
    }

    /// Takes in an edit that has happened elsewhere; `tell` says that the others may not know it. When
    /// too many wait it is left out, and comes again when the stores are compared.
    pub fn learn_edit(&mut self, fx: &mut Effects, edit: Edit, tell: bool, now: Now) {
        if !edit.is_sound() {
            log::warn!("an edit of the registry from elsewhere is out of bounds, and left out");
            return;
        }
        if self.registry.incoming.len() >= INCOMING_MAX {
            self.registry.left_out += 1;
            return;
        }
        // What is written here later must not be taken for older.
        self.clock.seen(edit.at);
        self.registry.incoming.push_back(Incoming { edit, tell });
        self.store_edits(fx, now);
    }

    /// Has the store apply what has come in, if it is not at that already.
    fn store_edits(&mut self, fx: &mut Effects, now: Now) {
        let registry = &mut self.registry;
        if registry.storing > 0 {
            return;
        }
        if registry.incoming.is_empty() {
            // Said once, and not for each of them.
            let left_out = std::mem::take(&mut registry.left_out);
            if left_out > 0 {
                log::warn!(
                    "{left_out} edits of the registry from other servers came faster than they could be stored; they come again"
                );
            }
            return;
        }
        let edits: Vec<Edit> =
            registry.incoming.iter().take(STORED_AT_ONCE).map(|one| one.edit.clone()).collect();
        registry.storing = edits.len();
        self.ask(fx, Job::Store(Query::Learn(edits)), Then::Server(stored), now);
    }

    /// The store has applied an edit: whoever may see something of it does.
    fn edited(&mut self, fx: &mut Effects, edited: &Edited, cause: Option<ConnId>, now: Now) {
        if !edited.claims.is_empty() {
            self.see(fx, &Op::Claims(edited.claims.clone()), now);
        }
        let changes = |key: &str| edited.changed.iter().any(|change| &*change.key == key);
        if edited.edit.kind == Kind::Channel {
            registered::edited(self, fx, edited, now);
        } else if edited.edit.what == What::End && edited.edit.at.server == self.sid() {
            registered::heirs::orphaned(self, fx, edited.edit.id, now);
        }
        if changes(NOOP) {
            registered::met(self, &edited.record);
        }
        // Nobody is logged in to an account that has had no name.
        let renamed = |change: &Changed| &*change.key == NAME && change.before.is_some();
        if edited.edit.kind == Kind::Account && edited.changed.iter().any(renamed) {
            self.account_is_called(fx, edited, now);
        }
        if changes(LOGGED_OUT) {
            let name = edited.record.name().unwrap_or_default();
            let text =
                format!("You are logged out: the account {name} has been given another password.");
            self.log_in_as(fx, (edited.record.id, None), &text, now);
        }
        vhost::edited(self, fx, edited, now);
        metadata::account::edited(self, fx, edited, cause, now);
        memo::edited(self, fx, edited, now);
        // Who is suspended again for the same reason may have come back in between.
        if changes(SUSPENDED) || changes(UNTIL) {
            self.account_is_suspended(fx, edited, now);
        }
        if changes(ENFORCE) {
            reserve::protect_otherwise(self, fx, edited.record.id, now);
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
        self.log_in_as(fx, (record.id, login), &text, now);
    }

    /// Whoever is logged in to an account on this server is so otherwise from now on, or no more, and is told.
    fn log_in_as(
        &mut self,
        fx: &mut Effects,
        (account, login): (RecordId, Option<Login>),
        text: &str,
        now: Now,
    ) {
        for new in self.entering(account) {
            new.login = login.clone().map(Box::new);
            if login.is_none() {
                new.metadata.account.clear();
            }
        }
        for user in self.logged_in(account) {
            let uid = self.network().user(user).uid;
            let login = login.clone().map(Box::new);
            self.commit(fx, Op::Account { uid, login }, None, now);
            render::tell(self, fx, user, text, now);
        }
    }

    /// Those of this server's users who are logged in to an account that has been suspended are so no more.
    fn account_is_suspended(&mut self, fx: &mut Effects, edited: &Edited, now: Now) {
        let Some(suspension) = suspension::of(&edited.record, now.wall) else { return };
        let name = edited.record.name().unwrap_or_default();
        let text =
            format!("You are logged out: the account {name} is suspended{}", suspension.text());
        self.log_in_as(fx, (edited.record.id, None), &text, now);
    }

    /// Those who are about to come in here, and are logged in to an account.
    pub(super) fn entering(
        &mut self,
        account: RecordId,
    ) -> impl Iterator<Item = &mut Registration> {
        let new = self.sessions.iter_mut().filter_map(|(_, session)| session.registration());
        new.filter(move |new| new.login.as_ref().is_some_and(|login| login.id == account))
    }

    /// This server's users who are logged in to an account.
    pub fn logged_in(&self, account: RecordId) -> Vec<UserId> {
        let is = |user: &UserId| {
            self.network().user(*user).login.as_ref().is_some_and(|login| login.id == account)
        };
        self.locals.iter().map(|(user, _)| user).filter(is).collect()
    }

    /// Looks now and then for claims that several have: whoever was to settle that may have crashed, or
    /// its store may have failed.
    pub fn look_for_contests(&mut self, fx: &mut Effects, now: Now) {
        if now.mono.since(self.registry.looked) >= LOOKED_EVERY {
            self.registry.looked = now.mono;
            self.ask(fx, Job::Store(Query::Contests), Then::Server(contested), now);
        }
    }

    /// Whether this is the first server in sight, which sees to what one of them has to.
    pub fn is_first(&self) -> bool {
        let servers = self.network().servers().filter(|(_, server)| !server.hidden);
        servers.map(|(sid, _)| sid).min().is_none_or(|first| first == self.sid())
    }

    /// Two sides of a split have given one name to two: the later registration gives it up. One server sees
    /// to that, the first in sight.
    fn settle_contest(&mut self, fx: &mut Effects, key: &str, loser: &Record, now: Now) {
        if !self.is_first() {
            return;
        }
        let what = match loser.kind {
            Kind::Channel => What::End,
            Kind::Account => What::Write(without(loser, key, self.network().casemap())),
        };
        let at = self.clock.tick(now.wall);
        let by = self.name().into();
        let edit = Edit { id: loser.id, kind: loser.kind, at, by, what };
        self.ask(fx, Job::Store(Query::Propose(Box::new(edit))), Then::Server(proposed), now);
    }
}

/// What is written to an account that gives up a claim: if that was its name it takes another, which
/// nobody has, since it is made from what is its own.
fn without(loser: &Record, key: &str, casemap: Casemap) -> Vec<(Box<str>, Option<Box<str>>)> {
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
        let folded = Nick::lookup(&new, casemap);
        let claim = folded.as_ref().map_or(new.as_str(), |nick| nick.folded());
        // It is of letters that nothing else looks like, and nobody else's.
        fields.push((format!("{NICK}{claim}").into(), Some(new.as_str().into())));
        fields.push((NAME.into(), Some(new.into())));
    }
    fields
}

/// What goes on with every answer of the store that says that something has been edited, whoever asked
/// for it and whether or not they still wait. `cause` is the session that has.
pub fn answered(
    core: &mut Core,
    fx: &mut Effects,
    (answer, cause): (&Answer, Option<ConnId>),
    now: Now,
) {
    core.cache_answer(answer);
    match answer {
        Answer::Stored(Ok(Rows::Proposed(edited))) if edited.news => {
            core.edited(fx, edited, cause, now);
            memo::mail(core, fx, edited, now);
            note_down(core, fx, edited, now);
            core.commit(fx, Op::Edit(Box::new(edited.edit.clone())), None, now);
        }
        Answer::Stored(Ok(Rows::Learned(all))) => {
            for edited in all {
                match edited.news {
                    true => core.edited(fx, edited, None, now),
                    false => registered::outdone(core, &edited.edit),
                }
            }
        }
        _ => (),
    }
}

/// What has been registered, or has ended, stands in the log.
fn note_down(core: &mut Core, fx: &mut Effects, edited: &Edited, now: Now) {
    let named = edited.changed.iter().find(|change| &*change.key == NAME);
    let Some(Changed { before, after, .. }) = named else { return };
    let kind = match edited.edit.kind {
        Kind::Account => "account",
        Kind::Channel => "channel",
    };
    let text = match (before, after) {
        (None, Some(name)) => format!("registers the {kind} {name}"),
        (Some(old), Some(new)) => format!("renames the {kind} {old} to {new}"),
        (Some(name), None) => format!("ends the {kind} {name}"),
        (None, None) => return,
    };
    audit::record(core, fx, (&edited.edit.by, &text), now);
}

/// Nobody waits for what the server itself has proposed; if it has been refused it was settled otherwise
/// meanwhile, and if it could not be stored it is looked for again.
fn proposed(_: &mut Core, _: &mut Effects, _: Answer, _: Now) {}

/// Whoever has a claim that is not theirs gives it up.
fn contested(core: &mut Core, fx: &mut Effects, answer: Answer, now: Now) {
    if let Answer::Stored(Ok(Rows::Contests(contests))) = answer {
        contests.iter().for_each(|(key, loser)| core.settle_contest(fx, key, loser, now));
    }
}

/// The store has applied what had come in: who may not know it is told. What it could not do comes again
/// when stores are compared.
fn stored(core: &mut Core, fx: &mut Effects, answer: Answer, now: Now) {
    let count = std::mem::take(&mut core.registry.storing);
    let incoming: Vec<Incoming> = core.registry.incoming.drain(..count).collect();
    match answer {
        Answer::Stored(Ok(Rows::Learned(all))) => {
            let news = all.iter().zip(incoming).filter(|(edited, _)| edited.news);
            for (_, incoming) in news.filter(|(_, incoming)| incoming.tell) {
                core.commit(fx, Op::Edit(Box::new(incoming.edit)), None, now);
            }
        }
        _ => log::error!("{count} edits of the registry from other servers could not be stored"),
    }
    core.store_edits(fx, now);
}

/// How often contests are looked for.
const LOOKED_EVERY: Duration = Duration::from_secs(300);

/// How many edits from elsewhere wait for the store.
const INCOMING_MAX: usize = 10_000;

/// How many edits are stored at once.
const STORED_AT_ONCE: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        core::{
            ctx::JOB_TIMEOUT,
            effect::Effect,
            frame::{Frame, Registry},
            scene::{Neighbour, Scene},
        },
        job::JobId,
        server::Input,
        sim::script::check,
        store::{Store, memory::Memory},
        time::{Sid, Stamp},
    };

    /// An account of bob, registered on a server at a tick.
    fn account(server: Sid, tick: u64) -> Edit {
        let at = Stamp { tick, server };
        let fields =
            vec![(NAME.into(), Some("bob".into())), ("nick:bob".into(), Some("bob".into()))];
        let (id, what) = (RecordId(at), What::Write(fields));
        Edit { id, kind: Kind::Account, at, by: "bob!b@h".into(), what }
    }

    /// A linked server sends records; what the store is asked then.
    fn told(scene: &mut Scene, other: Neighbour, edits: Vec<Edit>) -> Vec<(JobId, Query)> {
        let frame = Frame::Registry(Registry::Edits(edits));
        queries(scene.input(Input::Frame { peer: other.peer, frame }))
    }

    fn queries(effects: Vec<Effect>) -> Vec<(JobId, Query)> {
        let asked = effects.into_iter().filter_map(|effect| match effect {
            Effect::Job { id, job } => match *job {
                Job::Store(query) => Some((id, query)),
                _ => None,
            },
            _ => None,
        });
        asked.collect()
    }

    fn owner(scene: &Scene) -> Option<RecordId> {
        let bob = Nick::lookup("bob", Casemap::Ascii).unwrap();
        scene.server.core().network().claims().nick(&bob)
    }

    #[test]
    fn what_a_slow_store_has_learned_after_all_is_known() {
        let (mut scene, mut store) = (Scene::new(), Memory::default());
        let other = scene.peer();
        let edit = account(other.sid, 7);
        let (id, query) = told(&mut scene, other, vec![edit.clone()]).pop().unwrap();
        scene.now.mono = scene.now.mono + JOB_TIMEOUT;
        scene.input(Input::Tick);
        assert_eq!(owner(&scene), None);
        let answer = Answer::Stored(store.ask(&query));
        scene.input(Input::Done { id, answer });
        assert_eq!(owner(&scene), Some(edit.id));
    }

    #[test]
    fn what_is_written_here_comes_after_what_is_known_here() {
        let mut scene = Scene::new();
        let other = scene.peer();
        let later = account(Sid::from_number(99), 1 << 40);
        told(&mut scene, other, vec![later.clone()]);
        assert!(scene.server.core().clock.last() >= later.at.tick);
    }

    #[test]
    fn what_no_record_can_hold_is_not_taken_from_a_linked_server() {
        let mut scene = Scene::new();
        let other = scene.peer();
        let (good, by) = (account(other.sid, 7), "x".repeat(5000).into());
        let bad = Edit { by, ..account(other.sid, 8) };
        let asked = told(&mut scene, other, vec![bad, good.clone()]);
        let [(_, Query::Learn(learned))] = asked.as_slice() else { panic!("{asked:?}") };
        assert_eq!(*learned, [good]);
    }

    #[test]
    fn a_name_that_two_have_is_settled_though_the_server_that_was_to_do_it_is_gone() {
        check(
            r"
            servers 3
            config limits.ping_interval 5000
            carol@1 > PING x
            al@2    > PING x
            bob@3   > PING x
            split 2 | 1 3
            al      > NICK shared
            al      > REGISTER * * sesame-open
            bob     > NICK shared
            bob     > REGISTER * * open-sesame
            bob     < :s3.test 900 shared shared!~bob@bob.test shared :You are now logged in as shared
            crash 1
            heal
            wait 400
            bob     <~ * NOTICE * :Your account is called shared-*
            same
            ",
        );
    }

    #[test]
    fn who_gives_up_a_name_can_log_in_by_the_new_one() {
        check(
            r"
            servers 2
            config server.casemapping rfc1459
            al@2  > PING x
            bob@1 > PING x
            split 1 | 2
            al    > NICK [x]
            al    > REGISTER * * sesame-open
            bob   > NICK [x]
            bob   > REGISTER * * open-sesame
            bob   <~ :s1.test 900 *
            heal

            bob   <~ * NOTICE * :Your account is called [x]-*
            bob   > NS LOGOUT
            bob   > NS IDENTIFY [x]-$record open-sesame
            bob   <~ :s1.test 900 *
            ",
        );
    }
}
