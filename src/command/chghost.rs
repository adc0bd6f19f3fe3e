//! CHGHOST: gives a user another host.

use super::request::request;
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
        registration::HOST_MAX,
    },
    network::{UserId, op::Ask},
    wire::{message::Args, name, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "CHGHOST",
    params: "<nick> <host>",
    about: "Gives a user another host, as others see it.",
    help: "Letters, digits and .-_:/ can stand in it. Turning user mode x on or off ends it.\nExample: CHGHOST alice staff.example.org",
    replies: &[reply::NO_SUCH_NICK, reply::UNKNOWN_ERROR],
    cost: 1,
    run: Run::Oper(Priv::Identity, chghost),
    ..Command::USUAL
}];

fn chghost(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let target = ctx.user(args[0])?;
    if !name::is_host(args[1], HOST_MAX) {
        return Err(reply::unknown_error("CHGHOST", "That cannot be a host").into());
    }
    request(ctx, user, target, Ask::Host(args[1].into()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_user_has_another_host_on_any_server() {
        check(
            r"
            servers 2
            config oper root sesame
            alice@1 > OPER root sesame
            carol@1 > CAP REQ chghost
            carol > JOIN #a
            bob@2   > JOIN #a
            alice > CHGHOST bob the.tower
            carol < :bob!~bob@bob.test CHGHOST ~bob the.tower
            bob   < :s2.test 396 bob the.tower :is now your displayed host
            bob   > MODE bob +i
            carol > WHOIS bob
            carol < :s1.test 311 carol bob ~bob the.tower * :Real bob
            alice > CHGHOST bob :a b
            alice < :s1.test 400 alice CHGHOST :That cannot be a host
            alice > CHGHOST bob ::a
            alice < :s1.test 400 alice CHGHOST :That cannot be a host
            alice > CHGHOST nobody x.y
            alice < :s1.test 401 alice nobody :No such nick/channel
            bob   > CHGHOST alice x.y
            bob   < :s2.test 481 bob :Permission Denied - You're not an IRC operator with that privilege
            same
            ",
        );
    }
}
