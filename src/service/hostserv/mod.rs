//! HostServ: hosts of people's own choice, which their accounts have.

mod answer;
mod list;
mod offer;
mod request;
mod set;
mod switch;

use super::{Service, nickserv};
use crate::{
    core::{
        ctx::{Ctx, Outcome, Resume},
        dispatch::Table,
        vhost::{self, VHOST, VHOST_OFF},
    },
    network::{UserId, crdt},
    registry::{RecordId, What},
};

/// The service.
pub static SERVICE: Service = Service {
    name: crdt::HOSTSERV,
    alias: "HS",
    about: "Hosts of your own choice, shown instead of where you connect from.",
    table: Table {
        commands: &[
            answer::ACTIVATE,
            set::DEL,
            list::COMMANDS,
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
    let fields = fields.iter().map(|(key, value)| ((*key).into(), value.map(Into::into)));
    nickserv::write(ctx, user, id, What::Write(fields.collect()), then)
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

/// That a host may be given to an account: if not, that is told.
fn fit(ctx: &mut Ctx<'_>, host: &str) -> bool {
    let unfit = vhost::unfit(ctx.core, host);
    if let Some(why) = unfit {
        ctx.notice(&format!("{host} cannot be a host of somebody's: {why}."));
    }
    unfit.is_none()
}
