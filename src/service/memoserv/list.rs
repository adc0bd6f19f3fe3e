//! MemoServ LIST.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        memo, welcome,
    },
    job::Answer,
    network::UserId,
    service::{logged_in, nickserv},
    wire::message::Args,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "LIST",
    params: "",
    about: "Shows which memos you have.",
    help: "READ <number> shows what one says, DELETE <number> deletes it.",
    replies: &[],
    cost: 3,
    run: Run::User(list),
    ..Command::USUAL
}];

fn list(ctx: &mut Ctx<'_>, user: UserId, _args: Args<'_>) -> Outcome {
    let Some(login) = logged_in(ctx, user) else { return Ok(()) };
    nickserv::read(ctx, login.id, listed)
}

fn listed(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Some(record) = nickserv::record(ctx, answer) else { return Ok(()) };
    let memos = memo::all(&record);
    for (memo, number) in memos.iter().zip(1..) {
        let new = if memo.read { "" } else { " (new)" };
        let when = welcome::date_text(memo.at.wall());
        ctx.notice(&format!("{number}{new}: from {}, {when}", memo.from));
    }
    let new = memos.iter().filter(|memo| !memo.read).count();
    ctx.notice(&format!("Memos: {}, of which {new} are new.", memos.len()));
    Ok(())
}
