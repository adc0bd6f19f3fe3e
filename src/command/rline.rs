//! RLINE and UNRLINE: bans by real name, on the network.

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
    name: "RLINE",
    params: "[<duration>] [<pattern> [<reason>]]",
    about: "Bans users from the network by their real name.",
    help: banlines::help!("RLINE 30d *cheap*pills* advertising"),
    replies: &[],
    cost: 1,
    run: Run::Oper(Priv::Ban, set),
    ..Command::USUAL
}];

pub const UNDO: &[Command] = &[Command {
    name: "UNRLINE",
    params: "<pattern>",
    about: "Lifts an R-line.",
    help: "Example: UNRLINE *cheap*pills*",
    replies: &[],
    cost: 1,
    run: Run::Oper(Priv::Ban, lift),
    ..Command::USUAL
}];

fn set(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    banlines::line(ctx, user, &args, Kind::Rline)
}

fn lift(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    banlines::lift(ctx, user, Kind::Rline, args[0])
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_real_name_is_put_out() {
        check(
            r"
            config oper root sesame
            alice > OPER root sesame
            bob   > JOIN #a
            alice > RLINE real\sb* :no
            bob   < ERROR :Closing link: Banned (R-line): no
            alice > UNRLINE real\sb*
            alice < :s1.test NOTICE alice :The R-line on real b* is lifted.
            ",
        );
    }
}
