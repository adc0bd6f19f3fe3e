//! NickServ UNGROUP.

use crate::{
    core::{
        account,
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    job::Answer,
    network::UserId,
    registry::What,
    store::Rows,
    wire::{message::Args, name::Nick},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "UNGROUP",
    params: "[<nick>]",
    about: "Gives back a nick of your account: the one you wear, or another.",
    help: "The name of the account itself stays.",
    replies: &[],
    cost: 3,
    run: Run::User(ungroup),
    ..Command::USUAL
}];

fn ungroup(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(login) = super::login(ctx, user) else { return Ok(()) };
    let name = args.given(0).map_or_else(|| ctx.whois(user).nick().to_string(), str::to_owned);
    let casemap = ctx.network().casemap();
    let nick = Nick::lookup(&name, casemap);
    let own = nick.filter(|nick| ctx.network().claims().nick(nick) == Some(login.id));
    let Some(nick) = own else {
        ctx.notice(&format!("{name} is not one of your nicks."));
        return Ok(());
    };
    if Nick::lookup(&login.name, casemap).as_ref() == Some(&nick) {
        ctx.notice(&format!("{nick} is the name of your account, which it keeps."));
        return Ok(());
    }
    super::asks(ctx, &[nick.as_str()]);
    super::read(ctx, login.id, found)
}

fn found(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let (asked, casemap) = (super::asked(ctx), ctx.network().casemap());
    let nick = asked.first().and_then(|name| Nick::lookup(name, casemap));
    let (Some(user), Some(nick)) = (ctx.session().user(), nick) else { return Ok(()) };
    let Some(record) = super::record(ctx, answer) else { return Ok(()) };
    let name = record.name().and_then(|name| Nick::lookup(name, casemap));
    let Some(name) = name.filter(|name| *name != nick) else {
        ctx.notice(&format!("{nick} is the name of your account, which it keeps."));
        return Ok(());
    };
    // Elsewhere it may get that nick for its name meanwhile: it is called as it was from now on.
    let mut fields = account::without_nick(&record, &nick, casemap);
    let named = account::named(&name, casemap);
    fields.retain(|(key, _)| named.iter().all(|(kept, _)| kept != key));
    fields.extend(named);
    super::write(ctx, user, record.id, What::Write(fields), ungrouped)
}

fn ungrouped(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let nick = match &answer {
        Answer::Stored(Ok(Rows::Proposed(edited))) => {
            edited.changed.iter().find_map(|change| change.before.clone()).unwrap_or_default()
        }
        _ => Box::default(),
    };
    super::told(ctx, &answer, &format!("{nick} is nobody's now."));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn an_account_owns_its_name_though_the_two_sides_of_a_split_disagree() {
        for (first, second, name) in [
            ("alice > NS SET ACCOUNTNAME al", "ali > NS UNGROUP al", "alice"),
            ("ali > NS UNGROUP al", "alice > NS SET ACCOUNTNAME al", "al"),
        ] {
            check(&format!(
                r"
                servers 2
                account alice password=sesame nick:al=al
                alice@1 > NS IDENTIFY alice sesame
                ali@2   > NS IDENTIFY alice sesame
                split 1 | 2
                {first}
                wait 1
                {second}
                heal
                wait 30
                alice   > NS GET ACCOUNTNAME
                alice   < :NickServ!services@services.test NOTICE alice :ACCOUNTNAME: {name}
                alice   > NS INFO {name}
                alice   < :NickServ!services@services.test NOTICE alice :Information on {name}:
                same
                "
            ));
        }
    }

    #[test]
    fn what_another_nick_of_the_account_looks_like_stays_claimed() {
        check(
            r"
            config server.casemapping precis
            config accounts.nick_grace 0
            raw a
            a > NICK evan
            a > USER evan 0 * :E
            a > REGISTER * * open-sesame
            a > NICK еvan
            a > NS GROUP
            a <~ * NOTICE еvan :The nick is one of your account's now.
            a > NS UNGROUP еvan
            a <~ * NOTICE еvan :еvan is nobody's now.
            a > NICK ivan
            bob > NICK еvan
            bob < :s1.test 433 bob еvan :Nickname belongs to an account; log in to it first
            ",
        );
    }
}
