//! The key of a token: its SHA-256, in memory as bytes and on the server as hexadecimal digits after a prefix.

use std::fmt::Write;

use tollgate::host::TokenKey;

/// What every key of a token begins with; gateways are told of changes to these keys only.
pub(crate) const PREFIX: &str = "tollgate:t:";

/// What every key of a refresh token begins with. Gateways remember none, so nobody is told of changes.
pub(crate) const REFRESH: &str = "tollgate:r:";

/// What every key of an authorization code begins with.
pub(crate) const CODES: &str = "tollgate:c:";

/// SHA-256 of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TokenHash([u8; 32]);

impl TokenHash {
    pub(crate) fn of(token: TokenKey<'_>) -> Self {
        Self(token.sha256())
    }

    /// As good as random, unless the sender has chosen the token for it.
    pub(crate) fn first(&self) -> u8 {
        let [first, ..] = self.0;
        first
    }

    /// The key on the server.
    pub(crate) fn name(&self) -> String {
        self.name_after(PREFIX)
    }

    /// The key of what is found under another prefix.
    pub(crate) fn name_after(&self, prefix: &str) -> String {
        let mut name = String::with_capacity(prefix.len() + 64);
        name.push_str(prefix);
        for byte in self.0 {
            // Writing to a string does not fail.
            let _ = write!(name, "{byte:02x}");
        }
        name
    }

    /// The token a key on the server belongs to, or nothing when it is not a key this crate writes.
    pub(crate) fn from_name(name: &[u8]) -> Option<Self> {
        let (pairs, rest) = name.strip_prefix(PREFIX.as_bytes())?.as_chunks::<2>();
        let mut bytes = [0; 32];
        if pairs.len() != bytes.len() || !rest.is_empty() {
            return None;
        }
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Some(Self(bytes))
    }
}

/// A lower-case digit: no other spelling is ever written.
pub(crate) fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_nothing_else_is() {
        let hash = TokenHash::of(TokenKey::new("secret"));
        let name = hash.name();
        assert_eq!(name, "tollgate:t:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b");
        assert_eq!(TokenHash::from_name(name.as_bytes()), Some(hash));
        for other in [
            "",
            "tollgate:t:",
            "tollgate:t:2b",
            name.trim_start_matches("t"),
            &format!("{name}0"),
            &name.to_uppercase(),
        ] {
            assert_eq!(TokenHash::from_name(other.as_bytes()), None, "{other}");
        }
        let upper = name.replace("2bb8", "2BB8");
        assert_eq!(TokenHash::from_name(upper.as_bytes()), None);
    }
}
