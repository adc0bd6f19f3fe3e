//! REMOVE: a kick that looks like a part, for clients that come back after a kick.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        policy,
    },
    network::{
        UserId,
        mode::Status,
        op::{Leave, Op},
    },
    wire::{encode, message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "REMOVE",
    params: "<channel> <nick> [<reason>]",
    about: "Has a user part from a channel.",
    help: "It takes what KICK takes. The channel and the nick may stand in either order.\nExample: REMOVE #dev bob :please calm down",
    replies: &[
        reply::NO_SUCH_CHANNEL,
        reply::NO_SUCH_NICK,
        reply::NOT_ON_CHANNEL,
        reply::CHAN_OP_NEEDED,
        reply::USER_NOT_IN_CHANNEL,
    ],
    cost: 1,
    run: Run::User(remove),
    ..Command::USUAL
}];

fn remove(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let swapped = !args[0].starts_with('#') && args[1].starts_with('#');
    let (name, nick) = if swapped { (args[1], args[0]) } else { (args[0], args[1]) };
    let channel = ctx.channel(name)?;
    policy::require(ctx, channel, user, Status::HALFOP)?;
    let target = ctx.user(nick)?;
    let record = ctx.network().channel(channel);
    let Some(member) = record.member(target) else {
        return Err(reply::user_not_in_channel(nick, name).into());
    };
    super::kick::allowed(ctx, user, channel, member.status)?;
    let by = ctx.whois(user).nick();
    let text = match args.given(2) {
        Some(reason) => format!("Removed by {by}: {reason}"),
        None => format!("Removed by {by}"),
    };
    let reason = encode::head(&text, ctx.core.config.limits.kick).into();
    let (uid, name) = (ctx.whois(target).uid, record.name.clone());
    ctx.commit(Op::Leave { uid, name, joined: member.joined, how: Leave::Part(reason) });
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn it_looks_like_a_part() {
        check(
            r"
            servers 2
            alice@1 > JOIN #a
            bob@2   > JOIN #a
            carol@1 > JOIN #a
            alice > REMOVE #a bob :be nice
            bob   < :bob!~bob@bob.test PART #a :Removed by alice: be nice
            carol < :bob!~bob@bob.test PART #a :Removed by alice: be nice
            alice > REMOVE carol #a
            carol < :carol!~carol@carol.test PART #a :Removed by alice
            same
            ",
        );
    }

    #[test]
    fn what_is_refused() {
        check(
            r"
            alice > JOIN #a
            bob   > REMOVE #a alice
            bob   < :s1.test 442 bob #a :You're not on that channel
            bob   > JOIN #a
            bob   > REMOVE #a alice
            bob   < :s1.test 482 bob #a :You're not channel operator
            alice > MODE #a +h bob
            bob   > REMOVE #a alice
            bob   < :s1.test 482 bob #a :You're not channel operator
            alice > REMOVE #a nobody
            alice < :s1.test 401 alice nobody :No such nick/channel
            carol > PING x
            alice > REMOVE #a carol
            alice < :s1.test 441 alice carol #a :They aren't on that channel
            alice > REMOVE #none bob
            alice < :s1.test 403 alice #none :No such channel
            alice > REMOVE #a
            alice < :s1.test 461 alice REMOVE :Not enough parameters
            ",
        );
    }
}
