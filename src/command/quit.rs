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
    help: "The reason is shown to those who share a channel with you.\nExample: QUIT :good night",
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

    #[test]
    fn who_leaves_under_a_label_is_told_goodbye_under_it() {
        check(
            r"
            config oper root sesame
            alice > CAP REQ :labeled-response batch
            alice > @label=7 QUIT
            alice < @label=7 ERROR :Closing link: Client quit
            bob   > CAP REQ :labeled-response batch
            bob   > OPER root sesame
            bob   > @label=8 KILL bob :me
            bob   < @label=8 ERROR :Closing link: Killed (bob (me))
            ",
        );
    }
}
