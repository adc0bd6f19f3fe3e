//! ChanServ OWNER, PROTECT, OP, HALFOP, VOICE and what takes them away; UP, DOWN.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        registered::{CHANSERV, access},
    },
    network::{
        ChannelId, UserId,
        mode::Status,
        op::{ModeChange, Op},
    },
    wire::{message::Args, name::ChannelName},
};

/// `CONSTANT function "NAME" 'letter' on "what it does";`
macro_rules! statuses {
    ($($row:ident $run:ident $name:literal $letter:literal $on:literal $about:literal;)*) => { $(
        pub const $row: &[Command] = &[Command {
            name: $name,
            params: "<channel> [<nick>]",
            about: $about,
            help: "Without a nick, it is about you. It takes the flag of the status (HELP FLAGS).",
            replies: &[],
            cost: 2,
            run: Run::User($run),
            ..Command::USUAL
        }];

        fn $run(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
            change(ctx, user, &args, ($letter, $on))
        }
    )* };
}

statuses! {
    OWNER owner "OWNER" 'q' true "Gives somebody the status of an owner (+q).";
    DEOWNER deowner "DEOWNER" 'q' false "Takes the status of an owner away.";
    PROTECT protect "PROTECT" 'a' true "Gives somebody the status of an admin (+a).";
    DEPROTECT deprotect "DEPROTECT" 'a' false "Takes the status of an admin away.";
    OP op "OP" 'o' true "Gives somebody the status of an operator.";
    DEOP deop "DEOP" 'o' false "Takes the status of an operator away.";
    HALFOP halfop "HALFOP" 'h' true "Gives somebody the status of a half-operator.";
    DEHALFOP dehalfop "DEHALFOP" 'h' false "Takes the status of a half-operator away.";
    VOICE voice "VOICE" 'v' true "Gives somebody voice.";
    DEVOICE devoice "DEVOICE" 'v' false "Takes somebody's voice away.";
}

pub const UP: &[Command] = &[Command {
    name: "UP",
    params: "<channel>",
    about: "Gives you the status that your access says.",
    help: "You are given it whenever you enter; this is for when you have lost it.",
    replies: &[],
    cost: 2,
    run: Run::User(up),
    ..Command::USUAL
}];

pub const DOWN: &[Command] = &[Command {
    name: "DOWN",
    params: "<channel>",
    about: "Takes from you what status you have.",
    help: "UP gives it back.",
    replies: &[],
    cost: 2,
    run: Run::User(down),
    ..Command::USUAL
}];

fn change(ctx: &mut Ctx<'_>, user: UserId, args: &Args<'_>, (letter, on): (char, bool)) -> Outcome {
    let Some(name) = super::allowed(ctx, user, args[0], &letter.to_string()) else { return Ok(()) };
    let Some((channel, target)) = member(ctx, user, &name, args.given(1)) else { return Ok(()) };
    let nick = ctx.whois(target).nick().to_string();
    if on && target != user {
        let held = ctx.core.registration(&name).filter(|known| known.is_on("SECURE"));
        let held = held.map(|known| access::flags(ctx.core, target, known).held());
        let status = Status::of(letter).unwrap_or_default();
        if letter != 'v' && held.is_some_and(|held| !held.contains(status)) {
            ctx.notice(&format!("{name} is set SECURE, and {nick} has no access for that."));
            return Ok(());
        }
    }
    set(ctx, (channel, target), &[(letter, on)]);
    Ok(())
}

fn up(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(name) = super::registered(ctx, args[0]) else { return Ok(()) };
    if super::flags(ctx, user, &name).given() == Status::NONE {
        super::refused(ctx);
        return Ok(());
    }
    if let Some((channel, _)) = member(ctx, user, &name, None) {
        access::settle(ctx.core, ctx.fx, (user, channel), true, ctx.now);
    }
    Ok(())
}

fn down(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(name) = super::registered(ctx, args[0]) else { return Ok(()) };
    if let Some((channel, _)) = member(ctx, user, &name, None) {
        let status = ctx.network().status(channel, user).unwrap_or_default();
        let gone: Vec<(char, bool)> = status.letters().map(|letter| (letter, false)).collect();
        set(ctx, (channel, user), &gone);
    }
    Ok(())
}

/// A member of a channel, the one who asks unless another is named; if they are none, that is told.
pub(super) fn member(
    ctx: &mut Ctx<'_>,
    user: UserId,
    name: &ChannelName,
    nick: Option<&str>,
) -> Option<(ChannelId, UserId)> {
    let target = match nick {
        Some(nick) => ctx.find_user(nick),
        None => Some(user),
    };
    let channel = ctx.network().name(name);
    let found = channel.zip(target).filter(|(channel, target)| {
        let inside = ctx.network().status(*channel, *target).is_some();
        inside && (*target == user || ctx.network().sees_member(*channel, user, *target))
    });
    if found.is_none() {
        match nick {
            Some(nick) => ctx.notice(&format!("{nick} is not in {name}.")),
            None => ctx.notice(&format!("You are not in {name}.")),
        }
    }
    found
}

/// Gives a member statuses, or takes them, as far as that is a change.
pub(super) fn set(
    ctx: &mut Ctx<'_>,
    (channel, target): (ChannelId, UserId),
    changes: &[(char, bool)],
) {
    let record = ctx.network().channel(channel);
    let Some(member) = record.member(target) else { return };
    let (uid, joined) = (ctx.whois(target).uid, member.joined);
    let changes = changes.iter().filter_map(|(letter, on)| {
        let has = member.status.contains(Status::of(*letter)?);
        (has != *on).then_some(ModeChange::Status { letter: *letter, on: *on, uid, joined })
    });
    let changes: Vec<ModeChange> = changes.collect();
    if changes.is_empty() {
        ctx.notice("That is so already.");
        return;
    }
    let (name, epoch) = (record.name.clone(), record.epoch);
    ctx.commit(Op::Mode { name, epoch, by: CHANSERV, changes });
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn whoever_has_access_gives_and_takes_status() {
        check(
            r"
            servers 2
            account alice password=sesame
            account bob password=sesame
            alice@1 > NS IDENTIFY alice sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            bob@2 > NS IDENTIFY bob sesame
            bob   > JOIN #a
            bob   > CS OP #a
            bob   < :ChanServ!services@services.test NOTICE bob :You are not authorized to perform this operation.
            alice > CS FLAGS #a bob +vh
            bob   > CS HALFOP #a
            bob   < :ChanServ!services@services.test MODE #a +h bob
            bob   > CS VOICE #a alice
            bob   < :ChanServ!services@services.test MODE #a +v alice
            bob   > CS DEVOICE #a alice
            bob   < :ChanServ!services@services.test MODE #a -v alice
            bob   > CS DOWN #a
            bob   < :ChanServ!services@services.test MODE #a -h bob
            bob   > CS DEHALFOP #a
            bob   < :ChanServ!services@services.test NOTICE bob :That is so already.
            bob   > CS UP #a
            bob   < :ChanServ!services@services.test NOTICE bob :You are not authorized to perform this operation.
            alice > CS DOWN #a
            bob   < :ChanServ!services@services.test MODE #a -qo alice alice
            alice > CS UP #a
            bob   < :ChanServ!services@services.test MODE #a +qo alice alice
            alice > CS PROTECT #a bob
            bob   < :ChanServ!services@services.test MODE #a +a bob
            alice > CS DEPROTECT #a bob
            bob   < :ChanServ!services@services.test MODE #a -a bob
            alice > CS OWNER #a bob
            bob   < :ChanServ!services@services.test MODE #a +q bob
            alice > CS DEOWNER #a bob
            bob   < :ChanServ!services@services.test MODE #a -q bob
            alice > CS OP #a nobody
            alice < :ChanServ!services@services.test NOTICE alice :nobody is not in #a.
            alice > CS SET #a SECURE ON
            alice > CS OP #a bob
            alice < :ChanServ!services@services.test NOTICE alice :#a is set SECURE, and bob has no access for that.
            alice > MODE #a +o bob
            bob   < :ChanServ!services@services.test MODE #a -o bob
            alice > CS SET #a SECURE OFF
            alice > CS OP #a bob
            bob   < :ChanServ!services@services.test MODE #a +o bob
            alice > CS DEOP #a bob
            bob   < :ChanServ!services@services.test MODE #a -o bob
            alice > PART #a
            alice > CS UP #a
            alice < :ChanServ!services@services.test NOTICE alice :You are not in #a.
            same
            ",
        );
    }

    #[test]
    fn whose_status_is_taken_is_not_given_it_again_because_something_else_changes() {
        check(
            r"
            account alice password=sesame
            account bob password=sesame
            alice > NS IDENTIFY alice sesame
            bob   > NS IDENTIFY bob sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            alice > CS FLAGS #a bob AOP
            bob   > JOIN #a
            alice > CS DEOP #a bob
            bob   < :ChanServ!services@services.test MODE #a -o bob
            alice > MODE #a +m
            alice > TOPIC #a :ours
            alice > CS SET #a URL https://example.org/
            alice < :ChanServ!services@services.test NOTICE alice :URL for #a has been set to https://example.org/.
            bob   <! +o
            alice > CS FLAGS #a bob +a
            bob   < :ChanServ!services@services.test MODE #a +ao bob bob
            ",
        );
    }
}
