//! KNOCK: asks those inside for an invitation.

use crate::{
    core::{
        chanban, chanflood,
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    network::{UserId, op::Op},
    wire::{extban::Act, flood, message::Args, reply},
};
use std::time::Duration;

pub const COMMANDS: &[Command] = &[Command {
    name: "KNOCK",
    params: "<channel>",
    about: "Asks the operators of a channel to be let in.",
    help: "For channels by invitation only, or with a key. Once a minute.\nExample: KNOCK #private",
    replies: &[
        reply::NO_SUCH_CHANNEL,
        reply::CANNOT_KNOCK,
        reply::KNOCK_DELIVERED,
        reply::TOO_MANY_KNOCK,
        reply::CHAN_OPEN,
        reply::KNOCK_ON_CHAN,
    ],
    cost: 3,
    run: Run::User(knock),
    ..Command::USUAL
}];

/// How long a user waits between knocks.
const EVERY: Duration = Duration::from_secs(60);

fn knock(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let channel = ctx.channel(args[0])?;
    let record = ctx.network().channel(channel);
    let name = record.name.clone();
    if ctx.network().status(channel, user).is_some() {
        return Err(reply::knock_on_chan(name.as_str()).into());
    }
    if !record.has('i') && record.value('k').is_none() {
        return Err(reply::chan_open(name.as_str()).into());
    }
    if record.has('K') {
        return Err(reply::cannot_knock(name.as_str(), "+K: nobody may knock here").into());
    }
    if chanban::find(ctx.core, record, user, |act| matches!(act, Act::Ban | Act::Join)).is_some() {
        return Err(reply::cannot_knock(name.as_str(), "you are banned").into());
    }
    let now = ctx.now.mono;
    let knocked = ctx.local(user).and_then(|local| local.seldom().knocked);
    if knocked.is_some_and(|then| now < then + EVERY) {
        return Err(reply::too_many_knock(name.as_str()).into());
    }
    if let Some(rate) = chanflood::rate(record, flood::Kind::Knock) {
        if !ctx.core.chanflood.count(channel, flood::Kind::Knock, rate, now) {
            let why = "+F: too many are knocking, try again in a moment";
            return Err(reply::cannot_knock(name.as_str(), why).into());
        }
    }
    if let Some(local) = ctx.core.locals.get_mut(user) {
        local.seldom_mut().knocked = Some(now);
    }
    let uid = ctx.whois(user).uid;
    ctx.commit(Op::Knock { uid, name: name.clone() });
    ctx.reply(reply::knock_delivered(name.as_str()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn operators_hear_a_knock_on_every_server() {
        check(
            r"
            servers 2
            alice@1 > JOIN #a
            alice > MODE #a +i
            bob@2   > PING x
            bob   > KNOCK #a
            bob   < :s2.test 711 bob #a :Your KNOCK has been delivered
            alice < :s1.test 710 alice #a bob!~bob@bob.test :has asked for an invite
            bob   > KNOCK #a
            bob   < :s2.test 712 bob #a :Too many KNOCKs (wait a minute)
            wait 60
            bob   > KNOCK #a
            bob   < :s2.test 711 bob #a :Your KNOCK has been delivered
            ",
        );
    }

    #[test]
    fn what_is_refused() {
        check(
            r"
            alice > JOIN #a
            alice > KNOCK #a
            alice < :s1.test 714 alice #a :You are already on that channel
            bob   > KNOCK #a
            bob   < :s1.test 713 bob #a :Channel is open
            alice > MODE #a +kb key bob
            bob   > KNOCK #a
            bob   < :s1.test 480 bob #a :Cannot knock on #a (you are banned)
            alice > MODE #a +s
            bob   > KNOCK #a
            bob   < :s1.test 403 bob #a :No such channel
            bob   > KNOCK #none
            bob   < :s1.test 403 bob #none :No such channel
            bob   > KNOCK
            bob   < :s1.test 461 bob KNOCK :Not enough parameters
            ",
        );
    }

    #[test]
    fn a_channel_may_want_no_knocks_or_not_many() {
        check(
            r"
            alice > JOIN #a
            alice > MODE #a +iK
            bob   > KNOCK #a
            bob   < :s1.test 480 bob #a :Cannot knock on #a (+K: nobody may knock here)
            alice > MODE #a -K+F 1k:60
            bob   > KNOCK #a
            bob   < :s1.test 711 bob #a :Your KNOCK has been delivered
            carol > KNOCK #a
            carol < :s1.test 480 carol #a :Cannot knock on #a (+F: too many are knocking, try again in a moment)
            ",
        );
    }
}
