//! Whether a policy makes or takes signed tokens or encrypted ones, and with what.

use super::failure::TokenKind;
use super::keys::{Elements, Signer, Verifiers};
use super::{EncryptionAlgorithms, TokenType};
use crate::diagnostic::{Diagnostic, Spanned};
use crate::dialect::Vendor;
use crate::jose::{ContentAlgorithm, KeyAlgorithm};
use crate::plan::Linker;

/// What makes a token.
pub(crate) enum Sealer {
    Sign(Signer),
    #[cfg(feature = "jwe")]
    Encrypt(super::encrypted::Encrypter),
}

/// What proves a token.
pub(crate) enum Opener {
    Verify(Verifiers),
    #[cfg(feature = "jwe")]
    Decrypt(super::encrypted::Decrypter),
}

impl Sealer {
    pub(crate) fn may_suspend(&self) -> bool {
        match self {
            Self::Sign(_) => false,
            #[cfg(feature = "jwe")]
            Self::Encrypt(encrypter) => encrypter.may_suspend(),
        }
    }
}

impl Opener {
    pub(crate) fn may_suspend(&self) -> bool {
        match self {
            Self::Verify(keys) => keys.may_suspend(),
            #[cfg(feature = "jwe")]
            Self::Decrypt(_) => false,
        }
    }
}

/// What a JWT policy says of its kind of token.
pub(crate) struct Stated<'a> {
    pub(crate) token_type: Option<TokenType>,
    pub(crate) algorithms: Option<&'a EncryptionAlgorithms>,
    /// Whether content is compressed before it is encrypted.
    #[cfg_attr(not(feature = "jwe"), expect(dead_code, reason = "only what encrypts compresses"))]
    pub(crate) compress: bool,
}

/// What the algorithms of an encrypted token are.
pub(super) struct Algorithms<'a> {
    pub(super) key: KeyAlgorithm,
    /// Where the algorithm of the key is named.
    pub(super) named: &'a Spanned<String>,
    #[cfg_attr(not(feature = "jwe"), expect(dead_code, reason = "checked, and then nothing encrypts"))]
    pub(super) content: Option<ContentAlgorithm>,
}

impl Elements<'_> {
    /// Warns of a policy with algorithms of both kinds, which fails every request.
    pub(crate) fn is_broken(&self, stated: &Stated<'_>, linker: &mut Linker<'_>) -> bool {
        let is_broken = self.algorithm.is_some() && stated.algorithms.is_some();
        if is_broken {
            let message = "the policy has both `Algorithm` and `Algorithms`";
            let finding = Diagnostic::warning("jose::two-algorithms", message).vendor("InvalidConfiguration");
            let finding = finding.at(&linker.source, self.span);
            linker.diagnostics.push(finding.help("keep one; as it is, every request ends in `InvalidConfiguration`"));
        }
        is_broken
    }

    /// What makes the tokens of a JWT policy.
    pub(crate) fn sealer(&self, stated: &Stated<'_>, linker: &mut Linker<'_>) -> Option<Sealer> {
        match self.encryption(stated, linker)? {
            None => self.signer(linker).map(Sealer::Sign),
            #[cfg(feature = "jwe")]
            Some(algorithms) => self.encrypter(&algorithms, stated.compress, linker).map(Sealer::Encrypt),
            #[cfg(not(feature = "jwe"))]
            Some(algorithms) => self.lacking(&algorithms, linker),
        }
    }

    /// What proves the tokens of a JWT policy.
    pub(crate) fn opener(&self, stated: &Stated<'_>, linker: &mut Linker<'_>) -> Option<Opener> {
        match self.encryption(stated, linker)? {
            None => self.verifiers(linker).map(Opener::Verify),
            #[cfg(feature = "jwe")]
            Some(algorithms) => self.decrypter(&algorithms, linker).map(Opener::Decrypt),
            #[cfg(not(feature = "jwe"))]
            Some(algorithms) => self.lacking(&algorithms, linker),
        }
    }

    #[cfg(not(feature = "jwe"))]
    fn lacking<T>(&self, algorithms: &Algorithms<'_>, linker: &mut Linker<'_>) -> Option<T> {
        let message = format!("encryption by `{}` needs the cargo feature `jwe`", algorithms.key.as_str());
        let finding = Diagnostic::error("jose::feature-required", message);
        linker.error(finding.help("build with `--features jwe`"), algorithms.named.span);
        None
    }

    /// The algorithms of an encrypted token; `Some(None)` of a signed one.
    fn encryption<'a>(&self, stated: &Stated<'a>, linker: &mut Linker<'_>) -> Option<Option<Algorithms<'a>>> {
        // Signed is what it would have been; no request gets that far.
        let Some(algorithms) = stated.algorithms.filter(|_| self.algorithm.is_none()) else {
            if stated.token_type == Some(TokenType::Encrypted) && stated.algorithms.is_none() {
                let message = "a policy of type `Encrypted` has no `Algorithms`".to_owned();
                self.refuse(linker, self.span, message, "MissingConfigurationElement", "add them, or sign");
                return None;
            }
            return Some(None);
        };
        if stated.token_type == Some(TokenType::Signed) {
            let message = "`Algorithms` are not for a policy of type `Signed`".to_owned();
            self.refuse(linker, self.span, message, "InvalidConfigurationForActionAndAlgorithm", "remove one of them");
            return None;
        }
        let Some(named) = &algorithms.key else {
            let message = "`Algorithms` has no `Key`".to_owned();
            self.refuse(linker, self.span, message, "MissingConfigurationElement", "add it");
            return None;
        };
        let is_documented = self.kind == TokenKind::Jwt && linker.dialect.vendor != Vendor::Sap;
        let Some(key) = KeyAlgorithm::parse(named).filter(|_| is_documented) else {
            let help = "on Apigee one of dir, RSA-OAEP-256, A*KW, A*GCMKW, PBES2-*, ECDH-ES and ECDH-ES+A*KW";
            let message = format!("`{}` is not an algorithm of this policy", named.value);
            self.refuse(linker, named.span, message, "InvalidValueForElement", help);
            return None;
        };
        let content = match &algorithms.content {
            None => None,
            Some(name) => match ContentAlgorithm::parse(name) {
                Some(content) => Some(content),
                None => {
                    let help = "one of A128CBC-HS256, A192CBC-HS384, A256CBC-HS512, A128GCM, A192GCM and A256GCM";
                    let message = format!("`{}` encrypts no content", name.value);
                    self.refuse(linker, name.span, message, "InvalidValueForElement", help);
                    return None;
                }
            },
        };
        Some(Some(Algorithms { key, named, content }))
    }
}
