//! NickServ SENDPASS.

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
    name: "SENDPASS",
    params: "<account>",
    about: "Sends a code with which you can set another password.",
    help: "It goes to the mail address of the account, and is for RESETPASS. Whether there is such an account, or an address, nobody is told.\nExample: SENDPASS alice",
    replies: &[],
    cost: 4,
    run: Run::User(sendpass),
    ..Command::USUAL
}];

fn sendpass(ctx: &mut Ctx<'_>, _: UserId, args: Args<'_>) -> Outcome {
    if !super::asks_for_mail(ctx, args[0], Purpose::Reset) {
        return Ok(());
    }
    ctx.notice(&format!("If {0} is an account with a mail address, a code is sent there. Then: /msg NickServ RESETPASS {0} <code> <new password>", args[0]));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_code_goes_to_the_address_of_the_account_and_nobody_is_told_more() {
        check(
            r"
            servers 2
            config mail irc@test.example
            config limits.login_burst 5
            account alice password=sesame mail=al@mail.example
            account carol password=sesame
            bob@2 > NS SENDPASS alice
            bob   < :NickServ!services@services.test NOTICE bob :If alice is an account with a mail address, a code is sent there. Then: /msg NickServ RESETPASS alice <code> <new password>
            bob   > NS SENDPASS carol
            bob   < :NickServ!services@services.test NOTICE bob :If carol is an account with a mail address, a code is sent there. Then: /msg NickServ RESETPASS carol <code> <new password>
            bob   > NS SENDPASS nobody
            bob   < :NickServ!services@services.test NOTICE bob :If nobody is an account with a mail address, a code is sent there. Then: /msg NickServ RESETPASS nobody <code> <new password>
            bob   > NS SENDPASS #x
            bob   <~ :NickServ!services@services.test NOTICE bob :If #x is an account*
            wait 6
            mail al@mail.example *From: *irc@test.example*RESETPASS alice $code <new password>*good for 1h.*
            bob   > NS SENDPASS alice
            bob   > NS SENDPASS alice
            bob   > NS SENDPASS alice
            bob   <~ :NickServ!services@services.test NOTICE bob :Too many attempts*
            same
            ",
        );
        check(
            r"
            alice > NS SENDPASS alice
            alice < :NickServ!services@services.test NOTICE alice :This network sends no mail; ask those who run it.
            ",
        );
    }

    #[test]
    fn an_address_is_sent_only_so_many_mails() {
        check(
            r"
            config mail irc@test.example
            config mail.hourly_address 2
            config limits.ping_interval 5000
            config limits.login_burst 100
            account alice password=sesame mail=al@mail.example
            bob > NS SENDPASS alice
            bob > NS SENDPASS alice
            bob > NS SENDPASS alice
            wait 6
            mail al@mail.example *RESETPASS*
            mail al@mail.example *RESETPASS*
            nomail al@mail.example
            wait 1800
            bob > NS SENDPASS alice
            wait 6
            mail al@mail.example *RESETPASS*
            ",
        );
    }
}
