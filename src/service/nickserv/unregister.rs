//! NickServ UNREGISTER, and DROP, which is the same.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    job::Answer,
    network::UserId,
    registry::What,
    wire::{message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "UNREGISTER",
    params: "<account> [<code>]",
    about: "Ends your account, for good.",
    help: "Its nicks are free then, and what it owns is nobody's. So that it does not happen by mistake, you are told a code that has to follow.",
    replies: &[reply::LOGGED_OUT],
    cost: 3,
    run: Run::User(unregister),
    ..Command::USUAL
}];

pub const DROP: &[Command] = &[Command { name: "DROP", ..COMMANDS[0] }];

fn unregister(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(login) = super::login(ctx, user) else { return Ok(()) };
    if !login.name.eq_ignore_ascii_case(args[0]) {
        ctx.notice(&format!("You are logged in as {}, not as {}.", login.name, args[0]));
        return Ok(());
    }
    // Made from what is the account's own: it is to be typed, and need not be secret.
    let code = login.id.to_string();
    match args.given(1) {
        Some(given) if given == code => super::write(ctx, user, login.id, What::End, ended),
        Some(_) | None => {
            ctx.notice(&format!(
                "This ends the account {0} and frees its nicks, for good. If you mean it: UNREGISTER {0} {code}",
                login.name
            ));
            Ok(())
        }
    }
}

fn ended(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    super::told(ctx, &answer, "The account is no more.");
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn an_account_ends_everywhere_and_its_name_is_free() {
        check(
            r"
            servers 2
            alice@1 > NS REGISTER sesame-open
            alice > NS DROP bob
            alice < :NickServ!services@services.test NOTICE alice :You are logged in as alice, not as bob.
            alice > NS UNREGISTER alice
            alice <~ :NickServ!services@services.test NOTICE alice :This ends the account alice*
            alice > NS UNREGISTER alice wrong
            alice <~ :NickServ!services@services.test NOTICE alice :This ends the account alice*
            alice > NS UNREGISTER alice 1a3185c50140000-20V
            alice <~ :s1.test NOTICE alice :You are logged out, since your account is no more.
            alice < :NickServ!services@services.test NOTICE alice :The account is no more.
            bob@2   > NICK alice2
            bob   > NS IDENTIFY alice sesame-open
            bob   < :NickServ!services@services.test NOTICE alice2 :Invalid password for alice.
            alice > NS REGISTER sesame-again
            alice < :NickServ!services@services.test NOTICE alice :alice is now registered, and yours.
            same
            ",
        );
    }
}
