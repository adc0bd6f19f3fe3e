//! CHGNAME: gives a user another real name.

use super::request::request;
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
    },
    network::{UserId, op::Ask},
    wire::{message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "CHGNAME",
    params: "<nick> <realname>",
    about: "Gives a user another real name.",
    help: "Example: CHGNAME alice :Alice, of the staff",
    replies: &[reply::NO_SUCH_NICK, reply::UNKNOWN_ERROR],
    cost: 1,
    run: Run::Oper(Priv::Identity, chgname),
    ..Command::USUAL
}];

fn chgname(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let target = ctx.user(args[0])?;
    if args[1].is_empty() || args[1].len() > ctx.core.config.limits.realname {
        let why = "The real name is empty or too long";
        return Err(reply::unknown_error("CHGNAME", why).into());
    }
    request(ctx, user, target, Ask::Realname(args[1].into()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_user_has_another_real_name() {
        check(
            r"
            config oper root sesame
            alice > OPER root sesame
            carol > CAP REQ setname
            carol > JOIN #a
            bob   > JOIN #a
            alice > CHGNAME bob :Robert the First
            carol < :bob!~bob@bob.test SETNAME :Robert the First
            alice > CHGNAME bob :
            alice < :s1.test 400 alice CHGNAME :The real name is empty or too long
            alice > CHGNAME nobody x
            alice < :s1.test 401 alice nobody :No such nick/channel
            bob   > CHGNAME alice x
            bob   < :s1.test 481 bob :Permission Denied - You're not an IRC operator with that privilege
            ",
        );
    }
}
