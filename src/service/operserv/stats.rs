//! OperServ STATS.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
    },
    network::{UserId, ban::KINDS, note::SECTIONS},
    time::span_text,
    wire::message::Args,
};
use std::time::Duration;

pub const COMMANDS: &[Command] = &[Command {
    name: "STATS",
    params: "",
    about: "Shows how many there are of everything.",
    help: "The server's own STATS shows more of the server that you are on.",
    replies: &[],
    cost: 2,
    run: Run::Oper(Priv::See, stats),
    ..Command::USUAL
}];

fn stats(ctx: &mut Ctx<'_>, _user: UserId, _args: Args<'_>) -> Outcome {
    let (census, network) = (ctx.core.census, ctx.network());
    let up = ctx.now.wall.secs().saturating_sub(ctx.core.started.secs());
    let servers = network.servers().filter(|(_, server)| !server.hidden).count();
    let bans = KINDS.iter().map(|row| (row.name, network.bans().of_kind(row.kind).count()));
    let notes = SECTIONS.iter().map(|row| (row.name, network.notes().of(row.section).count()));
    let counted = |counts: Vec<(&str, usize)>| -> String {
        let counts: Vec<String> =
            counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
        counts.join(", ")
    };
    let lines = [
        format!("This server has been up for {}.", span_text(Duration::from_secs(up))),
        format!(
            "Users: {} (at most {}), of whom {} are operators; channels: {}; servers: {servers}.",
            census.users,
            census.users_max,
            census.opers,
            network.channel_count()
        ),
        format!("Bans: {}.", counted(bans.collect())),
        format!("Kept for the network: {}.", counted(notes.collect())),
    ];
    lines.iter().for_each(|line| ctx.notice(line));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn everything_is_counted() {
        check(
            r"
            config oper root sesame
            alice > JOIN #a
            alice > OPER root sesame
            alice > GLINE *@bad.example rude
            alice > OS FORBID ADD nick evil no
            alice > OS STATS
            alice <~ :OperServ!services@services.test NOTICE alice :This server has been up for *
            alice < :OperServ!services@services.test NOTICE alice :Users: 1 (at most 1), of whom 1 are operators; channels: 1; servers: 1.
            alice < :OperServ!services@services.test NOTICE alice :Bans: D-line 0, G-line 1, K-line 0, R-line 0, shun 0, ban 0, Z-line 0.
            alice <~ :OperServ!services@services.test NOTICE alice :Kept for the network: audit *, exception 0, forbidden channel 0, forbidden email 0, forbidden nick 1, *
            ",
        );
    }
}
