//! NickServ VERIFYEMAIL, and how an account comes to have another mail address (SET EMAIL).

use crate::{
    config::Secret,
    core::{
        account::{self, Failure},
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        mail, notes, verification,
    },
    job::Answer,
    network::{UserId, note::Section},
    registry::{RecordId, What},
    store::{Purpose, Rows},
    wire::{message::Args, name::Nick},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "VERIFYEMAIL",
    params: "<code>",
    about: "Confirms your mail address, with the code that was sent there.",
    help: "From then on it is the address of your account. The one that it had before is told of it.\nExample: VERIFYEMAIL abcdefghijkm",
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
            ctx.notice("This code has not been sent for your account, or it is too old. SET EMAIL <address> sends another.");
        }
        Err(Failure::TooOften) => ctx.notice(super::TOO_OFTEN),
        Err(_) => super::unavailable(ctx),
    }
    Ok(())
}

/// An account is to have another mail address, or its first: once that has been confirmed, where mail is
/// sent.
pub(super) fn change(ctx: &mut Ctx<'_>, user: UserId, id: RecordId, address: &str) -> Outcome {
    if notes::forbidding(ctx.network(), Section::ForbidMail, address).is_some() {
        ctx.notice("This mail address cannot be used here. Nothing has been changed.");
        return Ok(());
    }
    if ctx.core.config.mail.is_sent() {
        // Nobody is to use up what may be sent to all.
        if !verification::may_ask(ctx) {
            ctx.notice(super::TOO_OFTEN);
            return Ok(());
        }
        if !mail::may_send(ctx.core, (Purpose::Address, address), ctx.now) {
            ctx.notice(NOT_SENT);
            return Ok(());
        }
    }
    let field = verification::address_field(ctx.core, address, ctx.now);
    super::write(ctx, user, id, What::Write(vec![field]), written)
}

fn written(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Answer::Stored(Ok(Rows::Proposed(edited))) = &answer else {
        super::told(ctx, &answer, "");
        return Ok(());
    };
    match verification::letter(&edited.record, ctx.now) {
        Some(letter) => mail::post(ctx, letter, posted),
        None => {
            let name = edited.record.name().unwrap_or_default();
            let mail = edited.record.get(account::MAIL).unwrap_or_default();
            ctx.notice(&format!("EMAIL of account {name} is {mail} now."));
        }
    }
    Ok(())
}

fn posted(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let posted = mail::posted(ctx, &answer);
    ctx.notice(match posted {
        true => "A code has been sent to that address. Once you have told it, VERIFYEMAIL <code>, it is the address of your account.",
        false => NOT_SENT,
    });
    Ok(())
}

/// What is told to somebody whose address nothing can be sent to.
const NOT_SENT: &str =
    "No mail can be sent there now. Your address is as it was; please try again later.";

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn an_address_takes_the_place_of_another_once_it_is_confirmed_and_that_is_told_there() {
        check(
            r"
            servers 2
            config mail irc@test.example
            config oper root sesame
            account alice password=sesame mail=old@mail.example
            root@2  > OPER root sesame
            alice@1 > NS IDENTIFY alice sesame
            alice   > NS SET EMAIL new@mail.example
            alice   <~ :NickServ!services@services.test NOTICE alice :A code has been sent to that address.*
            mail new@mail.example *VERIFYEMAIL $code *
            alice   > NS GET EMAIL
            alice   < :NickServ!services@services.test NOTICE alice :EMAIL: old@mail.example
            nomail old@mail.example
            alice   > NS VERIFYEMAIL $code
            alice   < :NickServ!services@services.test NOTICE alice :The mail address is confirmed, and that of your account.
            mail old@mail.example *Subject: Another mail address for alice on Test*has another mail address now*
            alice   > NS GET EMAIL
            alice   < :NickServ!services@services.test NOTICE alice :EMAIL: new@mail.example
            alice   > NS SET EMAIL other@mail.example
            mail other@mail.example *VERIFYEMAIL $code *
            root    > NS SASET alice EMAIL safe@mail.example
            root    < :NickServ!services@services.test NOTICE root :EMAIL of account alice is safe@mail.example now.
            alice   > NS VERIFYEMAIL $code
            alice   <~ :NickServ!services@services.test NOTICE alice :This code has not been sent*
            root    > OS FORBID ADD EMAIL *@bad.example no
            alice   > NS SET EMAIL al@bad.example
            alice   < :NickServ!services@services.test NOTICE alice :This mail address cannot be used here. Nothing has been changed.
            same
            ",
        );
        check(
            r"
            config mail irc@test.example
            config mail.hourly_address 1
            config mail.queue 1
            account alice password=sesame
            alice > NS IDENTIFY alice sesame
            alice > NS SET EMAIL later@mail.example
            alice <~ :NickServ!services@services.test NOTICE alice :A code has been sent to that address.*
            alice > NS SET EMAIL later@mail.example
            alice <~ :NickServ!services@services.test NOTICE alice :No mail can be sent there now.*
            alice > NS SET EMAIL al@mail.example
            alice <~ :NickServ!services@services.test NOTICE alice :No mail can be sent there now.*
            ",
        );
    }

    #[test]
    fn nobody_has_more_codes_sent_than_they_may_try_to_log_in() {
        check(
            r"
            config mail irc@test.example
            config limits.login_burst 2
            account alice password=sesame
            alice > NS IDENTIFY alice sesame
            alice > NS SET EMAIL a@mail.example
            alice > NS SET EMAIL b@mail.example
            alice > NS SET EMAIL c@mail.example
            alice < :NickServ!services@services.test NOTICE alice :Too many attempts. Wait a minute and try again.
            mail b@mail.example *VERIFYEMAIL *
            nomail c@mail.example
            ",
        );
    }

    #[test]
    fn an_address_that_is_taken_away_is_told_of_it() {
        check(
            r"
            config mail irc@test.example
            config oper root sesame
            account alice password=sesame mail=old@mail.example
            account bob mail=bob@mail.example
            root  > OPER root sesame
            alice > NS IDENTIFY alice sesame
            alice > NS SET EMAIL none
            mail old@mail.example *Subject: Another mail address for alice on Test*
            root  > NS SASET bob EMAIL new@mail.example
            mail bob@mail.example *Subject: Another mail address for bob on Test*
            root  > NS SASET bob EMAIL new@mail.example
            nomail new@mail.example
            ",
        );
    }

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
            alice < :NickServ!services@services.test NOTICE alice :This code has not been sent for your account, or it is too old. SET EMAIL <address> sends another.
            bob@2 > NS IDENTIFY alice sesame-open
            bob   > NS VERIFYEMAIL $code
            bob   < :NickServ!services@services.test NOTICE bob :The mail address is confirmed, and that of your account.
            alice > NS VERIFYEMAIL $code
            alice < :NickServ!services@services.test NOTICE alice :This code has not been sent for your account, or it is too old. SET EMAIL <address> sends another.
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
            alice < :NickServ!services@services.test NOTICE alice :This code has not been sent for your account, or it is too old. SET EMAIL <address> sends another.
            alice > NS SENDPASS alice
            wait 6
            nomail al@mail.example
            ",
        );
    }
}
