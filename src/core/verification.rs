//! Mail addresses are believed once somebody has told a code that was sent there: that of a new account
//! before anybody can log in to it, that of an account before it takes the place of the old one.
//!
//! An account that waits so is a record like others, and holds its name. When its time is up, all that was
//! written to it is taken away, by writes that are hardly later than those they undo: whoever has verified
//! it in time, behind a split as well, has written it later.

use super::{
    Core,
    account::{self, Errand, Failure},
    ctx::{Ctx, Outcome, Then},
    effect::Effects,
    login, mail, recovery, registry,
};
use crate::{
    config::{Config, Secret},
    job::{Answer, Job},
    registry::{Edit, KeyValue, Kind, Login, Record, RecordId, UNVERIFIED, What},
    store::{Edited, Find, Letter, Purpose, Query, Rows},
    time::{Now, Stamp, Wall},
    wire::name::Nick,
};
use std::time::Duration;

/// Whether new accounts wait until their mail address has been verified.
pub fn is_wanted(config: &Config) -> bool {
    config.accounts.email_required && config.mail.is_sent()
}

/// The key by which an account is known to wait.
pub fn unverified_key(id: RecordId) -> Box<str> {
    format!("{UNVERIFIED}{id}").into()
}

/// What is written to an account that is to have a mail address: the address once it is believed, and else
/// with what its code is made from.
pub fn address_field(core: &mut Core, address: &str, now: Now) -> (Box<str>, Option<Box<str>>) {
    if core.config.mail.is_sent() {
        let salt = mail::salt(core, now);
        (NEW_MAIL.into(), Some(format!("{salt} {address}").into()))
    } else {
        (account::MAIL.into(), Some(address.into()))
    }
}

/// The mail that is to be sent about an address that has just been written to an account, if one is.
pub fn letter(record: &Record, now: Now) -> Option<Letter> {
    let (purpose, salt, address) = match (record.unverified(), new_address(record)) {
        (Some(salt), _) => (Purpose::Verify, salt, record.get(account::MAIL)?),
        (None, Some((salt, address))) => (Purpose::Address, salt, address),
        (None, None) => return None,
    };
    Some(mail::letter(record, (purpose, address, salt), now))
}

/// The address that an account is to have once it has been confirmed, and what its code is made from.
pub fn new_address(record: &Record) -> Option<(&str, &str)> {
    record.get(NEW_MAIL)?.split_once(' ')
}

/// Completes the registration of an account for whoever knows its code, and logs them in.
pub fn verify(ctx: &mut Ctx<'_>, name: Nick, code: Secret, then: account::Then) -> Outcome {
    if !login::may_try(ctx, &name) {
        return then(ctx, &name, Err(Failure::TooOften));
    }
    let errand = Errand::new(name.clone(), code, then);
    ctx.session_mut().errand = Some(errand);
    login::recall(ctx, &name, named);
    Ok(())
}

fn named(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let record = match login::recalled(answer) {
        Ok(record) => record,
        Err(failure) => return account::ended(ctx, Err(failure)),
    };
    let Some(errand) = &ctx.session().errand else { return Ok(()) };
    let right = record.filter(|record| {
        let end = record.id.0.wall() + ctx.core.config.accounts.verify_timeout;
        let known = record.unverified().is_some_and(|salt| {
            mail::is_code(ctx.core, Purpose::Verify, (record.id, salt), errand.password.expose())
        });
        known && ctx.now.wall < end
    });
    let Some(record) = right else {
        let name = errand.name.clone();
        login::failed(ctx, &name);
        return account::ended(ctx, Err(Failure::Wrong));
    };
    let at = ctx.core.clock.tick(ctx.now.wall);
    let by = account::mask(ctx).into();
    let (id, what) = (record.id, completed(&record));
    registry::propose(ctx, Edit { id, kind: Kind::Account, at, by, what }, verified);
    Ok(())
}

/// What is written to an account that waits no more: all of it again, so that nothing undoes it that was to
/// end its waiting.
pub fn completed(record: &Record) -> What {
    let waits = unverified_key(record.id);
    let fields = record.fields().filter(|(key, field)| field.value.is_some() && **key != *waits);
    let mut fields: Vec<_> = fields.map(|(key, field)| (key.into(), field.value.clone())).collect();
    fields.push((waits, None));
    What::Write(fields)
}

fn verified(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let how = match answer {
        Answer::Stored(Ok(Rows::Proposed(edited))) => {
            let may = login::may_enter(ctx, &edited.record);
            if may.is_ok() {
                login::enter(ctx, &edited.record);
            }
            may
        }
        Answer::Stored(Ok(Rows::Taken(_))) => Err(Failure::Taken),
        _ => Err(Failure::Unavailable),
    };
    account::ended(ctx, how)
}

/// Has a mail sent to the address of an account, if there is one: with the code that completes it, or one for
/// a new password. Whoever asks is told nothing, and nothing is looked up before they have been answered, so
/// that the time it takes tells nothing either. False says that they have asked too often.
pub fn ask_for(ctx: &mut Ctx<'_>, name: &Nick, purpose: Purpose) -> bool {
    let may = may_ask(ctx);
    let asked = &mut ctx.core.mailing.asked;
    if may && asked.len() < ASKED_MAX {
        asked.push_back((purpose, login::key(name)));
    }
    may
}

/// Whether a session may have a mail sent, which counts as a log-in from its address that fails.
pub fn may_ask(ctx: &mut Ctx<'_>) -> bool {
    let (from, limits) = (ctx.session().from, &ctx.core.config.limits);
    let (burst, interval) = (limits.login_burst, limits.login_interval);
    let may = ctx.core.attempts.may(from, burst, interval, ctx.now);
    if may {
        ctx.core.attempts.failed(from, interval, ctx.now);
    }
    may
}

/// Makes the address that of the account for which it was given, for whoever knows its code.
pub fn confirm_address(
    ctx: &mut Ctx<'_>,
    login: &Login,
    code: Secret,
    then: account::Then,
) -> Outcome {
    let Some(name) = Nick::lookup(&login.name, ctx.network().casemap()) else { return Ok(()) };
    if !login::may_try(ctx, &name) {
        return then(ctx, &name, Err(Failure::TooOften));
    }
    ctx.session_mut().errand = Some(Errand::new(name, code, then));
    ctx.defer(Job::Store(Query::Find(Find::Id(login.id))), told);
    Ok(())
}

fn told(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let record = match login::recalled(answer) {
        Ok(record) => record,
        Err(failure) => return account::ended(ctx, Err(failure)),
    };
    let Some(errand) = &ctx.session().errand else { return Ok(()) };
    let (name, code) = (errand.name.clone(), errand.password.clone());
    let right = record.filter(|record| is_confirmed(ctx, record, &code));
    let Some((record, address)) = right.and_then(|record| {
        let address = new_address(&record)?.1.to_owned();
        Some((record, address))
    }) else {
        login::failed(ctx, &name);
        return account::ended(ctx, Err(Failure::Wrong));
    };
    let fields = mail_fields(Some(&address));
    let at = ctx.core.clock.tick(ctx.now.wall);
    let by = account::mask(ctx).into();
    let edit = Edit { id: record.id, kind: Kind::Account, at, by, what: What::Write(fields) };
    registry::propose(ctx, edit, confirmed);
    Ok(())
}

/// Whether somebody knows the code that was sent to the address that an account is to have, in time.
fn is_confirmed(ctx: &Ctx<'_>, record: &Record, code: &Secret) -> bool {
    let written = record.field(NEW_MAIL).map(|field| field.at.wall());
    let timeout = ctx.core.config.accounts.verify_timeout;
    new_address(record).zip(written).is_some_and(|((salt, _), at)| {
        let known = mail::is_code(ctx.core, Purpose::Address, (record.id, salt), code.expose());
        known && ctx.now.wall < at + timeout
    })
}

fn confirmed(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Answer::Stored(Ok(Rows::Proposed(edited))) = answer else {
        return account::ended(ctx, Err(Failure::Unavailable));
    };
    tell_address_before(ctx, &edited);
    account::ended(ctx, Ok(()))
}

/// What is written to an account whose mail address is another from now on, or none. One that has not been
/// confirmed is not to take its place.
pub fn mail_fields(address: Option<&str>) -> Vec<KeyValue> {
    let mail = (account::MAIL.into(), address.map(Into::into));
    vec![mail, (NEW_MAIL.into(), None)]
}

/// Tells the mail address that an account had until now that it has another, or none: whoever has taken the
/// account over is not to do that unseen.
pub fn tell_address_before(ctx: &mut Ctx<'_>, edited: &Edited) {
    let changed = edited.changed.iter().find(|change| &*change.key == account::MAIL);
    let before = changed.and_then(|change| change.before.as_deref());
    if let Some(address) = before.filter(|_| ctx.core.config.mail.is_sent()) {
        let letter = mail::letter(&edited.record, (Purpose::Changed, address, ""), ctx.now);
        mail::post_aside(ctx.core, ctx.fx, letter, ctx.now);
    }
}

/// Looks up the accounts to which something is to be sent.
pub fn answer_asked(core: &mut Core, fx: &mut Effects, now: Now) {
    for (purpose, key) in std::mem::take(&mut core.mailing.asked) {
        let then = if purpose == Purpose::Verify { send_again } else { recovery::send_code };
        core.ask(fx, Job::Store(Query::Find(Find::Claim(key))), Then::Server(then), now);
    }
}

/// The code of an account that waits is sent once more.
fn send_again(core: &mut Core, fx: &mut Effects, answer: Answer, now: Now) {
    let record = login::recalled(answer).ok().flatten();
    let letter = record.and_then(|record| letter(&record, now));
    let letter = letter.filter(|letter| letter.purpose == Purpose::Verify);
    let may = |letter: &Letter, core: &mut Core| {
        mail::may_send(core, (letter.purpose, &letter.address), now)
    };
    if let Some(letter) = letter.filter(|letter| may(letter, core)) {
        mail::post_aside(core, fx, letter, now);
    }
}

/// Takes away what was written to accounts that have waited for too long.
pub fn release_old(core: &mut Core, fx: &mut Effects, now: Now) {
    if core.network().claims().unverified() > 0
        && now.mono.since(core.mailing.looked) >= LOOKED_EVERY
    {
        core.mailing.looked = now.mono;
        let wait = core.config.accounts.verify_timeout.as_millis() as u64;
        let before = Wall(now.wall.0.saturating_sub(wait));
        core.ask(fx, Job::Store(Query::Unverified { before }), Then::Server(old), now);
    }
}

fn old(core: &mut Core, fx: &mut Effects, answer: Answer, now: Now) {
    if let Answer::Stored(Ok(Rows::Records(records))) = answer {
        records.iter().for_each(|record| release(core, fx, record, now));
    }
}

/// Takes away what was written to an account that waits. Every server does it alike, and it does not matter
/// how many do.
pub fn release(core: &mut Core, fx: &mut Effects, record: &Record, now: Now) {
    let Some(last) = record.fields().map(|(_, field)| field.at).max() else { return };
    let at = Stamp { tick: last.tick + 1, server: last.server };
    let fields = record.fields().map(|(key, _)| (key.into(), None));
    let (id, what) = (record.id, What::Write(fields.collect()));
    let edit = Edit { id, kind: Kind::Account, at, by: core.name().into(), what };
    core.ask(fx, Job::Store(Query::Propose(Box::new(edit))), Then::Server(released), now);
}

/// If it could not be done, it is looked for again.
fn released(_: &mut Core, _: &mut Effects, _: Answer, _: Now) {}

/// The field of an address that has not been confirmed: what its code is made from, and the address.
pub const NEW_MAIL: &str = "newmail";

/// How often accounts are looked for that have waited for too long.
const LOOKED_EVERY: Duration = Duration::from_secs(60);

/// How many mails are asked for at once; who comes later has to ask again.
const ASKED_MAX: usize = 100;
