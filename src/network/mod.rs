//! The network as all servers agree on it: who is there, and who is where.
//!
//! Invariants: `Network` changes only in [`Network::apply`] and, for what nobody can see any more, in
//! [`Network::collect`] and [`Network::forget`]; everyone else reads. What a partition does to the network is what is *seen* of
//! it: users of servers out of reach are hidden, and forgotten by nobody.

mod apply;
pub mod ban;
pub mod change;
mod check;
pub mod claims;
pub mod crdt;
pub mod filter;
pub mod keep;
pub mod metadata;
pub mod mode;
pub mod note;
pub mod op;
pub mod rename;
mod replay;
pub mod tree;

use crate::{
    arena::Arena,
    id,
    registry::Login,
    time::{Sid, Stamp, Wall},
    wire::{
        casemap::Casemap,
        extban::Ban,
        name::{ChannelName, Nick},
    },
};
use ahash::RandomState;
use ban::Bans;
use claims::Claims;
use crdt::{Epoch, Lww, Source, Uid};
use filter::Filters;
use metadata::{Holder, Metadata};
use mode::{ChannelModes, Status, UserModes};
use note::Notes;
use op::ServerInfo;
use rename::Renames;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    net::IpAddr,
};

id!(
    /// A user, as this server numbers them.
    UserId
);
id!(
    /// A channel, as this server numbers them.
    ChannelId
);

/// A user: a presence on the network. Only the user's own server writes it.
#[derive(Debug)]
pub struct User {
    /// The identity that every server knows.
    pub uid: Uid,
    /// The nick asked for; what is worn is [`User::nick`].
    wanted: Nick,
    /// The identity as a nick, worn while an earlier claim has the nick asked for.
    unique: Option<Box<Nick>>,
    /// When the nick was asked for.
    claimed: Stamp,
    /// When the user came.
    pub born: Stamp,
    /// When the presence was last written.
    written: Stamp,
    /// The user name, with `~` if nobody vouches for it.
    pub user: Box<str>,
    /// The host that others see.
    pub host: Box<str>,
    /// The host that operators see.
    pub real_host: Box<str>,
    /// A host that was shown first, or would be, where another has taken its place that the user may give up
    /// again: bans still find the user by it.
    pub cloak: Option<Box<str>>,
    /// The address; none behind a Unix socket.
    pub address: Option<IpAddr>,
    /// The real name.
    pub realname: Box<str>,
    /// The away message, while away.
    pub away: Option<Box<str>>,
    /// The user modes.
    pub modes: UserModes,
    /// The operator class, for operators.
    pub class: Option<Box<str>>,
    /// The class of the user's connection, if it is another than that of all others.
    pub connection: Option<Box<str>>,
    /// The account that the user is logged in to.
    pub login: Option<Box<Login>>,
    /// What the user tells of themselves.
    pub metadata: Metadata,
    /// Where the user is; the channels' members say the same.
    channels: Vec<ChannelId>,
    /// Whether the user's server is out of reach for longer than the grace.
    hidden: bool,
}

impl User {
    /// The nick that the user goes by.
    pub fn nick(&self) -> &Nick {
        self.unique.as_deref().unwrap_or(&self.wanted)
    }

    /// The nick that the user asks for, worn or not.
    pub fn wanted(&self) -> &Nick {
        &self.wanted
    }

    /// `nick!user@host`, the source of the user's messages.
    pub fn mask(&self) -> String {
        let nick = self.nick().as_str();
        let mut mask = String::with_capacity(nick.len() + self.user.len() + self.host.len() + 2);
        for part in [nick, "!", &self.user, "@", &self.host] {
            mask.push_str(part);
        }
        mask
    }

    /// Others see this host from now on.
    fn show(&mut self, host: &str) {
        let before = std::mem::replace(&mut self.host, host.into());
        if self.cloak.is_none() && before != self.real_host && before != self.host {
            self.cloak = Some(before);
        }
    }

    /// The channels that the user is in, in the order of joining.
    pub fn channels(&self) -> &[ChannelId] {
        &self.channels
    }

    /// The name of the account that the user is logged in to.
    pub fn account(&self) -> Option<&str> {
        self.login.as_ref().map(|login| &*login.name)
    }

    /// Whether the user is an operator of the network.
    pub fn is_oper(&self) -> bool {
        self.modes.contains('o')
    }
}

/// One membership.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Member {
    /// When, which is also which: a later join is another membership.
    pub joined: Stamp,
    /// The status.
    pub status: Status,
}

/// A topic.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Topic {
    /// The text; empty for none.
    pub text: Box<str>,
    /// `nick!user@host` of who set it.
    pub setter: Box<str>,
}

/// A mask in one of a channel's lists.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mask {
    /// Which list.
    pub letter: char,
    /// As it was entered.
    pub mask: Box<str>,
    /// As masks are compared.
    pub canonical: Box<str>,
    /// The mask, read; none in a list of texts.
    pub ban: Option<Ban>,
    /// `nick!user@host` of who set it.
    pub setter: Box<str>,
    /// When, which is also which: added twice on two sides of a split, a mask is there twice.
    pub at: Stamp,
    /// Who set it.
    pub by: Source,
}

impl Mask {
    /// Reads what was entered in a list: the canonical form, and the ban if it is one. What cannot be
    /// read, which only another version of this program can have let in, is kept and fits nobody.
    pub fn read(letter: char, text: &str, casemap: Casemap) -> (Box<str>, Option<Ban>) {
        let ban = if letter == 'g' { None } else { Ban::parse(text, casemap).ok() };
        let canonical = match &ban {
            Some(ban) => ban.to_string().into(),
            None => casemap.fold(text).into(),
        };
        (canonical, ban)
    }

    /// When it ends by itself.
    pub fn expires(&self) -> Option<Wall> {
        let span = self.ban.as_ref()?.span?;
        Some(self.at.wall() + span)
    }
}

/// A channel. Without members it is remembered only until every server has seen that it is empty.
#[derive(Debug)]
pub struct Channel {
    /// Its name.
    pub name: ChannelName,
    /// The founding that holds.
    pub epoch: Epoch,
    /// The flags that the epoch began with.
    initial: ChannelModes,
    /// The flags that are on.
    flags: ChannelModes,
    /// When and by whom a flag was last written, for those written since the founding.
    flag_writes: BTreeMap<char, (Stamp, Source)>,
    /// Modes with a value, written since the founding.
    values: BTreeMap<char, Lww<Option<Box<str>>>>,
    /// The lists, in order of addition.
    masks: Vec<Mask>,
    /// Additions to the lists of a registered channel that have been undone: when, which list, the mask. What
    /// the channel had may be told again by somebody who does not know. Bounded by [`REMOVED_MAX`].
    removed: BTreeSet<(Stamp, char, Box<str>)>,
    topic: Option<Box<Lww<Topic>>>,
    /// What is told of the channel.
    pub metadata: Metadata,
    members: BTreeMap<UserId, Member>,
    /// Further joins of members, who have come under two names of the channel: all but the latest of each.
    others: BTreeMap<(UserId, Stamp), Member>,
    /// Under which founding members have come, by their joins, where that is of another channel than the
    /// founding that holds: that one may have been renamed, which then is true of them.
    entered: BTreeMap<(UserId, Stamp), Epoch>,
    /// When and by whom a status was last written, by join.
    status_writes: BTreeMap<(UserId, Stamp, char), (Stamp, Source)>,
    /// Members whose join was not shown (`+D`).
    delayed: BTreeMap<UserId, Delay>,
    /// While `+u` is set, the members whom others may know: those who were there before, and those who
    /// have had a status since. As this server has seen it, for the sake of its own clients.
    known: BTreeSet<UserId>,
    /// The operation that took the last member.
    emptied: Option<Stamp>,
}

/// How many additions that have been undone are remembered of a channel; of more, the latest.
const REMOVED_MAX: usize = 1000;

/// A join that was not shown.
#[derive(Clone, Copy, Debug)]
struct Delay {
    /// When the `+D` was written under which it was made.
    under: Stamp,
    /// Whether it has been shown since.
    revealed: bool,
}

/// Who in a channel knows that a member is there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sight {
    /// Everybody.
    All,
    /// Only those of whom everybody may know (`+u`).
    Known,
    /// Nobody else (`+D`).
    Nobody,
}

impl Channel {
    /// The flags that are on.
    pub fn flags(&self) -> ChannelModes {
        self.flags
    }

    /// Whether a flag is on.
    pub fn has(&self, letter: char) -> bool {
        self.flags.contains(letter)
    }

    /// Since when a flag that is on is on.
    pub fn since(&self, letter: char) -> Option<Stamp> {
        let written = self.flag_writes.get(&letter).map_or(self.epoch.at, |write| write.0);
        self.has(letter).then_some(written)
    }

    /// When a flag was last written since the founding, and by whom.
    pub fn flag_write(&self, letter: char) -> Option<(Stamp, Source)> {
        self.flag_writes.get(&letter).copied()
    }

    /// What was last written to a mode that has a value.
    pub fn register(&self, letter: char) -> Option<&Lww<Option<Box<str>>>> {
        self.values.get(&letter)
    }

    /// The value of a mode that has one, while it is set.
    pub fn value(&self, letter: char) -> Option<&str> {
        self.values.get(&letter).and_then(|register| register.value.as_deref())
    }

    /// One of the lists, each mask once, in order of addition.
    pub fn masks(&self, letter: char) -> impl Iterator<Item = &Mask> {
        let mut shown = BTreeSet::new();
        self.all_masks(letter).filter(move |mask| shown.insert(&*mask.canonical))
    }

    /// One of the lists, as it is kept: a mask added on two sides of a split is there twice.
    pub fn all_masks(&self, letter: char) -> impl Iterator<Item = &Mask> {
        self.masks.iter().filter(move |mask| mask.letter == letter)
    }

    /// The topic as it was last written, be it empty.
    pub fn topic_write(&self) -> Option<&Lww<Topic>> {
        self.topic.as_deref()
    }

    /// The topic, unless there is none.
    pub fn topic(&self) -> Option<&Lww<Topic>> {
        self.topic.as_deref().filter(|topic| !topic.value.text.is_empty())
    }

    /// The membership of a user.
    pub fn member(&self, user: UserId) -> Option<Member> {
        self.members.get(&user).copied()
    }

    /// All joins of members that have not come to an end, of some members several.
    pub fn joins(&self) -> impl Iterator<Item = (UserId, Member)> + '_ {
        let others = self.others.iter().map(|((user, _), member)| (*user, *member));
        self.members.iter().map(|(user, member)| (*user, *member)).chain(others)
    }

    /// The joins of a user but for the latest.
    pub fn earlier_joins(&self, user: UserId) -> impl Iterator<Item = Member> + '_ {
        let of_user = (user, Stamp::ZERO)..;
        let others = self.others.range(of_user).take_while(move |((other, _), _)| *other == user);
        others.map(|(_, member)| *member)
    }

    /// A join that has not come to an end.
    fn join(&self, user: UserId, joined: Stamp) -> Option<Member> {
        let latest = self.member(user).filter(|member| member.joined == joined);
        latest.or_else(|| self.others.get(&(user, joined)).copied())
    }

    /// Who knows that a member is there.
    pub fn sight(&self, user: UserId) -> Sight {
        if self.hides(user) {
            Sight::Nobody
        } else if self.has('u') && !self.is_known(user) {
            Sight::Known
        } else {
            Sight::All
        }
    }

    /// Whether everybody may know that a member is there, who then may know of everybody.
    pub fn is_known(&self, user: UserId) -> bool {
        self.known.contains(&user)
    }

    /// The writing of `+D` under which a join would not be shown now.
    pub fn delays(&self) -> Option<Stamp> {
        let written = || self.flag_writes.get(&'D').map_or(self.epoch.at, |write| write.0);
        self.has('D').then(written)
    }

    /// Whether a member's join is still to be shown. Any later writing of `D` shows it, so that it
    /// depends on nothing but what all servers come to agree on.
    fn hides(&self, user: UserId) -> bool {
        self.delayed
            .get(&user)
            .is_some_and(|delay| !delay.revealed && self.delays() == Some(delay.under))
    }

    /// The members whose joins are still to be shown.
    fn hidden(&self) -> Vec<UserId> {
        self.delayed.keys().copied().filter(|user| self.hides(*user)).collect()
    }

    /// Whether nobody is in it, seen or unseen.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Whether it is there: somebody is in it, or it stays without.
    pub fn exists(&self) -> bool {
        !self.is_empty() || self.has('P')
    }
}

/// A server of the network.
#[derive(Debug)]
pub struct Server {
    /// As it introduced itself.
    pub info: ServerInfo,
    /// When its present life began.
    pub since: Stamp,
    /// The servers that it says it is linked with.
    pub neighbours: Vec<Sid>,
    /// When it last said so.
    linked: Stamp,
    /// When it said goodbye.
    pub gone: Option<Stamp>,
    /// Whether it is out of reach for longer than the grace.
    pub hidden: bool,
}

/// The network.
pub struct Network {
    casemap: Casemap,
    users: Arena<UserId, User>,
    channels: Arena<ChannelId, Channel>,
    uids: HashMap<Uid, UserId, RandomState>,
    /// Who wears a nick.
    nicks: HashMap<Nick, UserId, RandomState>,
    /// Everybody who asks for a nick, where that is more than the one who wears it.
    rivals: BTreeMap<Nick, BTreeSet<UserId>>,
    names: HashMap<ChannelName, ChannelId, RandomState>,
    /// Channels that have had other names.
    renames: Renames,
    servers: BTreeMap<Sid, Server>,
    /// The channels that are not there any more, and are remembered.
    empty: BTreeSet<ChannelId>,
    /// When which masks end by themselves.
    expiries: BTreeSet<(Wall, ChannelId, Stamp)>,
    /// Metadata that has been taken away, when, and not been forgotten yet.
    unset: BTreeMap<(Holder, Box<str>), Stamp>,
    bans: Bans,
    filters: Filters,
    notes: Notes,
    claims: Claims,
    /// How much is locked against an attack: 5 is nothing, 1 is nearly all.
    defcon: Lww<u8>,
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Network({} users, {} channels)", self.users.len(), self.channels.len())
    }
}

impl Network {
    /// A network of nobody. `seed` keeps strangers from choosing names that collide in its maps.
    pub fn new(casemap: Casemap, seed: u64) -> Network {
        let hash =
            || RandomState::with_seeds(seed, seed.rotate_left(17), !seed, seed.rotate_left(41));
        Network {
            casemap,
            users: Arena::default(),
            channels: Arena::default(),
            uids: HashMap::with_hasher(hash()),
            nicks: HashMap::with_hasher(hash()),
            rivals: BTreeMap::new(),
            names: HashMap::with_hasher(hash()),
            renames: Renames::default(),
            servers: BTreeMap::new(),
            empty: BTreeSet::new(),
            expiries: BTreeSet::new(),
            unset: BTreeMap::new(),
            bans: Bans::new(hash),
            claims: Claims::new(hash()),
            filters: Filters::default(),
            notes: Notes::default(),
            defcon: Lww { value: 5, at: Stamp::ZERO, by: Source::Server(Sid::FIRST) },
        }
    }

    /// The server bans.
    pub fn bans(&self) -> &Bans {
        &self.bans
    }

    /// The content filters.
    pub fn filters(&self) -> &Filters {
        &self.filters
    }

    /// What is noted down for the whole network.
    pub fn notes(&self) -> &Notes {
        &self.notes
    }

    /// Who has which claim of the registry.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// How much is locked against an attack: 5 is nothing, 1 is nearly all.
    pub fn defcon(&self) -> u8 {
        self.defcon.value
    }

    /// How names are folded.
    pub fn casemap(&self) -> Casemap {
        self.casemap
    }

    /// A user, by an id that is held by the state graph.
    pub fn user(&self, user: UserId) -> &User {
        &self.users[user]
    }

    /// A user, by an id that has been away.
    pub fn find_user(&self, user: UserId) -> Option<&User> {
        self.users.get(user)
    }

    /// `nick!user@host` of a user. One out of sight wears no nick: if another wears it, they go by their
    /// identity.
    pub fn mask(&self, user: UserId) -> String {
        let who = &self.users[user];
        match self.nicks.get(who.nick()) {
            Some(other) if *other != user => format!("{}!{}@{}", who.uid, who.user, who.host),
            Some(_) | None => who.mask(),
        }
    }

    /// The user of that identity.
    pub fn uid(&self, uid: Uid) -> Option<UserId> {
        self.uids.get(&uid).copied()
    }

    /// The user who goes by that nick.
    pub fn nick(&self, nick: &Nick) -> Option<UserId> {
        self.nicks.get(nick).copied()
    }

    /// A channel, by an id that is held by the state graph.
    pub fn channel(&self, channel: ChannelId) -> &Channel {
        &self.channels[channel]
    }

    /// A channel, by an id that has been away.
    pub fn find_channel(&self, channel: ChannelId) -> Option<&Channel> {
        self.channels.get(channel)
    }

    /// The channel of that name, if it is there.
    pub fn name(&self, name: &ChannelName) -> Option<ChannelId> {
        self.record(name).filter(|channel| self.channels[*channel].exists())
    }

    /// The channel of that name, be it empty.
    pub fn record(&self, name: &ChannelName) -> Option<ChannelId> {
        self.names.get(name).copied()
    }

    /// The members that can be seen, in this server's order.
    pub fn members(&self, channel: ChannelId) -> impl Iterator<Item = (UserId, Member)> + '_ {
        self.everyone(channel).filter(|(user, _)| !self.users[*user].hidden)
    }

    /// The members, be they seen or not, in this server's order.
    pub fn everyone(&self, channel: ChannelId) -> impl Iterator<Item = (UserId, Member)> + '_ {
        let members = self.channels.get(channel).map(|channel| channel.members.iter());
        members.into_iter().flatten().map(|(user, member)| (*user, *member))
    }

    /// The members that can be seen, from the one after `user` on: how a long list goes on.
    pub fn members_after(
        &self,
        channel: ChannelId,
        user: Option<UserId>,
    ) -> impl Iterator<Item = (UserId, Member)> + '_ {
        use std::ops::Bound::{Excluded, Unbounded};
        let from = user.map_or(Unbounded, Excluded);
        let members =
            self.channels.get(channel).map(move |channel| channel.members.range((from, Unbounded)));
        members
            .into_iter()
            .flatten()
            .map(|(user, member)| (*user, *member))
            .filter(|(user, _)| !self.users[*user].hidden)
    }

    /// The status of a user in a channel; `None` outside.
    pub fn status(&self, channel: ChannelId, user: UserId) -> Option<Status> {
        self.channels.get(channel)?.member(user).map(|member| member.status)
    }

    /// Whether a user may be shown that another is a member of a channel.
    pub fn sees_member(&self, channel: ChannelId, viewer: UserId, other: UserId) -> bool {
        let record = &self.channels[channel];
        let ranked =
            |user| record.members.get(&user).is_some_and(|member| member.status != Status::NONE);
        viewer == other
            || (!record.hides(other) && (!record.has('u') || ranked(viewer) || ranked(other)))
    }

    /// The users that can be seen, in this server's order.
    pub fn users(&self) -> impl Iterator<Item = (UserId, &User)> {
        self.users.iter().filter(|(_, user)| !user.hidden)
    }

    /// The channels that are there, in this server's order.
    pub fn channels(&self) -> impl Iterator<Item = (ChannelId, &Channel)> {
        self.channels.iter().filter(|(_, channel)| channel.exists())
    }

    /// The first user at or after a slot, who may be hidden: how a long list goes on.
    pub fn user_from_slot(&self, slot: u32) -> Option<(UserId, &User)> {
        self.users.from_slot(slot)
    }

    /// The first channel at or after a slot, which may be empty: how a long list goes on.
    pub fn channel_from_slot(&self, slot: u32) -> Option<(ChannelId, &Channel)> {
        self.channels.from_slot(slot)
    }

    /// How many channels there are.
    pub fn channel_count(&self) -> usize {
        self.channels.len().saturating_sub(self.empty.len())
    }

    /// Whether two users share a channel.
    pub fn share_channel(&self, a: UserId, b: UserId) -> bool {
        let (a, b) = (&self.users[a].channels, &self.users[b].channels);
        a.iter().any(|channel| b.contains(channel))
    }

    /// Whether a user is out of sight.
    pub fn is_hidden(&self, user: UserId) -> bool {
        self.users.get(user).is_none_or(|user| user.hidden)
    }

    /// Every server that has been heard of and not said goodbye.
    pub fn servers(&self) -> impl Iterator<Item = (Sid, &Server)> {
        self.servers
            .iter()
            .filter(|(_, server)| server.gone.is_none())
            .map(|(sid, server)| (*sid, server))
    }

    /// Whether a server has been forgotten that may still be there, since no later life of it is known.
    pub fn has_forgotten(&self) -> bool {
        self.servers.iter().any(|(sid, server)| server.gone.is_some_and(|at| at.server != *sid))
    }

    /// One server.
    pub fn server(&self, sid: Sid) -> Option<&Server> {
        self.servers.get(&sid)
    }

    /// The servers in reach of one: those that a chain of links leads to, each link claimed by both ends.
    pub fn reach(&self, from: Sid) -> BTreeSet<Sid> {
        let mut reached = BTreeSet::from([from]);
        let mut edge = vec![from];
        while let Some(sid) = edge.pop() {
            for next in self.neighbours(sid) {
                if reached.insert(next) {
                    edge.push(next);
                }
            }
        }
        reached
    }

    /// The servers that are linked with one, as both of them say.
    pub fn neighbours(&self, sid: Sid) -> impl Iterator<Item = Sid> + '_ {
        let said = self.servers.get(&sid).map_or(&[][..], |server| &server.neighbours);
        said.iter().copied().filter(move |next| {
            let next = self.servers.get(next);
            next.is_some_and(|next| next.gone.is_none() && next.neighbours.contains(&sid))
        })
    }

    /// Forgets empty channels, old names of channels, and metadata that was taken away, where every
    /// server has seen that, as `stable`
    /// tells.
    pub fn collect(&mut self, stable: impl Fn(Stamp) -> bool) {
        self.forget_unset(&stable);
        self.forget_renames(&stable);
        let channels = &mut self.channels;
        let names = &mut self.names;
        let expiries = &mut self.expiries;
        self.empty.retain(|id| {
            let Some(channel) = channels.get(*id) else { return false };
            if !channel.emptied.is_none_or(&stable) {
                return true;
            }
            for mask in &channel.masks {
                if let Some(wall) = mask.expires() {
                    expiries.remove(&(wall, *id, mask.at));
                }
            }
            names.remove(&channel.name);
            channels.remove(*id);
            false
        });
    }

    /// When the next mask ends by itself.
    pub fn next_expiry(&self) -> Option<Wall> {
        self.expiries.first().map(|first| first.0)
    }

    /// Forgets an empty channel at once.
    pub fn forget(&mut self, name: &ChannelName) {
        let Some(id) = self.record(name).filter(|id| !self.channels[*id].exists()) else { return };
        self.empty.remove(&id);
        self.names.remove(name);
        let channel = self.channels.remove(id);
        for mask in channel.iter().flat_map(|channel| &channel.masks) {
            if let Some(wall) = mask.expires() {
                self.expiries.remove(&(wall, id, mask.at));
            }
        }
    }

    fn forget_unset(&mut self, stable: impl Fn(Stamp) -> bool) {
        let forgotten = self.unset.iter().filter(|(_, at)| stable(**at));
        let forgotten: Vec<_> = forgotten.map(|(key, at)| (key.clone(), *at)).collect();
        for ((of, key), at) in forgotten {
            if let Some(metadata) = self.metadata_mut(of) {
                metadata.forget(&key, at);
            }
            self.unset.remove(&(of, key));
        }
    }

    /// The empty channels with what took their last members.
    pub fn empty_channels(&self) -> impl Iterator<Item = (&Channel, Stamp)> {
        let channels = self.empty.iter().filter_map(|id| self.channels.get(*id));
        channels.filter_map(|channel| channel.emptied.map(|at| (channel, at)))
    }

    /// What took the last member of each empty channel, what took metadata away, and what renamed channels.
    pub fn emptied(&self) -> impl Iterator<Item = Stamp> + '_ {
        let channels = self.empty.iter().filter_map(|id| self.channels.get(*id)?.emptied);
        channels.chain(self.unset.values().copied()).chain(self.renames.stamps())
    }

    /// Whether there may be something for [`Network::collect`].
    pub fn has_empty(&self) -> bool {
        !self.empty.is_empty() || !self.unset.is_empty() || !self.renames.is_empty()
    }
}
