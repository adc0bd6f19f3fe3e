//! ChanServ AMODE, ACCESS, VOP, HOP, AOP, SOP and COUNT: the access list as others know it.

use super::{
    flags::{View, list, show},
    grant::change,
};
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        registered::flags::{self, Flags, TEMPLATES},
    },
    job::Answer,
    network::UserId,
    wire::message::Args,
};

pub const ACCESS: &[Command] = &[Command {
    name: "ACCESS",
    params: "<channel> [<LIST|ADD|DEL> [<account> [<template>]]]",
    about: "Shows and changes who has access to a channel, by templates.",
    help: "FLAGS does the same by single flags.\nExample: ACCESS #dev ADD bob AOP",
    replies: &[],
    cost: 3,
    run: Run::User(access),
    ..Command::USUAL
}];

pub const AMODE: &[Command] = &[Command {
    name: "AMODE",
    params: "<channel> [<modes> [<account>]]",
    about: "Shows and changes which status accounts are given on entering.",
    help: "The modes are +q, +a, +o, +h or +v, or one of them with a minus to take all access away. FLAGS does the same by single flags.\nExample: AMODE #dev +o bob",
    replies: &[],
    cost: 3,
    run: Run::User(amode),
    ..Command::USUAL
}];

pub const COUNT: &[Command] = &[Command {
    name: "COUNT",
    params: "<channel>",
    about: "Tells how many have which access to a channel.",
    help: "Example: COUNT #dev",
    replies: &[],
    cost: 2,
    run: Run::User(count),
    ..Command::USUAL
}];

/// `CONSTANT function VIEW "NAME";`
macro_rules! templates {
    ($($row:ident $run:ident $shown:ident $name:literal;)*) => { $(
        pub const $row: &[Command] = &[Command {
            name: $name,
            params: "<channel> [<LIST|ADD|DEL> [<account>]]",
            about: concat!("Shows and changes who has just the access of the template ", $name, "."),
            help: concat!(
                "TEMPLATE tells which flags that are; FLAGS shows all who have access.\nExample: ",
                $name,
                " #dev ADD alice"
            ),
            replies: &[],
            cost: 3,
            run: Run::User($run),
            ..Command::USUAL
        }];

        fn $run(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
            of_template(ctx, user, &args, $name, $shown)
        }

        fn $shown(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
            const VIEW: View = View {
                head: |name, _| vec![format!("{} list for {name}:", $name)],
                entry: |number, account, (_, role)| {
                    (role == Some($name)).then(|| format!("{number}: {account}"))
                },
                foot: |name, count| {
                    vec![format!("Total of {count} entries in the {} list of {name}.", $name)]
                },
            };
            show(ctx, answer, &VIEW)
        }
    )* };
}

templates! {
    VOP vop vops "VOP";
    HOP hop hops "HOP";
    AOP aop aops "AOP";
    SOP sop sops "SOP";
}

fn of_template(
    ctx: &mut Ctx<'_>,
    user: UserId,
    args: &Args<'_>,
    template: &'static str,
    then: fn(&mut Ctx<'_>, Answer) -> Outcome,
) -> Outcome {
    let Some(name) = super::registered(ctx, args[0]) else { return Ok(()) };
    let Some((text, adds)) = entry(args) else { return list(ctx, user, &name, then) };
    let Some(account) = super::account(ctx, text) else { return Ok(()) };
    let Some(known) = super::registration(ctx, &name) else { return Ok(()) };
    let (flags, done) = if adds {
        let done = format!("{text} has been added to the {template} list for {name}.");
        (known.template(template).unwrap_or_default(), done)
    } else {
        let done = format!("{text} has been removed from the {template} list for {name}.");
        (Flags::NONE, done)
    };
    if !adds && known.role(known.flags(Some(account))) != Some(template) {
        ctx.notice(&format!("{text} is not on the {template} list for {name}."));
        return Ok(());
    }
    change(ctx, user, &name, (account, flags), done)
}

/// Whom ADD or DEL is about, and whether it is ADD.
fn entry<'a>(args: &Args<'a>) -> Option<(&'a str, bool)> {
    let adds = match args.given(1)? {
        verb if verb.eq_ignore_ascii_case("ADD") => true,
        verb if verb.eq_ignore_ascii_case("DEL") => false,
        _ => return None,
    };
    Some((args.given(2)?, adds))
}

fn access(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(name) = super::registered(ctx, args[0]) else { return Ok(()) };
    let Some((text, adds)) = entry(&args) else { return list(ctx, user, &name, shown) };
    let Some(account) = super::account(ctx, text) else { return Ok(()) };
    let role = args.given(3).unwrap_or_default();
    let Some(known) = super::registration(ctx, &name) else { return Ok(()) };
    let flags = if adds { known.template(role) } else { Some(Flags::NONE) };
    let Some(flags) = flags else {
        ctx.notice(&format!("{role} is no template. HELP TEMPLATE lists those that there are."));
        return Ok(());
    };
    let done = match adds {
        true => format!("{text} was added with the role {} in {name}.", role.to_uppercase()),
        false => format!("{text} was removed from the access list of {name}."),
    };
    change(ctx, user, &name, (account, flags), done)
}

fn shown(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    const VIEW: View = View {
        head: |_, _| {
            vec![
                "Entry Nickname/Host          Role".into(),
                "----- ---------------------- ----".into(),
            ]
        },
        entry: |number, account, (flags, role)| {
            let role = role.map_or_else(|| flags.to_string(), str::to_owned);
            Some(format!("{number:<5} {account:<22} {role}"))
        },
        foot: |name, _| {
            vec![
                "----- ---------------------- ----".into(),
                format!("End of {name} ACCESS listing."),
            ]
        },
    };
    show(ctx, answer, &VIEW)
}

fn amode(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(name) = super::registered(ctx, args[0]) else { return Ok(()) };
    let Some((modes, text)) = args.given(1).zip(args.given(2)) else {
        return list(ctx, user, &name, modes_shown);
    };
    let flags = match modes {
        "+q" => flags::template("SOP").map(|flags| flags.with('q', true)),
        "+a" => flags::template("SOP"),
        "+o" => flags::template("AOP"),
        "+h" => flags::template("HOP"),
        "+v" => flags::template("VOP"),
        "-q" | "-a" | "-o" | "-h" | "-v" => Some(Flags::NONE),
        _ => None,
    };
    let Some(flags) = flags else {
        ctx.notice(&format!("{modes} is not one of +q, +a, +o, +h, +v."));
        return Ok(());
    };
    let Some(account) = super::account(ctx, text) else { return Ok(()) };
    let done = format!("Successfully set persistent mode {modes} on {text}.");
    change(ctx, user, &name, (account, flags), done)
}

fn modes_shown(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    const VIEW: View = View {
        head: |name, count| vec![format!("Channel {name} has {count} persistent modes set.")],
        entry: |_, account, (flags, _)| {
            let letter = flags.given().letters().next()?;
            Some(format!("Account {account} receives mode +{letter}"))
        },
        foot: |_, _| Vec::new(),
    };
    show(ctx, answer, &VIEW)
}

fn count(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(name) = super::allowed(ctx, user, args[0], "A") else { return Ok(()) };
    let Some(known) = super::registration(ctx, &name) else { return Ok(()) };
    let roles: Vec<Option<&str>> =
        known.access.keys().map(|id| known.role(known.flags(Some(*id)))).collect();
    let of = |role: Option<&str>| roles.iter().filter(|other| **other == role).count();
    let own = known.own_templates().map(|row| row.0);
    let names = TEMPLATES.iter().map(|row| row.0);
    let names: Vec<&str> =
        names.chain(own.filter(|name| flags::template(name).is_none())).collect();
    let named: Vec<String> =
        names.iter().map(|name| format!("{name}: {}", of(Some(*name)))).collect();
    let others = of(None);
    let (named, akicks) = (named.join(", "), known.akicks.len());
    ctx.notice(&format!("{name}: {named}, others: {others}, AKICK: {akicks}"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn one_list_is_seen_in_many_ways() {
        check(
            r"
            account alice password=sesame
            account bob password=sesame
            account carol password=sesame
            alice > NS IDENTIFY alice sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            alice > CS AOP #a ADD bob
            alice < :ChanServ!services@services.test NOTICE alice :bob has been added to the AOP list for #a.
            alice > CS ACCESS #a ADD carol vop
            alice < :ChanServ!services@services.test NOTICE alice :carol was added with the role VOP in #a.
            alice > CS ACCESS #a ADD carol none
            alice < :ChanServ!services@services.test NOTICE alice :none is no template. HELP TEMPLATE lists those that there are.
            alice > CS AOP #a LIST
            alice < :ChanServ!services@services.test NOTICE alice :AOP list for #a:
            alice < :ChanServ!services@services.test NOTICE alice :1: bob
            alice < :ChanServ!services@services.test NOTICE alice :Total of 1 entries in the AOP list of #a.
            alice > CS ACCESS #a LIST
            alice < :ChanServ!services@services.test NOTICE alice :1     alice                  FOUNDER
            alice < :ChanServ!services@services.test NOTICE alice :2     bob                    AOP
            alice < :ChanServ!services@services.test NOTICE alice :3     carol                  VOP
            alice < :ChanServ!services@services.test NOTICE alice :End of #a ACCESS listing.
            alice > CS AMODE #a
            alice < :ChanServ!services@services.test NOTICE alice :Channel #a has 3 persistent modes set.
            alice < :ChanServ!services@services.test NOTICE alice :Account alice receives mode +q
            alice < :ChanServ!services@services.test NOTICE alice :Account bob receives mode +o
            alice < :ChanServ!services@services.test NOTICE alice :Account carol receives mode +v
            alice > CS AMODE #a +h carol
            alice < :ChanServ!services@services.test NOTICE alice :Successfully set persistent mode +h on carol.
            alice > CS AMODE #a +x carol
            alice < :ChanServ!services@services.test NOTICE alice :+x is not one of +q, +a, +o, +h, +v.
            alice > CS COUNT #a
            alice < :ChanServ!services@services.test NOTICE alice :#a: VOP: 0, HOP: 1, AOP: 1, SOP: 0, FOUNDER: 1, others: 0, AKICK: 0
            alice > CS VOP #a DEL carol
            alice < :ChanServ!services@services.test NOTICE alice :carol is not on the VOP list for #a.
            alice > CS HOP #a DEL carol
            alice < :ChanServ!services@services.test NOTICE alice :carol has been removed from the HOP list for #a.
            alice > CS SOP #a ADD carol
            alice < :ChanServ!services@services.test NOTICE alice :carol has been added to the SOP list for #a.
            alice > CS ACCESS #a DEL carol
            alice < :ChanServ!services@services.test NOTICE alice :carol was removed from the access list of #a.
            ",
        );
    }
}
