//! ChanServ INFO.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
        registered::{
            record::{HELD, MARKED, SUCCESSOR, SUSPENDED},
            settings::{SETTINGS, Takes},
        },
        welcome,
    },
    job::{Answer, Job},
    network::UserId,
    registry::RecordId,
    service::{asked, asks},
    store::{Query, Rows},
    wire::message::Args,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "INFO",
    params: "<channel>",
    about: "Tells of a registered channel.",
    help: "Of one that is set PRIVATE it is told to those with access only.\nExample: INFO #dev",
    replies: &[],
    cost: 3,
    run: Run::User(info),
    ..Command::USUAL
}];

fn info(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(name) = super::registered(ctx, args[0]) else { return Ok(()) };
    let Some(known) = super::registration(ctx, &name) else { return Ok(()) };
    let private = known.is_on("PRIVATE") && super::flags(ctx, user, &name).is_empty();
    if private && !ctx.may(user, Priv::See) {
        super::refused(ctx);
        return Ok(());
    }
    let successor = known.record.get(SUCCESSOR).and_then(RecordId::parse);
    let ids = known.founder.into_iter().chain(successor).collect();
    asks(ctx, &[args[0]]);
    ctx.defer(Job::Store(Query::Records(ids)), found);
    Ok(())
}

fn found(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let text = asked(ctx).into_iter().next().unwrap_or_default();
    let Answer::Stored(Ok(Rows::Records(records))) = answer else {
        super::unavailable(ctx);
        return Ok(());
    };
    let Some(name) = super::registered(ctx, &text) else { return Ok(()) };
    let sees = ctx.session().user().is_some_and(|user| ctx.may(user, Priv::See));
    let Some(known) = super::registration(ctx, &name) else { return Ok(()) };
    let account = |id: Option<RecordId>| {
        let record = records.iter().find(|record| Some(record.id) == id);
        record.and_then(|record| record.name()).unwrap_or("nobody").to_owned()
    };
    let mut lines = vec![
        format!("Information on {}:", known.name()),
        format!("Founder    : {}", account(known.founder)),
    ];
    let successor = known.record.get(SUCCESSOR).and_then(RecordId::parse);
    if successor.is_some() {
        lines.push(format!("Successor  : {}", account(successor)));
    }
    lines.push(format!("Registered : {}", welcome::date_text(known.id.0.wall())));
    let of = |field: &str| known.record.get(field);
    lines.extend(of(SUSPENDED).map(|why| format!("Suspended  : {why}")));
    if sees {
        lines.extend(of(MARKED).map(|note| format!("Mark       : {note}")));
        lines.extend(of(HELD).map(|_| "Held       : it does not end for want of use".into()));
    }
    let mut on = Vec::new();
    for row in SETTINGS {
        match (row.takes, row.value(&known.record)) {
            (Takes::Switch(_), _) => on.extend(row.is_on(&known.record).then_some(row.name)),
            // Without the values: one may be the key.
            (Takes::Modes, Some(value)) => {
                let modes = value.split(' ').next().unwrap_or_default();
                lines.push(format!("{:<11}: {modes}", row.name));
            }
            (_, Some(value)) => lines.push(format!("{:<11}: {value}", row.name)),
            (_, None) => (),
        }
    }
    lines.push(format!("Flags      : {}", on.join(" ")));
    lines.push("*** End of Info ***".into());
    lines.iter().for_each(|line| ctx.notice(line));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn what_is_told_of_a_channel() {
        check(
            r"
            servers 2
            account alice password=sesame
            alice@1 > NS IDENTIFY alice sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            alice > CS SET #a MLOCK +nk sesame
            alice > MODE #a +i
            bob@2 > CS INFO #a
            bob < :ChanServ!services@services.test NOTICE bob :Information on #a:
            bob < :ChanServ!services@services.test NOTICE bob :Founder    : alice
            bob <~ :ChanServ!services@services.test NOTICE bob :Registered : 2027-*
            bob < :ChanServ!services@services.test NOTICE bob :MLOCK      : +nk
            bob < :ChanServ!services@services.test NOTICE bob :Flags      : KEEPTOPIC
            bob < :ChanServ!services@services.test NOTICE bob :*** End of Info ***
            bob > CS INFO #b
            bob < :ChanServ!services@services.test NOTICE bob :#b is not registered.
            ",
        );
    }
}
