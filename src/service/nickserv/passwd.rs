//! NickServ PASSWD, and SETPASS, by which operators do it for others.

use crate::{
    config::Secret,
    core::{
        account::{self, Failure},
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        login,
        oper::Priv,
        recovery, sasl,
    },
    job::{Answer, Job},
    network::UserId,
    registry::What,
    wire::{message::Args, name::Nick},
};

pub const PASSWD: &[Command] = &[Command {
    name: "PASSWD",
    params: "<current> <new> [<new again>]",
    about: "Gives your account another password.",
    help: "Whoever is logged in stays so: CLIENTS LIST shows who that is, and CLIENTS LOGOUT ALL disconnects all but you. Certificates that log in stay too.\nExample: PASSWD sesame open-sesame open-sesame",
    replies: &[],
    cost: 4,
    run: Run::User(passwd),
    ..Command::USUAL
}];

pub const SETPASS: &[Command] = &[Command {
    name: "SETPASS",
    params: "<account> <new>",
    about: "Gives somebody's account another password.",
    help: "Whoever is logged in to it is logged out, on every server. Certificates that log in, and a second factor, stay: CERT and 2FA show them to the owner. Tell the password to nobody but the owner, who should change it with PASSWD.\nExample: SETPASS alice open-sesame",
    replies: &[],
    cost: 4,
    run: Run::Oper(Priv::Accounts, setpass),
    audited: |args| args.iter().take(1).copied().collect(),
    ..Command::USUAL
}];

fn passwd(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(login) = super::login(ctx, user) else { return Ok(()) };
    if args.get(2).is_some_and(|again| again != args[1]) {
        ctx.notice("The two new passwords are not the same. Nothing has been changed.");
        return Ok(());
    }
    let Some(name) = Nick::lookup(&login.name, ctx.network().casemap()) else { return Ok(()) };
    let (current, new) = (Secret::new(args[0]), Secret::new(args[1]));
    login::change_password(ctx, (&login, name), current, new, changed)
}

fn changed(ctx: &mut Ctx<'_>, name: &Nick, how: Result<(), Failure>) -> Outcome {
    match how {
        Ok(()) => ctx.notice(&format!("The password for {name} has been changed.")),
        Err(Failure::Wrong) => ctx.notice(&format!("Invalid password for {name}.")),
        Err(Failure::Unavailable) => super::unavailable(ctx),
        Err(failure) => {
            ctx.notice(&format!("The password for {name} stays as it is: {}.", failure.why()));
        }
    }
    Ok(())
}

fn setpass(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(account) = super::named(ctx, args[0]) else { return Ok(()) };
    if let Err(failure) = account::may_be_password(ctx.core, args[1]) {
        ctx.notice(&format!("The password stays as it is: {}.", failure.why()));
        return Ok(());
    }
    super::announce(ctx, user, &format!("gives the account {} another password", args[0]));
    super::asks(ctx, &[&account.to_string()]);
    let scram = sasl::keeps_verifiers(&ctx.core.config);
    ctx.defer(Job::Hash { password: Secret::new(args[1]), scram }, hashed);
    Ok(())
}

fn hashed(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let account = super::asked_account(ctx);
    let (Answer::Hashed(hashes), Some(account)) = (answer, account) else {
        super::unavailable(ctx);
        return Ok(());
    };
    let Some(user) = ctx.session().user() else { return Ok(()) };
    let fields = recovery::taken_back(&hashes, ctx.now.wall);
    super::write(ctx, user, account, What::Write(fields), set)
}

fn set(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let name = super::edited_name(&answer);
    super::told(ctx, &answer, &format!("The password for {name} has been changed."));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_password_is_changed_by_who_knows_it() {
        check(
            r"
            servers 2
            alice@1 > NS PASSWD sesame-open sesame-shut
            alice <~ :NickServ!services@services.test NOTICE alice :You are not logged in.*
            alice > NS REGISTER sesame-open
            alice > NS PASSWD wrong-one sesame-shut
            alice < :NickServ!services@services.test NOTICE alice :Invalid password for alice.
            alice > NS PASSWD sesame-open sesame-shut sesame-sh
            alice < :NickServ!services@services.test NOTICE alice :The two new passwords are not the same. Nothing has been changed.
            alice > NS PASSWD sesame-open short
            alice < :NickServ!services@services.test NOTICE alice :The password for alice stays as it is: the password is too short.
            alice > NS PASSWD sesame-open sesame-shut sesame-shut
            alice < :NickServ!services@services.test NOTICE alice :The password for alice has been changed.
            bob@2 > NS IDENTIFY alice sesame-open
            bob < :NickServ!services@services.test NOTICE bob :Invalid password for alice.
            bob > NS IDENTIFY alice sesame-shut
            bob < :NickServ!services@services.test NOTICE bob :You are now identified for alice.
            same
            ",
        );
    }

    #[test]
    fn who_guesses_the_password_before_has_to_wait() {
        check(
            r"
            config limits.login_burst 1
            alice > NS REGISTER sesame-open
            alice > NS PASSWD wrong-one sesame-shut
            alice < :NickServ!services@services.test NOTICE alice :Invalid password for alice.
            alice > NS PASSWD sesame-open sesame-shut
            alice < :NickServ!services@services.test NOTICE alice :The password for alice stays as it is: too many attempts, wait a moment.
            ",
        );
    }

    #[test]
    fn an_operator_gives_an_account_another_password() {
        check(
            r"
            servers 2
            config oper root sesame
            config oper guard sesame oper
            account alice password=sesame
            root > NS SETPASS alice sesame-shut
            root < :NickServ!services@services.test NOTICE root :Permission Denied - You're not an IRC operator with that privilege
            root > OPER root sesame
            root > NS SETPASS nobody sesame-shut
            root < :NickServ!services@services.test NOTICE root :nobody is not registered.
            alice@1 > NS IDENTIFY alice sesame
            phone@2 > NS IDENTIFY alice sesame
            root > NS SETPASS alice short
            root < :NickServ!services@services.test NOTICE root :The password stays as it is: the password is too short.
            root > NS SETPASS Alice sesame-shut
            root < :NickServ!services@services.test NOTICE root :The password for alice has been changed.
            alice < :s1.test NOTICE alice :You are logged out: the account alice has been given another password.
            phone < :s2.test NOTICE phone :You are logged out: the account alice has been given another password.
            bob > NS IDENTIFY alice sesame-shut
            bob < :NickServ!services@services.test NOTICE bob :You are now identified for alice.
            guard > OPER guard sesame
            guard > NS SETPASS alice sesame-open
            guard < :NickServ!services@services.test NOTICE guard :Permission Denied - You're not an IRC operator with that privilege
            ",
        );
    }
}
