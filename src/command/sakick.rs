//! SAKICK: KICK by the powers of an operator of the network.

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
    name: "SAKICK",
    params: "<channel>{,<channel>} <nick>{,<nick>} [<reason>]",
    about: "Removes users from a channel without a status there.",
    help: "Example: SAKICK #dev bob :advertising",
    replies: super::kick::COMMANDS[0].replies,
    cost: 1,
    run: Run::Oper(Priv::Channels, sakick),
    ..Command::USUAL
}];

fn sakick(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    policy::force(ctx, user, &format!("KICK {} {}", args[0], args[1]));
    super::kick::kick(ctx, user, args)
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn even_a_founder_is_removed() {
        check(
            r"
            servers 2
            config oper root sesame
            alice@2 > JOIN #a
            bob   > OPER root sesame
            bob   > SAMODE #a +q alice
            bob   > SAKICK #a alice :enough
            alice < :bob!~bob@bob.test KICK #a alice :enough
            bob   > SAKICK #none alice
            bob   < :s1.test 403 bob #none :No such channel
            alice > SAKICK #a bob
            alice < :s2.test 481 alice :Permission Denied - You're not an IRC operator with that privilege
            ",
        );
    }
}
