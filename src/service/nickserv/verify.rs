//! NickServ VERIFY.

use crate::{
    config::Secret,
    core::{
        account::{self, Failure},
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        verification,
    },
    network::UserId,
    wire::{message::Args, name::Nick, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "VERIFY",
    params: "<account> <code>",
    about: "Completes the registration of an account with the code that was sent by mail.",
    help: "From then on you are logged in, and the nick is yours. RESEND sends the code again.",
    replies: &[reply::LOGGED_IN],
    cost: 4,
    run: Run::User(verify),
    ..Command::USUAL
}];

fn verify(ctx: &mut Ctx<'_>, _: UserId, args: Args<'_>) -> Outcome {
    if let Some(account) = account::of_session(ctx) {
        ctx.notice(&format!("You are logged in as {account} already."));
        return Ok(());
    }
    let Some(name) = Nick::lookup(args[0], ctx.network().casemap()) else {
        ctx.notice(WRONG);
        return Ok(());
    };
    verification::verify(ctx, name, Secret::new(args[1]), verified)
}

fn verified(ctx: &mut Ctx<'_>, name: &Nick, how: Result<(), Failure>) -> Outcome {
    match how {
        Ok(()) => ctx.notice(&format!("{name} is now registered, and yours.")),
        Err(Failure::Wrong) => ctx.notice(WRONG),
        Err(Failure::TooOften) => ctx.notice(super::TOO_OFTEN),
        Err(_) => super::unavailable(ctx),
    }
    Ok(())
}

/// Whether there is such an account is not told.
const WRONG: &str = "No such account waits for this code, or not any more.";

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_code_makes_an_account_complete() {
        check(
            r"
            config mail irc@test.example
            config accounts.email_required true
            alice > NS REGISTER sesame-open
            alice < :NickServ!services@services.test NOTICE alice :alice is not registered: give a mail address, as alice@example.org.
            alice > NS REGISTER sesame-open al@mail.example
            alice <~ :NickServ!services@services.test NOTICE alice :alice waits for you to verify it: a code has been sent*
            mail al@mail.example *VERIFY alice $code*
            alice > NS VERIFY alice 123
            alice < :NickServ!services@services.test NOTICE alice :No such account waits for this code, or not any more.
            alice > NS VERIFY #alice 123
            alice < :NickServ!services@services.test NOTICE alice :No such account waits for this code, or not any more.
            alice > NS VERIFY alice $code
            alice < :s1.test 900 alice alice!~alice@alice.test alice :You are now logged in as alice
            alice < :NickServ!services@services.test NOTICE alice :alice is now registered, and yours.
            alice > NS VERIFY alice $code
            alice < :NickServ!services@services.test NOTICE alice :You are logged in as alice already.
            ",
        );
    }
}
