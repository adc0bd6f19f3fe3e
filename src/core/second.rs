//! The second factor: a code that logging in to an account takes besides the password, of an app (TOTP) or
//! one of the recovery codes.
//!
//! It is given behind the password, after a space, wherever the password is. A code that has been used is
//! written to the record before anybody is let in by it: the store does one thing after another, so of two
//! who give the same code at once one has changed nothing, and is refused.

use super::{
    account::{self, Failure},
    ctx::{Ctx, Outcome},
    login, registry,
};
use crate::{
    config::Secret,
    job::Answer,
    registry::{Edit, Kind, Record, What},
    store::Rows,
    time::Wall,
    wire::totp,
};

/// The field of the secret of which codes are made, in base 32.
pub const TOTP: &str = "totp";

/// The field of a secret that does not count yet, since nobody has given a code of it.
pub const PENDING: &str = "totp-new";

/// The field of the step whose code has been used last.
pub const USED: &str = "totp-used";

/// How the fields of recovery codes begin, which a number follows; the value is what is stored of the code.
pub const RECOVERY: &str = "totp-recovery:";

/// How many recovery codes there are.
pub const RECOVERY_CODES: usize = 10;

/// What is written to a record.
pub type Fields = Vec<(Box<str>, Option<Box<str>>)>;

/// Whether logging in to an account takes a code.
pub fn is_on(record: &Record) -> bool {
    record.get(TOTP).is_some()
}

/// What ends the second factor of an account.
pub fn none() -> Fields {
    let recovery = (0..RECOVERY_CODES).map(|number| (format!("{RECOVERY}{number}").into(), None));
    [(TOTP.into(), None), (PENDING.into(), None)].into_iter().chain(recovery).collect()
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
pub fn accept(record: &Record, code: &str, now: Wall) -> Option<Fields> {
    if let Some(digest) = totp::recovery_digest(code) {
        let known =
            record.under(RECOVERY).filter(|(_, field)| field.value.as_deref() == Some(&digest));
        return known.map(|(number, _)| vec![(format!("{RECOVERY}{number}").into(), None)]).next();
    }
    let secret = totp::unbase32(record.get(TOTP)?)?;
    let used = record.get(USED).and_then(|step| step.parse().ok());
    let step = totp::check(&secret, code, now.secs(), used)?;
    Some(vec![(USED.into(), Some(step.to_string().into()))])
}

/// Lets in whoever knows the password of an account, if they have given a code where it takes one.
pub fn admit(ctx: &mut Ctx<'_>, record: &Record) -> Outcome {
    if !is_on(record) {
        login::enter(ctx, record);
        return account::ended(ctx, Ok(()));
    }
    let code = ctx.session_mut().errand.as_mut().and_then(|errand| errand.code.take());
    let Some(code) = code else { return account::ended(ctx, Err(Failure::CodeWanted)) };
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
