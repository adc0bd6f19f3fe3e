//! MAP: the servers, and how many users are on each.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        question::Asks,
    },
    network::UserId,
    time::Sid,
    wire::{message::Args, reply},
};
use std::collections::BTreeMap;

pub const COMMANDS: &[Command] = &[Command {
    name: "MAP",
    params: "[<server>]",
    about: "Shows the servers of the network, and how many users are on each.",
    help: "The tree is drawn as the server sees the links.",
    replies: &[reply::MAP, reply::END_OF_MAP, reply::NO_SUCH_SERVER],
    cost: 4,
    run: Run::User(map),
    asks: Asks::At(0),
    ..Command::USUAL
}];

fn map(ctx: &mut Ctx<'_>, _user: UserId, _args: Args<'_>) -> Outcome {
    let mut users: BTreeMap<Sid, usize> = BTreeMap::new();
    for (_, user) in ctx.network().users() {
        *users.entry(user.uid.server).or_default() += 1;
    }
    let here = ctx.core.sid();
    let mut lines = Vec::new();
    let (mut own, mut others) = (Vec::new(), Vec::new());
    for (sid, server) in ctx.network().servers().filter(|(_, server)| !server.hidden) {
        let count = users.get(&sid).copied().unwrap_or_default();
        let row = format!("{} [{sid}] {count} users", server.info.name);
        if sid == here { own.push(row) } else { others.push(row) }
    }
    lines.extend(own);
    lines.extend(others.into_iter().map(|row| format!("`- {row}")));
    for line in lines {
        ctx.reply(reply::map(&line));
    }
    ctx.reply(reply::end_of_map());
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn servers_are_shown_with_their_users() {
        check(
            r"
            servers 2
            alice@2 > PING x
            bob@2   > PING x
            alice   > MAP
            alice   <~ :s2.test 006 alice :s2.test [*] 2 users
            alice   <~ :s2.test 006 alice :`- s1.test [*] 0 users
            alice   < :s2.test 007 alice :End of /MAP
            ",
        );
    }
}
