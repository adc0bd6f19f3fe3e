//! Blocklists: which are asked about those who connect, and what becomes of those whom they know.
//!
//! An address is asked about once, however many come from it, and the reply is remembered for a while.
//! Registration waits for a reply, but not for long; one that comes later still counts.

use super::{
    ConnId, Core, bans,
    ctx::{Ctx, Outcome, Reject, Then},
    dispatch,
    effect::Effects,
    peer::Origin,
    registration, render, sasl,
    session::Phase,
    snotice,
    timer::Timer,
};
use crate::{
    arena::Arena,
    config::{
        Dnsbl, Secret,
        dnsbl::{Action, PLACE, squeezed},
    },
    id,
    job::{Answer, Job, List, Listing},
    network::{
        ban::{Key, Kind, Terms},
        crdt::Source,
        op::Op,
    },
    time::{Mono, Now},
    wire::{cidr::Cidr, reply},
};
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

id!(
    /// A question to a blocklist.
    InquiryId
);

/// How long after its client has stopped waiting a reply is still read.
const LATE: Duration = Duration::from_secs(5);

/// How many replies are remembered.
const KNOWN_MAX: usize = 4096;

/// After so many questions in a row without a reply a list has a rest.
const FAILURES_MAX: u32 = 5;

/// How long it rests before it is tried again.
const REST: Duration = Duration::from_secs(60);

/// What is known of blocklists and from them.
#[derive(Debug, Default)]
pub struct Blocklists {
    /// Questions that wait for a reply.
    inquiries: Arena<InquiryId, Inquiry>,
    /// What lists have replied, and for how long that counts.
    known: BTreeMap<(IpAddr, Box<str>), (Mono, Option<Hit>)>,
    health: BTreeMap<Box<str>, Health>,
}

#[derive(Debug)]
struct Inquiry {
    list: Box<str>,
    address: IpAddr,
    /// Who has come from there since it was asked.
    conns: Vec<ConnId>,
}

/// A list knows an address.
#[derive(Clone, Debug)]
struct Hit {
    action: Action,
    /// By which reply.
    reply: Box<str>,
}

/// How a list does.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// How often it was asked.
    pub asked: u64,
    /// How many of those it was asked about it knew.
    pub hits: u64,
    /// How often it did not have to be asked, since the reply was remembered.
    pub remembered: u64,
    /// How often there was no reply, or one that makes no sense.
    pub failed: u64,
    /// How often that was so in a row.
    row: u32,
    /// Until when it rests.
    rests: Option<Mono>,
}

impl Health {
    /// How long it still rests.
    pub fn rest(&self, now: Mono) -> Option<Duration> {
        self.rests.map(|until| until.since(now)).filter(|rest| !rest.is_zero())
    }
}

impl Blocklists {
    /// How a list does.
    pub fn health(&self, list: &str) -> Health {
        self.health.get(list).cloned().unwrap_or_default()
    }

    /// Forgets what does not count any more.
    pub fn forget(&mut self, now: Mono) {
        self.known.retain(|_, known| known.0 > now);
    }

    /// Other lists are asked from now on, or other replies count.
    pub fn renew(&mut self, lists: &[Dnsbl]) {
        self.known.clear();
        self.health.retain(|name, _| lists.iter().any(|list| *list.name == **name));
    }

    fn health_mut(&mut self, list: &str) -> &mut Health {
        self.health.entry(list.into()).or_default()
    }

    fn known(&mut self, address: IpAddr, list: &str, now: Mono) -> Option<Option<Hit>> {
        let known =
            self.known.get(&(address, list.into())).filter(|known| known.0 > now)?.1.clone();
        self.health_mut(list).remembered += 1;
        Some(known)
    }

    fn remember(&mut self, address: IpAddr, list: &str, until: Mono, hit: Option<Hit>) {
        if self.known.len() >= KNOWN_MAX {
            let first = self.known.iter().min_by_key(|(_, known)| known.0);
            if let Some(first) = first.map(|(key, _)| key.clone()) {
                self.known.remove(&first);
            }
        }
        self.known.insert((address, list.into()), (until, hit));
    }

    /// The question that waits for a reply already, if there is one.
    fn under_way(&mut self, address: IpAddr, list: &str) -> Option<(InquiryId, &mut Inquiry)> {
        let same = |inquiry: &Inquiry| inquiry.address == address && *inquiry.list == *list;
        let id = self.inquiries.iter().find(|(_, inquiry)| same(inquiry)).map(|(id, _)| id)?;
        self.inquiries.get_mut(id).map(|inquiry| (id, inquiry))
    }

    /// Whether a list can be asked. One that has had its rest is asked once, to see how it does.
    fn may_ask(&mut self, list: &str, now: Mono) -> bool {
        let health = self.health_mut(list);
        if health.rest(now).is_some() {
            return false;
        }
        if health.row >= FAILURES_MAX {
            health.rests = Some(now + REST);
        }
        health.asked += 1;
        true
    }
}

/// Asks the lists about whoever has connected.
pub fn look_up(core: &mut Core, fx: &mut Effects, conn: ConnId, now: Now) {
    let Some(address) = core.sessions.get(conn).and_then(|session| session.from.ip()) else {
        return;
    };
    if core.config.dnsbl.is_empty() || is_exempt(core, address) {
        return;
    }
    let mut patience = Duration::ZERO;
    for list in core.config.dnsbl.clone() {
        let private = !registration::is_public(Origin::Ip(address)) && !list.private;
        if private || list.exempt.iter().any(|range| range.contains(address)) {
            continue;
        }
        if let Some(known) = core.blocklists.known(address, &list.name, now.mono) {
            core.metrics.dnsbl_remembered += 1;
            if let Some(hit) = known {
                act(core, fx, (&list, address, &hit), &[conn], now);
                if core.sessions.get(conn).is_none_or(|session| session.closing) {
                    return;
                }
            }
            continue;
        }
        let Some(id) = inquire(core, fx, &list, (address, conn), now) else { continue };
        if let Some(registration) = core.sessions[conn].registration() {
            registration.inquiries.push(id);
            patience = patience.max(list.timeout);
        }
    }
    if !patience.is_zero() {
        core.timers.set(now.mono + patience, Timer::Inquiries(conn));
    }
}

/// Those of this machine, those whom the administrator knows, gateways, and those who have been here for
/// long are no business of a list.
fn is_exempt(core: &Core, address: IpAddr) -> bool {
    let config = &core.config;
    address.is_loopback()
        || config.limits.is_exempt(address)
        || core.reputation.is_trusted(address, &config.reputation)
        || core.is_gateway(Origin::Ip(address))
}

/// Asks a list, unless it rests. Who comes while it is asked waits for the same reply.
fn inquire(
    core: &mut Core,
    fx: &mut Effects,
    list: &Dnsbl,
    (address, conn): (IpAddr, ConnId),
    now: Now,
) -> Option<InquiryId> {
    if let Some((id, inquiry)) = core.blocklists.under_way(address, &list.name) {
        inquiry.conns.push(conn);
        return Some(id);
    }
    if !core.blocklists.may_ask(&list.name, now.mono) {
        return None;
    }
    core.metrics.dnsbl_asked += 1;
    let inquiry = Inquiry { list: list.name.as_str().into(), address, conns: vec![conn] };
    let id = core.blocklists.inquiries.insert(inquiry);
    let asked = match (&list.zone, &list.url) {
        (Some(zone), _) => {
            let servers = core.config.dns.servers.iter().map(|server| server.0).collect();
            List::Zone { zone: zone.clone(), servers }
        }
        (None, url) => {
            let url = url.as_ref().map_or("", Secret::expose);
            let url = Secret::new(&url.replace(PLACE, &address.to_string()));
            List::Page { url, ca_file: list.ca_file.clone() }
        }
    };
    let job = Job::Inquire { list: asked, address, timeout: list.timeout + LATE };
    core.ask(fx, job, Then::Blocklist(id), now);
    Some(id)
}

/// A list has replied, or will not.
pub fn replied(core: &mut Core, fx: &mut Effects, id: InquiryId, answer: Answer, now: Now) {
    let Some(inquiry) = core.blocklists.inquiries.remove(id) else { return };
    let Inquiry { list, address, conns } = inquiry;
    // It may be gone after a reload.
    let known = core.config.dnsbl.iter().find(|known| *known.name == *list).cloned();
    if let (Answer::Listed(listing), Some(list)) = (answer, known) {
        match judge(&list, listing) {
            Ok(hit) => {
                works(core, fx, &list.name, now);
                let until = now.mono + list.remember;
                core.blocklists.remember(address, &list.name, until, hit.clone());
                if let Some(hit) = hit {
                    core.blocklists.health_mut(&list.name).hits += 1;
                    core.metrics.dnsbl_hits += 1;
                    announce(core, fx, (&list, address, &hit), now);
                    act(core, fx, (&list, address, &hit), &conns, now);
                }
            }
            Err(fault) => fails(core, fx, &list.name, fault, now),
        }
    }
    for conn in conns {
        let Some(session) = core.sessions.get_mut(conn) else { continue };
        let Some(registration) = session.registration() else { continue };
        let waited = registration.inquiries.len();
        registration.inquiries.retain(|other| *other != id);
        if waited > 0 && registration.inquiries.is_empty() {
            dispatch::aside(core, fx, conn, now, registration::progress);
        }
    }
}

/// A client has waited long enough for replies.
pub fn give_up(core: &mut Core, fx: &mut Effects, conn: ConnId, now: Now) {
    let Some(session) = core.sessions.get_mut(conn) else { return };
    let Some(registration) = session.registration() else { return };
    if !registration.inquiries.is_empty() {
        registration.inquiries.clear();
        dispatch::aside(core, fx, conn, now, registration::progress);
    }
}

/// What is wrong with a reply.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fault {
    /// There is none.
    Silence,
    /// It is none of a list that works.
    Nonsense,
}

/// What a reply means.
fn judge(list: &Dnsbl, listing: Option<Listing>) -> Result<Option<Hit>, Fault> {
    let hit = |action: Option<Action>, reply: String| Hit {
        action: action.unwrap_or(list.action),
        reply: reply.into(),
    };
    match listing {
        None => Err(Fault::Silence),
        Some(Listing::Addresses(addresses)) => {
            if addresses.iter().any(|address| !is_reply(*address)) {
                return Err(Fault::Nonsense);
            }
            if list.replies.is_empty() {
                return Ok(addresses.first().map(|address| hit(None, address.to_string())));
            }
            Ok(list.replies.iter().find_map(|rule| {
                let address = addresses.iter().find(|address| rule.reply.is_address(**address))?;
                Some(hit(rule.action, address.to_string()))
            }))
        }
        Some(Listing::Page { status, text }) => {
            let text = squeezed(&text);
            let rule = list.replies.iter().find(|rule| rule.reply.is_page(status, &text));
            match (rule, status) {
                (Some(rule), _) => Ok(Some(hit(rule.action, status.to_string()))),
                // It wants a key, or other questions, or has a fault: that says nothing of the address.
                (None, 400 | 401 | 403 | 407 | 429 | 500..) => Err(Fault::Nonsense),
                (None, _) => Ok(None),
            }
        }
    }
}

/// Whether an address can be the reply of a list (RFC 5782 §2.1). One whose domain has lapsed knows every
/// address by that of somebody's web site; some tell in 127.255.255.0/24 that they will not say.
fn is_reply(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    first == 127 && (second, third) != (255, 255)
}

fn works(core: &mut Core, fx: &mut Effects, list: &str, now: Now) {
    let health = core.blocklists.health_mut(list);
    health.rests = None;
    if std::mem::take(&mut health.row) >= FAILURES_MAX {
        tell(core, fx, format!("The blocklist {list} replies again"), now);
    }
}

fn fails(core: &mut Core, fx: &mut Effects, list: &str, fault: Fault, now: Now) {
    core.metrics.dnsbl_failed += 1;
    let health = core.blocklists.health_mut(list);
    health.failed += 1;
    health.row = health.row.saturating_add(1);
    if health.row >= FAILURES_MAX {
        health.rests = Some(now.mono + REST);
    }
    if health.row == FAILURES_MAX {
        let what = match fault {
            Fault::Silence => "does not reply",
            Fault::Nonsense => {
                "replies as no blocklist does (it may be gone, want a key, or refuse this server's questions)"
            }
        };
        let text = format!(
            "The blocklist {list} {what}; it is tried again every {} s, and nobody is looked up there meanwhile. STATS n shows how it does",
            REST.as_secs()
        );
        tell(core, fx, text, now);
    }
}

fn announce(
    core: &mut Core,
    fx: &mut Effects,
    (list, address, hit): (&Dnsbl, IpAddr, &Hit),
    now: Now,
) {
    let text = format!("{address} is listed by {} ({}): {}", list.name, hit.reply, hit.action);
    tell(core, fx, text, now);
}

fn tell(core: &Core, fx: &mut Effects, text: String, now: Now) {
    log::info!("{text}");
    snotice::here(core, fx, 'b', |_| text, now);
}

/// Does what is to be done about those who come from an address that is listed. Operators stay, so that
/// somebody can put things right.
fn act(
    core: &mut Core,
    fx: &mut Effects,
    (list, address, hit): (&Dnsbl, IpAddr, &Hit),
    conns: &[ConnId],
    now: Now,
) {
    let fill = |address: &str| {
        let text = list.reason.replace("{provider}", &list.name).replace("{reply}", &hit.reply);
        text.replace(PLACE, address)
    };
    // The reason of a ban, and that for which a user goes, is seen by others as well.
    let (own, open) = (fill(&registration::address_text(address)), fill("*"));
    if hit.action == Action::Ban {
        ban(core, fx, (list, address, hit), &open, now);
    }
    for conn in conns {
        // For whom a gateway speaks now comes from elsewhere.
        let Some(session) = core.sessions.get_mut(*conn) else { continue };
        if session.closing || session.from != Origin::Ip(address) {
            continue;
        }
        let user = session.user();
        let reason = if user.is_some() { &open } else { &own };
        let mark = || format!("{} ({})", list.name, hit.reply).into();
        let why = match (hit.action, &mut session.phase) {
            (Action::Mark, Phase::New(registration)) => {
                registration.listed.push(mark());
                continue;
            }
            (Action::RequireSasl, Phase::New(registration)) => {
                registration.listed.push(mark());
                registration.log_in = Some(bans::log_in_first(reason).into());
                continue;
            }
            (Action::Mark, Phase::User(user)) => {
                let local = core.locals.get_mut(*user);
                local.into_iter().for_each(|local| local.seldom_mut().listed.push(mark()));
                continue;
            }
            (Action::RequireSasl, Phase::User(user)) => {
                if core.network.user(*user).account().is_some() {
                    continue;
                }
                bans::log_in_first(reason)
            }
            (Action::Refuse | Action::Ban, _) => reason.clone(),
        };
        if user.is_some_and(|user| core.network.user(user).is_oper()) {
            continue;
        }
        render::reply(core, fx, *conn, &reply::you_are_banned(&why), now);
        registration::depart(core, fx, *conn, &why, now);
    }
}

fn ban(
    core: &mut Core,
    fx: &mut Effects,
    (list, address, hit): (&Dnsbl, IpAddr, &Hit),
    reason: &str,
    now: Now,
) {
    // Of IPv6 one customer has at least this much.
    let range = if address.is_ipv4() { Some(Cidr::host(address)) } else { Cidr::new(address, 64) };
    let Some(mask) = range.map(|range| range.to_string().into()) else { return };
    let key = Key { kind: Kind::Zline, server: None, mask };
    let bans = core.network().bans();
    // Without room for one more it is as if it were refused.
    if bans.get(&key).is_some() || bans.len() >= core.config.limits.server_bans {
        return;
    }
    let terms = Terms {
        reason: reason.into(),
        private: format!("{} {}", list.name, hit.reply).into(),
        setter: core.name().into(),
        until: Some(now.wall + list.duration),
        soft: false,
    };
    let by = Source::Server(core.sid());
    core.commit(fx, Op::Ban { by, key, terms: Some(Box::new(terms)) }, None, now);
}

/// Lets a session become a user, unless lists want it to log in or too many of them know its address.
pub fn admit(ctx: &mut Ctx<'_>) -> Outcome {
    let most = ctx.core.config.limits.dnsbl_marks;
    let address = registration::origin_text(ctx.session().from);
    let Some(registration) = ctx.session_mut().registration() else { return Ok(()) };
    let marks = registration.listed.join(", ");
    let many = most > 0 && registration.listed.len() >= most;
    let log_in = registration.log_in.clone().filter(|_| registration.login.is_none());
    let why = match log_in {
        _ if many => format!("Your address {address} is listed by {marks}"),
        Some(why) => return sasl::require(ctx, &why),
        None => return Ok(()),
    };
    ctx.reply(reply::you_are_banned(&why));
    Err(Reject::Quit(why))
}

#[cfg(test)]
mod tests;
