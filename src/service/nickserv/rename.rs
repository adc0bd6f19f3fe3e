//! NickServ RENAME.

use crate::{
    core::{
        account,
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
    },
    job::Answer,
    network::UserId,
    registry::What,
    wire::{message::Args, name::Nick},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "RENAME",
    params: "<account> <name>",
    about: "Gives somebody's account another name.",
    help: "The account then owns the nick of that name, and the name before is nobody's. Owners choose among their nicks with SET ACCOUNTNAME.",
    replies: &[],
    cost: 3,
    run: Run::Oper(Priv::Accounts, rename),
    ..Command::USUAL
}];

fn rename(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(account) = super::named(ctx, args[0]) else { return Ok(()) };
    let most = ctx.core.config.limits.nick;
    if Nick::new(args[1], ctx.network().casemap(), most).is_none() {
        ctx.notice(&format!("{} cannot be the name of an account.", args[1]));
        return Ok(());
    }
    super::announce(ctx, user, &format!("renames the account {} to {}", args[0], args[1]));
    super::asks(ctx, &[args[1]]);
    super::read(ctx, account, found)
}

fn found(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let asked = super::asked(ctx);
    let (Some(user), [name]) = (ctx.session().user(), asked.as_slice()) else { return Ok(()) };
    let Some(record) = super::record(ctx, answer) else { return Ok(()) };
    let casemap = ctx.network().casemap();
    let before = record.name().and_then(|name| Nick::lookup(name, casemap));
    let (Some(before), Some(new)) = (before, Nick::lookup(name, casemap)) else { return Ok(()) };
    // In another case it is the same nick.
    let mut fields =
        if before == new { Vec::new() } else { account::without_nick(&record, &before, casemap) };
    for field in account::named(&new, casemap) {
        fields.retain(|(key, _)| *key != field.0);
        fields.push(field);
    }
    super::write(ctx, user, record.id, What::Write(fields), renamed)
}

fn renamed(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let name = super::edited_name(&answer);
    super::told(ctx, &answer, &format!("The account is called {name} now."));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn an_account_gets_another_name_and_who_is_logged_in_is_told() {
        check(
            r"
            servers 2
            config oper root sesame
            account alice password=sesame
            account bob password=sesame
            root@1 > OPER root sesame
            alice@2 > CAP REQ account-notify
            alice > JOIN #a
            friend@1 > CAP REQ account-notify
            friend > JOIN #a
            alice > NS IDENTIFY alice sesame
            root > NS RENAME alice bob
            root < :NickServ!services@services.test NOTICE root :That belongs to somebody else already. Nothing has been changed.
            root > NS RENAME nobody carol
            root < :NickServ!services@services.test NOTICE root :nobody is not registered.
            root > NS RENAME alice #x
            root < :NickServ!services@services.test NOTICE root :#x cannot be the name of an account.
            root > NS RENAME alice Alice
            root < :NickServ!services@services.test NOTICE root :The account is called Alice now.
            friend < :alice!~alice@alice.test ACCOUNT Alice
            root > NS RENAME Alice carol
            root < :NickServ!services@services.test NOTICE root :The account is called carol now.
            friend < :alice!~alice@alice.test ACCOUNT carol
            alice <~ * NOTICE alice :Your account is called carol from now on.
            root > NS INFO alice
            root < :NickServ!services@services.test NOTICE root :That nick is not registered.
            alice > NS LOGOUT
            alice > NS IDENTIFY carol sesame
            alice < :NickServ!services@services.test NOTICE alice :You are now identified for carol.
            same
            ",
        );
    }
}
