//! OperServ NEWS: what people are told when they come, or become operators.

use super::{list, note, words};
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        notes,
        oper::Priv,
    },
    network::{UserId, note::Section},
    wire::message::Args,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "NEWS",
    params: "[<subcommand> [<rest>]]",
    about: "Keeps what people are told when they connect, or become operators.",
    help: "NEWS ADD logon <text> tells it to everybody who connects, NEWS ADD random <text> makes it one of those of which everybody is told one, NEWS ADD oper <text> tells it to who becomes an operator. NEWS LIST shows all with their numbers, NEWS DEL logon|random|oper <number> takes one away.\nExample: NEWS ADD logon The network moves to new machines on Sunday",
    replies: &[],
    cost: 1,
    run: Run::Oper(Priv::Announce, news),
    ..Command::USUAL
}];

/// The kinds of news, by name.
const KINDS: &[(&str, Section)] =
    &[("LOGON", Section::NewsLogon), ("OPER", Section::NewsOper), ("RANDOM", Section::NewsRandom)];

fn news(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let (verb, rest) = words(&args);
    let wanted = rest.first().map(|word| word.to_ascii_uppercase()).unwrap_or_default();
    let section = KINDS.iter().find(|row| row.0 == wanted).map(|row| row.1);
    match (verb.as_str(), section, rest.get(1..).unwrap_or_default()) {
        ("ADD", Some(section), text @ [_, ..]) => {
            // In the order in which they were written, and no two servers write the same.
            let name = format!("{:016x}-{}", ctx.core.clock.last(), ctx.core.sid());
            note(ctx, user, (section, &name), ("", &text.join(" ")), (None, "The item is added."));
        }
        ("DEL", Some(section), [number, ..]) => remove(ctx, user, section, number),
        ("LIST", section, _) => {
            let mut lines = Vec::new();
            for (_, kind) in KINDS.iter().filter(|row| section.is_none_or(|one| one == row.1)) {
                let names: Vec<&str> =
                    ctx.network().notes().of(*kind).map(|(name, _, _)| name).collect();
                lines.extend(list(ctx, *kind, |name, _| {
                    let place = names.iter().position(|known| *known == name).unwrap_or_default();
                    (place + 1).to_string()
                }));
            }
            ctx.notices(lines);
        }
        _ => ctx.notice(
            "NEWS knows ADD logon|random|oper <text>, DEL logon|random|oper <number>, and LIST.",
        ),
    }
    Ok(())
}

fn remove(ctx: &mut Ctx<'_>, user: UserId, section: Section, number: &str) {
    let place = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let named = place.and_then(|place| ctx.network().notes().of(section).nth(place));
    let name = named.map(|(name, _, _)| name.to_owned());
    match name.filter(|name| notes::remove(ctx, user, section, name)) {
        Some(_) => ctx.notice("The item is taken away."),
        None => ctx.notice(&format!("There is no item {number}; NEWS LIST shows those there are.")),
    }
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn who_comes_is_told_the_news() {
        check(
            r"
            servers 2
            config oper root sesame
            alice@1 > OPER root sesame
            alice > OS NEWS ADD logon Welcome to the new machines
            alice < :OperServ!services@services.test NOTICE alice :The item is added.
            alice > OS NEWS ADD logon Mind the rules
            alice > OS NEWS ADD oper The password changes on Sunday
            alice > OS NEWS ADD random One
            alice > OS NEWS ADD random Two
            bob@2 < :OperServ!services@services.test NOTICE bob :[News] Welcome to the new machines
            bob   < :OperServ!services@services.test NOTICE bob :[News] Mind the rules
            bob   <~ :OperServ!services@services.test NOTICE bob :[News] *
            bob   <! :[News]
            bob   > OPER root sesame
            bob   < :OperServ!services@services.test NOTICE bob :[News] The password changes on Sunday
            alice > OS NEWS LIST logon
            alice <~ :OperServ!services@services.test NOTICE alice :1: Welcome to the new machines. Set *
            alice <~ :OperServ!services@services.test NOTICE alice :2: Mind the rules. Set *
            alice < :OperServ!services@services.test NOTICE alice :Entries of the kind news logon: 2.
            alice > OS NEWS DEL logon 1
            alice < :OperServ!services@services.test NOTICE alice :The item is taken away.
            alice > OS NEWS DEL logon 2
            alice < :OperServ!services@services.test NOTICE alice :There is no item 2; NEWS LIST shows those there are.
            alice > OS NEWS
            alice <~ :OperServ!services@services.test NOTICE alice :1: Mind the rules. Set *
            alice < :OperServ!services@services.test NOTICE alice :Entries of the kind news random: 2.
            alice > OS NEWS ADD monthly x
            alice <~ :OperServ!services@services.test NOTICE alice :NEWS knows ADD *
            same
            ",
        );
    }
}
