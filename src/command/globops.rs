//! GLOBOPS: words to all operators of the network.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
    },
    network::{UserId, op::Hearers},
    wire::message::Args,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "GLOBOPS",
    params: "<text>",
    about: "Speaks to all operators of the network.",
    help: "Example: GLOBOPS :I restart this server in ten minutes",
    replies: &[],
    cost: 2,
    run: Run::Oper(Priv::Announce, globops),
    ..Command::USUAL
}];

fn globops(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    super::wallops::announce(ctx, user, Hearers::Opers, args[0])
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn operators_hear_it_on_every_server() {
        check(
            r"
            servers 2
            config oper root sesame
            alice@1 > OPER root sesame
            bob@2   > OPER root sesame
            carol@2 > MODE carol +w
            alice > GLOBOPS :look
            bob   < :alice!~alice@alice.test GLOBOPS :look
            carol > PING x
            carol <! GLOBOPS
            carol > GLOBOPS :hi
            carol < :s2.test 481 carol :Permission Denied - You're not an IRC operator with that privilege
            ",
        );
    }
}
