//! NickServ RELEASE.

use super::ghost;
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        reserve,
    },
    network::{
        UserId,
        crdt::Source,
        op::{Ask, Op},
    },
    wire::message::Args,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "RELEASE",
    params: "<nick>",
    about: "Has whoever wears one of your nicks called otherwise, at once.",
    help: "They stay connected; GHOST disconnects them. You have to be logged in to the account that the nick belongs to.\nExample: RELEASE alice",
    replies: &[],
    cost: 3,
    run: Run::User(release),
    ..Command::USUAL
}];

fn release(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some((nick, target)) = ghost::owned(ctx, user, args[0]) else { return Ok(()) };
    let own = ctx.whois(user).login.as_ref().map(|login| login.id);
    let login = |target: UserId| ctx.whois(target).login.as_ref().map(|login| login.id);
    match target {
        None => ctx.notice(&format!("Nobody wears {nick} now.")),
        Some(target) if login(target) == own => {
            ctx.notice(&format!("Whoever wears {nick} is logged in to your account."));
        }
        Some(target) => {
            let Some(guest) = reserve::guest(ctx.core, target) else {
                ctx.notice("No other nick is free for them. Try GHOST.");
                return Ok(());
            };
            let (by, uid) = (Source::User(ctx.whois(user).uid), ctx.whois(target).uid);
            ctx.commit(Op::Request { by, uid, ask: Ask::Nick(guest) });
            ctx.notice(&format!("{nick} has been released."));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_nick_is_taken_from_whoever_wears_it_without_disconnecting_them() {
        check(
            r"
            servers 2
            account alice password=sesame
            owner@1 > NS IDENTIFY alice sesame
            owner > NS RELEASE alice
            owner < :NickServ!services@services.test NOTICE owner :Nobody wears alice now.
            alice@2 > JOIN #a
            owner > NS RELEASE alice
            owner < :NickServ!services@services.test NOTICE owner :alice has been released.
            alice <~ :alice!~alice@alice.test NICK :Guest*
            owner > NICK alice
            owner > NS RELEASE alice
            owner < :NickServ!services@services.test NOTICE alice :Whoever wears alice is logged in to your account.
            owner > NS RELEASE bob
            owner < :NickServ!services@services.test NOTICE alice :bob does not belong to your account.
            same
            ",
        );
    }
}
