//! SERVLIST (RFC 2812 §3.5.1): services that register as such, of which there are none.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    network::UserId,
    wire::{message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "SERVLIST",
    params: "[<mask> [<type>]]",
    about: "Shows services in the sense of RFC 2812, of which there are none.",
    help: "",
    replies: &[reply::SERVLIST_END],
    cost: 1,
    run: Run::User(servlist),
    ..Command::USUAL
}];

fn servlist(ctx: &mut Ctx<'_>, _user: UserId, args: Args<'_>) -> Outcome {
    ctx.reply(reply::servlist_end(args.given(0).unwrap_or("*"), args.given(1).unwrap_or("0")));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn the_list_is_empty() {
        check(
            r"
            alice > SERVLIST
            alice < :s1.test 235 alice * 0 :End of service listing
            alice > SERVLIST *.test 5
            alice < :s1.test 235 alice *.test 5 :End of service listing
            ",
        );
    }
}
