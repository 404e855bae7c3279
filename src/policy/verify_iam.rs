//! VerifyIAM: lets Google Cloud's IAM decide about a request.

use super::PolicySyntax;
use super::shape::shape;
use crate::diagnostic::Spanned;

shape! {
    /// `<VerifyIAM>` as its document says it.
    pub struct VerifyIam {
        /// `<CredentialSource>`: the variable with the credential; the `Authorization` header when absent.
        child "CredentialSource" credential_source: Option<Spanned<String>>,
    }
}

impl PolicySyntax for VerifyIam {
    const ELEMENT: &'static str = "VerifyIAM";
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn the_credential_may_be_named() {
        for (inside, want) in [
            ("", &[][..]),
            ("<CredentialSource>request.header.token</CredentialSource>", &[]),
            ("<CredentialsSource/>", &["xml::unknown-element"]),
        ] {
            assert_eq!(codes(&format!("<VerifyIAM>{inside}</VerifyIAM>")), want, "{inside}");
        }
    }
}
