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
    next(ctx, words.collect())
}

/// One after the other: the session asks one thing at a time. What is noted is the channel, the text, how
/// many have been left, and for whom there are still some to leave.
fn next(ctx: &mut Ctx<'_>, noted: Vec<String>) -> Outcome {
    let wanted = noted.get(3).and_then(|id| RecordId::parse(id));
    if let Some(id) = wanted {
        asks(ctx, &noted);
        return nickserv::read(ctx, id, found);
    }
    if let [channel, _, count, ..] = noted.as_slice() {
        ctx.notice(&format!("Memos that are left for the operators of {channel}: {count}."));
    }
    Ok(())
}

fn found(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let mut noted = asked(ctx);
    let text = noted.get(1).cloned().unwrap_or_default();
    if noted.len() > 3 {
        noted.remove(3);
    }
    // Whoever cannot be reached is passed over.
    let posted = login::recalled(answer).ok().flatten();
    match posted.and_then(|record| post(ctx, &record, &text, left).ok()) {
        Some(outcome) => {
            asks(ctx, &noted);
            outcome
        }
        None => next(ctx, noted),
    }
}

fn left(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let mut noted = asked(ctx);
    if let (Answer::Stored(Ok(Rows::Proposed(_))), Some(count)) = (answer, noted.get_mut(2)) {
        *count = count.parse::<usize>().map_or(0, |count| count + 1).to_string();
    }
    next(ctx, noted)
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
