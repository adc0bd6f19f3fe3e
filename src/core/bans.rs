//! What server bans do here: who is turned away, who is put out, who is not heard.

use super::{
    Core,
    ctx::{Ctx, Outcome, Reject},
    effect::Effects,
    registration, sasl, snotice,
};
use crate::{
    network::{
        User, UserId,
        ban::{Bans, Key, Kind, Suspect, Terms},
        crdt::Source,
        op::Op,
    },
    time::{Now, Wall},
    wire::reply,
};
use std::net::IpAddr;

/// Lets a session become a user, unless a ban touches it.
pub fn admit(ctx: &mut Ctx<'_>) -> Outcome {
    match refusal(ctx) {
        None => Ok(()),
        Some((why, true)) => sasl::require(ctx, &why),
        Some((why, false)) => {
            ctx.reply(reply::you_are_banned(&why));
            Err(Reject::Quit(why))
        }
    }
}

/// Why a session may not become a user, as far as it has said who it is, and whether it may once it has
/// logged in to an account.
pub fn refusal(ctx: &mut Ctx<'_>) -> Option<(String, bool)> {
    if ctx.network().bans().is_empty() {
        return None;
    }
    let from = ctx.session().from;
    let registration = ctx.session_mut().registration()?;
    let (user, realname) = registration.user.clone().unwrap_or_default();
    let nick = registration.nick.as_ref().map(ToString::to_string).unwrap_or_default();
    let (user, account) =
        (format!("~{user}"), registration.login.as_ref().map(|login| login.name.clone()));
    let (host, vhost) = (registration.host.clone(), registration.vhost.clone());
    let host = host.unwrap_or_else(|| registration::shown_origin(ctx.core, from).into());
    let cloak = ctx.core.cloak.host(from);
    let hosts = [&*host, &*cloak, vhost.as_deref().unwrap_or_default()];
    let who = Suspect {
        nick: &nick,
        user: &user,
        hosts,
        address: from.ip(),
        realname: &realname,
        account: account.as_deref(),
    };
    turned_away(ctx.core, &who)
}

/// Why nobody may come from an address, whoever they are.
pub fn refused_address(core: &Core, ip: IpAddr) -> Option<String> {
    let (ban, terms) = core.network().bans().of_address(ip, core.sid())?;
    Some(sentence(ban.key.kind, terms))
}

/// Why there is no room for a ban, if there is none. What is over takes room as well, until every server
/// can be taken to have heard of it.
pub fn full(core: &Core, key: &Key) -> Option<String> {
    let (bans, most) = (core.network().bans(), core.config.limits.server_bans);
    if bans.len() >= most && bans.get(key).is_none() {
        return Some(format!(
            "There are {most} server bans, and more are not kept (limits.server_bans); lift some first."
        ));
    }
    (bans.over() >= most && !bans.knows(key)).then(|| {
        format!(
            "So many server bans have been lifted or have run out lately that no other is kept (limits.server_bans, {most}); try again later."
        )
    })
}

/// A ban has been set or lifted: those it touches go, and whoever is shunned or no longer is, is so
/// from now on.
pub fn changed(core: &mut Core, fx: &mut Effects, key: &Key, by: Source, now: Now) {
    let setter = core.network().source(by).unwrap_or_else(|| core.name().into());
    let Some((_, terms)) = core.network().bans().get(key) else {
        let text = format!("{setter} lifts the {} on {}", key.kind.row().name, key.mask);
        tell(core, fx, text, now);
        return review(core, key.kind);
    };
    let text = format!(
        "{setter} sets a {} on {}{}: {}",
        key.kind.row().name,
        key.mask,
        until(terms),
        whole_reason(terms)
    );
    let (reason, soft) = (sentence(key.kind, terms), terms.soft);
    tell(core, fx, text, now);
    if key.kind == Kind::Shun {
        return review(core, key.kind);
    }
    for user in touched(core, key) {
        if soft && core.network().user(user).account().is_some() {
            continue;
        }
        let uid = core.network().user(user).uid;
        core.commit(fx, Op::Quit { uid, reason: reason.as_str().into() }, None, now);
    }
}

/// A ban has run out.
pub fn lapsed(core: &mut Core, fx: &mut Effects, key: &Key, now: Now) {
    tell(core, fx, format!("The {} on {} has run out", key.kind.row().name, key.mask), now);
    review(core, key.kind);
}

fn tell(core: &Core, fx: &mut Effects, text: String, now: Now) {
    log::info!("{text}");
    snotice::here(core, fx, 'x', |_| text, now);
}

/// The users at home here whom a ban touches, or would if it were set; never operators, who could then not
/// lift it.
pub fn touched(core: &Core, key: &Key) -> Vec<UserId> {
    let elsewhere = key.server.is_some_and(|server| server != core.sid());
    let Some(touches) = Bans::would_touch(key, core.network().casemap()).filter(|_| !elsewhere)
    else {
        return Vec::new();
    };
    let users = core.locals.iter().map(|(user, _)| (user, core.network().user(user)));
    let users = users.filter(|(_, who)| !who.is_oper() && touches(&suspect(who)));
    users.map(|(user, _)| user).collect()
}

/// Notes whether a user is shunned: asked when a ban or what bans look at has changed.
pub fn shun(core: &mut Core, user: UserId) {
    if core.network().bans().is_empty() && core.locals.get(user).is_none_or(|local| !local.shunned)
    {
        return;
    }
    let shunned =
        !core.network().user(user).is_oper() && hits(core, user).any(|key| key.kind == Kind::Shun);
    if let Some(local) = core.locals.get_mut(user) {
        local.shunned = shunned;
    }
}

/// What somebody whom a ban touches is told.
pub fn sentence(kind: Kind, terms: &Terms) -> String {
    let name = kind.row().name;
    if terms.soft {
        return log_in_first(&terms.reason);
    }
    format!("Banned ({name}): {}", terms.reason)
}

/// What somebody is told who could come with an account only.
pub fn log_in_first(reason: &str) -> String {
    format!("You must log in to an account (SASL) to connect from there: {reason}")
}

/// The reason as operators see it.
pub fn whole_reason(terms: &Terms) -> String {
    if terms.private.is_empty() {
        return terms.reason.to_string();
    }
    format!("{} ({})", terms.reason, terms.private)
}

/// ` until …`, if it runs out.
pub fn until(terms: &Terms) -> String {
    until_text(terms.until)
}

/// ` until …` for what ends some time.
pub fn until_text(end: Option<Wall>) -> String {
    let text = |until: Wall| format!(" until {}", super::welcome::date_text(until));
    end.map(text).unwrap_or_default()
}

/// The bans that touch a user.
fn hits(core: &Core, user: UserId) -> impl Iterator<Item = &Key> {
    let suspect = suspect(core.network().user(user));
    let network = core.network();
    let found = network.bans().touching(&suspect, core.sid(), network.casemap());
    found.into_iter().map(|(ban, _)| &ban.key)
}

fn suspect(who: &User) -> Suspect<'_> {
    Suspect {
        nick: who.nick().as_str(),
        user: &who.user,
        hosts: [&who.real_host, &who.host, who.cloak.as_deref().unwrap_or_default()],
        address: who.address,
        realname: &who.realname,
        account: who.account(),
    }
}

/// A user of this server has logged in: to an account that may not be here, or not under that mask.
pub fn logged_in(core: &mut Core, fx: &mut Effects, user: UserId, now: Now) {
    let here = core.locals.get(user).is_some();
    let Some(who) = core.network().find_user(user).filter(|who| here && !who.is_oper()) else {
        return;
    };
    let uid = who.uid;
    let turned_away = turned_away(core, &suspect(who)).filter(|_| who.account().is_some());
    if let Some((reason, _)) = turned_away {
        core.commit(fx, Op::Quit { uid, reason: reason.into() }, None, now);
    }
}

/// Why somebody may not be there, and whether they may with an account.
fn turned_away(core: &Core, who: &Suspect<'_>) -> Option<(String, bool)> {
    let network = core.network();
    let found = network.bans().touching(who, core.sid(), network.casemap());
    let hard = found
        .iter()
        .find(|(ban, terms)| ban.key.kind != Kind::Shun && !(terms.soft && who.account.is_some()));
    hard.map(|(ban, terms)| (sentence(ban.key.kind, terms), terms.soft))
}

fn review(core: &mut Core, kind: Kind) {
    if kind != Kind::Shun {
        return;
    }
    let users: Vec<UserId> = core.locals.iter().map(|(user, _)| user).collect();
    for user in users {
        shun(core, user);
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        core::{
            peer::{Origin, Peer},
            scene::Scene,
        },
        server::Input,
    };

    #[test]
    fn who_has_no_address_is_turned_away_by_the_host_that_would_be_shown() {
        let mut scene = Scene::new();
        let alice = scene.user("alice");
        scene.oper(alice);
        let host = scene.server.core().config.tor.host.clone();
        for (from, host) in [(Origin::Tor(None), host.as_str()), (Origin::Local, "localhost")] {
            let peer = Peer { from, listener: 0, tls: None };
            scene.line(alice, &format!("KLINE *mallory@{host} :spam"));
            let conn = scene.server.open(peer, scene.now, &mut scene.fx);
            for line in ["NICK mallory", "USER mallory 0 * :M"] {
                scene.input(Input::Line { conn, line: line.as_bytes() });
            }
            assert!(scene.server.core().sessions[conn].closing, "{from:?}");
        }
    }
}
