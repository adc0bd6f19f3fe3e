//! ChanServ CLEAR, ENFORCE, RECOVER and SYNC: a channel is put in order.

use super::{akick, ban::change};
use crate::{
    core::{
        chanban,
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        policy,
        registered::{access, flags::Flags, record::Registration},
    },
    network::{
        ChannelId, UserId,
        mode::{self, By, Kind, REGISTERED, Status},
        op::ModeChange,
    },
    wire::{extban::Act, message::Args, name::ChannelName},
};

pub const CLEAR: &[Command] = &[Command {
    name: "CLEAR",
    params: "<channel> <USERS|BANS|OPS|VOICES|MODES>",
    about: "Takes everybody, or what others have set, out of a channel.",
    help: "USERS kicks all who have no access, OPS and VOICES take the status of those whose access does not say it, BANS takes all bans away, MODES all modes but +nt and what is locked. It takes the flag R.\nExample: CLEAR #dev BANS",
    replies: &[],
    cost: 4,
    run: Run::User(clear),
    ..Command::USUAL
}];

pub const ENFORCE: &[Command] = &[Command {
    name: "ENFORCE",
    params: "<channel>",
    about: "Kicks those who could not come in: by bans, AKICK, RESTRICTED and +R.",
    help: "It takes the flag r. Who has the flag e is not touched.\nExample: ENFORCE #dev",
    replies: &[],
    cost: 4,
    run: Run::User(enforce),
    ..Command::USUAL
}];

pub const RECOVER: &[Command] = &[Command {
    name: "RECOVER",
    params: "<channel>",
    about: "Gives a channel back to you that others have taken.",
    help: "Takes status from all whose access does not say it, and away what keeps you out: bans, +i, +k and +l. It takes the flag R.\nExample: RECOVER #dev",
    replies: &[],
    cost: 4,
    run: Run::User(recover),
    ..Command::USUAL
}];

pub const SYNC: &[Command] = &[Command {
    name: "SYNC",
    params: "<channel>",
    about: "Gives everybody in a channel the status that their access says.",
    help: "Those of this server are meant; the others' servers do so by themselves. It takes the flag R.\nExample: SYNC #dev",
    replies: &[],
    cost: 3,
    run: Run::User(sync),
    ..Command::USUAL
}];

fn clear(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some((name, channel)) = super::there(ctx, user, args[0], "R") else { return Ok(()) };
    let changes = match args[1].to_ascii_uppercase().as_str() {
        "USERS" => {
            let reason = format!("CLEAR USERS used by {}", ctx.whois(user).nick());
            let all: Vec<UserId> = members(ctx, channel, &name, |flags| flags.is_empty());
            all.iter().for_each(|user| akick::kick(ctx, channel, *user, &reason));
            Vec::new()
        }
        "BANS" => masks(ctx, channel, |_| true),
        "OPS" => statuses(ctx, channel, &name, |letter| letter != 'v'),
        "VOICES" => statuses(ctx, channel, &name, |letter| letter == 'v'),
        "MODES" => modes(ctx, channel, |_| true),
        _ => {
            ctx.notice("Say USERS, BANS, OPS, VOICES or MODES.");
            return Ok(());
        }
    };
    if !changes.is_empty() {
        change(ctx, channel, changes);
    }
    access::lock(ctx.core, ctx.fx, channel, ctx.now);
    ctx.notice(&format!("{name} has been cleared: {}.", args[1].to_ascii_uppercase()));
    Ok(())
}

/// The members in sight with such access.
fn members(
    ctx: &Ctx<'_>,
    channel: ChannelId,
    name: &ChannelName,
    which: impl Fn(Flags) -> bool,
) -> Vec<UserId> {
    let Some(known) = super::registration(ctx, name) else { return Vec::new() };
    let all = ctx.network().members(channel).map(|(user, _)| user);
    all.filter(|user| which(access::flags(ctx.core, *user, known))).collect()
}

/// What takes bans away.
fn masks(
    ctx: &Ctx<'_>,
    channel: ChannelId,
    which: impl Fn(&crate::network::Mask) -> bool,
) -> Vec<ModeChange> {
    let bans = ctx.network().channel(channel).all_masks('b').filter(|mask| which(mask));
    let gone = bans.map(|mask| ModeChange::Remove {
        letter: 'b',
        mask: mask.mask.clone(),
        added: vec![mask.at],
    });
    gone.collect()
}

/// What takes modes away that halfops may set, but for those that a registered channel begins with.
fn modes(ctx: &Ctx<'_>, channel: ChannelId, which: impl Fn(char) -> bool) -> Vec<ModeChange> {
    let record = ctx.network().channel(channel);
    let rows = mode::CHANNEL.iter().filter(|row| row.by == By::Halfop && which(row.letter));
    let gone = rows.filter_map(|row| {
        let letter = row.letter;
        match row.kind {
            Kind::Flag if record.has(letter) && !REGISTERED.contains(letter) => {
                Some(ModeChange::Flag { letter, on: false })
            }
            Kind::Key | Kind::Value if record.value(letter).is_some() => {
                Some(ModeChange::Value { letter, value: None })
            }
            _ => None,
        }
    });
    gone.collect()
}

/// What takes statuses from those whose access does not say them.
fn statuses(
    ctx: &Ctx<'_>,
    channel: ChannelId,
    name: &ChannelName,
    which: impl Fn(char) -> bool,
) -> Vec<ModeChange> {
    let Some(known) = super::registration(ctx, name) else { return Vec::new() };
    let of = |(user, member): (UserId, crate::network::Member)| {
        let held = access::flags(ctx.core, user, known).held();
        let uid = ctx.network().user(user).uid;
        let gone = member.status.letters().filter(|letter| which(*letter));
        let gone = gone.filter(|letter| Status::of(*letter).is_none_or(|one| !held.contains(one)));
        let gone: Vec<char> = gone.collect();
        gone.into_iter().map(move |letter| ModeChange::Status {
            letter,
            on: false,
            uid,
            joined: member.joined,
        })
    };
    ctx.network().members(channel).flat_map(of).collect()
}

fn enforce(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some((name, channel)) = super::there(ctx, user, args[0], "r") else { return Ok(()) };
    let mut count = akick::enforce(ctx, &name);
    let Some(known) = super::registration(ctx, &name) else { return Ok(()) };
    let record = ctx.network().channel(channel);
    let unwanted = |user: UserId, known: &Registration| {
        let flags = access::flags(ctx.core, user, known);
        let act = |act| matches!(act, Act::Ban | Act::Join);
        !flags.has('e')
            && (chanban::find(ctx.core, record, user, act).is_some()
                || record.has('R') && ctx.network().user(user).account().is_none()
                || known.is_on("RESTRICTED") && flags.is_empty())
    };
    let all = ctx.network().members(channel).map(|(user, _)| user);
    let all: Vec<UserId> = all.filter(|user| unwanted(*user, known)).collect();
    for user in &all {
        akick::kick(ctx, channel, *user, "The channel does not let you in (ENFORCE)");
    }
    count += all.len();
    ctx.notice(&format!("{count} have been kicked from {name}."));
    Ok(())
}

fn recover(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some((name, channel)) = super::there(ctx, user, args[0], "R") else { return Ok(()) };
    let mut changes = statuses(ctx, channel, &name, |_| true);
    changes.extend(masks(ctx, channel, |mask| {
        mask.ban.as_ref().is_some_and(|ban| chanban::is_fit(ctx.core, ban, user))
    }));
    changes.extend(modes(ctx, channel, |letter| "ikl".contains(letter)));
    if !changes.is_empty() {
        change(ctx, channel, changes);
    }
    access::lock(ctx.core, ctx.fx, channel, ctx.now);
    access::attend_all(ctx.core, ctx.fx, channel, ctx.now);
    let inside = policy::member(ctx, channel, user).is_ok();
    ctx.notice(&match inside {
        true => format!("{name} has been recovered."),
        false => format!("{name} has been recovered. You may enter it now."),
    });
    Ok(())
}

fn sync(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some((name, channel)) = super::there(ctx, user, args[0], "R") else { return Ok(()) };
    access::attend_all(ctx.core, ctx.fx, channel, ctx.now);
    ctx.notice(&format!("{name} is as its access list says."));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_channel_is_put_in_order() {
        check(
            r"
            servers 2
            account alice password=sesame
            alice@1 > NS IDENTIFY alice sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            bob@2 > JOIN #a
            bob   > CS CLEAR #a OPS
            bob   < :ChanServ!services@services.test NOTICE bob :You are not authorized to perform this operation.
            alice > MODE #a +o bob
            bob   > MODE #a +bikv alice!*@* key bob
            bob   > MODE #a -o alice
            alice > PART #a
            alice > CS RECOVER #a
            bob   < :ChanServ!services@services.test MODE #a -ovbki bob bob alice!*@* key
            alice < :ChanServ!services@services.test NOTICE alice :#a has been recovered. You may enter it now.
            alice > JOIN #a
            alice > MODE #a +ov bob bob
            alice > CS CLEAR #a ops
            bob   < :ChanServ!services@services.test MODE #a -o bob
            alice < :ChanServ!services@services.test NOTICE alice :#a has been cleared: OPS.
            alice > CS CLEAR #a VOICES
            bob   < :ChanServ!services@services.test MODE #a -v bob
            alice > MODE #a +mlb 9 x!*@*
            alice > CS SET #a MLOCK +s
            alice > CS CLEAR #a MODES
            bob   < :ChanServ!services@services.test MODE #a -lms
            bob   < :ChanServ!services@services.test MODE #a +s
            alice > CS CLEAR #a BANS
            bob   < :ChanServ!services@services.test MODE #a -b x!*@*
            alice > CS CLEAR #a FROB
            alice < :ChanServ!services@services.test NOTICE alice :Say USERS, BANS, OPS, VOICES or MODES.
            alice > MODE #a -o alice
            alice > CS SYNC #a
            bob   < :ChanServ!services@services.test MODE #a +o alice
            alice < :ChanServ!services@services.test NOTICE alice :#a is as its access list says.
            alice > MODE #a +b bob!*@*
            alice > CS ENFORCE #a
            bob   < :ChanServ!services@services.test KICK #a bob :The channel does not let you in (ENFORCE)
            alice < :ChanServ!services@services.test NOTICE alice :1 have been kicked from #a.
            alice > CS CLEAR #a BANS
            bob   > JOIN #a
            alice > CS CLEAR #a USERS
            bob   < :ChanServ!services@services.test KICK #a bob :CLEAR USERS used by alice
            alice > PART #a
            alice > CS SYNC #a
            alice < :ChanServ!services@services.test NOTICE alice :Nobody is in #a.
            same
            ",
        );
    }
}
