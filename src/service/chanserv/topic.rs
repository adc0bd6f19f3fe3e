//! ChanServ TOPIC, TOPICAPPEND and TOPICPREPEND; INVITE and GETKEY.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        filters,
        registered::CHANSERV,
    },
    network::{UserId, filter::Place, op::Op},
    wire::{encode, message::Args},
};

const TOPICS: Command = Command {
    name: "",
    params: "<channel> <text>",
    about: "",
    help: "",
    replies: &[],
    cost: 2,
    ..Command::USUAL
};

pub const TOPIC: &[Command] = &[Command {
    name: "TOPIC",
    params: "<channel> [<text>]",
    about: "Sets the topic of a channel, or takes it away.",
    help: "It takes the flag t.\nExample: TOPIC #dev Welcome",
    run: Run::User(|ctx, user, args| set(ctx, user, &args, |_, new| new.to_owned())),
    ..TOPICS
}];

pub const TOPICAPPEND: &[Command] = &[Command {
    name: "TOPICAPPEND",
    about: "Adds something to the end of the topic.",
    help: "It takes the flag t.\nExample: TOPICAPPEND #dev | meeting at noon",
    run: Run::User(|ctx, user, args| set(ctx, user, &args, joined)),
    ..TOPICS
}];

pub const TOPICPREPEND: &[Command] = &[Command {
    name: "TOPICPREPEND",
    about: "Adds something to the beginning of the topic.",
    help: "It takes the flag t.\nExample: TOPICPREPEND #dev meeting at noon |",
    run: Run::User(|ctx, user, args| set(ctx, user, &args, |old, new| joined(new, old))),
    ..TOPICS
}];

pub const INVITE: &[Command] = &[Command {
    name: "INVITE",
    params: "<channel>",
    about: "Invites you to a channel, whatever keeps others out.",
    help: "It takes the flag i.\nExample: INVITE #dev",
    run: Run::User(invite),
    ..TOPICS
}];

pub const GETKEY: &[Command] = &[Command {
    name: "GETKEY",
    params: "<channel>",
    about: "Tells you the key of a channel.",
    help: "It takes the flag i.\nExample: GETKEY #dev",
    run: Run::User(key),
    ..TOPICS
}];

/// Two pieces of a topic as one.
fn joined(first: &str, second: &str) -> String {
    match (first, second) {
        ("", one) | (one, "") => one.to_owned(),
        (first, second) => format!("{first} | {second}"),
    }
}

fn set(
    ctx: &mut Ctx<'_>,
    user: UserId,
    args: &Args<'_>,
    make: impl Fn(&str, &str) -> String,
) -> Outcome {
    let Some((name, channel)) = super::there(ctx, user, args[0], "t") else { return Ok(()) };
    let record = ctx.network().channel(channel);
    let old = record.topic().map_or("", |topic| &topic.value.text);
    let text = make(old, args.given(1).unwrap_or_default());
    if let Err(why) = filters::check(ctx, user, Place::Topic, &text) {
        if !ctx.session().closing {
            ctx.notice(&why);
        }
        return Ok(());
    }
    let epoch = ctx.network().channel(channel).epoch;
    let setter = ctx.whois(user).mask().into();
    let text = encode::head(&text, ctx.core.config.limits.topic).into();
    ctx.commit(Op::Topic { name, epoch, by: CHANSERV, setter, text });
    Ok(())
}

fn invite(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some((name, channel)) = super::there(ctx, user, args[0], "i") else { return Ok(()) };
    if ctx.network().status(channel, user).is_some() {
        ctx.notice(&format!("You are in {name} already."));
        return Ok(());
    }
    if let Some(local) = ctx.core.locals.get_mut(user) {
        local.invite(&name);
    }
    let (source, nick) = (ctx.core.service_mask("ChanServ"), ctx.whois(user).nick().to_string());
    ctx.raw_as(&source, "INVITE", &[&nick], name.as_str());
    Ok(())
}

fn key(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some((name, channel)) = super::there(ctx, user, args[0], "i") else { return Ok(()) };
    let text = match ctx.network().channel(channel).value('k') {
        Some(key) => format!("The key of {name} is: {key}"),
        None => format!("{name} has no key."),
    };
    ctx.notice(&text);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn topics_and_ways_in_are_for_those_with_the_flag() {
        check(
            r"
            servers 2
            config oper root sesame
            account alice password=sesame
            account bob password=sesame
            alice@1 > NS IDENTIFY alice sesame
            bob@2   > NS IDENTIFY bob sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            bob   > CS TOPIC #a mine
            bob   < :ChanServ!services@services.test NOTICE bob :You are not authorized to perform this operation.
            alice > CS FLAGS #a bob +it
            bob   > CS TOPIC #a release on Friday
            alice < :ChanServ!services@services.test TOPIC #a :release on Friday
            bob   > CS TOPICAPPEND #a or later
            alice < :ChanServ!services@services.test TOPIC #a :release on Friday | or later
            bob   > CS TOPICPREPEND #a soon
            alice < :ChanServ!services@services.test TOPIC #a :soon | release on Friday | or later
            alice > TOPIC #a
            alice <~ :s1.test 333 alice #a bob!~bob@bob.test *
            bob   > CS TOPIC #a
            alice < :ChanServ!services@services.test TOPIC #a :
            bob   > CS GETKEY #a
            bob   < :ChanServ!services@services.test NOTICE bob :#a has no key.
            alice > MODE #a +ik sesame
            bob   > CS GETKEY #a
            bob   < :ChanServ!services@services.test NOTICE bob :The key of #a is: sesame
            bob   > CS INVITE #a
            bob   < :ChanServ!services@services.test INVITE bob :#a
            bob   > JOIN #a
            bob   < :bob!~bob@bob.test JOIN #a
            bob   > CS INVITE #a
            bob   < :ChanServ!services@services.test NOTICE bob :You are in #a already.
            alice > OPER root sesame
            alice > FILTER bad* block t :no
            bob   > CS TOPIC #a bad words
            bob   <~ :ChanServ!services@services.test NOTICE bob :*
            bob   > PART #a
            alice > PART #a
            bob   > CS TOPIC #a x
            bob   < :ChanServ!services@services.test NOTICE bob :Nobody is in #a.
            same
            ",
        );
    }
}
