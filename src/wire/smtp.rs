//! Handing a mail to a mail server (RFC 6409, RFC 5321): what is said, and what is made of the replies.
//!
//! Pure: bytes go in and out, and whoever carries them encrypts the connection when told to. One dialogue
//! is one connection and one mail. Made for hostile bytes: what is read of a reply is bounded.

use base64::{Engine, engine::general_purpose::STANDARD};
use std::fmt;

/// The longest line of a reply; RFC 5321 §4.5.3.1.5 allows 512.
pub const LINE_MAX: usize = 2000;

/// The most lines of a reply.
pub const LINES_MAX: usize = 100;

/// How much of a reply's text is kept.
const TEXT_MAX: usize = 200;

/// What is to be said.
#[derive(Clone)]
pub struct Plan {
    /// How this host is called.
    pub hello: String,
    /// Whether the connection is to turn to TLS (RFC 3207) before anything else.
    pub starttls: bool,
    /// The user and the password to log in with (RFC 4954).
    pub login: Option<(String, String)>,
    /// The address of the sender.
    pub from: String,
    /// The address of the recipient.
    pub to: String,
    /// The message, each line with its end.
    pub message: String,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is left out is nobody's to read.
        f.debug_struct("Plan").field("hello", &self.hello).finish_non_exhaustive()
    }
}

/// What is to be done next.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Next {
    /// Read something, and hand it to [`Dialogue::hear`].
    Read,
    /// Send this, and ask again.
    Send(Vec<u8>),
    /// Encrypt the connection, and ask again.
    Encrypt,
    /// The mail server has taken the mail: send this, if that can be done, and hang up.
    Done(Vec<u8>),
}

/// At what the dialogue is: what a reply is a reply to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// The mail server has been connected to.
    Greeting,
    /// It has been told who speaks.
    Hello,
    /// It has been asked for TLS.
    StartTls,
    /// The login has begun.
    Login,
    /// It has been told the sender.
    Sender,
    /// It has been told the recipient.
    Recipient,
    /// It has been asked to take the message.
    Data,
    /// It has been given the message.
    Message,
}

/// Why the mail has not been handed over.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// What the server says is no SMTP.
    Malformed,
    /// It said more than it was asked before it spoke TLS, which somebody in between may have put there.
    Injected,
    /// It does not offer TLS.
    NoTls,
    /// It offers no way to log in that is known here.
    NoLogin,
    /// It takes no address that is not ASCII.
    NoUtf8,
    /// It has refused a step.
    Refused {
        /// Which.
        step: Step,
        /// The reply's code.
        code: u16,
        /// Its first line. It may name the recipient.
        text: String,
    },
}

impl Refusal {
    /// Whether it is about this mail, and will be the same the next time.
    pub fn is_final(&self) -> bool {
        match self {
            // A login or a sender that is refused is for an administrator to mend, and not the mail's fault.
            Refusal::Refused { step, code, .. } => {
                *code >= 500 && matches!(step, Step::Recipient | Step::Data | Step::Message)
            }
            Refusal::NoUtf8 => true,
            Refusal::Malformed | Refusal::Injected | Refusal::NoTls | Refusal::NoLogin => false,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Step::Greeting => "the connection",
            Step::Hello => "the greeting (EHLO)",
            Step::StartTls => "to turn to TLS",
            Step::Login => "the user or the password",
            Step::Sender => "the sender",
            Step::Recipient => "the recipient",
            Step::Data | Step::Message => "the message",
        })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Malformed => f.write_str("what the mail server says is no SMTP"),
            Refusal::Injected => {
                f.write_str("the mail server said something before TLS that it was not asked")
            }
            Refusal::NoTls => f.write_str("the mail server does not offer STARTTLS"),
            Refusal::NoLogin => {
                f.write_str("the mail server offers neither PLAIN nor LOGIN to log in with")
            }
            Refusal::NoUtf8 => {
                f.write_str("the mail server takes no addresses with other letters than ASCII")
            }
            // What comes of a login could repeat what was sent.
            Refusal::Refused { step: Step::Login, code, .. } => {
                write!(f, "the mail server refuses {} ({code})", Step::Login)
            }
            Refusal::Refused { step, code, text } => {
                write!(f, "the mail server refuses {step}: {code} {text}")
            }
        }
    }
}

/// A dialogue.
#[derive(Debug)]
pub struct Dialogue {
    plan: Plan,
    step: Step,
    encrypted: bool,
    /// What has been heard of a reply that is not complete.
    heard: Vec<u8>,
    /// The lines of a reply that have come.
    lines: Vec<String>,
    offers: Offers,
    /// What is sent next of a login in several steps.
    answers: Vec<String>,
    next: Vec<Next>,
}

/// What a mail server can do.
#[derive(Debug, Default)]
struct Offers {
    starttls: bool,
    plain: bool,
    login: bool,
    utf8: bool,
}

impl Dialogue {
    /// A dialogue with a mail server that has just been connected to.
    pub fn new(plan: Plan) -> Dialogue {
        Dialogue {
            plan,
            step: Step::Greeting,
            encrypted: false,
            heard: Vec::new(),
            lines: Vec::new(),
            offers: Offers::default(),
            answers: Vec::new(),
            next: Vec::new(),
        }
    }

    /// What is to be done next.
    pub fn take_next(&mut self) -> Next {
        if self.next.is_empty() { Next::Read } else { self.next.remove(0) }
    }

    /// At what it is.
    pub fn step(&self) -> Step {
        self.step
    }

    /// Something has come.
    pub fn hear(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        for byte in bytes {
            match byte {
                b'\n' => self.line()?,
                byte => self.heard.push(*byte),
            }
            if self.heard.len() > LINE_MAX {
                return Err(Refusal::Malformed);
            }
        }
        // What comes before TLS is not to be taken for what comes after.
        let more = !self.heard.is_empty() || !self.lines.is_empty();
        if more && self.next.contains(&Next::Encrypt) { Err(Refusal::Injected) } else { Ok(()) }
    }

    /// A line of a reply is complete.
    fn line(&mut self) -> Result<(), Refusal> {
        let line = std::mem::take(&mut self.heard);
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end_matches('\r');
        let (code, rest) = line.split_at_checked(3).ok_or(Refusal::Malformed)?;
        let code = code.parse::<u16>().ok().filter(|code| (200..600).contains(code));
        let code = code.ok_or(Refusal::Malformed)?;
        if self.lines.len() >= LINES_MAX {
            return Err(Refusal::Malformed);
        }
        let last = match rest.chars().next() {
            None | Some(' ') => true,
            Some('-') => false,
            Some(_) => return Err(Refusal::Malformed),
        };
        self.lines.push(rest.get(1..).unwrap_or_default().chars().take(TEXT_MAX).collect());
        if !last {
            return Ok(());
        }
        if !self.next.is_empty() {
            // A reply to what has not been said yet.
            let early = self.next.contains(&Next::Encrypt);
            return Err(if early { Refusal::Injected } else { Refusal::Malformed });
        }
        let lines = std::mem::take(&mut self.lines);
        self.reply(code, &lines)
    }

    fn reply(&mut self, code: u16, lines: &[String]) -> Result<(), Refusal> {
        let step = self.step;
        let wanted = match step {
            Step::StartTls | Step::Greeting => 220,
            Step::Hello | Step::Sender | Step::Message => 250,
            Step::Login if code == 334 && !self.answers.is_empty() => 334,
            Step::Login => 235,
            // 251 passes it on to another address.
            Step::Recipient if code == 251 => 251,
            Step::Recipient => 250,
            Step::Data => 354,
        };
        if code != wanted {
            let text = lines.first().cloned().unwrap_or_default();
            let text = text.chars().filter(|c| !c.is_control()).collect();
            return Err(Refusal::Refused { step, code, text });
        }
        match step {
            Step::Greeting => self.hello(),
            Step::Hello => {
                self.offers = offers(lines);
                return self.begin();
            }
            Step::StartTls => {
                self.encrypted = true;
                self.next.push(Next::Encrypt);
                self.hello();
            }
            Step::Login if code == 334 => {
                let answer = self.answers.remove(0);
                self.say(Step::Login, &answer);
            }
            Step::Login => return self.sender(),
            Step::Sender => {
                let to = format!("RCPT TO:<{}>", self.plan.to);
                self.say(Step::Recipient, &to);
            }
            Step::Recipient => self.say(Step::Data, "DATA"),
            Step::Data => {
                self.step = Step::Message;
                let message = stuffed(&self.plan.message);
                self.next.push(Next::Send(message.into_bytes()));
            }
            Step::Message => self.next.push(Next::Done(b"QUIT\r\n".to_vec())),
        }
        Ok(())
    }

    fn hello(&mut self) {
        let hello = format!("EHLO {}", self.plan.hello);
        self.say(Step::Hello, &hello);
    }

    /// The server has said what it can do.
    fn begin(&mut self) -> Result<(), Refusal> {
        if self.plan.starttls && !self.encrypted {
            if !self.offers.starttls {
                return Err(Refusal::NoTls);
            }
            self.say(Step::StartTls, "STARTTLS");
            return Ok(());
        }
        let Some((user, password)) = self.plan.login.clone() else { return self.sender() };
        if self.offers.plain {
            let plain = STANDARD.encode(format!("\0{user}\0{password}"));
            self.say(Step::Login, &format!("AUTH PLAIN {plain}"));
        } else if self.offers.login {
            self.answers = vec![STANDARD.encode(user), STANDARD.encode(password)];
            self.say(Step::Login, "AUTH LOGIN");
        } else {
            return Err(Refusal::NoLogin);
        }
        Ok(())
    }

    fn sender(&mut self) -> Result<(), Refusal> {
        let plain = self.plan.from.is_ascii() && self.plan.to.is_ascii();
        if !plain && !self.offers.utf8 {
            return Err(Refusal::NoUtf8);
        }
        let utf8 = if plain { "" } else { " SMTPUTF8" };
        let from = format!("MAIL FROM:<{}>{utf8}", self.plan.from);
        self.say(Step::Sender, &from);
        Ok(())
    }

    fn say(&mut self, step: Step, line: &str) {
        self.step = step;
        self.next.push(Next::Send(format!("{line}\r\n").into_bytes()));
    }
}

/// What a reply to EHLO offers.
fn offers(lines: &[String]) -> Offers {
    let mut offers = Offers::default();
    // The first line is the server's name.
    for line in lines.iter().skip(1) {
        let line = line.to_ascii_uppercase();
        let mut words = line.split([' ', '=']);
        match words.next() {
            Some("STARTTLS") => offers.starttls = true,
            Some("SMTPUTF8") => offers.utf8 = true,
            Some("AUTH") => {
                for word in words {
                    offers.plain |= word == "PLAIN";
                    offers.login |= word == "LOGIN";
                }
            }
            _ => (),
        }
    }
    offers
}

/// A message as it is sent: a dot at the beginning of a line is doubled, and one alone is the end (RFC 5321
/// §4.5.2).
fn stuffed(message: &str) -> String {
    let mut out = String::with_capacity(message.len() + 16);
    for line in message.lines() {
        if line.starts_with('.') {
            out.push('.');
        }
        out.push_str(line);
        out.push_str("\r\n");
    }
    out + ".\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        Plan {
            hello: "irc.example".into(),
            starttls: false,
            login: None,
            from: "irc@example.org".into(),
            to: "a@b.example".into(),
            message: "Subject: x\r\n\r\n.one\r\n..\r\n.\r\n".into(),
        }
    }

    fn login() -> Plan {
        Plan { login: Some(("me".into(), "pw".into())), ..plan() }
    }

    /// Plays a dialogue in which the server says these, one after the other; what was done.
    fn play(plan: Plan, replies: &[&str]) -> Result<Vec<String>, Refusal> {
        let mut dialogue = Dialogue::new(plan);
        let (mut done, mut replies) = (Vec::new(), replies.iter());
        loop {
            match dialogue.take_next() {
                Next::Read => match replies.next() {
                    Some(reply) => dialogue.hear(reply.as_bytes())?,
                    None => return Ok(done),
                },
                Next::Send(bytes) => done.push(String::from_utf8(bytes).unwrap()),
                Next::Encrypt => done.push("TLS".into()),
                Next::Done(bytes) => {
                    done.push(String::from_utf8(bytes).unwrap());
                    return Ok(done);
                }
            }
        }
    }

    #[test]
    fn a_mail_is_handed_over() {
        let replies = [
            "220 hi\r\n",
            "250-hi\r\n250 SIZE 1\r\n",
            "250 ok\r\n",
            "250 ok\r\n",
            "354 go\r\n",
            "250\r\n",
        ];
        let done = [
            "EHLO irc.example\r\n",
            "MAIL FROM:<irc@example.org>\r\n",
            "RCPT TO:<a@b.example>\r\n",
            "DATA\r\n",
            "Subject: x\r\n\r\n..one\r\n...\r\n..\r\n.\r\n",
            "QUIT\r\n",
        ];
        assert_eq!(play(plan(), &replies).unwrap(), done);
    }

    #[test]
    fn a_login_comes_after_tls() {
        let plan = Plan { starttls: true, ..login() };
        let replies = [
            "220-hi\r\n220 there\r\n",
            "250-hi\r\n250-AUTH LOGIN\r\n250 STARTTLS\r\n",
            "220 go\r\n",
            // Only what is said after TLS counts.
            "250-hi\r\n250 AUTH LOGIN PLAIN\r\n",
            "235 ok\r\n",
        ];
        let done = play(plan.clone(), &replies).unwrap();
        let hello = "EHLO irc.example\r\n";
        assert_eq!(done[..4], [hello, "STARTTLS\r\n", "TLS", hello]);
        assert_eq!(done[4], "AUTH PLAIN AG1lAHB3\r\n");
        assert!(!format!("{:?}", Dialogue::new(plan.clone())).contains("pw"));
        let without = ["220 hi\r\n", "250 hi\r\n"];
        assert_eq!(play(plan.clone(), &without), Err(Refusal::NoTls));
        for more in ["250 AUTH LOGIN\r\n", "250-x\r\n", "250"] {
            let go = format!("220 go\r\n{more}");
            let injected = ["220 hi\r\n", "250-hi\r\n250 STARTTLS\r\n", &go];
            assert_eq!(play(plan.clone(), &injected), Err(Refusal::Injected));
        }
    }

    #[test]
    fn a_login_goes_in_steps_where_the_server_wants_it() {
        let replies = [
            "220 x\r\n",
            "250-x\r\n250 AUTH=LOGIN\r\n",
            "334 VXNlcg==\r\n",
            "334 \r\n",
            "235 ok\r\n",
        ];
        let done = play(login(), &replies).unwrap();
        assert_eq!(done[1..4], ["AUTH LOGIN\r\n", "bWU=\r\n", "cHc=\r\n"]);
        assert_eq!(play(login(), &["220 x\r\n", "250 x\r\n"]), Err(Refusal::NoLogin));
        let wrong = ["220 x\r\n", "250-x\r\n250 AUTH PLAIN\r\n", "535 AG1lAHB3 is wrong\r\n"];
        let refusal = play(login(), &wrong).unwrap_err();
        assert_eq!(refusal.to_string(), "the mail server refuses the user or the password (535)");
        assert!(!refusal.is_final());
    }

    #[test]
    fn what_is_refused_is_so_for_now_or_for_good() {
        let before = ["220 x\r\n", "250 x\r\n", "250 ok\r\n"];
        let refused = |reply| play(plan(), &[&before[..], &[reply]].concat()).unwrap_err();
        let no = refused("550 5.1.1 no\x07such user\r\n");
        assert_eq!(no.to_string(), "the mail server refuses the recipient: 550 5.1.1 nosuch user");
        assert!(no.is_final());
        assert!(!refused("450 later\r\n").is_final());
        assert!(!play(plan(), &["554 no\r\n"]).unwrap_err().is_final());
        let sender = play(plan(), &["220 x\r\n", "250 x\r\n", "550 not you\r\n"]).unwrap_err();
        assert!(!sender.is_final());
        let utf8 = || Plan { to: "ä@b.example".into(), ..plan() };
        assert!(play(utf8(), &before).unwrap_err().is_final());
        let done = play(utf8(), &["220 x\r\n", "250-x\r\n250 SMTPUTF8\r\n"]).unwrap();
        assert_eq!(done[1], "MAIL FROM:<irc@example.org> SMTPUTF8\r\n");
    }

    #[test]
    fn what_is_no_reply_is_refused_and_what_is_kept_is_bounded() {
        let (long, many) = ("2".repeat(LINE_MAX + 1), "220-x\r\n".repeat(LINES_MAX + 1));
        for reply in ["hi\r\n", "22\r\n", "999 x\r\n", "220_x\r\n", "\r\n", &long, &many] {
            assert_eq!(play(plan(), &[reply]), Err(Refusal::Malformed), "{reply}");
        }
        // It answers before it is asked.
        assert_eq!(play(plan(), &["220 x\r\n250 x\r\n250 ok\r\n"]), Err(Refusal::Malformed));
    }
}
