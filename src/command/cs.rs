//! CS and CHANSERV: what is said to ChanServ, by a command.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    network::UserId,
    service::{self, chanserv},
    wire::message::Args,
};

pub const CS: &[Command] = &[Command {
    name: "CS",
    params: "<command> [<parameter>]",
    about: "Speaks to ChanServ, which keeps registered channels.",
    help: "CS HELP lists its commands.\nExample: CS REGISTER #dev",
    replies: &[],
    cost: 1,
    run: Run::User(cs),
    ..Command::USUAL
}];

pub const CHANSERV: &[Command] = &[Command { name: "CHANSERV", ..CS[0] }];

fn cs(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let words: Vec<&str> = args.iter().collect();
    service::hear(ctx, user, &chanserv::SERVICE, &words.join(" "))
}
