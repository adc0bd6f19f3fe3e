//! The second factor: a code that logging in to an account takes besides the password, of one of its apps
//! (TOTP) or one of the recovery codes.
//!
//! It is given behind the password, after a space, wherever the password is; a client that knows of it is
//! asked for it ([`step_up`]). A code that has been used is written to the record before anybody is let in by
//! it: the store does one thing after another, so of two who give the same code at once one has changed
//! nothing, and is refused.

use super::{
    account::{self, Failure},
    ctx::{Ctx, Outcome},
    login, registry,
};
use crate::{
    config::Secret,
    job::{Answer, RANDOM_LEN},
    registry::{Edit, KeyValue, Kind, Record, What},
    store::Rows,
    time::{Stamp, Wall},
    wire::totp::{self, RECOVERY_LEN, SECRET_LEN},
};

pub mod request;
pub mod step_up;

/// The field that is set while logging in takes a code.
pub const ON: &str = "2fa";

/// How the fields of apps begin, which a number follows; the value is the secret of which the app makes its
/// codes, in base 32, and behind a colon what its owner calls it.
pub const APP: &str = "totp:";

/// The field of a secret that does not count yet, since nobody has given a code of it.
pub const PENDING: &str = "totp-new";

/// How the fields begin of the step whose code an app has given last; its number follows.
pub const USED: &str = "totp-used:";

/// How the fields of recovery codes begin, which a number follows; the value is what is stored of the code.
pub const RECOVERY: &str = "totp-recovery:";

/// How many apps an account may have.
pub const APPS_MAX: usize = 5;

/// How many recovery codes there are.
pub const RECOVERY_CODES: usize = 10;

/// An app of an account, as its record has it.
struct App<'a> {
    number: &'a str,
    secret: &'a str,
    name: &'a str,
    /// When it was added.
    at: Stamp,
}

fn apps(record: &Record) -> impl Iterator<Item = App<'_>> {
    record.under(APP).filter_map(|(number, field)| {
        let (secret, name) = field.value.as_deref()?.split_once(':')?;
        Some(App { number, secret, name, at: field.at })
    })
}

/// Whether logging in to an account takes a code.
pub fn is_on(record: &Record) -> bool {
    record.get(ON).is_some()
}

/// What ends the second factor of an account, with all its apps.
pub fn none() -> Vec<KeyValue> {
    let apps = (1..=APPS_MAX).map(|number| format!("{APP}{number}"));
    let recovery = (0..RECOVERY_CODES).map(|number| format!("{RECOVERY}{number}"));
    let keys = [ON, PENDING].map(str::to_owned).into_iter().chain(apps).chain(recovery);
    keys.map(|key| (key.into(), None)).collect()
}

/// Recovery codes made of random bytes, and what is written of them.
fn recovery(random: &[u8; RANDOM_LEN]) -> (Vec<Secret>, Vec<KeyValue>) {
    let parts = random.iter().skip(SECRET_LEN).copied().collect::<Vec<u8>>();
    let parts = parts.chunks(RECOVERY_LEN).take(RECOVERY_CODES);
    let codes = parts.filter_map(|part| <&[u8; RECOVERY_LEN]>::try_from(part).ok());
    let codes: Vec<String> = codes.map(totp::recovery_code).collect();
    let fields = codes.iter().enumerate().map(|(number, code)| {
        (format!("{RECOVERY}{number}").into(), totp::recovery_digest(code).map(Into::into))
    });
    let fields = fields.collect();
    (codes.iter().map(|code| Secret::new(code)).collect(), fields)
}

/// A password and the code behind it, if there is one.
pub fn split(given: &Secret) -> (Secret, Option<Secret>) {
    match given.expose().rsplit_once(' ').filter(|(_, code)| is_code(code)) {
        Some((password, code)) => (Secret::new(password), Some(Secret::new(code))),
        None => (given.clone(), None),
    }
}

/// Whether a text looks like a code, of an app or for recovery.
fn is_code(text: &str) -> bool {
    let digits = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits || totp::recovery_digest(text).is_some()
}

/// What is written to the record once a code has been used; nothing if it is wrong or has been used before.
fn accept(record: &Record, code: &str, now: Wall) -> Option<Vec<KeyValue>> {
    if let Some(digest) = totp::recovery_digest(code) {
        let known =
            record.under(RECOVERY).filter(|(_, field)| field.value.as_deref() == Some(&digest));
        return known.map(|(number, _)| vec![(format!("{RECOVERY}{number}").into(), None)]).next();
    }
    let mut fitting = None;
    // Those of all apps are compared, so that the time tells nothing about whose it was.
    for app in apps(record) {
        let key = format!("{USED}{}", app.number);
        let used = record.get(&key).and_then(|step| step.parse().ok());
        let secret = totp::unbase32(app.secret);
        let step = secret.and_then(|secret| totp::check(&secret, code, now.secs(), used));
        fitting = fitting.or(step.map(|step| (key, step)));
    }
    let (key, step) = fitting?;
    Some(vec![(key.into(), Some(step.to_string().into()))])
}

/// Lets in whoever knows the password of an account, if they have given a code where it takes one.
pub fn admit(ctx: &mut Ctx<'_>, record: &Record) -> Outcome {
    if !is_on(record) {
        login::enter(ctx, record);
        return account::ended(ctx, Ok(()));
    }
    let Some(errand) = &mut ctx.session_mut().errand else { return Ok(()) };
    let (name, code) = (errand.name.clone(), errand.code.take());
    let Some(code) = code else { return account::ended(ctx, Err(Failure::CodeWanted)) };
    // Others may have failed since the password was given, or been asked for a code with this one.
    if !login::may_try(ctx, &name) {
        return account::ended(ctx, Err(Failure::TooOften));
    }
    let Some(used) = accept(record, code.expose(), ctx.now.wall) else { return wrong(ctx) };
    let at = ctx.core.clock.tick(ctx.now.wall);
    let (by, what) = (ctx.core.name().into(), What::Write(used));
    registry::propose(ctx, Edit { id: record.id, kind: Kind::Account, at, by, what }, admitted);
    Ok(())
}

fn admitted(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    match answer {
        Answer::Stored(Ok(Rows::Proposed(edited))) if edited.changed.is_empty() => wrong(ctx),
        Answer::Stored(Ok(Rows::Proposed(edited))) => {
            // It may be another than when the password was checked.
            let may = login::may_enter(ctx, &edited.record);
            if may.is_ok() {
                login::enter(ctx, &edited.record);
            }
            account::ended(ctx, may)
        }
        _ => account::ended(ctx, Err(Failure::Unavailable)),
    }
}

fn wrong(ctx: &mut Ctx<'_>) -> Outcome {
    if let Some(name) = ctx.session().errand.as_ref().map(|errand| errand.name.clone()) {
        login::failed(ctx, &name);
    }
    account::ended(ctx, Err(Failure::WrongCode))
}
