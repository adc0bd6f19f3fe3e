//! NOTICE (RFC 2812 §3.3.2).

use super::message;
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    network::{UserId, op::MessageKind},
    wire::message::Message,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "NOTICE",
    params: "[<target>{,<target>} [<text>]]",
    about: "Sends a message that no program is to answer.",
    help: "Nothing answers it: neither a client nor the server, not even if it cannot be sent. The targets are those of PRIVMSG.\nExample: NOTICE #dev :The build is green.",
    replies: &[],
    cost: 1,
    run: Run::Tagged(notice),
    ..Command::USUAL
}];

fn notice(ctx: &mut Ctx<'_>, user: UserId, line: &Message<'_>) -> Outcome {
    message::send(ctx, user, line, MessageKind::Notice)
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_notice_is_never_answered() {
        check(
            r"
            alice > JOIN #a
            bob   > NOTICE #a :x
            bob   > NOTICE nobody :x
            bob   > NOTICE alice :y
            alice < :bob!~bob@bob.test NOTICE alice :y
            bob   > NOTICE alice
            bob   > NOTICE alice :
            bob   > NOTICE
            bob   > NOTICE a,b,c,d,e :x
            bob   <! No text
            bob   <! No recipient
            bob   <! Too many
            ",
        );
    }
}
