//! The circuit breaker before the store: while the store fails, nobody waits for it in vain, and it is not
//! asked for more than it takes to see that it works again.
//!
//! Changing and looking up are two circuits, since a disk that is full can be read. A failure has the
//! store probed; if the probe fails as well the circuit opens, and what is asked then is refused at once,
//! until a probe succeeds. Nothing is held back for later: whoever is told that something is done has it
//! in the store, and what the server keeps of its own accord it tries again.

use super::{Core, capability, ctx::Then, effect::Effects, housekeeping, snotice, timer::Timer};
use crate::{
    job::{Answer, Job, JobId},
    registry::RecordId,
    store::{Access, Checked, Error, Find, Query, Rows},
    time::{Mono, Now, Sid, Stamp},
};
use std::time::Duration;

/// The state of the store, as far as its answers tell.
#[derive(Debug, Default)]
pub struct Breaker {
    writes: Circuit,
    look_ups: Circuit,
    /// Whether it has been looked whether the store is whole.
    checked: bool,
    /// What is known to be broken, as operators are told.
    damage: Option<String>,
}

/// One way to use the store.
#[derive(Debug, Default)]
struct Circuit {
    /// Whether whoever asks is refused.
    open: bool,
    /// Whether a probe is under way.
    probing: bool,
    /// How long after the last probe the next is made.
    rest: Duration,
    /// When that is.
    next: Mono,
    /// What has failed since it worked the last time, for operators.
    cause: Option<String>,
    /// What operators were told last, and when.
    told: Option<(String, Mono)>,
}

impl Breaker {
    /// Whether what is asked is refused at once.
    pub fn is_open(&self, access: Access) -> bool {
        self.circuit(access).is_some_and(|circuit| circuit.open)
    }

    /// How the store does, in sentences.
    pub fn state(&self) -> Vec<String> {
        let mut state = Vec::new();
        for (what, circuit) in [("written to", &self.writes), ("read", &self.look_ups)] {
            state.push(match (&circuit.cause, circuit.open) {
                (Some(cause), true) => format!("the database cannot be {what}: {cause}"),
                (Some(cause), false) => {
                    format!("the database can be {what}, but has failed: {cause}")
                }
                (None, _) => format!("the database can be {what}"),
            });
        }
        state.extend(self.damage.clone());
        state
    }

    fn circuit(&self, access: Access) -> Option<&Circuit> {
        match access {
            Access::Write => Some(&self.writes),
            Access::LookUp => Some(&self.look_ups),
            Access::Scan => None,
        }
    }

    fn circuit_mut(&mut self, access: Access) -> Option<&mut Circuit> {
        match access {
            Access::Write => Some(&mut self.writes),
            Access::LookUp => Some(&mut self.look_ups),
            Access::Scan => None,
        }
    }
}

impl Core {
    /// Whether anybody can log in now.
    pub fn logs_in(&self) -> bool {
        !self.breaker.is_open(Access::LookUp)
    }

    /// What operators have to know of the store, if anything.
    pub fn store_trouble(&self) -> Vec<String> {
        let Breaker { writes, look_ups, damage, .. } = &self.breaker;
        match (writes.open || look_ups.open, damage) {
            (true, _) => self.breaker.state(),
            (false, damage) => damage.clone().into_iter().collect(),
        }
    }

    /// The store has answered, or has not in time.
    pub(in crate::core) fn store_answered(
        &mut self,
        fx: &mut Effects,
        access: Access,
        error: Option<&Error>,
        now: Now,
    ) {
        match error {
            None => self.store_works(fx, access, now),
            Some(error) => {
                self.store_fails(fx, access, format!("{error}; {}", error.remedy()), now);
            }
        }
    }

    /// The store has not answered in time.
    pub(in crate::core) fn store_late(&mut self, fx: &mut Effects, id: JobId, now: Now) {
        let access = self.pending.get(id).and_then(|pending| pending.access);
        let late = "it does not answer in time; look at the disk, which may be slow or broken";
        access.into_iter().for_each(|access| self.store_fails(fx, access, late.into(), now));
    }

    fn store_works(&mut self, fx: &mut Effects, access: Access, now: Now) {
        let Some(circuit) = self.breaker.circuit_mut(access).filter(|circuit| circuit.open) else {
            return;
        };
        *circuit = Circuit::default();
        let text = format!("the database can be {} again", done(access));
        log::info!("{text}");
        snotice::here(self, fx, 'r', |_| text, now);
        self.count_open();
        if access == Access::LookUp {
            capability::tell_log_in(self, fx, false, now);
        }
    }

    fn store_fails(&mut self, fx: &mut Effects, access: Access, cause: String, now: Now) {
        self.metrics.store_failed += 1;
        let Some(circuit) = self.breaker.circuit_mut(access) else {
            return log::warn!("the database could not be read: {cause}");
        };
        circuit.cause = Some(cause);
        if !circuit.open && !circuit.probing {
            self.probe(fx, access, now);
        }
    }

    /// Looks whether circuits that are open can be closed, and the first time whether the store is whole: a
    /// server does not wait for that when it starts.
    pub(in crate::core) fn look_at_store(&mut self, fx: &mut Effects, now: Now) {
        if !std::mem::replace(&mut self.breaker.checked, true) {
            self.ask(fx, Job::Store(Query::Check), Then::Server(checked), now);
        }
        for access in [Access::Write, Access::LookUp] {
            let circuit = self.breaker.circuit(access);
            let due = circuit.is_some_and(|circuit| {
                circuit.open && !circuit.probing && circuit.next <= now.mono
            });
            if due {
                self.probe(fx, access, now);
            }
        }
    }

    fn probe(&mut self, fx: &mut Effects, access: Access, now: Now) {
        let Some(circuit) = self.breaker.circuit_mut(access) else { return };
        circuit.probing = true;
        let nobody = RecordId(Stamp { tick: 0, server: Sid::FIRST });
        let (query, then): (_, fn(&mut Core, &mut Effects, Answer, Now)) = match access {
            Access::Write => (Query::Probe, write_probed),
            Access::LookUp | Access::Scan => (Query::Find(Find::Id(nobody)), look_up_probed),
        };
        self.ask_worker(fx, Job::Store(query), Then::Server(then), now);
    }

    fn probed(&mut self, fx: &mut Effects, access: Access, answer: &Answer, now: Now) {
        let Some(circuit) = self.breaker.circuit_mut(access) else { return };
        circuit.probing = false;
        match answer {
            Answer::Stored(Ok(_)) => {
                // What was open has been closed by this answer.
                let Some(cause) = circuit.cause.take() else { return };
                let again = |(text, at): &(String, Mono)| {
                    *text == cause && now.mono.since(*at) < TOLD_EVERY
                };
                if !circuit.told.as_ref().is_some_and(again) {
                    circuit.told = Some((cause.clone(), now.mono));
                    let what = match access {
                        Access::Write => "written to the database",
                        Access::LookUp | Access::Scan => "read from the database",
                    };
                    let text =
                        format!("something could not be {what}, and everything else can: {cause}");
                    housekeeping::fault(self, fx, &text, now);
                }
            }
            _ => {
                circuit.rest = (circuit.rest * 2).clamp(REST_MIN, REST_MAX);
                circuit.next = now.mono + circuit.rest;
                self.timers.set(circuit.next, Timer::Store);
                if !circuit.open {
                    self.open(fx, access, now);
                }
            }
        }
    }

    fn open(&mut self, fx: &mut Effects, access: Access, now: Now) {
        let Some(circuit) = self.breaker.circuit_mut(access) else { return };
        circuit.open = true;
        let cause = circuit.cause.clone().unwrap_or_default();
        let lost = match access {
            Access::Write => "accounts and channels cannot be registered or changed",
            Access::LookUp | Access::Scan => "nobody can log in",
        };
        let text = format!(
            "the database cannot be {}: {cause}. Chat goes on, but {lost} until it can; that is tried again every few seconds",
            done(access)
        );
        housekeeping::fault(self, fx, &text, now);
        self.metrics.breaker_opened += 1;
        self.count_open();
        if access == Access::LookUp {
            capability::tell_log_in(self, fx, true, now);
        }
    }

    fn count_open(&mut self) {
        self.metrics.store_unwritable = u64::from(self.breaker.writes.open);
        self.metrics.store_unreadable = u64::from(self.breaker.look_ups.open);
    }
}

fn done(access: Access) -> &'static str {
    match access {
        Access::Write => "written to",
        Access::LookUp | Access::Scan => "read",
    }
}

fn write_probed(core: &mut Core, fx: &mut Effects, answer: Answer, now: Now) {
    core.probed(fx, Access::Write, &answer, now);
}

fn look_up_probed(core: &mut Core, fx: &mut Effects, answer: Answer, now: Now) {
    core.probed(fx, Access::LookUp, &answer, now);
}

fn checked(core: &mut Core, fx: &mut Effects, answer: Answer, now: Now) {
    let broken = match answer {
        Answer::Stored(Ok(Rows::Checked(Checked::Whole))) => {
            return log::info!("the database is whole");
        }
        Answer::Stored(Ok(Rows::Checked(Checked::Broken(wrong)))) => wrong.join("; "),
        _ => {
            return log::info!(
                "it could not be told in time whether the database is whole; `slircd verify-data` takes its time"
            );
        }
    };
    let text = format!(
        "{} ({broken}). What is not touched by that works; {}",
        Error::Damaged,
        Error::Damaged.remedy()
    );
    housekeeping::fault(core, fx, &text, now);
    core.breaker.damage = Some(text);
}

/// How soon after a probe that has failed the next is made; with each that fails it is twice as long.
const REST_MIN: Duration = Duration::from_secs(1);

/// But no longer than this.
const REST_MAX: Duration = Duration::from_secs(30);

/// How soon operators are told again of the same fault that comes now and then.
const TOLD_EVERY: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn on_a_full_disk_chat_goes_on_and_account_changes_are_refused_until_there_is_room() {
        check(
            r"
            config oper root sesame
            account Bob password=sesame
            root  > OPER root sesame
            root  > MODE root +s +r
            alice > PING x
            bob   > PING x
            disk 1 full
            alice > REGISTER * * sesame-open
            alice < :s1.test FAIL REGISTER TEMPORARILY_UNAVAILABLE alice :No account can be registered now; try again later.
            root  < :s1.test NOTICE root :*** Notice -- the database cannot be written to: the disk is full; make room on the disk of the data folder. Chat goes on, but accounts and channels cannot be registered or changed until it can; that is tried again every few seconds
            alice > NS REGISTER sesame-open
            alice <~ :NickServ!services@* NOTICE alice :*later*
            root  > STATS s
            root  <~ :s1.test 249 root :the database cannot be written to: the disk is full*
            root  < :s1.test 249 root :the database can be read
            bob   > NS IDENTIFY sesame
            bob   <~ :s1.test 900 bob *
            bob   > PRIVMSG alice :hello
            alice < :bob!~bob@bob.test PRIVMSG alice :hello
            wait 60
            root  <! written to
            disk 1 well
            wait 30
            root  < :s1.test NOTICE root :*** Notice -- the database can be written to again
            alice > REGISTER * * sesame-open
            alice <~ :s1.test 900 *
            ",
        );
    }

    #[test]
    fn a_file_that_is_read_only_or_locked_is_told_as_what_it_is() {
        for (disk, told) in [
            ("readonly", "the database may only be read; let the server's user write"),
            ("locked", "another program, or another slircd, is using the database; end the other"),
        ] {
            check(&format!(
                r"
                config oper root sesame
                root > OPER root sesame
                root  > MODE root +s +r
                disk 1 {disk}
                root > NS REGISTER sesame-open
                root <~ :NickServ!services@* NOTICE root :*later*
                root <~ :s1.test NOTICE root :*** Notice -- the database cannot be written to: {told}*
                disk 1 well
                wait 31
                root < :s1.test NOTICE root :*** Notice -- the database can be written to again
                "
            ));
        }
    }

    #[test]
    fn what_is_refused_is_not_stored_and_what_is_stored_is_not_lost() {
        check(
            r"
            config oper root sesame
            root  > OPER root sesame
            root  > MODE root +s +r
            alice > REGISTER * * sesame-open
            alice <~ :s1.test 900 *
            disk 1 full
            bob   > REGISTER * * sesame-open
            bob   <~ * FAIL REGISTER TEMPORARILY_UNAVAILABLE bob *
            root  > GLINE *@bad.example :rude
            disk 1 well
            wait 31
            crash 1
            start 1
            al@1  > NS IDENTIFY alice sesame-open
            al    <~ :s1.test 900 *
            bo@1  > NS IDENTIFY bob sesame-open
            bo    < :NickServ!services@services.test NOTICE bo :Invalid password for bob.
            again@1 > OPER root sesame
            again > STATS g
            again <~ :s1.test 216 again G-line *@bad.example *
            ",
        );
    }

    #[test]
    fn sasl_is_withdrawn_while_nobody_can_log_in() {
        check(
            r"
            config oper root sesame
            account Bob password=sesame
            root  > OPER root sesame
            root  > MODE root +s +r
            alice > CAP LS 302
            alice > CAP REQ sasl
            old   > CAP REQ sasl
            disk 1 broken
            root  > NS IDENTIFY Bob sesame
            root  <~ :NickServ!services@* NOTICE root :*later*
            root  <~ :s1.test NOTICE root :*** Notice -- the database cannot be read: the database is damaged, or is no database; `slircd verify-data` tells what is broken* Chat goes on, but nobody can log in until it can*
            alice < :s1.test CAP alice DEL :sasl
            alice > AUTHENTICATE PLAIN
            alice < :s1.test 904 alice :SASL authentication failed: the server cannot check it now, try again later
            alice > CAP LS 302
            alice <! sasl
            old   > AUTHENTICATE PLAIN
            old   < :s1.test 904 old :SASL authentication failed: the server cannot check it now, try again later
            late@1 > OPER root sesame
            late  <~ :s1.test NOTICE late :*** Notice -- the database cannot be read*
            disk 1 well
            wait 31
            root  < :s1.test NOTICE root :*** Notice -- the database can be read again
            alice < :s1.test CAP alice NEW :sasl=PLAIN,SCRAM-SHA-256
            alice > CAP REQ sasl
            alice > AUTHENTICATE PLAIN
            alice < :s1.test AUTHENTICATE +
            ",
        );
    }

    #[test]
    fn a_damaged_page_concerns_those_whose_records_stand_on_it() {
        check(
            r"
            config oper root sesame
            account Bob password=sesame
            root > OPER root sesame
            root  > MODE root +s +r
            disk 1 page
            bo   > NS IDENTIFY Bob sesame
            bo   <~ :NickServ!services@* NOTICE bo :*later*
            root <~ :s1.test NOTICE root :*** Notice -- something could not be read from the database, and everything else can: the database is damaged*
            bo   > NS IDENTIFY Bob sesame
            bo   <~ :NickServ!services@* NOTICE bo :*later*
            root <! NOTICE
            root > STATS s
            root < :s1.test 249 root :the database can be read
            carl > REGISTER * * sesame-open
            carl <~ :s1.test 900 *
            ",
        );
    }

    #[test]
    fn a_slow_disk_is_waited_for_once() {
        check(
            r"
            config oper root sesame
            account Bob password=sesame
            account Carl password=sesame
            root > OPER root sesame
            root  > MODE root +s +r
            wait 4
            bo   > PING x
            disk 1 slow
            bo   > NS IDENTIFY Bob sesame
            wait 16
            root <~ :s1.test NOTICE root :*cannot be read: it does not answer in time*
            bo   <~ :NickServ!services@* NOTICE bo :*later*
            bo   > NS IDENTIFY Carl sesame
            bo   <~ :NickServ!services@* NOTICE bo :*later*
            disk 1 well
            wait 40
            root <~ :s1.test NOTICE root :*can be read again
            bo   > NS IDENTIFY Carl sesame
            bo   <~ :s1.test 900 bo *
            ",
        );
    }
}
