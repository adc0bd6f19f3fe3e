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
    help: "Whoever may not enter again stays outside.\nExample: CYCLE #dev :back in a second",
    replies: &[
        reply::NO_SUCH_CHANNEL,
        reply::NOT_ON_CHANNEL,
        reply::TOO_MANY_CHANNELS,
        reply::CHANNEL_IS_FULL,
        reply::INVITE_ONLY_CHAN,
        reply::BANNED_FROM_CHAN,
        reply::BAD_CHANNEL_KEY,
        reply::UNAVAILABLE,
        reply::LINK_CHANNEL,
        reply::NEED_REGGED_NICK,
        reply::SECURE_ONLY_CHAN,
        reply::OPER_ONLY_CHAN,
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

    #[test]
    fn who_has_left_enters_as_everybody_does() {
        check(
            r"
            alice > JOIN #a
            bob   > JOIN #a
            alice > MODE #a +k sesame
            bob   > CYCLE #a
            bob   < :s1.test 475 bob #a :Cannot join channel (+k)
            bob   > JOIN #a sesame
            alice > MODE #a -k+l sesame 1
            bob   > CYCLE #a
            bob   < :s1.test 471 bob #a :Cannot join channel (+l)
            alice > MODE #a -l
            bob   > JOIN #a
            alice > MODE #a +b bob
            bob   > CYCLE #a
            bob   < :s1.test 474 bob #a :Cannot join channel (+b)
            ",
        );
    }

    #[test]
    fn who_is_in_too_many_channels_stays_outside() {
        check(
            r"
            config limits.channels_per_user 1
            config oper root sesame
            alice > OPER root sesame
            alice > JOIN #a
            alice > SAJOIN alice #b
            alice > SAJOIN alice #c
            alice > CYCLE #a
            alice < :s1.test 405 alice #a :You have joined too many channels
            ",
        );
    }

    #[test]
    fn whatever_keeps_others_out_keeps_out_who_has_left() {
        check(
            r"
            config oper root sesame
            alice > OPER root sesame
            alice > JOIN #a,#b
            bob   > JOIN #a
            alice > MODE #a +R
            bob   > CYCLE #a
            bob   < :s1.test 477 bob #a :+R: you must be logged in to an account to enter
            alice > MODE #a -R
            bob   > JOIN #a
            alice > MODE #a +O
            bob   > CYCLE #a
            bob   < :s1.test 520 bob #a :Cannot join channel (+O): only operators of the network may enter
            alice > MODE #a -O+j 1:60
            bob   > JOIN #a
            bob   > CYCLE #a
            bob   < :s1.test 437 bob #a :Cannot join channel (too many are joining, try again in a moment)
            alice > MODE #a -j
            bob   > JOIN #a
            alice > MODE #a +if #b
            bob   > CYCLE #a
            bob   < :s1.test 470 bob #a #b :Forwarding to another channel
            bob   < :bob!~bob@bob.test JOIN #b
            secure sue
            sue   > JOIN #z
            sue   > MODE #z +z
            alice > SAJOIN bob #z
            bob   > CYCLE #z
            bob   < :s1.test 489 bob #z :Cannot join channel (+z): connect by TLS to enter
            ",
        );
    }
}
