//! VERIFY (`ircv3: account-registration`).

use crate::{
    config::Secret,
    core::{
        account::{self, Failure},
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        verification,
    },
    wire::{fail, message::Message, name::Nick, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "VERIFY",
    params: "<account> <code>",
    about: "Completes the registration of an account with the code that was sent by mail.",
    help: "From then on you are logged in, and the nick is yours. Where no mail is sent, an account is complete once REGISTER says so.\nExample: VERIFY alice 39gvcdg4myvn",
    replies: &[reply::LOGGED_IN],
    cost: 4,
    run: Run::Any(verify),
    ..Command::USUAL
}];

fn verify(ctx: &mut Ctx<'_>, message: &Message<'_>) -> Outcome {
    let (name, code) = (message.args[0], message.args[1]);
    if let Some(account) = account::of_session(ctx) {
        return Err(fail::verify_already_authenticated(&account).into());
    }
    if ctx.session().user().is_none() && !account::before_connect(&ctx.core.config) {
        return Err(fail::verify_complete_connection().into());
    }
    let Some(nick) = Nick::lookup(name, ctx.network().casemap()) else {
        return Err(fail::verify_invalid_code(name).into());
    };
    verification::verify(ctx, nick, Secret::new(code), verified)
}

fn verified(ctx: &mut Ctx<'_>, name: &Nick, how: Result<(), Failure>) -> Outcome {
    let refusal = match how {
        Ok(()) => {
            let done = "Account successfully registered";
            ctx.line("VERIFY", &["SUCCESS", name.as_str()], Some(done));
            return Ok(());
        }
        Err(Failure::Wrong) => fail::verify_invalid_code,
        Err(Failure::TooOften) => fail::verify_too_many,
        Err(_) => fail::verify_temporarily_unavailable,
    };
    Err(refusal(name.as_str()).into())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    const MAILED: &str = "config mail irc@test.example
        config accounts.email_required true";

    #[test]
    fn an_account_is_its_owner_s_once_the_code_is_told() {
        check(&format!(
            r"
            servers 2
            {MAILED}
            bob@2   > CAP REQ account-notify
            alice@1 > REGISTER * al@mail.example sesame-open
            alice < :s1.test REGISTER VERIFICATION_REQUIRED alice :Account created, pending verification; a code has been sent to your mail address, VERIFY completes it
            mail al@mail.example *VERIFY alice $code*The code is good for 1d.*
            bob   > REGISTER alice al@mail.example sesame-open
            bob   < :s2.test FAIL REGISTER ACCOUNT_NAME_MUST_BE_NICK alice :An account is registered under the nick that you have; take that nick first.
            bob   > NS IDENTIFY alice sesame-open
            bob   <~ :NickServ!services@services.test NOTICE bob :The account waits for the code*
            wait 40
            alice <! NOTICE
            alice > VERIFY bob $code
            alice < :s1.test FAIL VERIFY INVALID_CODE bob :No such account waits for this code, or not any more.
            alice > VERIFY #alice $code
            alice < :s1.test FAIL VERIFY INVALID_CODE #alice :No such account waits for this code, or not any more.
            alice > VERIFY alice a$code
            alice < :s1.test FAIL VERIFY INVALID_CODE alice :No such account waits for this code, or not any more.
            alice > VERIFY alice $code
            alice < :s1.test 900 alice alice!~alice@alice.test alice :You are now logged in as alice
            alice < :s1.test VERIFY SUCCESS alice :Account successfully registered
            bob   > VERIFY alice $code
            bob   < :s2.test FAIL VERIFY INVALID_CODE alice :No such account waits for this code, or not any more.
            alice > VERIFY alice $code
            alice < :s1.test FAIL VERIFY ALREADY_AUTHENTICATED alice :You are logged in to an account already.
            alice > NICK al
            bob   > NICK alice
            bob   <~ :NickServ!services@services.test NOTICE alice :This nickname is registered*
            bob   > NS IDENTIFY alice sesame-open
            bob   < :s2.test 900 alice alice!~bob@bob.test alice :You are now logged in as alice
            same
            ",
        ));
    }

    #[test]
    fn a_code_is_good_on_every_server_and_before_one_is_connected() {
        check(&format!(
            r"
            servers 2
            {MAILED}
            raw a
            a > CAP LS 302
            a <~ * CAP * LS * draft/account-registration=before-connect,email-required *
            a > NICK al
            a > REGISTER * al@mail.example sesame-open
            a <~ :s1.test REGISTER VERIFICATION_REQUIRED al *
            a > QUIT
            mail al@mail.example *VERIFY al $code*
            raw b
            b > NICK al
            b > VERIFY al $code
            b < :s1.test 900 al al!*@* al :You are now logged in as al
            b < :s1.test VERIFY SUCCESS al :Account successfully registered
            b > USER al 0 * :Al
            b < :s1.test 001 al :Welcome to the Test IRC network, al!~al@b.test
            carol@1 > REGISTER * carol@mail.example sesame-open
            mail carol@mail.example *VERIFY carol $code*
            carol > QUIT
            carol2@2 > VERIFY carol $code
            carol2 < :s2.test VERIFY SUCCESS carol :Account successfully registered
            same
            ",
        ));
        check(&format!(
            r"
            {MAILED}
            config accounts.registration_before_connect false
            raw a
            a > NICK al
            a > VERIFY al 123
            a < :s1.test FAIL VERIFY COMPLETE_CONNECTION_REQUIRED :Complete your connection before you verify an account.
            ",
        ));
    }

    #[test]
    fn nobody_logs_in_to_an_account_that_waits() {
        check(&format!(
            r"
            {MAILED}
            secure a
            a > REGISTER * al@mail.example sesame-open
            a <~ :s1.test REGISTER VERIFICATION_REQUIRED a *
            a > CAP REQ sasl
            a > AUTHENTICATE EXTERNAL
            a > AUTHENTICATE +
            a < :s1.test 904 a :SASL authentication failed: the account waits for the code that was sent to its mail address (VERIFY)
            a > AUTHENTICATE PLAIN
            a > AUTHENTICATE AGEAc2VzYW1lLW9wZW4=
            a < :s1.test 904 a :SASL authentication failed: the account waits for the code that was sent to its mail address (VERIFY)
            a > NS IDENTIFY sesame-open
            a <~ :NickServ!services@services.test NOTICE a :The account waits for the code*
            a <! 900
            raw b
            b > PASS a:sesame-open
            b > NICK bo
            b > USER bo 0 * :Bo
            b <~ :s1.test NOTICE bo :*the account waits for the code*
            b > NS INFO a
            b <~ * NOTICE bo :*waits to be verified*
            b <! mail.example
            ",
        ));
    }

    #[test]
    fn who_guesses_codes_has_to_wait() {
        check(&format!(
            r"
            {MAILED}
            config limits.account_login_burst 2
            config limits.account_login_interval 60
            alice > REGISTER * al@mail.example sesame-open
            mail al@mail.example *VERIFY alice $code*
            bob   > VERIFY alice 123
            bob   > VERIFY alice 124
            bob   > VERIFY alice $code
            bob   < :s1.test FAIL VERIFY TEMPORARILY_UNAVAILABLE alice :Too many attempts; wait a moment and try again.
            wait 60
            alice > VERIFY alice $code
            alice <~ :s1.test VERIFY SUCCESS alice *
            ",
        ));
    }

    #[test]
    fn an_account_that_is_not_verified_in_time_is_forgotten() {
        check(&format!(
            r"
            servers 2
            {MAILED}
            config accounts.verify_timeout 600
            config limits.ping_interval 5000
            config accounts.unverified 1
            alice@1 > REGISTER * al@mail.example sesame-open
            mail al@mail.example *VERIFY alice $code*good for 10m.*
            bob@2   > REGISTER * bob@mail.example sesame-open
            bob     < :s2.test FAIL REGISTER TEMPORARILY_UNAVAILABLE bob :No account can be registered now; try again later.
            wait 590
            alice > QUIT
            bob   > NICK alice
            bob   > REGISTER * bob@mail.example sesame-open
            bob   < :s2.test FAIL REGISTER ACCOUNT_EXISTS alice :There is an account of that name already, or the nick belongs to one.
            wait 10
            bob   > VERIFY alice $code
            bob   < :s2.test FAIL VERIFY INVALID_CODE alice :No such account waits for this code, or not any more.
            wait 70
            bob   > REGISTER * bob@mail.example sesame-open
            bob   <~ :s2.test REGISTER VERIFICATION_REQUIRED alice *
            mail bob@mail.example *VERIFY alice $code*
            bob   > VERIFY alice $code
            bob   < :s2.test VERIFY SUCCESS alice :Account successfully registered
            same
            ",
        ));
    }

    #[test]
    fn who_verifies_in_time_behind_a_split_keeps_the_account() {
        check(&format!(
            r"
            servers 2
            {MAILED}
            config accounts.verify_timeout 600
            config limits.ping_interval 5000
            alice@1 > REGISTER * al@mail.example sesame-open
            mail al@mail.example *VERIFY alice $code*
            split 1 | 2
            wait 500
            alice > VERIFY alice $code
            alice < :s1.test VERIFY SUCCESS alice :Account successfully registered
            wait 300
            heal
            wait 10
            same
            alice > NS LOGOUT
            bob@2 > NS IDENTIFY alice sesame-open
            bob   < :s2.test 900 bob bob!~bob@bob.test alice :You are now logged in as alice
            ",
        ));
    }

    #[test]
    fn without_mail_no_code_is_right() {
        check(
            r"
            account alice password=sesame
            raw a
            a > VERIFY alice
            a < :s1.test 461 * VERIFY :Not enough parameters
            a > NICK al
            a > VERIFY alice 123
            a < :s1.test FAIL VERIFY INVALID_CODE alice :No such account waits for this code, or not any more.
            ",
        );
    }
}
