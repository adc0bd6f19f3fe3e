//! CYCLE: leaves channels and enters them again.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        refuse_each,
    },
    network::UserId,
    wire::{message::Args, reply},
};
use std::collections::BTreeSet;

pub const COMMANDS: &[Command] = &[Command {
    name: "CYCLE",
    params: "<channel>{,<channel>} [<reason>]",
    about: "Leaves channels and enters them again.",
    help: "Whoever may not enter again stays outside.",
    replies: &[
        reply::NO_SUCH_CHANNEL,
        reply::NOT_ON_CHANNEL,
        reply::TOO_MANY_CHANNELS,
        reply::CHANNEL_IS_FULL,
        reply::INVITE_ONLY_CHAN,
        reply::BANNED_FROM_CHAN,
        reply::BAD_CHANNEL_KEY,
    ],
    cost: 3,
    run: Run::User(cycle),
    ..Command::USUAL
}];

fn cycle(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    ctx.touch(user);
    let reason = args.get(1).unwrap_or_default();
    let (mut left, casemap) = (BTreeSet::new(), ctx.network().casemap());
    // Everybody inside hears of each time, so that once has to do.
    let channels = args.list(0).filter(|text| left.insert(casemap.fold(text)));
    refuse_each(ctx, channels, |ctx, text| {
        super::part::part_one(ctx, user, text, reason)?;
        super::join::join_one(ctx, user, text, None)
    })
}

#[cfg(test)]
mod tests {
    use crate::sim::script::{check, crowd};

    #[test]
    fn each_channel_is_left_once_however_often_it_is_named() {
        crowd(2, |crowd| {
            let got = crowd.ask("u0", "CYCLE #crowd,#Crowd,#crowd", "PING x");
            let parts = got.iter().filter(|line| line.contains(" PART ")).count();
            assert_eq!(parts, 1, "{got:?}");
        });
    }

    #[test]
    fn one_leaves_and_enters() {
        check(
            r"
            alice > JOIN #a
            bob   > JOIN #a
            bob   > CYCLE #a,#none :brb
            alice < :bob!~bob@bob.test PART #a :brb
            alice < :bob!~bob@bob.test JOIN #a
            bob   < :s1.test 353 bob = #a :@alice bob
            bob   < :s1.test 403 bob #none :No such channel
            alice > MODE #a +i
            bob   > CYCLE #a
            bob   < :s1.test 473 bob #a :Cannot join channel (+i)
            bob   > CYCLE #a
            bob   < :s1.test 442 bob #a :You're not on that channel
            bob   > CYCLE
            bob   < :s1.test 461 bob CYCLE :Not enough parameters
            ",
        );
    }
}
