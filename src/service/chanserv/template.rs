//! ChanServ TEMPLATE: the bundles of flags that have names, those of the network and those of a channel.

use super::{
    flags::changed,
    grant::{give, letters, may_change},
};
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        registered::{
            flags::{self, FLAGS, TEMPLATES},
            kept::Fields,
            record,
        },
    },
    network::UserId,
    wire::{message::Args, name::ChannelName},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "TEMPLATE",
    params: "[<channel> [<template> [<changes>]]]",
    about: "Shows the templates of access, and what each flag allows; changes those of a channel.",
    help: "With a channel, its own templates are shown, which FLAGS, ACCESS and the lists by templates take like those of the network; one by the same name stands before that. Changes are as those of FLAGS, and take what those take; what has no flags left is no template any more. With a ! before the changes, everybody who has just the access of the template is given what it is then.\nExample: TEMPLATE #dev helper +Vvht",
    replies: &[],
    cost: 3,
    run: Run::User(template),
    ..Command::USUAL
}];

fn template(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(text) = args.given(0) else {
        let templates = TEMPLATES.iter().map(|(name, letters)| format!("{name:<8} +{letters}"));
        let flags = FLAGS.iter().map(|row| format!("{}: {}", row.letter, row.about));
        ctx.notices(templates.chain(flags).collect());
        return Ok(());
    };
    match args.given(1).zip(args.given(2)) {
        Some((called, changes)) => {
            let Some(name) = super::allowed(ctx, user, text, "f") else { return Ok(()) };
            change(ctx, user, &name, (called, changes))
        }
        None => {
            let Some(name) = super::allowed(ctx, user, text, "A") else { return Ok(()) };
            show(ctx, &name, args.given(1));
            Ok(())
        }
    }
}

fn show(ctx: &mut Ctx<'_>, name: &ChannelName, only: Option<&str>) {
    let Some(known) = super::registration(ctx, name) else { return };
    let own = known.own_templates();
    let own = own.filter(|row| only.is_none_or(|only| row.0.eq_ignore_ascii_case(only)));
    let mut lines: Vec<String> = own.map(|(name, flags)| format!("{name:<20} {flags}")).collect();
    lines.push(format!("Templates that {name} has of its own: {}.", lines.len()));
    ctx.notices(lines);
}

fn change(
    ctx: &mut Ctx<'_>,
    user: UserId,
    name: &ChannelName,
    (called, changes): (&str, &str),
) -> Outcome {
    match planned(ctx, user, name, (called, changes)) {
        Ok((fields, done)) => give(ctx, user, (name, "f"), fields, done),
        Err(why) => {
            ctx.notice(&why);
            Ok(())
        }
    }
}

/// What is written to change a template, and told then; or why it cannot be.
fn planned(
    ctx: &Ctx<'_>,
    user: UserId,
    name: &ChannelName,
    (called, changes): (&str, &str),
) -> Result<(Fields, String), String> {
    let Some(known) = super::registration(ctx, name) else { return Ok(Default::default()) };
    let fit = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let begins = called.starts_with(|c: char| c.is_ascii_alphabetic());
    if called.len() > NAME_MAX || !begins || !called.chars().all(fit) {
        return Err(format!(
            "A template is called by at most {NAME_MAX} letters, digits, - and _, the first of which is a letter."
        ));
    }
    let called = called.to_ascii_uppercase();
    let own = known.own_templates().find(|row| row.0 == called).map(|row| row.1);
    let before = known.template(&called).unwrap_or_default();
    let (all, changes) = changes.strip_prefix('!').map_or((false, changes), |rest| (true, rest));
    let Some(after) = changed(known, before, changes) else {
        return Err(format!("{changes} is neither flags nor a template."));
    };
    if before.has('F') || after.has('F') {
        return Err("No template makes somebody founder, and FOUNDER stays as it is.".into());
    }
    // One that goes leaves what the network has by its name, if it has.
    let network = after.is_empty().then(|| flags::template(&called)).flatten();
    let left = network.unwrap_or(after);
    let mine = super::flags(ctx, user, name);
    if [after, left].into_iter().any(|after| !may_change(known, mine, (before, after))) {
        return Err("You are not authorized to perform this operation.".into());
    }
    if before == after || (after.is_empty() && own.is_none()) {
        return Err("That is so already.".into());
    }
    if own.is_none() && known.own_templates().count() >= TEMPLATES_MAX {
        return Err(format!(
            "A channel has at most {TEMPLATES_MAX} templates of its own. Take one away first."
        ));
    }
    let mut fields = vec![(record::template(&called), letters(after))];
    if all && !before.is_empty() {
        let with =
            known.access.iter().filter(|(id, has)| **has == before && known.founder != Some(**id));
        fields.extend(with.map(|(id, _)| (record::access(*id), letters(left))));
    }
    let done = match (all, fields.len() - 1) {
        (false, _) => format!("The template {called} is {left} in {name} now."),
        (true, count) => {
            format!("The template {called} is {left} in {name} now, and {count} entries are too.")
        }
    };
    Ok((fields, done))
}

/// The longest name of a template.
const NAME_MAX: usize = 20;

/// How many templates a channel has of its own.
const TEMPLATES_MAX: usize = 20;

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_channel_has_templates_of_its_own() {
        check(
            r"
            servers 2
            account alice password=sesame
            account bob password=sesame
            account carol password=sesame
            alice@1 > NS IDENTIFY alice sesame
            bob@2   > NS IDENTIFY bob sesame
            alice > CS TEMPLATE
            alice < :ChanServ!services@services.test NOTICE alice :VOP      +AVv
            alice < :ChanServ!services@services.test NOTICE alice :v: use VOICE
            alice > JOIN #a
            alice > CS REGISTER #a
            alice > CS TEMPLATE #a helper +Vvht
            alice < :ChanServ!services@services.test NOTICE alice :The template HELPER is +Vhtv in #a now.
            alice > CS FLAGS #a bob helper
            alice < :ChanServ!services@services.test NOTICE alice :Flags +Vhtv were set on bob in #a.
            bob   > JOIN #a
            alice < :ChanServ!services@services.test MODE #a +v bob
            alice > CS FLAGS #a
            alice < :ChanServ!services@services.test NOTICE alice :2     bob                    +Vhtv (HELPER)
            alice > CS COUNT #a
            alice < :ChanServ!services@services.test NOTICE alice :#a: VOP: 0, HOP: 0, AOP: 0, SOP: 0, FOUNDER: 1, HELPER: 1, others: 0, AKICK: 0
            alice > CS TEMPLATE #a Helper !+Af-V
            alice < :ChanServ!services@services.test NOTICE alice :The template HELPER is +Afhtv in #a now, and 1 entries are too.
            alice > CS FLAGS #a bob
            alice < :ChanServ!services@services.test NOTICE alice :Flags for bob in #a are +Afhtv.
            bob   > CS TEMPLATE #a
            bob   < :ChanServ!services@services.test NOTICE bob :HELPER               +Afhtv
            bob   < :ChanServ!services@services.test NOTICE bob :Templates that #a has of its own: 1.
            bob   > CS TEMPLATE #a helper +o
            bob   < :ChanServ!services@services.test NOTICE bob :You are not authorized to perform this operation.
            carol@2 > CS TEMPLATE #a
            carol < :ChanServ!services@services.test NOTICE carol :You are not authorized to perform this operation.
            alice > CS TEMPLATE #a helper helper
            alice < :ChanServ!services@services.test NOTICE alice :That is so already.
            alice > CS TEMPLATE #a helper sense!
            alice < :ChanServ!services@services.test NOTICE alice :sense! is neither flags nor a template.
            alice > CS TEMPLATE #a founder -s
            alice < :ChanServ!services@services.test NOTICE alice :No template makes somebody founder, and FOUNDER stays as it is.
            alice > CS TEMPLATE #a 1st +o
            alice < :ChanServ!services@services.test NOTICE alice :A template is called by at most 20 letters, digits, - and _, the first of which is a letter.
            alice > CS TEMPLATE #a AOP -t
            alice < :ChanServ!services@services.test NOTICE alice :The template AOP is +AOehiorv in #a now.
            alice > CS TEMPLATE #a v +fov
            alice > CS FLAGS #a carol +v
            alice < :ChanServ!services@services.test NOTICE alice :Flags +v were set on carol in #a.
            alice > CS FLAGS #a carol V
            alice < :ChanServ!services@services.test NOTICE alice :Flags +fov were set on carol in #a.
            alice > CS AOP #a ADD carol
            alice > CS ACCESS #a LIST
            alice < :ChanServ!services@services.test NOTICE alice :3     carol                  AOP
            alice > CS TEMPLATE #a AOP -*
            alice < :ChanServ!services@services.test NOTICE alice :The template AOP is +AOehiortv in #a now.
            alice > CS FLAGS #a carol AOP
            alice < :ChanServ!services@services.test NOTICE alice :Flags +AOehiortv were set on carol in #a.
            same
            ",
        );
    }

    #[test]
    fn a_channel_has_only_so_many_templates() {
        let add = |n: usize| format!("alice > CS TEMPLATE #a t{n} +v\n");
        let all: String = (0..21).map(add).collect();
        check(&format!(
            r"
            account alice password=sesame
            alice > NS IDENTIFY alice sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            {all}
            alice < :ChanServ!services@services.test NOTICE alice :A channel has at most 20 templates of its own. Take one away first.
            ",
        ));
    }
}
