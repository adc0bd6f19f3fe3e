//! MemoServ DELETE.

use super::{chosen, write};
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        memo,
    },
    job::Answer,
    network::UserId,
    service::{asked, asks, logged_in, nickserv, told},
    store::Rows,
    wire::message::Args,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "DELETE",
    params: "<which>",
    about: "Deletes memos: one by its number, or LAST, or ALL.",
    help: "The numbers of those behind it change; LIST shows them.\nExample: DELETE 1",
    replies: &[],
    cost: 4,
    run: Run::User(delete),
    ..Command::USUAL
}];

fn delete(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(login) = logged_in(ctx, user) else { return Ok(()) };
    asks(ctx, &[args[0]]);
    nickserv::read(ctx, login.id, found)
}

fn found(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Some(record) = nickserv::record(ctx, answer) else { return Ok(()) };
    let which = asked(ctx).into_iter().next().unwrap_or_default();
    let memos = memo::all(&record);
    let gone = chosen(ctx, &memos, &which).into_iter();
    let gone: Vec<_> = gone.map(|(_, memo)| (memo.key.as_str().into(), None)).collect();
    match gone.is_empty() {
        true => Ok(()),
        false => write(ctx, record.id, gone, deleted),
    }
}

fn deleted(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let count = match &answer {
        Answer::Stored(Ok(Rows::Proposed(edited))) => edited.changed.len(),
        _ => 0,
    };
    told(ctx, &answer, &format!("Memos that are deleted: {count}."));
    Ok(())
}
