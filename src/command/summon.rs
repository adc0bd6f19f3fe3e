//! SUMMON (RFC 2812 §4.5), which no server does any more.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        question::Asks,
    },
    network::UserId,
    wire::{message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "SUMMON",
    params: "[<user> [<server>]]",
    about: "Once asked a user of the server's machine to come; does nothing today.",
    help: "",
    replies: &[reply::SUMMON_DISABLED, reply::NO_SUCH_SERVER],
    cost: 1,
    run: Run::User(summon),
    asks: Asks::At(1),
    ..Command::USUAL
}];

fn summon(_ctx: &mut Ctx<'_>, _user: UserId, _args: Args<'_>) -> Outcome {
    Err(reply::summon_disabled().into())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn nobody_is_summoned() {
        check(
            r"
            alice > SUMMON root
            alice < :s1.test 445 alice :SUMMON has been disabled
            alice > SUMMON root nowhere
            alice < :s1.test 402 alice nowhere :No such server
            ",
        );
    }
}
