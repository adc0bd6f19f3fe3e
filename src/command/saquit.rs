//! SAQUIT: has a user quit.

use super::request::request;
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
    },
    network::{UserId, op::Ask},
    wire::{encode, message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "SAQUIT",
    params: "<nick> [<reason>]",
    about: "Has a user quit, without saying by whom.",
    help: "Others see a QUIT as if the user had typed it.\nExample: SAQUIT bob :good night",
    replies: &[reply::NO_SUCH_NICK],
    cost: 1,
    run: Run::Oper(Priv::Force, saquit),
    ..Command::USUAL
}];

fn saquit(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let target = ctx.user(args[0])?;
    let reason = args.given(1).unwrap_or("Client quit");
    let reason = encode::head(reason, ctx.core.config.limits.kick).into();
    request(ctx, user, target, Ask::Kill(reason));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_user_quits_on_any_server() {
        check(
            r"
            servers 2
            config oper root sesame
            alice@1 > OPER root sesame
            alice > JOIN #a
            bob@2   > JOIN #a
            alice > SAQUIT bob :gone fishing
            alice < :bob!~bob@bob.test QUIT :gone fishing
            bob   < ERROR :Closing link: gone fishing
            alice > SAQUIT nobody
            alice < :s1.test 401 alice nobody :No such nick/channel
            carol@1 > SAQUIT alice
            carol < :s1.test 481 carol :Permission Denied - You're not an IRC operator with that privilege
            ",
        );
    }
}
