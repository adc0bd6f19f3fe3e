//! OperServ JUPE: servers that may not be linked.

use super::{list, note, words};
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        notes,
        oper::Priv,
        registration::HOST_MAX,
    },
    network::{UserId, note::Section},
    wire::{message::Args, name},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "JUPE",
    params: "[<subcommand> [<rest>]]",
    about: "Keeps a server off the network.",
    help: "JUPE ADD <server> <reason> has every server close its link with that one, and make none again; LINKS and MAP show it as juped. JUPE DEL <server> allows it again, JUPE LIST shows all. Give the name of the server in full.\nExample: JUPE ADD old.example.org broken in to",
    replies: &[],
    cost: 1,
    run: Run::Oper(Priv::Jupe, jupe),
    ..Command::USUAL
}];

fn jupe(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let (verb, rest) = words(&args);
    let server = rest.first().map(|name| name.to_ascii_lowercase()).unwrap_or_default();
    match verb.as_str() {
        "ADD" if !name::is_host(&server, HOST_MAX) || !server.contains('.') => {
            ctx.notice("A server's name is a host name with a dot in it.");
        }
        "ADD" if server.eq_ignore_ascii_case(ctx.core.name()) => {
            ctx.notice("That is the server that you are on. Connect to another to keep it off.");
        }
        "ADD" => {
            let reason = rest.get(1..).unwrap_or_default().join(" ");
            let reason = if reason.is_empty() { "No reason given".to_owned() } else { reason };
            let done = format!("{server} may not be linked any more: {reason}");
            note(ctx, user, (Section::Jupe, &server), ("", &reason), (None, &done));
        }
        "DEL" => match notes::remove(ctx, user, Section::Jupe, &server) {
            true => ctx.notice(&format!("{server} may be linked again.")),
            false => ctx.notice(&format!("{server} is not juped.")),
        },
        "LIST" => ctx.notices(list(ctx, Section::Jupe, |server, _| server.into())),
        _ => ctx.notice("JUPE knows ADD <server> <reason>, DEL <server>, and LIST."),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn only_so_many_are_kept() {
        let add = |number: usize| format!("root > OS JUPE ADD j{number}.test no\n");
        let all: String = (0..100).map(add).collect();
        check(&format!(
            r"
            config oper root sesame
            root > OPER root sesame
            {all}
            {}
            root < :OperServ!services@services.test NOTICE root :There are 100 entries of the kind jupe, and more are not kept. Take one away first.
            root > OS JUPE DEL j7.test
            {}
            root <~ :OperServ!services@services.test NOTICE root :j100.test may not be linked any more*
            ",
            add(100),
            add(100)
        ));
    }

    #[test]
    fn a_server_is_kept_off_and_let_back() {
        check(
            r"
            servers 3
            config oper root sesame
            config limits.split_grace 5
            alice@1 > OPER root sesame
            carol@3 > JOIN #a
            bob@2   > JOIN #a
            alice   > OS JUPE ADD S3.test broken in to
            alice   < :OperServ!services@services.test NOTICE alice :s3.test may not be linked any more: broken in to
            wait 6
            bob     <~ :carol!~carol@carol.test QUIT *
            heal
            wait 1
            heal
            bob     <! JOIN
            alice   > LINKS
            alice   < :s1.test 364 alice s2.test s1.test :1 An slircd server
            alice   < :s1.test 364 alice s3.test s1.test :1 [JUPED] broken in to
            alice   > MAP
            alice   <~ :s1.test 006 alice :*s3.test*[JUPED] broken in to
            alice   > OS JUPE LIST
            alice   <~ :OperServ!services@services.test NOTICE alice :s3.test: broken in to. Set * by alice!~alice@alice.test.
            alice   > OS JUPE DEL s3.test
            alice   < :OperServ!services@services.test NOTICE alice :s3.test may be linked again.
            alice   > OS JUPE DEL s3.test
            alice   < :OperServ!services@services.test NOTICE alice :s3.test is not juped.
            heal
            bob     <~ :carol!~carol@carol.test JOIN #a
            alice   > OS JUPE ADD s1.test
            alice   < :OperServ!services@services.test NOTICE alice :That is the server that you are on. Connect to another to keep it off.
            alice   > OS JUPE ADD nowhere
            alice   < :OperServ!services@services.test NOTICE alice :A server's name is a host name with a dot in it.
            alice   > OS JUPE FROB
            alice   < :OperServ!services@services.test NOTICE alice :JUPE knows ADD <server> <reason>, DEL <server>, and LIST.
            same
            ",
        );
    }
}
