//! NickServ MARK, a note for operators about an account, and HOLD, which keeps an account that nobody uses.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
        settings::{NOEXPIRE, ON},
    },
    job::Answer,
    network::UserId,
    registry::What,
    wire::message::Args,
};

pub const MARK: &[Command] = &[Command {
    name: "MARK",
    params: "<account> <on or off> [<note>]",
    about: "Writes down a note about somebody's account, which operators see in INFO.",
    help: "MARK <account> ON <note>, and MARK <account> OFF to remove it. LIST * MARKED shows the accounts that have one.\nExample: MARK alice ON has lost two passwords",
    replies: &[],
    cost: 3,
    run: Run::Oper(Priv::Accounts, mark),
    ..Command::USUAL
}];

pub const HOLD: &[Command] = &[Command {
    name: "HOLD",
    params: "<account> <on or off>",
    about: "Keeps somebody's account however long it is not used, or does so no longer.",
    help: "The same as SASET <account> NOEXPIRE.\nExample: HOLD alice ON",
    replies: &[],
    cost: 3,
    run: Run::Oper(Priv::Accounts, hold),
    ..Command::USUAL
}];

fn mark(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(account) = super::named(ctx, args[0]) else { return Ok(()) };
    let value = match (args[1].to_ascii_uppercase().as_str(), args.given(2)) {
        ("ON", Some(note)) => Some(note.into()),
        ("OFF", _) => None,
        _ => {
            ctx.notice("Say MARK <account> ON <note>, or MARK <account> OFF.");
            return Ok(());
        }
    };
    let fields = vec![(super::MARK.into(), value)];
    super::write(ctx, user, account, What::Write(fields), marked)
}

fn marked(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let name = super::edited_name(&answer);
    super::told(ctx, &answer, &format!("The mark of {name} is changed."));
    Ok(())
}

fn hold(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(account) = super::named(ctx, args[0]) else { return Ok(()) };
    let value = match args[1].to_ascii_uppercase().as_str() {
        "ON" => Some(ON.into()),
        "OFF" => None,
        _ => {
            ctx.notice("Say HOLD <account> ON, or HOLD <account> OFF.");
            return Ok(());
        }
    };
    super::write(ctx, user, account, What::Write(vec![(NOEXPIRE.into(), value)]), held)
}

fn held(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let name = super::edited_name(&answer);
    super::told(ctx, &answer, &format!("The hold of {name} is changed."));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn operators_note_and_hold() {
        check(
            r"
            config oper root sesame
            account alice password=sesame
            root > OPER root sesame
            root > NS MARK alice ON asked for the nick of bob
            root < :NickServ!services@services.test NOTICE root :The mark of alice is changed.
            root > NS HOLD alice ON
            root < :NickServ!services@services.test NOTICE root :The hold of alice is changed.
            root > NS INFO alice
            root <~ :NickServ!services@services.test NOTICE root :Marked by root!~root@root.test on 2027-*: asked for the nick of bob
            root < :NickServ!services@services.test NOTICE root :Settings: NOEXPIRE on
            bob > NS INFO alice
            bob <~ * NOTICE bob :End of information.
            bob <! Marked
            root > NS MARK alice OFF
            root > NS HOLD alice OFF
            root > NS INFO alice
            root <~ * NOTICE root :End of information.
            root <! Marked
            root > NS MARK alice
            root <~ * NOTICE root :Not enough parameters for MARK.*
            root > NS MARK alice ON
            root < :NickServ!services@services.test NOTICE root :Say MARK <account> ON <note>, or MARK <account> OFF.
            root > NS HOLD alice maybe
            root < :NickServ!services@services.test NOTICE root :Say HOLD <account> ON, or HOLD <account> OFF.
            root > NS HOLD nobody ON
            root < :NickServ!services@services.test NOTICE root :nobody is not registered.
            ",
        );
    }
}
