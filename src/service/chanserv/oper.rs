//! ChanServ's commands for operators of the network: SUSPEND, UNSUSPEND, CLOSE, HOLD, MARK, FFLAGS, LIST.

use super::akick;
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
        registered::{
            Again,
            record::{self, HELD, MARKED, SUSPENDED},
        },
    },
    job::{Answer, Job},
    network::UserId,
    registry::{CHANNEL, What},
    store::{CLAIMS_MAX, Query, Rows},
    wire::{encode, mask, message::Args, name::ChannelName},
};

const OPERS: Command = Command {
    name: "",
    params: "<channel>",
    about: "",
    help: "",
    replies: &[],
    cost: 2,
    ..Command::USUAL
};

pub const SUSPEND: &[Command] = &[Command {
    name: "SUSPEND",
    params: "<channel> <reason>",
    about: "Closes a registered channel to everybody but operators of the network.",
    help: "Whoever is in it is kicked. Its registration stays as it is; UNSUSPEND opens it again.",
    run: Run::Oper(Priv::Channels, |ctx, user, args| suspend(ctx, user, args[0], args[1])),
    ..OPERS
}];

pub const UNSUSPEND: &[Command] = &[Command {
    name: "UNSUSPEND",
    about: "Opens a channel again that has been suspended.",
    run: Run::Oper(Priv::Channels, |ctx, user, args| open(ctx, user, args[0])),
    ..OPERS
}];

pub const CLOSE: &[Command] = &[Command {
    name: "CLOSE",
    params: "<channel> <ON|OFF> [<reason>]",
    about: "Does what SUSPEND and UNSUSPEND do.",
    run: Run::Oper(Priv::Channels, |ctx, user, args| match args[1] {
        on if on.eq_ignore_ascii_case("ON") => {
            suspend(ctx, user, args[0], args.given(2).unwrap_or("Closed by an operator"))
        }
        _ => open(ctx, user, args[0]),
    }),
    ..OPERS
}];

pub const HOLD: &[Command] = &[Command {
    name: "HOLD",
    params: "<channel> <ON|OFF>",
    about: "Keeps a registration from ending for want of use.",
    run: Run::Oper(Priv::Channels, |ctx, user, args| {
        let on = args[1].eq_ignore_ascii_case("ON").then(|| "on".to_owned());
        note(ctx, user, args[0], (HELD, on))
    }),
    ..OPERS
}];

pub const MARK: &[Command] = &[Command {
    name: "MARK",
    params: "<channel> [<note>]",
    about: "Leaves a note about a channel that INFO shows to operators, or takes it away.",
    run: Run::Oper(Priv::Channels, |ctx, user, args| {
        let text = args.given(1).map(|text| encode::head(text, NOTE_MAX).to_owned());
        note(ctx, user, args[0], (MARKED, text))
    }),
    ..OPERS
}];

pub const FFLAGS: &[Command] = &[Command {
    name: "FFLAGS",
    params: "<channel> <account> <changes>",
    about: "Changes the access list of any channel, as FLAGS does.",
    help: "The founder stays founder.",
    run: Run::Oper(Priv::Channels, fflags),
    ..OPERS
}];

pub const LIST: &[Command] = &[Command {
    name: "LIST",
    params: "[<pattern>]",
    about: "Lists registered channels, those whose names fit a pattern with * and ?.",
    cost: 4,
    run: Run::Oper(Priv::Channels, list),
    ..OPERS
}];

fn suspend(ctx: &mut Ctx<'_>, user: UserId, text: &str, reason: &str) -> Outcome {
    let Some(name) = super::registered(ctx, text) else { return Ok(()) };
    let reason = encode::head(reason, NOTE_MAX);
    let again = Again { words: vec![name.to_string(), reason.to_owned()], then: suspended };
    let fields = vec![(SUSPENDED.into(), Some(reason.into()))];
    super::write(ctx, user, &name, What::Write(fields), again)
}

fn suspended(ctx: &mut Ctx<'_>, _: UserId, words: &[String]) -> Outcome {
    let [text, reason] = words else { return Ok(()) };
    let Some(name) = ctx.channel_name(text) else { return Ok(()) };
    if let Some(channel) = ctx.network().name(&name) {
        let reason = format!("The channel is suspended: {reason}");
        let members = ctx.network().members(channel).map(|member| member.0);
        let members: Vec<UserId> = members.filter(|member| !ctx.whois(*member).is_oper()).collect();
        for member in members {
            akick::kick(ctx, channel, member, &reason);
        }
    }
    ctx.notice(&format!("{name} is suspended."));
    Ok(())
}

fn open(ctx: &mut Ctx<'_>, user: UserId, text: &str) -> Outcome {
    let Some(name) = super::registered(ctx, text) else { return Ok(()) };
    let done = format!("{name} is not suspended any more.");
    super::set(ctx, user, &name, vec![(SUSPENDED.into(), None)], done)
}

fn note(
    ctx: &mut Ctx<'_>,
    user: UserId,
    text: &str,
    (field, value): (&str, Option<String>),
) -> Outcome {
    let Some(name) = super::registered(ctx, text) else { return Ok(()) };
    let done = match &value {
        Some(_) => format!("{name} has that note now."),
        None => format!("{name} has no such note any more."),
    };
    super::set(ctx, user, &name, vec![(field.into(), value.map(Into::into))], done)
}

fn fflags(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(name) = super::registered(ctx, args[0]) else { return Ok(()) };
    let Some(account) = super::account(ctx, args[1]) else { return Ok(()) };
    let Some(known) = super::registration(ctx, &name) else { return Ok(()) };
    let before = known.flags(Some(account));
    let after =
        super::flags::changed(before, args[2]).filter(|after| after.has('F') == before.has('F'));
    let Some(after) = after.filter(|_| !before.has('F')) else {
        ctx.notice("That is neither flags nor a template that can be set here.");
        return Ok(());
    };
    let text = (!after.is_empty()).then(|| after.letters().collect::<String>().into());
    let done = format!("Flags {after} were set on {} in {name}.", args[1]);
    super::set(ctx, user, &name, vec![(record::access(account), text)], done)
}

fn list(ctx: &mut Ctx<'_>, _: UserId, args: Args<'_>) -> Outcome {
    let words = vec![args.given(0).unwrap_or("*").to_owned()];
    ctx.session_mut().again = Some(Box::new(Again { words, then: |_, _, _| Ok(()) }));
    ctx.defer(Job::Store(Query::Claims { after: CHANNEL.into() }), listed);
    Ok(())
}

fn listed(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let again = ctx.session_mut().again.take();
    let pattern = again.and_then(|again| again.words.into_iter().next()).unwrap_or_default();
    let Answer::Stored(Ok(Rows::Claims(claims))) = answer else {
        super::unavailable(ctx);
        return Ok(());
    };
    let casemap = ctx.network().casemap();
    let names = claims.iter().map_while(|(key, _)| key.strip_prefix(CHANNEL));
    let fits = |name: &&str| mask::matches(&pattern, name, casemap);
    let found: Vec<&str> = names.filter(fits).take(LISTED_MAX + 1).collect();
    for name in found.iter().take(LISTED_MAX) {
        let name = ChannelName::new(name, casemap, name.len());
        let there = name.as_ref().is_some_and(|name| ctx.network().name(name).is_some());
        if let Some(name) = name {
            ctx.notice(&format!("- {name}{}", if there { "" } else { " (nobody is in it)" }));
        }
    }
    let all = found.len() <= LISTED_MAX && claims.len() < CLAIMS_MAX;
    let more = if all { "" } else { " There may be more: name a narrower pattern." };
    let count = found.len().min(LISTED_MAX);
    ctx.notice(&format!("{count} channels fit {pattern}.{more}"));
    Ok(())
}

/// How many channels LIST shows.
const LISTED_MAX: usize = 50;

/// The longest note and reason.
const NOTE_MAX: usize = 300;

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn operators_of_the_network_look_after_channels() {
        check(
            r"
            servers 2
            config oper root sesame
            account alice password=sesame
            account bob password=sesame
            alice@1 > NS IDENTIFY alice sesame
            alice > JOIN #a,#b
            alice > CS REGISTER #a
            alice > CS LIST
            alice < :ChanServ!services@services.test NOTICE alice :Permission Denied - You're not an IRC operator with that privilege
            root@2 > OPER root sesame
            root  > CS LIST
            root  < :ChanServ!services@services.test NOTICE root :- #a
            root  < :ChanServ!services@services.test NOTICE root :1 channels fit *.
            root  > CS FFLAGS #a bob AOP
            root  < :ChanServ!services@services.test NOTICE root :Flags +AOehiortv were set on bob in #a.
            root  > CS FFLAGS #a alice -*
            root  < :ChanServ!services@services.test NOTICE root :That is neither flags nor a template that can be set here.
            root  > CS MARK #a looked at
            root  < :ChanServ!services@services.test NOTICE root :#a has that note now.
            root  > CS HOLD #a ON
            root  > CS INFO #a
            root  < :ChanServ!services@services.test NOTICE root :Mark       : looked at
            root  < :ChanServ!services@services.test NOTICE root :Held       : it does not end for want of use
            root  > CS HOLD #a OFF
            root  < :ChanServ!services@services.test NOTICE root :#a has no such note any more.
            root  > CS MARK #a
            root  < :ChanServ!services@services.test NOTICE root :#a has no such note any more.
            root  > CS SUSPEND #a spam
            alice < :ChanServ!services@services.test KICK #a alice :The channel is suspended: spam
            root  < :ChanServ!services@services.test NOTICE root :#a is suspended.
            alice > JOIN #a
            alice < :s1.test 477 alice #a :The channel is suspended: spam
            alice > CS INFO #a
            alice < :ChanServ!services@services.test NOTICE alice :Suspended  : spam
            root  > JOIN #a
            root  < :root!~root@root.test JOIN #a
            root  > CS UNSUSPEND #a
            root  < :ChanServ!services@services.test NOTICE root :#a is not suspended any more.
            alice > JOIN #a
            root  < :alice!~alice@alice.test JOIN #a
            root  > CS CLOSE #a ON
            alice < :ChanServ!services@services.test KICK #a alice :The channel is suspended: Closed by an operator
            root  > CS CLOSE #a OFF
            root  > CS LIST #b*
            root  < :ChanServ!services@services.test NOTICE root :0 channels fit #b*.
            same
            ",
        );
    }
}
