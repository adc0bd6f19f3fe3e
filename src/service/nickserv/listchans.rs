//! NickServ LISTCHANS.

use crate::{
    core::{
        ctx::{Ctx, Cursor, Outcome},
        dispatch::{Command, Run},
        registered::record::Registration,
    },
    job::{Answer, Job},
    network::UserId,
    registry::RecordId,
    store::{LISTED_MAX, Query, Rows},
    wire::message::Args,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "LISTCHANS",
    params: "",
    about: "Shows the registered channels in which your account has access.",
    help: "ChanServ STATUS tells the same of one channel. At most 500 are shown.",
    replies: &[],
    cost: 3,
    run: Run::User(listchans),
    ..Command::USUAL
}];

fn listchans(ctx: &mut Ctx<'_>, user: UserId, _args: Args<'_>) -> Outcome {
    if let Some(login) = super::login(ctx, user) {
        ask(ctx, login.id, 0, None);
    }
    Ok(())
}

/// Asks for the next page, having shown so many.
fn ask(ctx: &mut Ctx<'_>, account: RecordId, shown: usize, after: Option<RecordId>) {
    super::asks(ctx, &[account.to_string(), shown.to_string()]);
    ctx.defer(Job::Store(Query::ChannelsOf { account, after }), found);
}

fn found(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Answer::Stored(Ok(Rows::Records(records))) = answer else {
        super::unavailable(ctx);
        return Ok(());
    };
    let asked = super::asked(ctx);
    let [account, shown] = asked.as_slice() else { return Ok(()) };
    let (Some(account), Ok(shown)) = (RecordId::parse(account), shown.parse::<usize>()) else {
        return Ok(());
    };
    let casemap = ctx.network().casemap();
    let (count, last) = (records.len(), records.last().map(|record| record.id));
    for record in records {
        let known = Registration::read(record, casemap);
        ctx.notice(&format!("{} {}", known.name(), known.flags(Some(account))));
    }
    let shown = shown + count;
    match last.filter(|_| count == LISTED_MAX) {
        Some(_) if shown >= SHOWN_MAX => ctx.notice(&format!(
            "{shown} channels are shown, and there may be more in which your account has access."
        )),
        Some(last) => {
            // The next page is asked for once this one has been read.
            let asked = vec![account.to_string(), shown.to_string(), last.to_string()];
            ctx.stream(Cursor { asked, ..Cursor::default() }, next);
        }
        None => ctx.notice(&format!("{shown} channels in which your account has access.")),
    }
    Ok(())
}

fn next(ctx: &mut Ctx<'_>, cursor: Cursor) -> Option<Cursor> {
    if cursor.slot == 0 {
        return Some(Cursor { slot: 1, ..cursor });
    }
    if let [account, shown, after] = cursor.asked.as_slice() {
        let shown = shown.parse().unwrap_or(SHOWN_MAX);
        if let Some(account) = RecordId::parse(account) {
            ask(ctx, account, shown, RecordId::parse(after));
        }
    }
    None
}

/// How many channels are shown.
const SHOWN_MAX: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        core::registered::record::{FOUNDER, access},
        registry::{CHANNEL, Edit, Kind, NAME, What},
        sim::{self, Sim, script::check},
        time::{Sid, Stamp},
    };

    #[test]
    fn however_many_there_are_all_are_shown_and_end_with_the_account() {
        let mut config = sim::config();
        config.oper.push(sim::oper("root", "sesame"));
        let mut sim = Sim::strangers(1, &config);
        let id = |tick: usize| RecordId(Stamp { tick: tick as u64, server: Sid::FIRST });
        let edit = |tick: usize, kind, fields: Vec<(Box<str>, &str)>| {
            let fields = fields.into_iter().map(|(key, value)| (key, Some(value.into())));
            let what = What::Write(fields.collect());
            Edit { id: id(tick), kind, at: id(tick).0, by: "test".into(), what }
        };
        let alice = vec![
            (NAME.into(), "alice"),
            ("nick:alice".into(), "alice"),
            ("password".into(), "sesame"),
        ];
        let mut edits = vec![edit(1, Kind::Account, alice)];
        edits.extend((2..2 * LISTED_MAX + 5).map(|tick| {
            let (name, founder) = (format!("#c{tick}"), id(1).to_string());
            let fields = vec![
                (NAME.into(), name.as_str()),
                (format!("{CHANNEL}{name}").into(), &name),
                (FOUNDER.into(), &founder),
                (access(id(1)), "F"),
            ];
            edit(tick, Kind::Channel, fields)
        }));
        sim.hosts[0].learn(&edits);
        let (alice, root) = (sim.connect(0, "alice"), sim.connect(0, "root"));
        let mut ask = |client: usize, line: &str, told: &str| {
            sim.send(client, line);
            sim.settle();
            let got = &sim.clients[client].got;
            assert!(got.iter().any(|line| line.ends_with(told)), "{told}: {got:#?}");
        };
        let all = 2 * LISTED_MAX + 3;
        ask(alice, "NS IDENTIFY alice sesame", "You are now logged in as alice");
        ask(root, "OPER root sesame", "You are now an IRC operator");
        ask(alice, "NS LISTCHANS", &format!("{all} channels in which your account has access."));
        ask(root, "CS LIST #c3", "1 channels fit #c3.");
        ask(alice, &format!("NS UNREGISTER alice {}", id(1)), "The account is no more.");
        ask(root, "CS LIST", "0 channels fit *.");
    }

    #[test]
    fn the_channels_of_an_account() {
        check(
            r"
            account alice password=sesame
            account bob password=sesame
            alice > NS LISTCHANS
            alice <~ :NickServ!services@services.test NOTICE alice :You are not logged in.*
            alice > NS IDENTIFY alice sesame
            bob   > NS IDENTIFY bob sesame
            alice > JOIN #a,#b
            alice > CS REGISTER #a
            alice > CS REGISTER #b
            alice > CS VOP #b ADD bob
            alice > NS LISTCHANS
            alice < :NickServ!services@services.test NOTICE alice :#a +AFORSaefhioqrstv
            alice < :NickServ!services@services.test NOTICE alice :#b +AFORSaefhioqrstv
            alice < :NickServ!services@services.test NOTICE alice :2 channels in which your account has access.
            bob   > NS LISTCHANS
            bob   < :NickServ!services@services.test NOTICE bob :#b +AVv
            bob   < :NickServ!services@services.test NOTICE bob :1 channels in which your account has access.
            ",
        );
    }
}
