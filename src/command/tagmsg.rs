//! TAGMSG (`ircv3: message-tags`).

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
    name: "TAGMSG",
    params: "[<target>{,<target>}]",
    about: "Sends tags without a message.",
    help: "Clients do this by themselves, to tell who is typing or to react to a message.\nExample: @+typing=active TAGMSG #dev",
    replies: &[
        reply::CANNOT_SEND_TO_CHAN,
        reply::NO_RECIPIENT,
        reply::NO_SUCH_NICK,
        reply::NO_SUCH_CHANNEL,
        reply::TOO_MANY_TARGETS,
        reply::CANNOT_SEND_TO_USER,
        reply::NEED_REGGED_NICK,
    ],
    cost: 1,
    run: Run::Tagged(tagmsg),
    ..Command::USUAL
}];

fn tagmsg(ctx: &mut Ctx<'_>, user: UserId, line: &Message<'_>) -> Outcome {
    message::send(ctx, user, line, MessageKind::Tagmsg)
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn tags_reach_only_those_who_know_of_them() {
        check(
            r"
            alice > CAP REQ message-tags
            bob   > CAP REQ message-tags
            alice > JOIN #a
            bob   > JOIN #a
            carol > JOIN #a
            alice > @+typing=active;private=1 TAGMSG #a
            bob   <~ @msgid=*;+typing=active :alice!~alice@alice.test TAGMSG #a
            carol > PING x
            carol <! TAGMSG
            alice > TAGMSG
            alice < :s1.test 411 alice :No recipient given (TAGMSG)
            ",
        );
    }

    #[test]
    fn what_is_denied_is_not_passed_on() {
        check(
            r"
            config server.client_tags_denied * -typing
            alice > CAP REQ message-tags
            bob   > CAP REQ message-tags
            bob   > ISUPPORT
            bob   <~ :s1.test 005 bob *CLIENTTAGDENY=*,-typing*
            alice > @+typing=active;+draft/react=x TAGMSG bob
            bob   <~ @msgid=*;+typing=active :alice!~alice@alice.test TAGMSG bob
            alice > @+draft/react=x TAGMSG bob
            alice > @+draft/reply=1 PRIVMSG bob :y
            bob   <~ @msgid=* :alice!~alice@alice.test PRIVMSG bob :y
            bob   <! react
            bob   <! TAGMSG
            ",
        );
    }

    #[test]
    fn replies_reactions_typing_and_contexts_pass() {
        check(
            r"
            alice > CAP REQ message-tags
            bob   > CAP REQ message-tags
            bob   > ISUPPORT
            bob   <! CLIENTTAGDENY
            alice > @+draft/react=x;+draft/reply=1;+draft/unreact=y;+draft/channel-context=#a TAGMSG bob
            bob   <~ @msgid=*;+draft/react=x;+draft/reply=1;+draft/unreact=y;+draft/channel-context=#a :alice!* TAGMSG bob
            ",
        );
    }

    #[test]
    fn what_is_refused() {
        check(
            r"
            alice > CAP REQ message-tags
            alice > @+x=y TAGMSG nobody
            alice < :s1.test 401 alice nobody :No such nick/channel
            alice > @+x=y TAGMSG #none
            alice < :s1.test 403 alice #none :No such channel
            alice > @+x=y TAGMSG a,b,c,d,e
            alice < :s1.test 407 alice e :Too many targets; this one and those after it were left out
            bob   > JOIN #a
            alice > @+x=y TAGMSG #a
            alice < :s1.test 404 alice #a :Cannot send to channel (+n: you are not in it)
            bob   > MODE bob +D
            alice > @+x=y TAGMSG bob
            alice < :s1.test 531 alice bob :Cannot send to user (+D: takes no private messages)
            bob   > MODE bob -D+R
            alice > @+x=y TAGMSG bob
            alice < :s1.test 477 alice bob :They take messages only from those logged in to an account (+R)
            ",
        );
    }
}
