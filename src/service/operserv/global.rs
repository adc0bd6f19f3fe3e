//! OperServ GLOBAL.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
    },
    network::{
        UserId,
        crdt::Source,
        op::{Hearers, Op},
    },
    wire::message::Args,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "GLOBAL",
    params: "<text>",
    about: "Tells everybody on the network something.",
    help: "It comes as a notice of OperServ's, with your nick. WALLOPS reaches only those who want to hear such words.\nExample: GLOBAL This server restarts in ten minutes",
    replies: &[],
    cost: 4,
    run: Run::Oper(Priv::Announce, global),
    ..Command::USUAL
}];

fn global(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let who = ctx.whois(user);
    let (by, text) = (Source::User(who.uid), format!("[{}] {}", who.nick(), args[0]).into());
    ctx.commit(Op::Announce { by, to: Hearers::Everybody, text });
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn everybody_is_told_everywhere() {
        check(
            r"
            servers 2
            config oper root sesame
            alice@1 > OPER root sesame
            bob@2   > OS GLOBAL hello
            bob     < :OperServ!services@services.test NOTICE bob :Permission Denied - You're not an IRC operator with that privilege
            alice   > OS GLOBAL back in ten minutes
            bob     < :OperServ!services@services.test NOTICE bob :[alice] back in ten minutes
            alice   < :OperServ!services@services.test NOTICE alice :[alice] back in ten minutes
            ",
        );
    }
}
