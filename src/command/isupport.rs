//! ISUPPORT (`ircv3: extended-isupport`).

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        session::Phase,
        welcome,
    },
    wire::{cap, message::Message, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "ISUPPORT",
    params: "",
    about: "Shows what the server supports, for your client to read.",
    help: "",
    replies: &[reply::ISUPPORT],
    cost: 2,
    run: Run::Any(isupport),
    ..Command::USUAL
}];

fn isupport(ctx: &mut Ctx<'_>, _message: &Message<'_>) -> Outcome {
    let early = ctx.session().caps.contains(cap::EXTENDED_ISUPPORT);
    if matches!(ctx.session().phase, Phase::New(_)) && !early {
        return Err(reply::not_registered().into());
    }
    welcome::isupport(ctx);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn what_is_supported_can_be_asked_for_at_any_time() {
        check(
            r"
            raw a
            a > ISUPPORT
            a < :s1.test 451 * :You have not registered
            a > CAP REQ :draft/extended-isupport
            a > ISUPPORT
            a <~ :s1.test 005 * ACCEPT=100 ACCOUNTEXTBAN=account,a *
            a > CAP REQ :batch
            a > ISUPPORT
            a < :s1.test BATCH +b1 draft/isupport
            a <~ @batch=b1 :s1.test 005 * ACCEPT=100 ACCOUNTEXTBAN=account,a *
            a < :s1.test BATCH -b1
            a > NICK a
            a > USER a 0 * :a
            a > CAP END
            a < :s1.test BATCH +b2 draft/isupport
            a <~ @batch=b2 :s1.test 005 a ACCEPT=100 ACCOUNTEXTBAN=account,a *
            a < :s1.test BATCH -b2
            b > ISUPPORT
            b <~ :s1.test 005 b ACCEPT=100 ACCOUNTEXTBAN=account,a *
            ",
        );
    }

    #[test]
    fn a_labelled_answer_holds_the_batch() {
        check(
            r"
            a > CAP REQ :batch labeled-response draft/extended-isupport
            a > @label=7 ISUPPORT
            a < @label=7 :s1.test BATCH +b2 labeled-response
            a < @batch=b2 :s1.test BATCH +b1 draft/isupport
            a <~ @batch=b1 :s1.test 005 a ACCEPT=100 ACCOUNTEXTBAN=account,a *
            a < @batch=b2 :s1.test BATCH -b1
            a < :s1.test BATCH -b2
            ",
        );
    }
}
