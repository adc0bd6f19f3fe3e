//! INFO (RFC 2812 §3.4.10).

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
    name: "INFO",
    params: "[<server>]",
    about: "Shows what the server is, and since when it runs.",
    help: "",
    replies: &[reply::INFO, reply::END_OF_INFO, reply::NO_SUCH_SERVER],
    cost: 2,
    run: Run::User(info),
    asks: Asks::At(0),
    ..Command::USUAL
}];

fn info(ctx: &mut Ctx<'_>, _user: UserId, _args: Args<'_>) -> Outcome {
    let since = format!("On-line since {}", welcome::date_text(ctx.core.started));
    for line in [welcome::VERSION, "An IRC server in Rust, MIT or Apache-2.0", &since] {
        ctx.reply(reply::info(line));
    }
    ctx.reply(reply::end_of_info());
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn the_server_tells_of_itself() {
        check(
            r"
            bob   > PING x
            alice > INFO
            alice <~ :s1.test 371 alice :slircd-*
            alice < :s1.test 371 alice :On-line since 2027-01-15 08:00:00 UTC
            alice < :s1.test 374 alice :End of INFO list
            alice > INFO s1.test
            alice < :s1.test 374 alice :End of INFO list
            alice > INFO s?.*
            alice < :s1.test 374 alice :End of INFO list
            alice > INFO bob
            alice < :s1.test 374 alice :End of INFO list
            alice > INFO nowhere
            alice < :s1.test 402 alice nowhere :No such server
            ",
        );
    }
}
