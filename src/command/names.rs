//! NAMES (RFC 2812 §3.2.5).

use crate::{
    core::{
        ctx::{Ctx, Cursor, Outcome},
        dispatch::{Command, Run},
        policy,
        render::channel,
    },
    network::UserId,
    wire::{message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "NAMES",
    params: "[<channel>]",
    about: "Shows who is in a channel.",
    help: "",
    replies: &[reply::NAM_REPLY, reply::END_OF_NAMES],
    cost: 2,
    run: Run::User(names),
}];

fn names(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(name) = args.given(0) else {
        ctx.reply(reply::end_of_names("*"));
        return Ok(());
    };
    // Modern IRC, NAMES: of several channels only the first; TARGMAX says so.
    let name = args.list(0).next().unwrap_or(name);
    match ctx.channel(name) {
        Ok(channel) if policy::sees(ctx, user, channel) => {
            ctx.stream(Cursor { asked: vec![name.to_owned()], ..Cursor::default() }, piece);
        }
        Ok(_) | Err(_) => ctx.reply(reply::end_of_names(name)),
    }
    Ok(())
}

/// How many lines are shown before looking whether the reader keeps up.
const LINES: usize = 16;

fn piece(ctx: &mut Ctx<'_>, mut cursor: Cursor) -> Option<Cursor> {
    let name = cursor.asked.first().cloned().unwrap_or_default();
    let channel = ctx.channel(&name).ok();
    for _ in 0..LINES {
        let last = channel.and_then(|channel| {
            channel::names_piece(ctx.core, ctx.fx, ctx.conn, channel, cursor.after, ctx.now)
        });
        if last.is_none() {
            ctx.reply(reply::end_of_names(&name));
            return None;
        }
        cursor.after = last;
    }
    Some(cursor)
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn names_come_with_their_prefixes() {
        check(
            r"
            alice > JOIN #a
            bob   > JOIN #a
            alice > MODE #a +vv alice bob
            carol > NAMES #a
            carol < :s1.test 353 carol = #a :@alice +bob
            carol < :s1.test 366 carol #a :End of /NAMES list
            carol > CAP REQ :multi-prefix userhost-in-names
            carol > NAMES #a
            carol < :s1.test 353 carol = #a :@+alice!~alice@alice.test +bob!~bob@bob.test
            carol > NAMES
            carol < :s1.test 366 carol * :End of /NAMES list
            carol > NAMES #none
            carol < :s1.test 366 carol #none :End of /NAMES list
            ",
        );
    }

    #[test]
    fn the_invisible_and_the_secret_are_for_those_inside() {
        check(
            r"
            alice > JOIN #a
            bob   > JOIN #a
            bob   > MODE bob +i
            carol > NAMES #a
            carol < :s1.test 353 carol = #a :@alice
            alice > MODE #a +s
            carol > NAMES #a
            carol < :s1.test 366 carol #a :End of /NAMES list
            alice > NAMES #a
            alice < :s1.test 353 alice @ #a :@alice bob
            ",
        );
    }

    #[test]
    fn a_long_list_comes_whole_and_under_one_label() {
        crate::sim::script::crowd(500, |sim| {
            let lines = sim.ask("u1", "@label=x NAMES #crowd", "CAP REQ :labeled-response batch");
            assert!(lines[0].starts_with("@label=x :s1.test BATCH +"), "{}", lines[0]);
            assert!(lines[lines.len() - 1].contains("BATCH -"));
            let names: usize = lines
                .iter()
                .filter(|line| line.contains(" 353 "))
                .map(|line| line.rsplit(':').next().unwrap_or_default().split(' ').count())
                .sum();
            assert_eq!(names, 500);
        });
    }
}
