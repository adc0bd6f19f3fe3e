//! WHO (RFC 2812 §3.6.1, `ircv3: whox`).

use crate::{
    arena::Id,
    core::{
        ctx::{Ctx, Cursor, Outcome, STREAM_PIECE},
        dispatch::{Command, Run},
        oper::Priv,
        policy, registration,
    },
    network::{ChannelId, User, UserId, mode::Status},
    wire::{cap, mask, message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "WHO",
    params: "[<channel or mask> [<flags>[%<fields>[,<token>]]]]",
    about: "Shows the users in a channel, or those whom a mask fits.",
    help: "The flag o asks for operators only. Fields choose what is shown: t the token, c a channel, u the user name, i the address, h the host, s the server, n the nick, f the flags, d the distance, l the idle time, a the account, o the level, r the real name.\nExample: WHO #dev, WHO *.example.org o, WHO #dev %na",
    replies: &[reply::WHO_REPLY, reply::WHOX_REPLY, reply::END_OF_WHO],
    cost: 2,
    run: Run::User(who),
    ..Command::USUAL
}];

/// The fields of WHOX, in the order in which they are sent; of more than one of a kind one counts.
const FIELDS: &str = "tcuihsnfdlaor";

fn who(ctx: &mut Ctx<'_>, _user: UserId, args: Args<'_>) -> Outcome {
    // RFC 1459 §4.5.1: 0 means everybody.
    let target = args.given(0).filter(|target| *target != "0").unwrap_or("*");
    let (flags, fields) = match args.get(1).and_then(|asked| asked.split_once('%')) {
        Some((flags, fields)) => (flags, Some(fields)),
        None => (args.get(1).unwrap_or_default(), None),
    };
    let opers = if flags.contains('o') { "o" } else { "" };
    let mut asked = vec![target.to_owned(), opers.to_owned()];
    if let Some(fields) = fields {
        let (fields, token) = fields.split_once(',').unwrap_or((fields, ""));
        asked.push(FIELDS.chars().filter(|field| fields.contains(*field)).collect());
        let digits = token.len() <= 3 && token.bytes().all(|byte| byte.is_ascii_digit());
        asked.push(if digits && !token.is_empty() { token.into() } else { "0".into() });
    }
    let cursor = Cursor { asked, ..Cursor::default() };
    match ctx.channel(target) {
        Ok(_) => ctx.stream(cursor, members),
        Err(_) => ctx.stream(cursor, users),
    }
    Ok(())
}

fn members(ctx: &mut Ctx<'_>, mut cursor: Cursor) -> Option<Cursor> {
    let user = ctx.session().user()?;
    let target = cursor.asked.first().cloned().unwrap_or_default();
    let channel = ctx.channel(&target).ok();
    let piece: Vec<UserId> = match channel {
        Some(channel) => ctx
            .network()
            .members_after(channel, cursor.after)
            .map(|member| member.0)
            .take(STREAM_PIECE)
            .collect(),
        None => Vec::new(),
    };
    let inside = channel.is_some_and(|channel| ctx.network().status(channel, user).is_some());
    for other in &piece {
        let there = channel.is_some_and(|channel| ctx.network().sees_member(channel, user, *other));
        if there && (inside || policy::sees_user(ctx, user, *other)) && wanted(ctx, &cursor, *other)
        {
            one(ctx, &cursor.asked, channel, *other);
        }
    }
    cursor.after = piece.last().copied();
    if piece.len() < STREAM_PIECE {
        ctx.reply(reply::end_of_who(&target));
        return None;
    }
    Some(cursor)
}

fn users(ctx: &mut Ctx<'_>, mut cursor: Cursor) -> Option<Cursor> {
    let user = ctx.session().user()?;
    let target = cursor.asked.first().cloned().unwrap_or_default();
    for _ in 0..STREAM_PIECE {
        let Some((other, who)) = ctx.network().user_from_slot(cursor.slot) else {
            ctx.reply(reply::end_of_who(&target));
            return None;
        };
        cursor.slot = other.index() + 1;
        let casemap = ctx.network().casemap();
        let named = casemap.eq(&target, who.nick().as_str());
        let texts = [who.nick().as_str(), &who.user, &who.host, &who.realname];
        let fits = named
            || texts.iter().any(|text| mask::matches(&target, text, casemap))
            || mask::matches(&target, &who.mask(), casemap);
        let seen =
            !ctx.network().is_hidden(other) && (named || policy::sees_user(ctx, user, other));
        if fits && seen && wanted(ctx, &cursor, other) {
            let shared = ctx.whois(other).channels().iter().copied().find(|channel| {
                policy::sees(ctx, user, *channel)
                    && ctx.network().sees_member(*channel, user, other)
            });
            one(ctx, &cursor.asked, shared, other);
        }
    }
    Some(cursor)
}

fn wanted(ctx: &Ctx<'_>, cursor: &Cursor, user: UserId) -> bool {
    cursor.asked.get(1).is_none_or(String::is_empty)
        || ctx.session().user().is_some_and(|asker| policy::sees_oper(ctx, asker, user))
}

fn one(ctx: &mut Ctx<'_>, asked: &[String], channel: Option<ChannelId>, user: UserId) {
    let line = match asked {
        [_, _, fields, token] => reply::whox_reply(&chosen(ctx, fields, token, channel, user)),
        _ => plain(ctx, channel, user),
    };
    ctx.reply(line);
}

fn plain(ctx: &Ctx<'_>, channel: Option<ChannelId>, user: UserId) -> reply::Reply {
    let who = ctx.whois(user);
    reply::who_reply(
        &channel_name(ctx, channel),
        &who.user,
        &who.host,
        server_name(ctx, who),
        who.nick().as_str(),
        &flags(ctx, channel, user),
        distance(ctx, who),
        &who.realname,
    )
}

/// The fields that were asked for, as one text.
fn chosen(
    ctx: &Ctx<'_>,
    fields: &str,
    token: &str,
    channel: Option<ChannelId>,
    user: UserId,
) -> String {
    let who = ctx.whois(user);
    let mut text = String::new();
    for field in fields.chars() {
        let value = match field {
            't' => token.to_owned(),
            'c' => channel_name(ctx, channel),
            'u' => who.user.to_string(),
            'i' => address(ctx, user),
            'h' => who.host.to_string(),
            's' => server_name(ctx, who).to_owned(),
            'n' => who.nick().to_string(),
            'f' => flags(ctx, channel, user),
            'd' => distance(ctx, who).to_string(),
            'l' => idle(ctx, user).to_string(),
            'a' => who.account().unwrap_or("0").to_owned(),
            'o' => level(ctx, channel, user).to_owned(),
            _ => format!(":{}", who.realname),
        };
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&value);
    }
    text
}

/// `H` or `G` (here or gone), `*` for operators, `B` for bots, and the prefixes in the channel.
fn flags(ctx: &Ctx<'_>, channel: Option<ChannelId>, user: UserId) -> String {
    let all = ctx.session().caps.contains(cap::MULTI_PREFIX);
    let who = ctx.whois(user);
    let mut flags = String::from(if who.away.is_some() { "G" } else { "H" });
    if ctx.session().user().is_some_and(|asker| policy::sees_oper(ctx, asker, user)) {
        flags.push('*');
    }
    flags.extend(status(ctx, channel, user).prefixes(all));
    if who.modes.contains('B') {
        flags.push('B');
    }
    flags
}

fn status(ctx: &Ctx<'_>, channel: Option<ChannelId>, user: UserId) -> Status {
    channel.and_then(|channel| ctx.network().status(channel, user)).unwrap_or_default()
}

fn channel_name(ctx: &Ctx<'_>, channel: Option<ChannelId>) -> String {
    channel
        .map_or_else(|| "*".to_owned(), |channel| ctx.network().channel(channel).name.to_string())
}

fn server_name<'a>(ctx: &'a Ctx<'_>, who: &User) -> &'a str {
    ctx.network().server(who.uid.server).map_or("*", |server| &server.info.name)
}

fn distance(ctx: &Ctx<'_>, who: &User) -> u32 {
    u32::from(who.uid.server != ctx.core.sid())
}

/// The address, for those who may see it.
fn address(ctx: &Ctx<'_>, user: UserId) -> String {
    let asks = ctx.session().user();
    let open = asks.is_some_and(|asks| asks == user || ctx.may(asks, Priv::See));
    let address = ctx.whois(user).address.filter(|_| open);
    address.map_or_else(|| "255.255.255.255".to_owned(), registration::address_text)
}

/// How long a user has said nothing; nothing is known of those on other servers.
fn idle(ctx: &Ctx<'_>, user: UserId) -> u64 {
    ctx.local(user).map_or(0, |local| ctx.now.mono.since(local.active).as_secs())
}

/// There is but one level of operators.
fn level(ctx: &Ctx<'_>, channel: Option<ChannelId>, user: UserId) -> &'static str {
    if status(ctx, channel, user).at_least(Status::OP) { "0" } else { "n/a" }
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn members_and_masks() {
        check(
            r"
            alice > JOIN #a
            bob   > JOIN #a
            bob   > MODE bob +i
            alice > AWAY :x
            alice > WHO #a
            alice < :s1.test 352 alice #a ~alice alice.test s1.test alice G@ :0 Real alice
            alice < :s1.test 352 alice #a ~bob bob.test s1.test bob H :0 Real bob
            alice < :s1.test 315 alice #a :End of /WHO list
            carol > WHO b*
            carol < :s1.test 315 carol b* :End of /WHO list
            carol > WHO bob
            carol < :s1.test 352 carol #a ~bob bob.test s1.test bob H :0 Real bob
            carol > WHO 0
            carol < :s1.test 352 carol #a ~alice alice.test s1.test alice G@ :0 Real alice
            carol < :s1.test 352 carol * ~carol carol.test s1.test carol H :0 Real carol
            carol < :s1.test 315 carol * :End of /WHO list
            carol > WHO #none
            carol < :s1.test 315 carol #none :End of /WHO list
            ",
        );
    }
    #[test]
    fn fields_come_in_their_order_whatever_was_asked() {
        check(
            r"
            config oper root sesame
            alice > JOIN #a
            bob   > PING x
            alice > MODE alice +B
            bob   > WHO #a %nufa
            bob   < :s1.test 354 bob ~alice alice H@B 0
            bob   < :s1.test 315 bob #a :End of /WHO list
            bob   > WHO alice %roaldfnshiuct,42
            bob   < :s1.test 354 bob 42 #a ~alice 255.255.255.255 alice.test s1.test alice H@B 0 0 0 0 :Real alice
            alice > WHO alice %tio,12345
            alice < :s1.test 354 alice 0 10.0.0.1 0
            bob   > WHO bob %cox
            bob   < :s1.test 354 bob * n/a
            bob   > WHO * o%n
            bob   < :s1.test 315 bob * :End of /WHO list
            bob   <! 354
            bob   > OPER root sesame
            bob   > WHO * o%nif
            bob   < :s1.test 354 bob 10.0.0.2 bob H*
            bob   > WHO alice %i
            bob   < :s1.test 354 bob 10.0.0.1
            ",
        );
    }
}
