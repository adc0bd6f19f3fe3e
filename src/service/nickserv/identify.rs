//! NickServ IDENTIFY.

use crate::{
    config::Secret,
    core::{
        account::{self, Failure},
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        login,
    },
    network::UserId,
    wire::{message::Args, name::Nick, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "IDENTIFY",
    params: "[<account>] <password> [<code>]",
    about: "Logs you in to an account.",
    help: "Without an account the one is meant that your nick belongs to. Better is SASL, which most clients can do for you: then you are logged in before anybody sees you. The code is for accounts that take one (2FA).\nExample: IDENTIFY alice open-sesame",
    replies: &[reply::LOGGED_IN],
    cost: 4,
    run: Run::User(identify),
    ..Command::USUAL
}];

fn identify(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let (name, password) = match (args.given(1), args.given(2)) {
        (Some(password), Some(code)) => (args[0].to_owned(), format!("{password} {code}")),
        (Some(password), None) => (args[0].to_owned(), password.to_owned()),
        (None, _) => (ctx.whois(user).nick().to_string(), args[0].to_owned()),
    };
    let Some(nick) = Nick::lookup(&name, ctx.network().casemap()) else {
        ctx.notice(&wrong(&name));
        return Ok(());
    };
    login::log_in(ctx, nick, Secret::new(&password), identified)
}

fn identified(ctx: &mut Ctx<'_>, name: &Nick, how: Result<(), Failure>) -> Outcome {
    match how {
        Ok(()) => {
            let account = account::of_session(ctx).unwrap_or_default();
            ctx.notice(&format!("You are now identified for {account}."));
        }
        Err(Failure::Wrong) => ctx.notice(&wrong(name.as_str())),
        Err(Failure::Suspended) => {
            ctx.notice("The account is suspended; ask an operator of the network.")
        }
        Err(Failure::Unverified) => {
            ctx.notice("The account waits for the code that was sent to its mail address: VERIFY <account> <code>. RESEND sends it again.");
        }
        Err(Failure::TooOften) => {
            ctx.notice("Too many wrong passwords, from your address or for this account. Wait a minute and try again.")
        }
        Err(Failure::CodeWanted | Failure::WrongCode) => {
            let why = how.err().map_or("", Failure::why);
            ctx.notice(&format!("{name} is not entered: {why}."));
        }
        Err(_) => super::unavailable(ctx),
    }
    Ok(())
}

/// Whether there is such an account is not told.
fn wrong(name: &str) -> String {
    format!("Invalid password for {name}.")
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn who_knows_the_password_is_logged_in_wherever_they_are() {
        check(
            r"
            servers 2
            alice@1 > NS REGISTER sesame-open
            alice > QUIT
            alice2@2 > NS IDENTIFY alice wrong-one
            alice2 < :NickServ!services@services.test NOTICE alice2 :Invalid password for alice.
            alice2 > NS IDENTIFY nobody sesame-open
            alice2 < :NickServ!services@services.test NOTICE alice2 :Invalid password for nobody.
            alice2 > NS IDENTIFY alice sesame-open
            alice2 < :s2.test 900 alice2 alice2!~alice2@alice2.test alice :You are now logged in as alice
            alice2 < :NickServ!services@services.test NOTICE alice2 :You are now identified for alice.
            alice2 > NICK alice
            alice2 < :alice2!~alice2@alice2.test NICK :alice
            same
            ",
        );
    }

    #[test]
    fn who_guesses_has_to_wait() {
        check(
            r"
            config limits.login_burst 1
            alice > NS IDENTIFY bob wrong-one
            alice < :NickServ!services@services.test NOTICE alice :Invalid password for bob.
            alice > NS IDENTIFY bob wrong-two
            alice < :NickServ!services@services.test NOTICE alice :Too many wrong passwords, from your address or for this account. Wait a minute and try again.
            ",
        );
    }
}
