//! SANICK: gives a user another nick.

use super::request::request;
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
    },
    network::{UserId, op::Ask},
    service,
    wire::{message::Args, name::Nick, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "SANICK",
    params: "<nick> <new nick>",
    about: "Gives a user another nick.",
    help: "Example: SANICK bob Guest42",
    replies: &[reply::NO_SUCH_NICK, reply::ERRONEOUS_NICKNAME, reply::NICKNAME_IN_USE],
    cost: 1,
    run: Run::Oper(Priv::Force, sanick),
    ..Command::USUAL
}];

fn sanick(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let target = ctx.user(args[0])?;
    let most = ctx.core.config.limits.nick;
    let Some(nick) = Nick::new(args[1], ctx.network().casemap(), most) else {
        return Err(reply::erroneous_nickname(args[1], most).into());
    };
    let alike = ctx.core.lookalikes.is_worn(nick.as_str(), Some(target));
    let reserved = service::is_reserved(nick.as_str(), ctx.network().casemap());
    if reserved || alike || ctx.network().nick(&nick).is_some_and(|holder| holder != target) {
        return Err(reply::nickname_in_use(args[1]).into());
    }
    request(ctx, user, target, Ask::Nick(nick));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_nick_that_looks_like_anothers_is_taken() {
        check(
            r"
            servers 2
            config server.casemapping precis
            config oper root sesame
            alice@1 > OPER root sesame
            bob@2   > PING x
            alice   > SANICK bob аlice
            alice   < :s1.test 433 alice аlice :Nickname is already in use
            alice   > SANICK bob NickServ
            alice   < :s1.test 433 alice NickServ :Nickname is already in use
            alice   > SANICK bob NісkServ
            alice   < :s1.test 433 alice NісkServ :Nickname is already in use
            alice   > SANICK bob Иван
            bob     < :bob!~bob@bob.test NICK :Иван
            alice   > SANICK alice аlice
            alice   < :alice!~alice@alice.test NICK :аlice
            same
            ",
        );
    }

    #[test]
    fn a_user_has_another_nick_on_any_server() {
        check(
            r"
            servers 2
            config oper root sesame
            alice@1 > OPER root sesame
            bob@2   > PING x
            alice > SANICK bob robert
            bob   < :bob!~bob@bob.test NICK :robert
            alice > SANICK robert 1st
            alice < :s1.test 432 alice 1st :Erroneous nickname: it has at most 32 letters, digits and -_[]{}\`^|, and begins with neither digit nor hyphen
            alice > SANICK robert Alice
            alice < :s1.test 433 alice Alice :Nickname is already in use
            alice > SANICK nobody x
            alice < :s1.test 401 alice nobody :No such nick/channel
            bob   > SANICK alice x
            bob   < :s2.test 481 robert :Permission Denied - You're not an IRC operator with that privilege
            same
            ",
        );
    }
}
