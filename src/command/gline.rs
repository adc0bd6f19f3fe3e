//! GLINE and UNGLINE: bans by `user@host`, on the network.

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
    name: "GLINE",
    params: "[<duration>] [<mask> [<reason>]]",
    about: "Bans users from the network by user@host.",
    help: banlines::help!("GLINE 1d *@*.example.org spam | seen before"),
    replies: &[],
    cost: 1,
    run: Run::Oper(Priv::Ban, set),
    ..Command::USUAL
}];

pub const UNDO: &[Command] = &[Command {
    name: "UNGLINE",
    params: "<mask>",
    about: "Lifts a G-line.",
    help: "Example: UNGLINE *@*.example.org",
    replies: &[],
    cost: 1,
    run: Run::Oper(Priv::Ban, lift),
    ..Command::USUAL
}];

fn set(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    banlines::line(ctx, user, &args, Kind::Gline)
}

fn lift(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    banlines::lift(ctx, user, Kind::Gline, args[0])
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_ban_outlives_the_server() {
        check(
            r"
            config oper root sesame
            alice > OPER root sesame
            alice > GLINE 1h *@bad.example rude
            alice > GLINE *@lifted.example rude
            alice > GLINE *@lifted.example
            alice > FILTER *spam* block c :no
            alice > DEFCON 4
            crash 1
            start 1
            bob   > OPER root sesame
            bob   > STATS k
            bob   <~ :s1.test 216 bob G-line *@bad.example * :rude
            bob   < :s1.test 219 bob k :End of /STATS report
            bob   > FILTER
            bob   <~ * NOTICE bob :*spam*
            bob   > DEFCON
            bob   <~ * NOTICE bob :*4*
            wait 3601
            carol > OPER root sesame
            carol > STATS k
            carol < :s1.test 219 carol k :End of /STATS report
            ",
        );
    }

    #[test]
    fn it_holds_on_every_server_and_on_both_sides_of_a_split() {
        check(
            r"
            servers 2
            config oper root sesame
            alice@1 > OPER root sesame
            bob@2   > JOIN #a
            split 1 | 2
            alice > GLINE *@bob.test :out
            heal
            bob   < ERROR :Closing link: Banned (G-line): out
            alice > UNGLINE *@bob.test
            same
            ",
        );
    }

    #[test]
    fn operators_are_not_put_out() {
        check(
            r"
            config oper root sesame
            alice > OPER root sesame
            alice > GLINE *@alice.test
            alice <! ERROR
            alice > UNGLINE *@alice.test
            alice < :s1.test NOTICE alice :The G-line on *@alice.test is lifted.
            ",
        );
    }
}
