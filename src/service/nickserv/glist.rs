//! NickServ GLIST.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    job::Answer,
    network::UserId,
    registry::NICK,
    wire::message::Args,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "GLIST",
    params: "",
    about: "Shows the nicks of your account.",
    help: "",
    replies: &[],
    cost: 3,
    run: Run::User(glist),
    ..Command::USUAL
}];

fn glist(ctx: &mut Ctx<'_>, user: UserId, _args: Args<'_>) -> Outcome {
    let Some(login) = super::login(ctx, user) else { return Ok(()) };
    super::read(ctx, login.id, found)
}

fn found(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Some(record) = super::record(ctx, answer) else { return Ok(()) };
    let nicks = record.under(NICK).filter_map(|(_, field)| field.value.as_deref());
    let nicks: Vec<&str> = nicks.collect();
    let name = record.name().unwrap_or_default();
    ctx.notice(&format!("Nicks of {name}: {}", nicks.join(" ")));
    Ok(())
}
