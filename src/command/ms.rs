//! MS and MEMOSERV: what is said to MemoServ, by a command.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    network::UserId,
    service::{self, memoserv},
    wire::message::Args,
};

pub const MS: &[Command] = &[Command {
    name: "MS",
    params: "<command> [<parameter>]",
    about: "Speaks to MemoServ, which keeps what is left for those who are not here.",
    help: "MS HELP lists its commands.\nExample: MS SEND alice back at noon",
    replies: &[],
    cost: 1,
    run: Run::User(ms),
    ..Command::USUAL
}];

pub const MEMOSERV: &[Command] = &[Command { name: "MEMOSERV", ..MS[0] }];

fn ms(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let words: Vec<&str> = args.iter().collect();
    service::hear(ctx, user, &memoserv::SERVICE, &words.join(" "))
}
