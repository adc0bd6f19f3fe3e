//! ChanServ TRANSFER: a channel is offered to somebody, who takes it.

use super::room;
use crate::{
    core::{
        ctx::{Again, Ctx, Outcome},
        dispatch::{Command, Run},
        registered::{
            flags::Flags,
            record::{self, FOUNDER, OFFERED, SUCCESSOR},
        },
    },
    network::UserId,
    registry::{Login, RecordId},
    wire::{message::Args, name::ChannelName},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "TRANSFER",
    params: "<ACCEPT|CANCEL|channel> [<channel|account>]",
    about: "Makes somebody else the founder of your channel.",
    help: "TRANSFER <channel> <account> offers it, TRANSFER ACCEPT <channel> takes what is offered, TRANSFER CANCEL <channel> takes the offer back. Until it is taken nothing changes.\nExample: TRANSFER #dev bob",
    replies: &[],
    cost: 3,
    run: Run::User(run),
    ..Command::USUAL
}];

fn run(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let (first, second) = (args[0], args.given(1).unwrap_or_default());
    if first.eq_ignore_ascii_case("ACCEPT") {
        return accept(ctx, user, second);
    }
    let cancels = first.eq_ignore_ascii_case("CANCEL");
    let Some(name) = super::allowed(ctx, user, if cancels { second } else { first }, "F") else {
        return Ok(());
    };
    if cancels {
        let done = format!("{name} is not offered to anybody any more.");
        return super::set(ctx, user, &name, vec![(OFFERED.into(), None)], done);
    }
    offer(ctx, user, &name, second)
}

/// Offers a channel to an account, if the user is its founder.
pub(super) fn offer(ctx: &mut Ctx<'_>, user: UserId, name: &ChannelName, text: &str) -> Outcome {
    if super::allowed(ctx, user, name.as_str(), "F").is_none() {
        return Ok(());
    }
    let Some(account) = super::account(ctx, text) else { return Ok(()) };
    let done = format!(
        "{name} is offered to {text}, who takes it by /msg ChanServ TRANSFER ACCEPT {name}"
    );
    let fields = vec![(OFFERED.into(), Some(account.to_string().into()))];
    super::set(ctx, user, name, fields, done)
}

fn accept(ctx: &mut Ctx<'_>, user: UserId, text: &str) -> Outcome {
    let Some((_, login)) = offered(ctx, user, text) else { return Ok(()) };
    room::make(ctx, login.id, Again { words: vec![text.to_owned()], then: take })
}

/// The channel of that name and the account of the user, if it is offered to them; otherwise that is told.
fn offered(ctx: &mut Ctx<'_>, user: UserId, text: &str) -> Option<(ChannelName, Login)> {
    let name = super::registered(ctx, text)?;
    let login = ctx.whois(user).login.as_deref().cloned();
    let offered = super::registration(ctx, &name)?.record.get(OFFERED).and_then(RecordId::parse);
    let found = login.filter(|login| Some(login.id) == offered);
    if found.is_none() {
        ctx.notice(&format!("{name} is not offered to you."));
    }
    found.map(|login| (name, login))
}

fn take(ctx: &mut Ctx<'_>, user: UserId, words: &[String]) -> Outcome {
    let Some((name, login)) = words.first().and_then(|text| offered(ctx, user, text)) else {
        return Ok(());
    };
    let account = login.id;
    let Some(known) = super::registration(ctx, &name) else { return Ok(()) };
    let founder = Flags::founder().letters().collect::<String>();
    let mut fields = vec![
        (FOUNDER.into(), Some(account.to_string().into())),
        (OFFERED.into(), None),
        (record::access(account), Some(founder.into())),
    ];
    // Whoever was founder keeps all but that.
    if let Some(before) = known.founder.filter(|before| *before != account) {
        let rest = Flags::founder().with('F', false).letters().collect::<String>();
        fields.push((record::access(before), Some(rest.into())));
    }
    if known.record.get(SUCCESSOR).and_then(RecordId::parse) == Some(account) {
        fields.push((SUCCESSOR.into(), None));
    }
    super::set(ctx, user, &name, fields, format!("{name} belongs to {} now.", login.name))
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_channel_is_offered_and_taken() {
        check(
            r"
            servers 2
            account alice password=sesame
            account bob password=sesame
            alice@1 > NS IDENTIFY alice sesame
            bob@2   > NS IDENTIFY bob sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            bob   > CS TRANSFER #a bob
            bob   < :ChanServ!services@services.test NOTICE bob :You are not authorized to perform this operation.
            bob   > CS TRANSFER ACCEPT #a
            bob   < :ChanServ!services@services.test NOTICE bob :#a is not offered to you.
            alice > CS TRANSFER #a bob
            alice <~ :ChanServ!services@services.test NOTICE alice :#a is offered to bob, who takes it by*
            alice > CS TRANSFER CANCEL #a
            alice < :ChanServ!services@services.test NOTICE alice :#a is not offered to anybody any more.
            bob   > CS TRANSFER accept #a
            bob   < :ChanServ!services@services.test NOTICE bob :#a is not offered to you.
            alice > CS SET #a FOUNDER bob
            bob   > CS TRANSFER ACCEPT #a
            bob   < :ChanServ!services@services.test NOTICE bob :#a belongs to bob now.
            bob   > JOIN #a
            alice < :ChanServ!services@services.test MODE #a +qo bob bob
            alice > CS SET #a FOUNDER alice
            alice < :ChanServ!services@services.test NOTICE alice :You are not authorized to perform this operation.
            bob   > CS FLAGS #a alice -*
            bob   < :ChanServ!services@services.test NOTICE bob :Flags + were set on alice in #a.
            same
            ",
        );
    }
}
