//! From a connection to a user: what a session has to say, what is looked up meanwhile, and the moment
//! when nothing is missing any more.

use super::{
    ConnId, Core, bans,
    ctx::{Ctx, Outcome, Reject, Then},
    defcon,
    effect::Effects,
    filters,
    local::Local,
    render,
    session::{Phase, Session},
    snotice,
    timer::Timer,
    welcome,
};
use crate::{
    job::{Answer, Job},
    network::{
        UserId,
        filter::Place,
        mode::UserModes,
        op::{Op, Presence},
    },
    server::{Origin, Peer},
    time::Now,
    wire::reply,
};

/// The longest host that is shown; a longer one is shown as its address.
pub const HOST_MAX: usize = 64;

/// A connection begins to speak IRC.
pub fn open(core: &mut Core, fx: &mut Effects, peer: Peer, now: Now) -> ConnId {
    let from = peer.from;
    let conn = core.sessions.insert(Session::new(peer, now));
    let latest = now.mono + core.config.limits.registration_timeout;
    core.look_after(conn, latest, Timer::Registration(conn));
    core.census.unknown += 1;
    if let Some(address) = resolvable(core, from) {
        if let Some(registration) = core.sessions[conn].registration() {
            registration.resolving = true;
        }
        core.ask(fx, Job::Resolve { address }, Then::Aside { conn, resume: resolved }, now);
    }
    conn
}

/// The address whose name is worth asking for.
fn resolvable(core: &Core, from: Origin) -> Option<std::net::IpAddr> {
    match from {
        Origin::Ip(ip) if core.config.dns.enabled && !ip.is_loopback() => Some(ip),
        Origin::Ip(_) | Origin::Local => None,
    }
}

fn resolved(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Some(registration) = ctx.session_mut().registration() else { return Ok(()) };
    registration.resolving = false;
    if let Answer::Resolved(Some(host)) = answer {
        if host.len() <= HOST_MAX {
            registration.host = Some(host.into());
        }
    }
    progress(ctx)
}

/// Completes registration if nothing is missing.
pub fn progress(ctx: &mut Ctx<'_>) -> Outcome {
    let password = ctx.core.config.server.password.clone();
    let Some(registration) = ctx.session_mut().registration() else { return Ok(()) };
    if registration.negotiating || registration.resolving {
        return Ok(());
    }
    let (Some(nick), Some(_)) = (&registration.nick, &registration.user) else { return Ok(()) };
    let nick = nick.clone();
    if let Some(hash) = password.filter(|_| !registration.admitted) {
        let Some(password) = registration.password.take() else {
            ctx.reply(reply::passwd_mismatch());
            return Err(Reject::Quit("Password required".into()));
        };
        ctx.defer(Job::Verify { hash, password }, verified);
        return Ok(());
    }
    bans::admit(ctx)?;
    defcon::admit(ctx)?;
    let alike = ctx.core.lookalikes.is_worn(nick.as_str(), None);
    if alike || ctx.network().nick(&nick).is_some() {
        // Somebody was faster.
        if let Some(registration) = ctx.session_mut().registration() {
            registration.nick = None;
        }
        return Err(reply::nickname_in_use(nick.as_str()).into());
    }
    complete(ctx);
    Ok(())
}

fn verified(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    match answer {
        Answer::Verified(true) => (),
        Answer::Verified(false) => {
            ctx.reply(reply::passwd_mismatch());
            return Err(Reject::Quit("Password incorrect".into()));
        }
        _ => return Err(Reject::Quit("The server is busy, try again later".into())),
    }
    if let Some(registration) = ctx.session_mut().registration() {
        registration.admitted = true;
    }
    progress(ctx)
}

fn complete(ctx: &mut Ctx<'_>) {
    let uid = ctx.core.new_uid();
    let Some(presence) = presence(ctx, uid) else { return };
    let away = ctx.session_mut().registration().and_then(|registration| registration.away.take());
    ctx.commit(Op::User(Box::new(presence)));
    let Some(user) = ctx.network().uid(uid) else { return };
    let local = Local {
        sessions: vec![ctx.conn],
        since: ctx.now.wall,
        active: ctx.now.mono,
        shunned: false,
        deaf: false,
        silence: Vec::new(),
        accept: Vec::new(),
        informed: None,
        knocked: None,
        invites: Vec::new(),
    };
    ctx.core.locals.insert(user, local);
    ctx.core.census.arrived();
    ctx.core.census.unknown = ctx.core.census.unknown.saturating_sub(1);
    bans::shun(ctx.core, user);
    ctx.session_mut().phase = Phase::User(user);
    let first = ctx.now.mono + ctx.core.config.limits.ping_interval;
    ctx.core.look_after(ctx.conn, first, Timer::Ping(ctx.conn));
    let text = move |core: &Core| {
        let who = core.network().user(user);
        let address = who.address.map_or_else(|| "local".to_owned(), |ip| ip.to_string());
        let (nick, name, host, realname) = (who.nick(), &who.user, &who.real_host, &who.realname);
        format!("Client connecting: {nick} ({name}@{host}) [{address}] {{default}} [{realname}]")
    };
    snotice::here(ctx.core, ctx.fx, 'c', text, ctx.now);
    welcome::burst(ctx, user);
    if away.is_some() {
        self::away(ctx, user, away);
    }
}

/// A user goes away or comes back. False if a filter does not let the message pass.
pub fn away(ctx: &mut Ctx<'_>, user: UserId, message: Option<Box<str>>) -> bool {
    if let Some(text) = &message {
        if let Err(why) = filters::check(ctx, user, Place::Topic, text) {
            if !ctx.session().closing {
                ctx.notice(&format!("Your away message is not taken: {why}."));
            }
            return false;
        }
    }
    if ctx.whois(user).away != message {
        let uid = ctx.whois(user).uid;
        ctx.commit(Op::Away { uid, message });
    }
    true
}

fn presence(ctx: &mut Ctx<'_>, uid: crate::network::crdt::Uid) -> Option<Presence> {
    let (from, secure) = (ctx.session().from, ctx.session().tls.is_some());
    let cloaked = ctx.core.config.cloak.enabled;
    let cloak = ctx.core.cloak.host(from);
    let (address, shown) = match from {
        Origin::Ip(ip) => (Some(ip), address_text(ip)),
        Origin::Local => (None, "localhost".to_owned()),
    };
    let registration = ctx.session_mut().registration()?;
    let (nick, (user, realname)) = (registration.nick.clone()?, registration.user.clone()?);
    let real_host = registration.host.clone().unwrap_or_else(|| shown.into());
    Some(Presence {
        uid,
        nick,
        claimed: None,
        born: None,
        // Nobody vouches for the user name.
        user: format!("~{user}").into(),
        host: if cloaked { cloak.into() } else { real_host.clone() },
        real_host,
        address,
        realname,
        away: None,
        modes: UserModes::default().set('Z', secure).set('x', cloaked),
        class: None,
        account: None,
    })
}

/// An address as it can stand in a parameter: one that begins with a colon gets a zero before it.
pub fn address_text(ip: std::net::IpAddr) -> String {
    let text = ip.to_string();
    if text.starts_with(':') { format!("0{text}") } else { text }
}

/// Where a connection comes from, as it can stand in a parameter.
pub fn origin_text(from: Origin) -> String {
    match from {
        Origin::Ip(ip) => address_text(ip),
        Origin::Local => "localhost".to_owned(),
    }
}

/// The connection of a session has ended, or is to end, for this reason: its user goes if no other
/// session of theirs is left.
pub fn depart(core: &mut Core, fx: &mut Effects, conn: ConnId, reason: &str, now: Now) {
    let Some(session) = core.sessions.get(conn) else { return };
    let Some(user) = session.user() else { return render::goodbye(core, fx, conn, reason) };
    let last =
        core.locals.get(user).is_none_or(|local| local.sessions.iter().all(|other| *other == conn));
    if last {
        let uid = core.network().user(user).uid;
        core.commit(fx, Op::Quit { uid, reason: reason.into() }, Some(conn), now);
        return;
    }
    if let Some(local) = core.locals.get_mut(user) {
        local.sessions.retain(|other| *other != conn);
    }
    render::goodbye(core, fx, conn, reason);
}
