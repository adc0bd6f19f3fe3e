//! Playing parts: what NPC, NPCA, SCENE and AMBIANCE have in common. Ergo has them like this; there is no
//! specification.

use super::message;
use crate::{
    core::ctx::{Ctx, Outcome, Reject},
    network::{
        UserId,
        mode::Status,
        op::{Guise, Why},
    },
    wire::{encode, message::Args, name::Nick, reply},
};

/// What they may answer with.
pub const REPLIES: &[&str] = &[
    reply::AWAY,
    reply::NO_TEXT_TO_SEND,
    reply::CANNOT_SEND_TO_CHAN,
    reply::CANNOT_SEND_TO_USER,
    reply::CANNOT_SEND_RP,
    reply::NO_SUCH_NICK,
    reply::NO_SUCH_CHANNEL,
    reply::NEED_REGGED_NICK,
    reply::TARGET_UMODE_G,
    reply::TARGET_NOTIFY,
];

/// The host of those who are played; nobody's, since no such name can be.
const HOST: &str = "npc.fakeuser.invalid";

/// The most bytes of words, which leaves room for what stands around them.
const TEXT_MAX: usize = 300;

/// Says something as somebody who is not there.
pub fn npc(ctx: &mut Ctx<'_>, user: UserId, args: &Args<'_>, action: bool) -> Outcome {
    let longest = ctx.core.config.limits.nick;
    let name = Nick::new(args[1], ctx.network().casemap(), longest)
        .ok_or_else(|| reply::cannot_send_rp(args[0], "That cannot be a nick"))?;
    say(ctx, user, args, (&format!("*{name}*"), 2), action)
}

/// Says what happens.
pub fn scene(ctx: &mut Ctx<'_>, user: UserId, args: &Args<'_>) -> Outcome {
    say(ctx, user, args, ("=Scene=", 1), false)
}

/// Says the parameters from `first` on, to the first of them, under a name.
fn say(
    ctx: &mut Ctx<'_>,
    user: UserId,
    args: &Args<'_>,
    (name, first): (&str, usize),
    action: bool,
) -> Outcome {
    ctx.touch(user);
    let target = args[0];
    if let Some(why) = refused(ctx, user, target)? {
        return Err(reply::cannot_send_rp(target, why).into());
    }
    let words: Vec<&str> = args.iter().skip(first).collect();
    let words = words.join(" ").replace('\x01', "");
    if words.trim().is_empty() {
        return Err(reply::no_text_to_send().into());
    }
    let mut text = encode::head(&words, TEXT_MAX).to_owned();
    let nick = ctx.whois(user).nick().to_string();
    if ctx.core.config.roleplay.suffix {
        text += &format!(" ({nick})");
    }
    if action {
        text = format!("\x01ACTION {text}\x01");
    }
    let mask = format!("{name}!{nick}@{HOST}").into();
    message::say_as(ctx, user, (target, &text), Guise { mask, why: Why::Played })
}

/// Why no part can be played there.
fn refused(ctx: &Ctx<'_>, user: UserId, target: &str) -> Result<Option<&'static str>, Reject> {
    let roleplay = &ctx.core.config.roleplay;
    if !roleplay.enabled {
        return Ok(Some("Roleplay is switched off on this server"));
    }
    let channel = target.trim_start_matches(|c| Status::of_prefix(c).is_some());
    if !channel.starts_with('#') {
        let on = ctx.whois(ctx.user(target)?).modes.contains('E');
        return Ok((!on).then_some("They do not take part in roleplay (user mode +E)"));
    }
    let channel = ctx.channel(channel)?;
    if !ctx.network().channel(channel).has('E') {
        return Ok(Some("The channel does not allow roleplay (channel mode +E)"));
    }
    let status = ctx.network().status(channel, user);
    let operator = status.is_some_and(|status| status.at_least(Status::OP));
    Ok((roleplay.operators_only && !operator).then_some("It takes an operator of the channel"))
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_part_is_not_played_to_those_who_want_no_words() {
        check(
            r"
            config roleplay.enabled true
            alice > MODE alice +ED
            bob   > NPC alice bilbo hello
            bob   < :s1.test 531 bob alice :Cannot send to user (+D: takes no private messages)
            alice > MODE alice -D+R
            bob   > NPC alice bilbo hello
            bob   < :s1.test 477 bob alice :They take messages only from those logged in to an account (+R)
            alice > MODE alice -R+g
            bob   > NPC alice bilbo hello
            bob   < :s1.test 716 bob alice :is in +g mode (server-side ignore)
            bob   < :s1.test 717 bob alice :has been informed that you messaged them
            alice < :s1.test 718 alice bob ~bob@bob.test :is messaging you, and you have user mode +g set; ACCEPT lets you hear them
            alice <! hello
            ",
        );
    }
}
