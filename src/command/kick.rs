//! KICK (RFC 2812 §3.2.8).

use crate::{
    core::{
        chanban,
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        policy, refuse_each,
    },
    network::{
        ChannelId, UserId,
        crdt::Source,
        mode::Status,
        op::{Leave, Op},
    },
    wire::{encode, extban::Act, message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "KICK",
    params: "<channel>{,<channel>} <nick>{,<nick>} [<reason>]",
    about: "Removes users from a channel.",
    help: "You must be an operator of the channel, and not below the user. Without a reason, your nick is the reason. Of several channels each goes with the nick in the same place.\nExample: KICK #dev bob :please calm down",
    replies: &[
        reply::NO_SUCH_CHANNEL,
        reply::NO_SUCH_NICK,
        reply::NOT_ON_CHANNEL,
        reply::CHAN_OP_NEEDED,
        reply::USER_NOT_IN_CHANNEL,
        reply::TOO_MANY_TARGETS,
    ],
    cost: 1,
    run: Run::User(kick),
    ..Command::USUAL
}];

pub(super) fn kick(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let reason = match args.given(2) {
        Some(reason) => encode::head(reason, ctx.core.config.limits.kick).to_owned(),
        None => ctx.whois(user).nick().to_string(),
    };
    let channels: Vec<&str> = args.list(0).collect();
    let most = ctx.core.config.limits.targets;
    if let [channel] = channels.as_slice() {
        // Who may kick nobody is told so once.
        let id = ctx.channel(channel)?;
        if !policy::overrides(ctx, user) {
            policy::require(ctx, id, user, Status::HALFOP)?;
        }
        refuse_each(ctx, args.list(1).take(most), |ctx, nick| {
            kick_one(ctx, user, channel, nick, &reason)
        })?;
    } else {
        let mut channels = channels.into_iter();
        refuse_each(ctx, args.list(1).take(most), |ctx, nick| match channels.next() {
            Some(channel) => kick_one(ctx, user, channel, nick, &reason),
            None => Err(reply::need_more_params("KICK").into()),
        })?;
    }
    match args.list(1).nth(most) {
        Some(nick) => Err(reply::too_many_targets(nick).into()),
        None => Ok(()),
    }
}

fn kick_one(ctx: &mut Ctx<'_>, user: UserId, name: &str, nick: &str, reason: &str) -> Outcome {
    let channel = ctx.channel(name)?;
    let overrides = policy::overrides(ctx, user);
    if !overrides {
        policy::require(ctx, channel, user, Status::HALFOP)?;
    }
    let target = ctx.user(nick)?;
    let Some(member) = ctx.network().channel(channel).member(target) else {
        return Err(reply::user_not_in_channel(nick, name).into());
    };
    if let Err(refused) = allowed(ctx, user, channel, member.status) {
        if !overrides {
            return Err(refused);
        }
        policy::announce(ctx, user, channel, &format!("KICK {nick}"));
    }
    let (name, uid) = (ctx.network().channel(channel).name.clone(), ctx.whois(target).uid);
    let how = Leave::Kick { by: Source::User(ctx.whois(user).uid), reason: reason.into() };
    ctx.commit(Op::Leave { uid, name, joined: member.joined, how });
    Ok(())
}

/// That a member may kick one of a status, and that the channel lets anybody do that.
pub(super) fn allowed(ctx: &Ctx<'_>, user: UserId, channel: ChannelId, theirs: Status) -> Outcome {
    let record = ctx.network().channel(channel);
    let name = record.name.as_str();
    if !policy::outranks(policy::member(ctx, channel, user)?, theirs) {
        return Err(reply::chan_op_needed(name).into());
    }
    if ctx.forced {
        return Ok(());
    }
    if record.has('Q') {
        return Err(reply::chan_restricted(name, "Nobody can be kicked here (+Q)").into());
    }
    if chanban::find(ctx.core, record, user, |act| act == Act::NoKick).is_some() {
        return Err(reply::chan_restricted(name, "You may not kick here (+b nokick:)").into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn an_operator_removes_a_user() {
        check(
            r"
            alice > JOIN #rust
            bob   > JOIN #rust
            bob   > KICK #rust alice
            bob   < :s1.test 482 bob #rust :You're not channel operator
            alice > KICK #rust bob :out
            alice < :alice!~alice@alice.test KICK #rust bob :out
            bob   < :alice!~alice@alice.test KICK #rust bob :out
            alice > KICK #rust bob
            alice < :s1.test 441 alice bob #rust :They aren't on that channel
            bob   > JOIN #rust
            alice > KICK #rust bob
            bob   < :alice!~alice@alice.test KICK #rust bob :alice
            ",
        );
    }

    #[test]
    fn of_several_channels_each_goes_with_its_nick() {
        check(
            r"
            alice > JOIN #a,#b
            bob   > JOIN #a,#b
            carol > JOIN #b
            alice > KICK #a,#b bob,carol :out
            bob   < :alice!~alice@alice.test KICK #a bob :out
            bob   < :alice!~alice@alice.test KICK #b carol :out
            alice > KICK #none,#b bob,bob,carol
            alice < :s1.test 403 alice #none :No such channel
            alice < :alice!~alice@alice.test KICK #b bob :alice
            alice < :s1.test 461 alice KICK :Not enough parameters
            ",
        );
    }

    #[test]
    fn what_is_refused() {
        check(
            r"
            alice > KICK #rust
            alice < :s1.test 461 alice KICK :Not enough parameters
            alice > KICK #none bob
            alice < :s1.test 403 alice #none :No such channel
            alice > JOIN #a
            alice > KICK #a nobody
            alice < :s1.test 401 alice nobody :No such nick/channel
            bob   > KICK #a alice
            bob   < :s1.test 442 bob #a :You're not on that channel
            carol > JOIN #a
            alice > MODE #a +h carol
            carol > KICK #a alice
            carol < :s1.test 482 carol #a :You're not channel operator
            ",
        );
    }

    #[test]
    fn a_kick_undoes_the_join_it_saw_and_no_later_one() {
        check(
            r"
            servers 2
            alice@1 > JOIN #a
            bob@2   > JOIN #a
            split 1 | 2
            alice > KICK #a bob :out
            bob   > PART #a
            bob   > JOIN #a
            heal
            alice < :bob!~bob@bob.test JOIN #a
            bob   <! KICK
            same
            ",
        );
    }

    #[test]
    fn so_many_are_kicked_at_once_and_no_more() {
        check(
            r"
            alice > JOIN #a
            alice > KICK #a b,c,d,e,f
            alice < :s1.test 401 alice b :No such nick/channel
            alice < :s1.test 407 alice f :Too many targets; this one and those after it were left out
            ",
        );
    }
}
