//! CHGIDENT: gives a user another user name.

use super::request::request;
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
    },
    network::{UserId, op::Ask},
    wire::{message::Args, name, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "CHGIDENT",
    params: "<nick> <user>",
    about: "Gives a user another user name.",
    help: "Letters, digits and -_. can stand in it.\nExample: CHGIDENT alice staff",
    replies: &[reply::NO_SUCH_NICK, reply::UNKNOWN_ERROR],
    cost: 1,
    run: Run::Oper(Priv::Identity, chgident),
    ..Command::USUAL
}];

fn chgident(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let target = ctx.user(args[0])?;
    // It is wholly a user name, or none at all.
    let name = name::username(args[1], ctx.core.config.limits.user);
    let Some(name) = name.filter(|name| **name == *args[1]) else {
        return Err(reply::unknown_error("CHGIDENT", "That cannot be a user name").into());
    };
    request(ctx, user, target, Ask::Ident(name));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_user_has_another_user_name() {
        check(
            r"
            config oper root sesame
            alice > OPER root sesame
            carol > CAP REQ chghost
            carol > JOIN #a
            bob   > JOIN #a
            alice > CHGIDENT bob robert
            carol < :bob!~bob@bob.test CHGHOST robert bob.test
            alice > CHGIDENT bob a@b
            alice < :s1.test 400 alice CHGIDENT :That cannot be a user name
            alice > CHGIDENT nobody x
            alice < :s1.test 401 alice nobody :No such nick/channel
            bob   > CHGIDENT alice x
            bob   < :s1.test 481 bob :Permission Denied - You're not an IRC operator with that privilege
            bob   <! 396
            ",
        );
    }
}
