//! What the server supports, in lines of RPL_ISUPPORT.

/// The most tokens on a line (Modern IRC, RPL_ISUPPORT).
const TOKENS_MAX: usize = 13;

/// The most bytes of tokens on a line, which leaves room for what stands around them.
const BYTES_MAX: usize = 380;

/// Tokens, in their order, on as many lines as they need.
pub fn lines(tokens: &[(&str, Option<String>)]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut count = 0;
    for (name, value) in tokens {
        let token = match value {
            Some(value) => format!("{name}={}", escape(value)),
            None => (*name).to_owned(),
        };
        match lines.last_mut() {
            Some(line) if count < TOKENS_MAX && line.len() + 1 + token.len() <= BYTES_MAX => {
                line.push(' ');
                line.push_str(&token);
                count += 1;
            }
            Some(_) | None => {
                lines.push(token);
                count = 1;
            }
        }
    }
    lines
}

fn escape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            ' ' => text.push_str("\\x20"),
            '\\' => text.push_str("\\x5C"),
            '=' => text.push_str("\\x3D"),
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_hold_thirteen_tokens() {
        let tokens: Vec<(&str, Option<String>)> = (0..30).map(|_| ("T", None)).collect();
        let lines = lines(&tokens);
        assert_eq!(
            lines.iter().map(|line| line.split(' ').count()).collect::<Vec<_>>(),
            [13, 13, 4]
        );
    }

    #[test]
    fn values_with_spaces_stay_one_token() {
        assert_eq!(lines(&[("NETWORK", Some("A B=c".into()))]), ["NETWORK=A\\x20B\\x3Dc"]);
    }
}
