//! MAP: the servers, and how many users are on each.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        question::Asks,
    },
    network::{UserId, note::Section},
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
    let all = users.values().sum::<usize>().max(1);
    let mut rows: Vec<(u32, String, String)> = Vec::new();
    for branch in ctx.network().tree(ctx.core.sid()) {
        let Some(server) = ctx.network().server(branch.server) else { continue };
        let count = users.get(&branch.server).copied().unwrap_or_default();
        let share = 100.0 * count as f64 / all as f64;
        let name = format!("{}[{}]", server.info.name, branch.server);
        rows.push((branch.depth, name, format!("Users: {count:5} ({share:5.1}%)")));
    }
    let juped = ctx.network().notes().of(Section::Jupe);
    rows.extend(
        juped.map(|(server, note, _)| (1, server.into(), format!("[JUPED] {}", note.text))),
    );
    rows.push((1, ctx.core.config.server.services(), "Services".to_owned()));
    for line in drawn(&rows) {
        ctx.reply(reply::map(&line));
    }
    ctx.reply(reply::end_of_map());
    Ok(())
}

/// A tree of rows, each with its depth, drawn with the branches that lead to it.
fn drawn(rows: &[(u32, String, String)]) -> Vec<String> {
    // From the end: whether more is to come at each depth, before something less deep.
    let mut more: Vec<bool> = Vec::new();
    let mut lines = Vec::new();
    for (depth, name, what) in rows.iter().rev() {
        let depth = *depth as usize;
        more.resize(depth + 1, false);
        let mut line = String::new();
        for (place, more) in more.iter().enumerate().skip(1) {
            line += match (place == depth, more) {
                (true, true) => "|-",
                (true, false) => "`-",
                (false, true) => "| ",
                (false, false) => "  ",
            };
        }
        line += name;
        line.push(' ');
        while line.chars().count() < WIDTH {
            line.push('-');
        }
        lines.push(format!("{line} | {what}"));
        more.iter_mut().skip(depth).for_each(|more| *more = true);
    }
    lines.reverse();
    lines
}

/// How wide the tree is drawn, the names included.
const WIDTH: usize = 50;

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn servers_are_shown_as_a_tree_with_their_users() {
        check(
            r"
            servers 5
            links 1-2 2-3 1-4 4-5
            alice@1 > PING x
            bob@3   > PING x
            carol@3 > PING x
            alice   > MAP
            alice   <~ :s1.test 006 alice :s1.test[???] ----------* | Users:     1 ( 33.3%)
            alice   <~ :s1.test 006 alice :|-s2.test[???] --------* | Users:     0 (  0.0%)
            alice   <~ :s1.test 006 alice :| `-s3.test[???] ------* | Users:     2 ( 66.7%)
            alice   <~ :s1.test 006 alice :|-s4.test[???] --------* | Users:     0 (  0.0%)
            alice   <~ :s1.test 006 alice :| `-s5.test[???] ------* | Users:     0 (  0.0%)
            alice   <~ :s1.test 006 alice :`-services.test --------* | Services
            alice   < :s1.test 007 alice :End of /MAP
            alice   > MAP s3.test
            alice   <~ :s3.test 006 alice :s3.test[???] *
            alice   <~ :s3.test 006 alice :|-s2.test[???] *
            alice   <~ :s3.test 006 alice :| `-s1.test[???] *
            alice   <~ :s3.test 006 alice :|   `-s4.test[???] *
            alice   <~ :s3.test 006 alice :|     `-s5.test[???] *
            alice   <~ :s3.test 006 alice :`-services.test *
            alice   > MAP nowhere
            alice   < :s1.test 402 alice nowhere :No such server
            ",
        );
    }
}
