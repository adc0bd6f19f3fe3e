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
    params: "",
    about: "Shows which version the server runs, and what it supports.",
    help: "",
    replies: &[reply::VERSION, reply::ISUPPORT],
    cost: 1,
    run: Run::User(version),
}];

fn version(ctx: &mut Ctx<'_>, _user: UserId, _args: Args<'_>) -> Outcome {
    let name = ctx.core.name().to_owned();
    ctx.reply(reply::version(welcome::VERSION, &name, ""));
    welcome::isupport(ctx);
    Ok(())
}
