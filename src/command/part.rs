//! PART (RFC 2812 §3.2.2).

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        filters, refuse_each,
    },
    network::{
        UserId,
        op::{Leave, Op},
    },
    wire::{encode, message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "PART",
    params: "<channel>{,<channel>} [<reason>]",
    about: "Leaves channels.",
    help: "The reason is shown to those who stay.\nExample: PART #dev :good night",
    replies: &[reply::NO_SUCH_CHANNEL, reply::NOT_ON_CHANNEL],
    cost: 1,
    run: Run::User(part),
    heard_while_shunned: true,
    ..Command::USUAL
}];

fn part(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let reason = args.get(1).unwrap_or_default();
    refuse_each(ctx, args.list(0), |ctx, text| part_one(ctx, user, text, reason))
}

pub(super) fn part_one(ctx: &mut Ctx<'_>, user: UserId, text: &str, reason: &str) -> Outcome {
    let channel = ctx.channel(text)?;
    let reason = encode::head(reason, ctx.core.config.limits.kick);
    let reason = if filters::farewell(ctx, user, reason) { reason } else { "" };
    let record = ctx.network().channel(channel);
    let Some(member) = record.member(user) else {
        return Err(reply::not_on_channel(text).into());
    };
    let (uid, name) = (ctx.whois(user).uid, record.name.clone());
    ctx.commit(Op::Leave { uid, name, joined: member.joined, how: Leave::Part(reason.into()) });
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn members_hear_who_leaves_and_why() {
        check(
            r"
            alice > JOIN #a
            bob   > JOIN #a
            bob   > PART #a :bye
            alice < :bob!~bob@bob.test PART #a :bye
            bob   < :bob!~bob@bob.test PART #a :bye
            bob   > PART #a,#none
            bob   < :s1.test 442 bob #a :You're not on that channel
            bob   < :s1.test 403 bob #none :No such channel
            ",
        );
    }

    #[test]
    fn an_empty_channel_is_gone() {
        check(
            r"
            alice > JOIN #a
            alice > MODE #a +m
            alice > PART #a
            alice < :alice!~alice@alice.test PART #a
            bob   > JOIN #a
            bob   < :s1.test 353 bob = #a :@bob
            bob   > MODE #a
            bob   < :s1.test 324 bob #a +nt
            ",
        );
    }
}
