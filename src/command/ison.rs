//! ISON (RFC 2812 §4.9).

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    network::UserId,
    wire::{message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "ISON",
    params: "<nick> [<nick>]",
    about: "Shows which of the nicks are online.",
    help: "Example: ISON bob carol",
    replies: &[reply::ISON],
    cost: 1,
    run: Run::User(ison),
    ..Command::USUAL
}];

fn ison(ctx: &mut Ctx<'_>, _user: UserId, args: Args<'_>) -> Outcome {
    let asked = args.iter().flat_map(|arg| arg.split(' '));
    let found =
        asked.filter_map(|nick| ctx.find_user(nick)).map(|user| ctx.whois(user).nick().to_string());
    let text = found.collect::<Vec<_>>().join(" ");
    ctx.reply(reply::ison(&text));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn those_who_are_there_are_named() {
        check(
            r"
            alice > ISON bob Alice :carol
            alice < :s1.test 303 alice :alice
            ",
        );
    }
}
