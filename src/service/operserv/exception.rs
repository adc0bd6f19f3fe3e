//! OperServ EXCEPTION: from where more connections may come than from elsewhere.

use super::{list, note, until, words};
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        notes,
        oper::Priv,
    },
    network::{UserId, note::Section},
    wire::{cidr::Cidr, message::Args},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "EXCEPTION",
    params: "[<subcommand> [<rest>]]",
    about: "Lets more connections come from an address than may come from others, or fewer.",
    help: "EXCEPTION ADD [+<duration>] <address> <number> <reason> allows so many connections from the address, or from each address of a range, on each server; 0 means no limit. EXCEPTION DEL <address> takes it away, EXCEPTION LIST shows all. Who has so many may also connect them at once. Of several ranges the narrowest counts. SESSION shows from where many come.\nExample: EXCEPTION ADD +2d 192.0.2.7 50 the meeting in town",
    replies: &[],
    cost: 1,
    run: Run::Oper(Priv::Ban, exception),
    ..Command::USUAL
}];

/// What is no limit: as many as `limits.clients` can be.
const NO_LIMIT: u32 = 1_000_000;

fn exception(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let (verb, rest) = words(&args);
    match (verb.as_str(), rest.as_slice()) {
        ("ADD", rest @ [_, ..]) => add(ctx, user, rest),
        ("DEL", [range, ..]) => remove(ctx, user, range),
        ("LIST", _) => ctx.notices(list(ctx, Section::Exception, |range, note| {
            format!("{range} may have {} connections", note.value)
        })),
        _ => usage(ctx),
    }
    Ok(())
}

fn add(ctx: &mut Ctx<'_>, user: UserId, rest: &[&str]) {
    let (until, rest) = until(rest, ctx.now.wall);
    let [range, number, reason @ ..] = rest else { return usage(ctx) };
    let Some(range) = Cidr::parse(range) else { return usage(ctx) };
    let Some(number) = number.parse::<u32>().ok().filter(|number| *number <= NO_LIMIT) else {
        return usage(ctx);
    };
    let most = if number == 0 { NO_LIMIT } else { number }.to_string();
    let reason = reason.join(" ");
    let done = format!("{range} may have {most} connections: {reason}");
    note(ctx, user, (Section::Exception, &range.to_string()), (&most, &reason), (until, &done));
}

fn remove(ctx: &mut Ctx<'_>, user: UserId, range: &str) {
    let range = Cidr::parse(range).map_or_else(|| range.to_owned(), |range| range.to_string());
    match notes::remove(ctx, user, Section::Exception, &range) {
        true => ctx.notice(&format!("There is no exception for {range} any more.")),
        false => ctx.notice(&format!("There is no exception for {range}.")),
    }
}

fn usage(ctx: &mut Ctx<'_>) {
    ctx.notice(
        "EXCEPTION knows ADD [+<duration>] <address> <number> <reason>, DEL <address>, and LIST. An address is one as 192.0.2.7, or a range as 2001:db8::/48.",
    );
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn more_may_come_from_where_an_exception_says_so() {
        check(
            r"
            config webirc chat sesame 10.0.0.0/8
            config limits.clients_per_address 1
            config oper root sesame
            root > OPER root sesame
            raw a
            a > WEBIRC sesame kiwi h 192.0.2.1
            raw b
            b > WEBIRC sesame kiwi h 192.0.2.1
            b < ERROR :Closing link: too many connections from your address
            root > OS EXCEPTION ADD +1m 192.0.2.0/24 2 a meeting
            root < :OperServ!services@services.test NOTICE root :192.0.2.0/24 may have 2 connections: a meeting
            raw c
            c > WEBIRC sesame kiwi h 192.0.2.1
            c > NICK cy
            c > USER cy 0 * :Cy
            c <~ :s1.test 001 cy *
            raw d
            d > WEBIRC sesame kiwi h 192.0.2.1
            d < ERROR :Closing link: too many connections from your address
            root > OS EXCEPTION ADD 192.0.2.1 0 the bridge
            root < :OperServ!services@services.test NOTICE root :192.0.2.1 may have 1000000 connections: the bridge
            raw e
            e > WEBIRC sesame kiwi h 192.0.2.1
            e > NICK eve
            e > USER eve 0 * :Eve
            e <~ :s1.test 001 eve *
            root > OS EXCEPTION LIST
            root <~ :OperServ!services@services.test NOTICE root :192.0.2.0/24 may have 2 connections: a meeting until *
            root <~ :OperServ!services@services.test NOTICE root :192.0.2.1 may have 1000000 connections: the bridge. Set *
            root < :OperServ!services@services.test NOTICE root :Entries of the kind exception: 2.
            root > OS SESSION LIST 2
            root < :OperServ!services@services.test NOTICE root :192.0.2.1: 3 connections
            root < :OperServ!services@services.test NOTICE root :Addresses with at least 2 connections on this server: 1.
            root > OS SESSION VIEW 192.0.2.1
            root < :OperServ!services@services.test NOTICE root :192.0.2.1 has 3 connections on this server, of at most 1000000.
            root > OS SESSION VIEW 192.0.2.9
            root < :OperServ!services@services.test NOTICE root :192.0.2.9 has 0 connections on this server, of at most 2.
            root > OS SESSION VIEW nowhere
            root <~ :OperServ!services@services.test NOTICE root :SESSION knows LIST *
            root > OS SESSION LIST 1
            root <~ :OperServ!services@services.test NOTICE root :SESSION knows LIST *
            root > OS EXCEPTION DEL 192.0.2.1
            root < :OperServ!services@services.test NOTICE root :There is no exception for 192.0.2.1 any more.
            root > OS EXCEPTION DEL 192.0.2.1
            root < :OperServ!services@services.test NOTICE root :There is no exception for 192.0.2.1.
            root > OS EXCEPTION ADD 192.0.2.1 many
            root <~ :OperServ!services@services.test NOTICE root :EXCEPTION knows ADD *
            wait 70
            root > OS EXCEPTION LIST
            root < :OperServ!services@services.test NOTICE root :Entries of the kind exception: 0.
            ",
        );
    }
}
