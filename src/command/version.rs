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
    ..Command::USUAL
}];

fn version(ctx: &mut Ctx<'_>, _user: UserId, args: Args<'_>) -> Outcome {
    ctx.asked_here(args.given(0))?;
    let name = ctx.core.name().to_owned();
    ctx.reply(reply::version(welcome::VERSION, &name, ""));
    welcome::isupport(ctx);
    Ok(())
}
