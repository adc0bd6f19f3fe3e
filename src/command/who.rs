//! WHO (RFC 2812 §3.6.1).

use crate::{
    arena::Id,
    core::{
        ctx::{Ctx, Cursor, Outcome, STREAM_PIECE},
        dispatch::{Command, Run},
        policy,
    },
    network::{ChannelId, UserId},
    wire::{cap, mask, message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "WHO",
    params: "[<channel or mask> [o]]",
    about: "Shows the users in a channel, or those whom a mask fits; with o only operators.",
    help: "",
    replies: &[reply::WHO_REPLY, reply::END_OF_WHO],
    cost: 2,
    run: Run::User(who),
}];

fn who(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let target = args.given(0).unwrap_or("*");
    let opers = if args.get(1).is_some_and(|flags| flags.contains('o')) { "o" } else { "" };
    let cursor = Cursor { asked: vec![target.to_owned(), opers.to_owned()], ..Cursor::default() };
    match ctx.channel(target) {
        Ok(channel) if policy::sees(ctx, user, channel) => ctx.stream(cursor, members),
        Ok(_) => ctx.reply(reply::end_of_who(target)),
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
            one(ctx, channel, *other);
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
            one(ctx, shared, other);
        }
    }
    Some(cursor)
}

fn wanted(ctx: &Ctx<'_>, cursor: &Cursor, user: UserId) -> bool {
    cursor.asked.get(1).is_none_or(String::is_empty)
        || ctx.session().user().is_some_and(|asker| policy::sees_oper(ctx, asker, user))
}

fn one(ctx: &mut Ctx<'_>, channel: Option<ChannelId>, user: UserId) {
    let all = ctx.session().caps.contains(cap::MULTI_PREFIX);
    let network = ctx.network();
    let who = network.user(user);
    let mut flags = String::from(if who.away.is_some() { "G" } else { "H" });
    if ctx.session().user().is_some_and(|asker| policy::sees_oper(ctx, asker, user)) {
        flags.push('*');
    }
    let status = channel.and_then(|channel| network.status(channel, user)).unwrap_or_default();
    flags.extend(status.prefixes(all));
    let name =
        channel.map_or_else(|| "*".to_owned(), |channel| network.channel(channel).name.to_string());
    let server =
        network.server(who.uid.server).map(|server| server.info.name.clone()).unwrap_or_default();
    let hops = u32::from(who.uid.server != ctx.core.sid());
    let line = reply::who_reply(
        &name,
        &who.user,
        &who.host,
        &server,
        who.nick().as_str(),
        &flags,
        hops,
        &who.realname,
    );
    ctx.reply(line);
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
            carol > WHO #none
            carol < :s1.test 315 carol #none :End of /WHO list
            ",
        );
    }
}
