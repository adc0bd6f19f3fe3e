//! What users do not want to hear: masks on their SILENCE list, and, with user mode +g, everybody who is
//! not on their ACCEPT list. Both lists are known to the user's own server only, which is where words
//! arrive.

use super::{Core, audience, effect::Effects, render};
use crate::{
    network::UserId,
    time::Now,
    wire::{mask, reply},
};
use std::time::Duration;

/// How often a user with +g is told that somebody would like to be heard.
const INFORMED_EVERY: Duration = Duration::from_secs(60);

/// Whether a user hears another, as far as this server knows.
pub fn hears(core: &Core, user: UserId, by: UserId) -> bool {
    accepts(core, user, by) && !silences(core, user, by)
}

/// Whether a mask on the user's list fits another.
pub fn silences(core: &Core, user: UserId, by: UserId) -> bool {
    let Some(local) = core.locals.get(user) else { return false };
    if local.seldom().silence.is_empty() || user == by {
        return false;
    }
    let (source, casemap) = (core.network().user(by).mask(), core.network().casemap());
    local.seldom().silence.iter().any(|entry| mask::matches(entry, &source, casemap))
}

/// Whether another may speak to the user: anybody, unless +g is on. Operators are always heard.
pub fn accepts(core: &Core, user: UserId, by: UserId) -> bool {
    let Some(local) = core.locals.get(user) else { return true };
    let (who, by) = (core.network().user(user), core.network().user(by));
    !who.modes.contains('g')
        || who.uid == by.uid
        || by.is_oper()
        || local.seldom().accept.contains(&by.uid)
}

/// Whether another is on the user's ACCEPT list, as far as this server knows.
pub fn accepted(core: &Core, user: UserId, by: UserId) -> bool {
    let by = core.network().user(by).uid;
    core.locals.get(user).is_some_and(|local| local.seldom().accept.contains(&by))
}

/// Whoever takes messages only from those logged in to an account (+R) hears those to whom they write.
pub fn hear_back(core: &mut Core, user: UserId, target: UserId) {
    let (who, uid) = (core.network().user(user), core.network().user(target).uid);
    let (only, most) = (who.modes.contains('R'), core.config.limits.accept);
    let Some(local) = core.locals.get_mut(user).filter(|_| only) else { return };
    let accept = &mut local.seldom_mut().accept;
    if accept.len() < most && !accept.contains(&uid) {
        accept.push(uid);
    }
}

/// Tells a user with +g who would like to be heard; not too often, and returns whether it did.
pub fn inform(core: &mut Core, fx: &mut Effects, user: UserId, by: UserId, now: Now) -> bool {
    let Some(local) = core.locals.get_mut(user) else { return false };
    if local.seldom().informed.is_some_and(|then| now.mono < then + INFORMED_EVERY) {
        return false;
    }
    local.seldom_mut().informed = Some(now.mono);
    let who = core.network().user(by);
    let line = reply::umode_g_message(who.nick().as_str(), &format!("{}@{}", who.user, who.host));
    for conn in audience::of_user(core, user).to_vec() {
        render::reply(core, fx, conn, &line, now);
    }
    true
}
