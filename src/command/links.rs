//! LINKS (RFC 2812 §3.4.5).

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    network::UserId,
    wire::{mask, message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "LINKS",
    params: "[[<server>] <mask>]",
    about: "Shows the servers of the network.",
    help: "Example: LINKS *.example.org",
    replies: &[reply::LINKS, reply::END_OF_LINKS, reply::NO_SUCH_SERVER],
    cost: 2,
    run: Run::User(links),
}];

fn links(ctx: &mut Ctx<'_>, _user: UserId, args: Args<'_>) -> Outcome {
    let (server, pattern) = match (args.given(0), args.given(1)) {
        (server, Some(pattern)) => (server, pattern),
        (pattern, None) => (None, pattern.unwrap_or("*")),
    };
    ctx.asked_here(server)?;
    let (here, casemap) = (ctx.core.sid(), ctx.network().casemap());
    let name = ctx.core.name().to_owned();
    let mut found: Vec<reply::Reply> = Vec::new();
    for (sid, server) in ctx.network().servers() {
        let known = &server.info;
        if !server.hidden && mask::matches(pattern, &known.name, casemap) {
            let hops = u32::from(sid != here);
            found.push(reply::links(&known.name, &name, hops, &known.description));
        }
    }
    for line in found {
        ctx.reply(line);
    }
    ctx.reply(reply::end_of_links(pattern));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn servers_in_sight_are_shown() {
        check(
            r"
            servers 2
            alice > LINKS
            alice < :s1.test 364 alice s1.test s1.test :0 An slircd server
            alice < :s1.test 364 alice s2.test s1.test :1 An slircd server
            alice < :s1.test 365 alice * :End of /LINKS list
            alice > LINKS s1.* S2.*
            alice < :s1.test 364 alice s2.test s1.test :1 An slircd server
            alice < :s1.test 365 alice S2.* :End of /LINKS list
            alice <! :0 An
            alice > LINKS nowhere *
            alice < :s1.test 402 alice nowhere :No such server
            split 1 | 2
            wait 61
            alice > LINKS
            alice < :s1.test 365 alice * :End of /LINKS list
            alice <! s2.test
            ",
        );
    }
}
