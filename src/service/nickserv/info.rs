//! NickServ INFO.

use crate::{
    core::{
        account,
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        expiry,
        oper::Priv,
        policy,
        settings::{self, HIDEMAIL, PRIVATE},
        suspension, verification, welcome,
    },
    job::{Answer, Job},
    network::UserId,
    registry::{CERT, NICK, Record},
    store::{Find, Query, Rows},
    wire::{message::Args, name::Nick},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "INFO",
    params: "[<account>]",
    about: "Tells of an account: yours, or the one that a nick belongs to.",
    help: "Its nicks and its mail address are shown to its owner, and to operators who may see what is hidden; to those who administer accounts, also what has been set and noted.\nExample: INFO alice",
    replies: &[],
    cost: 3,
    run: Run::User(info),
    ..Command::USUAL
}];

fn info(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let own = ctx.whois(user).login.as_ref().map(|login| login.id);
    let find = match (args.given(0), own) {
        (None, Some(id)) => Find::Id(id),
        (name, _) => {
            let name = name.map_or_else(|| ctx.whois(user).nick().to_string(), str::to_owned);
            let Some(nick) = Nick::lookup(&name, ctx.network().casemap()) else {
                ctx.notice(&format!("{name} is not registered."));
                return Ok(());
            };
            Find::Claim(format!("{NICK}{}", nick.folded()).into())
        }
    };
    ctx.defer(Job::Store(Query::Find(find)), found);
    Ok(())
}

fn found(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Some(user) = ctx.session().user() else { return Ok(()) };
    let record = match answer {
        Answer::Stored(Ok(Rows::Record(record))) => record,
        _ => {
            super::unavailable(ctx);
            return Ok(());
        }
    };
    let Some(record) = record.filter(|record| record.ended.is_none()) else {
        ctx.notice("That nick is not registered.");
        return Ok(());
    };
    let own = ctx.whois(user).login.as_ref().is_some_and(|login| login.id == record.id);
    let sees = own || ctx.may(user, Priv::See);
    ctx.notice(&format!("Information on {}:", record.name().unwrap_or_default()));
    if settings::is_on(&record, PRIVATE) && !sees {
        ctx.notice("The owner keeps it private.");
    } else {
        open(ctx, user, (&record, own));
    }
    if sees {
        let nicks: Vec<&str> =
            record.under(NICK).filter_map(|(_, field)| field.value.as_deref()).collect();
        ctx.notice(&format!("Nicks: {}", nicks.join(" ")));
    }
    let administers = ctx.may(user, Priv::Accounts);
    let reads_mail = own || administers || sees && !settings::is_on(&record, HIDEMAIL);
    if let Some(mail) = record.get(account::MAIL).filter(|_| reads_mail) {
        ctx.notice(&format!("Mail address: {mail}"));
    }
    if let Some((_, mail)) = verification::new_address(&record).filter(|_| reads_mail) {
        ctx.notice(&format!("Mail address, once it is confirmed: {mail}"));
    }
    if administers {
        noted(ctx, &record);
    }
    ctx.notice("End of information.");
    Ok(())
}

/// What anybody is told.
fn open(ctx: &mut Ctx<'_>, user: UserId, (record, own): (&Record, bool)) {
    ctx.notice(&format!("Registered: {}", welcome::date_text(record.id.0.wall())));
    if record.unverified().is_some() {
        ctx.notice("The account waits to be verified.");
    }
    if let Some(suspension) = suspension::of(record, ctx.now.wall) {
        ctx.notice(&format!("Suspended{}", suspension.text()));
    }
    let online = ctx
        .network()
        .users()
        .filter(|(_, other)| other.login.as_ref().is_some_and(|login| login.id == record.id))
        // Whose nick it is may wish not to be found by those who know only the account.
        .filter(|(other, _)| own || policy::sees_user(ctx, user, *other));
    let online: Vec<String> =
        online.map(|(_, other)| other.nick().to_string()).take(SHOWN_MAX).collect();
    match online.as_slice() {
        [] => {
            let seen = welcome::date_text(expiry::last_seen(record));
            ctx.notice(&format!("Last seen: {seen}"));
        }
        online => ctx.notice(&format!("Online as: {}", online.join(" "))),
    }
}

/// What those are told who administer accounts.
fn noted(ctx: &mut Ctx<'_>, record: &Record) {
    if let Some(suspension) = suspension::of(record, ctx.now.wall) {
        let since = welcome::date_text(suspension.since.wall());
        ctx.notice(&format!("Suspended by {} on {since}", suspension.by));
    }
    if let Some((note, field)) = record.get(super::MARK).zip(record.field(super::MARK)) {
        let since = welcome::date_text(field.at.wall());
        ctx.notice(&format!("Marked by {} on {since}: {note}", field.by));
    }
    let settings = super::set::summary(record);
    if !settings.is_empty() {
        ctx.notice(&format!("Settings: {settings}"));
    }
    let certificates = record.under(CERT).count();
    ctx.notice(&format!("Certificates: {certificates}"));
}

/// How many who are online are named.
const SHOWN_MAX: usize = 20;

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn what_is_told_depends_on_who_asks() {
        check(
            r"
            alice > NS INFO
            alice < :NickServ!services@services.test NOTICE alice :That nick is not registered.
            alice > NS REGISTER sesame-open alice@mail.example
            alice > NS INFO
            alice < :NickServ!services@services.test NOTICE alice :Information on alice:
            alice <~ :NickServ!services@services.test NOTICE alice :Registered: 2027-*
            alice < :NickServ!services@services.test NOTICE alice :Online as: alice
            alice < :NickServ!services@services.test NOTICE alice :Nicks: alice
            alice < :NickServ!services@services.test NOTICE alice :Mail address: alice@mail.example
            alice < :NickServ!services@services.test NOTICE alice :End of information.
            bob   > NS INFO alice
            bob   < :NickServ!services@services.test NOTICE bob :Information on alice:
            bob   <~ :NickServ!services@services.test NOTICE bob :Registered: *
            bob   < :NickServ!services@services.test NOTICE bob :Online as: alice
            bob   < :NickServ!services@services.test NOTICE bob :End of information.
            alice > MODE alice +i
            bob   > NS INFO alice
            bob   <! Online
            alice > NS INFO
            alice < :NickServ!services@services.test NOTICE alice :Online as: alice
            bob   > NS INFO #a
            bob   < :NickServ!services@services.test NOTICE bob :#a is not registered.
            ",
        );
    }
}
