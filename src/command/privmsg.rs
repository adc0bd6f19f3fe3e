//! PRIVMSG (RFC 2812 §3.3.1).

use super::message;
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    network::{UserId, op::MessageKind},
    wire::{message::Message, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "PRIVMSG",
    params: "[<target>{,<target>} [<text>]]",
    about: "Sends a message to a user or a channel.",
    help: "A target is a nick, a channel, or a channel behind a prefix, as in @#channel: its operators.\nExample: PRIVMSG #dev :Hello, everybody",
    replies: &[
        reply::AWAY,
        reply::NO_TEXT_TO_SEND,
        reply::CANNOT_SEND_TO_CHAN,
        reply::NO_RECIPIENT,
        reply::NO_SUCH_NICK,
        reply::NO_SUCH_CHANNEL,
        reply::TOO_MANY_TARGETS,
        reply::CANNOT_SEND_TO_USER,
        reply::NEED_REGGED_NICK,
        reply::TARGET_UMODE_G,
        reply::TARGET_NOTIFY,
    ],
    cost: 1,
    run: Run::Tagged(privmsg),
    ..Command::USUAL
}];

fn privmsg(ctx: &mut Ctx<'_>, user: UserId, line: &Message<'_>) -> Outcome {
    message::send(ctx, user, line, MessageKind::Privmsg)
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_clients_own_tag_is_not_taken_for_that_of_a_batch() {
        check(
            r"
            alice > CAP REQ :batch labeled-response echo-message message-tags
            bob   > PING x
            carol > PING x
            alice > @label=1;+my.example/batch=9 PRIVMSG bob,carol :hi
            alice <~ @label=1 :s1.test BATCH +* labeled-response
            alice <~ @batch=*;+my.example/batch=9 :alice!~alice@alice.test PRIVMSG bob :hi
            alice <~ @batch=*;+my.example/batch=9 :alice!~alice@alice.test PRIVMSG carol :hi
            ",
        );
    }

    #[test]
    fn words_reach_those_they_are_for() {
        check(
            r"
            alice > JOIN #a
            bob   > JOIN #a
            bob   > PRIVMSG #a :hi there
            alice < :bob!~bob@bob.test PRIVMSG #a :hi there
            bob   <! PRIVMSG
            bob   > PRIVMSG alice,#a hi
            alice < :bob!~bob@bob.test PRIVMSG alice :hi
            alice < :bob!~bob@bob.test PRIVMSG #a :hi
            ",
        );
    }

    #[test]
    fn what_is_refused() {
        check(
            r"
            alice > PRIVMSG
            alice < :s1.test 411 alice :No recipient given (PRIVMSG)
            alice > PRIVMSG bob
            alice < :s1.test 412 alice :No text to send
            alice > PRIVMSG nobody :x
            alice < :s1.test 401 alice nobody :No such nick/channel
            alice > PRIVMSG #none :x
            alice < :s1.test 403 alice #none :No such channel
            alice > JOIN #a
            bob   > PRIVMSG #a :x
            bob   < :s1.test 404 bob #a :Cannot send to channel (+n: you are not in it)
            bob   > JOIN #a
            alice > MODE #a +m
            bob   > PRIVMSG #a :x
            bob   < :s1.test 404 bob #a :Cannot send to channel (+m: only members with a status may speak)
            alice > MODE #a -m+b bob
            bob   > PRIVMSG #a :x
            bob   < :s1.test 404 bob #a :Cannot send to channel (+b: you are banned)
            alice > MODE #a +v bob
            bob   > PRIVMSG #a :y
            alice < :bob!~bob@bob.test PRIVMSG #a :y
            bob   > PRIVMSG a,b,c,d,e :x
            bob   < :s1.test 407 bob e :Too many targets; this one and those after it were left out
            ",
        );
    }

    #[test]
    fn a_prefix_means_those_with_the_status() {
        check(
            r"
            alice > JOIN #a
            bob   > JOIN #a
            carol > JOIN #a
            alice > MODE #a +v carol
            bob   > PRIVMSG @#a :ops
            alice < :bob!~bob@bob.test PRIVMSG @#a :ops
            bob   > PRIVMSG @+#a :voices
            carol <! ops
            carol < :bob!~bob@bob.test PRIVMSG +#a :voices
            ",
        );
    }

    #[test]
    fn an_echo_comes_with_its_label_to_those_who_asked() {
        check(
            r"
            alice > CAP REQ :echo-message labeled-response batch message-tags
            alice > JOIN #a
            bob   > JOIN #a
            alice > @label=7;+x=y PRIVMSG #a :hi
            alice <~ @label=7;msgid=*;+x=y :alice!~alice@alice.test PRIVMSG #a :hi
            bob   < :alice!~alice@alice.test PRIVMSG #a :hi
            alice > @label=8 PRIVMSG nobody :hi
            alice < @label=8 :s1.test 401 alice nobody :No such nick/channel
            ",
        );
    }

    #[test]
    fn what_a_bot_does_is_marked() {
        check(
            r"
            alice > CAP REQ :message-tags extended-join
            alice > JOIN #a
            bob   > MODE bob +B
            bob   < :bob!~bob@bob.test MODE bob :+B
            bob   > JOIN #a
            alice <~ @bot;msgid=* :bob!~bob@bob.test JOIN #a * :Real bob
            bob   > PRIVMSG #a :beep
            alice <~ @bot;msgid=* :bob!~bob@bob.test PRIVMSG #a :beep
            bob   <! bot;
            bob   > NICK robert
            alice <~ @bot;msgid=* :bob!~bob@bob.test NICK :robert
            alice > MODE #a +o robert
            alice <~ @msgid=* :alice!~alice@alice.test MODE #a +o robert
            bob   > TOPIC #a :t
            alice <~ @bot;msgid=* :robert!~bob@bob.test TOPIC #a :t
            bob   > QUIT
            alice <~ @bot;msgid=* :robert!~bob@bob.test QUIT *
            ",
        );
    }

    #[test]
    fn words_to_oneself_come_once_as_such_and_once_as_an_echo() {
        check(
            r"
            alice > CAP REQ :echo-message labeled-response batch
            alice > @label=7 PRIVMSG alice :hi
            alice < :alice!~alice@alice.test PRIVMSG alice :hi
            alice < @label=7 :alice!~alice@alice.test PRIVMSG alice :hi
            bob   > CAP REQ :labeled-response batch
            bob   > @label=8 NOTICE bob :hi
            bob   < :bob!~bob@bob.test NOTICE bob :hi
            bob   < @label=8 :s1.test ACK
            bob   > PRIVMSG bob :once
            bob   < :bob!~bob@bob.test PRIVMSG bob :once
            bob   > PING x
            bob   <! once
            ",
        );
    }

    #[test]
    fn without_an_echo_a_labelled_message_is_acknowledged() {
        check(
            r"
            alice > CAP REQ :labeled-response batch
            bob   > PING x
            alice > @label=7 PRIVMSG bob :hi
            bob   < :alice!~alice@alice.test PRIVMSG bob :hi
            alice < @label=7 :s1.test ACK
            ",
        );
    }

    #[test]
    fn what_is_said_during_a_short_split_arrives_once_and_in_order() {
        check(
            r"
            servers 3
            alice@1 > JOIN #a
            bob@3   > JOIN #a
            split 1 2 | 3
            alice > PRIVMSG #a :one
            alice > PRIVMSG bob :two
            wait 20
            heal
            bob   < :alice!~alice@alice.test PRIVMSG #a :one
            bob   < :alice!~alice@alice.test PRIVMSG bob :two
            bob   <! one
            alice <! QUIT
            same
            ",
        );
    }

    #[test]
    fn who_wrote_to_a_lost_server_is_told() {
        check(
            r"
            servers 2
            alice@1 > JOIN #a
            bob@2   > JOIN #a
            split 1 | 2
            alice > PRIVMSG bob :one
            alice > PRIVMSG bob :two
            wait 61
            alice < :bob!~bob@bob.test QUIT :s1.test s2.test
            alice < :s1.test NOTICE alice :Your last 2 messages to bob may not have arrived: s2.test is out of reach.
            alice > PRIVMSG bob :three
            alice < :s1.test 401 alice bob :No such nick/channel
            heal
            alice < :bob!~bob@bob.test JOIN #a
            bob   < :alice!~alice@alice.test JOIN #a
            bob   < :s2.test MODE #a +o alice
            same
            ",
        );
    }
}
