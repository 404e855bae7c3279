//! Policies: one file each, registered in the table below and nowhere else.
//!
//! A policy file holds what the document says (the AST, public), what may go wrong (`FAULTS`), how it is compiled, and
//! how it runs. The table makes of them the [`Policy`] enum, the dispatch by element name, and the fault catalogue.

mod common;
mod jose;
mod remembered;
mod step;

mod assign_message;
mod decode_jws;
mod decode_jwt;
mod flow_callout;
mod generate_jws;
mod generate_jwt;
mod get_oauth_v2_info;
mod message_edit;
mod oauth_v2;
mod raise_fault;
mod set_oauth_v2_info;
mod verify_jws;
mod verify_jwt;

use serde::Serialize;

use crate::diagnostic::{Diagnostic, Diagnostics, Source, Span};
use crate::fault::FaultSpec;
use crate::limits::Limits;
use crate::plan::Linker;
use crate::xml::{Document, Element};

pub(crate) use raise_fault::is_raise_fault;
pub(crate) use step::{Need, Reply, StepContext, StepResult, TokenReply, TokenRequest};

/// What a policy type is: how it is read, what it raises, how it is compiled.
pub(crate) trait PolicyType: Sized {
    /// What runs.
    type Compiled: Run;
    /// Name of the root element.
    const ELEMENT: &'static str;
    /// First part of the names of its failure variables, as in `oauthV2.{policy}.failed`.
    const PREFIX: &'static str;
    /// Every fault it raises at run time.
    const FAULTS: &'static [FaultSpec];

    /// Reads the document's root; what it does not read is reported by itself.
    fn parse(root: Element<'_>, diagnostics: &mut Diagnostics) -> Option<Self>;

    /// Resolves names, prepares templates and keys. What cannot run is a diagnostic here.
    fn compile(&self, linker: &mut Linker<'_>) -> Option<Self::Compiled>;
}

/// How a compiled policy runs.
pub(crate) trait Run: Send + Sync {
    fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult;

    /// Goes on with what the host answered; only policies that suspend are ever resumed.
    fn resume(&self, cx: &mut StepContext<'_, '_>, reply: Reply) -> StepResult {
        let _ = reply;
        cx.unexpected()
    }

    /// Whether it can suspend the run.
    fn may_suspend(&self) -> bool {
        false
    }
}

macro_rules! policy_table {
    ($($name:ident => $($path:ident)::+,)+) => {
        /// A policy as its document says it, one variant per root element.
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[non_exhaustive]
        pub enum Policy {
            $(
                #[doc = concat!("`<", stringify!($name), ">`")]
                $name(Box<$($path)::+>),
            )+
        }

        /// A policy as it runs.
        pub(crate) enum CompiledPolicy {
            $($name(<$($path)::+ as PolicyType>::Compiled),)+
        }

        impl Policy {
            fn parse(root: Element<'_>, diagnostics: &mut Diagnostics) -> Option<Self> {
                match root.name() {
                    $(<$($path)::+ as PolicyType>::ELEMENT => {
                        <$($path)::+ as PolicyType>::parse(root, diagnostics).map(|it| Self::$name(Box::new(it)))
                    })+
                    _ => None,
                }
            }

            pub(crate) fn compile(&self, linker: &mut Linker<'_>) -> Option<CompiledPolicy> {
                match self {
                    $(Self::$name(policy) => policy.compile(linker).map(CompiledPolicy::$name),)+
                }
            }

            /// The type of the policy, as rows of [`TYPES`] describe it.
            pub fn policy_type(&self) -> &'static PolicyTypeInfo {
                match self {
                    $(Self::$name(_) => {
                        const INFO: PolicyTypeInfo = PolicyTypeInfo::of::<$($path)::+>();
                        &INFO
                    })+
                }
            }
        }

        impl Run for CompiledPolicy {
            fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
                match self { $(Self::$name(policy) => policy.execute(cx),)+ }
            }

            fn resume(&self, cx: &mut StepContext<'_, '_>, reply: Reply) -> StepResult {
                match self { $(Self::$name(policy) => policy.resume(cx, reply),)+ }
            }

            fn may_suspend(&self) -> bool {
                match self { $(Self::$name(policy) => policy.may_suspend(),)+ }
            }
        }

        /// Every policy type that parses and runs.
        pub const TYPES: &[PolicyTypeInfo] = &[$(PolicyTypeInfo::of::<$($path)::+>(),)+];
    };
}

policy_table! {
    AssignMessage => assign_message::AssignMessage,
    DecodeJWS => decode_jws::DecodeJWS,
    DecodeJWT => decode_jwt::DecodeJWT,
    FlowCallout => flow_callout::FlowCallout,
    GenerateJWS => generate_jws::GenerateJWS,
    GenerateJWT => generate_jwt::GenerateJWT,
    GetOAuthV2Info => get_oauth_v2_info::GetOAuthV2Info,
    OAuthV2 => oauth_v2::OAuthV2,
    RaiseFault => raise_fault::RaiseFault,
    SetOAuthV2Info => set_oauth_v2_info::SetOAuthV2Info,
    VerifyJWS => verify_jws::VerifyJWS,
    VerifyJWT => verify_jwt::VerifyJWT,
}

/// The policy types themselves, with everything their elements say.
pub mod ast {
    pub use super::assign_message::{AssignMessage, AssignTo, MessageKind};
    pub use super::common::{Attribute, ValueOrRef};
    pub use super::decode_jws::DecodeJWS;
    pub use super::decode_jwt::DecodeJWT;
    pub use super::flow_callout::{FlowCallout, Parameter};
    pub use super::generate_jws::GenerateJWS;
    pub use super::generate_jwt::GenerateJWT;
    pub use super::get_oauth_v2_info::GetOAuthV2Info;
    pub use super::jose::EncryptionAlgorithms;
    pub use super::jose::keys::{Jwks, PrivateKey, PublicKey, SecretEncoding, SecretKey};
    pub use super::jose::named::{ClaimType, NamedValue, NamedValues};
    pub use super::message_edit::{
        AssignVariable, Authentication, Change, CopyParts, GoogleAccessToken, GoogleIdToken, MessageAction,
        NamedTemplate, Payload, Selected, SelectedItem, SelectedPart,
    };
    pub use super::oauth_v2::*;
    pub use super::raise_fault::RaiseFault;
    pub use super::set_oauth_v2_info::SetOAuthV2Info;
    pub use super::verify_jws::VerifyJWS;
    pub use super::verify_jwt::{MaxLifespan, VerifyJWT};
}

/// A row of the table of policy types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyTypeInfo {
    /// Name of the root element.
    pub element: &'static str,
    /// First part of the names of its failure variables.
    pub prefix: &'static str,
    /// Every fault it raises at run time.
    pub faults: &'static [FaultSpec],
}

impl PolicyTypeInfo {
    const fn of<T: PolicyType>() -> Self {
        Self { element: T::ELEMENT, prefix: T::PREFIX, faults: T::FAULTS }
    }
}

/// A policy document: the attributes every policy has, and the policy itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PolicyDocument {
    /// The name steps refer to: the `name` attribute, or the name of the file where there is none (SAP).
    pub name: String,
    /// Label for people.
    pub display_name: Option<String>,
    /// Whether its steps run at all.
    pub enabled: bool,
    /// Whether the flow goes on after it failed.
    pub continue_on_error: bool,
    /// Kept because documents carry it; it has no effect.
    pub is_async: bool,
    /// What it does.
    pub policy: Policy,
    /// The document's text, for diagnostics at link time.
    #[serde(skip)]
    pub(crate) source: Source,
    #[serde(skip)]
    pub(crate) span: Span,
}

impl PolicyDocument {
    /// Reads one policy document; `name` stands in where the root has no `name` attribute.
    ///
    /// Findings go to `diagnostics`; the result is absent when there is no policy to speak of.
    ///
    /// ```
    /// use tollgate::diagnostic::{Diagnostics, Source};
    /// use tollgate::policy::PolicyDocument;
    ///
    /// let source = Source::new("verify.xml", "<OAuthV2><Operation>VerifyAccessToken</Operation></OAuthV2>");
    /// let mut findings = Diagnostics::new();
    /// let document = PolicyDocument::parse(&source, "verify", &tollgate::Limits::default(), &mut findings);
    /// assert_eq!(document.map(|d| d.name).as_deref(), Some("verify"));
    /// assert!(findings.is_empty());
    /// ```
    pub fn parse(source: &Source, name: &str, limits: &Limits, diagnostics: &mut Diagnostics) -> Option<Self> {
        let document = Document::parse(source, limits, diagnostics)?;
        Self::from_root(document.root(), name, diagnostics)
    }

    /// The shared flow it calls, if it is a FlowCallout.
    pub(crate) fn shared_flow(&self) -> Option<&str> {
        match &self.policy {
            Policy::FlowCallout(callout) => Some(&callout.shared_flow_bundle),
            _ => None,
        }
    }

    pub(crate) fn from_root(root: Element<'_>, name: &str, diagnostics: &mut Diagnostics) -> Option<Self> {
        let name = match root.attribute("name") {
            Some(attribute) if attribute.value.trim().is_empty() => {
                diagnostics.push(
                    Diagnostic::error("policy::empty-name", "the policy has an empty name")
                        .at(root.source(), attribute.span),
                );
                name.to_owned()
            }
            Some(attribute) => attribute.value.trim().to_owned(),
            None => name.to_owned(),
        };
        let enabled = root.attribute_flag("enabled", true, diagnostics);
        let continue_on_error = root.attribute_flag("continueOnError", false, diagnostics);
        let is_async = root.attribute_flag("async", false, diagnostics);
        let display_name = root.child_text("DisplayName", diagnostics).map(|text| text.into_owned());
        // The vendors' editors write these into policies of every type, the lists empty.
        for element in root.elements() {
            match element.name() {
                "Description" => element.read_all(),
                "Properties" | "FaultRules" if element.is_empty() => element.read(),
                _ => {}
            }
        }
        if !TYPES.iter().any(|known| known.element == root.name()) {
            root.read_all();
            diagnostics.push(
                Diagnostic::error("policy::unknown-type", format!("policy type `{}` is not supported", root.name()))
                    .at(root.source(), root.span())
                    .help("remove the policy, or keep this bundle on the vendor's runtime"),
            );
            return None;
        }
        let policy = Policy::parse(root, diagnostics);
        root.finish(diagnostics);
        Some(Self {
            name,
            display_name,
            enabled,
            continue_on_error,
            is_async,
            policy: policy?,
            source: root.source().clone(),
            span: root.span(),
        })
    }
}
