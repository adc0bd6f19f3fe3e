//! UBAN: one command for every server ban, by nick, mask, address, range or account.

use crate::{
    core::{
        banlines,
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
    },
    network::UserId,
    wire::{message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "UBAN",
    params: "[<subcommand> [<target> [<rest>]]]",
    about: "Bans whoever fits a target from the network, or lets them in with an account only.",
    help: "UBAN ADD <target> [REQUIRE-SASL] [DURATION <duration>] [<reason>] sets a ban; DEL <target> lifts it, INFO <target> tells of it, LIST shows all. The target is a nick in sight (its address is meant), an address, a range as 192.0.2.0/24, account:<name>, or user@host with * and ?. The duration is written as 90m, 2h, 1d12h or 2w; a bare number means minutes. What stands after a | in the reason is for operators only.\nExample: UBAN ADD 192.0.2.0/24 DURATION 2h flooding | third time this week",
    replies: &[reply::NO_SUCH_NICK],
    cost: 1,
    run: Run::Oper(Priv::Ban, uban),
    ..Command::USUAL
}];

fn uban(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    banlines::uban(ctx, user, &args)
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn one_command_bans_by_whatever_is_known() {
        check(
            r"
            servers 2
            config oper root sesame
            alice@1 > OPER root sesame
            bob@2   > JOIN #a
            carol@2 > JOIN #a
            alice > UBAN ADD bob DURATION 2h REASON not here | third time
            bob   < ERROR :Closing link: Banned (ban): not here
            alice > UBAN ADD *!*@carol.test rude
            carol < ERROR :Closing link: Banned (ban): rude
            alice > UBAN INFO 10.0.0.2
            alice <~ :s1.test NOTICE alice :10.0.0.2: no entry until *, not here (third time).
            alice < :s1.test NOTICE alice :Users here who fit it now: 0.
            eve@1 > PING x
            alice > UBAN INFO *@eve.test
            alice < :s1.test NOTICE alice :There is no ban on *@eve.test.
            alice < :s1.test NOTICE alice :Users here who fit it now: 1.
            alice > UBAN ADD nobody
            alice < :s1.test 401 alice nobody :No such nick/channel
            alice > UBAN ADD
            alice < :s1.test 461 alice UBAN :Not enough parameters
            alice > UBAN LIST
            alice <~ :s1.test NOTICE alice :?@carol.test: no entry, rude. Set *
            alice < :s1.test NOTICE alice :Bans of the kind ban: 2.
            alice > UBAN DEL 10.0.0.2
            alice < :s1.test NOTICE alice :The ban on 10.0.0.2 is lifted.
            alice > UBAN DEL 10.0.0.2
            alice < :s1.test NOTICE alice :There is no ban on 10.0.0.2.
            same
            ",
        );
    }

    #[test]
    fn an_account_is_put_out_and_not_let_in_again() {
        check(
            r"
            servers 2
            config oper root sesame
            alice@1 > OPER root sesame
            bob@2   > NS REGISTER sesame-open
            alice > UBAN ADD account:* everybody
            alice <~ :s1.test NOTICE alice :account:* would ban far too many*
            alice > UBAN ADD account:Bob rude
            bob   < ERROR :Closing link: Banned (ban): rude
            carol@2 > NS IDENTIFY bob sesame-open
            carol < ERROR :Closing link: Banned (ban): rude
            alice > UBAN INFO account:bob
            alice <~ :s1.test NOTICE alice :account:bob: no entry, rude*
            alice > UBAN DEL account:bob
            dave@1 > NS IDENTIFY bob sesame-open
            dave  <~ :s1.test 900 dave * bob :You are now logged in as bob
            same
            ",
        );
    }

    #[test]
    fn the_softer_form_asks_for_an_account() {
        check(
            r"
            config oper root sesame
            alice > OPER root sesame
            alice > UBAN ADD 10.0.0.0/24 REQUIRE-SASL DURATION 1d open proxies
            raw bob
            bob > NICK bob
            bob > USER bob 0 * :Bob
            bob < :s1.test 465 bob :You are banned from this server: You must log in to an account (SASL) to connect from there: open proxies
            alice > UBAN INFO 10.0.0.0/24
            alice <~ :s1.test NOTICE alice :10.0.0.0/24: log-in required until *, open proxies.
            ",
        );
    }

    #[test]
    fn what_is_refused() {
        check(
            r"
            config oper root sesame
            alice > UBAN LIST
            alice < :s1.test 481 alice :Permission Denied - You're not an IRC operator with that privilege
            alice > OPER root sesame
            alice > UBAN ADD
            alice < :s1.test 461 alice UBAN :Not enough parameters
            alice > UBAN FROB x
            alice < :s1.test NOTICE alice :UBAN knows ADD, DEL, INFO and LIST, and not FROB.
            alice > UBAN ADD *@* everybody
            alice <~ :s1.test NOTICE alice :?@? would ban far too many*
            alice > UBAN ADD x@y.example DURATION soon
            alice < :s1.test NOTICE alice :A duration is written as 90m, 2h, 1d12h or 2w.
            ",
        );
    }

    #[test]
    fn there_are_only_so_many() {
        check(
            r"
            config oper root sesame
            config limits.server_bans 2
            alice > OPER root sesame
            alice > UBAN ADD one@example.org
            alice > UBAN ADD two@example.org
            alice > UBAN ADD three@example.org
            alice <~ :s1.test NOTICE alice :There are 2 server bans, and more are not kept*
            alice > UBAN ADD two@example.org again
            alice <~ :s1.test NOTICE alice :A ban on two@example.org is set: no entry, again.
            alice > UBAN DEL one@example.org
            alice > UBAN ADD three@example.org
            alice <~ :s1.test NOTICE alice :A ban on three@example.org is set: no entry, *
            alice > UBAN DEL three@example.org
            alice > UBAN ADD four@example.org
            alice <~ :s1.test NOTICE alice :So many server bans have been lifted or have run out lately*
            alice > UBAN ADD one@example.org
            alice <~ :s1.test NOTICE alice :A ban on one@example.org is set: no entry, *
            ",
        );
    }
}
