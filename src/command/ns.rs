//! NS and NICKSERV: what is said to NickServ, by a command.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    network::UserId,
    service::{self, nickserv},
    wire::{message::Args, reply},
};

pub const NS: &[Command] = &[Command {
    name: "NS",
    params: "<command> [<parameter>]",
    about: "Speaks to NickServ, which keeps accounts.",
    help: "NS HELP lists its commands.\nExample: NS IDENTIFY alice sesame",
    replies: &[reply::LOGGED_IN, reply::LOGGED_OUT],
    cost: 1,
    run: Run::User(ns),
    ..Command::USUAL
}];

pub const NICKSERV: &[Command] = &[Command { name: "NICKSERV", ..NS[0] }];

fn ns(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let words: Vec<&str> = args.iter().collect();
    service::hear(ctx, user, &nickserv::SERVICE, &words.join(" "))
}
