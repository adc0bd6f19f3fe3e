//! NPC, of Ergo.

use super::roleplay;
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    network::UserId,
    wire::message::Args,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "NPC",
    params: "<target> <name> <text>",
    about: "Says something as somebody who is not there.",
    help: "For roleplay, in channels with mode +E and to users with mode +E.\nExample: NPC #tavern Bilbo :Too much bread!",
    replies: roleplay::REPLIES,
    cost: 1,
    run: Run::User(npc),
    ..Command::USUAL
}];

fn npc(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    roleplay::npc(ctx, user, &args, false)
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn somebody_who_is_not_there_speaks() {
        check(
            r"
            config roleplay.enabled true
            servers 2
            alice@1 > JOIN #a
            bob@2   > JOIN #a
            alice   <~ :s1.test 005 alice *RPCHAN=E RPUSER=E*
            alice   > NPC #a bilbo too much bread
            alice   < :s1.test 573 alice #a :The channel does not allow roleplay (channel mode +E)
            alice   > MODE #a +E
            alice   > NPC #a bilbo too much bread
            alice   < :*bilbo*!alice@npc.fakeuser.invalid PRIVMSG #a :too much bread (alice)
            bob     < :*bilbo*!alice@npc.fakeuser.invalid PRIVMSG #a :too much bread (alice)
            alice   > NPC #a b!x :x
            alice   < :s1.test 573 alice #a :That cannot be a nick
            alice   > NPC #a bilbo
            alice   < :s1.test 461 alice NPC :Not enough parameters
            alice   > NPC #a bilbo :
            alice   < :s1.test 412 alice :No text to send
            alice   > NPC #none bilbo x
            alice   < :s1.test 403 alice #none :No such channel
            carol@1 > NPC #a bilbo x
            carol   < :s1.test 404 carol #a :Cannot send to channel (+n: you are not in it)
            alice   > MODE #a -E
            alice   > NPC @#a bilbo x
            alice   < :s1.test 573 alice @#a :The channel does not allow roleplay (channel mode +E)
            ",
        );
    }

    #[test]
    fn users_take_part_if_they_like() {
        check(
            r"
            config roleplay.enabled true
            alice > AWAY :x
            bob   > NPC alice bilbo hello
            bob   < :s1.test 573 bob alice :They do not take part in roleplay (user mode +E)
            alice > MODE alice +E
            bob   > NPC alice bilbo hello
            bob   < :s1.test 301 bob alice :x
            alice < :*bilbo*!bob@npc.fakeuser.invalid PRIVMSG alice :hello (bob)
            bob   > NPC nobody bilbo hello
            bob   < :s1.test 401 bob nobody :No such nick/channel
            ",
        );
    }
}
