//! ChanServ BAN, UNBAN, QUIET, UNQUIET, KICK, KICKBAN and HOWTOBAN.

use super::akick;
use crate::{
    core::{
        chanban,
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        policy,
        registered::{CHANSERV, access},
    },
    network::{
        ChannelId, Mask, UserId,
        mode::{self, Kind, Status},
        op::{ModeChange, Op},
    },
    time::parse_span,
    wire::{
        encode,
        extban::{self, Act},
        message::Args,
    },
};

const BANS: Command = Command {
    name: "",
    params: "<channel> <mask> [<duration>]",
    about: "",
    help: "",
    replies: &[],
    cost: 2,
    ..Command::USUAL
};

pub const BAN: &[Command] = &[Command {
    name: "BAN",
    about: "Bans a mask, or somebody's host, from a channel.",
    help: "The mask may be somebody's nick. With a duration, as +2h, it ends by itself. It takes the flag r.\nExample: BAN #dev *!*@*.example.org +2h",
    run: Run::User(|ctx, user, args| add(ctx, user, &args, "")),
    ..BANS
}];

pub const QUIET: &[Command] = &[Command {
    name: "QUIET",
    about: "Lets a mask, or somebody's host, not speak in a channel.",
    help: "The mask may be somebody's nick. With a duration, as +2h, it ends by itself. It takes the flag r.\nExample: QUIET #dev rude +2h",
    run: Run::User(|ctx, user, args| add(ctx, user, &args, MUTE)),
    ..BANS
}];

pub const UNBAN: &[Command] = &[Command {
    name: "UNBAN",
    params: "<channel> [<mask>]",
    about: "Takes bans away: one mask, or all that keep somebody out.",
    help: "Without a mask or a nick, those that keep you out. It takes the flag r.\nExample: UNBAN #dev",
    run: Run::User(|ctx, user, args| {
        remove(ctx, user, &args, |act| matches!(act, Act::Ban | Act::Join))
    }),
    ..BANS
}];

pub const UNQUIET: &[Command] = &[Command {
    name: "UNQUIET",
    params: "<channel> [<mask>]",
    about: "Lets somebody speak again: takes away one mask, or all that fit them.",
    help: "Without a mask or a nick, those that fit you. It takes the flag r.\nExample: UNQUIET #dev alice",
    run: Run::User(|ctx, user, args| remove(ctx, user, &args, |act| act == Act::Mute)),
    ..BANS
}];

pub const KICK: &[Command] = &[Command {
    name: "KICK",
    params: "<channel> <nick> [<reason>]",
    about: "Removes somebody from a channel.",
    help: "It takes the flag r, and no less access than theirs.\nExample: KICK #dev rude please calm down",
    run: Run::User(|ctx, user, args| kick(ctx, user, &args, false)),
    ..BANS
}];

pub const KICKBAN: &[Command] = &[Command {
    name: "KICKBAN",
    params: "<channel> <nick> [<reason>]",
    about: "Removes somebody from a channel, and bans their host.",
    help: "It takes the flag r, and no less access than theirs.\nExample: KICKBAN #dev rude enough",
    run: Run::User(|ctx, user, args| kick(ctx, user, &args, true)),
    ..BANS
}];

pub const HOWTOBAN: &[Command] = &[Command {
    name: "HOWTOBAN",
    params: "<channel> <nick>",
    about: "Tells which bans would keep somebody out.",
    help: "Example: HOWTOBAN #dev rude",
    run: Run::User(how),
    ..BANS
}];

fn add(ctx: &mut Ctx<'_>, user: UserId, args: &Args<'_>, before: &str) -> Outcome {
    let Some((_, channel)) = super::there(ctx, user, args[0], "r") else { return Ok(()) };
    let Some(mask) = mask_of(ctx, args[1]) else { return Ok(()) };
    let span = args.given(2).map(|text| text.trim_start_matches('+'));
    if span.is_some_and(|span| parse_span(span).is_none_or(|span| span.is_zero())) {
        ctx.notice("The duration is to be as +30m, +12h or +7d.");
        return Ok(());
    }
    let time = span.map_or_else(String::new, |span| format!("time:{span}:"));
    set(ctx, channel, &format!("{time}{before}{mask}"));
    Ok(())
}

/// A mask as it was given, or the host of whoever has that nick.
fn mask_of(ctx: &mut Ctx<'_>, text: &str) -> Option<String> {
    match ctx.find_user(text) {
        Some(target) => Some(format!("*!*@{}", ctx.whois(target).host)),
        None => akick::read(ctx, text).map(|read| read.0),
    }
}

/// Adds a ban to a channel's list, as far as that is a change and there is room.
fn set(ctx: &mut Ctx<'_>, channel: ChannelId, text: &str) {
    let text = extban::shown(text);
    let (canonical, ban) = Mask::read('b', &text, ctx.network().casemap());
    let record = ctx.network().channel(channel);
    let lists = mode::letters(Kind::List);
    let full: usize = lists.chars().map(|letter| record.all_masks(letter).count()).sum();
    if ban.is_none() {
        ctx.notice(&format!("{text} is no mask."));
    } else if record.all_masks('b').any(|mask| mask.canonical == canonical) {
        ctx.notice("That is so already.");
    } else if full >= ctx.core.config.limits.list_entries {
        ctx.notice("The lists of the channel are full. Take something away first.");
    } else {
        let setter = ctx.core.service_mask(super::SERVICE.name).into();
        change(ctx, channel, vec![ModeChange::Add { letter: 'b', mask: text.into(), setter }]);
    }
}

/// Changes modes of a channel, as ChanServ.
pub(super) fn change(ctx: &mut Ctx<'_>, channel: ChannelId, changes: Vec<ModeChange>) {
    let record = ctx.network().channel(channel);
    let (name, epoch) = (record.name.clone(), record.epoch);
    ctx.commit(Op::Mode { name, epoch, by: CHANSERV, changes });
}

fn remove(ctx: &mut Ctx<'_>, user: UserId, args: &Args<'_>, acts: impl Fn(Act) -> bool) -> Outcome {
    let Some((name, channel)) = super::there(ctx, user, args[0], "r") else { return Ok(()) };
    let target = args.given(1).map_or(Some(user), |text| ctx.find_user(text));
    let canonical = args.given(1).map(|text| Mask::read('b', text, ctx.network().casemap()).0);
    let record = ctx.network().channel(channel);
    let goes = |mask: &&Mask| {
        let Some(ban) = mask.ban.as_ref().filter(|ban| acts(ban.act)) else { return false };
        let named = canonical.as_ref().is_some_and(|text| {
            mask.canonical == *text
                || ban.lasting() == **text
                || ban.lasting() == format!("{MUTE}{text}")
        });
        named || target.is_some_and(|target| chanban::is_fit(ctx.core, ban, target))
    };
    let gone = record.all_masks('b').filter(goes).map(|mask| ModeChange::Remove {
        letter: 'b',
        mask: mask.mask.clone(),
        added: vec![mask.at],
    });
    let gone: Vec<ModeChange> = gone.collect();
    if gone.is_empty() {
        ctx.notice(&format!("There is no such ban in {name}."));
    } else {
        change(ctx, channel, gone);
    }
    Ok(())
}

fn kick(ctx: &mut Ctx<'_>, user: UserId, args: &Args<'_>, bans: bool) -> Outcome {
    let Some(name) = super::allowed(ctx, user, args[0], "r") else { return Ok(()) };
    let member = super::status::member(ctx, user, &name, args.given(1));
    let Some((channel, target)) = member else { return Ok(()) };
    let Some(known) = super::registration(ctx, &name) else { return Ok(()) };
    let held = |user| access::flags(ctx.core, user, known).held();
    let (mine, theirs) = (held(user), held(target));
    if target != user && theirs != Status::NONE && !policy::outranks(mine, theirs) {
        super::refused(ctx);
        return Ok(());
    }
    if bans {
        let mask = format!("*!*@{}", ctx.whois(target).host);
        set(ctx, channel, &mask);
    }
    let nick = ctx.whois(user).nick().to_string();
    let reason = args.given(2).map_or(nick.clone(), |reason| format!("({nick}) {reason}"));
    let reason = encode::head(&reason, ctx.core.config.limits.kick).to_owned();
    akick::kick(ctx, channel, target, &reason);
    Ok(())
}

fn how(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(name) = super::allowed(ctx, user, args[0], "r") else { return Ok(()) };
    let Some(target) = ctx.find_user(args[1]) else {
        ctx.notice(&format!("{} is not there.", args[1]));
        return Ok(());
    };
    let who = ctx.whois(target);
    let mut masks = vec![format!("*!*@{}", who.host)];
    masks.extend(who.account().map(|account| format!("account:{account}")));
    for mask in masks {
        ctx.notice(&format!("/msg ChanServ BAN {name} {mask}"));
    }
    Ok(())
}

/// What a mask has before it that only keeps from speaking.
const MUTE: &str = "mute:";

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn who_has_the_flag_keeps_others_out() {
        check(
            r"
            servers 2
            account alice password=sesame
            account bob password=sesame
            alice@1 > NS IDENTIFY alice sesame
            bob@2   > NS IDENTIFY bob sesame
            alice > CS BAN #a x
            alice < :ChanServ!services@services.test NOTICE alice :#a is not registered.
            alice > JOIN #a
            alice > CS REGISTER #a
            alice > CS FLAGS #a bob +ro
            bob   > JOIN #a
            eve@2 > JOIN #a
            eve   > CS KICK #a alice
            eve   < :ChanServ!services@services.test NOTICE eve :You are not authorized to perform this operation.
            bob   > CS BAN #a eve
            eve   < :ChanServ!services@services.test MODE #a +b *!*@eve.test
            bob   > CS BAN #a eve
            bob   < :ChanServ!services@services.test NOTICE bob :That is so already.
            bob   > CS UNBAN #a eve
            eve   < :ChanServ!services@services.test MODE #a -b *!*@eve.test
            bob   > CS UNBAN #a
            bob   < :ChanServ!services@services.test NOTICE bob :There is no such ban in #a.
            bob   > CS QUIET #a eve +1h
            eve   < :ChanServ!services@services.test MODE #a +b time:1h:mute:*!*@eve.test
            bob   > CS UNQUIET #a *!*@eve.test
            eve   < :ChanServ!services@services.test MODE #a -b time:1h:mute:*!*@eve.test
            bob   > CS BAN #a eve +x
            bob   < :ChanServ!services@services.test NOTICE bob :The duration is to be as +30m, +12h or +7d.
            bob   > CS BAN #a time:
            bob   <~ :ChanServ!services@services.test NOTICE bob :time: is no mask: *
            bob   > CS HOWTOBAN #a eve
            bob   < :ChanServ!services@services.test NOTICE bob :/msg ChanServ BAN #a *!*@eve.test
            bob   > CS HOWTOBAN #a nobody
            bob   < :ChanServ!services@services.test NOTICE bob :nobody is not there.
            bob   > CS KICK #a alice
            bob   < :ChanServ!services@services.test NOTICE bob :You are not authorized to perform this operation.
            bob   > CS KICK #a eve calm down
            eve   < :ChanServ!services@services.test KICK #a eve :(bob) calm down
            eve   > JOIN #a
            bob   > CS KICKBAN #a eve
            eve   < :ChanServ!services@services.test MODE #a +b *!*@eve.test
            eve   < :ChanServ!services@services.test KICK #a eve :bob
            alice > CS KICK #a bob
            bob   < :ChanServ!services@services.test KICK #a bob :alice
            alice > PART #a
            alice > CS BAN #a x
            alice < :ChanServ!services@services.test NOTICE alice :Nobody is in #a.
            same
            ",
        );
    }

    #[test]
    fn a_list_has_only_so_much_room() {
        check(
            r"
            config limits.list_entries 1
            account alice password=sesame
            alice > NS IDENTIFY alice sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            alice > CS BAN #a x
            alice < :ChanServ!services@services.test MODE #a +b x!*@*
            alice > CS BAN #a y
            alice < :ChanServ!services@services.test NOTICE alice :The lists of the channel are full. Take something away first.
            ",
        );
    }
}
