//! NickServ SAREGISTER.

use crate::{
    config::Secret,
    core::{
        account,
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
        registry, sasl,
    },
    job::{Answer, Hashes, Job},
    network::UserId,
    registry::{Edit, Kind, RecordId, What},
    wire::{message::Args, name::Nick},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "SAREGISTER",
    params: "<account> [<password>]",
    about: "Makes an account for somebody else.",
    help: "Without a password nobody can log in to it until SETPASS gives it one. It may have a name that is reserved.\nExample: SAREGISTER alice open-sesame",
    replies: &[],
    cost: 4,
    run: Run::Oper(Priv::Accounts, saregister),
    audited: |args| args.iter().take(1).copied().collect(),
    ..Command::USUAL
}];

fn saregister(ctx: &mut Ctx<'_>, _user: UserId, args: Args<'_>) -> Outcome {
    let (casemap, most) = (ctx.network().casemap(), ctx.core.config.limits.nick);
    let Some(nick) = Nick::new(args[0], casemap, most) else {
        ctx.notice(&format!("{} cannot be the name of an account.", args[0]));
        return Ok(());
    };
    if account::holder(ctx.network(), &nick).is_some() {
        ctx.notice(&format!("{nick} is already registered."));
        return Ok(());
    }
    super::asks(ctx, &[nick.as_str()]);
    let Some(password) = args.given(1) else { return found(ctx, &Hashes::default()) };
    if let Err(failure) = account::may_be_password(ctx.core, password) {
        ctx.notice(&format!("{nick} is not registered: {}.", failure.why()));
        return Ok(());
    }
    let scram = sasl::keeps_verifiers(&ctx.core.config);
    ctx.defer(Job::Hash { password: Secret::new(password), scram }, hashed);
    Ok(())
}

fn hashed(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    match answer {
        Answer::Hashed(hashes) => found(ctx, &hashes),
        _ => {
            super::unavailable(ctx);
            Ok(())
        }
    }
}

/// Has the store make the account.
fn found(ctx: &mut Ctx<'_>, hashes: &Hashes) -> Outcome {
    let (asked, casemap) = (super::asked(ctx), ctx.network().casemap());
    let nick = asked.first().and_then(|name| Nick::lookup(name, casemap));
    let (Some(user), Some(nick)) = (ctx.session().user(), nick) else { return Ok(()) };
    let at = ctx.core.clock.tick(ctx.now.wall);
    let mut fields = account::named(&nick, casemap);
    fields.extend(account::kept(hashes).into_iter().filter(|(_, value)| value.is_some()));
    super::announce(ctx, user, &format!("registers the account {nick}"));
    let (id, what, by) = (RecordId(at), What::Write(fields), ctx.whois(user).mask().into());
    registry::propose(ctx, Edit { id, kind: Kind::Account, at, by, what }, registered);
    Ok(())
}

fn registered(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let name = super::edited_name(&answer);
    super::told(ctx, &answer, &format!("{name} is now registered."));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn an_operator_makes_accounts_for_others() {
        check(
            r"
            servers 2
            config oper root sesame
            config accounts.registration false
            root@1 > OPER root sesame
            root > PRIVMSG NickServ :SAREGISTER alice sesame-open
            root < :NickServ!services@services.test NOTICE root :alice is now registered.
            root <! 900
            root > NS SAREGISTER Alice sesame-open
            root < :NickServ!services@services.test NOTICE root :Alice is already registered.
            root > NS SAREGISTER #x sesame-open
            root < :NickServ!services@services.test NOTICE root :#x cannot be the name of an account.
            root > NS SAREGISTER bob short
            root < :NickServ!services@services.test NOTICE root :bob is not registered: the password is too short.
            root > NS SAREGISTER bob
            root < :NickServ!services@services.test NOTICE root :bob is now registered.
            carl@2 > NS IDENTIFY bob sesame-open
            carl < :NickServ!services@services.test NOTICE carl :Invalid password for bob.
            carl > NS IDENTIFY alice sesame-open
            carl < :NickServ!services@services.test NOTICE carl :You are now identified for alice.
            same
            ",
        );
    }
}
