//! SCENE, of Ergo.

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
    name: "SCENE",
    params: "<target> <text>",
    about: "Says what happens.",
    help: "For roleplay, in channels with mode +E and to users with mode +E.\nExample: SCENE #tavern :It was a dark and stormy night.",
    replies: roleplay::REPLIES,
    cost: 1,
    run: Run::User(scene),
    ..Command::USUAL
}];

fn scene(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    roleplay::scene(ctx, user, &args)
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn something_happens() {
        check(
            "
            config roleplay.enabled true
            config roleplay.suffix false
            alice > JOIN #a
            bob   > JOIN #a
            alice > MODE #a +E
            alice > SCENE #a \x01dark and stormy night
            alice < :=Scene=!alice@npc.fakeuser.invalid PRIVMSG #a :dark and stormy night
            bob   < :=Scene=!alice@npc.fakeuser.invalid PRIVMSG #a :dark and stormy night
            ",
        );
    }

    #[test]
    fn nothing_happens_where_it_is_switched_off() {
        check(
            r"
            alice > JOIN #a
            alice > MODE #a +E
            alice > SCENE #a x
            alice < :s1.test 573 alice #a :Roleplay is switched off on this server
            alice <! RPCHAN
            ",
        );
    }
}
