//! NickServ GROUP.

use crate::{
    core::{
        account,
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    job::Answer,
    network::UserId,
    registry::{NICK, What},
    store::Rows,
    wire::message::Args,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "GROUP",
    params: "",
    about: "Makes the nick that you wear one of your account's.",
    help: "It is yours then as the first one is: nobody else can keep it, and you can log in by it. UNGROUP gives it back, GLIST shows all.",
    replies: &[],
    cost: 3,
    run: Run::User(group),
    ..Command::USUAL
}];

fn group(ctx: &mut Ctx<'_>, user: UserId, _args: Args<'_>) -> Outcome {
    let Some(login) = super::login(ctx, user) else { return Ok(()) };
    super::read(ctx, login.id, counted)
}

/// There are only so many for each account.
fn counted(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Some(user) = ctx.session().user() else { return Ok(()) };
    let Answer::Stored(Ok(Rows::Record(Some(record)))) = answer else {
        super::unavailable(ctx);
        return Ok(());
    };
    let most = ctx.core.config.accounts.nicks;
    if record.under(NICK).count() >= most {
        ctx.notice(&format!("An account has at most {most} nicks. UNGROUP one first."));
        return Ok(());
    }
    let nick = ctx.whois(user).nick().clone();
    if ctx.network().claims().nick(&nick) == Some(record.id) {
        ctx.notice(&format!("{nick} is one of your nicks already."));
        return Ok(());
    }
    let fields = account::nick_claims(&nick, ctx.network().casemap());
    super::write(ctx, user, record.id, What::Write(fields), grouped)
}

fn grouped(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    super::told(ctx, &answer, "The nick is one of your account's now.");
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn an_account_has_several_nicks_and_not_too_many() {
        check(
            r"
            servers 2
            config accounts.nicks 2
            bob@2   > NS REGISTER sesame-open
            alice@1 > NS GROUP
            alice <~ :NickServ!services@services.test NOTICE alice :You are not logged in.*
            alice > NS REGISTER sesame-open
            alice > NS GROUP
            alice < :NickServ!services@services.test NOTICE alice :alice is one of your nicks already.
            alice > NICK al
            alice > NS GROUP
            alice < :NickServ!services@services.test NOTICE al :The nick is one of your account's now.
            alice > NS GLIST
            alice < :NickServ!services@services.test NOTICE al :Nicks of alice: al alice
            alice > NICK ally
            alice > NS GROUP
            alice < :NickServ!services@services.test NOTICE ally :An account has at most 2 nicks. UNGROUP one first.
            alice > NS UNGROUP al
            alice < :NickServ!services@services.test NOTICE ally :al is nobody's now.
            alice > NS UNGROUP alice
            alice < :NickServ!services@services.test NOTICE ally :alice is the name of your account, which it keeps.
            alice > NS UNGROUP bob
            alice < :NickServ!services@services.test NOTICE ally :bob is not one of your nicks.
            bob > NICK al
            bob > NS GROUP
            bob < :NickServ!services@services.test NOTICE al :The nick is one of your account's now.
            same
            ",
        );
    }
}
