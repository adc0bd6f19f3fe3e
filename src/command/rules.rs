//! RULES: what the administrator asks of users.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        question::Asks,
    },
    network::UserId,
    wire::{message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "RULES",
    params: "[<server>]",
    about: "Shows the rules of the server.",
    help: "",
    replies: &[
        reply::RULES_START,
        reply::RULES,
        reply::END_OF_RULES,
        reply::NO_RULES,
        reply::NO_SUCH_SERVER,
    ],
    cost: 2,
    run: Run::User(rules),
    asks: Asks::At(0),
    ..Command::USUAL
}];

fn rules(ctx: &mut Ctx<'_>, _user: UserId, _args: Args<'_>) -> Outcome {
    if ctx.core.texts.rules.is_empty() {
        return Err(reply::no_rules().into());
    }
    let name = ctx.core.name().to_owned();
    ctx.reply(reply::rules_start(&name));
    for line in ctx.core.texts.rules.clone() {
        ctx.reply(reply::rules(&line));
    }
    ctx.reply(reply::end_of_rules());
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn the_rules_are_shown() {
        check(
            r"
            config server.rules Be kind.
            alice > RULES
            alice < :s1.test 308 alice :- s1.test Server Rules -
            alice < :s1.test 232 alice :- Be kind.
            alice < :s1.test 309 alice :End of RULES command
            ",
        );
    }

    #[test]
    fn there_may_be_none() {
        check(
            r"
            alice > RULES
            alice < :s1.test 434 alice :RULES File is missing
            alice > RULES nowhere
            alice < :s1.test 402 alice nowhere :No such server
            ",
        );
    }
}
