//! USERS (RFC 2812 §4.6), which no server does any more.

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
    name: "USERS",
    params: "[<server>]",
    about: "Once showed the users of the server's machine; does nothing today. LUSERS counts those of the network.",
    help: "",
    replies: &[reply::USERS_DISABLED, reply::NO_SUCH_SERVER],
    cost: 1,
    run: Run::User(users),
    asks: Asks::At(0),
    ..Command::USUAL
}];

fn users(_ctx: &mut Ctx<'_>, _user: UserId, _args: Args<'_>) -> Outcome {
    Err(reply::users_disabled().into())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn the_machine_tells_nothing_of_its_users() {
        check(
            r"
            alice > USERS
            alice < :s1.test 446 alice :USERS has been disabled
            alice > USERS nowhere
            alice < :s1.test 402 alice nowhere :No such server
            ",
        );
    }
}
