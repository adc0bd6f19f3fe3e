//! The flood gate: a bucket of credit for each session. A session that overdraws it is not read from
//! until the credit is back; it is never disconnected for being fast.

use crate::time::Mono;
use std::time::Duration;

/// The credit of a session.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    /// When the credit would be (or was) full again.
    full_at: Mono,
    /// Whether the gate is shut, until a timer opens it.
    closed: bool,
}

impl Bucket {
    /// All of the credit.
    pub fn full(now: Mono) -> Bucket {
        Bucket { full_at: now, closed: false }
    }

    /// Pays for a command of `cost` units, of which one comes back every `interval` and `burst` can be
    /// had at once. Returns when the gate opens again, if the credit is used up.
    pub fn pay(&mut self, cost: u32, burst: u32, interval: Duration, now: Mono) -> Option<Mono> {
        self.full_at = self.full_at.max(now) + interval * cost;
        let debt = self.full_at.since(now).saturating_sub(interval * burst);
        self.closed = !debt.is_zero();
        self.closed.then_some(now + debt)
    }

    /// Pays for one thing, unless there is no credit for it: then says how long that takes.
    pub fn take(&mut self, burst: u32, interval: Duration, now: Mono) -> Result<(), Duration> {
        let full_at = self.full_at.max(now) + interval;
        let debt = full_at.since(now).saturating_sub(interval * burst);
        if !debt.is_zero() {
            return Err(debt);
        }
        self.full_at = full_at;
        Ok(())
    }

    /// Opens the gate.
    pub fn open(&mut self) {
        self.closed = false;
    }

    /// Whether the gate is shut.
    pub fn is_closed(&self) -> bool {
        self.closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_burst_passes_and_what_follows_waits_for_its_refill() {
        let start = Mono(0);
        let mut bucket = Bucket::full(start);
        for _ in 0..3 {
            assert_eq!(bucket.pay(1, 3, SECOND, start), None);
        }
        assert_eq!(bucket.pay(1, 3, SECOND, start), Some(start + SECOND));
        assert!(bucket.is_closed());
        bucket.open();
        // Exactly one unit has come back.
        assert_eq!(bucket.pay(1, 3, SECOND, start + SECOND), Some(start + SECOND * 2));
    }

    #[test]
    fn what_cannot_be_paid_for_is_not_paid_for() {
        let mut bucket = Bucket::full(Mono(0));
        assert_eq!(bucket.take(1, SECOND, Mono(0)), Ok(()));
        assert_eq!(bucket.take(1, SECOND, Mono(0)), Err(SECOND));
        assert_eq!(bucket.take(1, SECOND, Mono(0) + SECOND), Ok(()));
    }

    #[test]
    fn credit_does_not_grow_beyond_the_burst() {
        let mut bucket = Bucket::full(Mono(0));
        let later = Mono(0) + SECOND * 3600;
        assert_eq!(bucket.pay(3, 3, SECOND, later), None);
        assert!(bucket.pay(1, 3, SECOND, later).is_some());
    }
}
