//! MemoServ READ.

use super::{chosen, write};
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        memo::{self, Memo},
        welcome,
    },
    job::Answer,
    network::UserId,
    service::{asked, asks, logged_in, nickserv},
    wire::message::Args,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "READ",
    params: "<which>",
    about: "Shows what memos say: one by its number, or LAST, or NEW for all that have not been read.",
    help: "LIST shows the numbers.\nExample: READ 1",
    replies: &[],
    cost: 4,
    run: Run::User(read),
    ..Command::USUAL
}];

fn read(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(login) = logged_in(ctx, user) else { return Ok(()) };
    asks(ctx, &[args[0]]);
    nickserv::read(ctx, login.id, found)
}

fn found(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Some(record) = nickserv::record(ctx, answer) else { return Ok(()) };
    let which = asked(ctx).into_iter().next().unwrap_or_default();
    let memos = memo::all(&record);
    let mut new = Vec::new();
    for (number, memo) in chosen(ctx, &memos, &which) {
        let when = welcome::date_text(memo.at.wall());
        ctx.notice(&format!("Memo {number} from {}, {when}:", memo.from));
        ctx.notice(memo.text);
        if !memo.read {
            new.push(Memo { read: true, ..memo.clone() }.field());
        }
    }
    match new.is_empty() {
        true => Ok(()),
        // What cannot be noted as read is new the next time.
        false => write(ctx, record.id, new, |_, _| Ok(())),
    }
}
