//! AMBIANCE, of Ergo.

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
    name: "AMBIANCE",
    params: "<target> <text>",
    about: "Says what happens, as SCENE does.",
    help: "For roleplay, in channels with mode +E and to users with mode +E.\nExample: AMBIANCE #tavern :The door creaks open.",
    replies: roleplay::REPLIES,
    cost: 1,
    run: Run::User(ambiance),
    ..Command::USUAL
}];

fn ambiance(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    roleplay::scene(ctx, user, &args)
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn it_is_another_name_of_scene() {
        check(
            r"
            config roleplay.enabled true
            alice > JOIN #a
            alice > MODE #a +E
            alice > AMBIANCE #a rain
            alice < :=Scene=!alice@npc.fakeuser.invalid PRIVMSG #a :rain (alice)
            ",
        );
    }
}
