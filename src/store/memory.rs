//! A store that forgets with the process: for tests and simulations.

use super::{Error, Query, Rows, Standing, Store, identify};
use crate::time::Sid;
use std::{collections::BTreeMap, net::IpAddr};

/// The store.
#[derive(Debug, Default)]
pub struct Memory {
    sid: Option<Sid>,
    clock: u64,
    clean: bool,
    life: u64,
    reputation: BTreeMap<IpAddr, Standing>,
}

impl Store for Memory {
    fn ask(&mut self, query: &Query) -> Result<Rows, Error> {
        match query {
            Query::Identify { sid, random, tick } => {
                self.life += 1;
                let (sid, clock) =
                    identify(self.sid, *sid, (*random, *tick), self.clock, self.clean);
                self.sid = Some(sid);
                self.clock = clock;
                self.clean = false;
                Ok(Rows::Identity { sid, clock, life: self.life })
            }
            Query::RaiseClock { tick, clean } => {
                self.clock = self.clock.max(*tick);
                self.clean = *clean;
                Ok(Rows::Done)
            }
            Query::LoadReputation => {
                Ok(Rows::Reputation(self.reputation.values().copied().collect()))
            }
            Query::KeepReputation { kept, gone } => {
                self.reputation.extend(kept.iter().map(|row| (row.address, *row)));
                self.reputation.retain(|address, _| !gone.contains(address));
                Ok(Rows::Done)
            }
        }
    }
}
