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
    let claims = account::nick_claims(&nick, casemap).into_iter();
    let fields = claims.map(|(key, _)| (key, None)).collect();
    super::write(ctx, user, login.id, What::Write(fields), ungrouped)
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
