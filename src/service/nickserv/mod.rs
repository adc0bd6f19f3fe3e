//! NickServ: accounts, and the nicks that belong to them.

mod cert;
mod ghost;
mod glist;
mod group;
mod identify;
mod info;
mod listchans;
mod logout;
mod regain;
mod register;
mod ungroup;
mod unregister;

use super::Service;
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::Table,
        registry,
    },
    job::{Answer, Job},
    network::UserId,
    registry::{CERTS_MAX, Edit, Kind, Login, Record, RecordId, What},
    store::{Find, Query, Rows},
};

/// The service.
pub static SERVICE: Service = Service {
    name: "NickServ",
    alias: "NS",
    about: "Accounts, and the nicks that belong to them.",
    table: Table {
        commands: &[
            cert::COMMANDS,
            unregister::DROP,
            ghost::COMMANDS,
            glist::COMMANDS,
            group::COMMANDS,
            identify::COMMANDS,
            info::COMMANDS,
            listchans::COMMANDS,
            logout::COMMANDS,
            ghost::RECOVER,
            regain::COMMANDS,
            register::COMMANDS,
            ungroup::COMMANDS,
            unregister::COMMANDS,
        ],
    },
};

/// The account that a user is logged in to; who is not is told how to be.
fn login(ctx: &mut Ctx<'_>, user: UserId) -> Option<Login> {
    let login = ctx.whois(user).login.as_deref().cloned();
    if login.is_none() {
        ctx.notice("You are not logged in. IDENTIFY <account> <password> logs you in, REGISTER <password> makes an account of your nick.");
    }
    login
}

/// Has the store write fields of the user's own account.
pub(super) fn write(
    ctx: &mut Ctx<'_>,
    user: UserId,
    id: RecordId,
    what: What,
    then: fn(&mut Ctx<'_>, Answer) -> Outcome,
) -> Outcome {
    let at = ctx.core.clock.tick(ctx.now.wall);
    let by = ctx.whois(user).mask().into();
    registry::propose(ctx, Edit { id, kind: Kind::Account, at, by, what }, then);
    Ok(())
}

/// Reads the record of an account by its id.
pub(super) fn read(
    ctx: &mut Ctx<'_>,
    id: RecordId,
    then: fn(&mut Ctx<'_>, Answer) -> Outcome,
) -> Outcome {
    ctx.defer(Job::Store(Query::Find(Find::Id(id))), then);
    Ok(())
}

/// The record that was read; if there is none, that is told.
pub(super) fn record(ctx: &mut Ctx<'_>, answer: Answer) -> Option<Box<Record>> {
    match answer {
        Answer::Stored(Ok(Rows::Record(Some(record)))) => Some(record),
        _ => {
            unavailable(ctx);
            None
        }
    }
}

/// Tells what has come of a write: the words for its success, or why there was none.
fn told(ctx: &mut Ctx<'_>, answer: &Answer, done: &str) {
    match answer {
        Answer::Stored(Ok(Rows::Proposed(_))) => ctx.notice(done),
        Answer::Stored(Ok(Rows::Taken(_))) => {
            ctx.notice("That belongs to somebody else already. Nothing has been changed.");
        }
        Answer::Stored(Ok(Rows::Full)) => ctx.notice(&format!(
            "Your account holds as much as it may: {CERTS_MAX} certificates, and no end of changes of nicks and certificates. Nothing has been changed; remove something first."
        )),
        _ => unavailable(ctx),
    }
}

pub(super) fn unavailable(ctx: &mut Ctx<'_>) {
    ctx.notice("Accounts cannot be reached now. Nothing has been changed; please try again later.");
}
