//! AWAY (RFC 2812 §4.1).

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        filters,
    },
    network::{UserId, filter::Place, op::Op},
    wire::{encode, message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "AWAY",
    params: "[<message>]",
    about: "Says that you are away; without a message, that you are back.",
    help: "",
    replies: &[reply::UN_AWAY, reply::NOW_AWAY],
    cost: 1,
    run: Run::User(away),
}];

fn away(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    if let Some(text) = args.given(0) {
        if let Err(why) = filters::check(ctx, user, Place::Topic, text) {
            if !ctx.session().closing {
                ctx.notice(&format!("Your away message is not taken: {why}."));
            }
            return Ok(());
        }
    }
    let message = args.given(0).map(|text| encode::head(text, ctx.core.config.limits.away).into());
    let answer = if message.is_some() { reply::now_away() } else { reply::un_away() };
    if ctx.whois(user).away != message {
        let uid = ctx.whois(user).uid;
        ctx.commit(Op::Away { uid, message });
    }
    ctx.reply(answer);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn going_away_is_told_and_answered_for() {
        check(
            r"
            bob   > CAP REQ away-notify
            alice > JOIN #a
            bob   > JOIN #a
            alice > AWAY :lunch
            alice < :s1.test 306 alice :You have been marked as being away
            bob   < :alice!~alice@alice.test AWAY :lunch
            bob   > PRIVMSG alice :there?
            bob   < :s1.test 301 bob alice :lunch
            alice > AWAY
            alice < :s1.test 305 alice :You are no longer marked as being away
            bob   < :alice!~alice@alice.test AWAY
            alice > AWAY :again
            alice > PART #a
            alice > JOIN #a
            bob   < :alice!~alice@alice.test JOIN #a
            bob   < :alice!~alice@alice.test AWAY :again
            ",
        );
    }
}
