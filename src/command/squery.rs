//! SQUERY (RFC 2812 §3.5.2): a message to a service that registers as such, of which there are none.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    network::UserId,
    wire::{message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "SQUERY",
    params: "[<service> [<text>]]",
    about: "Sends a message to a service in the sense of RFC 2812, of which there are none.",
    help: "",
    replies: &[reply::NO_SUCH_SERVICE, reply::NO_RECIPIENT, reply::NO_TEXT_TO_SEND],
    cost: 1,
    run: Run::User(squery),
    ..Command::USUAL
}];

fn squery(_ctx: &mut Ctx<'_>, _user: UserId, args: Args<'_>) -> Outcome {
    Err(match (args.given(0), args.given(1)) {
        (None, _) => reply::no_recipient("SQUERY").into(),
        (Some(_), None) => reply::no_text_to_send().into(),
        (Some(service), Some(_)) => reply::no_such_service(service).into(),
    })
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn there_is_no_such_service() {
        check(
            r"
            alice > SQUERY irchelp :HELP
            alice < :s1.test 408 alice irchelp :No such service
            alice > SQUERY irchelp
            alice < :s1.test 412 alice :No text to send
            alice > SQUERY
            alice < :s1.test 411 alice :No recipient given (SQUERY)
            ",
        );
    }
}
