//! What has been found out lately about addresses.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    time::Instant,
};

/// The most addresses that are remembered.
const ENTRIES_MAX: usize = 1024;

/// Names by address, each for a time; all from the same servers.
#[derive(Debug, Default)]
pub(super) struct Cache {
    servers: Vec<SocketAddr>,
    entries: BTreeMap<IpAddr, (Instant, Option<String>)>,
}

impl Cache {
    /// What these servers have said of an address, if that is still true.
    pub(super) fn get(
        &self,
        servers: &[SocketAddr],
        address: IpAddr,
        now: Instant,
    ) -> Option<Option<String>> {
        let (end, name) = self.entries.get(&address)?;
        (self.servers == servers && *end > now).then(|| name.clone())
    }

    /// Remembers what these servers say.
    pub(super) fn put(
        &mut self,
        servers: &[SocketAddr],
        address: IpAddr,
        name: Option<String>,
        end: Instant,
    ) {
        if self.servers != servers {
            // Others may say something else.
            self.entries.clear();
            self.servers = servers.to_vec();
        }
        if self.entries.len() >= ENTRIES_MAX && !self.entries.contains_key(&address) {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.0);
            if let Some(oldest) = oldest.map(|(address, _)| *address) {
                self.entries.remove(&oldest);
            }
        }
        self.entries.insert(address, (end, name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_is_remembered_is_bounded_and_ends() {
        let (mut cache, now) = (Cache::default(), Instant::now());
        let address = |number: u32| IpAddr::from(number.to_be_bytes());
        let end = |number: u32| now + Duration::from_secs(10 + u64::from(number));
        for number in 0..ENTRIES_MAX as u32 + 5 {
            cache.put(&[], address(number), Some(number.to_string()), end(number));
        }
        assert_eq!(cache.entries.len(), ENTRIES_MAX);
        assert_eq!(cache.get(&[], address(4), now), None);
        assert_eq!(cache.get(&[], address(5), now), Some(Some("5".into())));
        assert_eq!(cache.get(&[], address(5), end(5)), None);
        let other: SocketAddr = "192.0.2.1:53".parse().unwrap();
        assert_eq!(cache.get(&[other], address(9), now), None);
        cache.put(&[other], address(9), None, end(9));
        assert_eq!(cache.get(&[other], address(9), now), Some(None));
        assert_eq!(cache.entries.len(), 1);
    }
}
