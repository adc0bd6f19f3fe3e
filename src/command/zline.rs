//! ZLINE and UNZLINE: bans by address, on the network.

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
    name: "ZLINE",
    params: "[<duration>] [<address> [<reason>]]",
    about: "Bans an address or a range from the network, before anything is said.",
    help: banlines::help!("ZLINE 1w 2001:db8::/32 open proxies"),
    replies: &[],
    cost: 1,
    run: Run::Oper(Priv::Ban, set),
    ..Command::USUAL
}];

pub const UNDO: &[Command] = &[Command {
    name: "UNZLINE",
    params: "<address>",
    about: "Lifts a Z-line.",
    help: "Example: UNZLINE 192.0.2.0/24",
    replies: &[],
    cost: 1,
    run: Run::Oper(Priv::Ban, lift),
    ..Command::USUAL
}];

fn set(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    banlines::line(ctx, user, &args, Kind::Zline)
}

fn lift(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    banlines::lift(ctx, user, Kind::Zline, args[0])
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_range_is_put_out_everywhere() {
        check(
            r"
            servers 2
            config oper root sesame
            alice@1 > OPER root sesame
            bob@2   > JOIN #a
            alice > ZLINE 0 10.0.*.* :go
            bob   < ERROR :Closing link: Banned (Z-line): go
            alice > ZLINE -10.0.0.0/16
            alice < :s1.test NOTICE alice :The Z-line on 10.0.0.0/16 is lifted.
            same
            ",
        );
    }
}
