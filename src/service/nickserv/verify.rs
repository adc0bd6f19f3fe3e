//! NickServ VERIFY, and SAVERIFY and FVERIFY, by which operators do without a code.

use crate::{
    config::Secret,
    core::{
        account::{self, Failure},
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
        verification,
    },
    job::Answer,
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
        Err(Failure::Suspended) => ctx.notice(&format!(
            "{name} is registered now, but suspended; ask an operator of the network."
        )),
        Err(_) => super::unavailable(ctx),
    }
    Ok(())
}

pub const SAVERIFY: &[Command] = &[Command {
    name: "SAVERIFY",
    params: "<account>",
    about: "Completes the registration of somebody's account without a code.",
    help: "It is for those whom no mail reaches, and who have shown otherwise who they are.",
    replies: &[],
    cost: 3,
    run: Run::Oper(Priv::Accounts, saverify),
    ..Command::USUAL
}];

pub const FVERIFY: &[Command] = &[Command { name: "FVERIFY", ..SAVERIFY[0] }];

fn saverify(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(account) = super::named(ctx, args[0]) else { return Ok(()) };
    super::announce(ctx, user, &format!("verifies the account {}", args[0]));
    super::read(ctx, account, read)
}

fn read(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Some(record) = super::record(ctx, answer) else { return Ok(()) };
    match ctx.session().user() {
        Some(user) if record.unverified().is_some() => {
            super::write(ctx, user, record.id, verification::completed(&record), completed)
        }
        _ => {
            ctx.notice(&format!("{} does not wait.", record.name().unwrap_or_default()));
            Ok(())
        }
    }
}

fn completed(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let name = super::edited_name(&answer);
    super::told(ctx, &answer, &format!("{name} is verified."));
    Ok(())
}

/// Whether there is such an account is not told.
const WRONG: &str = "No such account waits for this code, or not any more.";

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn an_operator_needs_no_code() {
        check(
            r"
            servers 2
            config mail irc@test.example
            config accounts.email_required true
            config oper root sesame
            root@2  > OPER root sesame
            alice@1 > NS REGISTER sesame-open nobody@mail.example
            alice   > NS SAVERIFY alice
            alice   <~ :NickServ!services@services.test NOTICE alice :Permission Denied*
            root    > NS LIST a*
            root    <~ :NickServ!services@services.test NOTICE root :alice (last seen *), not verified
            root    > NS SAVERIFY nobody
            root    < :NickServ!services@services.test NOTICE root :nobody is not registered.
            root    > NS FVERIFY alice
            root    < :NickServ!services@services.test NOTICE root :alice is verified.
            root    > NS SAVERIFY alice
            root    < :NickServ!services@services.test NOTICE root :alice does not wait.
            alice   > NS IDENTIFY sesame-open
            alice   < :NickServ!services@services.test NOTICE alice :You are now identified for alice.
            same
            ",
        );
    }

    #[test]
    fn a_suspended_account_is_completed_and_lets_nobody_in() {
        check(
            r"
            servers 2
            config mail irc@test.example
            config accounts.email_required true
            config oper root sesame
            root@2  > OPER root sesame
            alice@1 > NS REGISTER sesame-open al@mail.example
            bob@1   > NS REGISTER sesame-open bob@mail.example
            mail al@mail.example *VERIFY alice $code*
            root    > NS SUSPEND ADD alice 1d rude
            root    > NS SUSPEND ADD bob 1d rude
            alice   > NS VERIFY alice $code
            alice   <~ :NickServ!services@services.test NOTICE alice :The account alice is suspended until *: rude
            alice   < :NickServ!services@services.test NOTICE alice :alice is registered now, but suspended; ask an operator of the network.
            alice   <! 900
            mail bob@mail.example *VERIFY bob $code*
            bob     > VERIFY bob $code
            bob     < :s1.test FAIL VERIFY TEMPORARILY_UNAVAILABLE bob :The account cannot be verified now; try again later.
            bob     <! 900
            root    > NS SUSPEND DEL alice
            alice   > NS IDENTIFY sesame-open
            alice   < :NickServ!services@services.test NOTICE alice :You are now identified for alice.
            same
            ",
        );
    }

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
