//! HELP: the tables of commands, modes, extended bans and server notices, read aloud.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        policy, snotice,
    },
    network::{
        UserId,
        mode::{self, By, Kind, Status, Who},
    },
    wire::{encode::head, extban, message::Args, reply},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "HELP",
    params: "[<topic> [<letter>]]",
    about: "Explains a command or a mode, or lists what there is.",
    help: "HELP CMODES, UMODES, EXTBANS and SNOMASKS list the modes of channels and of users, what bans can name, and what operators can be told of; with a letter behind them, or as HELP +<letter>, one is explained.\nExample: HELP KICK, HELP +i, HELP EXTBAN mute",
    replies: &[reply::HELP_START, reply::HELP_TXT, reply::END_OF_HELP, reply::HELP_NOT_FOUND],
    cost: 3,
    run: Run::User(help),
    ..Command::USUAL
}];

/// A page: its first line, and the others.
struct Page {
    head: String,
    lines: Vec<String>,
}

pub(super) fn help(ctx: &mut Ctx<'_>, _user: UserId, args: Args<'_>) -> Outcome {
    let Some(topic) = args.given(0) else {
        show(ctx, "*", &index());
        return Ok(());
    };
    let modes = topic.strip_prefix(['+', '-']).and_then(only);
    if let Some(letter) = modes {
        let pages = [channel_mode(letter), user_mode(letter)];
        if pages.iter().all(Option::is_none) {
            return Err(reply::help_not_found(topic).into());
        }
        pages.iter().flatten().for_each(|page| show(ctx, topic, page));
        return Ok(());
    }
    let name = topic.to_ascii_uppercase();
    let page = match (name.trim_end_matches('S'), args.given(1)) {
        ("CMODE", None) => Some(channel_modes()),
        ("CMODE", Some(which)) => only(which).and_then(channel_mode),
        ("UMODE", None) => Some(user_modes()),
        ("UMODE", Some(which)) => only(which).and_then(user_mode),
        ("EXTBAN", None) => Some(extbans()),
        ("EXTBAN", Some(which)) => extended_ban(which),
        ("SNOMASK", None) => Some(snomasks()),
        ("SNOMASK", Some(which)) => only(which).and_then(snomask),
        (_, _) => super::TABLE.find(topic).map(command),
    };
    let Some(page) = page else {
        return Err(reply::help_not_found(args.get(1).unwrap_or(topic)).into());
    };
    show(ctx, &name, &page);
    Ok(())
}

fn show(ctx: &mut Ctx<'_>, topic: &str, page: &Page) {
    ctx.reply(reply::help_start(topic, &page.head));
    for line in page.lines.iter().flat_map(|line| wrapped(line)) {
        ctx.reply(reply::help_txt(topic, line));
    }
    ctx.reply(reply::end_of_help(topic));
}

/// The longest line of a page, which leaves room for the names of server, nick and topic.
const LINE_MAX: usize = 340;

/// A text in lines, each with as many words as it has room for.
fn wrapped(text: &str) -> Vec<&str> {
    let (mut lines, mut rest) = (Vec::new(), text);
    while rest.len() > LINE_MAX {
        let start = head(rest, LINE_MAX);
        let end = start.rfind(' ').filter(|end| *end > 0).unwrap_or(start.len());
        let (line, after) = rest.split_at(end);
        lines.push(line);
        rest = after.trim_start();
    }
    lines.push(rest);
    lines
}

/// The one character of a text, a sign before it left out.
fn only(text: &str) -> Option<char> {
    let mut chars = text.trim_start_matches(['+', '-']).chars();
    chars.next().filter(|_| chars.next().is_none())
}

fn index() -> Page {
    let head = "HELP <command> explains one of these; HELP CMODES, UMODES, EXTBANS and SNOMASKS list modes:";
    let line = |command: &Command| format!("{}: {}", command.name, command.about);
    let (privileged, open): (Vec<&Command>, Vec<&Command>) =
        super::TABLE.iter().partition(|command| matches!(command.run, Run::Oper(..)));
    let mut lines: Vec<String> = open.into_iter().map(line).collect();
    lines.push("For operators of the network:".into());
    lines.extend(privileged.into_iter().map(line));
    Page { head: head.into(), lines }
}

fn command(command: &'static Command) -> Page {
    let mut lines = vec![command.about.to_owned()];
    lines.extend(command.help.lines().map(str::to_owned));
    if let Run::Oper(privilege, _) = command.run {
        lines
            .push(format!("For operators of the network with the privilege {}.", privilege.name()));
    }
    let head = format!("{} {}", command.name, command.params);
    Page { head: head.trim_end().to_owned(), lines }
}

fn channel_modes() -> Page {
    let status = mode::STATUS.iter().map(|row| format!("{} ({}): {}", row.0, row.1, row.2));
    let rows = mode::CHANNEL.iter().map(|row| format!("{}: {}", row.letter, row.about));
    let head = "The modes of channels and of their members:".into();
    Page { head, lines: status.chain(rows).collect() }
}

fn channel_mode(letter: char) -> Option<Page> {
    if let Some((_, prefix, name)) = mode::STATUS.iter().find(|row| row.0 == letter) {
        let lines = vec![
            format!("Makes a member {name}, shown by {prefix} before the nick."),
            format!("Members who are at least {} may give and take it.", giver(letter)),
            format!("Example: MODE #dev +{letter} bob"),
        ];
        return Some(Page { head: format!("MODE <channel> +{letter} <nick>"), lines });
    }
    let row = mode::channel(letter)?;
    let (param, kind) = match row.kind {
        Kind::List => {
            ("[<entry>]", "A list: without an entry it is shown; - takes the entry away.")
        }
        Kind::Key => ("<key>", "- takes it away, whatever key it names."),
        Kind::Value => ("<value>", "- takes it away, without a value."),
        Kind::Flag | Kind::Status => ("", ""),
    };
    let who = match row.by {
        By::Halfop => "Half-operators of the channel and those above may change it.",
        By::Oper => "Operators of the network may change it.",
        By::Server => "Only the server changes it.",
    };
    let value = VALUES.iter().find(|row| row.0 == letter).map_or("", |row| row.1);
    let head = format!("MODE <channel> +{letter} {param}");
    let example = format!("Example: MODE #dev +{letter} {value}");
    let example = if row.by == By::Server { "" } else { example.trim_end() };
    let lines = [row.about, kind, who, example];
    let lines = lines.into_iter().filter(|line| !line.is_empty()).map(str::to_owned);
    Some(Page { head: head.trim_end().to_owned(), lines: lines.collect() })
}

/// What those are called who may give and take a status.
fn giver(letter: char) -> &'static str {
    let least = policy::grants(letter);
    mode::STATUS.iter().find(|row| Status::of(row.0) == Some(least)).map_or("operator", |row| row.2)
}

/// What can be given to each mode that takes something.
const VALUES: &[(char, &str)] = &[
    ('I', "*!*@*.example.org"),
    ('b', "*!*@*.example.org"),
    ('e', "*!*@*.example.org"),
    ('g', "*cheap?pills*"),
    ('k', "sesame"),
    ('F', "normal"),
    ('H', "50:1d"),
    ('J', "60"),
    ('W', "10"),
    ('d', "30"),
    ('f', "#lobby"),
    ('j', "5:10"),
    ('l', "25"),
];

fn user_modes() -> Page {
    let rows = mode::USER.iter().map(|row| format!("{}: {}", row.letter, row.about));
    Page { head: "The modes of users:".into(), lines: rows.collect() }
}

fn user_mode(letter: char) -> Option<Page> {
    let row = mode::USER.iter().find(|row| row.letter == letter)?;
    let who = match row.who {
        Who::User => "You may change it.",
        Who::Drop => "You may only take it away.",
        Who::Oper => "Operators of the network may change it.",
        Who::Server => "Only the server changes it.",
    };
    let sign = if row.who == Who::Drop { '-' } else { '+' };
    let mut lines = vec![row.about.to_owned(), who.to_owned()];
    if row.who != Who::Server {
        lines.push(format!("Example: MODE alice {sign}{letter}"));
    }
    Some(Page { head: format!("MODE <nick> {sign}{letter}"), lines })
}

fn extbans() -> Page {
    let rows = extban::WORDS.iter().map(|row| format!("{}: {}", row.letter, row.about));
    let head = "What can stand in place of a mask in +b, +e and +I; ! before it turns it round:";
    Page { head: head.into(), lines: rows.collect() }
}

fn extended_ban(which: &str) -> Option<Page> {
    let row = extban::WORDS
        .iter()
        .find(|row| row.name.eq_ignore_ascii_case(which) || only(which) == Some(row.letter))?;
    let mut lines = vec![row.about.to_owned()];
    if !row.unreal.is_empty() {
        let names: Vec<String> = row.unreal.iter().map(|name| format!("~{name}:")).collect();
        lines.push(format!("Also as {} (UnrealIRCd).", names.join(", ")));
    }
    lines.extend(row.charybdis.map(|letter| format!("Also as ${letter}: (Charybdis).")));
    let form = row.about.split(' ').next().unwrap_or_default().trim_end_matches(':');
    let example = PARTS.iter().fold(form.to_owned(), |form, part| form.replace(part.0, part.1));
    lines.push(format!("Example: MODE #dev +b {example}"));
    Some(Page { head: format!("{}: or {}:", row.name, row.letter), lines })
}

/// What can stand for each part of an extended ban.
const PARTS: &[(&str, &str)] = &[
    ("[<prefix>]", "@"),
    ("<channel>", "#other"),
    ("<class>", "admin"),
    ("<digits>", "0123abcd"),
    ("<duration>", "2h"),
    ("<mask>", "*!*@*.example.org"),
    ("<name>", "bob"),
    ("<realname>", "*cheap?pills*"),
    ("<text>", "*cheap?pills*"),
    ("<number>", "64500"),
    ("<code>", "DE"),
];

fn snomasks() -> Page {
    let rows = snotice::KINDS.iter().map(|row| format!("{}: {}", row.letter, row.about));
    let head = "What operators can be told of, with MODE <nick> +s <letters>:";
    Page { head: head.into(), lines: rows.collect() }
}

fn snomask(letter: char) -> Option<Page> {
    let row = snotice::KINDS.iter().find(|row| row.letter == letter)?;
    let lines = vec![row.about.to_owned(), format!("Example: MODE alice +s +{letter}")];
    Some(Page { head: format!("MODE <nick> +s +{letter}"), lines })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{command::TABLE, sim::script::check};

    #[test]
    fn help_reads_the_table() {
        check(
            r"
            alice > HELP kick
            alice < :s1.test 704 alice KICK :KICK <channel>{,<channel>} <nick>{,<nick>} [<reason>]
            alice < :s1.test 705 alice KICK :Removes users from a channel.
            alice < :s1.test 705 alice KICK :Example: KICK #dev bob :please calm down
            alice < :s1.test 706 alice KICK :End of /HELP
            alice > HELP kill
            alice < :s1.test 705 alice KILL :For operators of the network with the privilege kill.
            alice > HELP nothing
            alice < :s1.test 524 alice nothing :No help available on this topic
            alice > HELP
            alice < :s1.test 705 alice * :AWAY: Says that you are away; without a message, that you are back.
            alice < :s1.test 705 alice * :For operators of the network:
            alice < :s1.test 705 alice * :CHGHOST: Gives a user another host, as others see it.
            ",
        );
    }

    #[test]
    fn modes_are_listed_and_explained() {
        check(
            r"
            alice > HELP cmodes
            alice < :s1.test 704 alice CMODES :The modes of channels and of their members:
            alice < :s1.test 705 alice CMODES :o (@): operator
            alice < :s1.test 705 alice CMODES :z: Only those connected by TLS may enter.
            alice < :s1.test 706 alice CMODES :End of /HELP
            alice > HELP CMODE k
            alice < :s1.test 704 alice CMODE :MODE <channel> +k <key>
            alice < :s1.test 705 alice CMODE :The key that JOIN must name.
            alice < :s1.test 705 alice CMODE :Example: MODE #dev +k sesame
            alice > HELP +i
            alice < :s1.test 704 alice +i :MODE <channel> +i
            alice < :s1.test 705 alice +i :Only the invited may enter.
            alice < :s1.test 705 alice +i :Half-operators of the channel and those above may change it.
            alice < :s1.test 704 alice +i :MODE <nick> +i
            alice > HELP cmode o
            alice < :s1.test 705 alice CMODE :Makes a member operator, shown by @ before the nick.
            alice < :s1.test 705 alice CMODE :Members who are at least operator may give and take it.
            alice > HELP cmode r
            alice < :s1.test 705 alice CMODE :Only the server changes it.
            alice <! Example
            alice > HELP umode o
            alice < :s1.test 705 alice UMODE :Example: MODE alice -o
            alice > HELP CMODE ?
            alice < :s1.test 524 alice ? :No help available on this topic
            alice > HELP +?
            alice < :s1.test 524 alice +? :No help available on this topic
            alice > HELP umodes
            alice < :s1.test 705 alice UMODES :i: Invisible to those who share no channel.
            alice > HELP UMODE w
            alice < :s1.test 704 alice UMODE :MODE <nick> +w
            alice < :s1.test 705 alice UMODE :Hears WALLOPS.
            alice < :s1.test 705 alice UMODE :You may change it.
            alice > HELP extbans
            alice < :s1.test 705 alice EXTBANS :m: mute:<mask> lets nobody who fits speak.
            alice > HELP EXTBAN mute
            alice < :s1.test 704 alice EXTBAN :mute: or m:
            alice < :s1.test 705 alice EXTBAN :Also as ~quiet:, ~q: (UnrealIRCd).
            alice < :s1.test 705 alice EXTBAN :Example: MODE #dev +b mute:*!*@*.example.org
            alice > HELP snomasks
            alice < :s1.test 705 alice SNOMASKS :k: KILL.
            alice > HELP SNOMASK k
            alice < :s1.test 705 alice SNOMASK :KILL.
            ",
        );
    }

    #[test]
    fn whatever_takes_words_has_an_example() {
        for command in TABLE.iter().filter(|command| command.required() > 0) {
            let example = command.help.lines().last().unwrap_or_default();
            assert!(example.starts_with("Example: "), "{}: {}", command.name, command.help);
        }
    }

    #[test]
    fn everything_in_the_tables_has_a_page() {
        let has_lines = |page: Option<Page>| {
            page.is_some_and(|page| !page.lines.is_empty() && page.head.len() <= LINE_MAX)
        };
        assert!(TABLE.iter().all(|row| has_lines(Some(command(row)))));
        assert!(mode::CHANNEL.iter().all(|row| has_lines(channel_mode(row.letter))));
        assert!(mode::STATUS.iter().all(|row| has_lines(channel_mode(row.0))));
        assert!(mode::USER.iter().all(|row| has_lines(user_mode(row.letter))));
        assert!(extban::WORDS.iter().all(|row| has_lines(extended_ban(row.name))));
        assert!(snotice::KINDS.iter().all(|row| has_lines(snomask(row.letter))));
        for row in mode::CHANNEL.iter().filter(|row| row.kind != Kind::Flag) {
            assert!(VALUES.iter().any(|value| value.0 == row.letter), "{}", row.letter);
        }
        for page in extban::WORDS.iter().filter_map(|row| extended_ban(row.name)) {
            let example = page.lines.last().unwrap();
            assert!(example.contains(':') && !example.contains(['<', '[']), "{example}");
        }
    }

    #[test]
    fn a_long_text_is_told_in_several_lines() {
        let text = "word ".repeat(200);
        let lines = wrapped(text.trim());
        assert!(lines.iter().all(|line| line.len() <= LINE_MAX));
        assert_eq!(lines.join(" "), text.trim());
        let text = "é".repeat(LINE_MAX);
        assert_eq!(wrapped(&text).concat(), text);
        assert_eq!(wrapped("short"), ["short"]);
    }

    #[test]
    fn the_table_is_sorted_and_every_command_says_what_it_is_about() {
        let names: Vec<&str> = TABLE.iter().map(|command| command.name).collect();
        assert!(names.is_sorted(), "{names:?}");
        for command in TABLE.iter() {
            assert!(command.about.ends_with('.'), "{}", command.name);
            assert_eq!(command.name, command.name.to_uppercase());
            assert!(TABLE.find(&command.name.to_lowercase()).is_some());
        }
    }
}
