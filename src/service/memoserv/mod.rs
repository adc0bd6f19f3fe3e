//! MemoServ: what is left for people until they read it.

mod delete;
mod forward;
mod ignore;
mod list;
mod read;
mod send;
mod sendops;

use super::{Service, account, asked, asks, nickserv, told};
use crate::{
    core::{
        account::{id_of_session, of_session},
        ctx::{Ctx, Outcome, Resume},
        dispatch::Table,
        memo::{self, IGNORED, Memo, TEXT_MAX},
        settings::{self, NOMEMO},
    },
    job::Answer,
    network::crdt,
    registry::{Record, RecordId, What},
    store::Rows,
    wire::encode,
};

/// The service.
pub static SERVICE: Service = Service {
    name: crdt::MEMOSERV,
    alias: "MS",
    about: "What people leave for each other until it is read.",
    table: Table {
        commands: &[
            delete::COMMANDS,
            forward::COMMANDS,
            ignore::COMMANDS,
            list::COMMANDS,
            read::COMMANDS,
            send::COMMANDS,
            sendops::COMMANDS,
        ],
    },
};

/// Leaves a memo for whoever owns a nick, from the account that the session is logged in to.
fn leave(ctx: &mut Ctx<'_>, name: &str, text: &str) -> Outcome {
    let Some(id) = account(ctx, name) else { return Ok(()) };
    asks(ctx, &[text]);
    nickserv::read(ctx, id, addressed)
}

/// Who gets a memo may not want any, or not from everybody, or has too many.
fn addressed(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Some(record) = nickserv::record(ctx, answer) else { return Ok(()) };
    let text = asked(ctx).into_iter().next().unwrap_or_default();
    match post(ctx, &record, &text, left) {
        Ok(outcome) => outcome,
        Err(why) => {
            ctx.notice(&format!("{} {why}.", record.name().unwrap_or_default()));
            Ok(())
        }
    }
}

/// Leaves a memo for an account, from the one that the session is logged in to, unless it takes none.
fn post(
    ctx: &mut Ctx<'_>,
    record: &Record,
    text: &str,
    then: Resume,
) -> Result<Outcome, &'static str> {
    if let Some(why) = refusal(ctx, record) {
        return Err(why);
    }
    let from = of_session(ctx).ok_or("gets no memos from those who are not logged in")?;
    let at = ctx.core.clock.tick(ctx.now.wall);
    let text = encode::head(text, TEXT_MAX);
    let memo = Memo { key: memo::key(at), at, from: &from, read: false, text };
    Ok(write(ctx, record.id, vec![memo.field()], then))
}

/// Why no memo may be left for an account, if none may.
fn refusal(ctx: &Ctx<'_>, record: &Record) -> Option<&'static str> {
    let ignored =
        id_of_session(ctx).is_some_and(|id| record.get(&format!("{IGNORED}{id}")).is_some());
    // Who is ignored is not told apart from others who cannot leave any.
    if settings::is_on(record, NOMEMO) || ignored {
        return Some("does not take memos");
    }
    let full = memo::all(record).len() >= ctx.core.config.accounts.memos;
    full.then_some("has as many memos as may be left, and has to read and delete some first")
}

fn left(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let name = match &answer {
        Answer::Stored(Ok(Rows::Proposed(edited))) => edited.record.name().unwrap_or_default(),
        _ => "",
    };
    let done = format!("The memo for {name} is left.");
    told(ctx, &answer, &done);
    Ok(())
}

/// Has the store write fields of an account.
fn write(
    ctx: &mut Ctx<'_>,
    id: RecordId,
    fields: Vec<(Box<str>, Option<Box<str>>)>,
    then: Resume,
) -> Outcome {
    match ctx.session().user() {
        Some(user) => nickserv::write(ctx, user, id, What::Write(fields), then),
        None => Ok(()),
    }
}

/// Which of an account's memos are meant by a number, NEW, LAST or ALL; if none are, that is told.
fn chosen<'a>(ctx: &mut Ctx<'_>, memos: &'a [Memo<'a>], which: &str) -> Vec<(usize, &'a Memo<'a>)> {
    let numbered = memos.iter().zip(1..).map(|(memo, number)| (number, memo));
    let chosen: Vec<_> = match which.to_ascii_uppercase().as_str() {
        "ALL" => numbered.collect(),
        "NEW" => numbered.filter(|(_, memo)| !memo.read).collect(),
        "LAST" => numbered.last().into_iter().collect(),
        other => {
            let wanted = other.parse::<usize>().ok();
            numbered.filter(|(number, _)| Some(*number) == wanted).collect()
        }
    };
    if chosen.is_empty() {
        ctx.notice(&format!("You have no such memo: {which}. LIST shows which you have."));
    }
    chosen
}
