//! INVITE (RFC 2812 §3.2.7), and the list of one's invitations.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        policy,
    },
    network::{ChannelId, UserId, mode::Status, op::Op},
    wire::{message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "INVITE",
    params: "[<nick> <channel>]",
    about: "Asks a user into a channel; without parameters, shows where you have been asked into.",
    help: "While +i is set and +A is not, it takes an operator of the channel. The invitation of an operator, or with +A of anybody inside, lets the user in whatever bans, keys and limits there are; that of others only tells the user.\nExample: INVITE bob #dev",
    replies: &[
        reply::NO_SUCH_CHANNEL,
        reply::NO_SUCH_NICK,
        reply::NOT_ON_CHANNEL,
        reply::CHAN_OP_NEEDED,
        reply::USER_ON_CHANNEL,
        reply::INVITING,
        reply::AWAY,
        reply::INVITE_LIST,
        reply::END_OF_INVITE_LIST,
    ],
    cost: 2,
    run: Run::User(invite),
    ..Command::USUAL
}];

fn invite(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let (nick, channel) = match (args.given(0), args.given(1)) {
        (None, _) => return list(ctx, user),
        (Some(_), None) => return Err(reply::need_more_params("INVITE").into()),
        (Some(nick), Some(channel)) => (nick, channel),
    };
    let target = ctx.user(nick)?;
    let id = ctx.channel(channel)?;
    let overrides = policy::overrides(ctx, user);
    if let Err(refused) = allowed(ctx, user, id) {
        if !overrides {
            return Err(refused);
        }
        policy::announce(ctx, user, id, &format!("INVITE {nick}"));
    }
    if ctx.network().status(id, target).is_some() {
        return Err(reply::user_on_channel(nick, channel).into());
    }
    policy::appear(ctx, user, id);
    let (by, uid, name) =
        (ctx.whois(user).uid, ctx.whois(target).uid, ctx.network().channel(id).name.clone());
    ctx.reply(reply::inviting(nick, name.as_str()));
    if let Some(message) = ctx.whois(target).away.clone() {
        ctx.reply(reply::away(nick, &message));
    }
    ctx.commit(Op::Invite { by, uid, name, access: false });
    Ok(())
}

/// That a member may invite, and that the channel lets anybody do that.
fn allowed(ctx: &Ctx<'_>, user: UserId, channel: ChannelId) -> Outcome {
    policy::member(ctx, channel, user)?;
    let record = ctx.network().channel(channel);
    if record.has('V') {
        let why = "Nobody can be invited here (+V)";
        return Err(reply::chan_restricted(record.name.as_str(), why).into());
    }
    if record.has('i') && !record.has('A') {
        policy::require(ctx, channel, user, Status::HALFOP)?;
    }
    Ok(())
}

fn list(ctx: &mut Ctx<'_>, user: UserId) -> Outcome {
    let invites = ctx.local(user).map(|local| local.seldom().invites.clone()).unwrap_or_default();
    for channel in invites {
        ctx.reply(reply::invite_list(channel.as_str()));
    }
    ctx.reply(reply::end_of_invite_list());
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn an_invitation_arrives_and_is_listed() {
        check(
            r"
            alice > JOIN #a
            bob   > PING x
            alice > INVITE bob #a
            alice < :s1.test 341 alice bob #a
            bob   < :alice!~alice@alice.test INVITE bob #a
            bob   > INVITE
            bob   < :s1.test 336 bob #a
            bob   < :s1.test 337 bob :End of /INVITE list
            carol > AWAY :lunch
            alice > INVITE carol #a
            alice < :s1.test 341 alice carol #a
            alice < :s1.test 301 alice carol :lunch
            ",
        );
    }

    #[test]
    fn what_is_refused() {
        check(
            r"
            alice > JOIN #a
            bob   > JOIN #a
            carol > INVITE bob #a
            carol < :s1.test 442 carol #a :You're not on that channel
            alice > INVITE bob #a
            alice < :s1.test 443 alice bob #a :is already on channel
            alice > MODE #a +i
            bob   > INVITE carol #a
            bob   < :s1.test 482 bob #a :You're not channel operator
            bob   > INVITE nobody #a
            bob   < :s1.test 401 bob nobody :No such nick/channel
            bob   > INVITE carol #none
            bob   < :s1.test 403 bob #none :No such channel
            bob   > INVITE carol
            bob   < :s1.test 461 bob INVITE :Not enough parameters
            ",
        );
    }

    #[test]
    fn whoever_could_not_lift_a_ban_does_not_by_an_invitation() {
        check(
            r"
            servers 2
            alice@1 > JOIN #a
            bob@2   > JOIN #a
            carol@2 > PING x
            alice > MODE #a +b carol!*@*
            bob   < :alice!~alice@alice.test MODE #a +b carol!*@*
            bob   > INVITE carol #a
            carol < :bob!~bob@bob.test INVITE carol #a
            carol > JOIN #a
            carol < :s2.test 474 carol #a :Cannot join channel (+b)
            alice > MODE #a +A
            bob   < :alice!~alice@alice.test MODE #a +A
            bob   > INVITE carol #a
            carol > JOIN #a
            carol < :carol!~carol@carol.test JOIN #a
            carol > PART #a
            alice > MODE #a -A
            bob   < :alice!~alice@alice.test MODE #a -A
            carol > JOIN #a
            carol < :s2.test 474 carol #a :Cannot join channel (+b)
            alice > INVITE carol #a
            carol < :alice!~alice@alice.test INVITE carol #a
            carol > JOIN #a
            carol < :carol!~carol@carol.test JOIN #a
            same
            ",
        );
    }

    #[test]
    fn those_who_might_have_invited_are_told_if_they_asked_for_it() {
        check(
            r"
            alice > CAP REQ invite-notify
            alice > JOIN #a
            bob   > JOIN #a
            carol > PING x
            bob   > INVITE carol #a
            alice < :bob!~bob@bob.test INVITE carol #a
            ",
        );
    }
}
