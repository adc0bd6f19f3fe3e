//! HS and HOSTSERV: what is said to HostServ, by a command.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    network::UserId,
    service::{self, hostserv},
    wire::message::Args,
};

pub const HS: &[Command] = &[Command {
    name: "HS",
    params: "<command> [<parameter>]",
    about: "Speaks to HostServ, which keeps hosts of people's own choice.",
    help: "HS HELP lists its commands.\nExample: HS REQUEST alice.example",
    replies: &[],
    cost: 1,
    run: Run::User(hs),
    ..Command::USUAL
}];

pub const HOSTSERV: &[Command] = &[Command { name: "HOSTSERV", ..HS[0] }];

fn hs(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let words: Vec<&str> = args.iter().collect();
    service::hear(ctx, user, &hostserv::SERVICE, &words.join(" "))
}
