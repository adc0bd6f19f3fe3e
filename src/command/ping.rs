//! PING (RFC 2812 §3.7.2).

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    wire::{message::Message, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "PING",
    params: "[<token>]",
    about: "Asks whether the server is there; the answer repeats the token.",
    help: "Clients do this by themselves, to see whether the connection lives.\nExample: PING 42",
    replies: &[reply::NO_ORIGIN],
    cost: 1,
    run: Run::Any(ping),
    heard_while_shunned: true,
    ..Command::USUAL
}];

fn ping(ctx: &mut Ctx<'_>, message: &Message<'_>) -> Outcome {
    let Some(token) = message.args.given(0) else { return Err(reply::no_origin().into()) };
    let name = ctx.core.name().to_owned();
    ctx.line("PONG", &[&name], Some(token));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn the_token_comes_back() {
        check(
            r"
            raw a
            a > PING early
            a < :s1.test PONG s1.test :early
            alice > PING :two words
            alice < :s1.test PONG s1.test :two words
            alice > PING
            alice < :s1.test 409 alice :No origin specified
            ",
        );
    }
}
