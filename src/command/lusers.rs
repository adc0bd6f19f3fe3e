//! LUSERS (RFC 2812 §3.4.2).

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        question::Asks,
        welcome,
    },
    network::UserId,
    wire::{message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "LUSERS",
    params: "[<mask> [<server>]]",
    about: "Shows how many users there are.",
    help: "",
    replies: &[
        reply::NO_SUCH_SERVER,
        reply::STATS_CONN,
        reply::LUSER_CLIENT,
        reply::LUSER_OP,
        reply::LUSER_UNKNOWN,
        reply::LUSER_CHANNELS,
        reply::LUSER_ME,
        reply::LOCAL_USERS,
        reply::GLOBAL_USERS,
    ],
    cost: 1,
    run: Run::User(lusers),
    asks: Asks::At(1),
    ..Command::USUAL
}];

fn lusers(ctx: &mut Ctx<'_>, _user: UserId, _args: Args<'_>) -> Outcome {
    welcome::lusers(ctx);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn everybody_is_counted() {
        check(
            r"
            alice > JOIN #a
            bob   > MODE bob +i
            raw c
            c     > NICK c
            alice > LUSERS
            alice < :s1.test 251 alice :There are 1 users and 1 invisible on 1 servers
            alice < :s1.test 252 alice 0 :operator(s) online
            alice < :s1.test 253 alice 1 :unknown connection(s)
            alice < :s1.test 254 alice 1 :channels formed
            alice < :s1.test 255 alice :I have 2 clients and 0 servers
            alice < :s1.test 265 alice 2 2 :Current local users 2, max 2
            alice < :s1.test 266 alice 2 2 :Current global users 2, max 2
            alice < :s1.test 250 alice :Highest connection count: 2 (2 clients) (3 connections received)
            alice > LUSERS * nowhere
            alice < :s1.test 402 alice nowhere :No such server
            c     > QUIT
            raw d
            bob   > QUIT
            alice > LUSERS
            alice < :s1.test 253 alice 1 :unknown connection(s)
            d     > NICK d
            d     > USER d 0 * :d
            alice > LUSERS
            alice < :s1.test 253 alice 0 :unknown connection(s)
            ",
        );
    }

    #[test]
    fn a_channel_that_was_empty_for_a_moment_counts() {
        check(
            r"
            servers 2
            bob@2   > JOIN #b
            split 1 | 2
            alice@1 > JOIN #a
            alice   > PART #a
            alice   > JOIN #a
            alice   > LUSERS
            alice   < :s1.test 254 alice 2 :channels formed
            ",
        );
    }
}
