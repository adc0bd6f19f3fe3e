//! ChanServ REGISTER.

use super::room;
use crate::{
    core::{
        ctx::{Again, Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
        policy,
        registered::{flags::Flags, record},
        registry,
    },
    job::Answer,
    network::{ChannelId, UserId, crdt::Epoch, mode::Status},
    registry::{CHANNEL, Edit, Kind, Login, NAME, RecordId, What},
    store::Rows,
    wire::message::Args,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "REGISTER",
    params: "<channel>",
    about: "Makes a channel yours, for as long as your account is.",
    help: "You have to be logged in, and operator of the channel. From then on it is there with its modes, lists and topic whenever somebody enters, you are its founder, and you say who else may do what: HELP FLAGS.\nExample: REGISTER #dev",
    replies: &[],
    cost: 4,
    run: Run::User(register),
    ..Command::USUAL
}];

fn register(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some((_, login)) = ready(ctx, user, args[0]) else { return Ok(()) };
    room::make(ctx, login.id, Again { words: vec![args[0].to_owned()], then: propose })
}

/// What is to be registered and by whom, if that may be; otherwise it is told why not.
fn ready(ctx: &mut Ctx<'_>, user: UserId, text: &str) -> Option<(ChannelId, Login)> {
    let oper = ctx.may(user, Priv::Channels);
    let Some(login) = ctx.whois(user).login.as_deref().cloned() else {
        ctx.notice("You are not logged in. /msg NickServ HELP tells how to be.");
        return None;
    };
    if !ctx.core.config.channels.registration && !oper {
        ctx.notice("Only operators of the network register channels here; ask one.");
        return None;
    }
    let Ok(channel) = ctx.channel(text) else {
        ctx.notice(&format!("{text} is not there. Enter it first, and be its operator."));
        return None;
    };
    let name = ctx.network().channel(channel).name.clone();
    if let Some(why) = super::purged(ctx, &name) {
        ctx.notice(&why);
        return None;
    }
    if ctx.network().claims().channel(&name).is_some() {
        ctx.notice(&format!("{name} is already registered."));
        return None;
    }
    if policy::require(ctx, channel, user, Status::OP).is_err() && !oper {
        ctx.notice(&format!("You must be an operator of {name} to register it."));
        return None;
    }
    Some((channel, login))
}

/// Has the store make the record of the channel.
fn propose(ctx: &mut Ctx<'_>, user: UserId, words: &[String]) -> Outcome {
    let Some((channel, login)) = words.first().and_then(|text| ready(ctx, user, text)) else {
        return Ok(());
    };
    let at = ctx.core.clock.tick(ctx.now.wall);
    let record = ctx.network().channel(channel);
    let depth = record.epoch.depth_after();
    let founder = Flags::founder().letters().collect::<String>();
    let mut fields: crate::core::registered::kept::Fields = vec![
        (NAME.into(), Some(record.name.as_str().into())),
        (format!("{CHANNEL}{}", record.name.folded()).into(), Some(record.name.as_str().into())),
        (record::FOUNDER.into(), Some(login.id.to_string().into())),
        (record::access(login.id), Some(founder.into())),
    ];
    if Epoch::registered(at, depth).depth > 0 {
        fields.push((record::DEPTH.into(), Some(depth.to_string().into())));
    }
    fields.extend(crate::core::registered::kept::Parts::all(record, None).fields(record));
    let done = format!("{} is now registered to {}.", record.name, login.name);
    let by = ctx.whois(user).mask().into();
    ctx.session_mut().again = Some(Box::new(super::say(done)));
    let (id, what) = (RecordId(at), What::Write(fields));
    registry::propose(ctx, Edit { id, kind: Kind::Channel, at, by, what }, registered);
    Ok(())
}

fn registered(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    if let Answer::Stored(Ok(Rows::Taken(_))) = answer {
        ctx.session_mut().again = None;
        ctx.notice("Somebody has registered it a moment ago.");
        return Ok(());
    }
    super::written(ctx, answer)
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn an_operator_of_the_network_registers_a_channel_in_which_nobody_is() {
        check(
            r"
            servers 2
            config oper root sesame
            account alice password=sesame
            alice@1 > OPER root sesame
            alice   > NS IDENTIFY alice sesame
            alice   > JOIN #a
            alice   > MODE #a +P
            alice   > PART #a
            alice   > CS REGISTER #a
            alice   <~ * NOTICE alice :#a is now registered to alice.
            alice   > MODE #a
            alice   <~ * 324 alice #a +Pnrt
            bob@2   > JOIN #a
            bob     > MODE #a
            bob     <~ * 324 bob #a +Pnrt
            same
            ",
        );
    }

    #[test]
    fn a_channel_is_registered_and_is_there_with_what_it_has() {
        check(
            r"
            account alice password=sesame
            alice > NS IDENTIFY alice sesame
            alice > JOIN #a
            alice > TOPIC #a :ours
            alice > MODE #a +bl eve!*@* 9
            alice > PRIVMSG chanserv :Register #a
            alice < :ChanServ!services@services.test MODE #a +r
            alice < :ChanServ!services@services.test MODE #a +q alice
            alice < :ChanServ!services@services.test NOTICE alice :#a is now registered to alice.
            alice > MODE #a
            alice < :s1.test 324 alice #a +nrtl 9
            alice > PART #a
            wait 30
            bob   > JOIN #a
            bob   < :bob!~bob@bob.test JOIN #a
            bob   < :s1.test 332 bob #a :ours
            bob   <~ :s1.test 333 bob #a alice!~alice@alice.test *
            bob   < :s1.test 353 bob = #a :bob
            bob   <! MODE
            bob   > MODE #a
            bob   < :s1.test 324 bob #a +nrtl 9
            eve   > JOIN #a
            eve   < :s1.test 474 eve #a :Cannot join channel (+b)
            alice > JOIN #a
            bob   < :alice!~alice@alice.test JOIN #a
            bob   < :ChanServ!services@services.test MODE #a +qo alice alice
            alice < :s1.test 353 alice = #a :~alice bob
            ",
        );
    }

    #[test]
    fn what_it_has_survives_a_restart_of_all_servers() {
        check(
            r"
            servers 2
            account alice password=sesame
            alice@1 > NS IDENTIFY alice sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            bob@2 > JOIN #a
            alice > MODE #a +o bob
            bob   > MODE #a +bbk x!*@* y!*@* key
            bob   > MODE #a -b+m x!*@*
            alice > TOPIC #a :ours
            wait 10
            crash 1
            crash 2
            start 1
            start 2
            carol@2 > JOIN #a
            carol < :s2.test 475 carol #a :Cannot join channel (+k)
            carol > JOIN #a key
            carol < :carol!~carol@carol.test JOIN #a
            carol < :s2.test 332 carol #a :ours
            carol < :s2.test 353 carol = #a :carol
            carol > MODE #a b
            carol <~ :s2.test 367 carol #a y!*@* bob!~bob@bob.test *
            carol < :s2.test 368 carol #a :End of channel ban list
            carol > MODE #a
            carol <~ :s2.test 324 carol #a +*m*k* key
            heal
            same
            ",
        );
    }

    #[test]
    fn who_may_not_register_is_told_why() {
        check(
            r"
            config limits.channels_per_account 1
            config oper root sesame
            account alice password=sesame
            alice > CS REGISTER
            alice < :ChanServ!services@services.test NOTICE alice :Not enough parameters for REGISTER. Syntax: REGISTER <channel>
            alice > CS REGISTER #a
            alice < :ChanServ!services@services.test NOTICE alice :You are not logged in. /msg NickServ HELP tells how to be.
            alice > NS IDENTIFY alice sesame
            alice > CS REGISTER #a
            alice < :ChanServ!services@services.test NOTICE alice :#a is not there. Enter it first, and be its operator.
            bob   > JOIN #b
            alice > JOIN #a,#b,#c
            alice > CS REGISTER #b
            alice < :ChanServ!services@services.test NOTICE alice :You must be an operator of #b to register it.
            alice > CS REGISTER #a
            alice < :ChanServ!services@services.test NOTICE alice :#a is now registered to alice.
            alice > CS REGISTER #A
            alice < :ChanServ!services@services.test NOTICE alice :#a is already registered.
            alice > CS REGISTER #c
            alice < :ChanServ!services@services.test NOTICE alice :An account has at most 1 channels. UNREGISTER one first.
            ",
        );
        check(
            r"
            config channels.registration false
            config oper root sesame
            account alice password=sesame
            alice > NS IDENTIFY alice sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            alice < :ChanServ!services@services.test NOTICE alice :Only operators of the network register channels here; ask one.
            bob   > JOIN #b
            alice > OPER root sesame
            alice > CS REGISTER #b
            alice < :ChanServ!services@services.test NOTICE alice :#b is now registered to alice.
            ",
        );
    }

    #[test]
    fn what_is_registered_anew_is_registered_after_a_restart_as_well() {
        check(
            r"
            account alice password=sesame
            config channels.expire 3600
            alice > NS IDENTIFY alice sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            alice > CS UNREGISTER #a 1a3185c50120000-20V
            alice < :ChanServ!services@services.test MODE #a -r
            alice < :ChanServ!services@services.test NOTICE alice :#a is not registered any more.
            alice > CS REGISTER #a
            alice < :ChanServ!services@services.test NOTICE alice :#a is now registered to alice.
            crash 1
            start 1
            bob   > JOIN #a
            bob   > MODE #a
            bob   < :s1.test 324 bob #a +nrt
            ",
        );
    }

    #[test]
    fn riding_a_split_gains_nothing() {
        check(
            r"
            servers 2
            account alice password=sesame
            alice@1 > NS IDENTIFY alice sesame
            eve@2   > JOIN #a
            eve     > PART #a
            split 1 | 2
            eve     > JOIN #a
            eve     > MODE #a +m
            wait 5
            alice   > JOIN #a
            alice   > MODE #a +i
            alice   > CS REGISTER #a
            heal
            eve     < :ChanServ!services@services.test MODE #a -mo+iro eve alice
            eve     < :ChanServ!services@services.test MODE #a +q alice
            same
            alice   > MODE #a
            alice   < :s1.test 324 alice #a +inrt
            alice   > PART #a
            eve     > PART #a
            wait 60
            split 1 | 2
            eve     > JOIN #a
            eve     < :s2.test 473 eve #a :Cannot join channel (+i)
            heal
            same
            ",
        );
    }
}
