//! Who may come by Tor: how many at once and how often, all together, since nobody's address is known;
//! and how many in one circuit, where Tor tells circuits apart.

use super::peer::Verdict;
use crate::{config, time::Mono};
use std::collections::BTreeMap;

/// The connections that have come by Tor.
#[derive(Debug, Default)]
pub struct Tor {
    open: u32,
    /// How many, by circuit; no more circuits than connections.
    circuits: BTreeMap<u32, u32>,
    /// When the throttle's credit is full again.
    full_at: Option<Mono>,
}

impl Tor {
    /// Decides about a connection, and counts it if it is admitted.
    pub fn admit(&mut self, circuit: Option<u32>, limits: &config::Tor, now: Mono) -> Verdict {
        if self.open >= limits.clients {
            return Verdict::Refuse(
                "ERROR :Closing link: too many connections by Tor, try again later\r\n".into(),
            );
        }
        let in_circuit = circuit.and_then(|circuit| self.circuits.get(&circuit)).copied();
        if in_circuit.unwrap_or(0) >= limits.clients_per_circuit {
            return Verdict::Refuse(
                "ERROR :Closing link: too many connections in your Tor circuit\r\n".into(),
            );
        }
        let full_at = self.full_at.map_or(now, |at| at.max(now)) + limits.connect_interval;
        if full_at.since(now) > limits.connect_interval * limits.connect_burst {
            return Verdict::Refuse(
                "ERROR :Closing link: too many connect by Tor just now, wait a moment\r\n".into(),
            );
        }
        self.full_at = Some(full_at);
        self.open += 1;
        if let Some(circuit) = circuit {
            *self.circuits.entry(circuit).or_default() += 1;
        }
        Verdict::Admit
    }

    /// A connection that had been admitted is no more.
    pub fn release(&mut self, circuit: Option<u32>) {
        self.open = self.open.saturating_sub(1);
        let Some(circuit) = circuit else { return };
        if let Some(count) = self.circuits.get_mut(&circuit) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.circuits.remove(&circuit);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn is_admitted(tor: &mut Tor, circuit: Option<u32>, limits: &config::Tor, at: Mono) -> bool {
        tor.admit(circuit, limits, at) == Verdict::Admit
    }

    #[test]
    fn they_have_limits_of_their_own() {
        let mut tor = Tor::default();
        let limits = config::Tor { clients: 3, clients_per_circuit: 2, ..config::Tor::default() };
        let now = Mono::default();
        assert!(is_admitted(&mut tor, Some(7), &limits, now));
        assert!(is_admitted(&mut tor, Some(7), &limits, now));
        assert!(!is_admitted(&mut tor, Some(7), &limits, now), "the circuit is full");
        assert!(is_admitted(&mut tor, None, &limits, now));
        assert!(!is_admitted(&mut tor, Some(8), &limits, now), "there are three");
        tor.release(Some(7));
        assert!(is_admitted(&mut tor, Some(7), &limits, now));
        for circuit in [Some(7), Some(7), None] {
            tor.release(circuit);
        }
        assert!(tor.circuits.is_empty() && tor.open == 0);
    }

    #[test]
    fn they_may_come_so_often_in_a_while() {
        let (mut tor, mut now) = (Tor::default(), Mono::default());
        let limits = config::Tor {
            connect_burst: 2,
            connect_interval: Duration::from_secs(1),
            ..config::Tor::default()
        };
        for _ in 0..2 {
            assert!(is_admitted(&mut tor, None, &limits, now));
        }
        assert!(!is_admitted(&mut tor, None, &limits, now));
        now = now + Duration::from_secs(1);
        assert!(is_admitted(&mut tor, None, &limits, now));
    }
}
