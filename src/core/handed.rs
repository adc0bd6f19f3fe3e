//! Edits that an administrator has made on the command line, which is no client: they are looked for in the
//! store, where they have been put, and made as a command would.
//!
//! The store makes such an edit and notes what has become of it at once, so it is made once, however often it
//! is found and whenever the server ends.

use super::{Core, ctx::Then, effect::Effects};
use crate::{
    job::{Answer, Job},
    registry::{Edit, RecordId, What},
    store::{Draft, Query, Rows},
    time::Now,
};

impl Core {
    /// Looks whether something has been handed over, if nothing is being done of that kind.
    pub(in crate::core) fn look_for_handed(&mut self, fx: &mut Effects, now: Now) {
        if !std::mem::replace(&mut self.handed, true) {
            self.ask(fx, Job::Store(Query::Handed), Then::Server(found), now);
        }
    }
}

fn found(core: &mut Core, fx: &mut Effects, answer: Answer, now: Now) {
    let Answer::Stored(Ok(Rows::Handed(Some(handed)))) = answer else {
        core.handed = false;
        return;
    };
    let (number, Draft { id, kind, by, what }) = (handed.number, handed.draft);
    let at = core.clock.tick(now.wall);
    let edit = Edit { id: id.unwrap_or(RecordId(at)), kind, at, by, what };
    log::info!(target: "audit", "command line: {} {}", edit.id, said(&edit.what));
    let query = Query::ProposeHanded { number, edit: Box::new(edit) };
    core.ask(fx, Job::Store(query), Then::Server(made), now);
}

/// What an edit does, without what nobody is to read.
fn said(what: &What) -> String {
    match what {
        What::End => "ends".into(),
        What::Write(fields) => {
            let keys: Vec<&str> = fields.iter().map(|(key, _)| &**key).collect();
            format!("writes {}", keys.join(", "))
        }
    }
}

/// There may be more. What could not be stored is still there, and found by the next housekeeping.
fn made(core: &mut Core, fx: &mut Effects, answer: Answer, now: Now) {
    core.handed = false;
    if let Answer::Stored(Ok(_)) = answer {
        core.look_for_handed(fx, now);
    }
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn what_is_done_on_the_command_line_is_known_to_all_servers() {
        check(
            r"
            servers 2
            account Bob password=sesame
            bob@1  > NS IDENTIFY sesame
            bob    <~ :s1.test 900 bob *
            al@2   > PING x
            hand 1 Bob password=open-sesame
            hand 1 Bob x=y
            wait 6
            carl@2 > NS IDENTIFY Bob sesame
            carl   <~ :NickServ!services@services.test NOTICE carl :Invalid password for Bob.
            carl   > NS IDENTIFY Bob open-sesame
            carl   <~ :s2.test 900 carl *
            hand 2 Bob
            wait 6
            bob    <~ * NOTICE bob :You are logged out, since your account is no more.
            carl   <~ * NOTICE carl :You are logged out, since your account is no more.
            same
            ",
        );
    }

    #[test]
    fn what_the_disk_or_the_end_of_the_server_keeps_from_being_done_is_done_later() {
        check(
            r"
            account Bob password=sesame
            config limits.ping_interval 5000
            al   > PING x
            disk 1 full
            hand 1 Bob password=open-sesame
            wait 20
            crash 1
            start 1
            carl > NS IDENTIFY Bob sesame
            carl <~ :s1.test 900 carl *
            disk 1 well
            wait 60
            dave > NS IDENTIFY Bob open-sesame
            dave <~ :s1.test 900 dave *
            ",
        );
    }
}
