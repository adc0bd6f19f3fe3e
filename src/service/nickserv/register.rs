//! NickServ REGISTER.

use crate::{
    config::Secret,
    core::{
        account::{self, Failure},
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    network::UserId,
    wire::{message::Args, name::Nick},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "REGISTER",
    params: "<password> [<email>]",
    about: "Makes an account of your nick.",
    help: "From then on you are logged in, and the nick is yours. The password is to be no word that anybody could guess.\nExample: REGISTER open-sesame alice@example.org",
    replies: &[crate::wire::reply::LOGGED_IN],
    cost: 4,
    run: Run::User(register),
    ..Command::USUAL
}];

fn register(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    if let Some(account) = account::of_session(ctx) {
        ctx.notice(&format!("You are logged in as {account} already."));
        return Ok(());
    }
    let nick = ctx.whois(user).nick().clone();
    let mail = args.given(1).map(Into::into);
    account::register(ctx, nick, mail, Secret::new(args[0]), registered)
}

fn registered(ctx: &mut Ctx<'_>, name: &Nick, how: Result<(), Failure>) -> Outcome {
    match how {
        Ok(()) => ctx.notice(&format!("{name} is now registered, and yours.")),
        Err(Failure::Unverified) => ctx.notice(&format!(
            "{name} waits for you to verify it: a code has been sent to your mail address, and VERIFY {name} <code> makes the account yours. RESEND sends it again."
        )),
        Err(Failure::Taken) => ctx.notice(&format!("{name} is already registered.")),
        Err(Failure::Unavailable) => super::unavailable(ctx),
        Err(failure) => ctx.notice(&format!("{name} is not registered: {}.", failure.why())),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_nick_becomes_an_account() {
        check(
            r"
            alice > PRIVMSG NickServ :REGISTER short
            alice < :NickServ!services@services.test NOTICE alice :alice is not registered: the password is too short.
            alice > NS REGISTER sesame-open alice@mail.example
            alice < :s1.test 900 alice alice!~alice@alice.test alice :You are now logged in as alice
            alice < :NickServ!services@services.test NOTICE alice :alice is now registered, and yours.
            alice > NICKSERV REGISTER sesame-open
            alice < :NickServ!services@services.test NOTICE alice :You are logged in as alice already.
            alice > NS LOGOUT
            alice > NS REGISTER sesame-open
            alice < :NickServ!services@services.test NOTICE alice :alice is already registered.
            ",
        );
    }
}
