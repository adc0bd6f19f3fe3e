//! OperServ SESSION: from where how many connections come.

use super::words;
use crate::{
    core::{
        class,
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        notes,
        oper::Priv,
        peer::Origin,
    },
    network::UserId,
    wire::message::Args,
};
use std::net::IpAddr;

pub const COMMANDS: &[Command] = &[Command {
    name: "SESSION",
    params: "<subcommand> <what>",
    about: "Shows from where how many connections come.",
    help: "SESSION LIST <number> shows the addresses that have so many on this server, at least 2; SESSION VIEW <address> shows how many one has, and may have. An IPv6 address counts as its /64. EXCEPTION lets more come from one.\nExample: SESSION LIST 10",
    replies: &[],
    cost: 1,
    run: Run::Oper(Priv::See, session),
    ..Command::USUAL
}];

/// The most addresses that are shown.
const SHOWN_MAX: usize = 100;

fn session(ctx: &mut Ctx<'_>, _user: UserId, args: Args<'_>) -> Outcome {
    let (verb, rest) = words(&args);
    let what = rest.first().copied().unwrap_or_default();
    match (verb.as_str(), what.parse::<u32>(), what.parse::<IpAddr>()) {
        ("LIST", Ok(least @ 2..), _) => list(ctx, least),
        ("VIEW", _, Ok(address)) => view(ctx, address),
        _ => ctx.notice("SESSION knows LIST <number>, of 2 or more, and VIEW <address>."),
    }
    Ok(())
}

fn list(ctx: &mut Ctx<'_>, least: u32) {
    let all = ctx.core.admission.addresses();
    let crowded: Vec<(IpAddr, u32)> = all.filter(|(_, open)| *open >= least).collect();
    for (address, open) in crowded.iter().take(SHOWN_MAX) {
        ctx.notice(&format!("{address}: {open} connections"));
    }
    let count = crowded.len();
    ctx.notice(&format!("Addresses with at least {least} connections on this server: {count}."));
}

fn view(ctx: &mut Ctx<'_>, address: IpAddr) {
    let from = Origin::Ip(address.to_canonical());
    let open = from.customer().map_or(0, |key| ctx.core.admission.open(key));
    let terms = class::terms(&ctx.core.config, class::ClassId::default());
    let most = terms.excepted(notes::exception(ctx.network(), from)).clients_per_address();
    ctx.notice(&format!("{address} has {open} connections on this server, of at most {most}."));
}
