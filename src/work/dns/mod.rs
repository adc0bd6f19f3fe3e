//! The names of addresses, and what blocklists say of them: a stub resolver (RFC 1034 §5.3.1), which asks
//! name servers to find out.
//!
//! Whoever owns an address can call it what they like, so a name counts only if its own addresses lead
//! back to the one that was asked about.

mod cache;
mod exchange;
mod system;

use super::left;
use crate::wire::dns::{ALIASES_MAX, Answer, Data, Kind, Name, Question};
use cache::Cache;
use exchange::{Asking, Failure};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// A resolver, for any number of threads.
#[derive(Debug, Default)]
pub struct Resolver {
    cache: Mutex<Cache>,
    /// The place of the server that has answered last.
    good: AtomicUsize,
    /// How many look-ups in a row no server has answered.
    unanswered: AtomicUsize,
}

impl Resolver {
    /// What an address is called. Asks these servers, or the system's if there are none, until then.
    pub fn name(&self, address: IpAddr, configured: &[SocketAddr], end: Instant) -> Option<String> {
        let servers = servers(configured);
        let start = Instant::now();
        let cache = || self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = cache().get(&servers, address, start) {
            return known;
        }
        if start >= end {
            return None;
        }
        let mut asking = Asking::new(&servers, self.good.load(Ordering::Relaxed), end - start, end);
        let outcome = look_up(&mut asking, address);
        self.note(&servers, &outcome);
        match outcome {
            Ok((name, life)) => {
                self.good.store(asking.good(), Ordering::Relaxed);
                log::debug!("{address} is called {}", name.as_deref().unwrap_or("nothing"));
                cache().put(&servers, address, name.clone(), Instant::now() + life);
                name
            }
            Err(failure) => {
                log::debug!("the name of {address} is not known: {failure}");
                None
            }
        }
    }

    /// What a blocklist says of an address (RFC 5782): addresses that have a meaning, none if it does not
    /// know it. Nothing if there is no answer until then.
    pub fn listed(
        &self,
        address: IpAddr,
        zone: &str,
        configured: &[SocketAddr],
        end: Instant,
    ) -> Option<Vec<Ipv4Addr>> {
        let (servers, time) = (servers(configured), left(end).ok()?);
        let question = Question { name: Name::in_zone(address, zone)?, kind: Kind::A };
        let mut asking = Asking::new(&servers, self.good.load(Ordering::Relaxed), time, end);
        match records(&mut asking, question) {
            Ok((found, _)) => {
                self.good.store(asking.good(), Ordering::Relaxed);
                let address = |data| match data {
                    Data::Address(IpAddr::V4(ip)) => Some(ip),
                    Data::Address(IpAddr::V6(_)) | Data::Name(_) => None,
                };
                Some(found.into_iter().filter_map(address).collect())
            }
            Err(failure) => {
                log::debug!("{zone} does not say whether it knows {address}: {failure}");
                None
            }
        }
    }

    /// Tells an administrator, once, that there are no names, and once, that there are again.
    fn note(&self, servers: &[SocketAddr], outcome: &Result<(Option<String>, Duration), Failure>) {
        if !matches!(outcome, Err(Failure::Silence)) {
            if self.unanswered.swap(0, Ordering::Relaxed) >= OUTAGE {
                log::info!("name servers answer again");
            }
        } else if self.unanswered.fetch_add(1, Ordering::Relaxed) + 1 == OUTAGE {
            let servers: Vec<String> = servers.iter().map(ToString::to_string).collect();
            log::warn!(
                "no name server answers (asked: {}); clients are shown by their addresses until one \
                 does; see [dns] servers, or [dns] enabled if there are to be no names",
                servers.join(", ")
            );
        }
    }
}

fn servers(configured: &[SocketAddr]) -> Vec<SocketAddr> {
    match configured {
        [] => system::servers(),
        _ => configured.to_vec(),
    }
}

/// The name that leads back to an address, if there is one, and for how long to remember that.
fn look_up(
    asking: &mut Asking<'_>,
    address: IpAddr,
) -> Result<(Option<String>, Duration), Failure> {
    let kind = if address.is_ipv4() { Kind::A } else { Kind::Aaaa };
    let question = Question { name: Name::of_address(address), kind: Kind::Ptr };
    let (names, life) = records(asking, question)?;
    for data in names.into_iter().take(NAMES_MAX) {
        let Data::Name(name) = data else { continue };
        let Some(host) = name.host() else { continue };
        let (addresses, forward) = records(asking, Question { name, kind })?;
        if addresses.contains(&Data::Address(address)) {
            return Ok((Some(host), life.min(forward)));
        }
    }
    Ok((None, NOTHING_LIFE))
}

/// The records that a question asks for, wherever its aliases lead, and how long they live.
fn records(
    asking: &mut Asking<'_>,
    mut question: Question,
) -> Result<(Vec<Data>, Duration), Failure> {
    for _ in 0..ALIASES_MAX {
        match asking.ask(&question)? {
            Answer::Found(records, life) => {
                let life = Duration::from_secs(life.into()).clamp(LIFE_MIN, LIFE_MAX);
                return Ok((records, life));
            }
            Answer::Alias(name) => question.name = name,
            Answer::Nothing | Answer::Truncated | Answer::Failed => break,
        }
    }
    Ok((Vec::new(), NOTHING_LIFE))
}

/// How many of an address's names are tried.
const NAMES_MAX: usize = 4;

/// How long a name is remembered at least, so that a client that comes back at once costs nothing, and
/// at most.
const LIFE_MIN: Duration = Duration::from_secs(60);
const LIFE_MAX: Duration = Duration::from_secs(3600);

/// How long it is remembered that an address has no name.
const NOTHING_LIFE: Duration = Duration::from_secs(300);

/// After so many look-ups without an answer the administrator is told.
const OUTAGE: usize = 8;
