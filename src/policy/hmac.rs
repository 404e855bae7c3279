//! HMAC: computes a keyed digest of a message, or verifies one.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD, URL_SAFE_NO_PAD};

use super::shape::{Hidden, shape, words};
use super::{OwnVariables, PolicySyntax, PolicyType, Run, StepContext, StepResult};
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::fault::{FaultSpec, Raised};
use crate::plan::Linker;
use crate::template::digest::{self, Algorithm};
use crate::template::{CompiledTemplate, RenderError, Syntax, Unresolved};
use crate::variables::{Intern as _, VarRef};
use crate::xml::Element;

words! {
    /// The hash of a keyed digest.
    pub enum HmacAlgorithm: any_case, "hmac::unknown-word" = "InvalidValueForElement" {
        /// `SHA-1`
        Sha1 = "SHA-1" | "SHA1",
        /// `SHA-224`
        Sha224 = "SHA-224" | "SHA224",
        /// `SHA-256`
        Sha256 = "SHA-256" | "SHA256",
        /// `SHA-384`
        Sha384 = "SHA-384" | "SHA384",
        /// `SHA-512`
        Sha512 = "SHA-512" | "SHA512",
        /// `MD-5`
        Md5 = "MD-5" | "MD5",
    }
}

words! {
    /// How a key is written.
    pub enum KeyEncoding: any_case, "hmac::unknown-word" = "InvalidValueForElement" {
        /// Hexadecimal.
        Hex = "hex",
        /// Hexadecimal, by its other name.
        Base16 = "base16",
        /// Base64.
        Base64 = "base64",
        /// As it stands.
        Utf8 = "utf8" | "utf-8",
    }
}

words! {
    /// How a digest is written.
    pub enum HmacEncoding: any_case, "hmac::unknown-word" = "InvalidValueForElement" {
        /// Hexadecimal.
        Hex = "hex",
        /// Hexadecimal, by its other name.
        Base16 = "base16",
        /// Base64.
        Base64 = "base64",
        /// Base64 in the alphabet for URLs; written without padding, read with it too.
        Base64Url = "base64url",
    }
}

shape! {
    /// `<HMAC>` as its document says it.
    pub struct Hmac {
        /// `<Algorithm>`
        child "Algorithm" algorithm: Option<HmacAlgorithm>,
        /// `<Message>`: what the digest is of.
        child "Message" message: Option<HmacMessage>,
        /// `<SecretKey>`
        child "SecretKey" secret_key: Option<HmacSecretKey>,
        /// `<Output>`: where the digest goes.
        child "Output" output: Option<HmacOutput>,
        /// `<VerificationValue>`: the digest that is expected; with it the policy verifies.
        child "VerificationValue" verification_value: Option<HmacVerificationValue>,
        /// `<IgnoreUnresolvedVariables>`: whether an unresolved variable of the message reads as empty text.
        child "IgnoreUnresolvedVariables" ignore_unresolved_variables: bool = false,
    }
}

shape! {
    /// `<Message>` of an HMAC policy.
    pub struct HmacMessage {
        /// The `ref` attribute: the variable with the message; it stands before the template.
        attribute "ref" reference: Option<Spanned<String>>,
        /// A message template, whose white space belongs to the message.
        verbatim template: Spanned<String>,
    }
}

shape! {
    /// `<SecretKey>` of an HMAC policy.
    pub struct HmacSecretKey {
        /// The `ref` attribute: the `private.` variable with the key.
        attribute "ref" reference: Option<Spanned<String>>,
        /// The `encoding` attribute.
        attribute "encoding" encoding: KeyEncoding = KeyEncoding::Utf8,
        /// A key in the document, which is refused.
        text literal: Option<Spanned<Hidden>>,
    }
}

shape! {
    /// `<Output>` of an HMAC policy.
    pub struct HmacOutput {
        /// The `encoding` attribute.
        attribute "encoding" encoding: HmacEncoding = HmacEncoding::Base64,
        /// Name of the variable; `hmac.{policy}.output` when absent.
        text variable: Option<Spanned<String>>,
    }
}

shape! {
    /// `<VerificationValue>` of an HMAC policy.
    pub struct HmacVerificationValue {
        /// The `ref` attribute: the variable with the value; it stands before the text.
        attribute "ref" reference: Option<Spanned<String>>,
        /// The `encoding` attribute.
        attribute "encoding" encoding: HmacEncoding = HmacEncoding::Base64,
        /// The value itself.
        text value: Option<Spanned<Hidden>>,
    }
}

const UNRESOLVED: FaultSpec = FaultSpec::new(
    "steps.hmac.UnresolvedVariable",
    401,
    "Unresolved variable {detail}",
    "the variable of the message, the key or the expected value, or one in the message, does not resolve",
);
const VERIFICATION_FAILED: FaultSpec = FaultSpec::new(
    "steps.hmac.HmacVerificationFailed",
    401,
    "HMAC verification failed",
    "the digest is not the one of `VerificationValue`, or that is no digest",
);
const CALCULATION_FAILED: FaultSpec = FaultSpec::new(
    "steps.hmac.HmacCalculationFailed",
    401,
    "HMAC calculation failed",
    "the key is not in its encoding, or the message cannot be made",
);
const EMPTY_SECRET_KEY: FaultSpec =
    FaultSpec::new("steps.hmac.EmptySecretKey", 401, "Secret key is empty", "the key is empty");
const EMPTY_VERIFICATION_VALUE: FaultSpec = FaultSpec::new(
    "steps.hmac.EmptyVerificationValue",
    401,
    "Verification value is empty",
    "the expected value is empty",
);

/// A variable that has to resolve.
struct Variable {
    var: VarRef,
    name: Arc<str>,
}

enum Text {
    Variable(Variable),
    Template(CompiledTemplate),
    Literal(Box<str>),
}

/// HMAC as it runs.
pub(crate) struct Compiled {
    algorithm: Algorithm,
    message: Text,
    unresolved: Unresolved,
    key: Variable,
    key_encoding: KeyEncoding,
    output_encoding: HmacEncoding,
    expected: Option<(Text, HmacEncoding)>,
    output: VarRef,
    message_output: VarRef,
    encoding_output: VarRef,
}

/// What a `ref` attribute says, if anything.
fn named(reference: &Option<Spanned<String>>) -> Option<&Spanned<String>> {
    reference.as_ref().filter(|name| !name.trim().is_empty())
}

impl PolicySyntax for Hmac {
    const ELEMENT: &'static str = "HMAC";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        let text = |name: &str| {
            let element = root.elements().find(|element| element.name() == name);
            element.map(|element| element.text().into_owned()).unwrap_or_default()
        };
        let message = self.message.as_ref();
        let key = self.secret_key.as_ref();
        let literal = key.and_then(|key| key.literal.as_ref());
        let has_message = message.is_some_and(|it| named(&it.reference).is_some() || !it.template.is_empty());
        let has_key = literal.is_some() || key.is_some_and(|key| named(&key.reference).is_some());
        for (name, is_there) in
            [("Algorithm", !text("Algorithm").is_empty()), ("Message", has_message), ("SecretKey", has_key)]
        {
            if !is_there {
                let finding = Diagnostic::error("hmac::incomplete", format!("`{name}` is missing or says nothing"));
                d.push(finding.vendor("MissingConfigurationElement").at(root.source(), root.span()));
            }
        }
        if let Some(literal) = literal {
            let finding = Diagnostic::error("hmac::key-in-document", "the key stands in the document");
            d.push(
                finding
                    .vendor("InvalidSecretInConfig")
                    .at(root.source(), literal.span)
                    .help("name a variable, as in `<SecretKey ref=\"private.key\"/>`"),
            );
        }
        if let Some(name) = key.and_then(|key| named(&key.reference)).filter(|name| !is_private(name)) {
            let message = format!("variable `{}` of the key is not private", name.value);
            let finding = Diagnostic::error("hmac::key-not-private", message).vendor("InvalidVariableName");
            d.push(finding.at(root.source(), name.span).help("the name has to begin with `private.`"));
        }
    }
}

fn is_private(name: &str) -> bool {
    name.trim().strip_prefix("private.").is_some_and(|rest| !rest.is_empty())
}

impl PolicyType for Hmac {
    type Compiled = Compiled;
    const PREFIX: &'static str = "hmac";
    const VARIABLES: &'static [OwnVariables] =
        &[OwnVariables { prefix: "hmac", names: &["message", "output", "outputencoding"] }];
    const FAULTS: &'static [FaultSpec] =
        &[UNRESOLVED, VERIFICATION_FAILED, CALCULATION_FAILED, EMPTY_SECRET_KEY, EMPTY_VERIFICATION_VALUE];

    fn compile(&self, linker: &mut Linker<'_>) -> Option<Compiled> {
        let variable = |name: &str, linker: &mut Linker<'_>| {
            let name = name.trim();
            Variable { var: linker.intern(name), name: name.into() }
        };
        let message = self.message.as_ref()?;
        let message = match named(&message.reference) {
            Some(name) => Text::Variable(variable(name, linker)),
            None => {
                let syntax = Syntax { optional_quotes: false, ..Syntax::default() };
                Text::Template(linker.template(&message.template, &syntax)?)
            }
        };
        let expected = self.verification_value.as_ref().map(|it| {
            let text = match named(&it.reference) {
                Some(name) => Text::Variable(variable(name, linker)),
                None => Text::Literal(it.value.as_ref().map_or("", |value| value.value.0.as_str()).into()),
            };
            (text, it.encoding)
        });
        let key = self.secret_key.as_ref()?;
        let output = match self.output.as_ref().and_then(|output| output.variable.as_ref()) {
            Some(name) => linker.intern(name),
            None => linker.own("hmac", "output"),
        };
        Some(Compiled {
            algorithm: match self.algorithm? {
                HmacAlgorithm::Sha1 => Algorithm::Sha1,
                HmacAlgorithm::Sha224 => Algorithm::Sha224,
                HmacAlgorithm::Sha256 => Algorithm::Sha256,
                HmacAlgorithm::Sha384 => Algorithm::Sha384,
                HmacAlgorithm::Sha512 => Algorithm::Sha512,
                HmacAlgorithm::Md5 => Algorithm::Md5,
            },
            message,
            unresolved: if self.ignore_unresolved_variables { Unresolved::Empty } else { Unresolved::Fault },
            key: variable(named(&key.reference)?, linker),
            key_encoding: key.encoding,
            output_encoding: self.output.as_ref().map_or(HmacEncoding::Base64, |output| output.encoding),
            expected,
            output,
            message_output: linker.own("hmac", "message"),
            encoding_output: linker.own("hmac", "outputencoding"),
        })
    }
}

impl Run for Compiled {
    fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
        let (message, tag) = match self.tag(cx) {
            Ok((message, tag)) => (message.into_owned(), tag),
            Err(raised) => return StepResult::Raise(raised),
        };
        let values = [
            (self.message_output, message),
            (self.output, self.output_encoding.encode(&tag)),
            (self.encoding_output, self.output_encoding.as_str().to_owned()),
        ];
        for (var, value) in values {
            if cx.set(var, value).is_err() {
                return cx.unexpected();
            }
        }
        StepResult::Continue
    }
}

impl Compiled {
    /// The message, and its digest once that is known to be the expected one.
    fn tag<'c>(&'c self, cx: &'c StepContext<'_, '_>) -> Result<(Cow<'c, str>, Vec<u8>), Raised> {
        let key = self.key.resolve(cx)?;
        let key = match self.key_encoding {
            KeyEncoding::Utf8 => Some(key.as_bytes().to_vec()),
            KeyEncoding::Hex | KeyEncoding::Base16 => digest::unhex(&key),
            KeyEncoding::Base64 => BASE64.decode(&*key).ok(),
        };
        let key = key.ok_or_else(|| Raised::new(&CALCULATION_FAILED))?;
        if key.is_empty() {
            return Err(Raised::new(&EMPTY_SECRET_KEY));
        }
        let message = self.message.resolve(cx, self.unresolved)?;
        let Some((expected, encoding)) = &self.expected else {
            let tag = digest::mac(self.algorithm, &key, message.as_bytes());
            return Ok((message, tag.ok_or_else(|| Raised::new(&CALCULATION_FAILED))?));
        };
        let expected = expected.resolve(cx, Unresolved::Fault)?;
        if expected.is_empty() {
            return Err(Raised::new(&EMPTY_VERIFICATION_VALUE));
        }
        match encoding.decode(&expected) {
            Some(tag) if digest::verify(self.algorithm, &key, message.as_bytes(), &tag) => Ok((message, tag)),
            _ => Err(Raised::new(&VERIFICATION_FAILED)),
        }
    }
}

impl Variable {
    fn resolve<'c>(&self, cx: &'c StepContext<'_, '_>) -> Result<Cow<'c, str>, Raised> {
        let value = cx.view().read(self.var).map(|value| value.into_text().into_owned().into());
        value.ok_or_else(|| Raised::new(&UNRESOLVED).detail(Arc::clone(&self.name)))
    }
}

impl Text {
    fn resolve<'c>(&'c self, cx: &'c StepContext<'_, '_>, unresolved: Unresolved) -> Result<Cow<'c, str>, Raised> {
        let template = match self {
            Self::Variable(variable) => return variable.resolve(cx),
            Self::Literal(text) => return Ok(Cow::Borrowed(text)),
            Self::Template(template) => template,
        };
        let view = cx.view();
        let text = template.render(&view, &view.render_context(unresolved)).map(|text| text.into_owned().into());
        text.map_err(|error| match error {
            RenderError::Unresolved(name) => Raised::new(&UNRESOLVED).detail(name),
            RenderError::Random => Raised::host_failure(),
            _ => Raised::new(&CALCULATION_FAILED),
        })
    }
}

/// Padding may be left out, as it is in most places that carry keys and digests.
const CONFIG: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, CONFIG);

impl HmacEncoding {
    fn encode(self, bytes: &[u8]) -> String {
        match self {
            Self::Hex | Self::Base16 => bytes.iter().fold(String::new(), |mut text, byte| {
                for nibble in [byte >> 4, byte & 15] {
                    text.extend(char::from_digit(nibble.into(), 16));
                }
                text
            }),
            Self::Base64 => STANDARD.encode(bytes),
            Self::Base64Url => URL_SAFE_NO_PAD.encode(bytes),
        }
    }

    fn decode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Hex | Self::Base16 => digest::unhex(text),
            Self::Base64 => BASE64.decode(text).ok(),
            Self::Base64Url => BASE64_URL.decode(text).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use crate::host::Host;
    use crate::policy::tests::{codes, refused};
    use crate::{Deployment, PolicyEngine};

    const REST: &str = "<Message>m</Message><SecretKey ref='private.key'/>";

    #[test]
    fn what_a_document_needs() {
        for (content, want) in [
            (format!("<Algorithm>SHA-256</Algorithm>{REST}"), &[][..]),
            (format!("<Algorithm>sha512</Algorithm>{REST}<Output encoding='base64url'>o</Output>"), &[]),
            (format!("<Algorithm>md5</Algorithm>{REST}<VerificationValue encoding='HEX' ref='v'/>"), &[]),
            (format!("<Algorithm>SHA-256</Algorithm>{}", REST.replace("<Message>m", "<Message ref='x'>")), &[]),
            (REST.to_owned(), &["MissingConfigurationElement"]),
            (format!("<Algorithm/>{REST}"), &["MissingConfigurationElement"]),
            (format!("<Algorithm>SHA-3</Algorithm>{REST}"), &["InvalidValueForElement"]),
            ("<Algorithm>MD5</Algorithm>".to_owned(), &["MissingConfigurationElement", "MissingConfigurationElement"]),
            (
                "<Algorithm>MD5</Algorithm><Message/><SecretKey ref='private.k'/>".to_owned(),
                &["MissingConfigurationElement"],
            ),
            (
                "<Algorithm>MD5</Algorithm><Message>m</Message><SecretKey ref=''/>".to_owned(),
                &["MissingConfigurationElement"],
            ),
            (
                "<Algorithm>MD5</Algorithm><Message>m</Message><SecretKey>key</SecretKey>".to_owned(),
                &["InvalidSecretInConfig"],
            ),
            (
                "<Algorithm>MD5</Algorithm><Message>m</Message><SecretKey ref='secret.key'/>".to_owned(),
                &["InvalidVariableName"],
            ),
            (
                "<Algorithm>MD5</Algorithm><Message>m</Message><SecretKey ref='private.'/>".to_owned(),
                &["InvalidVariableName"],
            ),
            (
                "<Algorithm>MD5</Algorithm><Message>m</Message><SecretKey ref='private.k' encoding='rot13'/>"
                    .to_owned(),
                &["InvalidValueForElement"],
            ),
            (format!("<Algorithm>MD5</Algorithm>{REST}<Output encoding='utf8'/>"), &["InvalidValueForElement"]),
            (format!("<Algorithm>MD5</Algorithm><Algorithm>MD5</Algorithm>{REST}"), &["xml::duplicate-element"]),
        ] {
            let xml = format!("<HMAC name='h'>{content}</HMAC>");
            assert_eq!(codes(&xml), want, "{content}");
            assert_eq!(refused(&xml), want, "{content}");
        }
    }

    /// The digest of a message under a key, both written as given.
    fn run(key: &str, hmac: &str) -> Result<String, &'static str> {
        let assign = format!(
            "<AssignMessage name='a'><AssignVariable><Name>private.key</Name><Value>{key}</Value></AssignVariable>\
             <IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables></AssignMessage>"
        );
        let deployment =
            Deployment::new().policy("a.xml", &assign).policy("h.xml", &format!("<HMAC name='h'>{hmac}</HMAC>"));
        let engine = PolicyEngine::new(deployment, Host::in_memory()).unwrap();
        let request = http::Request::new(Bytes::new());
        let outcome = engine.evaluate(&request).unwrap();
        match outcome.fault() {
            Some(fault) => Err(fault.name()),
            None => Ok(outcome.variable("hmac.h.output").unwrap().to_text().into_owned()),
        }
    }

    #[test]
    fn published_digests_in_every_encoding() {
        let message = "<Message>what do ya want for nothing?</Message>";
        let policy = |algorithm: &str, key: &str, output: &str| {
            format!(
                "<Algorithm>{algorithm}</Algorithm>{message}<SecretKey ref='private.key' encoding='{key}'/>\
                 <Output encoding='{output}'/>"
            )
        };
        // RFC 2202 and RFC 4231, case 2.
        for (algorithm, want) in [
            ("MD-5", "750c783e6ab0b503eaa86e310a5db738"),
            ("SHA-1", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
            ("sha224", "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44"),
            ("Sha-256", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
            (
                "SHA-384",
                "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
            ),
            (
                "SHA-512",
                "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fd\
                 caeab1a34d4a6b4b636e070a38bce737",
            ),
        ] {
            for (encoding, key) in [("utf8", "Jefe"), ("hex", "4a656665"), ("base16", "4A656665"), ("base64", "SmVmZQ")]
            {
                assert_eq!(run(key, &policy(algorithm, encoding, "base16")).as_deref(), Ok(want), "{algorithm} {key}");
                let verified = format!(
                    "{}<VerificationValue encoding='hex'>{}</VerificationValue>",
                    policy(algorithm, encoding, "hex"),
                    want.to_uppercase()
                );
                assert_eq!(run(key, &verified).as_deref(), Ok(want), "{algorithm} {key}");
                for forged in [want.get(2..).unwrap(), &format!("{want}00"), &want.replace('5', "6"), "x", "5"] {
                    let forged = verified.replace(&want.to_uppercase(), forged);
                    assert_eq!(run(key, &forged), Err("HmacVerificationFailed"), "{algorithm} {forged}");
                }
            }
        }
        let tag = |output: &str| run("Jefe", &policy("MD5", "utf8", output)).unwrap();
        assert_eq!(tag("base64"), "dQx4PmqwtQPqqG4xCl23OA==");
        assert_eq!(tag("base64url"), "dQx4PmqwtQPqqG4xCl23OA");
        for (key, encoding, want) in [
            ("abc", "hex", "HmacCalculationFailed"),
            ("zz", "base16", "HmacCalculationFailed"),
            ("?", "base64", "HmacCalculationFailed"),
            ("", "utf8", "EmptySecretKey"),
            ("", "hex", "EmptySecretKey"),
        ] {
            assert_eq!(run(key, &policy("SHA-1", encoding, "hex")), Err(want), "{key} {encoding}");
        }
    }

    #[test]
    fn white_space_belongs_to_the_message() {
        let policy = |message: &str| {
            format!("<Algorithm>MD5</Algorithm><Message>{message}</Message><SecretKey ref='private.key'/>")
        };
        let tags = ["m", " m", "m\n", "\"m\"", "&lt;m/>"].map(|message| run("k", &policy(message)).unwrap());
        assert_eq!(tags.iter().collect::<std::collections::BTreeSet<_>>().len(), tags.len(), "{tags:?}");
        assert_eq!(tags[4], run("k", &policy("<![CDATA[<m/>]]>")).unwrap());
    }
}
