//! NickServ GHOST, and RECOVER, which is the same.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    network::{
        UserId,
        crdt::Source,
        op::{Ask, Op},
    },
    wire::{message::Args, name::Nick},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "GHOST",
    params: "<nick>",
    about: "Disconnects whoever wears one of your nicks.",
    help: "You have to be logged in to the account that the nick belongs to. REGAIN also gives you the nick.\nExample: GHOST alice",
    replies: &[],
    cost: 3,
    run: Run::User(ghost),
    ..Command::USUAL
}];

pub const RECOVER: &[Command] = &[Command { name: "RECOVER", ..COMMANDS[0] }];

fn ghost(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    if let Some((nick, target)) = owned(ctx, user, args[0]) {
        match target {
            Some(target) if target != user => {
                disconnect(ctx, user, target);
                ctx.notice(&format!("{nick} has been ghosted."));
            }
            Some(_) => ctx.notice("That is you."),
            None => ctx.notice(&format!("Nobody wears {nick} now.")),
        }
    }
    Ok(())
}

/// One of a user's own nicks, and who wears it; who does not own it is told so.
pub(super) fn owned(ctx: &mut Ctx<'_>, user: UserId, name: &str) -> Option<(Nick, Option<UserId>)> {
    let login = super::login(ctx, user)?;
    let nick = Nick::lookup(name, ctx.network().casemap());
    let own = nick.filter(|nick| ctx.network().claims().nick(nick) == Some(login.id));
    if own.is_none() {
        ctx.notice(&format!("{name} does not belong to your account."));
    }
    let wearer = own.as_ref().and_then(|nick| ctx.network().nick(nick));
    own.map(|nick| (nick, wearer))
}

/// Has whoever wears one's nick disconnected, by their own server.
pub(super) fn disconnect(ctx: &mut Ctx<'_>, user: UserId, target: UserId) {
    let by = Source::User(ctx.whois(user).uid);
    let reason = format!("Killed (NickServ (GHOST command used by {}))", ctx.whois(user).nick());
    let uid = ctx.whois(target).uid;
    ctx.commit(Op::Request { by, uid, ask: Ask::Kill(reason.into()) });
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn the_owner_of_a_nick_gets_rid_of_whoever_wears_it() {
        check(
            r"
            servers 2
            alice@1 > NS REGISTER sesame-open
            alice > NICK other
            thief@2 > NICK alice
            thief > NS GHOST other
            thief <~ :NickServ!services@services.test NOTICE alice :You are not logged in.*
            alice > NS GHOST alice
            thief <~ ERROR :*GHOST command used by other*
            alice < :NickServ!services@services.test NOTICE other :alice has been ghosted.
            alice > NS RECOVER alice
            alice < :NickServ!services@services.test NOTICE other :Nobody wears alice now.
            alice > NS GHOST bob
            alice < :NickServ!services@services.test NOTICE other :bob does not belong to your account.
            alice > NS REGAIN alice
            alice < :other!~alice@alice.test NICK :alice
            alice > NS GHOST alice
            alice < :NickServ!services@services.test NOTICE alice :That is you.
            same
            ",
        );
    }
}
