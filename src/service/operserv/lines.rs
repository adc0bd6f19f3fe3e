//! OperServ AKILL, SGLINE and DEFCON: other names for what commands of the server do.

use super::words;
use crate::{
    core::{
        banlines,
        ctx::{Ctx, Outcome},
        defcon,
        dispatch::{Command, Run},
        oper::Priv,
    },
    network::{UserId, ban::Kind},
    wire::message::Args,
};

pub const AKILL: &[Command] = &[Command {
    name: "AKILL",
    params: "[<subcommand> [<rest>]]",
    about: "Bans users from the network by user@host: these are the G-lines.",
    help: "AKILL ADD [+<duration>] <mask> <reason> sets one, AKILL DEL <mask> lifts it, AKILL LIST shows all. The duration is written as 2h or 30d; without one it holds until it is lifted. What stands after a | in the reason is for operators only.\nExample: AKILL ADD +1d *@*.example.org spam",
    replies: &[],
    cost: 1,
    run: Run::Oper(Priv::Ban, akill),
    ..Command::USUAL
}];

pub const SGLINE: &[Command] = &[Command {
    name: "SGLINE",
    params: "[<subcommand> [<rest>]]",
    about: "Bans users from the network by real name: these are the R-lines.",
    help: "SGLINE ADD [+<duration>] <mask> <reason> sets one, SGLINE DEL <mask> lifts it, SGLINE LIST shows all. Write \\s for a space in the mask.\nExample: SGLINE ADD +30d *cheap*pills* advertising",
    replies: &[],
    cost: 1,
    run: Run::Oper(Priv::Ban, sgline),
    ..Command::USUAL
}];

pub const DEFCON: &[Command] = &[Command {
    name: "DEFCON",
    params: "[<level>]",
    about: "Shows how much of the network is locked against an attack, or locks it.",
    help: "HELP DEFCON tells what each level locks.\nExample: DEFCON 3",
    replies: &[],
    cost: 1,
    run: Run::Oper(Priv::Defcon, level),
    ..Command::USUAL
}];

fn akill(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let (verb, rest) = words(&args);
    banlines::edit(ctx, user, (&verb, &rest), Kind::Gline)
}

fn sgline(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let (verb, rest) = words(&args);
    banlines::edit(ctx, user, (&verb, &rest), Kind::Rline)
}

fn level(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    defcon::command(ctx, user, args.given(0))
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn bans_of_the_server_are_set_by_other_names() {
        check(
            r"
            servers 2
            config oper root sesame
            bob@2   > OS AKILL ADD *@x.example no
            bob     < :OperServ!services@services.test NOTICE bob :Permission Denied - You're not an IRC operator with that privilege
            alice@1 > OPER root sesame
            alice   > OS AKILL ADD +1d *@bad.example rude | seen before
            alice   <~ :OperServ!services@services.test NOTICE alice :A G-line on *@bad.example is set: no entry until *, rude (seen before).
            alice   > OS AKILL ADD rob@*.example rude
            alice   > OS AKILL LIST
            alice   <~ :OperServ!services@services.test NOTICE alice :*@bad.example: no entry until *
            alice   <~ :OperServ!services@services.test NOTICE alice :rob@*.example: no entry, rude. Set *
            alice   < :OperServ!services@services.test NOTICE alice :Bans of the kind G-line: 2.
            alice   > GLINE
            alice   < :s1.test NOTICE alice :Bans of the kind G-line: 2.
            alice   > OS AKILL DEL *@bad.example
            alice   < :OperServ!services@services.test NOTICE alice :The G-line on *@bad.example is lifted.
            alice   > OS AKILL FROB
            alice   < :OperServ!services@services.test NOTICE alice :It takes ADD [+<duration>] <mask> <reason>, DEL <mask>, or LIST.
            alice   > OS SGLINE ADD *real\sbob* out
            bob     < ERROR :Closing link: Banned (R-line): out
            alice   > OS DEFCON 4
            alice   <~ :OperServ!services@services.test NOTICE alice :DEFCON 4 is set: *
            alice   > OPERSERV DEFCON 6
            alice   <~ :OperServ!services@services.test NOTICE alice :A level is a number*
            same
            ",
        );
    }
}
