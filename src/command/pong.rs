//! PONG (RFC 2812 §3.7.3).

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    wire::message::Message,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "PONG",
    params: "[<token>]",
    about: "Answers a PING of the server.",
    help: "",
    replies: &[],
    cost: 0,
    run: Run::Any(pong),
}];

/// That something was heard from the session has been noted for every line.
fn pong(_ctx: &mut Ctx<'_>, _message: &Message<'_>) -> Outcome {
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_silent_client_is_asked_and_then_dropped() {
        check(
            r"
            alice > JOIN #a
            bob   > JOIN #a
            wait 91
            alice < PING :s1.test
            bob   < PING :s1.test
            alice > PONG :s1.test
            wait 61
            bob   < ERROR :Closing link: Ping timeout: 150 seconds
            alice < :bob!~bob@bob.test QUIT :Ping timeout: 150 seconds
            ",
        );
    }

    #[test]
    fn who_never_says_who_they_are_is_dropped() {
        check(
            r"
            raw a
            a > NICK al
            wait 31
            a < ERROR :Closing link: Registration timed out
            ",
        );
    }
}
