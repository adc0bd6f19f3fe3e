//! OperServ LOGSEARCH: what operators have done, and what has been registered.

use crate::{
    core::{
        audit,
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
        welcome,
    },
    network::UserId,
    wire::message::Args,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "LOGSEARCH",
    params: "[<text>]",
    about: "Searches the log of what operators have done, and of what has been registered.",
    help: "Shows the latest 50 entries in which the text occurs, the latest first; without a text the latest of all. The log is that of all servers; each keeps its last 1000 entries, for 90 days. No passwords stand in it.\nExample: LOGSEARCH GLINE",
    replies: &[],
    cost: 4,
    run: Run::Oper(Priv::Audit, logsearch),
    ..Command::USUAL
}];

/// The most entries that are shown.
const SHOWN_MAX: usize = 50;

fn logsearch(ctx: &mut Ctx<'_>, _user: UserId, args: Args<'_>) -> Outcome {
    let wanted = args.given(0).unwrap_or_default().to_lowercase();
    let entries = audit::entries(ctx.core).into_iter();
    let found = entries.filter(|entry| {
        [entry.who, entry.text].iter().any(|part| part.to_lowercase().contains(&wanted))
    });
    let lines: Vec<String> = found
        .map(|entry| {
            let when = welcome::date_text(entry.at.wall());
            let known = ctx.network().server(entry.at.server);
            let server = known.map_or("?", |server| &server.info.name);
            format!("[{when}, {server}] {}: {}", entry.who, entry.text)
        })
        .collect();
    lines.iter().take(SHOWN_MAX).for_each(|line| ctx.notice(line));
    let shown = lines.len().min(SHOWN_MAX);
    ctx.notice(&format!("Entries: {}, of which {shown} are shown.", lines.len()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn what_operators_do_is_remembered_without_secrets() {
        check(
            r"
            servers 2
            config oper root sesame
            bob@2   > OPER root sesame
            bob     > GLINE *@bad.example rude
            bob     > SAMODE #none +k geheim
            carol@2 > NS REGISTER sesame-open
            alice@1 > OPER root sesame
            alice   > OS LOGSEARCH gline
            alice   <~ :OperServ!services@services.test NOTICE alice :[*, s2.test] bob!~bob@bob.test (admin): GLINE *@bad.example rude
            alice   <~ :OperServ!services@services.test NOTICE alice :Entries: *, of which * are shown.
            alice   > OS LOGSEARCH registers
            alice   <~ :OperServ!services@services.test NOTICE alice :[*, s2.test] carol!~carol@carol.test: registers the account carol
            alice   > OS LOGSEARCH
            alice   <! geheim
            alice   <! sesame
            crash 2
            start 2
            heal
            alice   > OS LOGSEARCH registers
            alice   <~ :OperServ!services@services.test NOTICE alice :[*, s2.test] carol!~carol@carol.test: registers the account carol
            dave@2  > OPER root sesame
            dave    > OS LOGSEARCH GLINE
            dave    <~ :OperServ!services@services.test NOTICE dave :[*, s2.test] bob!~bob@bob.test (admin): GLINE *@bad.example rude
            same
            ",
        );
    }
}
