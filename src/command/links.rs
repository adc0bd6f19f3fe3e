//! LINKS (RFC 2812 §3.4.5).

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        question::Asks,
    },
    network::{UserId, note::Section},
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
    asks: Asks::FirstOfTwo,
    ..Command::USUAL
}];

fn links(ctx: &mut Ctx<'_>, _user: UserId, args: Args<'_>) -> Outcome {
    let pattern = args.given(1).or(args.given(0)).unwrap_or("*");
    let casemap = ctx.network().casemap();
    let fits = |name: &str| mask::matches(pattern, name, casemap);
    let name = |sid| ctx.network().server(sid).map_or("", |server| &server.info.name);
    let mut found: Vec<reply::Reply> = Vec::new();
    for branch in ctx.network().tree(ctx.core.sid()) {
        let Some(server) = ctx.network().server(branch.server) else { continue };
        if fits(&server.info.name) {
            let about = &server.info.description;
            found.push(reply::links(&server.info.name, name(branch.uplink), branch.depth, about));
        }
    }
    let juped = ctx.network().notes().of(Section::Jupe).filter(|(server, _, _)| fits(server));
    found.extend(juped.map(|(server, note, _)| {
        reply::links(server, ctx.core.name(), 1, &format!("[JUPED] {}", note.text))
    }));
    let services = ctx.core.config.server.services();
    if fits(&services) {
        found.push(reply::links(&services, ctx.core.name(), 1, SERVICES));
    }
    for line in found {
        ctx.reply(line);
    }
    ctx.reply(reply::end_of_links(pattern));
    Ok(())
}

/// What is said about the services, which are part of every server.
const SERVICES: &str = "Services of the network";

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
            alice < :s1.test 364 alice services.test s1.test :1 Services of the network
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

    #[test]
    fn servers_are_shown_behind_those_that_lead_to_them() {
        check(
            r"
            servers 4
            links 1-2 2-3 3-4
            config server.services bots.example
            alice@2 > LINKS
            alice < :s2.test 364 alice s2.test s2.test :0 An slircd server
            alice < :s2.test 364 alice s1.test s2.test :1 An slircd server
            alice < :s2.test 364 alice s3.test s2.test :1 An slircd server
            alice < :s2.test 364 alice s4.test s3.test :2 An slircd server
            alice < :s2.test 364 alice bots.example s2.test :1 Services of the network
            alice > LUSERS
            alice < :s2.test 251 alice :There are 1 users and 0 invisible on 4 servers
            alice > TIME bots.example
            alice <~ :s2.test 391 alice s2.test *
            cut 3-4
            wait 1
            alice > LINKS s4.*
            alice < :s2.test 364 alice s4.test s2.test :1 An slircd server
            wait 61
            alice > LINKS s4.*
            alice <! 364
            ",
        );
    }
}
