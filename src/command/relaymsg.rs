//! RELAYMSG (`ircv3: relaymsg`): what somebody says elsewhere is said in a channel, under their name.

use crate::{
    core::{
        chanban,
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run, audit},
        filters,
        oper::Priv,
    },
    network::{
        ChannelId, UserId,
        filter::Place,
        mode::Status,
        op::{Guise, Message, MessageKind, Op, Target, Why},
    },
    wire::{fail, mask::Person, message, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "RELAYMSG",
    params: "<channel> <nick> <text>",
    about: "Says something in a channel for somebody elsewhere.",
    help: "For bridges to other networks. The nick must hold one of the separators that the capability draft/relaymsg names, as in alice/matrix. It takes an operator of the channel, or of the network with the privilege.\nExample: RELAYMSG #dev bob/matrix :Hello from over there",
    replies: &[reply::NO_SUCH_CHANNEL],
    cost: 1,
    run: Run::Tagged(relaymsg),
    ..Command::USUAL
}];

/// The longest nick of somebody elsewhere.
const NICK_MAX: usize = 64;

/// What the nick of a relayed message may not hold.
const BARRED: &str = " !+%@&#$:'\"?*,.~";

fn relaymsg(ctx: &mut Ctx<'_>, user: UserId, line: &message::Message<'_>) -> Outcome {
    ctx.touch(user);
    if !ctx.core.config.relaymsg.enabled {
        return Err(fail::relaymsg_not_enabled().into());
    }
    let (nick, text) = (line.args[1], line.args[2]);
    let channel = ctx.channel(line.args[0])?;
    if !relays(ctx, user, channel) {
        if !ctx.may(user, Priv::Relay) {
            return Err(fail::relaymsg_privs_needed().into());
        }
        audit(ctx, user, &COMMANDS[0], line.args.iter());
    }
    if text.trim().is_empty() {
        return Err(fail::relaymsg_blank_msg().into());
    }
    if !is_nick(nick, &ctx.core.config.relaymsg.separators) {
        return Err(fail::relaymsg_invalid_nick().into());
    }
    let who = ctx.whois(user);
    let (from, shown) = (who.uid, format!("{nick}!{}@{}", who.user, who.host));
    let folded = ctx.network().casemap().fold(nick);
    let person = Person { nick: &folded, address: None, ..chanban::person(who) };
    let record = ctx.network().channel(channel);
    if chanban::touches(ctx.core, record, &person) {
        return Err(fail::relaymsg_banned().into());
    }
    let to = Target::Channel { name: record.name.clone(), prefix: None };
    if filters::check(ctx, user, Place::Channel, text).is_err() {
        let closing = ctx.session().closing;
        return if closing { Ok(()) } else { Err(fail::relaymsg_filtered().into()) };
    }
    let tags = line.tags.client_only(&ctx.core.config.server.client_tags_denied).as_str().into();
    let guise = Some(Box::new(Guise { mask: shown.into(), why: Why::Relayed }));
    let (kind, text) = (MessageKind::Privmsg, text.into());
    ctx.commit(Op::Message(Box::new(Message { from, to, kind, text, tags, guise })));
    Ok(())
}

/// Whether a user may relay as an operator of the channel.
fn relays(ctx: &Ctx<'_>, user: UserId, channel: ChannelId) -> bool {
    let status = ctx.network().status(channel, user);
    let operator = status.is_some_and(|status| status.at_least(Status::OP));
    ctx.core.config.relaymsg.operators && operator
}

/// Whether a text can be the nick of somebody elsewhere, and nobody's here.
fn is_nick(nick: &str, separators: &str) -> bool {
    nick.len() <= NICK_MAX
        && nick.contains(|c| separators.contains(c))
        && !nick.contains(|c: char| BARRED.contains(c) || c.is_control() || c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn what_is_said_elsewhere_is_said_under_the_name_of_who_says_it() {
        check(
            r"
            servers 2
            bot@1   > CAP REQ :echo-message labeled-response batch
            bot     > JOIN #a
            alice@1 > CAP REQ draft/relaymsg
            alice   > JOIN #a
            bob@2   > JOIN #a
            bot     > @label=x RELAYMSG #a carol/matrix :hi there
            bot     < @label=x :carol/matrix!~bot@bot.test PRIVMSG #a :hi there
            alice   < @draft/relaymsg=bot :carol/matrix!~bot@bot.test PRIVMSG #a :hi there
            bob     < :carol/matrix!~bot@bot.test PRIVMSG #a :hi there
            bot     > CAP REQ -echo-message
            bot     > RELAYMSG #a carol/matrix :again
            bob     < :carol/matrix!~bot@bot.test PRIVMSG #a :again
            bot     <! again
            ",
        );
    }

    #[test]
    fn what_is_refused() {
        check(
            r"
            config oper root sesame
            alice > JOIN #a
            bob   > JOIN #a
            alice > RELAYMSG #a b/m
            alice < :s1.test 461 alice RELAYMSG :Not enough parameters
            alice > RELAYMSG #none b/m :x
            alice < :s1.test 403 alice #none :No such channel
            bob   > RELAYMSG #a b/m :x
            bob   <~ :s1.test FAIL RELAYMSG PRIVS_NEEDED :*
            alice > RELAYMSG #a bad!nick/m :x
            alice <~ :s1.test FAIL RELAYMSG INVALID_NICK :*
            alice > RELAYMSG #a plain :x
            alice <~ :s1.test FAIL RELAYMSG INVALID_NICK :*
            alice > RELAYMSG #a b/m : 
            alice <~ :s1.test FAIL RELAYMSG BLANK_MSG :*
            alice > MODE #a +b b/m!*@*
            alice > RELAYMSG #a b/m :x
            alice <~ :s1.test FAIL RELAYMSG BANNED :*
            alice > MODE #a -b+b b/m!*@* mute:b/*!*@*
            alice > RELAYMSG #a B/m :x
            alice <~ :s1.test FAIL RELAYMSG BANNED :*
            root  > OPER root sesame
            root  > RELAYMSG #a c/m :y
            alice < :c/m!~root@root.test PRIVMSG #a :y
            root  > FILTER *spam* block c :no
            alice > RELAYMSG #a c/m :spam
            alice <~ :s1.test FAIL RELAYMSG FILTERED :*
            ",
        );
        check(
            r"
            config relaymsg.operators false
            alice > JOIN #a
            alice > RELAYMSG #a b/m :x
            alice <~ :s1.test FAIL RELAYMSG PRIVS_NEEDED :*
            ",
        );
    }

    #[test]
    fn it_is_told_of_where_it_is_switched_on() {
        check(
            r"
            raw a
            a > CAP LS 302
            a <~ :s1.test CAP * LS *draft/relaymsg=/*
            ",
        );
        check(
            r"
            config relaymsg.enabled false
            alice > JOIN #a
            alice > CAP LS 302
            alice <! relaymsg
            alice > CAP REQ draft/relaymsg
            alice < :s1.test CAP alice NAK :draft/relaymsg
            alice > RELAYMSG #a b/m :x
            alice <~ :s1.test FAIL RELAYMSG NOT_ENABLED :*
            ",
        );
    }
}
