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
    help: "",
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
}
