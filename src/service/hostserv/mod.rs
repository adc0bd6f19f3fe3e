//! HostServ: hosts of people's own choice, which their accounts have.

mod answer;
mod offer;
mod request;
mod set;
mod switch;

use super::Service;
use crate::{
    core::{
        ctx::{Ctx, Outcome, Resume},
        dispatch::Table,
        registry,
        vhost::{self, VHOST, VHOST_OFF},
    },
    job::Answer,
    network::UserId,
    registry::{Edit, Kind, RecordId, What},
    store::Rows,
};

/// The service.
pub static SERVICE: Service = Service {
    name: "HostServ",
    alias: "HS",
    about: "Hosts of your own choice, shown instead of where you connect from.",
    table: Table {
        commands: &[
            answer::ACTIVATE,
            set::DEL,
            switch::OFF,
            offer::OFFER,
            switch::ON,
            answer::REJECT,
            request::COMMANDS,
            set::SET,
            switch::STATUS,
            offer::TAKE,
            answer::WAITING,
        ],
    },
};

/// Has the store write fields of an account.
fn write(
    ctx: &mut Ctx<'_>,
    user: UserId,
    id: RecordId,
    fields: &[(&str, Option<&str>)],
    then: Resume,
) -> Outcome {
    let at = ctx.core.clock.tick(ctx.now.wall);
    let by = ctx.whois(user).mask().into();
    let fields = fields.iter().map(|(key, value)| ((*key).into(), value.map(Into::into)));
    let what = What::Write(fields.collect());
    registry::propose(ctx, Edit { id, kind: Kind::Account, at, by, what }, then);
    Ok(())
}

/// Gives an account a host, or takes it away; one that is given is shown.
fn give(
    ctx: &mut Ctx<'_>,
    user: UserId,
    id: RecordId,
    host: Option<&str>,
    then: Resume,
) -> Outcome {
    write(ctx, user, id, &[(VHOST, host), (VHOST_OFF, None)], then)
}

/// Tells what has come of a write: the words for its success, or why there was none. Returns whether it
/// has succeeded.
fn told(ctx: &mut Ctx<'_>, answer: &Answer, done: &str) -> bool {
    let stored = matches!(answer, Answer::Stored(Ok(Rows::Proposed(_))));
    match answer {
        Answer::Stored(Ok(Rows::Proposed(_))) => ctx.notice(done),
        Answer::Stored(Ok(Rows::Taken(_))) => ctx.notice("The account is no more."),
        _ => super::nickserv::unavailable(ctx),
    }
    stored
}

/// That a host may be given to an account: if not, that is told.
fn fit(ctx: &mut Ctx<'_>, host: &str) -> bool {
    let unfit = vhost::unfit(ctx.core, host);
    if let Some(why) = unfit {
        ctx.notice(&format!("{host} cannot be a host of somebody's: {why}."));
    }
    unfit.is_none()
}
