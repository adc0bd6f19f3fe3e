//! NickServ EXPORT: all that is stored of one's own account, a JSON object in each line.

use crate::{
    core::{
        account::{PASSWORD, SCRAM},
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
        recovery::RESET,
        second::{APP, PENDING, RECOVERY},
        welcome,
    },
    job::Answer,
    network::UserId,
    registry::Record,
    wire::{encode::head, message::Args},
};

pub const COMMANDS: &[Command] = &[Command {
    name: "EXPORT",
    params: "",
    about: "Shows all that is stored of your account, for you to keep.",
    help: "Each line is a JSON object: the name of a field, its value, and when and by whom it was written. Of passwords and codes only digests are stored, which are not shown.\nWhat is not stored with accounts is not shown: server bans, what others have reported, and the log, which is for whoever runs the server to keep or not.",
    replies: &[],
    cost: 10,
    run: Run::User(export),
    ..Command::USUAL
}];

fn export(ctx: &mut Ctx<'_>, user: UserId, _args: Args<'_>) -> Outcome {
    let Some(login) = super::login(ctx, user) else { return Ok(()) };
    super::read(ctx, login.id, found)
}

fn found(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Some(record) = super::record(ctx, answer) else { return Ok(()) };
    let mut lines = lines(&record);
    ctx.notice(&format!(
        "All that is stored of your account: {} lines, and one that says that they have ended.",
        lines.len()
    ));
    lines.push("End of the export.".into());
    ctx.notices(lines);
    Ok(())
}

/// What is not shown: nobody needs it who is the owner, and anybody could use it who is not.
const SECRETS: [&str; 4] = [PASSWORD, PENDING, RESET, SCRAM];

fn lines(record: &Record) -> Vec<String> {
    let registered = welcome::date_text(record.id.0.wall());
    let mut lines =
        vec![format!("{{\"record\":\"{}\",\"registered\":{}}}", record.id, quoted(&registered))];
    for (key, field) in record.fields() {
        let secret = SECRETS.contains(&key) || [APP, RECOVERY].iter().any(|it| key.starts_with(it));
        let written = quoted(&welcome::date_text(field.at.wall()));
        let (key, by) = (quoted(key), quoted(&field.by));
        let end = format!("\"written\":{written},\"by\":{by}}}");
        match field.value.as_deref() {
            None => lines.push(format!("{{\"field\":{key},\"value\":null,{end}")),
            Some(_) if secret => lines.push(format!("{{\"field\":{key},\"secret\":true,{end}")),
            Some(value) => {
                // A long value comes in parts, of which each is a line.
                let (mut rest, mut part) = (value, 1);
                loop {
                    let piece = head(rest, VALUE_PIECE);
                    rest = rest.get(piece.len()..).unwrap_or_default();
                    let more = if rest.is_empty() && part == 1 {
                        String::new()
                    } else {
                        format!("\"part\":{part},")
                    };
                    let piece = quoted(piece);
                    lines.push(format!("{{\"field\":{key},{more}\"value\":{piece},{end}"));
                    part += 1;
                    if rest.is_empty() {
                        break;
                    }
                }
            }
        }
    }
    lines
}

/// How much of a value stands in a line, in bytes, which may double when it is quoted.
const VALUE_PIECE: usize = 100;

/// A text as JSON has it (RFC 8259 §7).
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted += &format!("\\u{:04x}", u32::from(c)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        registry::{Edit, Kind, RecordId, What},
        sim::script::check,
        time::{Sid, Stamp},
    };

    #[test]
    fn who_asks_is_shown_all_but_secrets() {
        check(
            r#"
            alice > NS EXPORT
            alice <~ :NickServ!services@services.test NOTICE alice :You are not logged in.*
            alice > NS REGISTER sesame-open alice@mail.example
            alice > NS SET ENFORCE 5m
            alice > NS EXPORT
            alice < :NickServ!services@services.test NOTICE alice :All that is stored of your account: 7 lines, and one that says that they have ended.
            alice <~ :NickServ!services@services.test NOTICE alice :{"record":"1a3185c5*","registered":"2027-*"}
            alice <~ :NickServ!services@services.test NOTICE alice :{"field":"enforce","value":"5m","written":"2027-*","by":"alice!~alice@alice.test"}
            alice <~ :NickServ!services@services.test NOTICE alice :{"field":"mail","value":"alice@mail.example",*
            alice <~ :NickServ!services@services.test NOTICE alice :{"field":"name","value":"alice",*
            alice <~ :NickServ!services@services.test NOTICE alice :{"field":"nick:alice","value":"alice",*
            alice <~ :NickServ!services@services.test NOTICE alice :{"field":"password","secret":true,*
            alice <~ :NickServ!services@services.test NOTICE alice :{"field":"scram","secret":true,*
            alice < :NickServ!services@services.test NOTICE alice :End of the export.
            alice <! sesame-open
            "#,
        );
    }

    #[test]
    fn what_codes_are_made_of_is_not_shown() {
        check(
            r#"
            account alice password=sesame totp:1=GEZDGNBVGY3TQOJQ:phone totp-new=GEZDGNBVGY3TQOJQ
            alice > NS IDENTIFY alice sesame
            alice > NS EXPORT
            alice <~ * NOTICE alice :{"field":"totp-new","secret":true,*
            alice <~ * NOTICE alice :{"field":"totp:1","secret":true,*
            alice < :NickServ!services@services.test NOTICE alice :End of the export.
            alice <! GEZDGNBVGY3TQOJQ
            "#,
        );
    }

    #[test]
    fn a_long_value_comes_in_parts_and_every_line_is_whole() {
        let at = Stamp { tick: 1, server: Sid::FIRST };
        let value = "é\"\\\n".repeat(64);
        let what = What::Write(vec![("note".into(), Some(value.into()))]);
        let edit = Edit { id: RecordId(at), kind: Kind::Account, at, by: "x".into(), what };
        let mut record = Record::new(edit.id, Kind::Account);
        record.apply(&edit);
        let lines = lines(&record);
        assert_eq!(lines.len(), 5);
        assert!(
            lines[1].starts_with("{\"field\":\"note\",\"part\":1,\"value\":\"é\\\"\\\\\\u000aé")
        );
        assert!(lines[4].contains("\"part\":4"));
        assert!(lines.iter().all(|line| line.len() < 400 && line.ends_with('}')), "{lines:?}");
    }

    #[test]
    fn much_of_it_comes_as_fast_as_it_is_read() {
        let certs: String = (0..300).map(|number| format!(" cert:{number:064}=")).collect();
        check(&format!(
            r"
            account alice password=sesame{certs}
            alice > NS IDENTIFY alice sesame
            alice > NS EXPORT
            alice <~ * NOTICE alice :All that is stored of your account: 306 lines*
            alice < :NickServ!services@services.test NOTICE alice :End of the export.
            "
        ));
    }
}
