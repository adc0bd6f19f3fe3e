//! MemoServ IGNORE.

use super::write;
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        memo::IGNORED,
    },
    job::Answer,
    network::UserId,
    registry::RecordId,
    service::{account, asked, asks, logged_in, nickserv, told},
    wire::message::Args,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "IGNORE",
    params: "<subcommand> [<account>]",
    about: "Takes no memos from an account, or takes them again.",
    help: "IGNORE ADD <account>, IGNORE DEL <account>, IGNORE LIST. Whoever tries is told that you do not take memos; at most 50 accounts can be ignored.\nExample: IGNORE ADD mallory",
    replies: &[],
    cost: 4,
    run: Run::User(ignore),
    ..Command::USUAL
}];

/// How many accounts can be ignored.
const IGNORED_MAX: usize = 50;

fn ignore(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(login) = logged_in(ctx, user) else { return Ok(()) };
    let verb = args[0].to_ascii_uppercase();
    match (verb.as_str(), args.given(1)) {
        ("LIST", _) => nickserv::read(ctx, login.id, listed),
        ("ADD" | "DEL", Some(name)) => {
            let Some(other) = account(ctx, name) else { return Ok(()) };
            asks(ctx, &[verb.as_str(), &other.to_string(), name]);
            nickserv::read(ctx, login.id, counted)
        }
        _ => {
            ctx.notice("IGNORE knows ADD <account>, DEL <account>, and LIST.");
            Ok(())
        }
    }
}

/// There is room for only so many.
fn counted(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Some(record) = nickserv::record(ctx, answer) else { return Ok(()) };
    let asked = asked(ctx);
    let [verb, other, name] = asked.as_slice() else { return Ok(()) };
    let add = verb == "ADD";
    if add && record.under(IGNORED).count() >= IGNORED_MAX {
        ctx.notice(&format!("You ignore {IGNORED_MAX} accounts already. DEL one first."));
        return Ok(());
    }
    let done = match add {
        true => format!("No memos are taken from {name} any more."),
        false => format!("Memos are taken from {name} again."),
    };
    asks(ctx, &[&done]);
    let value = add.then(|| name.as_str().into());
    write(ctx, record.id, vec![(format!("{IGNORED}{other}").into(), value)], written)
}

fn written(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let done = asked(ctx).into_iter().next().unwrap_or_default();
    told(ctx, &answer, &done);
    Ok(())
}

fn listed(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Some(record) = nickserv::record(ctx, answer) else { return Ok(()) };
    let ids: Vec<(RecordId, Box<str>)> = record
        .under(IGNORED)
        .filter_map(|(id, field)| Some((RecordId::parse(id)?, field.value.clone()?)))
        .collect();
    ids.iter().for_each(|(_, name)| ctx.notice(name));
    ctx.notice(&format!("Accounts from which no memos are taken: {}.", ids.len()));
    Ok(())
}
