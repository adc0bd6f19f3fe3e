//! SHUN and UNSHUN: users who may stay and are not heard.

use crate::{
    core::{
        banlines,
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
    },
    network::{UserId, ban::Kind},
    wire::message::Args,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "SHUN",
    params: "[<duration>] [<mask> [<reason>]]",
    about: "Lets users stay on the network unheard.",
    help: banlines::help!("SHUN 2h bob!*@*.example.org calm down"),
    replies: &[],
    cost: 1,
    run: Run::Oper(Priv::Ban, set),
    ..Command::USUAL
}];

pub const UNDO: &[Command] = &[Command {
    name: "UNSHUN",
    params: "<mask>",
    about: "Lifts a shun.",
    help: "Example: UNSHUN *@*.example.org",
    replies: &[],
    cost: 1,
    run: Run::Oper(Priv::Ban, lift),
    ..Command::USUAL
}];

fn set(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    banlines::line(ctx, user, &args, Kind::Shun)
}

fn lift(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    banlines::lift(ctx, user, Kind::Shun, args[0])
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn who_is_shunned_is_there_and_not_heard() {
        check(
            r"
            config oper root sesame
            alice > JOIN #a
            bob   > JOIN #a
            alice > OPER root sesame
            alice > SHUN 1h *@bob.test :noise
            bob   > PRIVMSG #a :one
            bob   > NICK robert
            bob   > PING x
            bob   < :s1.test PONG s1.test :x
            alice <! one
            alice <! robert
            bob   > PART #a :three
            alice < :bob!~bob@bob.test PART #a
            carol > JOIN #a
            alice > SHUN 1h *@carol.test :noise
            carol > QUIT :four
            alice < :carol!~carol@carol.test QUIT :Client quit
            alice > UNSHUN *@bob.test
            bob   > JOIN #a
            bob   > PRIVMSG #a :two
            alice < :bob!~bob@bob.test PRIVMSG #a :two
            ",
        );
    }

    #[test]
    fn a_new_nick_is_looked_at_too() {
        check(
            r"
            config oper root sesame
            alice > OPER root sesame
            alice > JOIN #a
            alice > SHUN evil!*@*.test
            bob   > JOIN #a
            bob   > NICK evil
            bob   > PRIVMSG #a :one
            alice < :bob!~bob@bob.test NICK :evil
            alice <! one
            ",
        );
    }
}
