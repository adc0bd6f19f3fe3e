//! BATCH (`ircv3: client-batch`, `multiline`): a message of several lines.

use super::message;
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        multiline,
    },
    network::UserId,
    wire::{cap, fail, message::Message, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "BATCH",
    params: "<reference> [<type> [<target>]]",
    about: "Begins (+reference) and ends (-reference) a message of several lines.",
    help: "Clients do this by themselves: between the two they send the lines of the message as PRIVMSG or NOTICE to the target, each with the tag batch=reference. The type is draft/multiline.\nExample: BATCH +1 draft/multiline #dev",
    replies: &[
        reply::AWAY,
        reply::CANNOT_SEND_TO_CHAN,
        reply::CANNOT_SEND_TO_USER,
        reply::NO_SUCH_NICK,
        reply::NO_SUCH_CHANNEL,
        reply::NO_TEXT_TO_SEND,
        reply::NEED_REGGED_NICK,
        reply::TARGET_UMODE_G,
        reply::TARGET_NOTIFY,
    ],
    cost: 1,
    run: Run::Tagged(batch),
    ..Command::USUAL
}];

/// The longest reference.
const REFERENCE_MAX: usize = 64;

fn batch(ctx: &mut Ctx<'_>, user: UserId, line: &Message<'_>) -> Outcome {
    let reference = line.args[0];
    if let Some(reference) = reference.strip_prefix('-') {
        return close(ctx, user, reference);
    }
    let name = reference.strip_prefix('+').filter(|name| is_reference(name));
    let Some(name) = name else {
        return Err(multiline::fail(ctx, fail::invalid_reftag(reference)));
    };
    let Some(kind) = line.args.given(1) else {
        return Err(reply::need_more_params("BATCH").into());
    };
    if kind != multiline::TYPE || !ctx.session().caps.contains(cap::MULTILINE_BATCH) {
        return Err(multiline::fail(ctx, fail::unknown_batch_type(name, kind)));
    }
    let Some(target) = line.args.given(2) else {
        return Err(reply::need_more_params("BATCH").into());
    };
    let tags = line.tags.client_only(&ctx.core.config.server.client_tags_denied);
    multiline::open(ctx, name, target, tags)
}

fn is_reference(name: &str) -> bool {
    let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    !name.is_empty() && name.len() <= REFERENCE_MAX && letters
}

fn close(ctx: &mut Ctx<'_>, user: UserId, reference: &str) -> Outcome {
    let Some(batch) = multiline::close(ctx, reference)? else { return Ok(()) };
    let Some(kind) = batch.kind else { return Ok(()) };
    ctx.touch(user);
    message::one(ctx, user, &batch.target, kind, (&batch.text, &batch.tags))
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    const CAPS: &str = "CAP REQ :batch draft/multiline message-tags echo-message labeled-response";

    fn play(script: &str) {
        check(&script.replace("CAPS", CAPS));
    }

    #[test]
    fn a_message_of_several_lines_arrives_as_such() {
        play(
            r"
            alice > CAPS
            bob   > CAPS
            alice > JOIN #a
            bob   > JOIN #a
            carol > CAP REQ message-tags
            carol > JOIN #a
            alice > @label=7;+x=y BATCH +1 draft/multiline #a
            alice > @batch=1 PRIVMSG #A :
            alice > @batch=1 privmsg #a :how is 
            alice > @batch=1;draft/multiline-concat PRIVMSG #a :everyone?
            bob   <! everyone
            alice > BATCH -1
            alice <~ @label=7;msgid=*;+x=y :alice!~alice@alice.test BATCH +b* draft/multiline #a
            alice <~ @batch=b* :alice!~alice@alice.test PRIVMSG #a :
            alice <~ @batch=b* :alice!~alice@alice.test PRIVMSG #a :how is
            alice <~ @batch=b*;draft/multiline-concat :alice!~alice@alice.test PRIVMSG #a :everyone?
            alice <~ :s1.test BATCH -b*
            bob   <~ @msgid=*;+x=y :alice!~alice@alice.test BATCH +b* draft/multiline #a
            bob   <~ @batch=b* :alice!~alice@alice.test PRIVMSG #a :
            bob   <~ @batch=b* :alice!~alice@alice.test PRIVMSG #a :how is
            bob   <~ @batch=b*;draft/multiline-concat :alice!~alice@alice.test PRIVMSG #a :everyone?
            bob   <~ :s1.test BATCH -b*
            carol <~ @msgid=*;+x=y :alice!~alice@alice.test PRIVMSG #a :how is
            carol < @+x=y :alice!~alice@alice.test PRIVMSG #a :everyone?
            carol <! PRIVMSG
            ",
        );
    }

    #[test]
    fn it_reaches_other_servers_and_single_users_once() {
        play(
            r"
            servers 2
            alice@1 > CAP REQ :batch draft/multiline labeled-response
            bob@2   > AWAY :x
            alice   > @label=7 BATCH +1 draft/multiline bob
            alice   > @batch=1 PRIVMSG bob :one
            alice   > @batch=1 PRIVMSG bob :two
            alice   > BATCH -1
            bob     < :alice!~alice@alice.test PRIVMSG bob :one
            bob     < :alice!~alice@alice.test PRIVMSG bob :two
            alice   < @label=7 :s1.test 301 alice bob :x
            alice   > BATCH +2 draft/multiline bob
            alice   > @batch=2 NOTICE bob :three
            alice   > BATCH -2
            bob     < :alice!~alice@alice.test NOTICE bob :three
            alice   > BATCH +3 draft/multiline alice
            alice   > @batch=3 PRIVMSG alice :me
            alice   > @batch=3 PRIVMSG alice :again
            alice   > BATCH -3
            alice   <~ :alice!~alice@alice.test BATCH +* draft/multiline alice
            alice   <~ @batch=* :alice!~alice@alice.test PRIVMSG alice :me
            alice   <~ @batch=* :alice!~alice@alice.test PRIVMSG alice :again
            alice   <~ :s1.test BATCH -*
            alice   <! BATCH
            ",
        );
    }

    #[test]
    fn what_holds_for_messages_holds_for_the_whole() {
        play(
            r"
            config oper root sesame
            alice > CAPS
            bob   > OPER root sesame
            bob   > FILTER ADD block cpN * *buy*now* :no advertising
            bob   > JOIN #a
            alice > BATCH +1 draft/multiline #a
            alice > @batch=1 PRIVMSG #a :buy
            alice > @batch=1 PRIVMSG #a :now
            alice > BATCH -1
            alice < :s1.test 404 alice #a :Cannot send to channel (+n: you are not in it)
            alice > @label=9 BATCH +2 draft/multiline nobody
            alice > @batch=2 PRIVMSG nobody :x
            alice > BATCH -2
            alice < @label=9 :s1.test 401 alice nobody :No such nick/channel
            alice > BATCH +3 draft/multiline #none
            alice > @batch=3 PRIVMSG #none :x
            alice > BATCH -3
            alice < :s1.test 403 alice #none :No such channel
            bob   <! PRIVMSG
            ",
        );
    }

    #[test]
    fn who_wants_no_words_is_sent_none_of_them() {
        play(
            r"
            alice > CAPS
            bob   > MODE bob +D
            alice > BATCH +1 draft/multiline bob
            alice > @batch=1 PRIVMSG bob :x
            alice > BATCH -1
            alice < :s1.test 531 alice bob :Cannot send to user (+D: takes no private messages)
            bob   > MODE bob -D+R
            alice > BATCH +1 draft/multiline bob
            alice > @batch=1 PRIVMSG bob :x
            alice > BATCH -1
            alice < :s1.test 477 alice bob :They take messages only from those logged in to an account (+R)
            bob   > MODE bob -R+g
            alice > BATCH +1 draft/multiline bob
            alice > @batch=1 PRIVMSG bob :x
            alice > BATCH -1
            alice < :s1.test 716 alice bob :is in +g mode (server-side ignore)
            alice < :s1.test 717 alice bob :has been informed that you messaged them
            bob   <! PRIVMSG
            ",
        );
    }

    #[test]
    fn what_a_channel_does_not_want_is_not_said_in_any_line() {
        play(
            "
            alice > JOIN #a
            bob   > CAPS
            bob   > JOIN #a
            alice > MODE #a +C
            bob   > BATCH +1 draft/multiline #a
            bob   > @batch=1 PRIVMSG #a :x
            bob   > @batch=1 PRIVMSG #a :\x01PING 1\x01
            bob   > BATCH -1
            bob   < :s1.test 404 bob #a :Cannot send to channel (+C: no CTCPs here)
            alice > MODE #a -C+g spam
            bob   > BATCH +1 draft/multiline #a
            bob   > @batch=1 PRIVMSG #a :sp
            bob   > @batch=1;draft/multiline-concat PRIVMSG #a :am
            bob   > BATCH -1
            bob   < :s1.test 404 bob #a :Cannot send to channel (+g: your message holds what may not be said here)
            alice > MODE #a -g+gg spam ham* *one?two*
            bob   > BATCH +1 draft/multiline #a
            bob   > @batch=1 PRIVMSG #a :x
            bob   > @batch=1 PRIVMSG #a :ham
            bob   > BATCH -1
            bob   < :s1.test 404 bob #a :Cannot send to channel (+g: your message holds what may not be said here)
            bob   > BATCH +1 draft/multiline #a
            bob   > @batch=1 PRIVMSG #a :one
            bob   > @batch=1 PRIVMSG #a :two
            bob   > BATCH -1
            bob   < :s1.test 404 bob #a :Cannot send to channel (+g: your message holds what may not be said here)
            alice > MODE #a -gg+F ham* *one?two* 2m:60
            bob   > BATCH +1 draft/multiline #a
            bob   > @batch=1 PRIVMSG #a :1
            bob   > @batch=1 PRIVMSG #a :2
            bob   > @batch=1 PRIVMSG #a :3
            bob   > BATCH -1
            bob   < :s1.test 404 bob #a :Cannot send to channel (+F: too much at once, wait a moment)
            alice <! PRIVMSG
            wait 61
            alice > MODE #a -F+S
            bob   > BATCH +1 draft/multiline #a
            bob   > @batch=1 PRIVMSG #a :\x02
            bob   > @batch=1 PRIVMSG #a :\x03
            bob   > BATCH -1
            bob   < :s1.test 412 bob :No text to send
            bob   > BATCH +1 draft/multiline #a
            bob   > @batch=1 PRIVMSG #a :\x02bold
            bob   > @batch=1 PRIVMSG #a :plain
            bob   > BATCH -1
            alice < :bob!~bob@bob.test PRIVMSG #a :bold
            alice < :bob!~bob@bob.test PRIVMSG #a :plain
            ",
        );
    }

    #[test]
    fn what_is_refused() {
        play(
            r"
            alice > BATCH +1 draft/multiline bob
            alice <~ :s1.test FAIL BATCH UNKNOWN_TYPE 1 draft/multiline :*
            alice > @batch=1 PRIVMSG bob :x
            alice > BATCH -1
            alice > CAPS
            bob   > PING x
            alice > @label=1 BATCH 1 draft/multiline bob
            alice <~ @label=1 :s1.test FAIL BATCH INVALID_REFTAG 1 :*
            alice > BATCH +a_b draft/multiline bob
            alice <~ :s1.test FAIL BATCH INVALID_REFTAG +a_b :*
            alice > @batch=a_b PRIVMSG bob :x
            alice > BATCH -a_b
            alice > BATCH +1
            alice < :s1.test 461 alice BATCH :Not enough parameters
            alice > BATCH +1 draft/multiline
            alice < :s1.test 461 alice BATCH :Not enough parameters
            alice > BATCH +1 netsplit a b
            alice <~ :s1.test FAIL BATCH UNKNOWN_TYPE 1 netsplit :*
            alice > BATCH -1
            alice > BATCH -1
            alice <~ :s1.test FAIL BATCH MULTILINE_INVALID :*
            alice > @batch=1 PRIVMSG bob :x
            alice <~ :s1.test FAIL BATCH MULTILINE_INVALID :*
            alice > BATCH -1
            bob   <! PRIVMSG
            ",
        );
    }

    #[test]
    fn a_batch_with_a_wrong_line_is_thrown_away() {
        for (line, code) in [
            ("@batch=2 PRIVMSG bob :x", "MULTILINE_INVALID"),
            ("@batch=1 NOTICE bob :x", "MULTILINE_INVALID"),
            ("@batch=1 TOPIC bob :x", "MULTILINE_INVALID"),
            ("@batch=1 PRIVMSG bob", "MULTILINE_INVALID"),
            ("@batch=1;+x PRIVMSG bob :x", "MULTILINE_INVALID"),
            ("@batch=1;draft/multiline-concat PRIVMSG bob :", "MULTILINE_INVALID"),
            ("@batch=1 BATCH +2 draft/multiline bob", "MULTILINE_INVALID"),
            ("BATCH +2 draft/multiline bob", "MULTILINE_INVALID"),
            ("BATCH -2", "MULTILINE_INVALID"),
            ("@batch=1 PRIVMSG carol :x", "MULTILINE_INVALID_TARGET bob carol"),
        ] {
            play(&format!(
                r"
                alice > CAPS
                bob   > PING x
                alice > @label=5 BATCH +1 draft/multiline bob
                alice > @batch=1 PRIVMSG bob :first
                alice > {line}
                alice <~ @label=5 :s1.test FAIL BATCH {code} :*
                alice > @batch=1 PRIVMSG bob :y
                alice > BATCH -1
                alice > PRIVMSG bob :after
                bob   < :alice!~alice@alice.test PRIVMSG bob :after
                bob   <! first
                "
            ));
        }
    }

    #[test]
    fn a_line_for_somebody_else_is_told_of_with_both() {
        play(
            r"
            alice > CAPS
            alice > BATCH +1 draft/multiline bob
            alice > @batch=1 PRIVMSG carol :x
            alice <~ :s1.test FAIL BATCH MULTILINE_INVALID_TARGET bob carol :*
            ",
        );
    }

    #[test]
    fn nothing_but_blank_lines_is_nothing() {
        play(
            r"
            alice > CAPS
            bob   > PING x
            alice > @label=1 BATCH +1 draft/multiline bob
            alice > BATCH -1
            alice <~ @label=1 :s1.test FAIL BATCH MULTILINE_INVALID :*
            alice > BATCH +1 draft/multiline bob
            alice > @batch=1 PRIVMSG bob :
            alice > @batch=1 PRIVMSG bob :
            alice > BATCH -1
            alice <~ :s1.test FAIL BATCH MULTILINE_INVALID :*
            bob   <! PRIVMSG
            ",
        );
    }

    #[test]
    fn there_are_so_many_lines_and_bytes_and_no_more() {
        play(
            r"
            config limits.multiline_lines 3
            config limits.multiline_bytes 10
            alice > CAPS
            alice > CAP LS 302
            alice <~ :s1.test CAP alice LS *draft/multiline=max-bytes=10,max-lines=3*
            bob   > PING x
            alice > BATCH +1 draft/multiline bob
            alice > @batch=1 PRIVMSG bob :a
            alice > @batch=1 PRIVMSG bob :b
            alice > @batch=1 PRIVMSG bob :c
            alice > @batch=1 PRIVMSG bob :d
            alice <~ :s1.test FAIL BATCH MULTILINE_MAX_LINES 3 :*
            alice > @batch=1 PRIVMSG bob :e
            alice > BATCH -1
            alice > BATCH +2 draft/multiline bob
            alice > @batch=2 PRIVMSG bob :12345
            alice > @batch=2 PRIVMSG bob :6789
            alice > BATCH -2
            bob   < :alice!~alice@alice.test PRIVMSG bob :12345
            bob   < :alice!~alice@alice.test PRIVMSG bob :6789
            alice > BATCH +3 draft/multiline bob
            alice > @batch=3 PRIVMSG bob :12345
            alice > @batch=3;draft/multiline-concat PRIVMSG bob :67890
            alice > BATCH -3
            bob   < :alice!~alice@alice.test PRIVMSG bob :12345
            bob   < :alice!~alice@alice.test PRIVMSG bob :67890
            alice > BATCH +4 draft/multiline bob
            alice > @batch=4 PRIVMSG bob :12345
            alice > @batch=4 PRIVMSG bob :67890
            alice <~ :s1.test FAIL BATCH MULTILINE_MAX_BYTES 10 :*
            alice > BATCH -4
            bob   <! PRIVMSG
            ",
        );
    }

    #[test]
    fn a_batch_that_is_not_closed_is_thrown_away() {
        play(
            r"
            alice > CAPS
            bob   > PING x
            alice > @label=1 BATCH +1 draft/multiline bob
            alice > @batch=1 PRIVMSG bob :x
            wait 61
            alice <~ @label=1 :s1.test FAIL BATCH TIMEOUT 1 :*
            alice > @batch=1 PRIVMSG bob :y
            alice > BATCH -1
            alice > PRIVMSG bob :z
            bob   < :alice!~alice@alice.test PRIVMSG bob :z
            bob   <! y
            ",
        );
    }
}
