//! HostServ WAITING, ACTIVATE and REJECT: what operators answer to requests.

use super::give;
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        notes,
        oper::Priv,
        welcome,
    },
    job::Answer,
    network::{
        UserId,
        crdt::Source,
        note::Section,
        op::{Ask, Op},
    },
    registry::RecordId,
    service::{asked, asks, told},
    wire::{message::Args, name::Nick},
};

pub const WAITING: &[Command] = &[Command {
    name: "WAITING",
    params: "",
    about: "Shows which accounts have asked for which hosts.",
    help: "ACTIVATE and REJECT answer them. What has waited for 30 days is forgotten.",
    replies: &[],
    cost: 1,
    run: Run::Oper(Priv::Vhosts, waiting),
    ..Command::USUAL
}];

pub const ACTIVATE: &[Command] = &[Command {
    name: "ACTIVATE",
    params: "<account>",
    about: "Gives an account the host that it has asked for.",
    help: "Whoever is logged in to it is shown by it at once.\nExample: ACTIVATE alice",
    replies: &[],
    cost: 1,
    run: Run::Oper(Priv::Vhosts, activate),
    ..Command::USUAL
}];

pub const REJECT: &[Command] = &[Command {
    name: "REJECT",
    params: "<account> [<reason>]",
    about: "Refuses an account the host that it has asked for.",
    help: "Whoever is logged in to it is told the reason.\nExample: REJECT alice it is the name of a company",
    replies: &[],
    cost: 1,
    run: Run::Oper(Priv::Vhosts, reject),
    ..Command::USUAL
}];

fn waiting(ctx: &mut Ctx<'_>, _user: UserId, _args: Args<'_>) -> Outcome {
    let requests = ctx.network().notes().of(Section::Request);
    let mut lines: Vec<String> = requests
        .map(|(_, note, at)| {
            let when = welcome::date_text(at.wall());
            format!("{}: {}, asked for {when} by {}", note.text, note.value, note.setter)
        })
        .collect();
    lines.push(format!("Requests that wait: {}.", lines.len()));
    ctx.notices(lines);
    Ok(())
}

/// The request of an account that is called so, and for which host; if there is none, that is told.
fn pending(ctx: &mut Ctx<'_>, name: &str) -> Option<(RecordId, Box<str>)> {
    let nick = Nick::lookup(name, ctx.network().casemap());
    let owner = nick.and_then(|nick| ctx.network().claims().nick(&nick)).map(|id| id.to_string());
    let requests = || ctx.network().notes().of(Section::Request);
    // The account may be called otherwise by now, or be no more.
    let found = requests()
        .find(|(id, ..)| owner.as_deref() == Some(id))
        .or_else(|| requests().find(|(_, note, _)| note.text.eq_ignore_ascii_case(name)));
    let found = found.and_then(|(id, note, _)| Some((RecordId::parse(id)?, note.value.clone())));
    if found.is_none() {
        ctx.notice(&format!("{name} has not asked for a host. WAITING shows who has."));
    }
    found
}

fn activate(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some((id, host)) = pending(ctx, args[0]) else { return Ok(()) };
    asks(ctx, &[id.to_string().as_str(), args[0], &host]);
    give(ctx, user, id, Some(&host), given)
}

fn given(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let (asked, user) = (asked(ctx), ctx.session().user());
    let ([id, name, host], Some(user)) = (asked.as_slice(), user) else { return Ok(()) };
    if told(ctx, &answer, &format!("{name} has the host {host} now.")) {
        notes::remove(ctx, user, Section::Request, id);
        let text = format!("{} gives the account {name} the host {host}", ctx.whois(user).mask());
        ctx.snotice('a', &text);
    }
    Ok(())
}

fn reject(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some((id, host)) = pending(ctx, args[0]) else { return Ok(()) };
    notes::remove(ctx, user, Section::Request, &id.to_string());
    let reason = args.given(1).map_or_else(String::new, |reason| format!(": {reason}"));
    let text = format!("You do not get the host {host}{reason}");
    let owners = ctx.network().users();
    let owners = owners.filter(|(_, who)| who.login.as_ref().is_some_and(|login| login.id == id));
    let (by, uids): (_, Vec<_>) =
        (Source::User(ctx.whois(user).uid), owners.map(|(_, who)| who.uid).collect());
    for uid in uids {
        ctx.commit(Op::Request { by, uid, ask: Ask::Tell(text.as_str().into()) });
    }
    ctx.notice(&format!("{} does not get the host {host}.", args[0]));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_host_is_asked_for_and_given() {
        check(
            r"
            servers 2
            config oper root sesame
            account alice password=sesame
            root@1  > OPER root sesame
            root    > MODE root +s a
            alice@2 > NS IDENTIFY alice sesame
            alice   > HS REQUEST alice
            alice   <~ :HostServ!services@services.test NOTICE alice :alice cannot be a host of somebody's: *
            alice   > HS REQUEST the.admin.example
            alice   < :HostServ!services@services.test NOTICE alice :the.admin.example is not for everybody; choose another.
            alice   > HS REQUEST alice.example
            alice   < :HostServ!services@services.test NOTICE alice :You have asked for the host alice.example; operators will answer.
            root    < :s2.test NOTICE root :*** Notice -- alice!~alice@alice.test asks for the host alice.example for the account alice: HS ACTIVATE alice, or HS REJECT alice <reason>
            alice   > HS REQUEST other.example
            alice   < :HostServ!services@services.test NOTICE alice :Your account has asked already; it can ask again in 1w.
            alice   > HS STATUS
            alice   < :HostServ!services@services.test NOTICE alice :alice has asked for the host alice.example; operators will answer.
            alice   > HS WAITING
            alice   < :HostServ!services@services.test NOTICE alice :Permission Denied - You're not an IRC operator with that privilege
            root    > HS WAITING
            root    <~ :HostServ!services@services.test NOTICE root :alice: alice.example, asked for * by alice!~alice@alice.test
            root    < :HostServ!services@services.test NOTICE root :Requests that wait: 1.
            root    > HS ACTIVATE nobody
            root    < :HostServ!services@services.test NOTICE root :nobody has not asked for a host. WAITING shows who has.
            root    > HS ACTIVATE Alice
            root    < :HostServ!services@services.test NOTICE root :Alice has the host alice.example now.
            alice   < :s2.test 396 alice alice.example :is now your displayed host
            alice   < :HostServ!services@services.test NOTICE alice :You have the host alice.example now. /msg HostServ OFF takes it off.
            alice   > HS REQUEST alice.example
            alice   < :HostServ!services@services.test NOTICE alice :alice.example is the host of your account already. ON shows it.
            root    > HS WAITING
            root    < :HostServ!services@services.test NOTICE root :Requests that wait: 0.
            same
            ",
        );
    }

    #[test]
    fn a_host_is_refused_and_can_be_asked_for_again_later() {
        check(
            r"
            servers 2
            config oper root sesame
            config vhosts.interval 60
            account alice password=sesame
            root@1  > OPER root sesame
            alice@2 > NS IDENTIFY alice sesame
            alice   > HS REQUEST rude.example
            root    > HS REJECT alice rather not
            root    < :HostServ!services@services.test NOTICE root :alice does not get the host rude.example.
            alice   <~ * NOTICE alice :You do not get the host rude.example: rather not
            alice   > HS REQUEST nice.example
            alice   < :HostServ!services@services.test NOTICE alice :Your account has asked already; it can ask again in 1m.
            wait 61
            alice   > HS REQUEST nice.example
            alice   < :HostServ!services@services.test NOTICE alice :You have asked for the host nice.example; operators will answer.
            same
            ",
        );
    }

    #[test]
    fn hosts_can_be_asked_for_only_where_that_is_wanted() {
        check(
            r"
            config vhosts.requests false
            account alice password=sesame
            alice > NS IDENTIFY alice sesame
            alice > HS REQUEST alice.example
            alice < :HostServ!services@services.test NOTICE alice :Hosts cannot be asked for here. TAKE shows those that you can have.
            ",
        );
    }
}
