//! A store that forgets with the process: for tests and simulations.

use super::{Error, Query, Rows, Store, identify};
use crate::time::Sid;

/// The store.
#[derive(Debug, Default)]
pub struct Memory {
    sid: Option<Sid>,
    clock: u64,
    clean: bool,
    life: u64,
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
        }
    }
}
