//! ChanServ's commands for operators of the network: SUSPEND, UNSUSPEND, CLOSE, HOLD, MARK, LIST.

use super::akick;
use crate::{
    core::{
        ctx::{Again, Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
        registered::{
            record::{HELD, MARKED, SUSPENDED},
            settings::{OFF, ON},
        },
    },
    job::{Answer, Job},
    network::UserId,
    registry::{CHANNEL, What},
    service::{asked, asks},
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
    help: "Whoever is in it is kicked. Its registration stays as it is; UNSUSPEND opens it again.\nExample: SUSPEND #dev spam",
    run: Run::Oper(Priv::Channels, |ctx, user, args| suspend(ctx, user, args[0], args[1])),
    ..OPERS
}];

pub const UNSUSPEND: &[Command] = &[Command {
    name: "UNSUSPEND",
    about: "Opens a channel again that has been suspended.",
    help: "Example: UNSUSPEND #dev",
    run: Run::Oper(Priv::Channels, |ctx, user, args| open(ctx, user, args[0])),
    ..OPERS
}];

pub const CLOSE: &[Command] = &[Command {
    name: "CLOSE",
    params: "<channel> <ON|OFF> [<reason>]",
    about: "Does what SUSPEND and UNSUSPEND do.",
    help: "Example: CLOSE #dev ON spam",
    run: Run::Oper(Priv::Channels, |ctx, user, args| match switch(ctx, args[1]) {
        Some(true) => suspend(ctx, user, args[0], args.given(2).unwrap_or("Closed by an operator")),
        Some(false) => open(ctx, user, args[0]),
        None => Ok(()),
    }),
    ..OPERS
}];

pub const HOLD: &[Command] = &[Command {
    name: "HOLD",
    params: "<channel> <ON|OFF>",
    about: "Keeps a registration from ending for want of use.",
    help: "Example: HOLD #dev ON",
    run: Run::Oper(Priv::Channels, |ctx, user, args| {
        let Some(on) = switch(ctx, args[1]) else { return Ok(()) };
        note(ctx, user, args[0], (HELD, on.then(|| ON.to_owned())))
    }),
    ..OPERS
}];

pub const MARK: &[Command] = &[Command {
    name: "MARK",
    params: "<channel> [<note>]",
    about: "Leaves a note about a channel that INFO shows to operators, or takes it away.",
    help: "Example: MARK #dev asked about twice",
    run: Run::Oper(Priv::Channels, |ctx, user, args| {
        let text = args.given(1).map(|text| encode::head(text, NOTE_MAX).to_owned());
        note(ctx, user, args[0], (MARKED, text))
    }),
    ..OPERS
}];

pub const LIST: &[Command] = &[Command {
    name: "LIST",
    params: "[<pattern>]",
    about: "Lists registered channels, those whose names fit a pattern with * and ?.",
    help: "Example: LIST #dev*",
    cost: 4,
    run: Run::Oper(Priv::Channels, list),
    ..OPERS
}];

/// What ON or OFF says; whatever else is said is told to be neither.
fn switch(ctx: &mut Ctx<'_>, text: &str) -> Option<bool> {
    let said = [(ON, true), (OFF, false)].into_iter().find(|row| text.eq_ignore_ascii_case(row.0));
    if said.is_none() {
        ctx.notice("Say ON or OFF.");
    }
    said.map(|row| row.1)
}

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
    // Whoever had founded it may have gone meanwhile, and nobody have inherited it.
    if super::registration(ctx, &name).is_some_and(|known| known.founder.is_none()) {
        let done = super::say(format!(
            "{name} is not suspended any more, and not registered either: the account of its founder is no more."
        ));
        return super::write(ctx, user, &name, What::End, done);
    }
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

fn list(ctx: &mut Ctx<'_>, _: UserId, args: Args<'_>) -> Outcome {
    ask(ctx, (args.given(0).unwrap_or("*"), 0), CHANNEL);
    Ok(())
}

/// Asks for the next page, having shown so many.
fn ask(ctx: &mut Ctx<'_>, (pattern, shown): (&str, usize), after: &str) {
    asks(ctx, &[pattern, &shown.to_string()]);
    ctx.defer(Job::Store(Query::Claims { after: after.into() }), listed);
}

fn listed(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Answer::Stored(Ok(Rows::Claims(claims))) = answer else {
        super::unavailable(ctx);
        return Ok(());
    };
    let asked = asked(ctx);
    let [pattern, shown] = asked.as_slice() else { return Ok(()) };
    let mut shown: usize = shown.parse().unwrap_or(LISTED_MAX);
    let casemap = ctx.network().casemap();
    let names = claims.iter().map_while(|(key, _)| key.strip_prefix(CHANNEL));
    let found = names.filter(|name| mask::matches(pattern, name, casemap));
    let found = found.filter_map(|name| ChannelName::new(name, casemap, name.len()));
    for name in found.take(LISTED_MAX - shown.min(LISTED_MAX)) {
        let there = ctx.network().name(&name).is_some();
        ctx.notice(&format!("- {name}{}", if there { "" } else { " (nobody is in it)" }));
        shown += 1;
    }
    let last = claims.last().filter(|_| claims.len() == CLAIMS_MAX);
    match last.filter(|(key, _)| key.starts_with(CHANNEL)) {
        Some((last, _)) if shown < LISTED_MAX => ask(ctx, (pattern, shown), last),
        _ if shown == LISTED_MAX => ctx.notice(&format!(
            "{shown} channels are shown, and there may be more: name a narrower pattern."
        )),
        _ => ctx.notice(&format!("{shown} channels fit {pattern}.")),
    }
    Ok(())
}

/// How many channels LIST shows.
const LISTED_MAX: usize = 50;

/// The longest note and reason.
const NOTE_MAX: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        registry::{Edit, Kind, NAME, RecordId},
        sim::{self, Sim, script::check},
        time::{Sid, Stamp},
    };

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
            root  < :ChanServ!services@services.test NOTICE root :The founder may do everything. TRANSFER makes somebody else founder.
            root  > CS MARK #a looked at
            root  < :ChanServ!services@services.test NOTICE root :#a has that note now.
            root  > CS HOLD #a ON
            root  > CS INFO #a
            root  < :ChanServ!services@services.test NOTICE root :Mark       : looked at
            root  < :ChanServ!services@services.test NOTICE root :Held       : it does not end for want of use
            root  > CS HOLD #a maybe
            root  < :ChanServ!services@services.test NOTICE root :Say ON or OFF.
            root  > CS HOLD #a OFF
            root  < :ChanServ!services@services.test NOTICE root :#a has no such note any more.
            root  > CS MARK #a
            root  < :ChanServ!services@services.test NOTICE root :#a has no such note any more.
            root  > CS SUSPEND #a spam
            alice < :ChanServ!services@services.test KICK #a alice :The channel is suspended: spam
            root  < :ChanServ!services@services.test NOTICE root :#a is suspended.
            alice > JOIN #a
            alice < :s1.test 477 alice #a :The channel is suspended: spam. Only an operator of the network can open it
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
            root  > CS CLOSE #a of
            root  < :ChanServ!services@services.test NOTICE root :Say ON or OFF.
            root  > CS CLOSE #a OFF
            root  > CS LIST #b*
            root  < :ChanServ!services@services.test NOTICE root :0 channels fit #b*.
            same
            ",
        );
    }

    #[test]
    fn every_channel_can_be_listed_however_many_there_are() {
        let mut config = sim::config();
        config.oper.push(sim::oper("root", "sesame"));
        let mut sim = Sim::strangers(1, &config);
        let channel = |number: usize| {
            let at = Stamp { tick: 1 + number as u64, server: Sid::FIRST };
            let name: Box<str> = format!("#c{number:04}").into();
            let claim = format!("{CHANNEL}{name}").into();
            let what = What::Write(vec![(claim, Some(name.clone())), (NAME.into(), Some(name))]);
            Edit { id: RecordId(at), kind: Kind::Channel, at, by: "test".into(), what }
        };
        let edits: Vec<Edit> = (0..CLAIMS_MAX + 10).map(channel).collect();
        sim.hosts[0].learn(&edits);
        let root = sim.connect(0, "root");
        sim.send(root, "OPER root sesame");
        for (pattern, told) in [
            (
                format!("#c{:04}", CLAIMS_MAX + 5),
                format!("1 channels fit #c{:04}.", CLAIMS_MAX + 5),
            ),
            (
                "#c*".into(),
                "50 channels are shown, and there may be more: name a narrower pattern.".into(),
            ),
        ] {
            sim.send(root, &format!("CS LIST {pattern}"));
            sim.settle();
            let got = &sim.clients[root].got;
            assert!(got.iter().any(|line| line.ends_with(&told)), "{got:#?}");
        }
    }
}
