//! SATOPIC: TOPIC by the powers of an operator of the network.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
        policy,
    },
    network::UserId,
    wire::message::Args,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "SATOPIC",
    params: "<channel> <topic>",
    about: "Sets a channel's topic without a status there.",
    help: "Example: SATOPIC #dev :Be kind",
    replies: super::topic::COMMANDS[0].replies,
    cost: 1,
    run: Run::Oper(Priv::Channels, satopic),
    ..Command::USUAL
}];

fn satopic(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    policy::force(ctx, user, &format!("TOPIC {}", args[0]));
    super::topic::topic(ctx, user, args)
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_topic_is_set_from_outside() {
        check(
            r"
            servers 2
            config oper root sesame
            alice@2 > JOIN #a
            bob   > OPER root sesame
            bob   > SATOPIC #a :be kind
            alice < :bob!~bob@bob.test TOPIC #a :be kind
            bob   > SATOPIC #none :x
            bob   < :s1.test 403 bob #none :No such channel
            bob   > SATOPIC #a
            bob   < :s1.test 461 bob SATOPIC :Not enough parameters
            alice > SATOPIC #a :mine
            alice < :s2.test 481 alice :Permission Denied - You're not an IRC operator with that privilege
            ",
        );
    }
}
