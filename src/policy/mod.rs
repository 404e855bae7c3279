//! Policies: one file each, registered in the table below and nowhere else.
//!
//! A policy file holds what the document says (the AST, public), what may go wrong (`FAULTS`), how it is compiled, and
//! how it runs. A file may also stop after the AST: such a policy is read, checked and printed, and a deployment that
//! has it is refused. The table makes of them the [`Policy`] enum, the dispatch by element name, and the fault
//! catalogue.

mod common;
mod document;
mod jose;
mod remembered;
pub(crate) mod shape;
mod step;
#[cfg(test)]
mod tests;

mod access_control;
pub mod access_entity;
pub mod assert_condition;
mod assign_message;
mod basic_authentication;
pub mod cache;
pub mod concurrent_rate_limit;
pub mod concurrent_ratelimit;
pub mod connector_callout;
mod cors;
pub mod data_capture;
mod decode_jws;
mod decode_jwt;
pub mod delete_oauth_v1_info;
mod delete_oauth_v2_info;
pub mod external_callout;
pub mod extract_variables;
pub mod extraction;
mod flow_callout;
mod generate_jws;
mod generate_jwt;
pub mod generate_saml_assertion;
pub mod get_api_product;
pub mod get_oauth_v1_info;
mod get_oauth_v2_info;
pub mod graph_ql;
mod hmac;
pub mod http_modifier;
pub mod integration_callout;
pub mod invalidate_cache;
pub mod java_callout;
pub mod javascript;
pub mod json_threat_protection;
pub mod json_to_xml;
pub mod key_value_map_operations;
pub mod ldap;
pub mod llm_token_quota;
pub mod lookup_cache;
mod message_edit;
pub mod message_logging;
pub mod message_validation;
pub mod monetization_limits_check;
mod named;
pub mod oas_validation;
pub mod oauth_v1;
mod oauth_v2;
pub mod parse_dialogflow_request;
pub mod parse_payload;
pub mod populate_cache;
pub mod prompt_token_limit;
pub mod publish_message;
pub mod quota;
mod raise_fault;
pub mod read_property_set;
pub mod regular_expression_protection;
pub mod reset_quota;
mod resource_url;
pub mod response_cache;
mod revoke_oauth_v2;
pub mod sanitize_model_response;
pub mod sanitize_user_prompt;
pub mod script;
pub mod semantic_cache_lookup;
pub mod semantic_cache_populate;
pub mod service_callout;
pub mod set_dialogflow_response;
pub mod set_integration_request;
mod set_oauth_v2_info;
pub mod spike_arrest;
pub mod statistics_collector;
pub mod target_connection;
pub mod trace_capture;
pub mod validate_saml_assertion;
mod verify_api_key;
pub mod verify_iam;
mod verify_jws;
mod verify_jwt;
pub mod xml_threat_protection;
pub mod xml_to_json;
pub mod xsl;

use serde::Serialize;

use crate::diagnostic::Diagnostics;
use crate::fault::FaultSpec;
use crate::plan::Linker;
use crate::xml::{Element, Markup};

pub use document::PolicyDocument;
pub use named::{NamedProperty, Verbatim, XPathNamespace};
pub(crate) use raise_fault::is_raise_fault;
pub use shape::{Hidden, Int, OrRef, Reference};
pub(crate) use step::{Need, Reply, StepContext, StepResult, TokenReply, TokenRequest};

/// How a policy is written down: the shape of its root element, and what the shape cannot say.
pub(crate) trait PolicySyntax: shape::Shape {
    /// Name of the root element.
    const ELEMENT: &'static str;

    /// Reports what refuses a deployment although every element and attribute could be read.
    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        let _ = (root, d);
    }
}

/// What a policy type that runs is: what it raises, how it is compiled.
pub(crate) trait PolicyType: PolicySyntax {
    /// What runs.
    type Compiled: Run;
    /// First part of the names of its failure variables, as in `oauthV2.{policy}.failed`.
    const PREFIX: &'static str;
    /// Other first parts that the documents give the same variables.
    const ALIASES: &'static [&'static str] = &[];
    /// Every fault it raises at run time.
    const FAULTS: &'static [FaultSpec];
    /// The variables it sets, besides those of its failure.
    const VARIABLES: &'static [OwnVariables] = &[];

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
    (
        runs { $($name:ident => $($path:ident)::+,)+ }
        reads { $($read:ident => $($read_path:ident)::+,)* }
    ) => {
        /// A policy as its document says it, one variant per root element.
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[non_exhaustive]
        pub enum Policy {
            $(
                #[doc = concat!("`<", stringify!($name), ">`")]
                $name(Box<$($path)::+>),
            )+
            $(
                #[doc = concat!("`<", stringify!($read), ">`, which is read and not run yet")]
                $read(Box<$($read_path)::+>),
            )*
        }

        /// A policy as it runs.
        #[expect(clippy::upper_case_acronyms, reason = "the vendors' names")]
        pub(crate) enum CompiledPolicy {
            $($name(<$($path)::+ as PolicyType>::Compiled),)+
        }

        impl Policy {
            /// Reads the root element; what is not read of it is reported by whoever finishes it.
            fn parse(root: Element<'_>, diagnostics: &mut Diagnostics) -> Option<Self> {
                match root.name() {
                    $(<$($path)::+ as PolicySyntax>::ELEMENT => parse(root, diagnostics).map(Self::$name),)+
                    $(<$($read_path)::+ as PolicySyntax>::ELEMENT => parse(root, diagnostics).map(Self::$read),)*
                    _ => None,
                }
            }

            /// Writes attributes and content into the root element.
            fn write(&self, to: &mut Markup) {
                match self {
                    $(Self::$name(policy) => shape::Shape::write(&**policy, to),)+
                    $(Self::$read(policy) => shape::Shape::write(&**policy, to),)*
                }
            }

            /// Compiles a policy that runs; one that does not was refused before.
            pub(crate) fn compile(&self, linker: &mut Linker<'_>) -> Option<CompiledPolicy> {
                match self {
                    $(Self::$name(policy) => policy.compile(linker).map(CompiledPolicy::$name),)+
                    $(Self::$read(_) => None,)*
                }
            }

            /// The type of the policy, as rows of [`TYPES`] describe it.
            pub fn policy_type(&self) -> &'static PolicyTypeInfo {
                match self {
                    $(Self::$name(_) => {
                        const INFO: PolicyTypeInfo = PolicyTypeInfo::runs::<$($path)::+>();
                        &INFO
                    })+
                    $(Self::$read(_) => {
                        const INFO: PolicyTypeInfo = PolicyTypeInfo::reads::<$($read_path)::+>();
                        &INFO
                    })*
                }
            }
        }

        impl Run for CompiledPolicy {
            #[inline(always)]
            fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
                match self { $(Self::$name(policy) => execute(policy, cx),)+ }
            }

            fn resume(&self, cx: &mut StepContext<'_, '_>, reply: Reply) -> StepResult {
                match self { $(Self::$name(policy) => policy.resume(cx, reply),)+ }
            }

            fn may_suspend(&self) -> bool {
                match self { $(Self::$name(policy) => policy.may_suspend(),)+ }
            }
        }

        /// Keeps the loop free of what one policy or another needs in registers and on the stack.
        #[inline(never)]
        fn execute(policy: &impl Run, cx: &mut StepContext<'_, '_>) -> StepResult {
            policy.execute(cx)
        }

        /// Every policy type that is read, and whether it runs.
        pub const TYPES: &[PolicyTypeInfo] = &[
            $(PolicyTypeInfo::runs::<$($path)::+>(),)+
            $(PolicyTypeInfo::reads::<$($read_path)::+>(),)*
        ];
    };
}

policy_table! {
    runs {
        AccessControl => access_control::AccessControl,
        AssignMessage => assign_message::AssignMessage,
        DecodeJWS => decode_jws::DecodeJWS,
        DecodeJWT => decode_jwt::DecodeJWT,
        BasicAuthentication => basic_authentication::BasicAuthentication,
        CORS => cors::Cors,
        DeleteOAuthV2Info => delete_oauth_v2_info::DeleteOAuthV2Info,
        FlowCallout => flow_callout::FlowCallout,
        GenerateJWS => generate_jws::GenerateJWS,
        GenerateJWT => generate_jwt::GenerateJWT,
        GetOAuthV2Info => get_oauth_v2_info::GetOAuthV2Info,
        HMAC => hmac::Hmac,
        OAuthV2 => oauth_v2::OAuthV2,
        RaiseFault => raise_fault::RaiseFault,
        RevokeOAuthV2 => revoke_oauth_v2::RevokeOAuthV2,
        SetOAuthV2Info => set_oauth_v2_info::SetOAuthV2Info,
        VerifyAPIKey => verify_api_key::VerifyApiKey,
        VerifyJWS => verify_jws::VerifyJWS,
        VerifyJWT => verify_jwt::VerifyJWT,
    }
    reads {
        AccessEntity => access_entity::AccessEntity,
        AssertCondition => assert_condition::AssertCondition,
        ConcurrentRateLimit => concurrent_rate_limit::ConcurrentRateLimit,
        ConcurrentRatelimit => concurrent_ratelimit::ConcurrentRatelimit,
        ConnectorCallout => connector_callout::ConnectorCallout,
        DataCapture => data_capture::DataCapture,
        DeleteOAuthV1Info => delete_oauth_v1_info::DeleteOAuthV1Info,
        ExternalCallout => external_callout::ExternalCallout,
        ExtractVariables => extract_variables::ExtractVariables,
        GenerateSAMLAssertion => generate_saml_assertion::GenerateSamlAssertion,
        GetAPIProduct => get_api_product::GetApiProduct,
        GetOAuthV1Info => get_oauth_v1_info::GetOAuthV1Info,
        GraphQL => graph_ql::GraphQl,
        HTTPModifier => http_modifier::HttpModifier,
        IntegrationCallout => integration_callout::IntegrationCallout,
        InvalidateCache => invalidate_cache::InvalidateCache,
        JavaCallout => java_callout::JavaCallout,
        Javascript => javascript::Javascript,
        JSONThreatProtection => json_threat_protection::JsonThreatProtection,
        JSONToXML => json_to_xml::JsonToXml,
        KeyValueMapOperations => key_value_map_operations::KeyValueMapOperations,
        Ldap => ldap::Ldap,
        LLMTokenQuota => llm_token_quota::LlmTokenQuota,
        LookupCache => lookup_cache::LookupCache,
        MessageLogging => message_logging::MessageLogging,
        MessageValidation => message_validation::MessageValidation,
        MonetizationLimitsCheck => monetization_limits_check::MonetizationLimitsCheck,
        OASValidation => oas_validation::OasValidation,
        OAuthV1 => oauth_v1::OAuthV1,
        ParseDialogflowRequest => parse_dialogflow_request::ParseDialogflowRequest,
        ParsePayload => parse_payload::ParsePayload,
        PopulateCache => populate_cache::PopulateCache,
        PromptTokenLimit => prompt_token_limit::PromptTokenLimit,
        PublishMessage => publish_message::PublishMessage,
        Quota => quota::Quota,
        ReadPropertySet => read_property_set::ReadPropertySet,
        RegularExpressionProtection => regular_expression_protection::RegularExpressionProtection,
        ResetQuota => reset_quota::ResetQuota,
        ResponseCache => response_cache::ResponseCache,
        SanitizeModelResponse => sanitize_model_response::SanitizeModelResponse,
        SanitizeUserPrompt => sanitize_user_prompt::SanitizeUserPrompt,
        Script => script::Script,
        SemanticCacheLookup => semantic_cache_lookup::SemanticCacheLookup,
        SemanticCachePopulate => semantic_cache_populate::SemanticCachePopulate,
        ServiceCallout => service_callout::ServiceCallout,
        SetDialogflowResponse => set_dialogflow_response::SetDialogflowResponse,
        SetIntegrationRequest => set_integration_request::SetIntegrationRequest,
        SpikeArrest => spike_arrest::SpikeArrest,
        StatisticsCollector => statistics_collector::StatisticsCollector,
        TraceCapture => trace_capture::TraceCapture,
        ValidateSAMLAssertion => validate_saml_assertion::ValidateSamlAssertion,
        VerifyIAM => verify_iam::VerifyIam,
        XMLThreatProtection => xml_threat_protection::XmlThreatProtection,
        XMLToJSON => xml_to_json::XmlToJson,
        XSL => xsl::Xsl,
    }
}

impl CompiledPolicy {
    /// A call of the shared flow that an environment attaches to a flow hook.
    pub(crate) fn flow_hook(hook: &str, shared_flow: &str, linker: &mut Linker<'_>) -> Self {
        Self::FlowCallout(flow_callout::Compiled::of_hook(hook, shared_flow, linker))
    }
}

fn parse<T: PolicySyntax>(root: Element<'_>, d: &mut Diagnostics) -> Option<Box<T>> {
    let policy = T::read(root, d)?;
    policy.check(root, d);
    Some(Box::new(policy))
}

/// The policy types that run, with everything their elements say; those that are only read have modules of their own.
pub mod ast {
    pub use super::access_control::{AccessAction, AccessControl, IpRules, MatchRule, SourceAddress, ValidateBasedOn};
    pub use super::assign_message::{AssignMessage, AssignTo, MessageKind};
    pub use super::basic_authentication::{AssignHeader, BasicAuthentication, BasicOperation};
    pub use super::common::{Attribute, ValueOrRef};
    pub use super::cors::Cors;
    pub use super::decode_jws::DecodeJWS;
    pub use super::decode_jwt::DecodeJWT;
    pub use super::delete_oauth_v2_info::DeleteOAuthV2Info;
    pub use super::flow_callout::{FlowCallout, Parameter};
    pub use super::generate_jws::GenerateJWS;
    pub use super::generate_jwt::GenerateJWT;
    pub use super::get_oauth_v2_info::GetOAuthV2Info;
    pub use super::hmac::{
        Hmac, HmacAlgorithm, HmacEncoding, HmacMessage, HmacOutput, HmacSecretKey, HmacVerificationValue, KeyEncoding,
    };
    pub use super::jose::elements::{
        DirectKey, DirectValue, Jwks, PasswordKey, PrivateKey, PrivateVariable, PublicKey, SecretEncoding, SecretKey,
    };
    pub use super::jose::named::{ClaimType, NamedValue, NamedValues};
    pub use super::jose::{EncryptionAlgorithms, TokenType};
    pub use super::message_edit::{
        AssignVariable, Authentication, Change, CopyParts, GoogleAccessToken, GoogleIdToken, MessageAction,
        NamedTemplate, Payload, Selected, SelectedItem, SelectedPart,
    };
    pub use super::oauth_v2::*;
    pub use super::raise_fault::RaiseFault;
    pub use super::revoke_oauth_v2::RevokeOAuthV2;
    pub use super::set_oauth_v2_info::SetOAuthV2Info;
    pub use super::verify_api_key::VerifyApiKey;
    pub use super::verify_jws::VerifyJWS;
    pub use super::verify_jwt::{MaxLifespan, VerifyJWT};
}

/// A row of the table of policy types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyTypeInfo {
    /// Name of the root element.
    pub element: &'static str,
    /// Whether it runs; otherwise it is read, checked and printed, and a deployment with it is refused.
    pub runs: bool,
    /// First part of the names of its failure variables; empty if it does not run.
    pub prefix: &'static str,
    /// Other first parts of the same names.
    pub aliases: &'static [&'static str],
    /// Every fault it raises at run time.
    pub faults: &'static [FaultSpec],
    /// The variables it sets, besides those of its failure.
    pub variables: &'static [OwnVariables],
}

/// Variables that a policy sets under its name: `prefix.{policy}.name`, for each of the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct OwnVariables {
    /// What stands before the name of the policy.
    pub prefix: &'static str,
    /// What stands behind it.
    pub names: &'static [&'static str],
}

impl PolicyTypeInfo {
    const fn runs<T: PolicyType>() -> Self {
        Self {
            element: T::ELEMENT,
            runs: true,
            prefix: T::PREFIX,
            aliases: T::ALIASES,
            faults: T::FAULTS,
            variables: T::VARIABLES,
        }
    }

    const fn reads<T: PolicySyntax>() -> Self {
        Self { element: T::ELEMENT, runs: false, prefix: "", aliases: &[], faults: &[], variables: &[] }
    }
}
