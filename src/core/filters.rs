//! What content filters do here, to those at home here.

use super::{bans, ctx::Ctx};
use crate::network::{
    UserId,
    ban::{Key, Kind, Terms, pattern::canonical},
    crdt::Source,
    filter::{Action, Place, Rule},
    op::Op,
};
use std::borrow::Cow;

/// Whether a user may say something there; if not, why. Operators may say everything.
pub fn check(ctx: &mut Ctx<'_>, user: UserId, place: Place, text: &str) -> Result<(), Box<str>> {
    let found = ctx.network().filters().touching(place, &passed_on(text));
    let Some((pattern, rule)) = found.map(|(pattern, rule)| (pattern.to_owned(), rule.clone()))
    else {
        return Ok(());
    };
    if ctx.whois(user).is_oper() {
        return Ok(());
    }
    let action = rule.action.name();
    let text = format!("The filter {pattern} ({action}) touches {}", ctx.whois(user).mask());
    log::info!("{text}");
    ctx.snotice('f', &text);
    match rule.action {
        Action::Warn => return Ok(()),
        Action::Block => (),
        Action::Ban => ban(ctx, user, Kind::Gline, terms(ctx, &rule)),
        Action::Shun => ban(ctx, user, Kind::Shun, terms(ctx, &rule)),
        Action::Kill => kill(ctx, user, &rule.reason),
    }
    Err(rule.reason)
}

/// Whether a user's parting words may be told. Of a shunned user it is heard that they leave, and no word.
pub fn farewell(ctx: &Ctx<'_>, user: UserId, text: &str) -> bool {
    if ctx.local(user).is_some_and(|local| local.shunned) {
        return false;
    }
    let found = ctx.network().filters().touching(Place::Farewell, &passed_on(text));
    ctx.whois(user).is_oper() || found.is_none_or(|(_, rule)| rule.action == Action::Warn)
}

/// A text as it is passed on: what no line may hold is left out, and hides nothing from a filter.
fn passed_on(text: &str) -> Cow<'_, str> {
    if text.contains(['\r', '\0']) { text.replace(['\r', '\0'], "").into() } else { text.into() }
}

/// What a filter's ban says.
fn terms(ctx: &Ctx<'_>, rule: &Rule) -> Terms {
    Terms {
        reason: rule.reason.clone(),
        private: "by a filter".into(),
        setter: rule.setter.clone(),
        until: rule.span.map(|span| ctx.now.wall + span),
        soft: false,
    }
}

fn kill(ctx: &mut Ctx<'_>, user: UserId, reason: &str) {
    let uid = ctx.whois(user).uid;
    let reason = format!("Killed (filter: {reason})").into();
    ctx.commit(Op::Quit { uid, reason });
}

/// Bans a user from the network, by their address.
pub(super) fn ban(ctx: &mut Ctx<'_>, user: UserId, kind: Kind, terms: Terms) {
    // Where many come from one host, or there is no room for one more ban, only the user goes.
    let mask = ctx.whois(user).address.and_then(|ip| canonical(kind, &format!("*@{ip}")));
    let key = mask.map(|mask| Key { kind, server: None, mask: mask.into() });
    let Some(key) = key.filter(|key| bans::full(ctx.core, key).is_none()) else {
        return kill(ctx, user, &terms.reason);
    };
    let by = Source::Server(ctx.core.sid());
    ctx.commit(Op::Ban { by, key, terms: Some(Box::new(terms)) });
}
