//! TIME (RFC 2812 §3.4.6).

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
    name: "TIME",
    params: "[<server>]",
    about: "Shows what time it is on the server.",
    help: "",
    replies: &[reply::NO_SUCH_SERVER, reply::TIME],
    cost: 1,
    run: Run::User(time),
    asks: Asks::At(0),
    ..Command::USUAL
}];

fn time(ctx: &mut Ctx<'_>, _user: UserId, _args: Args<'_>) -> Outcome {
    let (name, wall) = (ctx.core.name().to_owned(), ctx.now.wall);
    ctx.reply(reply::time(&name, wall.secs(), &welcome::date_text(wall)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn the_time_is_told_in_seconds_and_in_words() {
        check(
            r"
            alice > TIME
            alice <~ :s1.test 391 alice s1.test ?????????? :*
            alice > TIME nowhere
            alice < :s1.test 402 alice nowhere :No such server
            ",
        );
    }
}
