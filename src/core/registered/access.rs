//! What access to a registered channel means for those who are in it. Their own server sees to it.

use super::{
    CHANSERV,
    flags::Flags,
    record::{self, Registration},
    settings::{self, Setting},
};
use crate::{
    core::{Core, chanban, effect::Effects, render},
    network::{
        Channel, ChannelId, Member, UserId, crdt,
        mode::{self, Kind, STATUS, Status},
        op::{ModeChange, Op},
    },
    registry::{ACCESS, Changed, Record, RecordId, What},
    time::Now,
    wire::{
        mode::{Arity, Item, parse},
        reply::{self, Reply},
    },
};
use std::collections::BTreeSet;

/// The access of a user to a channel.
pub fn flags(core: &Core, user: UserId, registration: &Registration) -> Flags {
    let login = core.network().user(user).login.as_ref();
    registration.flags(login.map(|login| login.id))
}

/// Why the registration of a channel keeps a user out, if it does.
pub fn barred(core: &Core, user: UserId, channel: &Channel, now: Now) -> Option<Reply> {
    let known = core.registration(&channel.name)?;
    let (flags, name) = (flags(core, user, known), channel.name.as_str());
    let suspended = known.record.get(record::SUSPENDED);
    if let Some(why) = suspended.filter(|_| !core.network().user(user).is_oper()) {
        let text =
            format!("The channel is suspended: {why}. Only an operator of the network can open it");
        return Some(reply::need_regged_nick(name, &text));
    }
    if flags.has('e') {
        return None;
    }
    let kept_out = |akick: &record::Akick| {
        akick.until.is_none_or(|until| until > now.wall) && chanban::is_fit(core, &akick.ban, user)
    };
    if flags.has('b') || known.akicks.iter().any(kept_out) {
        return Some(reply::banned_from_chan(name));
    }
    let invited =
        |local: &crate::core::local::Local| local.seldom().invites.contains(&channel.name);
    if known.is_on("RESTRICTED") && flags.is_empty() && !core.locals.get(user).is_some_and(invited)
    {
        let why = "Only those on its access list, and the invited, may enter (RESTRICTED)";
        return Some(reply::need_regged_nick(name, why));
    }
    None
}

/// Whether a user's access lets them enter a channel whatever keeps others out.
pub fn admits(core: &Core, user: UserId, channel: &Channel) -> bool {
    let known = core.registration(&channel.name);
    known.is_some_and(|known| flags(core, user, known).has('i'))
}

/// Whether the registration of a channel lets a user change the topic, if the channel itself does.
pub fn sets_topic(core: &Core, user: UserId, channel: ChannelId) -> bool {
    core.registration_of(channel)
        .is_none_or(|known| !known.is_on("TOPICLOCK") || flags(core, user, known).has('t'))
}

/// Gives a member the status that their access says, unless they want none, and takes what it does not if the
/// channel is so set.
pub fn attend(core: &mut Core, fx: &mut Effects, (user, channel): (UserId, ChannelId), now: Now) {
    let login = core.network().user(user).login.as_ref();
    let noop = login.is_some_and(|login| core.registered.noops.contains(&login.id));
    settle(core, fx, (user, channel), !noop, now);
}

/// Takes from a member the status that they may not have, and gives what they should if so asked.
pub fn settle(
    core: &mut Core,
    fx: &mut Effects,
    (user, channel): (UserId, ChannelId),
    gives: bool,
    now: Now,
) {
    let Some(known) = core.registration_of(channel) else { return };
    let record = core.network().channel(channel);
    let Some(member) = record.member(user).filter(|_| record.epoch.registered) else { return };
    let flags = flags(core, user, known);
    let given = if gives { flags.given() } else { Status::NONE };
    let given = given.letters().map(|letter| (true, letter));
    let held = if known.is_on("SECURE") { flags.held() } else { member.status };
    let voice = |letter: &char| *letter == 'v';
    let taken = member.status.letters().filter(|letter| !voice(letter));
    let taken = taken.filter(|letter| Status::of(*letter).is_some_and(|one| !held.contains(one)));
    let all = given.chain(taken.map(|letter| (false, letter)));
    let status = |on, letter, joined| {
        let has = Status::of(letter).is_some_and(|one| member.status.contains(one));
        let uid = core.network().user(user).uid;
        (has != on).then_some(ModeChange::Status { letter, on, uid, joined })
    };
    let changes: Vec<ModeChange> =
        all.filter_map(|(on, letter)| status(on, letter, member.joined)).collect();
    if !changes.is_empty() {
        let (name, epoch) = (record.name.clone(), record.epoch);
        core.commit(fx, Op::Mode { name, epoch, by: CHANSERV, changes }, None, now);
    }
}

/// The same for all members of this server.
pub fn attend_all(core: &mut Core, fx: &mut Effects, channel: ChannelId, now: Now) {
    for user in at_home(core, channel) {
        attend(core, fx, (user, channel), now);
    }
}

/// Says again which status those of this server have who came before the channel was registered. If it was
/// renamed meanwhile, and took its name again, whoever learns of that last has forgotten what they had.
pub fn restate(core: &mut Core, fx: &mut Effects, channel: ChannelId, now: Now) {
    let (network, mut changes) = (core.network(), Vec::new());
    let record = network.channel(channel);
    for user in at_home(core, channel) {
        let Some(Member { joined, status }) = record.member(user) else { continue };
        let entered = record.entered(user, joined);
        let renamed = network.renames().find(entered.at).is_some();
        if entered != record.epoch {
            let uid = network.user(user).uid;
            changes.extend(STATUS.iter().filter_map(|(letter, _, _)| {
                let on = status.contains(Status::of(*letter)?);
                let told = on || renamed;
                told.then_some(ModeChange::Status { letter: *letter, on, uid, joined })
            }));
        }
    }
    if !changes.is_empty() {
        let (name, epoch) = (record.name.clone(), record.epoch);
        core.commit(fx, Op::Mode { name, epoch, by: CHANSERV, changes }, None, now);
    }
}

/// The record of a channel has changed: who has other access now is given the status that it says. Others
/// keep what they have, since somebody may have taken it from them.
pub fn changed(
    core: &mut Core,
    fx: &mut Effects,
    (channel, changed): (ChannelId, &[Changed]),
    now: Now,
) {
    let secure = settings::named("SECURE").map(Setting::field);
    if changed.iter().any(|change| Some(&change.key) == secure.as_ref()) {
        return attend_all(core, fx, channel, now);
    }
    let mut accounts = BTreeSet::new();
    for Changed { key, before, after } in changed {
        accounts.extend(key.strip_prefix(ACCESS).and_then(RecordId::parse));
        if &**key == record::FOUNDER {
            let both = [before, after].into_iter().flatten();
            accounts.extend(both.filter_map(|id| RecordId::parse(id)));
        }
    }
    for user in at_home(core, channel) {
        let login = core.network().user(user).login.as_ref().map(|login| login.id);
        if login.is_some_and(|login| accounts.contains(&login)) {
            attend(core, fx, (user, channel), now);
        }
    }
}

/// The members of a channel who are at home here.
pub fn at_home(core: &Core, channel: ChannelId) -> Vec<UserId> {
    let members = core.network().everyone(channel).map(|(user, _)| user);
    members.filter(|user| core.locals.get(*user).is_some()).collect()
}

/// A user has logged in to an account, or out.
pub fn logged_in(core: &mut Core, fx: &mut Effects, user: UserId, now: Now) {
    if core.locals.get(user).is_none() {
        return;
    }
    for channel in core.network().user(user).channels().to_vec() {
        attend(core, fx, (user, channel), now);
    }
}

/// Members have been given a status; where only those with access may have one it is taken back.
pub fn secure(
    core: &mut Core,
    fx: &mut Effects,
    channel: ChannelId,
    changes: &[(bool, char, Option<Box<str>>)],
    now: Now,
) {
    let given =
        |change: &&(bool, char, Option<Box<str>>)| change.0 && Status::of(change.1).is_some();
    let secure = |known: &Registration| known.is_on("SECURE");
    if changes.iter().any(|change| given(&change))
        && core.registration_of(channel).is_some_and(secure)
    {
        attend_all(core, fx, channel, now);
    }
}

/// Tells somebody who has entered a channel what its founder wants to be told.
pub fn greet(core: &Core, fx: &mut Effects, (user, channel): (UserId, ChannelId), now: Now) {
    let Some(known) = core.registration_of(channel) else { return };
    if let Some(text) = known.setting("ENTRYMSG") {
        tell(core, fx, user, &format!("[{}] {text}", known.name()), now);
    }
}

/// Tells a user something that is ChanServ's to tell.
pub fn tell(core: &Core, fx: &mut Effects, user: UserId, text: &str, now: Now) {
    render::tell_as(core, fx, (&core.service_mask(crdt::CHANSERV), user), text, now);
}

/// A mode that is locked: on or off, its letter, and its value.
pub type Locked = (bool, char, Option<String>);

/// The modes that a lock names, or what is wrong with it.
pub fn locked(text: &str) -> Result<Vec<Locked>, String> {
    let (modes, params) = text.split_once(' ').unwrap_or((text, ""));
    let arity = |letter| match mode::kind(letter)? {
        Kind::Key | Kind::Value => Some(Arity::WhenSet),
        Kind::Flag => Some(Arity::Never),
        Kind::List | Kind::Status => None,
    };
    let mut locked: Vec<Locked> = Vec::new();
    for item in parse(modes, params.split_whitespace(), arity) {
        match item {
            Item::Change { add, letter, param } => {
                let row = mode::channel(letter).filter(|row| row.by == mode::By::Halfop);
                let Some(row) = row else { return Err(format!("{letter} cannot be locked")) };
                let value = param.map(row.read).transpose().map_err(str::to_owned)?;
                locked.retain(|other| other.1 != letter);
                locked.push((add, letter, value));
            }
            Item::Missing(letter) => return Err(format!("{letter} needs a value")),
            Item::Unknown(letter) | Item::Query(letter) => {
                return Err(format!("{letter} is no mode that can be locked"));
            }
        }
    }
    Ok(locked)
}

/// Whether the lock of a channel's modes lets this one become on or off, with this value.
pub fn allows(core: &Core, channel: ChannelId, (on, letter): (bool, char), value: &str) -> bool {
    let text = core.registration_of(channel).and_then(|known| known.setting("MLOCK"));
    let modes = text.map(locked).and_then(Result::ok).unwrap_or_default();
    modes.iter().filter(|mode| mode.1 == letter).all(|(want, _, wanted)| {
        *want == on && wanted.as_deref().is_none_or(|wanted| !on || wanted == value)
    })
}

/// Sets and takes away the modes of a channel that are locked otherwise.
pub fn lock(core: &mut Core, fx: &mut Effects, channel: ChannelId, now: Now) {
    let changes = unlocked(core, channel);
    if !changes.is_empty() {
        let record = core.network().channel(channel);
        let (name, epoch) = (record.name.clone(), record.epoch);
        core.commit(fx, Op::Mode { name, epoch, by: CHANSERV, changes }, None, now);
    }
}

/// What makes the modes of a channel that are locked as they are to be.
pub fn unlocked(core: &Core, channel: ChannelId) -> Vec<ModeChange> {
    let text = core.registration_of(channel).and_then(|known| known.setting("MLOCK"));
    let modes = text.map(locked).and_then(Result::ok).unwrap_or_default();
    let record = core.network().channel(channel);
    let changes = modes.into_iter().filter_map(|(on, letter, value)| match mode::kind(letter)? {
        Kind::Flag => (record.has(letter) != on).then_some(ModeChange::Flag { letter, on }),
        Kind::Key | Kind::Value => {
            let differs = record.value(letter) != value.as_deref();
            differs.then(|| ModeChange::Value { letter, value: value.map(Into::into) })
        }
        Kind::List | Kind::Status => None,
    });
    changes.collect()
}

/// What is written to the record of a channel when an account with access has ended: the successor of a
/// founder inherits it; without one it ends, unless it is suspended: then it is nobody's until it is opened.
pub fn without(record: &Record, account: RecordId) -> What {
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
