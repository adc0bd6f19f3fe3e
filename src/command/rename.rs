//! RENAME (`ircv3: channel-rename`).

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        filters, notes, policy,
    },
    network::{
        ChannelId, UserId, crdt::Epoch, crdt::Source, filter::Place, mode::Status, op::Op,
        rename::Renaming,
    },
    wire::{encode, fail, message::Args, name::ChannelName, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "RENAME",
    params: "<channel> <name> [<reason>]",
    about: "Gives a channel another name.",
    help: "You must be an operator of the channel. Everybody in it, its modes, lists and topic go with it. Those whose clients do not know of this leave the old channel and enter the new one. The old name is free then.\nExample: RENAME #old #new :We have moved on",
    replies: &[reply::NO_SUCH_CHANNEL, reply::NOT_ON_CHANNEL, reply::CHAN_OP_NEEDED],
    cost: 3,
    run: Run::User(rename),
    ..Command::USUAL
}];

fn rename(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    ctx.touch(user);
    let (old, new) = (args[0], args[1]);
    let reason = encode::head(args.given(2).unwrap_or_default(), ctx.core.config.limits.kick);
    let channel = ctx.channel(old)?;
    if let Err(refused) = policy::require(ctx, channel, user, Status::OP) {
        if !policy::overrides(ctx, user) {
            return Err(refused);
        }
        policy::announce(ctx, user, channel, &format!("RENAME {new}"));
    }
    let name = ctx.channel_name(new).ok_or_else(|| fail::rename_to_no_name(old, new))?;
    if notes::shut(ctx, new).is_some() {
        return Err(fail::rename_forbidden(old, new).into());
    }
    if ctx.network().channel(channel).name.as_str() == name.as_str() {
        return Err(fail::rename_to_same(old, new).into());
    }
    if ctx.network().name(&name).is_some_and(|other| other != channel) {
        return Err(fail::channel_name_in_use(old, new).into());
    }
    let claimed = |name| ctx.network().claims().channel(name).is_some();
    let record = ctx.network().channel(channel);
    if record.has('r') || claimed(&record.name) {
        return Err(fail::rename_registered(old, new).into());
    }
    if claimed(&name) {
        return Err(fail::channel_name_in_use(old, new).into());
    }
    if ctx.core.chanflood.keeps_name(channel, ctx.now.mono) {
        return Err(fail::renamed_recently(old, new).into());
    }
    // Some see it as the reason of a PART.
    if filters::check(ctx, user, Place::Farewell, reason).is_err() {
        let closing = ctx.session().closing;
        return if closing { Ok(()) } else { Err(fail::rename_filtered(old, new).into()) };
    }
    policy::appear(ctx, user, channel);
    let renaming = renaming(ctx, (user, channel), name, reason);
    ctx.commit(Op::Rename(Box::new(renaming)));
    Ok(())
}

/// What becomes of the channel: it is as it was.
fn renaming(
    ctx: &mut Ctx<'_>,
    (user, channel): (UserId, ChannelId),
    name: ChannelName,
    reason: &str,
) -> Renaming {
    let at = ctx.core.clock.tick(ctx.now.wall);
    let network = ctx.network();
    let record = network.channel(channel);
    let mut modes = record.flags();
    // Whatever it was registered as has been under the old name.
    modes.set('r', false);
    let epoch = Epoch::founded(at, network.before(channel, &name));
    Renaming {
        parts: network.parts(channel),
        others: Vec::new(),
        renames: Vec::new(),
        epoch,
        by: Source::User(network.user(user).uid),
        reason: reason.into(),
        modes,
        state: network.carried(record, &name, epoch),
        name,
    }
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_channel_goes_by_another_name_with_all_that_it_has() {
        check(
            r"
            servers 2
            alice@1 > CAP REQ draft/channel-rename
            alice   > JOIN #a
            alice   > MODE #a +klb sesame 9 *!*@x
            alice   > TOPIC #a :ours
            bob@1   > JOIN #a sesame
            carol@2 > CAP REQ draft/channel-rename
            carol   > JOIN #a sesame
            dave@2  > JOIN #a sesame
            alice   > MODE #a +v dave
            alice   > RENAME #a #b :tidying up
            alice   < :alice!~alice@alice.test RENAME #a #b :tidying up
            carol   < :alice!~alice@alice.test RENAME #a #b :tidying up
            bob     < :bob!~bob@bob.test PART #a :tidying up
            bob     < :bob!~bob@bob.test JOIN #b
            bob     < :s1.test 332 bob #b :ours
            bob     < :s1.test 353 bob = #b :@alice bob carol +dave
            bob     < :s1.test 366 bob #b :End of /NAMES list
            dave    < :dave!~dave@dave.test PART #a :tidying up
            dave    < :dave!~dave@dave.test JOIN #b
            alice   <! JOIN
            alice   <! MODE
            alice   > MODE #b
            alice   < :s1.test 324 alice #b +ntkl sesame 9
            carol   > MODE #b b
            carol   <~ :s2.test 367 carol #b *@x alice!~alice@alice.test *
            alice   > PRIVMSG #b :hi
            dave    < :alice!~alice@alice.test PRIVMSG #b :hi
            dave    > JOIN #a
            dave    < :s2.test 353 dave = #a :@dave
            same
            ",
        );
    }

    #[test]
    fn what_is_refused() {
        check(
            r"
            config limits.rename_interval 30
            alice > JOIN #a
            bob   > JOIN #a
            bob   > RENAME #a
            bob   < :s1.test 461 bob RENAME :Not enough parameters
            bob   > RENAME #none #b
            bob   < :s1.test 403 bob #none :No such channel
            bob   > RENAME #a #b
            bob   < :s1.test 482 bob #a :You're not channel operator
            carol > RENAME #a #b
            carol < :s1.test 442 carol #a :You're not on that channel
            carol > JOIN #c
            alice > RENAME #a #C
            alice < :s1.test FAIL RENAME CHANNEL_NAME_IN_USE #a #C :There is a channel of that name already.
            alice > RENAME #a b
            alice < :s1.test FAIL RENAME CANNOT_RENAME #a b :A channel's name begins with # and holds no space, comma or control character; or this one is too long.
            alice > RENAME #a #a
            alice < :s1.test FAIL RENAME CANNOT_RENAME #a #a :The channel has this name already.
            alice > RENAME #a #b
            alice < :alice!~alice@alice.test JOIN #b
            alice > RENAME #b #a
            alice < :s1.test FAIL RENAME CANNOT_RENAME #b #a :The channel has been renamed a moment ago; try again later.
            wait 30
            alice > RENAME #b #a
            bob   < :bob!~bob@bob.test JOIN #a
            ",
        );
    }

    #[test]
    fn a_registered_channel_keeps_its_name() {
        check(
            r"
            account alice password=sesame
            alice > NS IDENTIFY alice sesame
            alice > JOIN #a,#b
            alice > CS REGISTER #a
            alice > RENAME #a #c
            alice <~ :s1.test FAIL RENAME CANNOT_RENAME #a #c :The channel is registered.*
            alice > PART #a
            alice > RENAME #b #a
            alice < :s1.test FAIL RENAME CHANNEL_NAME_IN_USE #b #a :There is a channel of that name already.
            ",
        );
    }

    #[test]
    fn who_is_there_by_another_join_does_not_leave_with_one_of_them() {
        check(
            r"
            servers 2
            alice@1 > JOIN #a
            bob@2   > JOIN #a
            split 1 | 2
            alice   > RENAME #a #b
            bob     > JOIN #b
            bob     > RENAME #b #c
            heal
            alice   <! :bob!~bob@bob.test PART #b
            same
            ",
        );
    }

    #[test]
    fn words_that_a_filter_catches_are_no_reason() {
        check(
            r"
            config oper root sesame
            root  > OPER root sesame
            root  > FILTER bad* block q :no
            alice > JOIN #a
            alice > RENAME #a #b :bad words
            alice < :s1.test FAIL RENAME CANNOT_RENAME #a #b :Your words are not allowed here.
            alice > RENAME #a #b :good words
            alice < :alice!~alice@alice.test PART #a :good words
            ",
        );
    }

    #[test]
    fn an_operator_who_overrides_may_rename_any() {
        check(
            r"
            config oper root sesame
            alice > JOIN #a
            root  > OPER root sesame
            root  > RENAME #a #b
            root  < :s1.test 442 root #a :You're not on that channel
            root  > MODE root +O
            root  > RENAME #a #b
            alice < :alice!~alice@alice.test PART #a
            alice < :alice!~alice@alice.test JOIN #b
            ",
        );
    }

    #[test]
    fn another_spelling_is_another_name_and_nobody_leaves_for_it() {
        check(
            r"
            alice > CAP REQ draft/channel-rename
            alice > JOIN #a
            bob   > JOIN #a
            alice > RENAME #a #A
            alice < :alice!~alice@alice.test RENAME #a #A :
            bob   > PRIVMSG #a :hi
            bob   <! PART
            alice < :bob!~bob@bob.test PRIVMSG #A :hi
            ",
        );
    }

    #[test]
    fn what_is_under_way_goes_on_under_the_new_name() {
        check(
            r"
            alice > CAP REQ :draft/channel-rename draft/message-redaction message-tags
            alice > JOIN #a
            alice > MODE #a +i
            bob   > CAP REQ :draft/multiline batch message-tags draft/channel-rename draft/message-redaction
            alice > INVITE bob #a
            carol > PING x
            alice > INVITE carol #a
            bob   > JOIN #a
            bob   > BATCH +1 draft/multiline #a
            bob   > @batch=1 PRIVMSG #a :one
            alice > METADATA #a SET website :x
            alice > RENAME #a #b
            bob   <~ *:alice!~alice@alice.test RENAME #a #b :
            bob   > @batch=1 PRIVMSG #a :two
            bob   > BATCH -1
            alice <~ *:bob!~bob@bob.test PRIVMSG #b :one
            alice <~ *:bob!~bob@bob.test PRIVMSG #b :two
            alice > METADATA #b GET website
            alice < :s1.test 761 alice #b website * :x
            carol > JOIN #b
            carol <~ *:carol!~carol@carol.test JOIN #b
            carol > PRIVMSG #b :oops
            alice <~ *:carol!~carol@carol.test PRIVMSG #b :oops
            alice > REDACT #b $id
            bob   <~ *:alice!~alice@alice.test REDACT #b $id
            ",
        );
    }

    #[test]
    fn who_is_unseen_is_shown_under_the_new_name() {
        check(
            r"
            alice > CAP REQ draft/channel-rename
            alice > JOIN #a
            alice > MODE #a +D
            bob   > JOIN #a
            alice > RENAME #a #b
            alice < :alice!~alice@alice.test RENAME #a #b :
            alice < :bob!~bob@bob.test JOIN #b
            ",
        );
    }

    #[test]
    fn a_channel_renamed_on_both_sides_of_a_split_goes_by_the_later_name() {
        check(
            r"
            servers 2
            alice@1 > CAP REQ draft/channel-rename
            alice   > JOIN #a
            bob@2   > CAP REQ draft/channel-rename
            bob     > JOIN #a
            carol@2 > JOIN #a
            alice   > MODE #a +o bob
            split 1 | 2
            alice   > RENAME #a #b
            alice   > MODE #b +m
            alice   > TOPIC #b :one
            wait 1
            bob     > RENAME #a #c
            dave@1  > JOIN #b
            heal
            alice   < :bob!~bob@bob.test RENAME #b #c :
            alice   < :s2.test MODE #c -m
            alice   < :s2.test TOPIC #c :
            bob     <! RENAME #a #b
            dave    < :dave!~dave@dave.test PART #b
            dave    < :dave!~dave@dave.test JOIN #c
            bob     < :dave!~dave@dave.test JOIN #c
            same
            ",
        );
    }

    #[test]
    fn a_name_taken_on_the_other_side_of_a_split_is_shared() {
        check(
            r"
            servers 2
            alice@1 > CAP REQ draft/channel-rename
            alice   > JOIN #a
            bob@2   > JOIN #a
            split 1 | 2
            bob     > JOIN #b
            carol@2 > JOIN #b
            wait 1
            alice   > RENAME #a #b
            heal
            alice   < :s2.test MODE #b -o alice
            alice   < :s2.test MODE #b +o bob
            alice   < :carol!~carol@carol.test JOIN #b
            alice   <! bob@bob.test
            bob     < :bob!~bob@bob.test PART #a
            bob     < :alice!~alice@alice.test JOIN #b
            same
            ",
        );
    }

    #[test]
    fn what_is_done_under_the_old_name_meanwhile() {
        check(
            r"
            servers 3
            links 1-2 2-3
            alice@1 > CAP REQ draft/channel-rename
            alice   > JOIN #a
            bob@2   > CAP REQ draft/channel-rename
            bob     > JOIN #a
            carol@2 > JOIN #a
            dave@2  > JOIN #a
            alice   > MODE #a +o bob
            split 1 | 2 3
            alice   > RENAME #a #b
            bob     > KICK #a carol
            dave    > PART #a
            bob     > TOPIC #a :lost
            bob     > MODE #a +m
            erin@3  > JOIN #a
            bob     > PRIVMSG #a :where are you
            heal
            alice   < :bob!~bob@bob.test KICK #b carol :bob
            alice   < :dave!~dave@dave.test PART #b
            alice   < :erin!~erin@erin.test JOIN #b
            alice   < :bob!~bob@bob.test PRIVMSG #b :where are you
            bob     < :alice!~alice@alice.test RENAME #a #b :
            bob     < :s1.test MODE #b -m
            bob     < :s1.test TOPIC #b :
            erin    < :erin!~erin@erin.test JOIN #b
            same
            ",
        );
    }

    #[test]
    fn who_is_there_by_another_join_as_well_is_not_seen_to_leave() {
        check(
            r"
            servers 3
            links 1-3 2-3
            config limits.rename_interval 0
            alice@1 > JOIN #a
            bob@2   > JOIN #a
            split 1 | 2 3
            bob     > JOIN #b
            carol@3 > JOIN #b
            wait 1
            alice   > RENAME #a #b
            alice   > RENAME #b #c
            heal
            carol   <! :bob!~bob@bob.test PART #b
            same
            ",
        );
    }
}
