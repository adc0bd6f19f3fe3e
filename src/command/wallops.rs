//! WALLOPS (RFC 2812 §4.7).

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
    },
    network::{
        UserId,
        crdt::Source,
        op::{Hearers, Op},
    },
    wire::message::Args,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "WALLOPS",
    params: "<text>",
    about: "Speaks to everybody who has asked for it with user mode +w.",
    help: "Everybody reads it who has user mode +w, on every server.\nExample: WALLOPS :The network moves to new machines tonight",
    replies: &[],
    cost: 2,
    run: Run::Oper(Priv::Announce, wallops),
    ..Command::USUAL
}];

fn wallops(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    announce(ctx, user, Hearers::Wallops, args[0])
}

/// Says something to everybody who listens, or to all operators.
pub(super) fn announce(ctx: &mut Ctx<'_>, user: UserId, to: Hearers, text: &str) -> Outcome {
    if !text.is_empty() {
        let by = Source::User(ctx.whois(user).uid);
        ctx.commit(Op::Announce { by, to, text: text.into() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn those_who_asked_hear_it_on_every_server() {
        check(
            r"
            servers 2
            config oper root sesame
            alice@1 > OPER root sesame
            bob@2   > MODE bob +w
            carol@2 > PING x
            alice > WALLOPS :hi all
            bob   < :alice!~alice@alice.test WALLOPS :hi all
            carol > PING x
            carol <! WALLOPS
            carol > WALLOPS :hi
            carol < :s2.test 481 carol :Permission Denied - You're not an IRC operator with that privilege
            alice > WALLOPS
            alice < :s1.test 461 alice WALLOPS :Not enough parameters
            ",
        );
    }
}
