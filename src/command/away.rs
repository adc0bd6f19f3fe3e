//! AWAY (RFC 2812 §4.1).

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        registration,
        session::Phase,
    },
    wire::{cap, encode, message::Message, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "AWAY",
    params: "[<message>]",
    about: "Says that you are away; without a message, that you are back.",
    help: "Whoever writes to you is told the message; others see it in WHOIS and WHO.\nExample: AWAY :lunch, back at two",
    replies: &[reply::UN_AWAY, reply::NOW_AWAY],
    cost: 1,
    run: Run::Any(away),
    ..Command::USUAL
}];

fn away(ctx: &mut Ctx<'_>, line: &Message<'_>) -> Outcome {
    let text = line.args.given(0);
    let message = text.map(|text| encode::head(text, ctx.core.config.limits.away).into());
    let answer = if message.is_some() { reply::now_away() } else { reply::un_away() };
    let early = ctx.session().caps.contains(cap::PRE_AWAY);
    match &mut ctx.session_mut().phase {
        // ircv3: pre-away
        Phase::New(registration) if early => registration.away = message,
        Phase::New(_) => return Err(reply::not_registered().into()),
        Phase::User(user) => {
            let user = *user;
            if !registration::away(ctx, user, message) {
                return Ok(());
            }
        }
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

    #[test]
    fn one_may_be_away_before_registering() {
        check(
            r"
            raw a
            a > AWAY :early
            a < :s1.test 451 * :You have not registered
            a > CAP REQ draft/pre-away
            a > AWAY :early
            a < :s1.test 306 * :You have been marked as being away
            a > AWAY
            a < :s1.test 305 * :You are no longer marked as being away
            a > AWAY *
            a > NICK al
            a > USER al 0 * :Al
            a > CAP END
            bob > PRIVMSG al :there?
            bob < :s1.test 301 bob al :*
            ",
        );
    }
}
