//! OS and OPERSERV: what is said to OperServ, by a command.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    network::UserId,
    service::{self, operserv},
    wire::message::Args,
};

pub const OS: &[Command] = &[Command {
    name: "OS",
    params: "<command> [<parameter>]",
    about: "Speaks to OperServ, by which operators look after the network.",
    help: "OS HELP lists its commands.\nExample: OS NEWS LIST",
    replies: &[],
    cost: 1,
    run: Run::User(os),
    ..Command::USUAL
}];

pub const OPERSERV: &[Command] = &[Command { name: "OPERSERV", ..OS[0] }];

fn os(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let words: Vec<&str> = args.iter().collect();
    service::hear(ctx, user, &operserv::SERVICE, &words.join(" "))
}
