//! ChanServ AKICK: who is kicked and kept out.

use crate::{
    core::{
        chanban,
        ctx::{Again, Ctx, Outcome},
        dispatch::{Command, Run},
        registered::{
            CHANSERV, access,
            record::{self, Akick},
        },
    },
    network::{
        ChannelId, UserId,
        op::{Leave, Op},
    },
    registry::{KEY_MAX, What},
    time::{Wall, parse_span, span_text},
    wire::{encode, extban::Ban, mask, message::Args, name::ChannelName},
};
use std::time::Duration;

pub const COMMANDS: &[Command] = &[Command {
    name: "AKICK",
    params: "<channel> [<LIST|ADD|DEL> [<mask> [<reason>]]]",
    about: "Shows and changes who is kicked and kept out of a channel.",
    help: "It takes the flag r. The mask may be a nick or an extended ban as account:bob. A reason that begins with !T and a time, as !T 2d, is for so long; !P is for good, as without. Who has the flag e is not touched.\nExample: AKICK #dev ADD *!*@spam.example !T 7d spam",
    replies: &[],
    cost: 3,
    run: Run::User(run),
    ..Command::USUAL
}];

fn run(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(name) = super::allowed(ctx, user, args[0], "r") else { return Ok(()) };
    let (verb, text) = (args.given(1).unwrap_or("LIST"), args.given(2));
    match (verb, text) {
        (verb, Some(text)) if verb.eq_ignore_ascii_case("ADD") => {
            add(ctx, user, &name, text, args.given(3).unwrap_or_default())
        }
        (verb, Some(text)) if verb.eq_ignore_ascii_case("DEL") => delete(ctx, user, &name, text),
        (verb, _) if verb.eq_ignore_ascii_case("LIST") => {
            list(ctx, &name);
            Ok(())
        }
        _ => {
            ctx.notice("Say AKICK <channel> ADD <mask> [<reason>], DEL <mask>, or LIST.");
            Ok(())
        }
    }
}

fn add(ctx: &mut Ctx<'_>, user: UserId, name: &ChannelName, text: &str, reason: &str) -> Outcome {
    let Some((shown, ban)) = read(ctx, text) else { return Ok(()) };
    let Some((span, reason)) = timed(reason) else {
        ctx.notice("After !T follows a time, as 30m, 12h or 7d.");
        return Ok(());
    };
    let (key, now) = (record::akick(&ban), ctx.now.wall);
    // As masks are compared it may be longer than it was entered.
    if key.len() > KEY_MAX {
        ctx.notice("The mask is too long.");
        return Ok(());
    }
    let Some(known) = super::registration(ctx, name) else { return Ok(()) };
    let live = known.akicks.iter().filter(|akick| is_live(akick, now));
    if known.record.get(&key).is_none() && live.count() >= AKICKS_MAX {
        ctx.notice(&format!("A channel has at most {AKICKS_MAX} AKICKs. DEL one first."));
        return Ok(());
    }
    let until = span.or(ban.span).map(|span| now + span);
    let reason = encode::head(reason, ctx.core.config.limits.kick);
    let mut fields = vec![(key.clone(), Some(record::akick_text(&shown, until, reason)))];
    // What has ended by itself goes.
    let over = known.akicks.iter().filter(|akick| !is_live(akick, now));
    let over = over.map(|akick| record::akick(&akick.ban)).filter(|other| *other != key);
    fields.extend(over.map(|key| (key, None)));
    let done = format!("{shown} has been added to the AKICK list for {name}.");
    let again = Again { words: vec![done, name.to_string()], then: added };
    super::write(ctx, user, name, What::Write(fields), again)
}

/// Those who are there and not wanted are kicked.
fn added(ctx: &mut Ctx<'_>, _: UserId, words: &[String]) -> Outcome {
    let [done, name] = words else { return Ok(()) };
    ctx.notice(done);
    let Some(name) = ctx.channel_name(name) else { return Ok(()) };
    enforce(ctx, &name);
    Ok(())
}

/// Kicks those whom the list of a channel keeps out; returns how many.
pub(super) fn enforce(ctx: &mut Ctx<'_>, name: &ChannelName) -> usize {
    let Some(channel) = ctx.network().name(name) else { return 0 };
    let Some(known) = super::registration(ctx, name) else { return 0 };
    let now = ctx.now.wall;
    let reason = |user: UserId| {
        let flags = access::flags(ctx.core, user, known);
        let fits =
            |akick: &&Akick| is_live(akick, now) && chanban::is_fit(ctx.core, &akick.ban, user);
        let akick = known.akicks.iter().find(fits);
        match (flags.has('e'), flags.has('b'), akick) {
            (true, ..) | (_, false, None) => None,
            (_, _, Some(akick)) if !akick.reason.is_empty() => Some(akick.reason.to_string()),
            (..) => Some("User is banned from this channel".to_owned()),
        }
    };
    let members = ctx.network().members(channel);
    let unwanted: Vec<(UserId, String)> =
        members.filter_map(|(user, _)| Some((user, reason(user)?))).collect();
    for (user, reason) in &unwanted {
        kick(ctx, channel, *user, reason);
    }
    unwanted.len()
}

/// Kicks a member, as ChanServ.
pub(super) fn kick(ctx: &mut Ctx<'_>, channel: ChannelId, user: UserId, reason: &str) {
    let record = ctx.network().channel(channel);
    let Some(member) = record.member(user) else { return };
    let (name, uid) = (record.name.clone(), ctx.whois(user).uid);
    let how = Leave::Kick { by: CHANSERV, reason: reason.into() };
    ctx.commit(Op::Leave { uid, name, joined: member.joined, how });
}

fn delete(ctx: &mut Ctx<'_>, user: UserId, name: &ChannelName, text: &str) -> Outcome {
    let Some((shown, ban)) = read(ctx, text) else { return Ok(()) };
    let key = record::akick(&ban);
    let known = super::registration(ctx, name).and_then(|known| known.record.get(&key));
    if known.is_none() {
        ctx.notice(&format!("{shown} is not on the AKICK list for {name}."));
        return Ok(());
    }
    let done = format!("{shown} has been removed from the AKICK list for {name}.");
    super::set(ctx, user, name, vec![(key, None)], done)
}

fn list(ctx: &mut Ctx<'_>, name: &ChannelName) {
    let Some(known) = super::registration(ctx, name) else { return };
    let now = ctx.now.wall;
    let line = |(number, akick): (usize, &Akick)| {
        let left = |until: Wall| Duration::from_millis(until.0.saturating_sub(now.0));
        let until = akick.until.map_or_else(String::new, |until| {
            format!(" [expires in {}]", span_text(Duration::from_secs(left(until).as_secs())))
        });
        let (mask, reason, by) = (&akick.mask, &akick.reason, &akick.by);
        format!("{}: {mask} ({reason}) [by {by}]{until}", number + 1)
    };
    let live = known.akicks.iter().filter(|akick| is_live(akick, now));
    let mut lines = vec![format!("AKICK list for {name}:")];
    lines.extend(live.enumerate().map(line));
    lines.push(format!("Total of {} entries in the AKICK list of {name}.", lines.len() - 1));
    ctx.notices(lines);
}

fn is_live(akick: &Akick, now: Wall) -> bool {
    akick.until.is_none_or(|until| until > now)
}

/// Reads a mask; a nick means everybody who comes under it. What cannot be read is told.
pub(super) fn read(ctx: &mut Ctx<'_>, text: &str) -> Option<(String, Ban)> {
    let text = encode::head(text, MASK_MAX);
    let plain = !text.contains(['!', '@', '*', '?', ':', '$', '~']);
    let shown = if plain { mask::complete(text) } else { text.to_owned() };
    match Ban::parse(&shown, ctx.network().casemap()) {
        Ok(ban) => Some((shown, ban)),
        Err(why) => {
            ctx.notice(&format!("{shown} is no mask: {why}."));
            None
        }
    }
}

/// For how long, and why; nothing if the time cannot be read.
fn timed(reason: &str) -> Option<(Option<Duration>, &str)> {
    if let Some(rest) = reason.strip_prefix("!P") {
        return Some((None, rest.trim_start()));
    }
    let Some(rest) = reason.strip_prefix("!T") else { return Some((None, reason)) };
    let rest = rest.trim_start();
    let (span, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    // A number alone is of minutes.
    let minutes = span.parse::<u32>().ok().map(|number| Duration::from_secs(60) * number);
    let span = minutes.or_else(|| parse_span(span)).filter(|span| !span.is_zero())?;
    Some((Some(span), reason.trim_start()))
}

/// How many AKICKs a channel has.
const AKICKS_MAX: usize = 100;

/// The longest mask.
const MASK_MAX: usize = 200;

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn who_is_not_wanted_is_kicked_and_kept_out() {
        check(
            r"
            servers 2
            account alice password=sesame
            account bob password=sesame
            alice@1 > NS IDENTIFY alice sesame
            bob@2   > NS IDENTIFY bob sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            eve@2 > JOIN #a
            eve   > CS AKICK #a ADD alice
            eve   < :ChanServ!services@services.test NOTICE eve :You are not authorized to perform this operation.
            alice > CS AKICK #a ADD eve !T 60s spam
            eve   < :ChanServ!services@services.test KICK #a eve :spam
            alice < :ChanServ!services@services.test NOTICE alice :eve!*@* has been added to the AKICK list for #a.
            eve   > JOIN #a
            eve   < :s2.test 474 eve #a :Cannot join channel (+b)
            bob   > JOIN #a
            alice > CS AKICK #a ADD account:bob
            bob   < :ChanServ!services@services.test KICK #a bob :User is banned from this channel
            alice > CS FLAGS #a bob +e
            bob   > JOIN #a
            alice < :bob!~bob@bob.test JOIN #a
            alice > CS AKICK #a ADD x !T never
            alice < :ChanServ!services@services.test NOTICE alice :After !T follows a time, as 30m, 12h or 7d.
            alice > CS AKICK #a ADD time:
            alice <~ :ChanServ!services@services.test NOTICE alice :time: is no mask: *
            alice > CS AKICK #a FROB
            alice < :ChanServ!services@services.test NOTICE alice :Say AKICK <channel> ADD <mask> [<reason>], DEL <mask>, or LIST.
            alice > CS AKICK #a
            alice < :ChanServ!services@services.test NOTICE alice :AKICK list for #a:
            alice < :ChanServ!services@services.test NOTICE alice :1: account:bob () [by alice!~alice@alice.test]
            alice <~ :ChanServ!services@services.test NOTICE alice :2: eve!*@* (spam) [by alice!~alice@alice.test] [expires in *]
            alice < :ChanServ!services@services.test NOTICE alice :Total of 2 entries in the AKICK list of #a.
            alice > CS AKICK #a DEL account:bob
            alice < :ChanServ!services@services.test NOTICE alice :account:bob has been removed from the AKICK list for #a.
            alice > CS AKICK #a DEL x
            alice < :ChanServ!services@services.test NOTICE alice :x!*@* is not on the AKICK list for #a.
            wait 61
            eve   > JOIN #a
            alice < :eve!~eve@eve.test JOIN #a
            alice > CS AKICK #a ADD y !P rude
            alice > CS AKICK #a LIST
            alice < :ChanServ!services@services.test NOTICE alice :1: y!*@* (rude) [by alice!~alice@alice.test]
            same
            ",
        );
    }

    #[test]
    fn a_mask_that_is_too_long_once_it_is_folded_is_refused() {
        let long = "\u{130}".repeat(120);
        check(&format!(
            r"
            config server.casemapping precis
            account alice password=sesame
            alice > NS IDENTIFY alice sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            alice > CS AKICK #a ADD {long}
            alice < :ChanServ!services@services.test NOTICE alice :The mask is too long.
            ",
        ));
    }
}
