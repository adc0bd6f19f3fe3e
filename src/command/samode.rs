//! SAMODE: MODE by the powers of an operator of the network.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
        policy,
    },
    network::{UserId, mode},
    wire::{message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "SAMODE",
    params: "<channel> <modes> [<parameter>]",
    about: "Changes the modes of a channel without a status there.",
    help: "Example: SAMODE #dev +o alice",
    replies: super::mode::COMMANDS[0].replies,
    cost: 1,
    run: Run::Oper(Priv::Channels, samode),
}];

fn samode(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    if !args[0].starts_with('#') {
        return Err(reply::no_such_channel(args[0]).into());
    }
    let words: Vec<&str> = args.iter().skip(1).collect();
    let what = mode::without_key(&words).join(" ");
    policy::force(ctx, user, &format!("MODE {} {what}", args[0]));
    super::mode::mode(ctx, user, args)
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn modes_change_without_a_status() {
        check(
            r"
            config oper root sesame
            alice > JOIN #a
            bob   > OPER root sesame
            bob   > MODE #a +m
            bob   < :s1.test 442 bob #a :You're not on that channel
            bob   > SAMODE #a +mqo alice alice
            alice < :bob!~bob@bob.test MODE #a +mq alice
            bob   > SAMODE bob +i
            bob   < :s1.test 403 bob bob :No such channel
            alice > SAMODE #a -m
            alice < :s1.test 481 alice :Permission Denied - You're not an IRC operator with that privilege
            ",
        );
    }
}
