//! MemoServ FORWARD.

use super::{chosen, leave};
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        memo,
    },
    job::Answer,
    network::UserId,
    service::{asked, asks, logged_in, nickserv},
    wire::message::Args,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "FORWARD",
    params: "<account> <number>",
    about: "Leaves one of your memos for somebody else.",
    help: "It says from whom it was.\nExample: FORWARD bob 1",
    replies: &[],
    cost: 6,
    run: Run::User(forward),
    ..Command::USUAL
}];

fn forward(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(login) = logged_in(ctx, user) else { return Ok(()) };
    asks(ctx, &[args[0], args[1]]);
    nickserv::read(ctx, login.id, found)
}

fn found(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Some(record) = nickserv::record(ctx, answer) else { return Ok(()) };
    let asked = asked(ctx);
    let [name, which] = asked.as_slice() else { return Ok(()) };
    let memos = memo::all(&record);
    // One at a time.
    match chosen(ctx, &memos, which).as_slice() {
        [] => Ok(()),
        [(_, memo)] => leave(ctx, name, &format!("[from {}] {}", memo.from, memo.text)),
        _ => {
            ctx.notice("One memo can be forwarded at a time; give its number.");
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_memo_goes_on_to_somebody_else() {
        check(
            r"
            account alice password=sesame
            account bob password=sesame
            account carol password=sesame
            alice > NS IDENTIFY alice sesame
            alice > MS SEND bob hello
            alice > MS SEND bob again
            bob   > NS IDENTIFY bob sesame
            carol > NS IDENTIFY carol sesame
            bob   > MS FORWARD carol 1
            bob   < :MemoServ!services@services.test NOTICE bob :The memo for carol is left.
            carol > MS READ 1
            carol <~ :MemoServ!services@services.test NOTICE carol :Memo 1 from bob, *
            carol < :MemoServ!services@services.test NOTICE carol :[from alice] hello
            bob   > MS FORWARD carol ALL
            bob   < :MemoServ!services@services.test NOTICE bob :One memo can be forwarded at a time; give its number.
            bob   > MS FORWARD carol 7
            bob   < :MemoServ!services@services.test NOTICE bob :You have no such memo: 7. LIST shows which you have.
            bob   > MS FORWARD nobody 1
            bob   < :MemoServ!services@services.test NOTICE bob :nobody is not registered.
            ",
        );
    }
}
