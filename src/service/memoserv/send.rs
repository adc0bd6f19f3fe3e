//! MemoServ SEND.

use super::leave;
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    network::UserId,
    service::logged_in,
    wire::message::Args,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "SEND",
    params: "<account> <text>",
    about: "Leaves a memo for the owner of an account.",
    help: "They are told of it when they log in, or at once. You have to be logged in yourself.\nExample: SEND alice back at noon",
    replies: &[],
    cost: 6,
    run: Run::User(send),
    ..Command::USUAL
}];

fn send(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    match logged_in(ctx, user) {
        Some(_) => leave(ctx, args[0], args[1]),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_memo_is_left_on_one_server_and_read_on_another() {
        check(
            r"
            servers 2
            account alice password=sesame
            account bob password=sesame
            alice@1 > MS SEND bob hello
            alice   < :MemoServ!services@services.test NOTICE alice :You are not logged in. /msg NickServ IDENTIFY <account> <password> logs you in.
            alice   > NS IDENTIFY alice sesame
            alice   > MS SEND nobody hello
            alice   < :MemoServ!services@services.test NOTICE alice :nobody is not registered.
            alice   > MS SEND bob the first: hello
            alice   < :MemoServ!services@services.test NOTICE alice :The memo for bob is left.
            bob@2   > NS IDENTIFY bob sesame
            bob     < :MemoServ!services@services.test NOTICE bob :You have a new memo. /msg MemoServ READ NEW shows it.
            alice   > MEMOSERV SEND bob the second
            bob     < :MemoServ!services@services.test NOTICE bob :You have a new memo from alice. /msg MemoServ READ 2 shows it.
            bob     > MS LIST
            bob     <~ :MemoServ!services@services.test NOTICE bob :1 (new): from alice, *
            bob     <~ :MemoServ!services@services.test NOTICE bob :2 (new): from alice, *
            bob     < :MemoServ!services@services.test NOTICE bob :Memos: 2, of which 2 are new.
            bob     > MS READ 1
            bob     <~ :MemoServ!services@services.test NOTICE bob :Memo 1 from alice, *
            bob     < :MemoServ!services@services.test NOTICE bob :the first: hello
            bob     > MS READ NEW
            bob     <~ :MemoServ!services@services.test NOTICE bob :Memo 2 from alice, *
            bob     < :MemoServ!services@services.test NOTICE bob :the second
            bob     > MS READ NEW
            bob     < :MemoServ!services@services.test NOTICE bob :You have no such memo: NEW. LIST shows which you have.
            bob     > MS DELETE 1
            bob     < :MemoServ!services@services.test NOTICE bob :Memos that are deleted: 1.
            bob     > MS LIST
            bob     <~ :MemoServ!services@services.test NOTICE bob :1: from alice, *
            bob     < :MemoServ!services@services.test NOTICE bob :Memos: 1, of which 0 are new.
            crash 1
            crash 2
            start 1
            start 2
            heal
            carol@1 > NS IDENTIFY bob sesame
            carol   > MS READ LAST
            carol   < :MemoServ!services@services.test NOTICE carol :the second
            same
            ",
        );
    }

    #[test]
    fn a_memo_is_mailed_once_to_who_wants_that() {
        check(
            r"
            servers 2
            config mail irc@test.example
            config mail.hourly_address 4
            config limits.ping_interval 5000
            account alice password=sesame
            account bob password=sesame mail=bob@mail.example
            account carol password=sesame emailmemos=on
            account dave password=sesame emailmemos=on mail=dave@mail.example unverified:dave=salt
            alice@1 > NS IDENTIFY alice sesame
            alice   > MS SEND bob by hand
            nomail bob@mail.example
            bob@2   > NS IDENTIFY bob sesame
            bob     > NS SET EMAILMEMOS on
            alice   > MS SEND bob on paper, {code}
            alice   > MS SEND carol hello
            alice   > MS SEND dave hello
            mail bob@mail.example *Subject: A memo from alice on *alice has left a memo for the account bob on *on paper, {code}*
            bob     < :MemoServ!services@services.test NOTICE bob :You have a new memo from alice. /msg MemoServ READ 2 shows it.
            wait 70
            nomail bob@mail.example
            nomail dave@mail.example
            bob     > MS SEND bob the second
            bob     > MS SEND bob the third
            mail bob@mail.example *the second*
            mail bob@mail.example *the third*
            bob     > MS SEND bob the fourth
            wait 70
            nomail bob@mail.example
            same
            ",
        );
    }

    #[test]
    fn who_comes_by_sasl_is_told_of_memos() {
        check(
            r"
            account alice password=sesame
            account bob password=sesame
            bob > NS IDENTIFY bob sesame
            bob > MS SEND alice one
            bob > MS SEND alice two
            raw d
            d > CAP REQ sasl
            d > AUTHENTICATE PLAIN
            d > AUTHENTICATE AGFsaWNlAHNlc2FtZQ==
            d > NICK dee
            d > USER dee 0 * :Dee
            d > CAP END
            d < :MemoServ!services@services.test NOTICE dee :You have 2 new memos. /msg MemoServ READ NEW shows them.
            ",
        );
    }

    #[test]
    fn memos_are_left_on_both_sides_of_a_split() {
        check(
            r"
            servers 2
            account alice password=sesame
            account bob password=sesame
            alice@1 > NS IDENTIFY alice sesame
            bob@2   > NS IDENTIFY bob sesame
            alice   > MS SEND bob zero
            split 1 | 2
            alice   > MS SEND bob one
            bob     > MS SEND bob two
            bob     > MS DELETE 1
            heal
            bob     < :MemoServ!services@services.test NOTICE bob :You have a new memo from alice. /msg MemoServ READ 1 shows it.
            bob     > MS LIST
            bob     <~ :MemoServ!services@services.test NOTICE bob :1 (new): from alice, *
            bob     <~ :MemoServ!services@services.test NOTICE bob :2 (new): from bob, *
            bob     < :MemoServ!services@services.test NOTICE bob :Memos: 2, of which 2 are new.
            same
            ",
        );
    }

    #[test]
    fn only_so_many_memos_are_left_and_only_where_they_are_wanted() {
        check(
            r"
            config accounts.memos 2
            account alice password=sesame
            account bob password=sesame
            account carol password=sesame nomemo=on
            alice > NS IDENTIFY alice sesame
            alice > MS SEND bob one
            alice > MS SEND bob two
            alice > MS SEND bob three
            alice < :MemoServ!services@services.test NOTICE alice :bob has as many memos as may be left, and has to read and delete some first.
            alice > MS SEND carol hi
            alice < :MemoServ!services@services.test NOTICE alice :carol does not take memos.
            bob   > NS IDENTIFY bob sesame
            bob   > MS DELETE ALL
            bob   < :MemoServ!services@services.test NOTICE bob :Memos that are deleted: 2.
            bob   > MS IGNORE ADD Alice
            bob   < :MemoServ!services@services.test NOTICE bob :No memos are taken from Alice any more.
            bob   > MS IGNORE ADD nobody
            bob   < :MemoServ!services@services.test NOTICE bob :nobody is not registered.
            bob   > MS IGNORE LIST
            bob   < :MemoServ!services@services.test NOTICE bob :Alice
            bob   < :MemoServ!services@services.test NOTICE bob :Accounts from which no memos are taken: 1.
            alice > MS SEND bob four
            alice < :MemoServ!services@services.test NOTICE alice :bob does not take memos.
            bob   > MS IGNORE DEL alice
            bob   < :MemoServ!services@services.test NOTICE bob :Memos are taken from alice again.
            bob   > MS IGNORE FROB
            bob   < :MemoServ!services@services.test NOTICE bob :IGNORE knows ADD <account>, DEL <account>, and LIST.
            alice > MS SEND bob five
            alice < :MemoServ!services@services.test NOTICE alice :The memo for bob is left.
            ",
        );
    }
}
