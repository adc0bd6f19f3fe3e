//! Edits that an administrator has made on the command line, which is no client: they are taken from the
//! store, where they have been put, and made as a command would.

use super::{Core, ctx::Then, effect::Effects};
use crate::{
    job::{Answer, Job},
    registry::{Edit, RecordId, What},
    store::{Draft, Outcome, Query, Rows},
    time::Now,
};

/// What is being done of that kind.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Hand {
    /// Nothing.
    #[default]
    Free,
    /// The store is asked whether there is something.
    Asking,
    /// The edit of that number.
    At(i64),
}

impl Core {
    /// Looks whether something has been handed over, if nothing is being done of that kind.
    pub(in crate::core) fn take_handed(&mut self, fx: &mut Effects, now: Now) {
        if self.handed == Hand::Free {
            self.handed = Hand::Asking;
            self.ask(fx, Job::Store(Query::TakeHanded), Then::Server(taken), now);
        }
    }
}

fn taken(core: &mut Core, fx: &mut Effects, answer: Answer, now: Now) {
    core.handed = Hand::Free;
    let Answer::Stored(Ok(Rows::Handed(Some(handed)))) = answer else { return };
    core.handed = Hand::At(handed.number);
    let Draft { id, kind, by, what } = handed.draft;
    let at = core.clock.tick(now.wall);
    let edit = Edit { id: id.unwrap_or(RecordId(at)), kind, at, by, what };
    log::info!(target: "audit", "command line: {} {}", edit.id, said(&edit.what));
    if !edit.is_sound() {
        return answer_handed(core, fx, Outcome::Failed, now);
    }
    core.ask(fx, Job::Store(Query::Propose(Box::new(edit))), Then::Server(proposed), now);
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

fn proposed(core: &mut Core, fx: &mut Effects, answer: Answer, now: Now) {
    let outcome = match &answer {
        Answer::Stored(found) => Outcome::of(found.as_ref()),
        _ => Outcome::Failed,
    };
    answer_handed(core, fx, outcome, now);
}

fn answer_handed(core: &mut Core, fx: &mut Effects, outcome: Outcome, now: Now) {
    let Hand::At(number) = std::mem::take(&mut core.handed) else { return };
    let query = Query::AnswerHanded { number, outcome };
    core.ask(fx, Job::Store(query), Then::Server(answered), now);
}

/// There may be more; what could not be answered now is found to have no answer.
fn answered(core: &mut Core, fx: &mut Effects, _: Answer, now: Now) {
    core.take_handed(fx, now);
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
}
