//! VERSION (RFC 2812 §3.4.3).

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
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
}];

fn version(ctx: &mut Ctx<'_>, _user: UserId, args: Args<'_>) -> Outcome {
    ctx.asked_here(args.given(0))?;
    let name = ctx.core.name().to_owned();
    ctx.reply(reply::version(welcome::VERSION, &name, ""));
    welcome::isupport(ctx);
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
