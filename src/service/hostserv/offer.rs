//! HostServ OFFER and TAKE: hosts that can be had at once.

use super::{fit, give};
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        notes::{self, NAME_MAX},
        oper::Priv,
    },
    job::Answer,
    network::{UserId, note::Section},
    service::{asked, asks, logged_in, told},
    wire::{encode, message::Args},
};

pub const OFFER: &[Command] = &[Command {
    name: "OFFER",
    params: "<subcommand> <host>",
    about: "Offers a host to everybody, or no longer.",
    help: "OFFER ADD <host> lets everybody take it who is logged in, OFFER DEL <host> ends that; who has it keeps it. $account in it stands for the name of who takes it. TAKE shows what is offered.\nExample: OFFER ADD $account.users.example.org",
    replies: &[],
    cost: 1,
    run: Run::Oper(Priv::Vhosts, offer),
    ..Command::USUAL
}];

pub const TAKE: &[Command] = &[Command {
    name: "TAKE",
    params: "[<host>]",
    about: "Takes one of the hosts that are offered; without a host shows them.",
    help: "Write the host as it is offered.\nExample: TAKE $account.users.example.org",
    replies: &[],
    cost: 4,
    run: Run::User(take),
    ..Command::USUAL
}];

/// What stands for the name of whoever takes a host.
const ACCOUNT: &str = "$account";

fn offer(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let host = encode::head(args[1], NAME_MAX).to_lowercase();
    match args[0].to_ascii_uppercase().as_str() {
        "ADD" => {
            if !fit(ctx, &host.replace(ACCOUNT, "name")) {
                return Ok(());
            }
            match notes::write(ctx, user, (Section::Offer, &host), ("", ""), None) {
                Ok(()) => ctx.notice(&format!("{host} is offered now.")),
                Err(full) => ctx.notice(&full),
            }
        }
        "DEL" => match notes::remove(ctx, user, Section::Offer, &host) {
            true => ctx.notice(&format!("{host} is not offered any more.")),
            false => ctx.notice(&format!("{host} is not offered.")),
        },
        _ => ctx.notice("OFFER knows ADD and DEL."),
    }
    Ok(())
}

fn take(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(wanted) = args.given(0) else {
        let offers = ctx.network().notes().of(Section::Offer);
        let mut lines: Vec<String> = offers.map(|(host, _, _)| host.to_owned()).collect();
        lines.push(format!("Hosts that are offered: {}.", lines.len()));
        ctx.notices(lines);
        return Ok(());
    };
    let Some(login) = logged_in(ctx, user) else { return Ok(()) };
    let wanted = wanted.to_lowercase();
    if ctx.network().notes().get(Section::Offer, &wanted).is_none() {
        ctx.notice(&format!("{wanted} is not offered. TAKE shows what is."));
        return Ok(());
    }
    let host = wanted.replace(ACCOUNT, &login.name);
    if !fit(ctx, &host) {
        return Ok(());
    }
    asks(ctx, &[&host]);
    give(ctx, user, login.id, Some(&host), taken)
}

fn taken(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let host = asked(ctx).into_iter().next().unwrap_or_default();
    told(ctx, &answer, &format!("You have the host {host} now."));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn what_is_offered_can_be_taken() {
        check(
            r"
            servers 2
            config oper root sesame
            account alice password=sesame
            account [x] password=sesame
            root@1  > OPER root sesame
            root    > HS OFFER ADD $account.users.example
            root    < :HostServ!services@services.test NOTICE root :$account.users.example is offered now.
            root    > HS OFFER ADD user
            root    <~ :HostServ!services@services.test NOTICE root :user cannot be a host of somebody's: *
            root    > HS OFFER FROB x
            root    < :HostServ!services@services.test NOTICE root :OFFER knows ADD and DEL.
            alice@2 > HS TAKE
            alice   < :HostServ!services@services.test NOTICE alice :$account.users.example
            alice   < :HostServ!services@services.test NOTICE alice :Hosts that are offered: 1.
            alice   > HS TAKE $account.users.example
            alice   <~ :HostServ!services@services.test NOTICE alice :You are not logged in.*
            alice   > NS IDENTIFY alice sesame
            alice   > HS TAKE other.example
            alice   < :HostServ!services@services.test NOTICE alice :other.example is not offered. TAKE shows what is.
            alice   > HS TAKE $account.users.example
            alice   < :s2.test 396 alice alice.users.example :is now your displayed host
            alice   < :HostServ!services@services.test NOTICE alice :You have the host alice.users.example now.
            bob@2   > NS IDENTIFY [x] sesame
            bob     > HS TAKE $account.users.example
            bob     <~ :HostServ!services@services.test NOTICE bob :[x].users.example cannot be a host of somebody's: *
            root    > HS OFFER DEL $account.users.example
            root    < :HostServ!services@services.test NOTICE root :$account.users.example is not offered any more.
            root    > HS OFFER DEL $account.users.example
            root    < :HostServ!services@services.test NOTICE root :$account.users.example is not offered.
            same
            ",
        );
    }
}
