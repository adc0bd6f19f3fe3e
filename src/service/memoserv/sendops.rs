//! MemoServ SENDOPS.

use super::post;
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        login,
    },
    job::Answer,
    network::UserId,
    registry::RecordId,
    service::{asked, asks, logged_in, nickserv},
    store::Rows,
    wire::message::Args,
};
use std::collections::BTreeSet;

pub const COMMANDS: &[Command] = &[Command {
    name: "SENDOPS",
    params: "<channel> <text>",
    about: "Leaves a memo for all who may be operators of a registered channel.",
    help: "You have to have access to the channel yourself that lets you see its access list (flag A). At most 50 are left; who takes no memos, or has too many, is passed over.\nExample: SENDOPS #dev the meeting is on Monday",
    replies: &[],
    cost: 10,
    run: Run::User(sendops),
    ..Command::USUAL
}];

/// How many memos are left at once.
const LEFT_MAX: usize = 50;

fn sendops(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(login) = logged_in(ctx, user) else { return Ok(()) };
    let name = ctx.channel_name(args[0]);
    let Some(known) = name.and_then(|name| ctx.core.registration(&name)) else {
        ctx.notice(&format!("{} is not registered.", args[0]));
        return Ok(());
    };
    if !known.flags(Some(login.id)).has('A') {
        ctx.notice(&format!("You have no access to {} that lets you do that.", args[0]));
        return Ok(());
    }
    // The founder may stand on the list as well.
    let accounts: BTreeSet<&RecordId> = known.founder.iter().chain(known.access.keys()).collect();
    let channel = known.name();
    let operators =
        accounts.into_iter().filter(|id| **id != login.id && known.flags(Some(**id)).has('o'));
    let ids: Vec<String> = operators.take(LEFT_MAX).map(RecordId::to_string).collect();
    let text = format!("[{channel}] {}", args[1]);
    let words = [channel, &text, "0"].map(str::to_owned).into_iter().chain(ids);
    let words: Vec<String> = words.collect();
    asks(ctx, &words.iter().map(String::as_str).collect::<Vec<_>>());
    next(ctx)
}

/// One after the other: the session asks one thing at a time. What is noted is the channel, the text, how
/// many have been left, and for whom there are still some to leave.
fn next(ctx: &mut Ctx<'_>) -> Outcome {
    let noted = &ctx.session().asked;
    let wanted = noted.get(3).and_then(|id| RecordId::parse(id));
    if let Some(id) = wanted {
        return nickserv::read(ctx, id, found);
    }
    if let [channel, _, count, ..] = asked(ctx).as_slice() {
        ctx.notice(&format!("Memos that are left for the operators of {channel}: {count}."));
    }
    Ok(())
}

fn found(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let text = ctx.session().asked.get(1).cloned().unwrap_or_default();
    if ctx.session().asked.len() > 3 {
        ctx.session_mut().asked.remove(3);
    }
    // Whoever cannot be reached is passed over.
    match login::recalled(answer) {
        Ok(Some(record)) => post(ctx, &record, &text, left).unwrap_or_else(|_| next(ctx)),
        Ok(None) | Err(_) => next(ctx),
    }
}

fn left(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let count = ctx.session().asked.get(2).and_then(|count| count.parse::<usize>().ok());
    if let (Answer::Stored(Ok(Rows::Proposed(_))), Some(count)) = (answer, count) {
        let counted = (count + 1).to_string().into();
        ctx.session_mut().asked.splice(2..3, [counted]);
    }
    next(ctx)
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn the_operators_of_a_channel_are_left_a_memo() {
        check(
            r"
            servers 2
            account alice password=sesame
            account bob password=sesame
            account carol password=sesame
            account dave password=sesame nomemo=on
            account erin password=sesame
            alice@1 > NS IDENTIFY alice sesame
            alice   > JOIN #a
            alice   > CS REGISTER #a
            alice   > CS FLAGS #a bob AOP
            alice   > CS FLAGS #a carol VOP
            alice   > CS FLAGS #a dave AOP
            bob@2   > NS IDENTIFY bob sesame
            carol@2 > NS IDENTIFY carol sesame
            erin@2  > MS SENDOPS #a hello
            erin    <~ :MemoServ!services@services.test NOTICE erin :You are not logged in.*
            erin    > NS IDENTIFY erin sesame
            erin    > MS SENDOPS #a hello
            erin    < :MemoServ!services@services.test NOTICE erin :You have no access to #a that lets you do that.
            erin    > MS SENDOPS #none hello
            erin    < :MemoServ!services@services.test NOTICE erin :#none is not registered.
            carol   > MS SENDOPS #A the meeting is on Monday
            carol   < :MemoServ!services@services.test NOTICE carol :Memos that are left for the operators of #a: 2.
            alice   < :MemoServ!services@services.test NOTICE alice :You have a new memo from carol. /msg MemoServ READ 1 shows it.
            bob     > MS READ 1
            bob     <~ :MemoServ!services@services.test NOTICE bob :Memo 1 from carol, *
            bob     < :MemoServ!services@services.test NOTICE bob :[#a] the meeting is on Monday
            carol   > MS LIST
            carol   < :MemoServ!services@services.test NOTICE carol :Memos: 0, of which 0 are new.
            same
            ",
        );
    }
}
