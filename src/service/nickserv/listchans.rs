//! NickServ LISTCHANS.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        registered::record::Registration,
    },
    job::{Answer, Job},
    network::UserId,
    store::{Query, Rows},
    wire::message::Args,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "LISTCHANS",
    params: "",
    about: "Shows the registered channels in which your account has access.",
    help: "ChanServ STATUS tells the same of one channel.",
    replies: &[],
    cost: 3,
    run: Run::User(listchans),
    ..Command::USUAL
}];

fn listchans(ctx: &mut Ctx<'_>, user: UserId, _args: Args<'_>) -> Outcome {
    if let Some(login) = super::login(ctx, user) {
        ctx.defer(Job::Store(Query::ChannelsOf(login.id)), found);
    }
    Ok(())
}

fn found(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Answer::Stored(Ok(Rows::Records(records))) = answer else {
        super::unavailable(ctx);
        return Ok(());
    };
    let user = ctx.session().user();
    let login = user.and_then(|user| ctx.whois(user).login.as_ref()).map(|login| login.id);
    let casemap = ctx.network().casemap();
    let count = records.len();
    for record in records {
        let known = Registration::read(record, casemap);
        ctx.notice(&format!("{} {}", known.name(), known.flags(login)));
    }
    ctx.notice(&format!("{count} channels in which your account has access."));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

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
