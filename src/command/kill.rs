//! KILL (RFC 2812 §3.7.1).

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
    },
    network::{
        UserId,
        crdt::Source,
        op::{Ask, Op},
    },
    wire::{encode, message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "KILL",
    params: "<nick> [<reason>]",
    about: "Disconnects a user, on whichever server.",
    help: "They may come back at once; KLINE and UBAN keep them out.\nExample: KILL bob :flooding",
    replies: &[reply::NO_SUCH_NICK],
    cost: 1,
    run: Run::Oper(Priv::Kill, kill),
    ..Command::USUAL
}];

fn kill(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let target = ctx.user(args[0])?;
    let reason =
        encode::head(args.given(1).unwrap_or("No reason given"), ctx.core.config.limits.kick);
    let reason = format!("Killed ({} ({reason}))", ctx.whois(user).nick()).into();
    let (by, uid) = (Source::User(ctx.whois(user).uid), ctx.whois(target).uid);
    log::info!("{} kills {}", ctx.whois(user).mask(), ctx.whois(target).mask());
    let text = format!(
        "Received KILL message for {}. From {} ({reason})",
        ctx.whois(target).mask(),
        ctx.whois(user).mask()
    );
    ctx.snotice('k', &text);
    ctx.commit(Op::Request { by, uid, ask: Ask::Kill(reason) });
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_kill_reaches_the_users_own_server() {
        check(
            r"
            servers 2
            config oper root sesame
            alice@1 > JOIN #a
            bob@2   > JOIN #a
            alice > KILL bob :spam
            alice < :s1.test 481 alice :Permission Denied - You're not an IRC operator with that privilege
            alice > OPER root sesame
            alice > KILL bob :spam
            bob   < ERROR :Closing link: Killed (alice (spam))
            alice < :bob!~bob@bob.test QUIT :Killed (alice (spam))
            alice > KILL nobody
            alice < :s1.test 401 alice nobody :No such nick/channel
            ",
        );
    }
}
