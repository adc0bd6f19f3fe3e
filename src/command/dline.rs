//! DLINE and UNDLINE: bans by address, on this server.

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
    name: "DLINE",
    params: "[<duration>] [<address> [<reason>]]",
    about: "Bans an address or a range from this server, before anything is said.",
    help: banlines::help!("DLINE 2h 192.0.2.0/24 flood"),
    replies: &[],
    cost: 1,
    run: Run::Oper(Priv::Ban, set),
    ..Command::USUAL
}];

pub const UNDO: &[Command] = &[Command {
    name: "UNDLINE",
    params: "<address>",
    about: "Lifts a D-line.",
    help: "Example: UNDLINE 192.0.2.0/24",
    replies: &[],
    cost: 1,
    run: Run::Oper(Priv::Ban, lift),
    ..Command::USUAL
}];

fn set(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    banlines::line(ctx, user, &args, Kind::Dline)
}

fn lift(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    banlines::lift(ctx, user, Kind::Dline, args[0])
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn an_address_is_put_out() {
        check(
            r"
            config oper root sesame
            alice > OPER root sesame
            bob   > JOIN #a
            alice > DLINE 10.0.0.2 :go
            bob   < ERROR :Closing link: Banned (D-line): go
            alice > DLINE bob@example.org
            alice < :s1.test NOTICE alice :bob@example.org cannot be a D-line: it takes an address or a range, as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/48.
            alice > UNDLINE 10.0.0.2
            alice < :s1.test NOTICE alice :The D-line on 10.0.0.2 is lifted.
            ",
        );
    }
}
