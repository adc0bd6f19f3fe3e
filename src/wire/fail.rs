//! Standard replies (`ircv3: standard-replies`): every code, once.

/// How bad it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// It was not done.
    Fail,
    /// It was done, but.
    Warn,
    /// For information.
    Note,
}

/// A standard reply.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Standard {
    /// How bad it is.
    pub kind: Kind,
    /// The command it is about; `*` for none.
    pub command: &'static str,
    /// What programs read.
    pub code: &'static str,
    /// What it is about.
    pub context: Vec<String>,
    /// What people read.
    pub text: &'static str,
}

impl Standard {
    /// The command on the wire.
    pub fn verb(&self) -> &'static str {
        match self.kind {
            Kind::Fail => "FAIL",
            Kind::Warn => "WARN",
            Kind::Note => "NOTE",
        }
    }

    /// All that follows it.
    pub fn body(&self) -> String {
        let mut body = format!("{} {} ", self.command, self.code);
        for context in &self.context {
            super::encode::push_middle(&mut body, context);
            body.push(' ');
        }
        body.push(':');
        body.push_str(self.text);
        body
    }
}

/// `/// doc` `Kind make(params) => "COMMAND" "CODE" [context] "text";`
macro_rules! standards {
    ($($(#[doc = $doc:literal])* $kind:ident $make:ident($($param:ident),*) => $command:literal $code:literal $text:literal;)*) => {
        $($(#[doc = $doc])*
        pub fn $make($($param: &str),*) -> Standard {
            let context = vec![$($param.to_owned()),*];
            Standard { kind: Kind::$kind, command: $command, code: $code, context, text: $text }
        })*
    };
}

standards! {
    /// A line that is not UTF-8 (`ircv3: utf8-only`).
    Fail invalid_utf8() => "*" "INVALID_UTF8" "Your message is not UTF-8 and was not handled; set your client to UTF-8.";
    /// A real name that cannot be (`ircv3: setname`).
    Fail invalid_realname() => "SETNAME" "INVALID_REALNAME" "Your real name is empty or too long.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standard_reply_reads_as_specified() {
        assert!(invalid_utf8().body().starts_with("* INVALID_UTF8 :Your message"));
        assert_eq!(invalid_realname().verb(), "FAIL");
    }
}
