//! The states of entities, read without regard to case; an unknown state never approves anything.

use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

/// Declares an enum of vendor words: the first is meant when nothing is written, the last when the word is not known.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ } default $default:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
            /// A word this library does not know.
            Unknown,
        }

        impl $name {
            /// The enum for a vendor's word, whatever its case.
            pub fn from_word(word: &str) -> Self {
                match word.trim() {
                    $(word if word.eq_ignore_ascii_case($word) => Self::$variant,)+
                    _ => Self::Unknown,
                }
            }

            /// The vendor's word.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Unknown => "unknown",
                }
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::$default
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = Option::<Cow<'de, str>>::deserialize(deserializer)?;
                Ok(word.map_or_else(Self::default, |word| Self::from_word(&word)))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

words! {
    /// State of an app, of a credential, or of a product on a credential.
    ApprovalStatus {
        /// In use.
        Approved = "approved",
        /// Withdrawn.
        Revoked = "revoked",
        /// Waiting for a manual approval.
        Pending = "pending",
    }
    default Approved
}

words! {
    /// State of a developer or a company.
    DeveloperStatus {
        /// In use.
        Active = "active",
        /// Switched off.
        Inactive = "inactive",
        /// Shut out after failed log-ins.
        LoginLock = "login_lock",
    }
    default Active
}

words! {
    /// What shares one counter when a product's quota is counted.
    QuotaCounterScope {
        /// Not written, which means per operation.
        Unspecified = "QUOTA_COUNTER_SCOPE_UNSPECIFIED",
        /// All operations of one proxy.
        Proxy = "PROXY",
        /// Each operation by itself.
        Operation = "OPERATION",
        /// Everything the product opens.
        Product = "PRODUCT",
    }
    default Unspecified
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_in_any_case_and_unknown_ones_approve_nothing() {
        for (json, status) in [
            (r#""approved""#, ApprovalStatus::Approved),
            (r#""APPROVED""#, ApprovalStatus::Approved),
            (r#""Revoked""#, ApprovalStatus::Revoked),
            (r#""pending""#, ApprovalStatus::Pending),
            (r#""""#, ApprovalStatus::Unknown),
            (r#""aproved""#, ApprovalStatus::Unknown),
            ("null", ApprovalStatus::Approved),
        ] {
            assert_eq!(serde_json::from_str::<ApprovalStatus>(json).unwrap(), status, "{json}");
        }
        assert_eq!(DeveloperStatus::from_word("Login_Lock"), DeveloperStatus::LoginLock);
        assert_eq!(serde_json::to_string(&DeveloperStatus::Active).unwrap(), r#""active""#);
    }
}
