//! NickServ CERT.

use crate::{
    core::{
        ctx::{Ctx, Outcome},
        dispatch::{Command, Run},
    },
    job::Answer,
    network::UserId,
    registry::{CERT, What},
    wire::message::Args,
};

pub const COMMANDS: &[Command] = &[Command {
    name: "CERT",
    params: "<subcommand> [<fingerprint>]",
    about: "Lists, adds or removes the certificates by which you can log in.",
    help: "CERT LIST shows them. CERT ADD adds the certificate that you are connected with, or one by its SHA-256 fingerprint; CERT DEL <fingerprint> removes one. An account has at most 20. A client that connects with one of them logs in by SASL EXTERNAL.\nExample: CERT ADD",
    replies: &[],
    cost: 3,
    run: Run::User(cert),
    ..Command::USUAL
}];

fn cert(ctx: &mut Ctx<'_>, user: UserId, args: Args<'_>) -> Outcome {
    let Some(login) = super::login(ctx, user) else { return Ok(()) };
    let own = ctx.session().tls.as_ref().and_then(|tls| tls.fingerprint.clone());
    let named = args.given(1).map(|text| text.replace(':', "").to_ascii_lowercase());
    let subcommand = args[0].to_ascii_uppercase();
    let fingerprint = match (subcommand.as_str(), named) {
        ("LIST", _) => return super::read(ctx, login.id, listed),
        ("ADD", None) => own,
        ("ADD" | "DEL", named) => named,
        _ => {
            ctx.notice("CERT knows LIST, ADD and DEL.");
            return Ok(());
        }
    };
    let Some(fingerprint) = fingerprint.filter(|text| is_fingerprint(text)) else {
        ctx.notice("Give the SHA-256 fingerprint of a certificate, 64 hexadecimal digits; or connect with the certificate and say CERT ADD.");
        return Ok(());
    };
    let value = (subcommand == "ADD").then(|| "".into());
    let field = (format!("{CERT}{fingerprint}").into(), value);
    super::write(ctx, user, login.id, What::Write(vec![field]), changed)
}

fn changed(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    super::told(ctx, &answer, "The list of your certificates is changed; CERT LIST shows it.");
    Ok(())
}

fn listed(ctx: &mut Ctx<'_>, answer: Answer) -> Outcome {
    let Some(record) = super::record(ctx, answer) else { return Ok(()) };
    let mut count = 0;
    for (fingerprint, _) in record.under(CERT) {
        count += 1;
        ctx.notice(fingerprint);
    }
    ctx.notice(&format!(
        "Certificates that log in to {}: {count}.",
        record.name().unwrap_or_default()
    ));
    Ok(())
}

fn is_fingerprint(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use crate::sim::script::check;

    #[test]
    fn certificates_are_listed_added_and_removed() {
        let one = "ab".repeat(32);
        check(&format!(
            r"
            alice > NS REGISTER sesame-open
            alice > NS CERT ADD
            alice <~ :NickServ!services@services.test NOTICE alice :Give the SHA-256 fingerprint*
            alice > NS CERT ADD {one}
            alice <~ :NickServ!services@services.test NOTICE alice :The list of your certificates is changed*
            bob   > NS REGISTER sesame-open
            bob   > NS CERT ADD {one}
            bob   < :NickServ!services@services.test NOTICE bob :That belongs to somebody else already. Nothing has been changed.
            alice > NS CERT LIST
            alice < :NickServ!services@services.test NOTICE alice :{one}
            alice < :NickServ!services@services.test NOTICE alice :Certificates that log in to alice: 1.
            alice > NS CERT DEL {one}
            alice > NS CERT LIST
            alice < :NickServ!services@services.test NOTICE alice :Certificates that log in to alice: 0.
            alice > NS CERT FROB
            alice < :NickServ!services@services.test NOTICE alice :CERT knows LIST, ADD and DEL.
            ",
        ));
    }

    #[test]
    fn an_account_has_only_so_many() {
        let add = |number: usize| format!("alice > NS CERT ADD {number:064}\n");
        let all: String = (1..=crate::registry::CERTS_MAX).map(add).collect();
        check(&format!(
            r"
            alice > NS REGISTER sesame-open
            {all}
            alice > NS CERT LIST
            alice < :NickServ!services@services.test NOTICE alice :Certificates that log in to alice: 20.
            {}
            alice <~ :NickServ!services@services.test NOTICE alice :There is no room for it: the account holds as much as it may*
            alice > NS CERT DEL {:064}
            {}
            alice <~ :NickServ!services@services.test NOTICE alice :The list of your certificates is changed*
            alice <~ :NickServ!services@services.test NOTICE alice :The list of your certificates is changed*
            ",
            add(99),
            1,
            add(99)
        ));
    }
}
