//! Registrations end of which nobody has made use for long, where that is configured. One server looks
//! through the store for them, the first in sight.

use super::{
    Registered, access,
    record::{self, HELD, Registration, USED},
};
use crate::{
    core::{Core, ctx::Then, effect::Effects},
    job::{Answer, Job},
    network::{ChannelId, UserId, crdt},
    registry::{CHANNEL, Edit, Kind, Record, RecordId, What},
    store::{CLAIMS_MAX, Query, Rows},
    time::{Mono, Now, Wall},
    wire::name::ChannelName,
};
use std::{collections::VecDeque, time::Duration};

/// How far it has been looked for registrations that are to end.
#[derive(Debug, Default)]
pub struct Sweep {
    /// When it was begun last.
    begun: Mono,
    /// After which claim it goes on; none if all has been looked at.
    after: Option<Box<str>>,
    /// Those that are to be looked at; at most [`CLAIMS_MAX`].
    ids: VecDeque<RecordId>,
    /// Whether the store is asked.
    asking: bool,
}

/// Notes that somebody with access has entered a channel, or is in it, now and then.
pub fn note(core: &mut Core, fx: &mut Effects, (user, channel): (UserId, ChannelId), now: Now) {
    let Some(known) = core.registration_of(channel) else { return };
    if access::flags(core, user, known).is_empty() || now.wall < noted_again(core, &known.record) {
        return;
    }
    let (id, at) = (known.id, core.clock.tick(now.wall));
    let fields = vec![(USED.into(), Some(now.wall.0.to_string().into()))];
    super::write(core, fx, id, (at, &core.service_mask(crdt::CHANSERV)), fields, now);
}

/// Notes the same of channels which nobody has to enter, since somebody with access never leaves them.
pub fn note_all(core: &mut Core, fx: &mut Effects, now: Now) {
    // What has been noted and is not stored yet is not noted again.
    if core.config.channels.expire.is_zero() || !core.unstored.is_empty() {
        return;
    }
    let casemap = core.network().casemap();
    let known = core.registered.known.values();
    let due = known.filter(|known| now.wall >= noted_again(core, &known.record));
    let user = |known: &Registration| {
        let name = ChannelName::new(known.name(), casemap, usize::MAX)?;
        let channel = core.network().name(&name)?;
        let mut users = access::at_home(core, channel).into_iter();
        let user = users.find(|user| !access::flags(core, *user, known).is_empty())?;
        Some((user, channel))
    };
    let used: Vec<(UserId, ChannelId)> = due.filter_map(|known| user(known)).collect();
    used.into_iter().for_each(|place| note(core, fx, place, now));
}

/// From when on it is noted again that a registration is made use of: once a day, and often enough that it
/// does not end in between.
fn noted_again(core: &Core, record: &Record) -> Wall {
    let day = Duration::from_secs(86_400);
    let span = match core.config.channels.expire {
        expire if expire.is_zero() => day,
        expire => day.min(expire / 4),
    };
    used(record) + span
}

/// When a registration was last made use of; at first when it was made.
fn used(record: &Record) -> Wall {
    let used = record.get(USED).and_then(|used| used.parse().ok());
    used.map_or(record.id.0.wall(), Wall)
}

/// Looks for registrations that are to end, a piece at a time.
pub fn turn(core: &mut Core, fx: &mut Effects, now: Now) {
    if core.config.channels.expire.is_zero() {
        return;
    }
    let Registered { sweep, .. } = &mut core.registered;
    if sweep.asking {
        return;
    }
    if sweep.ids.is_empty() && sweep.after.is_none() {
        if now.mono.since(sweep.begun) < SWEPT_EVERY || !core.is_first() {
            return;
        }
        core.registered.sweep.begun = now.mono;
        core.registered.sweep.after = Some(CHANNEL.into());
    }
    let sweep = &mut core.registered.sweep;
    sweep.asking = true;
    if sweep.ids.is_empty() {
        let after = sweep.after.take().unwrap_or_default();
        core.ask(fx, Job::Store(Query::Claims { after }), Then::Server(claimed), now);
    } else {
        let ids = sweep.ids.drain(..sweep.ids.len().min(READ_MAX)).collect();
        core.ask(fx, Job::Store(Query::Records(ids)), Then::Server(read), now);
    }
}

fn claimed(core: &mut Core, _: &mut Effects, answer: Answer, _: Now) {
    let sweep = &mut core.registered.sweep;
    sweep.asking = false;
    // What cannot be read is looked at the next time.
    let Answer::Stored(Ok(Rows::Claims(claims))) = answer else { return };
    let channels = claims.iter().take_while(|(key, _)| key.starts_with(CHANNEL));
    sweep.ids = channels.map(|(_, id)| *id).collect();
    let last = claims.last().filter(|_| claims.len() == CLAIMS_MAX);
    sweep.after = last.map(|(key, _)| key.clone()).filter(|key| key.starts_with(CHANNEL));
}

fn read(core: &mut Core, fx: &mut Effects, answer: Answer, now: Now) {
    core.registered.sweep.asking = false;
    let Answer::Stored(Ok(Rows::Records(records))) = answer else { return };
    let (span, casemap) = (core.config.channels.expire, core.network().casemap());
    for record in records {
        let name = record.name().and_then(|name| ChannelName::new(name, casemap, usize::MAX));
        let inside = name.is_none_or(|name| core.network().name(&name).is_some());
        let kept = record.get(HELD).is_some() || record.get(record::SUSPENDED).is_some();
        if inside || kept || record.ended.is_some() || now.wall < used(&record) + span {
            continue;
        }
        log::info!(
            "the registration of {} ends: nobody with access has entered for long (channels.expire)",
            record.name().unwrap_or_default()
        );
        let (at, by) = (core.clock.tick(now.wall), core.service_mask(crdt::CHANSERV).into());
        let edit = Edit { id: record.id, kind: Kind::Channel, at, by, what: What::End };
        core.store_later(fx, edit, now);
    }
}

/// How often it is looked.
const SWEPT_EVERY: Duration = Duration::from_secs(3600);

/// How many records are read at once.
const READ_MAX: usize = 100;

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_registration_of_which_nobody_makes_use_ends_unless_it_is_held() {
        check(
            r"
            servers 2
            config channels.expire 7200
            config limits.ping_interval 86400
            config oper root sesame
            account alice password=sesame
            alice@1 > NS IDENTIFY alice sesame
            root@2  > OPER root sesame
            alice > JOIN #a,#b,#c
            alice > CS REGISTER #a
            alice > CS REGISTER #b
            alice > CS REGISTER #c
            root  > CS HOLD #b ON
            alice > PART #a,#b
            wait 7000
            root  > CS LIST
            root  < :ChanServ!services@services.test NOTICE root :3 channels fit *.
            wait 7300
            root  > CS LIST
            root  < :ChanServ!services@services.test NOTICE root :- #b (nobody is in it)
            root  < :ChanServ!services@services.test NOTICE root :- #c
            root  < :ChanServ!services@services.test NOTICE root :2 channels fit *.
            same
            ",
        );
    }

    #[test]
    fn a_channel_that_somebody_never_leaves_is_used() {
        check(
            r"
            config oper root sesame
            config channels.expire 3600
            config limits.ping_interval 86400
            account alice password=sesame
            root  > OPER root sesame
            alice > NS IDENTIFY alice sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            wait 10000
            alice > PART #a
            wait 2000
            root  > CS LIST
            root  < :ChanServ!services@services.test NOTICE root :1 channels fit *.
            wait 7300
            root  > CS LIST
            root  < :ChanServ!services@services.test NOTICE root :0 channels fit *.
            ",
        );
    }
}
