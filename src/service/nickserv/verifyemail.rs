//! NickServ VERIFYEMAIL.

use crate::{
    config::Secret,
    core::{
        account::Failure,
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        verification,
    },
    network::UserId,
    wire::{message::Args, name::Nick},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "VERIFYEMAIL",
    params: "<code>",
    about: "Confirms your mail address, with the code that was sent there.",
    help: "From then on it is the address of your account. The one that it had before is told of it.",
    replies: &[],
    cost: 4,
    run: Run::User(verifyemail),
    ..Command::USUAL
}];

fn verifyemail(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(login) = super::login(ctx, user) else { return Ok(()) };
    verification::confirm_address(ctx, &login, Secret::new(args[0]), confirmed)
}

fn confirmed(ctx: &mut Ctx<'_>, _: &Nick, how: Result<(), Failure>) -> Outcome {
    match how {
        Ok(()) => ctx.notice("The mail address is confirmed, and that of your account."),
        Err(Failure::Wrong) => {
            ctx.notice("This code has not been sent for your account, or it is too old.");
        }
        Err(Failure::TooOften) => ctx.notice(super::TOO_OFTEN),
        Err(_) => super::unavailable(ctx),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn an_address_is_that_of_the_account_once_it_is_confirmed() {
        check(
            r"
            servers 2
            config mail irc@test.example
            config accounts.verify_timeout 600
            config limits.ping_interval 5000
            config limits.account_login_burst 2
            config limits.account_login_interval 60
            alice@1 > NS VERIFYEMAIL 123
            alice <~ :NickServ!services@services.test NOTICE alice :You are not logged in.*
            alice > REGISTER * al@mail.example sesame-open
            alice < :s1.test 900 alice alice!~alice@alice.test alice :You are now logged in as alice
            alice <~ :s1.test NOTICE alice :A code has been sent to your mail address*
            alice < :s1.test REGISTER SUCCESS alice :Account successfully registered
            mail al@mail.example *Subject: Your mail address on Test*VERIFYEMAIL $code *
            alice > NS INFO
            alice < :NickServ!services@services.test NOTICE alice :Mail address, once it is confirmed: al@mail.example
            alice > NS VERIFYEMAIL 123
            alice < :NickServ!services@services.test NOTICE alice :This code has not been sent for your account, or it is too old.
            bob@2 > NS IDENTIFY alice sesame-open
            bob   > NS VERIFYEMAIL $code
            bob   < :NickServ!services@services.test NOTICE bob :The mail address is confirmed, and that of your account.
            alice > NS VERIFYEMAIL $code
            alice < :NickServ!services@services.test NOTICE alice :This code has not been sent for your account, or it is too old.
            alice > NS INFO
            alice < :NickServ!services@services.test NOTICE alice :Mail address: al@mail.example
            alice > NS VERIFYEMAIL 1
            alice > NS VERIFYEMAIL 1
            alice <~ :NickServ!services@services.test NOTICE alice :Too many attempts*
            same
            ",
        );
        check(
            r"
            config mail irc@test.example
            config accounts.verify_timeout 600
            config limits.ping_interval 5000
            alice > NS REGISTER sesame-open al@mail.example
            mail al@mail.example *VERIFYEMAIL $code *
            wait 600
            alice > NS VERIFYEMAIL $code
            alice < :NickServ!services@services.test NOTICE alice :This code has not been sent for your account, or it is too old.
            alice > NS SENDPASS alice
            wait 6
            nomail al@mail.example
            ",
        );
    }
}
