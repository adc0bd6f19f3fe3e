//! FILTER: what nobody may say on the network.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        oper::Priv,
        welcome,
    },
    network::{
        UserId,
        crdt::Source,
        filter::{ACTIONS, Action, PLACES, Rule},
        op::Op,
    },
    time::{parse_span, span_text},
    wire::{encode, mask, message::Args},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "FILTER",
    params: "[<pattern> [<action> <places> [<duration>] <reason>]]",
    about: "Sets or takes away a content filter for the network; without a pattern lists them.",
    help: "The pattern is matched against the whole text, with * and ?; write \\s for a space. The action is ban, block, kill, shun or warn. The places are letters: c messages to channels, p private messages, q reasons of PART and QUIT, t topics and away messages; * for all. The duration of a ban or a shun is written as 2h or 1d. A pattern alone takes its filter away.\nExample: FILTER *buy*cheap*pills* shun cp 2h :advertising",
    replies: &[],
    cost: 1,
    run: Run::Oper(Priv::Ban, filter),
    ..Command::USUAL
}];

/// The most filters.
const FILTERS_MAX: usize = 500;

/// The longest pattern.
const PATTERN_MAX: usize = 200;

fn filter(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let words: Vec<&str> = args.iter().collect();
    match words.as_slice() {
        [] => show(ctx),
        [pattern] => remove(ctx, user, &canonical(pattern)),
        [pattern, action, places, rest @ ..] => {
            set(ctx, user, &canonical(pattern), (action, places), rest)
        }
        [_, _] => {
            ctx.notice("A filter takes a pattern, an action, places and a reason; see HELP FILTER.")
        }
    }
    Ok(())
}

fn set(
    ctx: &mut Ctx<'_>,
    user: UserId,
    pattern: &str,
    (action, places): (&str, &str),
    rest: &[&str],
) {
    let Some(action) = Action::named(action) else {
        let names: Vec<&str> = ACTIONS.iter().map(|row| row.1).collect();
        return ctx
            .notice(&format!("There is no action {action}; there are {}.", names.join(", ")));
    };
    let all: String = PLACES.iter().map(|row| row.1).collect();
    let places = if places == "*" { all.as_str() } else { places };
    if places.is_empty() || !places.chars().all(|letter| all.contains(letter)) {
        return ctx.notice(&format!("The places are letters of {all}, or *; see HELP FILTER."));
    }
    if pattern.chars().filter(|c| !matches!(c, '*' | '?' | ' ')).count() < 3 {
        return ctx.notice("The pattern would touch nearly everything; it needs three characters that are no wildcards.");
    }
    let count = ctx.network().filters().iter().count();
    if count >= FILTERS_MAX && !ctx.network().filters().iter().any(|known| known.0 == pattern) {
        return ctx.notice(&format!("There are {FILTERS_MAX} filters, and more are not kept."));
    }
    let (span, reason) = match rest.split_first().map(|(first, rest)| (parse_span(first), rest)) {
        Some((Some(span), rest)) => (Some(span), rest.join(" ")),
        Some((None, _)) | None => (None, rest.join(" ")),
    };
    let reason = if reason.is_empty() { "Not allowed here".to_owned() } else { reason };
    let rule = Rule {
        action,
        places: places.into(),
        span,
        reason: encode::head(&reason, ctx.core.config.limits.kick).into(),
        setter: ctx.whois(user).mask().into(),
    };
    let by = Source::User(ctx.whois(user).uid);
    ctx.commit(Op::Filter { by, pattern: pattern.into(), rule: Some(Box::new(rule)) });
    ctx.notice(&format!("The filter {pattern} is set: {}.", action.name()));
}

fn remove(ctx: &mut Ctx<'_>, user: UserId, pattern: &str) {
    if !ctx.network().filters().iter().any(|known| known.0 == pattern) {
        return ctx.notice(&format!("There is no filter {pattern}."));
    }
    let by = Source::User(ctx.whois(user).uid);
    ctx.commit(Op::Filter { by, pattern: pattern.into(), rule: None });
    ctx.notice(&format!("The filter {pattern} is taken away."));
}

fn show(ctx: &mut Ctx<'_>) {
    let describe = |(pattern, filter, rule): (&str, &crate::network::filter::Filter, &Rule)| {
        let span = rule.span.map(|span| format!(" for {}", span_text(span))).unwrap_or_default();
        let set = welcome::date_text(filter.at.wall());
        let (action, places) = (rule.action.name(), &rule.places);
        format!(
            "{pattern}: {action}{span} in {places}, {}. Set {set} by {}.",
            rule.reason, rule.setter
        )
    };
    let lines: Vec<String> = ctx.network().filters().iter().map(describe).collect();
    lines.iter().for_each(|line| ctx.notice(line));
    ctx.notice(&format!("Filters: {}.", lines.len()));
}

/// A pattern as filters are told apart.
fn canonical(text: &str) -> String {
    mask::collapse(&encode::head(text, PATTERN_MAX).replace("\\s", " ").to_lowercase())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn what_is_filtered_is_not_passed_on() {
        check(
            r"
            servers 2
            config oper root sesame
            alice@1 > JOIN #a
            bob@2   > JOIN #a
            carol@2 > JOIN #a
            alice > OPER root sesame
            alice > FILTER *buy\spills* block cp :No advertising
            alice < :s1.test NOTICE alice :The filter *buy pills* is set: block.
            bob   > PRIVMSG #a :now Buy Pills
            bob   < :s2.test 404 bob #a :Cannot send to channel (No advertising)
            carol <! Pills
            bob   > PRIVMSG carol :buy pills now
            bob   < :s2.test 531 bob carol :Cannot send to user (No advertising)
            alice > PRIVMSG #a :operators may say buy pills
            carol < :alice!~alice@alice.test PRIVMSG #a :operators may say buy pills
            alice > FILTER
            alice <~ :s1.test NOTICE alice :?buy pills?: block in cp, No advertising. Set *
            alice < :s1.test NOTICE alice :Filters: 1.
            alice > FILTER *buy\spills*
            alice < :s1.test NOTICE alice :The filter *buy pills* is taken away.
            bob   > PRIVMSG #a :buy pills
            carol < :bob!~bob@bob.test PRIVMSG #a :buy pills
            same
            ",
        );
    }

    #[test]
    fn what_is_left_out_of_a_line_hides_nothing() {
        check(
            "
            config oper root sesame
            alice > JOIN #a
            alice > OPER root sesame
            alice > MODE #a -t
            alice > FILTER *pills* block * :No advertising
            bob   > JOIN #a
            bob   > PRIVMSG #a :pi\0lls
            bob   < :s1.test 404 bob #a :Cannot send to channel (No advertising)
            bob   > PRIVMSG #a :pi\rlls
            bob   < :s1.test 404 bob #a :Cannot send to channel (No advertising)
            bob   > TOPIC #a :pi\rlls
            bob   < :s1.test 404 bob #a :Cannot send to channel (No advertising)
            bob   > AWAY :pi\0lls
            bob   < :s1.test NOTICE bob :Your away message is not taken: No advertising.
            bob   > PART #a :pi\rlls
            alice < :bob!~bob@bob.test PART #a
            ",
        );
    }

    #[test]
    fn metadata_given_before_registration_is_filtered_as_well() {
        check(
            r"
            config oper root sesame
            alice > OPER root sesame
            alice > FILTER *pills* block t :No advertising
            alice > FILTER *worse* kill t :gone
            raw b
            b     > CAP REQ draft/metadata-3
            b     > METADATA * SET url :buy pills
            b     > METADATA * SET color :red
            b     > NICK b
            b     > USER b 0 * :B
            b     > CAP END
            b     < :s1.test 422 b :MOTD File is missing
            alice > METADATA b LIST
            alice <~ :s1.test 761 alice b color * :red
            alice <! pills
            raw c
            c     > CAP REQ draft/metadata-3
            c     > METADATA * SET url :worse
            c     > NICK c
            c     > USER c 0 * :C
            c     > CAP END
            c     < ERROR :Closing link: Killed (filter: gone)
            ",
        );
    }

    #[test]
    fn a_filter_does_more_than_block() {
        check(
            r"
            config oper root sesame
            alice > JOIN #a
            alice > OPER root sesame
            alice > FILTER *killme* kill * :gone
            alice > FILTER *banme* ban * 2h :out
            alice > FILTER *hush* shun * :quiet
            alice > FILTER *careful* warn * :look
            bob   > JOIN #a
            bob   > PRIVMSG #a :careful now
            alice < :bob!~bob@bob.test PRIVMSG #a :careful now
            bob   > PRIVMSG #a :killme
            alice < :bob!~bob@bob.test QUIT :Killed (filter: gone)
            carol > JOIN #a
            carol > PRIVMSG #a :banme
            alice < :carol!~carol@carol.test QUIT :Banned (G-line): out
            alice > GLINE
            alice <~ :s1.test NOTICE alice :*: no entry until *, out (by a filter). Set *
            dave  > JOIN #a
            dave  > PRIVMSG #a :hush
            dave  > PRIVMSG #a :hello
            alice <! hello
            ",
        );
    }

    #[test]
    fn parting_words_and_topics_are_looked_at() {
        check(
            r"
            config oper root sesame
            alice > JOIN #a
            alice > OPER root sesame
            alice > FILTER *advert* block qt :no
            bob   > JOIN #a
            alice > MODE #a -t
            bob   > TOPIC #a :an advert
            bob   < :s1.test 404 bob #a :Cannot send to channel (no)
            bob   > PART #a :an advert
            alice < :bob!~bob@bob.test PART #a
            bob   > JOIN #a
            bob   > QUIT :an advert
            alice < :bob!~bob@bob.test QUIT :Client quit
            ",
        );
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        check(
            r"
            config oper root sesame
            alice > FILTER
            alice < :s1.test 481 alice :Permission Denied - You're not an IRC operator with that privilege
            alice > OPER root sesame
            alice > FILTER *abc* frob c :x
            alice < :s1.test NOTICE alice :There is no action frob; there are ban, block, kill, shun, warn.
            alice > FILTER *abc* block cz :x
            alice < :s1.test NOTICE alice :The places are letters of cpqt, or *; see HELP FILTER.
            alice > FILTER *a* block c :x
            alice < :s1.test NOTICE alice :The pattern would touch nearly everything; it needs three characters that are no wildcards.
            alice > FILTER *abc* block
            alice < :s1.test NOTICE alice :A filter takes a pattern, an action, places and a reason; see HELP FILTER.
            alice > FILTER *abc*
            alice < :s1.test NOTICE alice :There is no filter *abc*.
            ",
        );
    }
}
