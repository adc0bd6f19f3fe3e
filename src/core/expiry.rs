//! Accounts that nobody uses end after a time, if the configuration says so.
//!
//! That an account is used is written to its record once a day. One server ends what has not been used, the
//! first in sight, and only while none is out of reach: there somebody may be using it. A clock that is wrong,
//! as that of a machine may be until it has asked others for the time, must not end anything either, nor that
//! the server did not run for long: so nothing ends before clocks have run evenly for a while.

use super::{
    Core,
    ctx::Then,
    effect::Effects,
    settings::{self, NOEXPIRE},
};
use crate::{
    job::{Answer, Job},
    registry::{Edit, Kind, Record, RecordId, SEEN, What},
    store::{LISTED_MAX, Query, Rows, Which},
    time::{Mono, Now, Wall},
};
use std::{collections::BTreeMap, time::Duration};

/// How often accounts are looked for that nobody uses.
const LOOKED_EVERY: Duration = Duration::from_secs(3600);

/// How exactly it is known when an account was used, which spares a write at each log-in.
const SEEN_EVERY: Duration = Duration::from_secs(86_400);

/// Of how many accounts it waits to be written. Where even more log in, it is written of the others when they do
/// next.
const WAITING_MAX: usize = 10_000;

/// Of which accounts it is yet to be written that they are used. That is done one after the other: logging in is
/// quicker than writing, and those who wait for what they write themselves are not to wait for all of these.
#[derive(Debug, Default)]
pub struct Uses {
    /// Whether it is being written of one.
    writing: bool,
    /// The others, and when they were.
    waiting: BTreeMap<RecordId, Wall>,
}

/// By how much the two clocks may come apart between two rounds of housekeeping.
const LEAP: Duration = Duration::from_secs(60);

/// For how long clocks have run evenly before anything ends, unless a quarter of the time is less after which it
/// does.
const STEADY_FOR: Duration = Duration::from_secs(86_400);

/// Whether the clock on the wall goes as the one does that cannot be set.
#[derive(Debug, Default)]
pub struct Steady {
    /// Since when it has.
    since: Mono,
    /// What they showed last.
    last: Option<Now>,
}

impl Steady {
    /// Looks at both.
    pub fn look(&mut self, now: Now) {
        let even = self.last.is_some_and(|last| {
            let passed = u64::try_from(now.mono.since(last.mono).as_millis()).unwrap_or(u64::MAX);
            u128::from(now.wall.0.abs_diff(last.wall.0.saturating_add(passed))) <= LEAP.as_millis()
        });
        if !even {
            self.since = now.mono;
        }
        self.last = Some(now);
    }
}

/// When an account was used last, as far as that is written down.
pub fn last_seen(record: &Record) -> Wall {
    let seen = record.get(SEEN).and_then(|secs| secs.parse::<u64>().ok());
    let seen = Wall(seen.unwrap_or(0).saturating_mul(1000));
    seen.max(record.id.0.wall())
}

/// An account is used.
pub fn seen(core: &mut Core, fx: &mut Effects, record: &Record, now: Now) {
    let since = now.wall.secs().saturating_sub(last_seen(record).secs());
    if since >= SEEN_EVERY.as_secs() && core.uses.waiting.len() < WAITING_MAX {
        core.uses.waiting.insert(record.id, now.wall);
        if !core.uses.writing {
            write_next(core, fx, Answer::Busy, now);
        }
    }
}

/// Has it written of the next, whatever has become of the last.
fn write_next(core: &mut Core, fx: &mut Effects, _: Answer, now: Now) {
    let next = core.uses.waiting.pop_first();
    core.uses.writing = next.is_some();
    if let Some((id, used)) = next {
        let what = What::Write(vec![(SEEN.into(), Some(used.secs().to_string().into()))]);
        propose(core, fx, (id, what), write_next, now);
    }
}

fn propose(
    core: &mut Core,
    fx: &mut Effects,
    (id, what): (RecordId, What),
    then: fn(&mut Core, &mut Effects, Answer, Now),
    now: Now,
) {
    let at = core.clock.tick(now.wall);
    let edit = Edit { id, kind: Kind::Account, at, by: core.name().into(), what };
    core.ask(fx, Job::Store(Query::Propose(Box::new(edit))), Then::Server(then), now);
}

/// What could not be stored is noticed when it is looked for again.
fn proposed(_: &mut Core, _: &mut Effects, _: Answer, _: Now) {}

impl Core {
    /// Whether this server may end what nobody has used for a span, now.
    pub fn may_end_unused(&self, span: Duration, now: Now) -> bool {
        let here = || self.network().servers().filter(|(_, server)| server.gone.is_none());
        let away = here().any(|(_, server)| server.hidden) || !self.outs.is_empty();
        let steady = now.mono.since(self.steady.since) >= STEADY_FOR.min(span / 4);
        steady && !away && here().map(|(sid, _)| sid).min() == Some(self.sid())
    }

    /// Looks now and then for accounts that nobody uses.
    pub fn look_for_unused(&mut self, fx: &mut Effects, now: Now) {
        let idle = now.mono.since(self.unused_looked) >= LOOKED_EVERY;
        if idle && !self.config.accounts.expire.is_zero() {
            self.unused_looked = now.mono;
            ask(self, fx, None, now);
        }
    }
}

fn ask(core: &mut Core, fx: &mut Effects, after: Option<RecordId>, now: Now) {
    if !core.may_end_unused(core.config.accounts.expire, now) {
        return;
    }
    // What was written down about an account's last use may be so old, and nobody loses one early.
    let expire = core.config.accounts.expire + SEEN_EVERY;
    let expire = u64::try_from(expire.as_millis()).unwrap_or(u64::MAX);
    let before = Wall(now.wall.0.saturating_sub(expire));
    let query = Query::List { kind: Kind::Account, after, which: Which::UnseenSince(before) };
    core.ask(fx, Job::Store(query), Then::Server(found), now);
}

/// Who is logged in uses the account, be it for how long.
fn found(core: &mut Core, fx: &mut Effects, answer: Answer, now: Now) {
    let Answer::Stored(Ok(Rows::Records(records))) = answer else { return };
    for record in records.iter().filter(|record| !settings::is_on(record, NOEXPIRE)) {
        let used = core
            .network()
            .users()
            .any(|(_, user)| user.login.as_ref().is_some_and(|login| login.id == record.id));
        if used {
            seen(core, fx, record, now);
            continue;
        }
        let name = record.name().unwrap_or_default();
        log::info!("the account {name} ends, since nobody has used it (accounts.expire)");
        propose(core, fx, (record.id, What::End), proposed, now);
    }
    if records.len() == LISTED_MAX {
        ask(core, fx, records.last().map(|record| record.id), now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{Config, Secret},
        core::{Start, effect::Effect},
        job::Loaded,
        network::crdt::Origin,
        sim::script::check,
        time::{Sid, Stamp},
    };

    #[test]
    fn many_who_log_in_at_once_leave_room_for_other_writes() {
        let now = Now { wall: Wall(1_800_000_000_000), ..Now::default() };
        let origin = Origin { server: Sid::FIRST, life: 1 };
        let (loaded, cloak) = (Loaded::of(Config::default()), Secret::new("any"));
        let mut core = Core::new(Start { loaded, origin, clock: 0, seed: 0, cloak }, now);
        let mut fx = Effects::default();
        let jobs = |fx: &mut Effects| {
            let list = fx.take();
            list.iter().filter(|effect| matches!(effect, Effect::Job { .. })).count()
        };
        let log_in = |core: &mut Core, fx: &mut Effects, tick| {
            let id = RecordId(Stamp { tick, server: Sid::FIRST });
            seen(core, fx, &Record::new(id, Kind::Account), now);
        };
        (0..20).for_each(|tick| log_in(&mut core, &mut fx, tick));
        assert_eq!(jobs(&mut fx), 1);
        // Whatever has become of it, the next is written; one who logs in once more waits no longer for that.
        log_in(&mut core, &mut fx, 19);
        for left in (0..20).rev() {
            write_next(&mut core, &mut fx, Answer::Busy, now);
            assert_eq!((jobs(&mut fx), core.uses.writing), (left.min(1), left > 0));
        }
        // There is an end of what waits.
        (0..WAITING_MAX as u64 + 5).for_each(|tick| log_in(&mut core, &mut fx, tick));
        assert_eq!(core.uses.waiting.len(), WAITING_MAX);
    }

    /// Longer than any client is silent.
    const PATIENCE: &str = "config limits.ping_interval 86400";

    #[test]
    fn what_nobody_uses_ends_unless_it_is_held() {
        check(&format!(
            r"
            servers 2
            {PATIENCE}
            config oper root sesame
            config accounts.expire 86400
            account unused password=sesame
            account held password=sesame noexpire=on
            account used password=sesame
            root@1 > OPER root sesame
            used@2 > NS IDENTIFY used sesame
            wait 25300
            root > NS LIST
            root <~ * NOTICE root :held (last seen 1970-*), held
            root <~ * NOTICE root :used (last seen 2027-*)
            root < :NickServ!services@services.test NOTICE root :End of the list: 2 accounts.
            root <! unused
            same
            "
        ));
    }

    #[test]
    fn who_stays_logged_in_uses_the_account() {
        check(&format!(
            r"
            {PATIENCE}
            config oper root sesame
            config accounts.expire 7200
            root > OPER root sesame
            alice > NS REGISTER sesame-open
            bob > NS REGISTER sesame-open
            bob > NS LOGOUT
            wait 86300
            alice > PING x
            root > PING x
            wait 13000
            root > NS LIST
            root <~ * NOTICE root :alice (last seen 2027-*)
            root < :NickServ!services@services.test NOTICE root :End of the list: 1 accounts.
            "
        ));
    }

    #[test]
    fn who_has_just_used_the_account_keeps_it() {
        check(&format!(
            r"
            {PATIENCE}
            config oper root sesame
            config accounts.expire 86400
            root > OPER root sesame
            alice > NS REGISTER sesame-open
            wait 80000
            root > PING x
            alice > NS LOGOUT
            alice > NS IDENTIFY sesame-open
            alice > NS LOGOUT
            wait 12000
            root > NS LIST
            root <~ * NOTICE root :alice (last seen 2027-*)
            root < :NickServ!services@services.test NOTICE root :End of the list: 1 accounts.
            "
        ));
    }

    #[test]
    fn nothing_ends_while_somebody_may_use_it_behind_a_split() {
        check(&format!(
            r"
            servers 2
            {PATIENCE}
            config oper root sesame
            config accounts.expire 86400
            account alice password=sesame
            root@1 > OPER root sesame
            alice@2 > PING x
            split 1 | 2
            alice > NS IDENTIFY alice sesame
            alice > NS LOGOUT
            wait 25300
            root > NS LIST
            root < :NickServ!services@services.test NOTICE root :End of the list: 1 accounts.
            heal
            wait 7300
            root > NS LIST
            root <~ * NOTICE root :alice (last seen 2027-*)
            root < :NickServ!services@services.test NOTICE root :End of the list: 1 accounts.
            same
            "
        ));
    }

    #[test]
    fn nothing_ends_because_the_clock_is_set_far_ahead() {
        check(&format!(
            r"
            {PATIENCE}
            config oper root sesame
            config accounts.expire 86400
            config channels.expire 86400
            root > OPER root sesame
            alice > NS REGISTER sesame-open
            alice > JOIN #a
            alice > CS REGISTER #a
            alice > PART #a
            alice > NS LOGOUT
            wait 25300
            clock 1 10000000
            wait 7300
            root > NS LIST
            root < :NickServ!services@services.test NOTICE root :End of the list: 1 accounts.
            root > CS LIST
            root < :ChanServ!services@services.test NOTICE root :1 channels fit *.
            clock 1 0
            wait 100
            root > NS LIST
            root < :NickServ!services@services.test NOTICE root :End of the list: 1 accounts.
            "
        ));
    }

    #[test]
    fn without_the_setting_nothing_ends() {
        check(&format!(
            r"
            {PATIENCE}
            config oper root sesame
            account alice password=sesame
            root > OPER root sesame
            wait 7300
            root > NS LIST
            root < :NickServ!services@services.test NOTICE root :End of the list: 1 accounts.
            "
        ));
    }
}
