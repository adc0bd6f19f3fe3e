//! What a new user is told, and what can be asked for again: the numbers of users, the message of the day.

use super::{ctx::Ctx, metadata, notes};
use crate::{
    config::Config,
    network::{
        UserId,
        mode::{self, Kind},
        note::Section,
    },
    wire::{cap, casemap::Casemap, encode, extban, isupport, reply},
};

/// The version, as clients are told.
pub const VERSION: &str = concat!("slircd-", env!("CARGO_PKG_VERSION"));

/// Everything that a new user is told.
pub fn burst(ctx: &mut Ctx<'_>, user: UserId) {
    // Whichever command it was that completed registration.
    ctx.declared = BURST;
    let mask = ctx.whois(user).mask();
    let name = ctx.core.name().to_owned();
    ctx.reply(reply::welcome(&ctx.core.config.server.network, &mask));
    ctx.reply(reply::your_host(&name, VERSION));
    ctx.reply(reply::created(&date_text(ctx.core.started)));
    let user_modes: String = mode::USER.iter().map(|row| row.letter).collect();
    let with_param: String =
        mode::CHANNEL.iter().filter(|row| row.kind != Kind::Flag).map(|row| row.letter).collect();
    let status: String = mode::STATUS.iter().rev().map(|row| row.0).collect();
    let channel_modes: String = mode::CHANNEL.iter().map(|row| row.letter).collect();
    let (all, params) = (channel_modes + &status, with_param + &status);
    ctx.reply(reply::my_info(&name, VERSION, &user_modes, &all, &params));
    isupport(ctx);
    let id = ctx.whois(user).uid.to_string();
    ctx.reply(reply::your_id(&id));
    if ctx.session().caps.contains(cap::WHOAMI) {
        let realname = ctx.whois(user).realname.to_string();
        ctx.raw_as(&mask, "SETNAME", &[], &realname);
    }
    metadata::own(ctx.core, ctx.fx, ctx.conn, user, ctx.now);
    lusers(ctx);
    motd(ctx, user);
    for line in ctx.core.config.server.welcome.clone() {
        let line = filled(ctx, user, &line);
        ctx.notice(&line);
    }
    for section in [Section::NewsLogon, Section::NewsRandom] {
        notes::news(ctx, user, section);
    }
    let modes = ctx.whois(user).modes;
    if modes.contains('x') || ctx.whois(user).host != ctx.whois(user).real_host {
        let host = ctx.whois(user).host.clone();
        ctx.reply(reply::host_hidden(&host));
    }
    let nick = ctx.whois(user).nick().to_string();
    if modes.letters().next().is_some() {
        ctx.raw_as(&mask, "MODE", &[&nick], &modes.to_string());
    }
}

/// What the burst answers with.
const BURST: &[&str] = &[
    reply::WELCOME,
    reply::YOUR_HOST,
    reply::CREATED,
    reply::MY_INFO,
    reply::ISUPPORT,
    reply::YOUR_ID,
    reply::STATS_CONN,
    reply::LUSER_CLIENT,
    reply::LUSER_OP,
    reply::LUSER_UNKNOWN,
    reply::LUSER_CHANNELS,
    reply::LUSER_ME,
    reply::LOCAL_USERS,
    reply::GLOBAL_USERS,
    reply::MOTD_START,
    reply::MOTD,
    reply::END_OF_MOTD,
    reply::HOST_HIDDEN,
];

/// The lines of RPL_ISUPPORT.
pub fn isupport(ctx: &mut Ctx<'_>) {
    let limits = &ctx.core.config.limits;
    let text = |text: String| Some(text);
    let number = |number: usize| Some(number.to_string());
    let prefix = {
        let (letters, prefixes): (String, String) =
            mode::STATUS.iter().map(|row| (row.0, row.1)).unzip();
        (format!("({letters}){prefixes}"), prefixes)
    };
    let kinds = [Kind::List, Kind::Key, Kind::Value, Kind::Flag].map(mode::letters).join(",");
    let targets = limits.targets;
    let targmax = format!(
        "JOIN:,KICK:{targets},NAMES:{targets},NOTICE:{targets},PART:,PRIVMSG:{targets},TAGMSG:{targets},WHOIS:1"
    );
    let atlas = &ctx.core.atlas;
    let tokens = [
        ("ACCEPT", number(limits.accept)),
        ("ACCOUNTEXTBAN", text("account,a".into())),
        ("AWAYLEN", number(limits.away)),
        ("BOT", text("B".into())),
        ("CALLERID", text("g".into())),
        ("CASEMAPPING", text(ctx.network().casemap().name().into())),
        ("CHANLIMIT", text(format!("#:{}", ctx.core.terms(ctx.session()).channels_per_user()))),
        ("CHANMODES", text(kinds)),
        ("CHANNELLEN", number(limits.channel)),
        ("CHANTYPES", text("#".into())),
        ("DEAF", text("d".into())),
        ("ELIST", text("CMNTU".into())),
        ("EXCEPTS", None),
        (
            "EXTBAN",
            text(format!(",{}", extban::letters(atlas.country.is_some(), atlas.asn.is_some()))),
        ),
        ("FORWARD", text("f".into())),
        ("HOSTLEN", number(super::registration::HOST_MAX)),
        ("INVEX", None),
        ("KEYLEN", number(limits.key)),
        ("KICKLEN", number(limits.kick)),
        ("KNOCK", None),
        ("LINELEN", number(crate::wire::framing::BODY_MAX)),
        ("MAXLIST", text(format!("{}:{}", mode::letters(Kind::List), limits.list_entries))),
        ("MAXTARGETS", number(targets)),
        ("MODES", number(limits.modes)),
        ("MONITOR", number(limits.monitor)),
        ("NAMELEN", number(limits.realname)),
        ("NETWORK", text(ctx.core.config.server.network.clone())),
        ("NICKLEN", number(limits.nick)),
        ("PREFIX", text(prefix.0)),
        ("SAFELIST", None),
        // Whoever is too fast is not read from, and not disconnected.
        ("SAFERATE", None),
        ("SILENCE", number(limits.silence)),
        ("STATUSMSG", text(prefix.1)),
        ("TARGMAX", text(targmax)),
        ("TOPICLEN", number(limits.topic)),
        ("USERIP", None),
        ("USERLEN", number(limits.user)),
        ("UTF8ONLY", None),
        ("WHOX", None),
    ];
    let tokens: Vec<_> = tokens.into_iter().chain(configured(&ctx.core.config)).collect();
    let lines = isupport::lines(&tokens);
    let replies: Vec<_> = lines.iter().map(|line| reply::isupport(line)).collect();
    if ctx.session().caps.contains(cap::BATCH.or(cap::EXTENDED_ISUPPORT)) {
        return ctx.batch("draft/isupport", &replies);
    }
    for reply in replies {
        ctx.reply(reply);
    }
}

/// What is supported only where it is configured.
fn configured(config: &Config) -> impl Iterator<Item = (&'static str, Option<String>)> {
    // ircv3: message-tags: * stands first.
    let (all, names): (Vec<_>, Vec<_>) =
        config.server.client_tags_denied.iter().map(String::as_str).partition(|name| *name == "*");
    let denied = [all, names].concat();
    let tokens = [
        // What ascii and rfc1459 do, the name of the mapping says.
        (config.server.casemapping == Casemap::Precis)
            .then(|| ("UTF8MAPPING", Some("rfc8265".into()))),
        config.roleplay.enabled.then(|| ("RPCHAN", Some("E".into()))),
        config.roleplay.enabled.then(|| ("RPUSER", Some("E".into()))),
        (!denied.is_empty()).then(|| ("CLIENTTAGDENY", Some(denied.join(",")))),
        config.server.icon.clone().map(|icon| ("draft/ICON", Some(icon))),
    ];
    tokens.into_iter().flatten()
}

/// The numbers of users.
pub fn lusers(ctx: &mut Ctx<'_>) {
    let census = ctx.core.census;
    let servers = ctx.network().servers().filter(|(_, server)| !server.hidden).count();
    let channels = ctx.network().channel_count();
    let seen = census.users.saturating_sub(census.invisible);
    ctx.reply(reply::luser_client(seen, census.invisible, servers));
    ctx.reply(reply::luser_op(census.opers));
    ctx.reply(reply::luser_unknown(census.unknown));
    ctx.reply(reply::luser_channels(channels));
    ctx.reply(reply::luser_me(census.local, servers.saturating_sub(1)));
    ctx.reply(reply::local_users(census.local, census.local_max));
    ctx.reply(reply::global_users(census.users, census.users_max));
    ctx.reply(reply::stats_conn(census.local_max, ctx.core.metrics.accepted));
}

/// The message of the day.
pub fn motd(ctx: &mut Ctx<'_>, user: UserId) {
    if ctx.core.texts.motd.is_empty() {
        return ctx.reply(reply::no_motd());
    }
    let name = ctx.core.name().to_owned();
    ctx.reply(reply::motd_start(&name));
    for line in ctx.core.texts.motd.clone() {
        let line = filled(ctx, user, &line);
        ctx.reply(reply::motd(&line));
    }
    ctx.reply(reply::end_of_motd());
}

/// What can stand for something in the message of the day and in welcome lines, as `{name}`.
const VARIABLES: &[(&str, Variable)] = &[
    ("nick", |ctx, user| ctx.whois(user).nick().to_string()),
    ("user", |ctx, user| ctx.whois(user).user.to_string()),
    ("host", |ctx, user| ctx.whois(user).host.to_string()),
    ("server", |ctx, _| ctx.core.name().to_owned()),
    ("network", |ctx, _| ctx.core.config.server.network.clone()),
    ("version", |_, _| VERSION.to_owned()),
    ("users", |ctx, _| ctx.core.census.users.to_string()),
    ("channels", |ctx, _| ctx.network().channel_count().to_string()),
    ("date", |ctx, _| date_text(ctx.now.wall)),
];

type Variable = fn(&Ctx<'_>, UserId) -> String;

/// A text with its variables filled in.
fn filled(ctx: &Ctx<'_>, user: UserId, text: &str) -> String {
    fill(text, |name| {
        let row = VARIABLES.iter().find(|row| row.0 == name)?;
        Some(row.1(ctx, user))
    })
}

/// A text in which each `{name}` is what it stands for; what stands for nothing stays as it is.
pub fn fill(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let named = after.split_once('}').and_then(|(name, after)| Some((value(name)?, after)));
        rest = match named {
            Some((value, after)) => {
                out.push_str(&value);
                after
            }
            None => {
                out.push('{');
                after
            }
        };
    }
    out + rest
}

/// `2026-11-22 23:59:59 UTC`
pub fn date_text(wall: crate::time::Wall) -> String {
    let secs = wall.secs();
    let (year, month, day) = encode::date(secs / 86_400);
    format!(
        "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC",
        secs / 3600 % 24,
        secs / 60 % 60,
        secs % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::script::check;

    #[test]
    fn variables_are_filled_in() {
        check(
            r"
            config server.motd Hello {nick}, one of {users} on {network} at {server}: {smile {nick
            config server.welcome {user}@{host} has come to {channels} channels
            config server.welcome It is {date}, this is {version}.
            alice > MOTD
            alice < :s1.test 372 alice :- Hello alice, one of 1 on Test at s1.test: {smile {nick
            alice <~ :s1.test 376 alice :*
            alice < :s1.test NOTICE alice :~alice@alice.test has come to 0 channels
            alice <~ :s1.test NOTICE alice :It is 20??-*UTC, this is slircd-*.
            alice < :s1.test 372 alice :- Hello alice, one of 1 on Test at s1.test: {smile {nick
            ",
        );
    }

    #[test]
    fn every_variable_is_documented() {
        let example = crate::config::schema::example();
        for (name, _) in VARIABLES {
            assert!(example.contains(&format!("{{{name}}}")), "{name}");
        }
    }

    #[test]
    fn who_registers_learns_who_they_are() {
        check(
            r"
            raw a
            a > CAP REQ draft/whoami
            a > NICK al
            a > USER al 0 * :Al B.
            a > CAP END
            a <~ :s1.test 005 al *
            a <~ :s1.test 042 al ????????? :your unique ID
            a < :al!~al@a.test SETNAME :Al B.
            a <~ :s1.test 251 al *
            b > PING x
            b <! SETNAME
            ",
        );
    }

    #[test]
    fn what_is_configured_is_told_and_nothing_else() {
        check(
            r"
            config server.client_tags_denied -typing *
            config server.icon https://example.org/a=b.png
            config server.casemapping precis
            a <~ :s1.test 005 a *UTF8MAPPING=rfc8265 CLIENTTAGDENY=*,-typing draft/ICON=https://example.org/a*3Db.png :are supported by this server
            ",
        );
        check(
            r"
            a > VERSION
            a <! UTF8MAPPING
            a <! ICON
            ",
        );
    }

    #[test]
    fn what_operators_do_is_marked_for_those_who_ask() {
        check(
            r"
            config oper root sesame
            alice > CAP REQ draft/oper-tag
            alice > JOIN #a
            bob   > JOIN #a
            bob   > PRIVMSG #a :one
            alice < :bob!~bob@bob.test PRIVMSG #a :one
            bob   > OPER root sesame
            bob   > PRIVMSG #a :two
            alice < @draft/oper :bob!~bob@bob.test PRIVMSG #a :two
            bob   > NICK rob
            alice < @draft/oper :bob!~bob@bob.test NICK :rob
            bob   > PART #a
            alice < @draft/oper :rob!~bob@bob.test PART #a
            ",
        );
    }
}
