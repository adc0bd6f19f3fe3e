//! ERROR (RFC 2812 §3.7.4): what servers say; from a client it means nothing.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    wire::message::Message,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "ERROR",
    params: "[<text>]",
    about: "Is said by servers; from clients it is passed over.",
    help: "",
    replies: &[],
    cost: 1,
    run: Run::Any(error),
    ..Command::USUAL
}];

fn error(_ctx: &mut Ctx<'_>, _message: &Message<'_>) -> Outcome {
    Ok(())
}
