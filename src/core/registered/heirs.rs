//! The channels of accounts that have ended: whoever is their successor inherits them, without one they end.
//!
//! The server where an account has ended sees to its channels. It may crash before, or not run while an
//! administrator ends the account at the command line; so whoever looks through the channels, see
//! [`super::expiry`], looks for founders who are no more as well.

use super::{flags::Flags, record};
use crate::{
    core::{Core, ctx::Then, effect::Effects},
    job::{Answer, Job},
    network::crdt,
    registry::{Edit, Kind, Record, RecordId, What},
    store::{LISTED_MAX, Query, Rows},
    time::Now,
};
use std::collections::VecDeque;

/// The accounts that have ended, and may have had channels.
#[derive(Debug, Default)]
pub struct Heirs {
    /// Which; and after which channel those come that have not been looked at.
    ended: VecDeque<(RecordId, Option<RecordId>)>,
    /// Whether the store is asked about the first of them.
    asking: bool,
}

/// An account has ended: its channels go to their successors, or end.
pub fn orphaned(core: &mut Core, fx: &mut Effects, account: RecordId, now: Now) {
    let ended = &mut core.registered.heirs.ended;
    // Those for whom there is no room are found when the channels are looked through.
    if ended.len() < ENDED_MAX && !ended.iter().any(|(known, _)| *known == account) {
        ended.push_back((account, None));
    }
    turn(core, fx, now);
}

/// Goes on with the first account, if the store is not asked about it already.
pub(super) fn turn(core: &mut Core, fx: &mut Effects, now: Now) {
    let Heirs { ended, asking } = &mut core.registered.heirs;
    let Some((account, after)) = ended.front().copied().filter(|_| !*asking) else { return };
    *asking = true;
    core.ask(fx, Job::Store(Query::ChannelsOf { account, after }), Then::Server(inherit), now);
}

fn inherit(core: &mut Core, fx: &mut Effects, answer: Answer, now: Now) {
    let heirs = &mut core.registered.heirs;
    heirs.asking = false;
    // What cannot be read is asked for again with the next housekeeping.
    let Answer::Stored(Ok(Rows::Records(records))) = answer else { return };
    let Some((account, _)) = heirs.ended.pop_front() else { return };
    if let Some(last) = records.last().filter(|_| records.len() == LISTED_MAX) {
        heirs.ended.push_front((account, Some(last.id)));
    }
    for record in records {
        let at = core.clock.tick(now.wall);
        let what = without(&record, account);
        let by = core.service_mask(crdt::CHANSERV).into();
        core.store_later(fx, Edit { id: record.id, kind: Kind::Channel, at, by, what }, now);
    }
    turn(core, fx, now);
}

/// The accounts to which channels belong, or are to.
pub(super) fn of(records: &[Record]) -> Vec<RecordId> {
    let fields = records.iter().flat_map(|record| {
        [record::FOUNDER, record::SUCCESSOR].into_iter().filter_map(|key| record.get(key))
    });
    let mut accounts: Vec<RecordId> = fields.filter_map(RecordId::parse).collect();
    accounts.sort_unstable();
    accounts.dedup();
    accounts
}

/// What is written to the record of a channel when an account with access has ended: the successor of a
/// founder inherits it; without one it ends, unless it is suspended: then it is nobody's until it is opened.
fn without(record: &Record, account: RecordId) -> What {
    let is = |key: &str| record.get(key).and_then(RecordId::parse) == Some(account);
    let successor = record.get(record::SUCCESSOR).and_then(RecordId::parse);
    let mut fields = vec![(record::access(account), None)];
    if is(record::SUCCESSOR) {
        fields.push((record::SUCCESSOR.into(), None));
    }
    if is(record::FOUNDER) {
        let Some(successor) = successor.filter(|successor| *successor != account) else {
            if record.get(record::SUSPENDED).is_none() {
                return What::End;
            }
            fields.push((record::FOUNDER.into(), None));
            return What::Write(fields);
        };
        let founder = Flags::founder().letters().collect::<String>();
        fields.push((record::FOUNDER.into(), Some(successor.to_string().into())));
        fields.push((record::SUCCESSOR.into(), None));
        fields.push((record::access(successor), Some(founder.into())));
    }
    What::Write(fields)
}

/// How many accounts wait for their channels to be looked at.
const ENDED_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        sim::script::check,
        time::{Sid, Stamp},
    };

    #[test]
    fn only_so_many_accounts_wait_for_their_channels_to_be_looked_at() {
        let (mut core, mut fx, now) = (Core::sample(), Effects::default(), Now::default());
        for tick in 0..=ENDED_MAX as u64 {
            let account = RecordId(Stamp { tick, server: Sid::FIRST });
            orphaned(&mut core, &mut fx, account, now);
        }
        assert_eq!(core.registered.heirs.ended.len(), ENDED_MAX);
    }

    #[test]
    fn the_channels_of_an_account_that_ended_while_no_server_ran_are_inherited() {
        check(
            r"
            account alice password=sesame
            account bob password=sesame
            alice > NS IDENTIFY alice sesame
            alice > JOIN #a,#b
            alice > CS REGISTER #a
            alice > CS REGISTER #b
            alice > CS SET #a SUCCESSOR bob
            bob   > NS IDENTIFY bob sesame
            crash 1
            hand 1 alice
            start 1
            root  > PING x
            wait 30
            root  > CS INFO #a
            root  < :ChanServ!services@services.test NOTICE root :Founder    : bob
            root  > CS INFO #b
            root  < :ChanServ!services@services.test NOTICE root :#b is not registered.
            same
            ",
        );
    }
}
