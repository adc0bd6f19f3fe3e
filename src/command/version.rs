//! VERSION (RFC 2812 §3.4.3).

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
    name: "VERSION",
    params: "[<server>]",
    about: "Shows which version the server runs, and what it supports.",
    help: "",
    replies: &[reply::NO_SUCH_SERVER, reply::VERSION, reply::ISUPPORT],
    cost: 2,
    run: Run::User(version),
    asks: Asks::At(0),
    ..Command::USUAL
}];

fn version(ctx: &mut Ctx<'_>, _user: UserId, _args: Args<'_>) -> Outcome {
    let name = ctx.core.name().to_owned();
    ctx.reply(reply::version(welcome::VERSION, &name, ""));
    // What another server supports is nothing for a client to go by.
    if !ctx.core.guests.has(ctx.conn) {
        welcome::isupport(ctx);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn the_version_and_what_is_supported_are_told() {
        check(
            r"
            alice > VERSION
            alice <~ :s1.test 351 alice slircd-* s1.test :
            alice <~ :s1.test 005 alice * :are supported by this server
            alice > VERSION nowhere
            alice < :s1.test 402 alice nowhere :No such server
            ",
        );
    }
}
