//! NickServ UNREGISTER, DROP and DELETE-ME, by which an account ends, and SADROP and ERASE, by which
//! operators end one.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
    },
    job::Answer,
    network::UserId,
    registry::{RecordId, What},
    wire::{message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "UNREGISTER",
    params: "<account> [<code>]",
    about: "Ends your account, for good.",
    help: "Its nicks are free then, and what it owns is nobody's. So that it does not happen by mistake, you are told a code that has to follow.\nExample: UNREGISTER alice",
    replies: &[reply::LOGGED_OUT],
    cost: 3,
    run: Run::User(unregister),
    ..Command::USUAL
}];

pub const DROP: &[Command] = &[Command { name: "DROP", ..COMMANDS[0] }];

pub const DELETE_ME: &[Command] = &[Command {
    name: "DELETE-ME",
    params: "[<code>]",
    about: "Ends your account, and deletes all that is stored of it on every server.",
    help: "That is what UNREGISTER does too: nicks, certificates, settings, mail address and whatever else EXPORT shows. Nothing is kept but that there has been an account, without a name; backups and logs are for whoever runs the server to delete. So that it does not happen by mistake, you are told a code that has to follow.",
    replies: &[reply::LOGGED_OUT],
    cost: 3,
    run: Run::User(delete_me),
    ..Command::USUAL
}];

pub const SADROP: &[Command] = &[Command {
    name: "SADROP",
    params: "<account> [<code>]",
    about: "Ends somebody's account, for good, and deletes all that is stored of it.",
    help: "So that it does not happen by mistake, you are told a code that has to follow. SUSPEND keeps the owner out and the account there.\nExample: SADROP alice",
    replies: &[reply::LOGGED_OUT],
    cost: 3,
    run: Run::Oper(Priv::Accounts, sadrop),
    ..Command::USUAL
}];

pub const ERASE: &[Command] = &[Command { name: "ERASE", ..SADROP[0] }];

fn unregister(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(login) = super::login(ctx, user) else { return Ok(()) };
    if !login.name.eq_ignore_ascii_case(args[0]) {
        ctx.notice(&format!("You are logged in as {}, not as {}.", login.name, args[0]));
        return Ok(());
    }
    let again = format!("UNREGISTER {}", login.name);
    end(ctx, user, (login.id, &login.name), (args.given(1), &again))
}

fn delete_me(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(login) = super::login(ctx, user) else { return Ok(()) };
    end(ctx, user, (login.id, &login.name), (args.given(0), "DELETE-ME"))
}

fn sadrop(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(account) = super::named(ctx, args[0]) else { return Ok(()) };
    if args.given(1) == Some(&account.to_string()) {
        super::announce(ctx, user, &format!("ends the account {}", args[0]));
    }
    let again = format!("SADROP {}", args[0]);
    end(ctx, user, (account, args[0]), (args.given(1), &again))
}

/// Ends an account, if the code is its own; else tells it, and what to say with it.
fn end(
    ctx: &mut Ctx<'_>,
    user: UserId,
    (account, name): (RecordId, &str),
    (given, again): (Option<&str>, &str),
) -> Outcome {
    // Made from what is the account's own: it is to be typed, and need not be secret.
    let code = account.to_string();
    if given == Some(&code) {
        return super::write(ctx, user, account, What::End, ended);
    }
    ctx.notice(&format!(
        "This ends the account {name} and frees its nicks, for good. If you mean it: {again} {code}"
    ));
    Ok(())
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
            alice > NS UNREGISTER alice $record
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

    #[test]
    fn who_wants_to_be_forgotten_is() {
        check(
            r"
            servers 2
            config oper root sesame
            account alice password=sesame nick:al=al mail=a@b.example cert:ab12=y
            root@2 > OPER root sesame
            alice@1 > NS DELETE-ME
            alice <~ :NickServ!services@services.test NOTICE alice :You are not logged in.*
            alice > NS IDENTIFY alice sesame
            alice > NS DELETE-ME
            alice < :NickServ!services@services.test NOTICE alice :This ends the account alice and frees its nicks, for good. If you mean it: DELETE-ME 1-000
            alice > NS DELETE-ME 1-000
            alice < :s1.test NOTICE alice :You are logged out, since your account is no more.
            alice < :NickServ!services@services.test NOTICE alice :The account is no more.
            root > NS INFO al
            root < :NickServ!services@services.test NOTICE root :That nick is not registered.
            root > NS LIST
            root < :NickServ!services@services.test NOTICE root :End of the list: 0 accounts.
            same
            ",
        );
    }

    #[test]
    fn an_operator_ends_somebodys_account() {
        check(
            r"
            servers 2
            config oper root sesame
            account alice password=sesame
            alice@2 > NS IDENTIFY alice sesame
            root@1 > OPER root sesame
            root > NS SADROP nobody
            root < :NickServ!services@services.test NOTICE root :nobody is not registered.
            root > NS SADROP alice
            root < :NickServ!services@services.test NOTICE root :This ends the account alice and frees its nicks, for good. If you mean it: SADROP alice 1-000
            root > NS ERASE alice 1-000
            root < :NickServ!services@services.test NOTICE root :The account is no more.
            alice < :s2.test NOTICE alice :You are logged out, since your account is no more.
            same
            ",
        );
    }
}
