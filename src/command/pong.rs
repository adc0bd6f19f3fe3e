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
    help: "Clients do this by themselves. Who does not answer is disconnected.\nExample: PONG 42",
    replies: &[],
    cost: 0,
    run: Run::Any(pong),
    heard_while_shunned: true,
    ..Command::USUAL
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
    fn how_long_a_client_may_be_silent_is_configured_to_the_second() {
        check(
            r"
            config limits.ping_interval 20
            config limits.ping_timeout 5
            alice > PING x
            wait 19
            alice <! :s1.test PING
            alice <! PING :s1.test
            wait 1
            alice < PING :s1.test
            wait 4
            alice <! ERROR
            wait 1
            alice < ERROR :Closing link: Ping timeout: 25 seconds
            ",
        );
    }

    #[test]
    fn whatever_is_said_in_time_is_an_answer() {
        check(
            r"
            config limits.ping_interval 20
            config limits.ping_timeout 5
            alice > PING x
            wait 20
            alice < PING :s1.test
            wait 4
            alice > TIME
            wait 19
            alice <! ERROR
            wait 1
            alice < PING :s1.test
            ",
        );
    }

    #[test]
    fn the_clock_of_a_client_that_is_not_read_from_stands_still() {
        check(
            r"
            config limits.ping_interval 20
            config limits.ping_timeout 5
            config limits.flood_burst 10
            config limits.flood_interval 60
            alice > VERSION
            alice > WHOIS alice
            alice > WHOIS alice
            alice > WHOIS alice
            alice > WHOIS alice
            wait 55
            alice <! ERROR
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
        check(
            r"
            config limits.registration_timeout 7
            raw a
            a > NICK al
            wait 6
            a <! ERROR
            wait 1
            a < ERROR :Closing link: Registration timed out
            ",
        );
    }
}
