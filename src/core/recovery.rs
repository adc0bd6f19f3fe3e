//! Passwords that are lost: a code is mailed to the address of the account, and whoever has it sets another.
//!
//! Neither what is said nor how long that takes tells whether there is such an account, or an address.

use super::{
    Core,
    account::{self, Errand, Failure},
    ctx::{Ctx, Outcome, Then},
    effect::Effects,
    mail, registry, sasl, verification,
};
use crate::{
    config::Secret,
    job::{Answer, Job},
    registry::{Edit, KeyValue, Kind, Record, RecordId, What},
    store::{Purpose, Query, Rows},
    time::Now,
    wire::name::Nick,
};

/// Has a code sent to the address of an account. Whoever asks is told nothing; false says that they have
/// asked too often.
pub fn send_code(ctx: &mut Ctx<'_>, name: &Nick) -> bool {
    let may = verification::may_ask(ctx);
    if may {
        account::recall(ctx, name, |ctx, answer| {
            let record = account::recalled(answer).ok().flatten();
            let reachable = |record: &Record| {
                record.unverified().is_none() && record.get(account::MAIL).is_some()
            };
            let record = record.filter(|record| reachable(record));
            verification::note_asked(ctx, record.as_deref());
            Ok(())
        });
    }
    may
}

/// Writes to an account what a code is made from, which then is sent.
pub fn make_code(core: &mut Core, fx: &mut Effects, id: RecordId, now: Now) {
    let salt = mail::salt(core, now);
    let (at, by) = (core.clock.tick(now.wall), core.name().into());
    let what = What::Write(vec![(RESET.into(), Some(salt))]);
    let edit = Edit { id, kind: Kind::Account, at, by, what };
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
    let refused = match account::may_be_password(&ctx.core.config, password.expose()) {
        Ok(()) if !account::may_try(ctx, &name) => Err(Failure::TooOften),
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
    account::recall(ctx, &name, named);
    Ok(())
}

fn named(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let record = match account::recalled(answer) {
        Ok(record) => record,
        Err(failure) => return account::ended(ctx, Err(failure)),
    };
    let Some(errand) = &mut ctx.session_mut().errand else { return Ok(()) };
    let (name, code) = (errand.name.clone(), errand.password.clone());
    let hashes = errand.hashes.take();
    let record = record.filter(|record| is_right(ctx, record, &code));
    let Some((record, hashes)) = record.zip(hashes) else {
        account::failed(ctx, &name);
        return account::ended(ctx, Err(Failure::Wrong));
    };
    let at = ctx.core.clock.tick(ctx.now.wall);
    let mut fields = account::kept(&hashes).to_vec();
    fields.push(no_code());
    let (id, by) = (record.id, account::mask(ctx).into());
    let edit = Edit { id, kind: Kind::Account, at, by, what: What::Write(fields) };
    registry::propose(ctx, edit, changed);
    Ok(())
}

/// Whether somebody knows the code that was sent for an account, in time.
fn is_right(ctx: &Ctx<'_>, record: &Record, code: &Secret) -> bool {
    let field = record.field(RESET);
    let asked = field.and_then(|field| Some((field.at.wall(), field.value.as_deref()?)));
    asked.is_some_and(|(at, salt)| {
        let known = mail::is_code(ctx.core, Purpose::Reset, (record.id, salt), code.expose());
        known && ctx.now.wall < at + ctx.core.config.accounts.reset_timeout
    })
}

fn changed(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let how = match answer {
        Answer::Stored(Ok(Rows::Proposed(_))) => Ok(()),
        _ => Err(Failure::Unavailable),
    };
    account::ended(ctx, how)
}

/// What is written so that no code that was sent for a new password is good any more.
pub fn no_code() -> KeyValue {
    (RESET.into(), None)
}

/// The field of what a code for a new password is made from.
pub const RESET: &str = "reset";
