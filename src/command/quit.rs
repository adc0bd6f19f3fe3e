//! QUIT (RFC 2812 §3.1.7).

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        filters, registration,
    },
    wire::{encode, message::Message},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "QUIT",
    params: "[<reason>]",
    about: "Leaves the network.",
    help: "",
    replies: &[],
    cost: 1,
    run: Run::Any(quit),
    heard_while_shunned: true,
    ..Command::USUAL
}];

fn quit(ctx: &mut Ctx<'_>, message: &Message<'_>) -> Outcome {
    let user = ctx.session().user();
    let told = |text: &&str| user.is_none_or(|user| filters::farewell(ctx, user, text));
    let reason = match message.args.given(0).filter(told) {
        Some(reason) => format!("Quit: {}", encode::head(reason, ctx.core.config.limits.kick)),
        None => "Client quit".to_owned(),
    };
    registration::depart(ctx.core, ctx.fx, ctx.conn, &reason, ctx.now);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn those_around_hear_the_reason_once() {
        check(
            r"
            alice > JOIN #a,#b
            bob   > JOIN #a,#b
            alice > QUIT :so long
            alice < ERROR :Closing link: Quit: so long
            bob   < :alice!~alice@alice.test QUIT :Quit: so long
            bob   <! QUIT
            bob   > QUIT
            bob   < ERROR :Closing link: Client quit
            ",
        );
    }

    #[test]
    fn one_may_quit_before_having_begun() {
        check(
            r"
            raw a
            a > QUIT
            a < ERROR :Closing link: Client quit
            ",
        );
    }
}
