//! NAMES (RFC 2812 §3.2.5).

use crate::{
    arena::Id,
    core::{
        ctx::{Ctx, Cursor, Outcome},
        dispatch::{Command, Run},
        policy,
        render::channel,
    },
    network::{ChannelId, UserId},
    wire::{message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "NAMES",
    params: "[<channel>{,<channel>}]",
    about: "Shows who is in channels; without any, in all that you may see.",
    help: "Who is invisible (user mode +i) is shown only to those inside.\nExample: NAMES #dev",
    replies: &[reply::NAM_REPLY, reply::END_OF_NAMES, reply::TOO_MANY_TARGETS],
    cost: 2,
    run: Run::User(names),
    ..Command::USUAL
}];

fn names(ctx: &mut Ctx<'_>, _user: UserId, args: Args<'_>) -> Outcome {
    let mut asked: Vec<String> = args.list(0).map(str::to_owned).collect();
    if asked.is_empty() {
        ctx.stream(Cursor::default(), everywhere);
        return Ok(());
    }
    let most = ctx.core.config.limits.targets;
    if let Some(target) = asked.get(most) {
        let refused = reply::too_many_targets(target);
        ctx.reply(refused);
        asked.truncate(most);
    }
    // What is done is taken from the end; first stands what the end is to repeat.
    asked.push(asked.join(","));
    asked.reverse();
    ctx.stream(Cursor { asked, ..Cursor::default() }, piece);
    Ok(())
}

/// How many lines are shown before looking whether the reader keeps up.
const LINES: usize = 16;

/// Shows the channels that were asked for, one after another.
fn piece(ctx: &mut Ctx<'_>, mut cursor: Cursor) -> Option<Cursor> {
    for _ in 0..LINES {
        let [_, .., name] = cursor.asked.as_slice() else {
            let whole = cursor.asked.pop().unwrap_or_default();
            ctx.reply(reply::end_of_names(&whole));
            return None;
        };
        let channel = ctx.channel(name).ok();
        cursor.after = channel.and_then(|channel| line(ctx, channel, cursor.after));
        if cursor.after.is_none() {
            cursor.asked.pop();
        }
    }
    Some(cursor)
}

/// Shows every channel that may be seen.
fn everywhere(ctx: &mut Ctx<'_>, mut cursor: Cursor) -> Option<Cursor> {
    let user = ctx.session().user()?;
    for _ in 0..LINES {
        let Some((channel, _)) = ctx.network().channel_from_slot(cursor.slot) else {
            ctx.reply(reply::end_of_names("*"));
            return None;
        };
        let seen = policy::sees(ctx, user, channel);
        cursor.after = if seen { line(ctx, channel, cursor.after) } else { None };
        if cursor.after.is_none() {
            cursor.slot = channel.index() + 1;
        }
    }
    Some(cursor)
}

/// Shows one line of a channel's names; the last member on it, unless it was the last of all.
fn line(ctx: &mut Ctx<'_>, channel: ChannelId, after: Option<UserId>) -> Option<UserId> {
    channel::names_piece(ctx.core, ctx.fx, ctx.conn, channel, after, ctx.now)
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
            bob   > JOIN #b,#c
            bob   > MODE #c +s
            carol > NAMES #b,#a
            carol < :s1.test 353 carol = #b :@bob!~bob@bob.test
            carol < :s1.test 353 carol = #a :@+alice!~alice@alice.test +bob!~bob@bob.test
            carol < :s1.test 366 carol #b,#a :End of /NAMES list
            carol > NAMES
            carol < :s1.test 353 carol = #a :@+alice!~alice@alice.test +bob!~bob@bob.test
            carol < :s1.test 353 carol = #b :@bob!~bob@bob.test
            carol < :s1.test 366 carol * :End of /NAMES list
            carol <! #c
            carol > NAMES #a,#b,#c,#d,#e
            carol < :s1.test 407 carol #e :Too many targets; this one and those after it were left out
            carol < :s1.test 353 carol = #a :@+alice!~alice@alice.test +bob!~bob@bob.test
            carol < :s1.test 366 carol #a,#b,#c,#d :End of /NAMES list
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
