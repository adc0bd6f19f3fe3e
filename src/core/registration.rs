//! From a connection to a user: what a session has to say, what is looked up meanwhile, and the moment
//! when nothing is missing any more.

use super::{
    ConnId, Core,
    account::Failure,
    bans, blocklist, class,
    ctx::{Ctx, Outcome, Reject, Resume, Then},
    defcon,
    effect::Effects,
    filters,
    local::Local,
    login, memo, metadata,
    peer::{Origin, Peer},
    render, reserve, sasl,
    session::{Phase, Registration, Session},
    snotice, sts,
    timer::Timer,
    welcome,
};
use crate::{
    config::{DEFAULT_CLASS, Secret},
    job::{Answer, Job},
    network::{
        UserId,
        filter::Place,
        mode::UserModes,
        op::{Op, Presence},
    },
    time::Now,
    wire::{casemap::Casemap, name::Nick, reply},
};
use std::net::IpAddr;

/// The longest host that is shown; a longer one is shown as its address.
pub const HOST_MAX: usize = 64;

/// A connection begins to speak IRC.
pub fn open(core: &mut Core, fx: &mut Effects, peer: Peer, now: Now) -> ConnId {
    let from = peer.from;
    let conn = core.sessions.insert(Session::new(peer, now));
    core.classes.join(core.sessions[conn].class);
    let latest = now.mono + core.config.limits.registration_timeout;
    core.look_after(conn, latest, Timer::Registration(conn));
    core.census.unknown += 1;
    if let Err(why) = core.classify(conn) {
        render::goodbye(core, fx, conn, &why);
        return conn;
    }
    blocklist::look_up(core, fx, conn, now);
    if !core.sessions[conn].closing {
        look_up(core, fx, conn, (from, resolved), now);
    }
    conn
}

/// Asks for the name of the address that a gateway has given.
pub fn look_up_again(ctx: &mut Ctx<'_>, from: Origin) {
    look_up(ctx.core, ctx.fx, ctx.conn, (from, settle), ctx.now);
}

fn look_up(
    core: &mut Core,
    fx: &mut Effects,
    conn: ConnId,
    (from, resume): (Origin, Resume),
    now: Now,
) {
    let Some(address) = resolvable(core, from) else { return };
    if let Some(registration) = core.sessions[conn].registration() {
        registration.resolving = true;
    }
    if is_public(from) {
        let text = "*** Looking up your hostname...";
        render::server_line(core, fx, conn, ("NOTICE", &["*"], Some(text)), now);
    }
    let dns = &core.config.dns;
    let servers = dns.servers.iter().map(|server| server.0).collect();
    let job = Job::Resolve { address, servers, timeout: dns.timeout };
    core.ask(fx, job, Then::Aside { conn, resume }, now);
}

/// The address whose name is worth asking for. Those of this machine are no business of the system's
/// name servers, which may be anywhere.
fn resolvable(core: &Core, from: Origin) -> Option<IpAddr> {
    let dns = &core.config.dns;
    match from {
        Origin::Ip(ip) if dns.enabled && !(ip.is_loopback() && dns.servers.is_empty()) => Some(ip),
        Origin::Ip(_) | Origin::Local | Origin::Tor(_) => None,
    }
}

/// Whether an address is one of the Internet's. Others seldom have names, so nobody is told that theirs
/// has none.
pub fn is_public(from: Origin) -> bool {
    match from {
        Origin::Ip(IpAddr::V4(ip)) => !(ip.is_loopback() || ip.is_private() || ip.is_link_local()),
        Origin::Ip(IpAddr::V6(ip)) => {
            !(ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local())
        }
        Origin::Local | Origin::Tor(_) => false,
    }
}

fn resolved(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    if ctx.session().gateway.is_some() {
        // It is the name of the gateway.
        return Ok(());
    }
    settle(ctx, answer)
}

fn settle(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Some(registration) = ctx.session_mut().registration() else { return Ok(()) };
    registration.resolving = false;
    let text = match answer {
        Answer::Resolved(Some(host)) if host.len() <= HOST_MAX => {
            let text = format!("*** Found your hostname: {host}");
            registration.host = Some(host.into());
            Some(text)
        }
        Answer::Resolved(Some(_)) => {
            Some("*** Your hostname is too long; using your address instead".into())
        }
        _ => is_public(ctx.session().from)
            .then(|| "*** Couldn't look up your hostname; using your address instead".into()),
    };
    if let Some(text) = text {
        ctx.line("NOTICE", &["*"], Some(&text));
    }
    progress(ctx)
}

/// Completes registration if nothing is missing.
pub fn progress(ctx: &mut Ctx<'_>) -> Outcome {
    let casemap = ctx.network().casemap();
    let Some(registration) = ctx.session_mut().registration() else { return Ok(()) };
    if registration.nick.is_some() && registration.user.is_some() {
        sts::check(ctx)?;
    }
    let Some(registration) = ctx.session_mut().registration() else { return Ok(()) };
    let asking = !registration.inquiries.is_empty();
    if registration.negotiating || registration.resolving || asking {
        return Ok(());
    }
    let (Some(nick), Some(_)) = (&registration.nick, &registration.user) else { return Ok(()) };
    let nick = nick.clone();
    // ircv3: sasl-3.1: who completes registration logs in no more.
    sasl::abort(ctx.core, ctx.fx, ctx.conn, ctx.now);
    ctx.core.classify(ctx.conn).map_err(Reject::Quit)?;
    let config = &ctx.core.config;
    let password = ctx.core.terms(ctx.session()).password().or(config.server.password.as_ref());
    let password = password.cloned();
    let Some(registration) = ctx.session_mut().registration() else { return Ok(()) };
    if password.is_none() {
        if let Some((name, password)) = credentials(registration, casemap) {
            return login::log_in(ctx, name, password, logged_in);
        }
    }
    if let Some(hash) = password.filter(|_| !registration.admitted) {
        let Some(password) = registration.password.take() else {
            ctx.reply(reply::passwd_mismatch());
            return Err(Reject::Quit("Password required".into()));
        };
        let (from, limits) = (ctx.session().from, &ctx.core.config.limits);
        if !ctx.core.attempts.may(from, limits.login_burst, limits.login_interval, ctx.now) {
            return Err(Reject::Quit(
                "Too many wrong passwords from your address, wait a moment".into(),
            ));
        }
        ctx.defer(Job::Verify { hash: Some(hash), password }, verified);
        return Ok(());
    }
    class::admit(ctx)?;
    bans::admit(ctx)?;
    defcon::admit(ctx)?;
    blocklist::admit(ctx)?;
    let free = match reserve::is_taken(ctx, &nick) {
        // Somebody was faster.
        true => Err(reply::nickname_in_use(nick.as_str()).into()),
        false => reserve::check(ctx, &nick),
    };
    match free {
        Ok(()) => complete(ctx),
        Err(_) => {
            if let Some(registration) = ctx.session_mut().registration() {
                registration.nick = None;
            }
        }
    }
    free
}

/// `PASS account:password`, where the server itself asks for no password; they are tried once.
fn credentials(registration: &mut Registration, casemap: Casemap) -> Option<(Nick, Secret)> {
    let given = registration.password.take().filter(|_| registration.login.is_none())?;
    let (name, password) = given.expose().split_once(':')?;
    Some((Nick::lookup(name, casemap)?, Secret::new(password)))
}

/// Whoever is not logged in by PASS comes in without, and is told.
fn logged_in(ctx: &mut Ctx<'_>, _: &Nick, how: Result<(), Failure>) -> Outcome {
    if let Err(failure) = how {
        let text = format!(
            "*** You are not logged in by the password that you gave with PASS: {}",
            failure.why()
        );
        ctx.notice(&text);
    }
    progress(ctx)
}

fn verified(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    match answer {
        Answer::Verified(true) => (),
        Answer::Verified(false) => {
            let (from, interval) = (ctx.session().from, ctx.core.config.limits.login_interval);
            ctx.core.attempts.failed(from, interval, ctx.now);
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
    let metadata = ctx.session_mut().registration().map(|new| std::mem::take(&mut new.metadata));
    let listed = ctx.session_mut().registration().map(|new| std::mem::take(&mut new.listed));
    let (vhost, unread) =
        ctx.session_mut().registration().map_or((None, 0), |new| (new.vhost.take(), new.memos));
    ctx.commit(Op::User(Box::new(presence)));
    let Some(user) = ctx.network().uid(uid) else { return };
    let mut local = Local::new(ctx.conn, ctx.now);
    local.deaf = ctx.whois(user).modes.contains('d');
    if let Some(listed) = listed.filter(|listed| !listed.is_empty()) {
        local.seldom_mut().listed = listed;
    }
    if let Some(vhost) = vhost.filter(|vhost| *vhost == ctx.whois(user).host) {
        local.seldom_mut().vhost = Some(vhost);
    }
    ctx.core.locals.insert(user, local);
    ctx.core.census.arrived();
    ctx.core.census.unknown = ctx.core.census.unknown.saturating_sub(1);
    bans::shun(ctx.core, user);
    ctx.session_mut().phase = Phase::User(user);
    let first = ctx.now.mono + ctx.core.terms(ctx.session()).ping_interval();
    ctx.core.look_after(ctx.conn, first, Timer::Ping(ctx.conn));
    let text = |core: &Core, open: bool| {
        let who = core.network().user(user);
        let (nick, name, realname) = (who.nick(), &who.user, &who.realname);
        let host = if open { &who.real_host } else { &who.host };
        let address = snotice::address(who.address, open);
        let class = class::of(who);
        // As ircd-hybrid has it, which is what those look for who scan who comes (hopm, bopm).
        format!("Client connecting: {nick} ({name}@{host}) [{address}] {{{class}}} [{realname}]")
    };
    snotice::here_of(ctx.core, ctx.fx, 'c', text, ctx.now);
    metadata::account::comes(ctx, user, metadata.unwrap_or_default());
    if ctx.session().closing {
        return;
    }
    welcome::burst(ctx, user);
    memo::greet(ctx, user, unread);
    reserve::review(ctx.core, ctx.fx, user, ctx.now);
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
    // What Tor hides needs no cloak.
    let cloaked = ctx.core.config.cloak.enabled && !matches!(from, Origin::Tor(_));
    let class = ctx.core.terms(ctx.session()).name();
    let connection = Some(class).filter(|class| *class != DEFAULT_CLASS).map(Into::into);
    let modes = UserModes::chosen(&ctx.core.config.server.user_modes);
    let cloak = ctx.core.cloak.host(from);
    let (address, shown) = (from.ip(), shown_origin(ctx.core, from));
    let registration = ctx.session_mut().registration()?;
    let login = registration.login.clone();
    let vhost = registration.vhost.clone().filter(|_| login.is_some());
    let (nick, (user, realname)) = (registration.nick.clone()?, registration.user.clone()?);
    let real_host = registration.host.clone().unwrap_or_else(|| shown.into());
    Some(Presence {
        uid,
        nick,
        claimed: None,
        born: None,
        // Nobody vouches for the user name.
        user: format!("~{user}").into(),
        cloak: vhost.is_some().then(|| cloak.clone().into()).filter(|_| cloaked),
        host: vhost.unwrap_or_else(|| if cloaked { cloak.into() } else { real_host.clone() }),
        real_host,
        address,
        realname,
        away: None,
        modes: modes.set('Z', secure).set('x', cloaked).set('r', login.is_some()),
        class: None,
        connection,
        login,
    })
}

/// An address as it can stand in a parameter: one that begins with a colon gets a zero before it.
pub fn address_text(ip: IpAddr) -> String {
    let text = ip.to_string();
    if text.starts_with(':') { format!("0{text}") } else { text }
}

/// The host of a user whose address has no name.
pub fn shown_origin(core: &Core, from: Origin) -> String {
    match from {
        Origin::Tor(_) => core.config.tor.host.clone(),
        Origin::Ip(_) | Origin::Local => origin_text(from),
    }
}

/// Where a connection comes from, as it can stand in a parameter.
pub fn origin_text(from: Origin) -> String {
    match from {
        Origin::Ip(ip) => address_text(ip),
        Origin::Local => "localhost".to_owned(),
        Origin::Tor(_) => "tor".to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{Config, Secret},
        core::effect::Effect,
        job::{JobId, Loaded},
        server::{Input, Server, Setup},
        time::Sid,
    };
    use std::time::Duration;

    /// A server, one connection to it, and what it is sent.
    struct One {
        server: Server,
        conn: ConnId,
        job: Option<JobId>,
        lines: String,
        now: Now,
    }

    impl One {
        fn connect(from: &str) -> One {
            let config = Config::default();
            let loaded = Loaded::of(config);
            let (sid, cloak) = (Sid::FIRST, Secret::new("one"));
            let setup = Setup { loaded, sid, life: 0, clock: 0, seed: 7, cloak };
            let (now, mut fx) = (Now::default(), Effects::default());
            let mut server = Server::new(setup, now);
            let from = Origin::Ip(from.parse().unwrap());
            let conn = server.open(Peer { from, listener: 0, tls: None }, now, &mut fx);
            let mut one = One { server, conn, job: None, lines: String::new(), now };
            one.act(fx);
            one.handle(Input::Line { conn, line: b"NICK alice" });
            one.handle(Input::Line { conn, line: b"USER alice 0 * :Alice" });
            one
        }

        fn handle(&mut self, input: Input<'_>) {
            let mut fx = Effects::default();
            self.server.handle(input, self.now, &mut fx);
            self.act(fx);
        }

        fn answer(&mut self, host: &str) {
            let (id, answer) = (self.job.unwrap(), Answer::Resolved(Some(host.into())));
            self.handle(Input::Done { id, answer });
        }

        fn act(&mut self, mut fx: Effects) {
            for effect in fx.take() {
                match effect {
                    Effect::Send { line, .. } => {
                        self.lines += &String::from_utf8_lossy(fx.line(line));
                    }
                    Effect::Job { id, job } if matches!(*job, Job::Resolve { .. }) => {
                        self.job = Some(id);
                    }
                    _ => (),
                }
            }
        }
    }

    #[test]
    fn registration_waits_for_the_name_but_not_for_long() {
        let mut named = One::connect("192.0.2.7");
        assert!(named.lines.contains(" NOTICE * :*** Looking up your hostname...\r\n"));
        assert!(!named.lines.contains(" 001 "));
        named.answer("seven.example");
        let found = named.lines.find(" NOTICE * :*** Found your hostname: seven.example\r\n");
        assert!(found.unwrap() < named.lines.find(" 001 ").unwrap());

        let mut late = One::connect("2001:db8::7");
        late.now.mono = late.now.mono + Duration::from_secs(3);
        late.handle(Input::Tick);
        assert!(late.lines.contains("*** Couldn't look up your hostname; using your address"));
        assert!(late.lines.contains(" 001 "));
        // Too late.
        late.answer("seven.example");
        assert!(!late.lines.contains("seven.example"));
    }

    #[test]
    fn only_who_can_have_a_name_is_asked_about_or_told() {
        for address in ["10.0.0.1", "192.168.0.1", "fd00::1", "fe80::1", "169.254.0.1"] {
            let mut private = One::connect(address);
            assert!(!private.lines.contains("***"), "{address}");
            let id = private.job.unwrap();
            private.handle(Input::Done { id, answer: Answer::Resolved(None) });
            assert!(!private.lines.contains("***") && private.lines.contains(" 001 "));
        }
        for address in ["127.0.0.1", "::1"] {
            let own = One::connect(address);
            assert!(own.job.is_none() && own.lines.contains(" 001 "), "{address}");
        }
    }

    #[test]
    fn who_has_been_told_goodbye_does_not_become_a_user() {
        let mut gone = One::connect("192.0.2.7");
        gone.handle(Input::Line { conn: gone.conn, line: b"QUIT" });
        gone.answer("seven.example");
        assert!(gone.lines.contains("ERROR ") && !gone.lines.contains(" 001 "));
    }
}
