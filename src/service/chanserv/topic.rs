//! ChanServ TOPIC, TOPICAPPEND, TOPICPREPEND and TOPICSWAP.

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
    run: Run::User(|ctx, user, args| set(ctx, user, &args, |_, new| Ok(new.to_owned()))),
    ..TOPICS
}];

pub const TOPICAPPEND: &[Command] = &[Command {
    name: "TOPICAPPEND",
    about: "Adds something to the end of the topic.",
    help: "It takes the flag t.\nExample: TOPICAPPEND #dev | meeting at noon",
    run: Run::User(|ctx, user, args| set(ctx, user, &args, |old, new| Ok(joined(old, new)))),
    ..TOPICS
}];

pub const TOPICPREPEND: &[Command] = &[Command {
    name: "TOPICPREPEND",
    about: "Adds something to the beginning of the topic.",
    help: "It takes the flag t.\nExample: TOPICPREPEND #dev meeting at noon |",
    run: Run::User(|ctx, user, args| set(ctx, user, &args, |old, new| Ok(joined(new, old)))),
    ..TOPICS
}];

pub const TOPICSWAP: &[Command] = &[Command {
    name: "TOPICSWAP",
    params: "<channel> <before:after>",
    about: "Replaces something in the topic wherever it stands there.",
    help: "What stands before the first colon is replaced by what stands behind it, which may be nothing. It takes the flag t.\nExample: TOPICSWAP #dev Friday:Monday",
    run: Run::User(|ctx, user, args| set(ctx, user, &args, swapped)),
    ..TOPICS
}];

/// Two pieces of a topic as one.
fn joined(first: &str, second: &str) -> String {
    match (first, second) {
        ("", one) | (one, "") => one.to_owned(),
        (first, second) => format!("{first} | {second}"),
    }
}

/// A topic in which something has been replaced; or why it cannot be.
fn swapped(topic: &str, what: &str) -> Result<String, &'static str> {
    let Some((before, after)) = what.split_once(':').filter(|parts| !parts.0.is_empty()) else {
        return Err("Say TOPICSWAP <channel> <before>:<after>.");
    };
    if !topic.contains(before) {
        return Err("That does not stand in the topic.");
    }
    Ok(topic.replace(before, after))
}

/// Sets the topic that is made of the one before and of what is said; or tells why none can be.
fn set(
    ctx: &mut Ctx<'_>,
    user: UserId,
    args: &Args<'_>,
    make: impl Fn(&str, &str) -> Result<String, &'static str>,
) -> Outcome {
    let Some((name, channel)) = super::there(ctx, user, args[0], "t") else { return Ok(()) };
    let record = ctx.network().channel(channel);
    let old = record.topic().map_or("", |topic| &topic.value.text);
    let text = match make(old, args.given(1).unwrap_or_default()) {
        // What does not fit is not said, and is nothing to look through: TOPICSWAP may make much of little.
        Ok(text) => encode::head(&text, ctx.core.config.limits.topic).to_owned(),
        Err(why) => {
            ctx.notice(why);
            return Ok(());
        }
    };
    if let Err(why) = filters::check(ctx, user, Place::Topic, &text) {
        if !ctx.session().closing {
            ctx.notice(&why);
        }
        return Ok(());
    }
    let epoch = ctx.network().channel(channel).epoch;
    let setter = ctx.whois(user).mask().into();
    ctx.commit(Op::Topic { name, epoch, by: CHANSERV, setter, text: text.into() });
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn what_does_not_fit_in_a_topic_is_not_looked_at() {
        let (long, short) = ("a".repeat(100), "bbbbzzz".repeat(55));
        check(&format!(
            r"
            config oper root sesame
            account alice password=sesame
            alice > NS IDENTIFY alice sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            alice > OPER root sesame
            alice > FILTER *zzz block t :no
            alice > CS TOPIC #a {long}
            alice > CS TOPICSWAP #a a:bbbbzzz
            alice < :ChanServ!services@services.test TOPIC #a :{short}bbbbz
            ",
        ));
    }

    #[test]
    fn topics_are_for_those_with_the_flag() {
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
            alice > CS FLAGS #a bob +t
            bob   > CS TOPIC #a release on Friday
            alice < :ChanServ!services@services.test TOPIC #a :release on Friday
            bob   > CS TOPICAPPEND #a or later
            alice < :ChanServ!services@services.test TOPIC #a :release on Friday | or later
            bob   > CS TOPICPREPEND #a soon
            alice < :ChanServ!services@services.test TOPIC #a :soon | release on Friday | or later
            alice > TOPIC #a
            alice <~ :s1.test 333 alice #a bob!~bob@bob.test *
            bob   > CS TOPICSWAP #a Friday:Monday
            alice < :ChanServ!services@services.test TOPIC #a :soon | release on Monday | or later
            bob   > CS TOPICSWAP #a  | or later:
            alice < :ChanServ!services@services.test TOPIC #a :soon | release on Monday
            bob   > CS TOPICSWAP #a Friday:Monday
            bob   < :ChanServ!services@services.test NOTICE bob :That does not stand in the topic.
            bob   > CS TOPICSWAP #a :Monday
            bob   < :ChanServ!services@services.test NOTICE bob :Say TOPICSWAP <channel> <before>:<after>.
            bob   > CS TOPIC #a
            alice < :ChanServ!services@services.test TOPIC #a :
            alice > OPER root sesame
            alice > FILTER bad* block t :no
            bob   > CS TOPIC #a bad words
            bob   <~ :ChanServ!services@services.test NOTICE bob :*
            alice > PART #a
            bob   > CS TOPIC #a x
            bob   < :ChanServ!services@services.test NOTICE bob :Nobody is in #a.
            same
            ",
        );
    }
}
