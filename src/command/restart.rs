//! RESTART (RFC 2812 §4.4).

use super::die;
use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        effect::Ending,
        oper::Priv,
    },
    job::{Answer, Job},
    network::UserId,
    wire::{message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "RESTART",
    params: "<server> [<reason>]",
    about: "Has the server that you are on, whose name has to be given, begin again with the program and the configuration as they are on its disk now.",
    help: "Both are tried out first; if anything is wrong you are told what, and nothing else happens. Clients are disconnected, but whoever connects meanwhile waits for the new program instead of being refused.\nExample: RESTART irc.example.org",
    replies: &[reply::UNKNOWN_ERROR],
    cost: 5,
    run: Run::Oper(Priv::Restart, restart),
    ..Command::USUAL
}];

fn restart(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    die::confirmed(ctx, COMMANDS[0].name, args[0])?;
    let text = die::sentence(ctx, user, "Server restarted", args.given(1));
    ctx.defer(Job::Rehearse { text: text.into() }, rehearsed);
    Ok(())
}

fn rehearsed(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Answer::Rehearsed { text, wrong } = answer else {
        ctx.notice("The new start could not be tried out now, so there was none; try again.");
        return Ok(());
    };
    if wrong.is_empty() {
        die::end(ctx, &text, Ending::Restart);
        return Ok(());
    }
    log::error!("the server is not restarted, since it would not start:");
    ctx.notice("The server would not start again, so it goes on as it is:");
    for line in wrong {
        log::error!("{line}");
        ctx.notice(&line);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::{core::scene::Scene, job::Answer, server::Input, sim::script::check};

    #[test]
    fn a_server_begins_another_life() {
        check(
            r"
            servers 2
            config oper root sesame
            root@1  > OPER root sesame
            alice@1 > JOIN #a
            bob@2   > JOIN #a
            alice   > RESTART s1.test
            alice   < :s1.test 481 alice :Permission Denied - You're not an IRC operator with that privilege
            root    > RESTART s2.test
            root    < :s1.test 400 root RESTART :This server is s1.test; if it is meant, say RESTART s1.test
            root    > RESTART s1.test
            alice   < :s1.test NOTICE alice :*** Server restarted by root
            alice   < ERROR :Closing link: Server restarted by root
            bob     < :alice!~alice@alice.test QUIT :Server restarted by root
            heal
            carol@1 > JOIN #a
            bob     < :carol!~carol@carol.test JOIN #a
            same
            ",
        );
    }

    #[test]
    fn what_would_not_start_goes_on() {
        let wrong = vec!["slircd.toml:3: no such key".to_owned()];
        for (answer, told) in [
            (Answer::Rehearsed { text: "".into(), wrong }, "slircd.toml:3: no such key"),
            (
                Answer::Busy,
                "The new start could not be tried out now, so there was none; try again.",
            ),
        ] {
            let mut scene = Scene::new();
            let root = scene.user("root");
            scene.oper(root);
            let id = Scene::asked(&scene.line(root, "RESTART irc.localhost :upgrade"));
            assert!(!scene.server.ready(root));
            let effects = scene.input(Input::Done { id, answer });
            let said = scene.said(&effects);
            assert!(said.iter().any(|line| line.ends_with(&format!(":{told}"))), "{said:?}");
            scene.line(root, "PING still");
        }
    }
}
