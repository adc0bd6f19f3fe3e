//! UNINVITE: takes back an invitation.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        policy,
    },
    network::{
        UserId,
        crdt::Source,
        mode::Status,
        op::{Ask, Op},
    },
    wire::{message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "UNINVITE",
    params: "<nick> <channel>",
    about: "Takes back an invitation to a channel.",
    help: "It takes an operator of the channel.\nExample: UNINVITE bob #dev",
    replies: &[
        reply::NO_SUCH_CHANNEL,
        reply::NO_SUCH_NICK,
        reply::NOT_ON_CHANNEL,
        reply::CHAN_OP_NEEDED,
        reply::UNINVITED,
        reply::NOT_INVITED,
    ],
    cost: 2,
    run: Run::User(uninvite),
    ..Command::USUAL
}];

fn uninvite(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let target = ctx.user(args[0])?;
    let channel = ctx.channel(args[1])?;
    policy::require(ctx, channel, user, Status::HALFOP)?;
    let name = ctx.network().channel(channel).name.clone();
    // What a user on another server has been invited to is known there.
    if ctx.local(target).is_some_and(|local| !local.seldom().invites.contains(&name)) {
        return Err(reply::not_invited(args[0], name.as_str()).into());
    }
    let (by, uid) = (Source::User(ctx.whois(user).uid), ctx.whois(target).uid);
    ctx.commit(Op::Request { by, uid, ask: Ask::Uninvite(name.clone()) });
    ctx.reply(reply::uninvited(args[0], name.as_str()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn an_invitation_can_be_taken_back() {
        check(
            r"
            servers 2
            alice@1 > JOIN #a
            alice > MODE #a +i
            bob@2   > PING x
            alice > INVITE bob #a
            alice > UNINVITE bob #a
            alice < :s1.test 494 alice bob #a :Uninvited
            bob   > JOIN #a
            bob   < :s2.test 473 bob #a :Cannot join channel (+i)
            carol@1 > PING x
            alice > UNINVITE carol #a
            alice < :s1.test 505 alice carol #a :Is not invited to channel
            carol > UNINVITE bob #a
            carol < :s1.test 442 carol #a :You're not on that channel
            alice > UNINVITE nobody #a
            alice < :s1.test 401 alice nobody :No such nick/channel
            alice > UNINVITE bob #none
            alice < :s1.test 403 alice #none :No such channel
            alice > INVITE carol #a
            carol > JOIN #a
            carol > UNINVITE bob #a
            carol < :s1.test 482 carol #a :You're not channel operator
            ",
        );
    }
}
