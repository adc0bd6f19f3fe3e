//! SETNAME (`ircv3: setname`).

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    network::{UserId, op::Op},
    wire::{fail, message::Args},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "SETNAME",
    params: "<realname>",
    about: "Changes your real name.",
    help: "The real name is what WHOIS shows behind your host.\nExample: SETNAME :Alice A.",
    replies: &[],
    cost: 1,
    run: Run::User(setname),
    ..Command::USUAL
}];

fn setname(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    if args[0].is_empty() || args[0].len() > ctx.core.config.limits.realname {
        return Err(fail::invalid_realname().into());
    }
    let uid = ctx.whois(user).uid;
    ctx.commit(Op::Realname { uid, realname: args[0].into() });
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_real_name_changes_before_those_who_asked_to_be_told() {
        check(
            r"
            alice > CAP REQ :setname standard-replies
            bob   > CAP REQ setname
            alice > JOIN #a
            bob   > JOIN #a
            alice > SETNAME :Alice A.
            alice < :alice!~alice@alice.test SETNAME :Alice A.
            bob   < :alice!~alice@alice.test SETNAME :Alice A.
            alice > SETNAME :
            alice < :s1.test FAIL SETNAME INVALID_REALNAME :Your real name is empty or too long.
            ",
        );
    }
}
