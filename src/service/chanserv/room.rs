//! Whether an account may have one more channel: there are only so many for each.

use crate::{
    core::{
        ctx::{Again, Ctx, Outcome},
        registered::record::FOUNDER,
    },
    job::{Answer, Job},
    registry::{Record, RecordId},
    store::{LISTED_MAX, Query, Rows},
};

/// Goes on with `again` if an account may be the founder of one more channel; otherwise that is told.
pub(super) fn make(ctx: &mut Ctx<'_>, account: RecordId, again: Again) -> Outcome {
    ask(ctx, (account, 0), None, again);
    Ok(())
}

/// Asks for the next of the channels in which the account has access, having found so many that are its own.
fn ask(
    ctx: &mut Ctx<'_>,
    (account, count): (RecordId, usize),
    after: Option<RecordId>,
    mut again: Again,
) {
    again.words.extend([account.to_string(), count.to_string()]);
    ctx.session_mut().again = Some(Box::new(again));
    ctx.defer(Job::Store(Query::ChannelsOf { account, after }), counted);
}

fn counted(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let (user, again) = (ctx.session().user(), ctx.session_mut().again.take());
    let Some((user, mut again)) = user.zip(again) else { return Ok(()) };
    let count = again.words.pop().and_then(|count| count.parse::<usize>().ok());
    let account = again.words.pop().and_then(|account| RecordId::parse(&account));
    let Some((account, count)) = account.zip(count) else { return Ok(()) };
    let Answer::Stored(Ok(Rows::Records(records))) = answer else {
        super::unavailable(ctx);
        return Ok(());
    };
    let own = |record: &&Record| record.get(FOUNDER).and_then(RecordId::parse) == Some(account);
    let count = count + records.iter().filter(own).count();
    let most = ctx.core.config.limits.channels_per_account;
    if count >= most {
        ctx.notice(&format!("An account has at most {most} channels. UNREGISTER one first."));
        return Ok(());
    }
    match records.last().filter(|_| records.len() == LISTED_MAX) {
        Some(last) => ask(ctx, (account, count), Some(last.id), *again),
        // Much may have happened meanwhile, which it looks at.
        None => return (again.then)(ctx, user, &again.words),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn nobody_is_given_more_channels_than_they_may_register() {
        check(
            r"
            config limits.channels_per_account 2
            account alice password=sesame
            account bob password=sesame
            alice > NS IDENTIFY alice sesame
            bob   > NS IDENTIFY bob sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            bob   > JOIN #b,#c
            bob   > CS REGISTER #b
            bob   > CS REGISTER #c
            alice > CS TRANSFER #a bob
            bob   > CS TRANSFER ACCEPT #a
            bob   < :ChanServ!services@services.test NOTICE bob :An account has at most 2 channels. UNREGISTER one first.
            bob   > CS UNREGISTER #c
            bob   <~ :ChanServ!services@services.test NOTICE bob :*UNREGISTER #c *
            bob   > CS UNREGISTER #c $record
            alice > CS TRANSFER CANCEL #a
            bob   > CS TRANSFER ACCEPT #a
            bob   < :ChanServ!services@services.test NOTICE bob :#a is not offered to you.
            alice > CS TRANSFER #a bob
            bob   > CS TRANSFER ACCEPT #a
            bob   < :ChanServ!services@services.test NOTICE bob :#a belongs to bob now.
            ",
        );
    }
}
