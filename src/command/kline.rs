//! KLINE and UNKLINE: bans by `user@host`, on this server.

use crate::{
    core::{
        banlines,
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
    },
    network::{UserId, ban::Kind},
    wire::message::Args,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "KLINE",
    params: "[<duration>] [<mask> [<reason>]]",
    about: "Bans users from this server by user@host.",
    help: banlines::help!("KLINE 2h bad*@*.example.org spam | seen before"),
    replies: &[],
    cost: 1,
    run: Run::Oper(Priv::Ban, set),
    ..Command::USUAL
}];

pub const UNDO: &[Command] = &[Command {
    name: "UNKLINE",
    params: "<mask>",
    about: "Lifts a K-line.",
    help: "Example: UNKLINE *@*.example.org",
    replies: &[],
    cost: 1,
    run: Run::Oper(Priv::Ban, lift),
    ..Command::USUAL
}];

fn set(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    banlines::line(ctx, user, &args, Kind::Kline)
}

fn lift(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    banlines::lift(ctx, user, Kind::Kline, args[0])
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn who_is_banned_goes_and_stays_out() {
        check(
            r"
            servers 2
            config oper root sesame
            alice@1 > JOIN #a
            bob@1   > JOIN #a
            carol@2 > JOIN #a
            alice > KLINE bob@*
            alice < :s1.test 481 alice :Permission Denied - You're not an IRC operator with that privilege
            alice > OPER root sesame
            alice > KLINE 2h ~b?b@* :spam|seen before
            bob   < ERROR :Closing link: Banned (K-line): spam
            alice < :bob!~bob@bob.test QUIT :Banned (K-line): spam
            alice <~ :s1.test NOTICE alice :A K-line on ~b?b@?*is set: no entry until * UTC, spam (seen before).
            raw dave
            dave > NICK dave
            dave > USER bob 0 * :Dave
            dave < :s1.test 465 dave :You are banned from this server: Banned (K-line): spam
            dave < ERROR :Closing link: Banned (K-line): spam
            alice > KLINE
            alice <~ :s1.test NOTICE alice :~b?b@?*: no entry until *, spam (seen before). Set * by alice!~alice@alice.test.
            alice < :s1.test NOTICE alice :Bans of the kind K-line: 1.
            alice > UNKLINE ~b?b@*
            alice < :s1.test NOTICE alice :The K-line on ~b?b@* is lifted.
            alice > UNKLINE ~b?b@*
            alice < :s1.test NOTICE alice :There is no K-line on ~b?b@*.
            bert@1 > JOIN #a
            alice < :bert!~bert@bert.test JOIN #a
            same
            ",
        );
    }

    #[test]
    fn it_holds_on_one_server_only() {
        check(
            r"
            servers 2
            config oper root sesame
            alice@1 > OPER root sesame
            bob@2   > JOIN #a
            alice > KLINE *@bob.test
            bob   <! ERROR
            same
            ",
        );
    }

    #[test]
    fn a_ban_runs_out_by_itself() {
        check(
            r"
            config oper root sesame
            alice > OPER root sesame
            alice > KLINE *@bob.test 90 :briefly
            raw bob
            bob > NICK bob
            bob > USER bob 0 * :Bob
            bob < :s1.test 465 bob :You are banned from this server: Banned (K-line): briefly
            wait 100
            robert > PING x
            alice > KLINE LIST
            alice < :s1.test NOTICE alice :Bans of the kind K-line: 0.
            ",
        );
    }

    #[test]
    fn a_ban_on_everybody_is_refused() {
        check(
            r"
            config oper root sesame
            alice > OPER root sesame
            alice > KLINE *@*.*
            alice <~ :s1.test NOTICE alice :?@?.? would ban far too many; nothing was done.*
            alice > KLINE spammer b@c
            alice < :s1.test NOTICE alice :A K-line on *@spammer is set: no entry, b@c.
            alice > KLINE 5m
            alice <~ :s1.test NOTICE alice :?@5m would ban far too many*
            ",
        );
    }
}
