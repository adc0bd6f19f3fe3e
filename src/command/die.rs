//! DIE (RFC 2812 §4.3).

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        effect::Ending,
        housekeeping,
        oper::Priv,
    },
    network::UserId,
    wire::{encode, message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "DIE",
    params: "<server> [<reason>]",
    about: "Ends the server that you are on, whose name has to be given so that nobody does it by mistake.",
    help: "Everybody on it is told the reason and disconnected; the rest of the network sees them quit with it.\nExample: DIE irc.example.org :New hardware",
    replies: &[reply::UNKNOWN_ERROR],
    cost: 1,
    run: Run::Oper(Priv::Die, die),
    ..Command::USUAL
}];

fn die(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    confirmed(ctx, COMMANDS[0].name, args[0])?;
    let text = sentence(ctx, user, "Server shut down", args.given(1));
    end(ctx, &text, Ending::Exit);
    Ok(())
}

/// That an operator means the server that they are on.
pub(super) fn confirmed(ctx: &Ctx<'_>, command: &str, name: &str) -> Outcome {
    let here = ctx.core.name();
    if name.eq_ignore_ascii_case(here) {
        return Ok(());
    }
    let text = format!("This server is {here}; if it is meant, say {command} {here}");
    Err(reply::unknown_error(command, &text).into())
}

/// What everybody is told.
pub(super) fn sentence(ctx: &Ctx<'_>, user: UserId, what: &str, reason: Option<&str>) -> String {
    let nick = ctx.whois(user).nick();
    match reason.map(|reason| encode::head(reason, ctx.core.config.limits.kick)) {
        Some(reason) => format!("{what} by {nick}: {reason}"),
        None => format!("{what} by {nick}"),
    }
}

/// Tells everybody, and ends the server.
pub(super) fn end(ctx: &mut Ctx<'_>, text: &str, ending: Ending) {
    log::warn!("{text}");
    let name = ctx.core.name().to_owned();
    ctx.snotice('a', &format!("{name}: {text}"));
    housekeeping::warn(ctx.core, ctx.fx, text, ctx.now);
    housekeeping::stop(ctx.core, ctx.fx, text, ending, ctx.now);
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn everybody_is_told_why_the_server_ends() {
        check(
            r"
            servers 2
            config oper root sesame
            config oper gus sesame oper
            root@1  > OPER root sesame
            root    > JOIN #a
            alice@1 > JOIN #a
            bob@2   > JOIN #a
            gus@2   > OPER gus sesame
            gus     > MODE gus +s a
            gus     > DIE s2.test
            gus     < :s2.test 481 gus :Permission Denied - You're not an IRC operator with that privilege
            root    > DIE
            root    < :s1.test 461 root DIE :Not enough parameters
            root    > DIE s2.test :wrong window
            root    < :s1.test 400 root DIE :This server is s1.test; if it is meant, say DIE s1.test
            root    > DIE S1.test :new disk
            alice   < :s1.test NOTICE alice :*** Server shut down by root: new disk
            alice   < ERROR :Closing link: Server shut down by root: new disk
            root    < ERROR :Closing link: Server shut down by root: new disk
            bob     < :alice!~alice@alice.test QUIT :Server shut down by root: new disk
            gus     < :s1.test NOTICE gus :*** Notice -- s1.test: Server shut down by root: new disk
            bob     > LINKS
            bob     <! s1.test
            ",
        );
    }
}
