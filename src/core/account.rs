//! Accounts: registering one, and logging in, whichever command asks for it.
//!
//! What takes time goes one step after the other while the session waits: the password is hashed or
//! checked by a worker, the record is read or written by the store. What has to be remembered from step
//! to step is the session's errand.

use super::{
    ctx::{Ctx, Outcome},
    registry,
};
use crate::{
    config::Secret,
    job::{Answer, Job},
    network::op::Op,
    registry::{Edit, Kind, Login, NAME, NICK, Record, RecordId, What},
    store::{Find, Query, Rows},
    wire::{name::Nick, reply},
};

/// What a session is at that takes several steps.
#[derive(Debug)]
pub struct Errand {
    /// The account, as it is written.
    name: Nick,
    /// The password, until it has been used.
    password: Secret,
    /// The mail address of a new account.
    mail: Option<Box<str>>,
    /// The record of the account that is logged in to, once it has been read.
    record: Option<Box<Record>>,
    /// What comes then.
    then: Then,
}

/// What goes on when it has ended: the session is logged in, or it is not.
pub type Then = fn(&mut Ctx<'_>, &Nick, Result<(), Failure>) -> Outcome;

/// Why a session is not logged in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Failure {
    /// There is no such account, or the password is another; it is not told which.
    Wrong,
    /// The account is suspended.
    Suspended,
    /// Somebody has an account of that name, or owns the nick.
    Taken,
    /// The address has tried too often.
    TooOften,
    /// The workers or the store cannot do it now.
    Unavailable,
}

/// Registers an account for whoever asks, and logs them in.
pub fn register(
    ctx: &mut Ctx<'_>,
    name: Nick,
    mail: Option<Box<str>>,
    password: Secret,
    then: Then,
) -> Outcome {
    if ctx.network().claims().nick(&name).is_some() {
        return then(ctx, &name, Err(Failure::Taken));
    }
    let job = Job::Hash { password: password.clone() };
    ctx.session_mut().errand = Some(Box::new(Errand { name, password, mail, record: None, then }));
    ctx.defer(job, hashed);
    Ok(())
}

fn hashed(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Answer::Hashed(hash) = answer else { return ended(ctx, Err(Failure::Unavailable)) };
    let at = ctx.core.clock.tick(ctx.now.wall);
    let by = ctx.session().user().map_or_else(|| "*".to_owned(), |user| ctx.whois(user).mask());
    let Some(errand) = &ctx.session().errand else { return Ok(()) };
    let (name, folded) = (errand.name.as_str(), errand.name.folded());
    let mut fields = vec![
        (NAME.into(), Some(name.into())),
        (format!("{NICK}{folded}").into(), Some(name.into())),
        (PASSWORD.into(), Some(hash.expose().into())),
    ];
    fields.extend(errand.mail.clone().map(|mail| (MAIL.into(), Some(mail))));
    let (id, what) = (RecordId(at), What::Write(fields));
    let edit = Edit { id, kind: Kind::Account, at, by: by.into(), what };
    registry::propose(ctx, edit, registered);
    Ok(())
}

fn registered(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    match answer {
        Answer::Stored(Ok(Rows::Proposed(edited))) => {
            enter(ctx, &edited.record);
            ended(ctx, Ok(()))
        }
        Answer::Stored(Ok(Rows::Taken(_))) => ended(ctx, Err(Failure::Taken)),
        _ => ended(ctx, Err(Failure::Unavailable)),
    }
}

/// Logs in whoever knows the password of an account, by its name or by any nick that it owns.
pub fn log_in(ctx: &mut Ctx<'_>, name: Nick, password: Secret, then: Then) -> Outcome {
    let (from, limits) = (ctx.session().from, &ctx.core.config.limits);
    if !ctx.core.attempts.may(from, limits.login_burst, limits.login_interval, ctx.now) {
        return then(ctx, &name, Err(Failure::TooOften));
    }
    let find = Find::Claim(format!("{NICK}{}", name.folded()).into());
    let errand = Errand { name, password, mail: None, record: None, then };
    ctx.session_mut().errand = Some(Box::new(errand));
    ctx.defer(Job::Store(Query::Find(find)), found);
    Ok(())
}

fn found(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Answer::Stored(Ok(Rows::Record(record))) = answer else {
        return ended(ctx, Err(Failure::Unavailable));
    };
    // A name that nobody has is as long in coming as a wrong password.
    let hash = record.as_ref().and_then(|record| record.get(PASSWORD)).map(Secret::new);
    let Some(errand) = &mut ctx.session_mut().errand else { return Ok(()) };
    errand.record = record;
    let password = errand.password.clone();
    ctx.defer(Job::Verify { hash, password }, verified);
    Ok(())
}

fn verified(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let record = ctx.session_mut().errand.as_mut().and_then(|errand| errand.record.take());
    let known = match answer {
        Answer::Verified(true) => record,
        Answer::Verified(false) => None,
        _ => return ended(ctx, Err(Failure::Unavailable)),
    };
    let Some(record) = known else {
        let (from, interval) = (ctx.session().from, ctx.core.config.limits.login_interval);
        ctx.core.attempts.failed(from, interval, ctx.now);
        return ended(ctx, Err(Failure::Wrong));
    };
    if record.get(SUSPENDED).is_some() {
        return ended(ctx, Err(Failure::Suspended));
    }
    enter(ctx, &record);
    ended(ctx, Ok(()))
}

fn ended(ctx: &mut Ctx<'_>, how: Result<(), Failure>) -> Outcome {
    let Some(errand) = ctx.session_mut().errand.take() else { return Ok(()) };
    (errand.then)(ctx, &errand.name, how)
}

/// The session is logged in to an account from now on: its user, or the one it is to become.
pub fn enter(ctx: &mut Ctx<'_>, record: &Record) {
    let name: Box<str> = record.name().unwrap_or_default().into();
    let login = Box::new(Login { id: record.id, name: name.clone() });
    let mask = match ctx.session().user() {
        Some(user) => {
            let (uid, mask) = (ctx.whois(user).uid, ctx.whois(user).mask());
            ctx.commit(Op::Account { uid, login: Some(login) });
            mask
        }
        None => {
            let Some(registration) = ctx.session_mut().registration() else { return };
            registration.login = Some(login);
            let nick = registration.nick.as_ref().map_or("*", |nick| nick.as_str());
            format!("{nick}!*@*")
        }
    };
    ctx.reply(reply::logged_in(&mask, &name, &format!("You are now logged in as {name}")));
}

/// The name of the account that the session is logged in to.
pub fn of_session(ctx: &Ctx<'_>) -> Option<Box<str>> {
    match ctx.session().user() {
        Some(user) => ctx.whois(user).account().map(Into::into),
        None => ctx.session().login().map(|login| login.name.clone()),
    }
}

/// The field of the password's hash.
pub const PASSWORD: &str = "password";

/// The field of the mail address.
pub const MAIL: &str = "mail";

/// The field that says that an account is suspended, and why.
pub const SUSPENDED: &str = "suspended";
