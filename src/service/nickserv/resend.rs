//! NickServ RESEND.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    network::UserId,
    store::Purpose,
    wire::message::Args,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "RESEND",
    params: "[<account>]",
    about: "Sends the code for a new account once more.",
    help: "It goes to the mail address that was given with REGISTER. Without an account, your nick is meant.\nExample: RESEND alice",
    replies: &[],
    cost: 4,
    run: Run::User(resend),
    ..Command::USUAL
}];

fn resend(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let name = args.given(0).map_or_else(|| ctx.whois(user).nick().to_string(), str::to_owned);
    if !super::asks_for_mail(ctx, &name, Purpose::Verify) {
        return Ok(());
    }
    ctx.notice(&format!("If {name} waits to be verified, its code is sent again. Look for the mail also where your mail program puts what it does not trust."));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_code_is_sent_again_to_whom_it_belongs() {
        check(
            r"
            config mail irc@test.example
            config accounts.email_required true
            config limits.login_burst 4
            alice > REGISTER * al@mail.example sesame-open
            mail al@mail.example *VERIFY alice $code*
            bob   > NS RESEND alice
            bob   <~ :NickServ!services@services.test NOTICE bob :If alice waits to be verified, its code is sent again.*
            wait 6
            mail al@mail.example *VERIFY alice $code*
            alice > NS RESEND
            wait 6
            mail al@mail.example *VERIFY alice $code*
            alice > VERIFY alice $code
            alice <~ :s1.test VERIFY SUCCESS alice *
            alice > NS RESEND
            wait 6
            nomail al@mail.example
            bob   > NS RESEND #bob
            bob   <~ :NickServ!services@services.test NOTICE bob :If #bob waits to be verified*
            bob   > NS RESEND
            bob   > NS RESEND
            bob   > NS RESEND
            bob   > NS RESEND
            bob   <~ :NickServ!services@services.test NOTICE bob :Too many attempts*
            ",
        );
        check(
            r"
            alice > NS RESEND
            alice < :NickServ!services@services.test NOTICE alice :This network sends no mail; ask those who run it.
            ",
        );
    }
}
