//! NickServ RESETPASS.

use crate::{
    config::Secret,
    core::{
        account::Failure,
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        recovery,
    },
    network::UserId,
    wire::{message::Args, name::Nick},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "RESETPASS",
    params: "<account> <code> <password>",
    about: "Sets another password, with the code that SENDPASS has sent by mail.",
    help: "The old password is good no more, and whoever is logged in to the account is logged out, on every server. IDENTIFY then logs you in with the new one; a second factor is asked for as before.\nExample: RESETPASS alice abcdefghijkm open-sesame",
    replies: &[],
    cost: 4,
    run: Run::User(resetpass),
    ..Command::USUAL
}];

fn resetpass(ctx: &mut Ctx<'_>, _: UserId, args: Args<'_>) -> Outcome {
    let Some(name) = Nick::lookup(args[0], ctx.network().casemap()) else {
        ctx.notice(WRONG);
        return Ok(());
    };
    recovery::reset(ctx, name, (Secret::new(args[1]), Secret::new(args[2])), reset)
}

fn reset(ctx: &mut Ctx<'_>, name: &Nick, how: Result<(), Failure>) -> Outcome {
    match how {
        Ok(()) => ctx.notice(&format!(
            "{name} has another password now. IDENTIFY {name} <password> logs you in."
        )),
        Err(Failure::Wrong) => ctx.notice(WRONG),
        Err(Failure::TooOften) => ctx.notice(super::TOO_OFTEN),
        Err(
            failure @ (Failure::WeakPassword | Failure::LongPassword | Failure::ForbiddenPassword),
        ) => {
            ctx.notice(&format!("Nothing has been changed: {}.", failure.why()));
        }
        Err(_) => super::unavailable(ctx),
    }
    Ok(())
}

/// Whether there is such an account is not told.
const WRONG: &str = "This code has not been sent for such an account, or it is too old. SENDPASS <account> sends another.";

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn who_has_the_code_sets_another_password() {
        check(
            r"
            servers 2
            config mail irc@test.example
            config limits.login_burst 20
            config limits.account_login_burst 20
            account alice password=sesame mail=al@mail.example
            bob@2 > NS RESETPASS alice abcdefghijkm open-sesame
            bob   < :NickServ!services@services.test NOTICE bob :This code has not been sent for such an account, or it is too old. SENDPASS <account> sends another.
            bob   > NS SENDPASS alice
            wait 6
            mail al@mail.example *RESETPASS alice $code *
            bob   > NS RESETPASS #alice $code open-sesame
            bob   <~ :NickServ!services@services.test NOTICE bob :This code has not been sent*
            bob   > NS RESETPASS bob $code open-sesame
            bob   <~ :NickServ!services@services.test NOTICE bob :This code has not been sent*
            bob   > NS RESETPASS alice $code short
            bob   < :NickServ!services@services.test NOTICE bob :Nothing has been changed: the password is too short.
            eve@1 > NS RESETPASS alice $code open-sesame
            eve   < :NickServ!services@services.test NOTICE eve :alice has another password now. IDENTIFY alice <password> logs you in.
            bob   > NS RESETPASS alice $code closed-sesame
            bob   <~ :NickServ!services@services.test NOTICE bob :This code has not been sent*
            bob   > NS IDENTIFY alice sesame
            bob   < :NickServ!services@services.test NOTICE bob :Invalid password for alice.
            bob   > NS IDENTIFY alice open-sesame
            bob   < :s2.test 900 bob bob!~bob@bob.test alice :You are now logged in as alice
            same
            ",
        );
    }

    #[test]
    fn whoever_is_logged_in_is_logged_out_by_a_reset_wherever_they_are() {
        check(
            r"
            servers 2
            config mail irc@test.example
            account alice password=sesame mail=al@mail.example
            thief@1 > NS IDENTIFY alice sesame
            other@2 > NS IDENTIFY alice sesame
            raw late
            late    > CAP REQ sasl
            late    > AUTHENTICATE PLAIN
            late    > AUTHENTICATE AGFsaWNlAHNlc2FtZQ==
            late    <~ :s1.test 903 *
            bob@2   > NS SENDPASS alice
            wait 6
            mail al@mail.example *RESETPASS alice $code *
            split 1 | 2
            bob     > NS RESETPASS alice $code open-sesame
            other   < :s2.test NOTICE other :You are logged out: the account alice has been given another password.
            bob     > NS IDENTIFY alice open-sesame
            thief   > PING x
            thief   <! logged out
            heal
            thief   < :s1.test NOTICE thief :You are logged out: the account alice has been given another password.
            late    > NICK late
            late    > USER late 0 * :Late
            late    > CAP END
            bob     > NS CLIENTS LIST
            bob     < :NickServ!services@services.test NOTICE bob :Logged in to your account: 1.
            same
            ",
        );
    }

    #[test]
    fn a_code_undoes_nothing_that_was_set_later() {
        for set in ["PASSWD sesame alices-own alices-own", "SET EMAIL none"] {
            check(&format!(
                r"
                config mail irc@test.example
                account alice password=sesame mail=old@mail.example
                alice > NS IDENTIFY alice sesame
                bob   > NS SENDPASS alice
                wait 6
                mail old@mail.example *RESETPASS alice $code *
                alice > NS {set}
                bob   > NS RESETPASS alice $code bobs-choice
                bob   <~ :NickServ!services@services.test NOTICE bob :This code has not been sent*
                "
            ));
        }
    }

    #[test]
    fn a_code_is_good_for_a_while_and_only_so_many_are_tried() {
        check(
            r"
            config mail irc@test.example
            config accounts.reset_timeout 600
            config limits.ping_interval 5000
            config limits.account_login_burst 2
            config limits.account_login_interval 60
            account alice password=sesame mail=al@mail.example
            bob > NS SENDPASS alice
            wait 6
            mail al@mail.example *RESETPASS alice $code *good for 10m.*
            bob > NS RESETPASS alice 1 open-sesame
            bob > NS RESETPASS alice 2 open-sesame
            bob > NS RESETPASS alice $code open-sesame
            bob <~ :NickServ!services@services.test NOTICE bob :Too many attempts*
            wait 600
            bob > NS RESETPASS alice $code open-sesame
            bob <~ :NickServ!services@services.test NOTICE bob :This code has not been sent*
            ",
        );
    }
}
