//! NPCA, of Ergo.

use super::roleplay;
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    network::UserId,
    wire::message::Args,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "NPCA",
    params: "<target> <name> <text>",
    about: "Says what somebody who is not there does.",
    help: "For roleplay, in channels with mode +E and to users with mode +E.\nExample: NPCA #tavern Bilbo :eats another loaf",
    replies: roleplay::REPLIES,
    cost: 1,
    run: Run::User(npca),
    ..Command::USUAL
}];

fn npca(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    roleplay::npc(ctx, user, &args, true)
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn somebody_who_is_not_there_does_something() {
        check(
            "
            config roleplay.enabled true
            config roleplay.operators_only true
            alice > JOIN #a
            bob   > JOIN #a
            alice > MODE #a +E
            alice > NPCA #a bilbo eats bread
            bob   < :*bilbo*!alice@npc.fakeuser.invalid PRIVMSG #a :\x01ACTION eats bread (alice)\x01
            bob   > NPCA #a bilbo eats bread
            bob   < :s1.test 573 bob #a :It takes an operator of the channel
            ",
        );
    }
}
