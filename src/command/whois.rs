//! WHOIS (RFC 2812 §3.6.2).

use crate::{
    core::{
        atlas,
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        metadata::hears,
        oper::Priv,
        policy,
        question::Asks,
        registration,
    },
    network::{
        ChannelId, UserId,
        crdt::Source,
        op::{Ask, Op},
    },
    service::{self, Service},
    wire::{message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "WHOIS",
    params: "[<server>] <nick>",
    about: "Shows who somebody is.",
    help: "You are shown more of yourself; operators, of everybody. Only the user's own server knows since when they are there and for how long they have said nothing: with the nick twice, it is asked.\nExample: WHOIS bob",
    replies: &[
        reply::WHOIS_USER,
        reply::WHOIS_SERVER,
        reply::WHOIS_OPERATOR,
        reply::WHOIS_HELPOP,
        reply::WHOIS_IDLE,
        reply::END_OF_WHOIS,
        reply::WHOIS_CHANNELS,
        reply::WHOIS_HOST,
        reply::WHOIS_ACTUALLY,
        reply::WHOIS_SECURE,
        reply::WHOIS_SPECIAL,
        reply::WHOIS_BOT,
        reply::WHOIS_ACCOUNT,
        reply::WHOIS_CERTFP,
        reply::WHOIS_MODES,
        reply::WHOIS_KEY_VALUE,
        reply::AWAY,
        reply::NO_SUCH_NICK,
        reply::NO_SUCH_SERVER,
    ],
    cost: 2,
    run: Run::User(whois),
    asks: Asks::FirstOfTwo,
    ..Command::USUAL
}];

fn whois(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let nick = args.given(1).unwrap_or(args[0]);
    let nick = nick.split(',').next().unwrap_or(nick);
    match ctx.find_user(nick) {
        Some(target) => {
            tell(ctx, user, target);
            if ctx.whois(target).modes.contains('W') && user != target {
                let text = format!("*** {} did a WHOIS on you", ctx.whois(user).mask());
                let (by, uid) = (Source::User(ctx.whois(user).uid), ctx.whois(target).uid);
                ctx.commit(Op::Request { by, uid, ask: Ask::Tell(text.into()) });
            }
        }
        None => match service::find(nick) {
            Some(service) => tell_of_service(ctx, service),
            None => ctx.reply(reply::no_such_nick(nick)),
        },
    }
    ctx.reply(reply::end_of_whois(nick));
    Ok(())
}

fn tell_of_service(ctx: &mut Ctx<'_>, service: &Service) {
    let server = ctx.core.config.server.services();
    ctx.reply(reply::whois_user(service.name, "services", &server, service.about));
    ctx.reply(reply::whois_server(service.name, &server, "Services"));
    ctx.reply(reply::whois_special(service.name, "is a network service"));
}

fn tell(ctx: &mut Ctx<'_>, user: UserId, target: UserId) {
    let open = user == target || ctx.may(user, Priv::See);
    let who = ctx.whois(target);
    let nick = who.nick().to_string();
    let (name, host, realname) = (who.user.clone(), who.host.clone(), who.realname.clone());
    let (away, modes, class, sid) =
        (who.away.clone(), who.modes, who.class.clone(), who.uid.server);
    let account = who.account().map(Box::<str>::from);
    let real =
        who.address.map(|address| (who.real_host.clone(), registration::address_text(address)));
    ctx.reply(reply::whois_user(&nick, &name, &host, &realname));
    let channels = channels(ctx, user, target);
    for piece in channels.chunks(CHANNELS_MAX) {
        ctx.reply(reply::whois_channels(&nick, &piece.join(" ")));
    }
    let server = ctx
        .network()
        .server(sid)
        .map(|server| (server.info.name.clone(), server.info.description.clone()));
    let (server, about) = server.unwrap_or_default();
    ctx.reply(reply::whois_server(&nick, &server, &about));
    if let Some(class) = class.filter(|_| policy::sees_oper(ctx, user, target)) {
        ctx.reply(reply::whois_operator(&nick, &class));
    }
    if modes.contains('h') {
        ctx.reply(reply::whois_helpop(&nick));
    }
    if let Some(message) = away {
        ctx.reply(reply::away(&nick, &message));
    }
    if let Some(account) = account {
        ctx.reply(reply::whois_account(&nick, &account));
    }
    if modes.contains('B') {
        ctx.reply(reply::whois_bot(&nick));
    }
    if modes.contains('Z') {
        ctx.reply(reply::whois_secure(&nick));
    }
    let conn = ctx.local(target).and_then(|local| local.sessions.first().copied());
    let session = conn.and_then(|conn| ctx.core.sessions.get(conn));
    let fingerprint =
        session.and_then(|session| session.tls.as_ref()).and_then(|tls| tls.fingerprint.clone());
    if let Some(gateway) = session.and_then(|session| session.gateway.clone()) {
        let text = format!("is connected by the gateway {gateway}");
        ctx.reply(reply::whois_special(&nick, &text));
    }
    if ctx.may(user, Priv::See) {
        origin(ctx, target, &nick);
    }
    if open {
        if let Some((host, address)) = real {
            let from = format!("{name}@{host}");
            // Some programs read the one, some the other.
            ctx.reply(reply::whois_host(&nick, &from, &address));
            ctx.reply(reply::whois_actually(&nick, &from, &address));
        }
        ctx.reply(reply::whois_modes(&nick, &modes.to_string()));
        if let Some(fingerprint) = fingerprint {
            ctx.reply(reply::whois_certfp(&nick, &fingerprint));
        }
    }
    if hears(ctx.session()) {
        tell_metadata(ctx, target, &nick);
    }
    let times = ctx
        .local(target)
        .map(|local| (ctx.now.mono.since(local.active).as_secs(), local.since.secs()));
    if let Some((idle, since)) = times {
        ctx.reply(reply::whois_idle(&nick, idle, since));
    }
}

fn tell_metadata(ctx: &mut Ctx<'_>, target: UserId, nick: &str) {
    let metadata = ctx.whois(target).metadata.iter();
    let lines: Vec<_> =
        metadata.map(|(key, value)| reply::whois_key_value(nick, key, value)).collect();
    lines.into_iter().for_each(|line| ctx.reply(line));
}

/// What is known of where a user comes from, and not even by the user.
fn origin(ctx: &mut Ctx<'_>, target: UserId, nick: &str) {
    if let Some(class) = ctx.whois(target).connection.clone() {
        ctx.reply(reply::whois_special(nick, &format!("is in the connection class {class}")));
    }
    let address = ctx.whois(target).address;
    let score = address.and_then(|address| ctx.core.reputation.of(address));
    if let Some(score) = score {
        let text = format!("has a reputation of {} here by the address", score.points);
        ctx.reply(reply::whois_special(nick, &text));
    }
    let place = atlas::shown(&ctx.core.atlas, address);
    if let Some(place) = place {
        ctx.reply(reply::whois_special(nick, &format!("is connecting from {place}")));
    }
    let listed = ctx.local(target).map(|local| local.seldom().listed.join(", "));
    if let Some(listed) = listed.filter(|listed| !listed.is_empty()) {
        ctx.reply(reply::whois_special(nick, &format!("has an address listed by {listed}")));
    }
}

/// How many channels fit on a line, each of the longest.
const CHANNELS_MAX: usize = 4;

/// The channels of a user that another may know of.
fn channels(ctx: &Ctx<'_>, user: UserId, target: UserId) -> Vec<String> {
    let inside = ctx
        .whois(target)
        .channels()
        .iter()
        .copied()
        .filter(|channel| shown(ctx, user, target, *channel));
    let named = inside.filter_map(|channel| {
        let status = ctx.network().status(channel, target)?;
        let prefix: String = status.prefixes(false).collect();
        Some(format!("{prefix}{}", ctx.network().channel(channel).name))
    });
    named.collect()
}

/// Whether a user may know that another is in a channel: where an invisible one is, only those who are
/// there too.
fn shown(ctx: &Ctx<'_>, user: UserId, target: UserId, channel: ChannelId) -> bool {
    let open = user == target || ctx.may(user, Priv::See);
    let inside = ctx.network().status(channel, user).is_some();
    let modes = ctx.whois(target).modes;
    let hides = modes.contains('i') || modes.contains('I');
    if !ctx.network().sees_member(channel, user, target) {
        return false;
    }
    open || inside || policy::comes_across(ctx, user, channel) && !hides
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn what_others_may_know_is_told() {
        check(
            r"
            alice > JOIN #a,#b
            alice > MODE #b +s
            alice > AWAY :lunch
            bob   > WHOIS alice
            bob   < :s1.test 311 bob alice ~alice alice.test * :Real alice
            bob   < :s1.test 319 bob alice :@#a
            bob   < :s1.test 312 bob alice s1.test :An slircd server
            bob   < :s1.test 301 bob alice :lunch
            bob   <~ :s1.test 317 bob alice *
            bob   < :s1.test 318 bob alice :End of /WHOIS list
            bob   <! 338
            alice > WHOIS alice
            alice <~ :s1.test 338 alice alice *
            bob   > WHOIS nobody
            bob   < :s1.test 401 bob nobody :No such nick/channel
            bob   < :s1.test 318 bob nobody :End of /WHOIS list
            ",
        );
    }

    #[test]
    fn bots_and_those_who_help_are_said_to_be_such() {
        check(
            r"
            config oper root sesame
            alice > MODE alice +B
            bob   > WHOIS alice
            bob   < :s1.test 335 bob alice :is a bot
            bob   <! 310
            alice > OPER root sesame
            alice > MODE alice +h
            bob   > WHOIS alice
            bob   < :s1.test 310 bob alice :is available for help
            ",
        );
    }

    #[test]
    fn where_the_invisible_are_is_known_to_those_who_are_there() {
        check(
            r"
            alice > JOIN #a,#b
            alice > MODE alice +i
            bob   > JOIN #b
            bob   > WHOIS alice
            bob   < :s1.test 319 bob alice :@#b
            carol > WHOIS alice
            carol < :s1.test 318 carol alice :End of /WHOIS list
            carol <! 319
            ",
        );
    }

    #[test]
    fn how_somebody_is_connected_is_told() {
        check(
            r"
            config oper root sesame
            secure alice
            bob   > WHOIS alice
            bob   < :s1.test 671 bob alice :is using a secure connection
            bob   <! 276
            bob   <! 378
            bob   <! 379
            bob   > OPER root sesame
            bob   > WHOIS alice
            bob   < :s1.test 378 bob alice :is connecting from ~alice@alice.test 10.0.0.1
            bob   < :s1.test 338 bob alice ~alice@alice.test 10.0.0.1 :Actual user@host, Actual IP
            bob   < :s1.test 379 bob alice :is using modes +Z
            bob   < :s1.test 276 bob alice :has client certificate fingerprint ab12
            ",
        );
    }
}
