//! SAPART: has a user leave channels.

use super::request::request;
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
        refuse_each,
    },
    network::{UserId, op::Ask},
    wire::{encode, message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "SAPART",
    params: "<nick> <channel>{,<channel>} [<reason>]",
    about: "Has a user leave channels.",
    help: "Example: SAPART bob #dev",
    replies: &[reply::NO_SUCH_NICK, reply::NO_SUCH_CHANNEL, reply::USER_NOT_IN_CHANNEL],
    cost: 1,
    run: Run::Oper(Priv::Force, sapart),
    ..Command::USUAL
}];

fn sapart(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let target = ctx.user(args[0])?;
    let reason = args.get(2).unwrap_or_default();
    refuse_each(ctx, args.list(1), |ctx, text| {
        let channel = ctx.find_channel(text).ok_or_else(|| reply::no_such_channel(text))?;
        if ctx.network().status(channel, target).is_none() {
            return Err(reply::user_not_in_channel(args[0], text).into());
        }
        let name = ctx.network().channel(channel).name.clone();
        let reason = encode::head(reason, ctx.core.config.limits.kick).into();
        request(ctx, user, target, Ask::Part(name, reason));
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_user_leaves_on_any_server() {
        check(
            r"
            servers 2
            config oper root sesame
            alice@1 > OPER root sesame
            alice > JOIN #a
            bob@2   > JOIN #a
            alice > SAPART bob #a,#none :bye
            bob   < :bob!~bob@bob.test PART #a :bye
            alice < :s1.test 403 alice #none :No such channel
            alice > SAPART bob #a
            alice < :s1.test 441 alice bob #a :They aren't on that channel
            alice > SAPART nobody #a
            alice < :s1.test 401 alice nobody :No such nick/channel
            bob   > SAPART alice #a
            bob   < :s2.test 481 bob :Permission Denied - You're not an IRC operator with that privilege
            ",
        );
    }
}
