//! Hosts of people's choice, which their accounts have (HostServ): shown while one is logged in, and not
//! switched off. The user's own server puts them on and takes them off.

use super::{Core, ctx::Ctx, effect::Effects, peer::Origin, registration::HOST_MAX, render};
use crate::{
    network::{UserId, crdt, mode::UserModes, op::Op},
    registry::Record,
    store::Edited,
    time::Now,
    wire::{casemap::Casemap, mask, name},
};
use std::net::IpAddr;

/// The field of the host that an account has.
pub const VHOST: &str = "vhost";

/// The field that says that it is not to be shown.
pub const VHOST_OFF: &str = "vhost-off";

/// The field of when an account has last asked for a host, in seconds since 1970.
pub const VHOST_ASKED: &str = "vhost-asked";

/// The host that whoever is logged in to an account shows, if it has one that is not switched off.
pub fn of(record: &Record) -> Option<&str> {
    record.get(VHOST).filter(|_| record.get(VHOST_OFF).is_none())
}

/// Why a text cannot be the host of an account, if it cannot: it would be taken for something else.
pub fn unfit(core: &Core, host: &str) -> Option<&'static str> {
    let lower = host.to_ascii_lowercase();
    let within = |domain: &str| {
        let domain = domain.to_ascii_lowercase();
        lower == domain || lower.strip_suffix(&domain).is_some_and(|rest| rest.ends_with('.'))
    };
    if !name::is_host(host, HOST_MAX) || !host.contains('.') {
        return Some(
            "a host is of letters, digits and -_:/, with a dot in it, and at most 64 characters long",
        );
    }
    let numeric = lower.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if numeric || lower.parse::<IpAddr>().is_ok() || lower.contains('/') && lower.contains(':') {
        return Some("it looks like an address");
    }
    let config = &core.config;
    if within(&config.cloak.suffix) || within(&config.tor.host) {
        return Some("the server gives such hosts itself");
    }
    let servers = core.network().servers().any(|(_, server)| within(&server.info.name));
    (servers || within(&config.server.services())).then_some("it is that of a server")
}

/// Whether a host is none that anybody may choose.
pub fn is_forbidden(core: &Core, host: &str) -> bool {
    let masks = &core.config.vhosts.forbidden;
    masks.iter().any(|pattern| mask::matches(pattern, host, Casemap::Ascii))
}

/// The host of a user without one of their choice: as their modes say, or the one that their account has.
pub fn shown(core: &Core, user: UserId, modes: UserModes) -> Box<str> {
    let who = core.network().user(user);
    let local = core.locals.get(user);
    if let Some(vhost) = local.and_then(|local| local.seldom().vhost.clone()) {
        return vhost;
    }
    let session = local.and_then(|local| local.sessions.first());
    let from = session.and_then(|conn| core.sessions.get(*conn)).map(|session| session.from);
    let from = from.or_else(|| who.address.map(Origin::Ip));
    match from {
        Some(from) if modes.contains('x') => core.cloak.host(from).into(),
        Some(_) | None => who.real_host.clone(),
    }
}

/// A session has logged in to an account: its user, or the one it is to become, has the account's host.
pub fn entered(ctx: &mut Ctx<'_>, record: &Record) {
    match ctx.session().user() {
        Some(user) => wear(ctx.core, ctx.fx, user, of(record), ctx.now),
        None => {
            let vhost = of(record).map(Into::into);
            if let Some(registration) = ctx.session_mut().registration() {
                registration.vhost = vhost;
            }
        }
    }
}

/// A user has logged in or out; whoever has no account has no host of it.
pub fn logged_in(core: &mut Core, fx: &mut Effects, user: UserId, now: Now) {
    if core.network().user(user).login.is_none() {
        wear(core, fx, user, None, now);
    }
}

/// An account may have another host now.
pub fn edited(core: &mut Core, fx: &mut Effects, edited: &Edited, now: Now) {
    let changed = |key: &str| edited.changed.iter().find(|change| &*change.key == key);
    let given = changed(VHOST);
    if given.is_none() && changed(VHOST_OFF).is_none() {
        return;
    }
    let vhost = of(&edited.record);
    core.entering(edited.record.id).for_each(|new| new.vhost = vhost.map(Into::into));
    for user in core.logged_in(edited.record.id) {
        let own = core.network().mask(user) == *edited.edit.by;
        wear(core, fx, user, vhost, now);
        if own || given.is_none() {
            continue;
        }
        let text = match vhost {
            Some(host) => format!("You have the host {host} now. /msg HostServ OFF takes it off."),
            None => "Your account has no host of its own any more.".to_owned(),
        };
        render::tell_as(core, fx, (&core.service_mask(crdt::HOSTSERV), user), &text, now);
    }
}

/// Shows a user of this server by a host of their account's, or as without.
fn wear(core: &mut Core, fx: &mut Effects, user: UserId, vhost: Option<&str>, now: Now) {
    let Some(local) = core.locals.get_mut(user) else { return };
    if local.seldom().vhost.as_deref() == vhost {
        return;
    }
    local.seldom_mut().vhost = vhost.map(Into::into);
    let who = core.network().user(user);
    let host = shown(core, user, who.modes);
    if who.host != host {
        let (uid, user) = (who.uid, who.user.clone());
        core.commit(fx, Op::Host { uid, user, host }, None, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::script::check;

    #[test]
    fn who_is_coming_in_has_the_host_as_it_is_by_then() {
        check(
            r"
            account jilles password=sesame
            raw a
            a > CAP LS 302
            a > NICK al
            a > USER al 0 * :Al
            a > CAP REQ sasl
            a > AUTHENTICATE PLAIN
            a > AUTHENTICATE amlsbGVzAGppbGxlcwBzZXNhbWU=
            a <~ :s1.test 900 al al!*@* jilles *
            hand 1 jilles vhost=of.my.own
            wait 6
            a > CAP END
            a < :s1.test 001 al :Welcome to the Test IRC network, al!~al@of.my.own
            ",
        );
    }

    #[test]
    fn a_host_is_nobody_elses() {
        let mut core = Core::sample();
        core.config.cloak.suffix = "cloak".into();
        for good in ["alice.example", "the/tower.of.alice", "A-b_c.d"] {
            assert_eq!(unfit(&core, good), None, "{good}");
        }
        for bad in [
            "alice",
            "a b.c",
            "192.0.2.7",
            "1.2",
            "::ffff:192.0.2.7",
            "x.y.cloak",
            "irc.localhost",
            "services.localhost",
            "tor-network.onion",
        ] {
            assert!(unfit(&core, bad).is_some(), "{bad}");
        }
        core.config.vhosts.forbidden = vec!["*admin*".into()];
        assert!(is_forbidden(&core, "Admin.example") && !is_forbidden(&core, "alice.example"));
    }
}
