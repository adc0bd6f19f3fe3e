//! Passwords that are lost: a code is mailed to the address of the account, and whoever has it sets another.
//!
//! Neither what is said nor how long that takes tells whether there is such an account, or an address.

use super::{
    Core,
    account::{self, Errand, Failure},
    ctx::{Ctx, Outcome, Then},
    effect::Effects,
    login, mail, registry, sasl,
};
use crate::{
    config::Secret,
    job::{Answer, Hashes, Job},
    registry::{Edit, KeyValue, Kind, Record, What},
    store::{Purpose, Query, Rows},
    time::{Now, Wall},
    wire::name::Nick,
};

/// A code is sent to the address of an account, if it has one that can be believed.
pub fn send_code(core: &mut Core, fx: &mut Effects, answer: Answer, now: Now) {
    let Ok(Some(record)) = login::recalled(answer) else { return };
    let address = record.get(account::MAIL).filter(|_| record.unverified().is_none());
    if !address.is_some_and(|address| mail::may_send(core, (Purpose::Reset, address), now)) {
        return;
    }
    let salt = mail::salt(core, now);
    let (at, by) = (core.clock.tick(now.wall), core.name().into());
    let what = What::Write(vec![(RESET.into(), Some(salt))]);
    let edit = Edit { id: record.id, kind: Kind::Account, at, by, what };
    core.ask(fx, Job::Store(Query::Propose(Box::new(edit))), Then::Server(made), now);
}

fn made(core: &mut Core, fx: &mut Effects, answer: Answer, now: Now) {
    let Answer::Stored(Ok(Rows::Proposed(edited))) = answer else {
        log::warn!("no code could be made for somebody who has lost their password");
        return;
    };
    let record = &edited.record;
    if let Some((address, salt)) = record.get(account::MAIL).zip(record.get(RESET)) {
        let letter = mail::letter(record, (Purpose::Reset, address, salt), now);
        mail::post_aside(core, fx, letter, now);
    }
}

/// Sets another password for whoever knows the code that was sent for it.
pub fn reset(
    ctx: &mut Ctx<'_>,
    name: Nick,
    (code, password): (Secret, Secret),
    then: account::Then,
) -> Outcome {
    let refused = match account::may_be_password(ctx.core, password.expose()) {
        Ok(()) if !login::may_try(ctx, &name) => Err(Failure::TooOften),
        refused => refused,
    };
    if refused.is_err() {
        return then(ctx, &name, refused);
    }
    let scram = sasl::keeps_verifiers(&ctx.core.config);
    // Before it is looked whether there is such an account, so that it takes as long if there is none.
    let job = Job::Hash { password, scram };
    ctx.session_mut().errand = Some(Errand::new(name, code, then));
    ctx.defer(job, hashed);
    Ok(())
}

fn hashed(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Answer::Hashed(hashes) = answer else {
        return account::ended(ctx, Err(Failure::Unavailable));
    };
    let Some(errand) = &mut ctx.session_mut().errand else { return Ok(()) };
    errand.hashes = Some(Box::new(hashes));
    let name = errand.name.clone();
    login::recall(ctx, &name, named);
    Ok(())
}

fn named(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let record = match login::recalled(answer) {
        Ok(record) => record,
        Err(failure) => return account::ended(ctx, Err(failure)),
    };
    let Some(errand) = &mut ctx.session_mut().errand else { return Ok(()) };
    let (name, code) = (errand.name.clone(), errand.password.clone());
    let hashes = errand.hashes.take();
    let record = record.filter(|record| is_right(ctx, record, &code));
    let Some((record, hashes)) = record.zip(hashes) else {
        login::failed(ctx, &name);
        return account::ended(ctx, Err(Failure::Wrong));
    };
    let at = ctx.core.clock.tick(ctx.now.wall);
    let what = What::Write(taken_back(&hashes, ctx.now.wall));
    let (id, by) = (record.id, account::mask(ctx).into());
    let edit = Edit { id, kind: Kind::Account, at, by, what };
    registry::propose(ctx, edit, changed);
    Ok(())
}

/// Whether somebody knows the code that was sent for an account, in time. It undoes nothing that has been set
/// since it was asked for: a password, or another address.
fn is_right(ctx: &Ctx<'_>, record: &Record, code: &Secret) -> bool {
    let field = record.field(RESET);
    let asked = field.and_then(|field| Some((field.at, field.value.as_deref()?)));
    asked.is_some_and(|(at, salt)| {
        let known = mail::is_code(ctx.core, Purpose::Reset, (record.id, salt), code.expose());
        let mut since = [account::PASSWORD, account::MAIL].into_iter();
        let last = since.all(|key| record.field(key).is_none_or(|field| field.at < at));
        known && last && ctx.now.wall < at.wall() + ctx.core.config.accounts.reset_timeout
    })
}

fn changed(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let how = match answer {
        Answer::Stored(Ok(Rows::Proposed(_))) => Ok(()),
        _ => Err(Failure::Unavailable),
    };
    account::ended(ctx, how)
}

/// What is written to an account that gets another password since somebody else may have had the one before:
/// whoever is logged in is so no more.
pub fn taken_back(hashes: &Hashes, now: Wall) -> Vec<KeyValue> {
    let mut fields = account::kept(hashes).to_vec();
    fields.extend([(RESET.into(), None), (LOGGED_OUT.into(), Some(now.0.to_string().into()))]);
    fields
}

/// The field of when all who were logged in have been logged out. Each server does so when it learns of it.
pub const LOGGED_OUT: &str = "logged-out";

/// The field of what a code for a new password is made from.
pub const RESET: &str = "reset";
