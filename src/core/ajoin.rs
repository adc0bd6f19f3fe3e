//! Channels that an account wants to enter when it logs in (NickServ AJOIN): the user's own server says
//! JOIN for it, as the client could, once the session has a user and is ready for a line.

use super::{
    ConnId, Core,
    ctx::Ctx,
    dispatch::{self, Table},
    effect::Effects,
};
use crate::{registry::Record, time::Now};

/// How the field of such a channel begins, which its name follows as names are compared; the value is the
/// name as it is written, and the key behind a space if there is one.
pub const AJOIN: &str = "ajoin:";

/// How many there are of one account.
pub const AJOINS_MAX: usize = 25;

/// Whoever has logged in is to enter the channels of the account.
pub fn entered(ctx: &mut Ctx<'_>, record: &Record) {
    let conn = ctx.conn;
    ctx.core.ajoins.retain(|(waiting, _)| *waiting != conn);
    if let Some(line) = line(record) {
        ctx.core.ajoins.push((conn, line));
    }
}

/// What a client would say; none if there is nothing to say.
fn line(record: &Record) -> Option<String> {
    let values = record.under(AJOIN).filter_map(|(_, field)| field.value.as_deref());
    // Keys belong to channels by their place.
    let (keyed, open): (Vec<&str>, Vec<&str>) =
        values.take(AJOINS_MAX).partition(|value| value.contains(' '));
    let (mut names, keys): (Vec<&str>, Vec<&str>) =
        keyed.iter().filter_map(|value| value.split_once(' ')).unzip();
    names.extend(open);
    let line = format!("JOIN {} {}", names.join(","), keys.join(","));
    (!names.is_empty()).then_some(line)
}

/// Has those enter who are ready for it; the others wait.
pub fn proceed(core: &mut Core, fx: &mut Effects, table: &Table, now: Now) {
    let is_due = |core: &Core, conn: ConnId| {
        let session = core.sessions.get(conn).filter(|session| !session.closing);
        session.is_none_or(|session| session.user().is_some() && session.ready())
    };
    let due = |core: &Core| core.ajoins.iter().position(|(conn, _)| is_due(core, *conn));
    while let Some(place) = due(core) {
        let (conn, line) = core.ajoins.swap_remove(place);
        dispatch::line(core, fx, table, conn, line.as_bytes(), now);
    }
}
