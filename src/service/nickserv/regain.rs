//! NickServ REGAIN.

use super::ghost;
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    network::{UserId, op::Op},
    wire::message::Args,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "REGAIN",
    params: "<nick>",
    about: "Gives you one of your nicks back, whoever wears it.",
    help: "Whoever wears it is disconnected. You have to be logged in to the account that the nick belongs to.\nExample: REGAIN alice",
    replies: &[],
    cost: 3,
    run: Run::User(regain),
    ..Command::USUAL
}];

fn regain(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some((nick, target)) = ghost::owned(ctx, user, args[0]) else { return Ok(()) };
    if let Some(target) = target.filter(|target| *target != user) {
        ghost::disconnect(ctx, user, target);
    }
    // Who owns a nick wears it before anybody else, be they gone yet or not.
    let uid = ctx.whois(user).uid;
    ctx.commit(Op::Nick { uid, nick: nick.clone() });
    ctx.notice(&format!("{nick} is yours again."));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_nick_comes_back_from_another_server() {
        check(
            r"
            servers 2
            alice@1 > NS REGISTER sesame-open
            alice > NICK other
            thief@2 > NICK alice
            alice > NS REGAIN alice
            alice < :other!~alice@alice.test NICK :alice
            alice < :NickServ!services@services.test NOTICE alice :alice is yours again.
            thief <~ ERROR :*GHOST command used by *
            same
            ",
        );
    }
}
