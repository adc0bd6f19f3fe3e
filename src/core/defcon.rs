//! DEFCON: what is locked when the network is under attack.

use super::{
    Core,
    ctx::{Ctx, Outcome, Reject},
};
use crate::{network::UserId, wire::reply};
use std::net::IpAddr;

/// Every level, with what it locks; each locks what those above it lock as well.
pub const LEVELS: &[(u8, &str)] = &[
    (5, "nothing is locked"),
    (4, "nothing new is registered: no accounts, no channels"),
    (3, "private messages only from those who are logged in, and to and from operators"),
    (2, "nobody connects without logging in to an account"),
    (1, "nobody connects but from the addresses of limits.exempt and from this machine"),
];

/// What a level locks.
pub fn meaning(level: u8) -> &'static str {
    LEVELS.iter().find(|row| row.0 == level).map_or("", |row| row.1)
}

/// Why nobody may connect from an address now.
pub fn refused_address(core: &Core, ip: IpAddr) -> Option<&'static str> {
    let trusted =
        ip.is_loopback() || core.config.limits.exempt.iter().any(|range| range.contains(ip));
    (core.network().defcon() <= 1 && !trusted)
        .then_some("the network is locked against an attack; try again later")
}

/// Lets a session become a user, unless all must log in now.
pub fn admit(ctx: &mut Ctx<'_>) -> Outcome {
    let from = ctx.session().from.ip();
    let trusted = from.is_none_or(|ip| {
        ip.is_loopback() || ctx.core.config.limits.exempt.iter().any(|range| range.contains(ip))
    });
    if trusted || ctx.network().defcon() > 2 {
        return Ok(());
    }
    let why =
        "The network is locked against an attack: log in to an account (SASL), or try again later";
    ctx.reply(reply::you_are_banned(why));
    Err(Reject::Quit(why.into()))
}

/// That a user may write to another privately now.
pub fn private(ctx: &Ctx<'_>, user: UserId, target: UserId) -> Outcome {
    let free = |user| ctx.whois(user).is_oper() || ctx.whois(user).modes.contains('r');
    if ctx.network().defcon() > 3 || user == target || free(user) || ctx.whois(target).is_oper() {
        return Ok(());
    }
    let nick = ctx.whois(target).nick().as_str();
    Err(reply::cannot_send_to_user(
        nick,
        "the network is locked against an attack; log in to an account",
    )
    .into())
}
