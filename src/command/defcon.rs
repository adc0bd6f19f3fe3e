//! DEFCON: locks the network against an attack.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        defcon,
        dispatch::{Command, Run},
        oper::Priv,
    },
    network::UserId,
    wire::message::Args,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "DEFCON",
    params: "[<level>]",
    about: "Shows how much of the network is locked against an attack, or locks it.",
    help: "5: nothing is locked. 4: nothing new is registered. 3: private messages only from those who are logged in, and to and from operators. 2: nobody connects without logging in. 1: nobody connects but from the addresses of limits.exempt and in classes that are exempt. Each level locks what those above it lock as well.\nExample: DEFCON 3",
    replies: &[],
    cost: 1,
    run: Run::Oper(Priv::Defcon, run),
    ..Command::USUAL
}];

fn run(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    defcon::command(ctx, user, args.given(0))
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn the_network_is_locked_and_opened() {
        check(
            r"
            servers 2
            config oper root sesame
            alice@1 > DEFCON
            alice < :s1.test 481 alice :Permission Denied - You're not an IRC operator with that privilege
            alice > OPER root sesame
            bob@2   > PRIVMSG alice :one
            carol@2 > PING x
            alice > DEFCON 3
            alice < :s1.test NOTICE alice :DEFCON 3 is set: private messages only from those who are logged in, and to and from operators.
            bob   > PRIVMSG carol :two
            bob   < :s2.test 531 bob carol :Cannot send to user (the network is locked against an attack; log in to an account)
            bob   > PRIVMSG alice :three
            alice < :bob!~bob@bob.test PRIVMSG alice :three
            alice > DEFCON 2
            raw dave
            dave  > NICK dave
            dave  > USER dave 0 * :Dave
            dave  <~ :s1.test 465 dave :You are banned from this server: The network is locked*
            alice > DEFCON 5
            alice > DEFCON
            alice < :s1.test NOTICE alice :DEFCON 5: nothing is locked.
            bob   > PRIVMSG carol :four
            carol < :bob!~bob@bob.test PRIVMSG carol :four
            alice > DEFCON 6
            alice < :s1.test NOTICE alice :A level is a number from 5 (nothing is locked) to 1 (nearly everything).
            same
            ",
        );
    }
}
