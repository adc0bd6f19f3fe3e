//! MOTD (RFC 2812 §3.4.1).

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        question::Asks,
        welcome,
    },
    network::UserId,
    wire::{message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "MOTD",
    params: "[<server>]",
    about: "Shows the message of the day.",
    help: "",
    replies: &[reply::NO_SUCH_SERVER, reply::MOTD_START, reply::MOTD, reply::END_OF_MOTD],
    cost: 2,
    run: Run::User(motd),
    asks: Asks::At(0),
    ..Command::USUAL
}];

fn motd(ctx: &mut Ctx<'_>, user: UserId, _args: Args<'_>) -> Outcome {
    welcome::motd(ctx, user);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_server_without_one_says_so() {
        check(
            r"
            alice > MOTD
            alice < :s1.test 422 alice :MOTD File is missing
            ",
        );
    }

    #[test]
    fn it_is_told_between_its_beginning_and_its_end() {
        check(
            r"
            config server.motd Be kind.
            alice > MOTD s1.*
            alice < :s1.test 375 alice :- s1.test Message of the day -
            alice < :s1.test 372 alice :- Be kind.
            alice < :s1.test 376 alice :End of /MOTD command
            alice > MOTD nowhere
            alice < :s1.test 402 alice nowhere :No such server
            ",
        );
    }
}
