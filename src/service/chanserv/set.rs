//! ChanServ SET: the settings of a channel.

use super::grant;
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
        registered::{
            access,
            antiflood::ANTIFLOOD,
            flags::Flags,
            record::{self, SUCCESSOR},
            settings::{self, OFF, ON, SETTINGS, Setting, Takes},
        },
    },
    network::UserId,
    wire::{encode, message::Args, name::ChannelName},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "SET",
    params: "<channel> [<setting> [<value>]]",
    about: "Shows and changes the settings of a channel.",
    help: "It takes the flag s. Without a setting, all are listed with what they do. SUCCESSOR and FOUNDER take an account, and are for the founder.\nExample: SET #dev MLOCK +nt-i",
    replies: &[],
    cost: 3,
    run: Run::User(run),
    ..Command::USUAL
}];

fn run(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(name) = super::allowed(ctx, user, args[0], "s") else { return Ok(()) };
    let Some(word) = args.given(1) else {
        list(ctx, &name);
        return Ok(());
    };
    let value = args.given(2);
    if word.eq_ignore_ascii_case("FOUNDER") {
        return super::transfer::offer(ctx, user, &name, value.unwrap_or_default());
    }
    if word.eq_ignore_ascii_case("SUCCESSOR") {
        return successor(ctx, user, &name, value);
    }
    let Some(row) = settings::named(word) else {
        ctx.notice(&format!("There is no setting {word}. SET {name} lists those that there are."));
        return Ok(());
    };
    // It reaches further than the channel does.
    let akill = row.name == ANTIFLOOD && value.is_some_and(|it| it.eq_ignore_ascii_case("AKILL"));
    if akill && !ctx.may(user, Priv::Ban) {
        ctx.notice(
            "AKILL bans people from the network; operators with the privilege ban can set it.",
        );
        return Ok(());
    }
    match read(row, value) {
        Ok(stored) => {
            let done = match &stored {
                Some(stored) => format!("{} for {name} has been set to {stored}.", row.name),
                None => format!("{} for {name} has been cleared.", row.name),
            };
            let stored = stored.map(Into::into);
            super::set(ctx, user, &name, vec![(row.field(), stored)], done)
        }
        Err(why) => {
            ctx.notice(&why);
            Ok(())
        }
    }
}

fn list(ctx: &mut Ctx<'_>, name: &ChannelName) {
    let Some(known) = super::registration(ctx, name) else { return };
    let line = |row: &Setting| {
        let value = match row.takes {
            Takes::Switch(_) if row.is_on(&known.record) => "ON",
            Takes::Switch(_) => "OFF",
            Takes::Choice(words) => row.value(&known.record).unwrap_or(words[0]),
            Takes::Text(_) | Takes::Modes | Takes::Character => {
                row.value(&known.record).unwrap_or("-")
            }
        };
        format!("{} ({value}): {}", row.name, row.about)
    };
    let lines: Vec<String> = SETTINGS.iter().map(line).collect();
    lines.iter().for_each(|line| ctx.notice(line));
}

/// What is to be stored of a setting; nothing if it is taken away.
fn read(row: &Setting, value: Option<&str>) -> Result<Option<String>, String> {
    let gone = value.is_none_or(|value| value.eq_ignore_ascii_case("NONE"));
    let text = value.unwrap_or_default();
    match row.takes {
        Takes::Switch(_) if text.eq_ignore_ascii_case(ON) => Ok(Some(ON.into())),
        Takes::Switch(_) if text.eq_ignore_ascii_case(OFF) => Ok(Some(OFF.into())),
        Takes::Switch(_) => Err(format!("{} is ON or OFF.", row.name)),
        Takes::Choice(words) => match words.iter().find(|word| word.eq_ignore_ascii_case(text)) {
            Some(word) => Ok(Some((*word).to_owned())),
            None => Err(format!("{} is one of {}.", row.name, words.join(", ").to_uppercase())),
        },
        _ if gone => Ok(None),
        Takes::Text(most) => Ok(Some(encode::head(text, most).to_owned())),
        Takes::Modes => match access::locked(text) {
            Ok(_) => Ok(Some(text.to_owned())),
            Err(why) => Err(format!("{why}. Modes are locked as +nt-i, with their values behind.")),
        },
        Takes::Character => match text.chars().collect::<Vec<_>>()[..] {
            [one] if one.is_ascii_punctuation() => Ok(Some(text.to_owned())),
            _ => Err(format!("{} is one character such as !, . or ~.", row.name)),
        },
    }
}

/// Says who inherits the channel when the founder's account ends.
fn successor(ctx: &mut Ctx<'_>, user: UserId, name: &ChannelName, value: Option<&str>) -> Outcome {
    if super::allowed(ctx, user, name.as_str(), "F").is_none() {
        return Ok(());
    }
    let Some(text) = value.filter(|value| !value.eq_ignore_ascii_case("NONE")) else {
        let done = format!("{name} has no successor any more.");
        return super::set(ctx, user, name, vec![(SUCCESSOR.into(), None)], done);
    };
    let Some(account) = super::account(ctx, text) else { return Ok(()) };
    let Some(known) = super::registration(ctx, name) else { return Ok(()) };
    if known.founder == Some(account) {
        ctx.notice("The founder cannot be the successor as well.");
        return Ok(());
    }
    if let Err(why) = grant::has_room(known, account) {
        ctx.notice(&why);
        return Ok(());
    }
    let flags: Flags = known.flags(Some(account)).with('S', true);
    let letters = flags.letters().collect::<String>();
    let fields = vec![
        (SUCCESSOR.into(), Some(account.to_string().into())),
        (record::access(account), Some(letters.into())),
    ];
    let done = format!("{text} inherits {name} when the account of its founder ends.");
    grant::give(ctx, user, (name, "F"), fields, done)
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn settings_hold() {
        check(
            r"
            servers 2
            account alice password=sesame
            account bob password=sesame
            alice@1 > NS IDENTIFY alice sesame
            bob@2   > NS IDENTIFY bob sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            bob   > JOIN #a
            bob   > CS SET #a MLOCK +m
            bob   < :ChanServ!services@services.test NOTICE bob :You are not authorized to perform this operation.
            alice > CS SET #a MLOCK +ml-i 9
            bob   < :ChanServ!services@services.test MODE #a +ml 9
            alice < :ChanServ!services@services.test NOTICE alice :MLOCK for #a has been set to +ml-i 9.
            alice > MODE #a -m
            alice < :s1.test 742 alice #a m +ml-i :MODE cannot be set due to channel having an active MLOCK restriction policy
            alice > MODE #a +i-l
            alice <~ :s1.test 742 alice #a i *
            alice <~ :s1.test 742 alice #a l *
            alice > MODE #a +l 9
            alice > CS SET #a MLOCK +b
            alice < :ChanServ!services@services.test NOTICE alice :b is no mode that can be locked. Modes are locked as +nt-i, with their values behind.
            alice > CS SET #a MLOCK +r
            alice <~ :ChanServ!services@services.test NOTICE alice :r cannot be locked.*
            alice > CS SET #a MLOCK
            alice < :ChanServ!services@services.test NOTICE alice :MLOCK for #a has been cleared.
            alice > MODE #a -ml
            bob   < :alice!~alice@alice.test MODE #a -ml
            alice > CS SET #a TOPICLOCK ON
            alice > MODE #a +o bob
            bob   > TOPIC #a :mine
            bob   < :s2.test 482 bob #a :You're not channel operator
            alice > TOPIC #a :ours
            bob   < :alice!~alice@alice.test TOPIC #a :ours
            alice > CS SET #a KEEPTOPIC off
            alice > CS SET #a ENTRYMSG Read the topic
            alice > CS SET #a RESTRICTED on
            alice > CS SET #a FROB on
            alice < :ChanServ!services@services.test NOTICE alice :There is no setting FROB. SET #a lists those that there are.
            alice > CS SET #a SECURE maybe
            alice < :ChanServ!services@services.test NOTICE alice :SECURE is ON or OFF.
            alice > CS SET #a
            alice <~ :ChanServ!services@services.test NOTICE alice :ENTRYMSG (Read the topic): *
            alice <~ :ChanServ!services@services.test NOTICE alice :KEEPTOPIC (OFF): *
            carol@2 > JOIN #a
            carol < :s2.test 477 carol #a :Only those on its access list, and the invited, may enter (RESTRICTED)
            alice > INVITE carol #a
            carol > JOIN #a
            carol < :ChanServ!services@services.test NOTICE carol :[#a] Read the topic
            carol > PART #a
            bob   > PART #a
            alice > PART #a
            wait 60
            alice > JOIN #a
            alice <! 332
            same
            ",
        );
    }

    #[test]
    fn a_channel_is_told_who_changes_its_access_list_where_it_is_so_set() {
        check(
            r"
            servers 2
            account alice password=sesame
            account bob password=sesame
            alice@1 > NS IDENTIFY alice sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            carol@2 > JOIN #a
            alice > CS FLAGS #a bob +v
            alice > CS SET #a VERBOSE ops
            alice > CS FLAGS #a bob +o
            alice < :ChanServ!services@services.test NOTICE @#a :alice: Flags +ov were set on bob in #a.
            alice > CS SET #a VERBOSE on
            carol <! NOTICE @#a
            alice > CS AKICK #a ADD eve spam
            carol < :ChanServ!services@services.test NOTICE #a :alice: eve!*@* has been added to the AKICK list for #a.
            alice > CS SET #a URL https://example.org/
            alice > CS SET #a VERBOSE loud
            alice < :ChanServ!services@services.test NOTICE alice :VERBOSE is one of OFF, ON, OPS.
            alice > CS SET #a VERBOSE off
            alice > CS FLAGS #a bob -*
            carol <! NOTICE
            same
            ",
        );
    }

    #[test]
    fn commands_are_given_in_the_channel_where_it_is_so_set() {
        check(
            r"
            account alice password=sesame
            alice > NS IDENTIFY alice sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            bob   > JOIN #a
            alice > PRIVMSG #a :!op bob
            bob   < :alice!~alice@alice.test PRIVMSG #a :!op bob
            bob   <! MODE
            alice > CS SET #a FANTASY ON
            alice > PRIVMSG #a :!op bob
            bob   < :alice!~alice@alice.test PRIVMSG #a :!op bob
            bob   < :ChanServ!services@services.test MODE #a +o bob
            bob   > PRIVMSG #a :!deop alice
            bob   < :ChanServ!services@services.test NOTICE bob :You are not authorized to perform this operation.
            alice > CS SET #a PREFIX abc
            alice < :ChanServ!services@services.test NOTICE alice :PREFIX is one character such as !, . or ~.
            alice > CS SET #a PREFIX .
            alice > PRIVMSG #a :!deop bob
            alice > PRIVMSG #a,bob :.deop bob
            alice > PRIVMSG #a :.weather
            alice > NOTICE #a :.deop bob
            bob   <! MODE
            alice > PRIVMSG #a :.deop bob
            bob   < :ChanServ!services@services.test MODE #a -o bob
            ",
        );
    }

    #[test]
    fn a_channel_goes_to_the_successor_or_ends_when_its_founder_is_no_more() {
        check(
            r"
            servers 2
            account alice password=sesame
            account bob password=sesame
            alice@1 > NS IDENTIFY alice sesame
            bob@2   > NS IDENTIFY bob sesame
            alice > JOIN #a,#b
            alice > CS REGISTER #a
            alice > CS REGISTER #b
            bob   > JOIN #a,#b
            alice > CS SET #a SUCCESSOR alice
            alice < :ChanServ!services@services.test NOTICE alice :The founder cannot be the successor as well.
            alice > CS SET #b SUCCESSOR bob
            alice > CS SET #b SUCCESSOR NONE
            alice < :ChanServ!services@services.test NOTICE alice :#b has no successor any more.
            alice > CS SET #a SUCCESSOR bob
            alice < :ChanServ!services@services.test NOTICE alice :bob inherits #a when the account of its founder ends.
            alice > NS UNREGISTER alice 1-000
            bob   < :ChanServ!services@services.test MODE #a +qo bob bob
            bob   < :ChanServ!services@services.test MODE #b -r
            bob   > CS INFO #a
            bob   < :ChanServ!services@services.test NOTICE bob :Founder    : bob
            same
            ",
        );
    }
}
