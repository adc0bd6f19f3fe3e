//! Registered channels: what this server has of their records, and what it does by them.
//!
//! In memory is who has registered which name, and nothing else of a channel in which nobody of this server
//! is: the first of them who enters waits for the record, see [`load`]. What is written to a record comes
//! back from the store, whoever has written it, so that it stays as the store has it.
//!
//! A registered channel is founded by its registration ([`Epoch::registered`]), the same on all servers, and
//! so nothing is to be had by entering it on the other side of a split. What changes in it is kept in its
//! record by the server of whoever changed it, and told again by whoever finds nobody in it. Who has access
//! is given a status by their own server.

pub mod access;
pub mod antiflood;
pub mod expiry;
pub mod flags;
pub mod heirs;
pub mod kept;
pub mod record;
pub mod settings;

use super::{
    Core,
    ctx::{Again, Ctx, Outcome, Then},
    effect::Effects,
    settings::{NOOP, is_on},
};
use crate::{
    job::{Answer, Job},
    network::{
        ChannelId,
        change::Change,
        crdt::{self, Epoch, Source},
        op::{ModeChange, Op, Restored, Subject},
    },
    registry::{Edit, Kind, METADATA, NAME, Record, RecordId, What},
    store::{Edited, Query, Rows},
    time::{Now, Stamp},
    wire::{framing::BODY_MAX, name::ChannelName},
};
use kept::{Fields, Parts};
use record::Registration;
use std::collections::{BTreeMap, BTreeSet};

/// What this server knows of registered channels besides who has registered them.
#[derive(Debug, Default)]
pub struct Registered {
    /// The records of those in which somebody of this server is, and of those just asked for.
    known: BTreeMap<RecordId, Box<Registration>>,
    /// Those that somebody has entered without that the record could be read.
    unread: BTreeSet<RecordId>,
    /// Those of them that the store is asked for.
    reading: Vec<RecordId>,
    /// Those that are to be compared with their records, after so many rounds of housekeeping.
    compared: BTreeMap<RecordId, u8>,
    /// The accounts with which somebody has logged in here who wants no status on entering; at most
    /// [`NOOPS_MAX`].
    noops: BTreeSet<RecordId>,
    /// How far it has been looked for registrations that are to end.
    sweep: expiry::Sweep,
    /// The accounts that have ended, and may have had channels.
    heirs: heirs::Heirs,
}

/// As whose doing is shown what is done by a channel's registration.
pub const CHANSERV: Source = Source::Service(crdt::CHANSERV);

/// Has the session wait for the records of those among the channels that are registered and not in memory.
/// Returns whether it waits; then it goes on with `again`, whether they could be read or not.
pub fn load<'a>(
    ctx: &mut Ctx<'_>,
    names: impl Iterator<Item = &'a str>,
    again: impl FnOnce() -> Again,
) -> bool {
    let names = names.filter_map(|name| ctx.channel_name(name));
    let ids = names.filter_map(|name| ctx.network().claims().channel(&name));
    let ids: BTreeSet<RecordId> =
        ids.filter(|id| !ctx.core.registered.known.contains_key(id)).take(LOADED_MAX).collect();
    if ids.is_empty() {
        return false;
    }
    ctx.session_mut().again = Some(Box::new(again()));
    ctx.defer(Job::Store(Query::Channels(ids.into_iter().collect())), loaded);
    true
}

fn loaded(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let (user, again) = (ctx.session().user(), ctx.session_mut().again.take());
    let Some((user, again)) = user.zip(again) else { return Ok(()) };
    match answer {
        Answer::Stored(Ok(Rows::Records(records))) => {
            for record in records {
                learn(ctx.core, ctx.fx, record, ctx.now);
            }
        }
        _ => ctx.notice(
            "The database cannot be read now, so what is registered of that channel is not known: nobody is given a status by it or kept out, and its lists are missing, until it can be.",
        ),
    }
    (again.then)(ctx, user, &again.words)
}

impl Core {
    /// The registration of a channel by name, if it is registered and its record is in memory.
    pub fn registration(&self, name: &ChannelName) -> Option<&Registration> {
        let id = self.network().claims().channel(name)?;
        self.registered.known.get(&id).map(|known| &**known)
    }

    /// The registration of a channel, if it is registered and its record is in memory.
    pub fn registration_of(&self, channel: ChannelId) -> Option<&Registration> {
        self.registration(&self.network().channel(channel).name)
    }

    /// Whether there is nothing of a channel's registration, if it has one, that is not in memory.
    pub fn knows_registration(&self, channel: ChannelId) -> bool {
        let id = self.network().claims().channel(&self.network().channel(channel).name);
        id.is_none_or(|id| self.registered.known.contains_key(&id))
    }

    /// Sees to it that a channel which is registered is founded so, with what its record keeps, before
    /// somebody enters it.
    pub fn bring(&mut self, fx: &mut Effects, name: &ChannelName, now: Now) {
        let Some(id) = self.network.claims().channel(name) else { return };
        let there = self.network.record(name).map(|channel| self.network.channel(channel).epoch);
        let own = there.is_some_and(|epoch| epoch.registered && epoch.at == id.0);
        if self.registered.known.contains_key(&id) {
            found(self, fx, id, now);
            // Nobody has seen to that while nobody was in it.
            if let Some(channel) = self.network.record(name) {
                access::lock(self, fx, channel, now);
            }
        } else {
            self.registered.unread.insert(id);
            if !own {
                let depth = there.map_or(0, Epoch::depth_after);
                let (name, epoch) = (name.clone(), Epoch::registered(id.0, depth));
                let restored = Restored { name, epoch, by: CHANSERV, state: Vec::new() };
                self.commit(fx, Op::Restore(Box::new(restored)), None, now);
            }
        }
        self.read_registrations(fx, now);
    }

    /// Tells again what a registered channel has in which nobody is, since others may have forgotten it:
    /// somebody is about to enter.
    pub fn tell_again(&mut self, fx: &mut Effects, channel: ChannelId, now: Now) {
        let record = self.network.channel(channel);
        if record.epoch.registered && !record.exists() {
            let (name, epoch) = (record.name.clone(), record.epoch);
            let restored = self.network.restored(channel, &name, epoch, CHANSERV);
            self.commit(fx, Op::Restore(Box::new(restored)), None, now);
        }
    }

    /// Whether somebody of this server is in a channel.
    fn is_home_of(&self, channel: ChannelId) -> bool {
        self.network().everyone(channel).any(|(user, _)| self.locals.get(user).is_some())
    }

    /// Keeps what an operation of this server has changed of a registered channel.
    pub(in crate::core) fn keep_channel(&mut self, fx: &mut Effects, op: &Op, at: Stamp, now: Now) {
        let (name, by) = match op {
            Op::Mode { name, by, .. } | Op::Topic { name, by, .. } => (name, by),
            Op::Metadata { of: Subject::Channel(name, _), by, .. } => (name, by),
            _ => return,
        };
        let Some(channel) = self.network.record(name) else { return };
        let record = self.network.channel(channel);
        let id = RecordId(record.epoch.at);
        // It may not be known here yet who has registered it; an end is refused by the store.
        if !record.epoch.registered || !record.has('r') {
            return;
        }
        let fields = Parts::of(op, at).fields(record);
        let by = match by {
            Source::Service(name) => self.service_mask(name),
            by => self.network.source(*by).unwrap_or_else(|| self.name().to_owned()),
        };
        write(self, fx, id, (at, &by), fields, now);
    }

    /// Reads the records of channels that were entered without.
    fn read_registrations(&mut self, fx: &mut Effects, now: Now) {
        let Registered { unread, reading, .. } = &mut self.registered;
        if unread.is_empty() || !reading.is_empty() {
            return;
        }
        let ids: Vec<RecordId> = unread.iter().copied().take(LOADED_MAX).collect();
        reading.clone_from(&ids);
        self.ask(fx, Job::Store(Query::Channels(ids)), Then::Server(read), now);
    }
}

fn read(core: &mut Core, fx: &mut Effects, answer: Answer, now: Now) {
    let mut asked = std::mem::take(&mut core.registered.reading);
    // What cannot be read is asked for again with the next housekeeping.
    let Answer::Stored(Ok(Rows::Records(records))) = answer else { return };
    for record in records {
        asked.retain(|id| *id != record.id);
        learn(core, fx, record, now);
    }
    core.registered.unread.retain(|id| !asked.contains(id));
}

/// The record of a channel has been read.
fn learn(core: &mut Core, fx: &mut Effects, record: Record, now: Now) {
    let (id, casemap) = (record.id, core.network().casemap());
    if record.kind != Kind::Channel || record.ended.is_some() {
        core.registered.unread.remove(&id);
        return;
    }
    let name = record.name().and_then(|name| ChannelName::new(name, casemap, usize::MAX));
    let new = know(core, record);
    let channel = name.and_then(|name| core.network().record(&name));
    let epoch = channel.map(|channel| core.network().channel(channel).epoch);
    // Whoever has entered it without may have left again.
    if epoch.is_some_and(|epoch| epoch.registered && epoch.at == id.0) {
        found(core, fx, id, now);
    } else {
        core.registered.unread.remove(&id);
    }
    if let Some(channel) = review(core, fx, id, now) {
        access::attend_all(core, fx, channel, now);
        if new {
            access::put_out(core, fx, channel, now);
        }
    }
}

/// Has the record of a channel in memory, as the store has it. One that was not is compared with the channel:
/// whatever that has and the record has not may have been told by a server that crashed before it was stored.
/// Returns whether it was not.
fn know(core: &mut Core, record: Record) -> bool {
    let (id, casemap) = (record.id, core.network().casemap());
    let registration = Box::new(Registration::read(record, casemap));
    let new = core.registered.known.insert(id, registration).is_none();
    if new {
        core.registered.compared.insert(id, PATIENCE);
    }
    new
}

/// Founds a channel by its registration, with what its record keeps, unless it is so founded. What has been
/// founded before, or on the other side of a split, comes to an end.
fn found(core: &mut Core, fx: &mut Effects, id: RecordId, now: Now) {
    let Some(known) = core.registered.known.get(&id) else { return };
    let (network, mut epoch) = (core.network(), known.epoch());
    let Some(name) = ChannelName::new(known.name(), network.casemap(), usize::MAX) else { return };
    let there = network.record(&name).map(|channel| network.channel(channel).epoch);
    let unread = core.registered.unread.contains(&id);
    let own = there.is_some_and(|there| there.registered && there.at == id.0);
    if own && !unread {
        return;
    }
    let mut depth = None;
    match there {
        Some(there) if own => epoch = there,
        // An earlier registration, or one that has been settled otherwise: this one comes after it.
        Some(there) if there > epoch => {
            epoch = Epoch::registered(id.0, there.depth_after());
            depth = Some(epoch.depth.to_string().into());
        }
        Some(_) | None => (),
    }
    let known = &core.registered.known[&id];
    let topic = known.is_on("KEEPTOPIC");
    let (casemap, wall) = (core.network().casemap(), now.wall);
    let state = kept::state(&known.record, (&name, epoch), topic, wall, casemap);
    core.registered.unread.remove(&id);
    let restored = Restored { name, epoch, by: CHANSERV, state };
    core.commit(fx, Op::Restore(Box::new(restored)), None, now);
    if let Some(depth) = depth {
        let (at, by) = (core.clock.tick(now.wall), core.service_mask(crdt::CHANSERV));
        write(core, fx, id, (at, &by), vec![(record::DEPTH.into(), Some(depth))], now);
    }
}

/// Sees to it that a channel, if somebody of this server is in it, is as its record says, but for who has
/// which status in it. Returns the channel.
fn review(core: &mut Core, fx: &mut Effects, id: RecordId, now: Now) -> Option<ChannelId> {
    let network = core.network();
    let known = core.registered.known.get(&id)?;
    let name = ChannelName::new(known.name(), network.casemap(), usize::MAX)?;
    let channel = network.name(&name).filter(|channel| core.is_home_of(*channel))?;
    if network.claims().channel(&name) != Some(id) {
        return None;
    }
    found(core, fx, id, now);
    access::lock(core, fx, channel, now);
    Some(channel)
}

/// A channel in which somebody of this server is goes on with a registration that it did not have.
fn goes_on(core: &mut Core, fx: &mut Effects, id: RecordId, now: Now) {
    if core.registered.known.contains_key(&id) {
        if let Some(channel) = review(core, fx, id, now) {
            access::attend_all(core, fx, channel, now);
        }
    } else {
        core.registered.unread.insert(id);
        core.read_registrations(fx, now);
    }
}

/// The store has written to the record of a channel.
pub fn edited(core: &mut Core, fx: &mut Effects, edited: &Edited, now: Now) {
    let Edited { edit, record, changed, .. } = edited;
    let id = edit.id;
    if record.ended.is_some() {
        return ended(core, fx, edited, now);
    }
    let casemap = core.network().casemap();
    let name = record.name().and_then(|name| ChannelName::new(name, casemap, usize::MAX));
    let channel = name.as_ref().and_then(|name| core.network().name(name));
    let home = channel.is_some_and(|channel| core.is_home_of(channel));
    let elsewhere = edit.at.server != core.sid();
    // Operators of the network register channels in which they are not, and that may stay without anybody.
    let registers = edit.at == id.0 && !elsewhere;
    if !home && !registers && !core.registered.known.contains_key(&id) {
        return;
    }
    let new = know(core, record.clone());
    if let (true, Some(name), Some(channel)) = (registers, name, channel) {
        register(core, fx, (id, channel), &name, now);
    }
    match review(core, fx, id, now) {
        Some(channel) if new => {
            access::attend_all(core, fx, channel, now);
            access::put_out(core, fx, channel, now);
        }
        Some(channel) => access::changed(core, fx, (channel, changed), now),
        None => (),
    }
    if elsewhere && changed.iter().any(|change| kept::is_kept(&change.key)) {
        core.registered.compared.insert(id, PATIENCE);
    }
}

/// The store has been told of something that had been written later: a piece of a list may have been, by
/// somebody who did not know all of it.
pub fn outdone(core: &mut Core, edit: &Edit) {
    let What::Write(fields) = &edit.what else { return };
    let known = core.registered.known.contains_key(&edit.id);
    if known && fields.iter().any(|(key, _)| kept::is_kept(key)) {
        core.registered.compared.insert(edit.id, PATIENCE);
    }
}

/// A channel has just been registered here: it goes on with what it has.
fn register(
    core: &mut Core,
    fx: &mut Effects,
    (id, channel): (RecordId, ChannelId),
    name: &ChannelName,
    now: Now,
) {
    let Some(epoch) = core.registered.known.get(&id).map(|known| known.epoch()) else { return };
    if core.network().channel(channel).epoch >= epoch {
        return;
    }
    let restored = core.network.restored(channel, name, epoch, CHANSERV);
    core.commit(fx, Op::Restore(Box::new(restored)), None, now);
    keep_all(core, fx, (id, channel), now);
}

/// Keeps all that a channel has and its record does not say so.
fn keep_all(core: &mut Core, fx: &mut Effects, (id, channel): (RecordId, ChannelId), now: Now) {
    let Some(known) = core.registered.known.get(&id) else { return };
    let record = core.network().channel(channel);
    let mut fields = Parts::all(record, Some(&known.record)).fields(record);
    fields.retain(|(key, value)| kept::is_older(known.record.get(key), value.as_deref()));
    let (at, by) = (core.clock.tick(now.wall), core.service_mask(crdt::CHANSERV));
    // If there is no room for more keys of metadata, there is for the others.
    let (metadata, others): (Fields, Fields) =
        fields.into_iter().partition(|(key, _)| key.starts_with(METADATA));
    write(core, fx, id, (at, &by), metadata, now);
    write(core, fx, id, (at, &by), others, now);
}

/// A registration has come to an end: the channel goes on without, as it is, or with another.
fn ended(core: &mut Core, fx: &mut Effects, edited: &Edited, now: Now) {
    let id = edited.edit.id;
    core.registered.known.remove(&id);
    core.registered.unread.remove(&id);
    let before = |key: &str| {
        let change = edited.changed.iter().find(|change| &*change.key == key);
        change.and_then(|change| change.before.as_deref())
    };
    let Some(text) = before(NAME) else { return };
    let name = ChannelName::new(text, core.network().casemap(), usize::MAX);
    let channel = name.and_then(|name| core.network().name(&name));
    if let Some(channel) = channel.filter(|channel| core.is_home_of(*channel)) {
        let record = core.network().channel(channel);
        if let Some(other) = core.network().claims().channel(&record.name) {
            goes_on(core, fx, other, now);
        } else if record.epoch.at == id.0 && record.has('r') {
            let (name, epoch) = (record.name.clone(), record.epoch);
            let changes = vec![ModeChange::Flag { letter: 'r', on: false }];
            core.commit(fx, Op::Mode { name, epoch, by: CHANSERV, changes }, None, now);
        }
    }
    // People have masks, and servers names.
    if !edited.edit.by.contains('!') {
        let founder = before(record::FOUNDER).and_then(RecordId::parse);
        let text = format!(
            "Your registration of {text} has come to an end, since the channel had been registered earlier on another server."
        );
        for user in founder.map(|founder| core.logged_in(founder)).unwrap_or_default() {
            access::tell(core, fx, user, &text, now);
        }
    }
}

/// Has the store write to the record of a channel: what the channel has under the stamp that it has there, so
/// that of two servers who write it the later holds in both.
fn write(
    core: &mut Core,
    fx: &mut Effects,
    id: RecordId,
    (at, by): (Stamp, &str),
    fields: Fields,
    now: Now,
) {
    let mut writes: BTreeMap<Stamp, Fields> = BTreeMap::new();
    for (key, value) in fields {
        let at = kept::written(value.as_deref()).filter(|_| kept::is_kept(&key)).unwrap_or(at);
        writes.entry(at).or_default().push((key, value));
    }
    for (at, fields) in writes {
        let what = What::Write(fields);
        core.store_later(fx, Edit { id, kind: Kind::Channel, at, by: by.into(), what }, now);
    }
}

/// Looks at what a change means for registered channels.
pub fn note(core: &mut Core, fx: &mut Effects, change: &Change, now: Now) {
    match change {
        Change::Account { user } => access::logged_in(core, fx, *user, now),
        Change::Mode { channel, changes, .. } => access::secure(core, fx, *channel, changes, now),
        Change::Restored { channel } => {
            let Some(record) = core.network().find_channel(*channel) else { return };
            let id = core.network().claims().channel(&record.name);
            access::restate(core, fx, *channel, now);
            let Some(id) = id.filter(|_| core.is_home_of(*channel)) else { return };
            // Whoever holds it by another registration has not heard of this one, or this server not of its end.
            // Until the stores agree each would found it after the other at once; the next housekeeping does.
            let epoch = core.network().channel(*channel).epoch;
            let contested = epoch.registered && epoch.at != id.0;
            if !contested || !core.registered.known.contains_key(&id) {
                goes_on(core, fx, id, now);
            }
        }
        // What a server that has crashed had written, and not stored, is known to others.
        Change::Server(_) => {
            let known = core.registered.known.keys().map(|id| (*id, PATIENCE));
            core.registered.compared.extend(known);
        }
        _ => (),
    }
}

/// Somebody logs in to an account, or it has been written to: it may want no status on entering.
pub fn met(core: &mut Core, record: &Record) {
    let noops = &mut core.registered.noops;
    match is_on(record, NOOP) && noops.len() < NOOPS_MAX {
        true => noops.insert(record.id),
        false => noops.remove(&record.id),
    };
}

/// What is looked after every few seconds.
pub fn regular(core: &mut Core, fx: &mut Effects, now: Now) {
    core.read_registrations(fx, now);
    heirs::turn(core, fx, now);
    compare(core, fx, now);
    expiry::note_all(core, fx, now);
    expiry::turn(core, fx, now);
    let casemap = core.network().casemap();
    let mut known = std::mem::take(&mut core.registered.known);
    // Somebody on a server that did not know of the registration may have founded the channel anew meanwhile.
    let mut founded_otherwise = Vec::new();
    known.retain(|id, known| {
        let name = ChannelName::new(known.name(), casemap, usize::MAX);
        let channel = name.and_then(|name| core.network().name(&name));
        let Some(channel) = channel.filter(|channel| core.is_home_of(*channel)) else {
            return false;
        };
        let epoch = core.network().channel(channel).epoch;
        if !epoch.registered || epoch.at != id.0 {
            founded_otherwise.push(*id);
        }
        true
    });
    core.registered.known = known;
    for id in founded_otherwise {
        review(core, fx, id, now);
    }
}

/// Compares channels with their records, which may differ for good: two servers have written the same piece
/// of a list at once, or one has crashed between telling and storing. One of the servers whose users are
/// there mends it.
fn compare(core: &mut Core, fx: &mut Effects, now: Now) {
    if !core.unstored.is_empty() {
        return;
    }
    for (id, rounds) in std::mem::take(&mut core.registered.compared) {
        if rounds > 0 {
            core.registered.compared.insert(id, rounds - 1);
        } else {
            mend(core, fx, id, now);
        }
    }
}

fn mend(core: &mut Core, fx: &mut Effects, id: RecordId, now: Now) {
    let Some(known) = core.registered.known.get(&id) else { return };
    let network = core.network();
    let name = ChannelName::new(known.name(), network.casemap(), usize::MAX);
    let Some((name, channel)) = name.and_then(|name| Some((name.clone(), network.name(&name)?)))
    else {
        return;
    };
    let first = network.members(channel).map(|(user, _)| network.user(user).uid.server).min();
    let epoch = network.channel(channel).epoch;
    if first != Some(core.sid()) || !epoch.registered || epoch.at != id.0 {
        return;
    }
    let (topic, casemap) = (known.is_on("KEEPTOPIC"), network.casemap());
    let mut state = kept::state(&known.record, (&name, epoch), topic, now.wall, casemap);
    state.extend(kept::taken_away(&known.record, (&name, epoch), network.channel(channel)));
    let restored = network.restored(channel, &name, epoch, CHANSERV);
    let there: BTreeSet<String> = restored.state.iter().map(|op| format!("{op:?}")).collect();
    if state.iter().any(|op| !there.contains(&format!("{op:?}"))) {
        let restored = Restored { name, epoch, by: CHANSERV, state };
        core.commit(fx, Op::Restore(Box::new(restored)), None, now);
    }
    keep_all(core, fx, (id, channel), now);
    access::lock(core, fx, channel, now);
}

/// After how many rounds of housekeeping a channel is compared with its record: by then what is being
/// stored has been.
const PATIENCE: u8 = 2;

/// How many accounts are remembered that want no status on entering.
const NOOPS_MAX: usize = 100_000;

/// How many records are read at once: no fewer than a line can name channels, since whom the others keep
/// out would not be known.
const LOADED_MAX: usize = BODY_MAX / 2;

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn a_channel_is_entered_while_the_store_fails_and_is_as_it_should_be_afterwards() {
        check(
            r"
            servers 2
            account alice password=sesame
            alice@1 > NS IDENTIFY alice sesame
            alice > JOIN #a
            alice > TOPIC #a :ours
            alice > MODE #a +bm eve!*@*
            alice > CS REGISTER #a
            alice > PART #a
            bob@1 > PING x
            carol@2 > PING x
            wait 60
            disk 1 broken
            bob   > JOIN #a
            bob   <~ :s1.test NOTICE bob :The database cannot be read now*
            bob   < :s1.test 353 bob = #a :bob
            alice > JOIN #a
            bob   < :alice!~alice@alice.test JOIN #a
            bob   <! MODE
            disk 1 well
            wait 60
            bob   < :ChanServ!services@services.test MODE #a +mb eve!*@*
            bob   < :alice!~alice@alice.test TOPIC #a :ours
            bob   < :ChanServ!services@services.test MODE #a +qo alice alice
            carol > JOIN #a
            carol < :s2.test 332 carol #a :ours
            same
            ",
        );
    }

    #[test]
    fn an_operator_who_sends_somebody_in_founds_what_is_registered() {
        check(
            r"
            config oper root sesame
            account alice password=sesame
            alice > NS IDENTIFY alice sesame
            alice > JOIN #a
            alice > TOPIC #a :ours
            alice > CS REGISTER #a
            alice > PART #a
            wait 20
            root > OPER root sesame
            bob  > PING x
            root > SAJOIN bob #a
            bob  < :s1.test 353 bob = #a :bob
            bob  < :alice!~alice@alice.test TOPIC #a :ours
            ",
        );
    }

    #[test]
    fn of_two_registrations_the_earlier_stays_and_the_other_is_told() {
        check(
            r"
            servers 2
            account alice password=sesame
            account bob password=sesame
            alice@1 > NS IDENTIFY alice sesame
            bob@2   > NS IDENTIFY bob sesame
            split 1 | 2
            alice > JOIN #a
            alice > TOPIC #a :alice's
            alice > CS REGISTER #a
            wait 5
            bob   > JOIN #a
            bob   > TOPIC #a :bob's
            bob   > CS REGISTER #a
            heal
            bob   <~ :ChanServ!services@services.test NOTICE bob :Your registration of #a has come to an end*
            bob   > TOPIC #a
            bob   < :s2.test 332 bob #a :alice's
            bob   > CS INFO #a
            bob   < :ChanServ!services@services.test NOTICE bob :Founder    : alice
            bob   > NAMES #a
            bob   < :s2.test 353 bob = #a :~alice bob
            same
            ",
        );
    }

    #[test]
    fn what_a_server_that_crashed_had_not_stored_is_kept_by_who_hears_of_the_registration_later() {
        check(
            r"
            servers 2
            account alice password=sesame
            alice@1 > NS IDENTIFY alice sesame
            alice   > JOIN #a
            bob@2   > JOIN #a
            disk 2 full
            alice > CS REGISTER #a
            alice <~ :ChanServ!services@* NOTICE alice :#a is now registered to alice.
            wait 20
            disk 1 full
            alice > TOPIC #a :ours
            bob   < :alice!~alice@alice.test TOPIC #a :ours
            crash 1
            disk 1 well
            disk 2 well
            wait 60
            start 1
            heal
            wait 60
            bob     > PART #a
            wait 400
            carol@1 > JOIN #a
            carol   < :s1.test 332 carol #a :ours
            same
            ",
        );
    }

    #[test]
    fn a_topic_that_is_not_to_be_kept_does_not_come_back() {
        check(
            r"
            account alice password=sesame
            alice > NS IDENTIFY alice sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            alice > CS SET #a KEEPTOPIC off
            alice > TOPIC #a :ours
            alice > PART #a
            bob   > PING x
            wait 60
            bob   > JOIN #a
            wait 60
            bob   > TOPIC #a
            bob   < :s1.test 331 bob #a :No topic is set
            bob   <! ours
            ",
        );
    }

    #[test]
    fn what_is_locked_while_nobody_is_there_is_so_for_who_enters_next() {
        check(
            r"
            account alice password=sesame
            alice > NS IDENTIFY alice sesame
            alice > JOIN #a
            alice > CS REGISTER #a
            alice > PART #a
            wait 20
            alice > CS SET #a MLOCK +im
            bob   > JOIN #a
            bob   < :s1.test 473 bob #a :Cannot join channel (+i)
            alice > JOIN #a
            alice < :s1.test 353 alice = #a :~alice
            alice > MODE #a
            alice < :s1.test 324 alice #a +imnrt
            ",
        );
    }

    #[test]
    fn a_topic_stays_that_was_set_while_another_server_wrote_the_one_before_to_the_record() {
        check(
            r"
            servers 2
            account alice password=sesame
            alice@1 > NS IDENTIFY alice sesame
            alice > JOIN #a
            bob@2 > JOIN #a
            alice > MODE #a +o bob
            disk 2 full
            alice > CS REGISTER #a
            bob   > TOPIC #a :one
            stall 2 1
            bob   > TOPIC #a :two
            wait 30
            calm
            disk 2 well
            wait 60
            alice > PART #a
            bob   > PART #a
            wait 20
            crash 1
            crash 2
            start 1
            start 2
            heal
            carol@1 > JOIN #a
            carol < :s1.test 332 carol #a :two
            ",
        );
    }

    #[test]
    fn a_mask_stays_that_was_set_while_another_server_took_one_from_the_same_list() {
        check(
            r"
            servers 2
            account alice password=sesame
            alice@1 > NS IDENTIFY alice sesame
            alice > JOIN #a
            bob@2 > JOIN #a
            alice > MODE #a +o bob
            alice > CS REGISTER #a
            bob   > MODE #a +b eve!*@*
            wait 20
            clock 2 -4
            stall 1 2
            stall 2 1
            bob   > MODE #a +b mallory!*@*
            wait 2
            alice > MODE #a -b eve!*@*
            calm
            wait 60
            alice > PART #a
            bob   > PART #a
            wait 20
            crash 1
            crash 2
            start 1
            start 2
            heal
            carol@1 > JOIN #a
            carol > MODE #a b
            carol <~ :s1.test 367 carol #a mallory!*@* bob!~bob@bob.test *
            carol < :s1.test 368 carol #a :End of channel ban list
            ",
        );
    }

    #[test]
    fn who_was_renamed_along_and_back_while_the_channel_was_registered_has_one_status() {
        check(
            r"
            servers 2
            account bob password=sesame
            bob@2   > NS IDENTIFY bob sesame
            alice@1 > JOIN #a
            bob     > JOIN #a
            alice   > MODE #a +o bob
            split 1 | 2
            bob     > CS REGISTER #a
            alice   > RENAME #a #b :why
            wait 60
            alice   > RENAME #b #a :why
            heal
            same
            ",
        );
    }
}
