//! TOPIC (RFC 2812 §3.2.4).

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        filters, policy,
        registered::access,
        render::channel,
    },
    network::{UserId, crdt::Source, filter::Place, mode::Status, op::Op},
    wire::{encode, message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "TOPIC",
    params: "<channel> [<topic>]",
    about: "Shows or sets a channel's topic.",
    help: "An empty topic takes it away. While +t is set, it takes an operator of the channel to set it.\nExample: TOPIC #dev :Release on Friday",
    replies: &[
        reply::NO_SUCH_CHANNEL,
        reply::CANNOT_SEND_TO_CHAN,
        reply::NOT_ON_CHANNEL,
        reply::CHAN_OP_NEEDED,
        reply::TOPIC,
        reply::TOPIC_WHO_TIME,
        reply::NO_TOPIC,
    ],
    cost: 1,
    run: Run::User(topic),
    ..Command::USUAL
}];

pub(super) fn topic(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let channel = ctx.channel(args[0])?;
    let Some(text) = args.get(1) else {
        if ctx.network().channel(channel).topic().is_none() {
            ctx.reply(reply::no_topic(args[0]));
        }
        channel::topic(ctx.core, ctx.fx, ctx.conn, channel, ctx.now);
        return Ok(());
    };
    let locked = !access::sets_topic(ctx.core, user, channel);
    let allowed = if locked && !ctx.forced {
        Err(reply::chan_op_needed(args[0]).into())
    } else if ctx.network().channel(channel).has('t') {
        policy::require(ctx, channel, user, Status::HALFOP)
    } else {
        policy::member(ctx, channel, user).map(|_| ())
    };
    if let Err(refused) = allowed {
        if !policy::overrides(ctx, user) {
            return Err(refused);
        }
        policy::announce(ctx, user, channel, "TOPIC");
    }
    if let Err(why) = filters::check(ctx, user, Place::Topic, text) {
        return if ctx.session().closing {
            Ok(())
        } else {
            Err(reply::cannot_send_to_chan(args[0], &why).into())
        };
    }
    policy::appear(ctx, user, channel);
    let record = ctx.network().channel(channel);
    let (name, epoch) = (record.name.clone(), record.epoch);
    let (by, setter) = (Source::User(ctx.whois(user).uid), ctx.whois(user).mask().into());
    let text = encode::head(text, ctx.core.config.limits.topic).into();
    ctx.commit(Op::Topic { name, epoch, by, setter, text });
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_topic_is_set_shown_and_taken_away() {
        check(
            r"
            alice > JOIN #a
            bob   > JOIN #a
            bob   > TOPIC #a
            bob   < :s1.test 331 bob #a :No topic is set
            bob   > TOPIC #a :mine
            bob   < :s1.test 482 bob #a :You're not channel operator
            alice > TOPIC #a :ours
            bob   < :alice!~alice@alice.test TOPIC #a :ours
            bob   > TOPIC #a
            bob   < :s1.test 332 bob #a :ours
            bob   <~ :s1.test 333 bob #a alice!~alice@alice.test *
            carol > JOIN #a
            carol < :s1.test 332 carol #a :ours
            alice > MODE #a -t
            bob   > TOPIC #a :
            alice < :bob!~bob@bob.test TOPIC #a :
            ",
        );
    }

    #[test]
    fn those_outside_may_not_set_it_nor_look_at_a_secret_one() {
        check(
            r"
            alice > JOIN #a
            alice > TOPIC #a :t
            bob   > TOPIC #a
            bob   < :s1.test 332 bob #a :t
            bob   > TOPIC #a :x
            bob   < :s1.test 442 bob #a :You're not on that channel
            alice > MODE #a +s
            bob   > TOPIC #a
            bob   < :s1.test 403 bob #a :No such channel
            bob   > TOPIC #a :x
            bob   < :s1.test 403 bob #a :No such channel
            bob   > TOPIC #none
            bob   < :s1.test 403 bob #none :No such channel
            ",
        );
    }

    #[test]
    fn the_later_topic_wins_when_a_split_heals_and_keeps_its_author() {
        check(
            r"
            servers 2
            alice@1 > JOIN #rust
            alice   > MODE #rust -t
            bob@2   > JOIN #rust
            split 1 | 2
            bob     > TOPIC #rust :first
            alice   > TOPIC #rust :second
            heal
            bob     < :alice!~alice@alice.test TOPIC #rust :second
            alice   <! first
            same
            ",
        );
    }
}
