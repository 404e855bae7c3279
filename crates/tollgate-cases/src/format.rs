//! The format of case files, one field per key; unknown keys are errors.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Deserialize;
use serde_json::{Map, Value};

/// The time of a case that names none.
pub const DEFAULT_NOW: &str = "2026-01-02T03:04:05Z";

/// A whole case file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Folders of bundles, relative to the file; a zip archive where the crate reads those.
    #[serde(default)]
    pub bundles: Vec<String>,
    /// Policy documents, relative to the file, which run in this order; in place of bundles.
    #[serde(default)]
    pub policies: Vec<String>,
    /// Policy documents, relative to the file, which run before those of the file and before a case's own.
    #[serde(default)]
    pub before: Vec<String>,
    /// A policy document in place, after those of `policies`.
    #[serde(default)]
    pub policy: Option<String>,
    /// API products, developers and apps: a path relative to the file, or the document in place.
    #[serde(default)]
    pub entities: Option<Value>,
    /// Whose documentation decides.
    #[serde(default)]
    pub dialect: DialectName,
    /// Switches of the dialect that are set otherwise, by the names in [`tollgate::dialect::SWITCHES`].
    #[serde(default)]
    pub switches: Map<String, Value>,
    /// Bounds that are set otherwise.
    #[serde(default)]
    pub limits: Option<tollgate::Limits>,
    /// `organization.name`.
    #[serde(default)]
    pub organization: Option<String>,
    /// `environment.name`.
    #[serde(default)]
    pub environment: Option<String>,
    /// URLs of target servers by name.
    #[serde(default)]
    pub target_servers: BTreeMap<String, String>,
    /// Shared flows by the flow hook they are attached to.
    #[serde(default)]
    pub flow_hooks: BTreeMap<String, FlowHook>,
    /// `system.pod.name`.
    #[serde(default)]
    pub pod: Option<String>,
    /// `system.region.name`.
    #[serde(default)]
    pub region: Option<String>,
    /// Addresses of network interfaces by name: `system.interface.{name}`.
    #[serde(default)]
    pub interfaces: BTreeMap<String, String>,
    /// `apiproxy.name` of single policies.
    #[serde(default)]
    pub proxy: Option<String>,
    /// The cases; each has an engine and a token store of its own.
    pub cases: Vec<Case>,
}

/// What is attached to a flow hook.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowHook {
    /// Name of the shared flow.
    pub shared_flow: String,
    /// Whether the flow goes on when it fails; as the dialect says when absent.
    #[serde(default)]
    pub continue_on_error: Option<bool>,
}

/// A dialect by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DialectName {
    /// By the layout of the bundles.
    #[default]
    Auto,
    /// SAP API Management.
    Sap,
    /// Apigee Edge.
    #[serde(alias = "edge")]
    Apigee,
    /// Apigee X and hybrid.
    ApigeeX,
}

/// A case: a request and its outcome, and perhaps further requests to the same engine.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What the case shows, in a sentence.
    pub note: String,
    /// A policy document in place of those of the file.
    #[serde(default)]
    pub policy: Option<String>,
    /// The time, [`DEFAULT_NOW`] when absent.
    #[serde(default)]
    pub now: Option<String>,
    /// Tokens in the store before the request.
    #[serde(default)]
    pub tokens: Vec<Token>,
    /// Authorization codes to add to the store before the request.
    #[serde(default)]
    pub codes: Vec<Code>,
    /// The request; `GET /` when absent.
    #[serde(default)]
    pub request: Request,
    /// What the target answers; when absent, a call of the target is a failure.
    #[serde(default)]
    pub target: Option<Target>,
    /// What of the host fails or waits.
    #[serde(default)]
    pub host: HostFaults,
    /// Published key sets by address; a `null`, or an address that is not there, cannot be fetched.
    #[serde(default)]
    pub jwks: Map<String, Value>,
    /// What must come of it.
    #[serde(default)]
    pub want: Want,
    /// Requests that follow on the same engine and token store.
    #[serde(default)]
    pub then: Vec<Then>,
}

/// A further request of a case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Then {
    /// What the request shows.
    #[serde(default)]
    pub note: Option<String>,
    /// The time; that of the request before when absent.
    #[serde(default)]
    pub now: Option<String>,
    /// Tokens to add to the store before the request.
    #[serde(default)]
    pub tokens: Vec<Token>,
    /// Authorization codes to add to the store before the request.
    #[serde(default)]
    pub codes: Vec<Code>,
    /// The request.
    #[serde(default)]
    pub request: Request,
    /// What the target answers.
    #[serde(default)]
    pub target: Option<Target>,
    /// What of the host fails or waits.
    #[serde(default)]
    pub host: HostFaults,
    /// Published key sets by address; a `null`, or an address that is not there, cannot be fetched.
    #[serde(default)]
    pub jwks: Map<String, Value>,
    /// What must come of it.
    #[serde(default)]
    pub want: Want,
}

/// A token in the store.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// Its text.
    pub access_token: String,
    /// Consumer key of the app it was issued to.
    pub client_id: String,
    /// Granted scopes, separated by spaces.
    #[serde(default)]
    pub scope: String,
    /// Its lifetime in seconds, from `issued` on; `-1` for a token that never ends. An hour when absent.
    #[serde(default)]
    pub expires_in: Option<i64>,
    /// `approved` or `revoked`.
    #[serde(default)]
    pub status: TokenStatus,
    /// When it was issued; `now` when absent.
    #[serde(default)]
    pub issued: Option<String>,
    /// API products it is for; the approved ones of the credential when absent.
    #[serde(default)]
    pub api_products: Option<Vec<String>>,
    /// Custom attributes.
    #[serde(default)]
    pub attributes: Map<String, Value>,
    /// The grant; `client_credentials` when absent.
    #[serde(default)]
    pub grant_type: Option<String>,
    /// The end user.
    #[serde(default)]
    pub end_user: Option<String>,
    /// Text of the refresh token that was issued with it.
    #[serde(default)]
    pub refresh_token: Option<String>,
    /// Lifetime of the refresh token in seconds; `-1`, which is without end, when absent.
    #[serde(default)]
    pub refresh_token_expires_in: Option<i64>,
    /// `approved` or `revoked`.
    #[serde(default)]
    pub refresh_token_status: TokenStatus,
}

/// An authorization code in the store.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// Its text.
    pub code: String,
    /// Consumer key of the app it was issued to.
    pub client_id: String,
    /// The redirection URI of the request for it.
    #[serde(default)]
    pub redirect_uri: Option<String>,
    /// Granted scopes, separated by spaces.
    #[serde(default)]
    pub scope: String,
    /// Its lifetime in seconds; ten minutes when absent.
    #[serde(default)]
    pub expires_in: Option<i64>,
    /// The client's state.
    #[serde(default)]
    pub state: Option<String>,
    /// The end user.
    #[serde(default)]
    pub end_user: Option<String>,
    /// Custom attributes.
    #[serde(default)]
    pub attributes: Map<String, Value>,
    /// The challenge of RFC 7636.
    #[serde(default)]
    pub code_challenge: Option<String>,
    /// Whether the challenge is the verifier itself, and not its SHA-256.
    #[serde(default)]
    pub plain: bool,
}

/// Whether a token of a case may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenStatus {
    /// It may.
    #[default]
    Approved,
    /// It was revoked.
    Revoked,
}

/// A request; `{{response.member}}` in a path, header, form or body stands for a member of the response before.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// `GET` when absent.
    #[serde(default)]
    pub method: Option<String>,
    /// Path and query; `/` when absent.
    #[serde(default)]
    pub path: Option<String>,
    /// Headers: a text, or a list of texts.
    #[serde(default)]
    pub headers: Map<String, Value>,
    /// Form parameters: a text, or a list of texts; they become the body.
    #[serde(default)]
    pub form: Option<Map<String, Value>>,
    /// A JSON body.
    #[serde(default)]
    pub json: Option<Value>,
    /// A body as it stands.
    #[serde(default)]
    pub body: Option<String>,
    /// Address of the client.
    #[serde(default)]
    pub client_ip: Option<IpAddr>,
    /// What else is known of the client.
    #[serde(default)]
    pub client: Option<Client>,
    /// `request.transportid`.
    #[serde(default)]
    pub transport_id: Option<String>,
}

/// What the embedder knows of the client of a request.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// Address behind the proxies that are trusted.
    #[serde(default)]
    pub resolved_ip: Option<IpAddr>,
    /// Port of the sender.
    #[serde(default)]
    pub port: Option<u16>,
    /// Host the request came in on.
    #[serde(default)]
    pub host: Option<String>,
    /// `http` or `https`.
    #[serde(default)]
    pub scheme: Option<String>,
    /// The TLS session.
    #[serde(default)]
    pub tls: Option<Tls>,
    /// When the request came: its first byte and its last.
    #[serde(default)]
    pub received: Option<[String; 2]>,
    /// Where the request came in.
    #[serde(default)]
    pub virtual_host: Option<VirtualHost>,
}

/// A virtual host.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VirtualHost {
    /// Its name.
    pub name: String,
    /// The host names it answers to.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Whether it speaks TLS.
    #[serde(default)]
    pub ssl_enabled: bool,
}

/// The TLS session of a client.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Cipher suite.
    #[serde(default)]
    pub cipher: Option<String>,
    /// Protocol version.
    #[serde(default)]
    pub protocol: Option<String>,
    /// Server name indication.
    #[serde(default)]
    pub server_name: Option<String>,
    /// Session id.
    #[serde(default)]
    pub session_id: Option<String>,
    /// The certificate of the client.
    #[serde(default)]
    pub certificate: Option<Certificate>,
}

/// The verified certificate of a client or of a target.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// CN of the subject.
    #[serde(default)]
    pub common_name: Option<String>,
    /// C of the subject.
    #[serde(default)]
    pub country: Option<String>,
    /// Email address of the subject.
    #[serde(default)]
    pub email_address: Option<String>,
    /// L of the subject.
    #[serde(default)]
    pub locality: Option<String>,
    /// O of the subject.
    #[serde(default)]
    pub organization: Option<String>,
    /// OU of the subject.
    #[serde(default)]
    pub organization_unit: Option<String>,
    /// ST of the subject.
    #[serde(default)]
    pub state: Option<String>,
    /// Distinguished name of the subject.
    #[serde(default)]
    pub subject_dn: Option<String>,
    /// Distinguished name of the issuer.
    #[serde(default)]
    pub issuer_dn: Option<String>,
    /// The certificate as PEM.
    #[serde(default)]
    pub pem: Option<String>,
    /// Serial number.
    #[serde(default)]
    pub serial: Option<String>,
    /// SHA-1 fingerprint.
    #[serde(default)]
    pub fingerprint: Option<String>,
}

/// What a target answers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// `200` when absent.
    #[serde(default)]
    pub status: Option<u16>,
    /// Headers: a text, or a list of texts.
    #[serde(default)]
    pub headers: Map<String, Value>,
    /// A body as it stands.
    #[serde(default)]
    pub body: Option<String>,
    /// A JSON body.
    #[serde(default)]
    pub json: Option<Value>,
    /// It gives no answer.
    #[serde(default)]
    pub fail: Option<TargetFault>,
    /// Address of the target.
    #[serde(default)]
    pub ip: Option<IpAddr>,
    /// The certificate of the target.
    #[serde(default)]
    pub certificate: Option<Certificate>,
    /// When the request was sent: its first byte and its last.
    #[serde(default)]
    pub sent: Option<[String; 2]>,
    /// When the response came: its first byte and its last.
    #[serde(default)]
    pub received: Option<[String; 2]>,
}

/// Why a target gives no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TargetFault {
    /// It does not answer in time.
    Timeout,
    /// It cannot be reached.
    Unreachable,
    /// The connection ends before the answer is complete.
    Eof,
}

/// What of the host fails or waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostFaults {
    /// The token store.
    #[serde(default)]
    pub tokens: TokenStoreMode,
    /// The clock.
    #[serde(default)]
    pub clock: HostFault,
    /// The source of random bytes.
    #[serde(default)]
    pub random: HostFault,
}

/// How the token store answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenStoreMode {
    /// As the run demands.
    #[default]
    Working,
    /// Later.
    Deferred,
    /// Not at all.
    Failing,
}

/// Whether a part of the host fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HostFault {
    /// It works.
    #[default]
    Working,
    /// It fails.
    Failing,
}

/// What must come of a request; what is absent is not looked at.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Want {
    /// The decision.
    #[serde(default)]
    pub decision: Option<DecisionName>,
    /// Code of the fault in force at the end, as its default body carries it; `none` for no fault.
    #[serde(default)]
    pub fault: Option<String>,
    /// Status of the response.
    #[serde(default)]
    pub status: Option<u16>,
    /// Headers of the response: exact values; `null` for an absent one.
    #[serde(default)]
    pub headers: Map<String, Value>,
    /// Body of the response, exactly.
    #[serde(default)]
    pub body: Option<String>,
    /// Members of the JSON body of the response: every one named must be equal, `null` for an absent one.
    #[serde(default)]
    pub json: Option<Value>,
    /// The call of the target.
    #[serde(default)]
    pub target: Option<WantMessage>,
    /// The request as the policies left it.
    #[serde(default)]
    pub request: Option<WantMessage>,
    /// Flow variables at the end, compared as text; `null` for an unresolved one.
    #[serde(default)]
    pub variables: Map<String, Value>,
    /// Flow variables through the phases of the request; it is run anew for them, with probes in the flows of the bundles.
    #[serde(default)]
    pub phases: BTreeMap<String, Phased>,
}

/// What must hold of a flow variable through the phases of a request.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phased {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: VariableType,
    /// The first phase in which it resolves; in all that follow it does so too, but for that of an error.
    #[serde(default)]
    pub from: Option<Phase>,
    /// The phases in which it resolves, where they are not those from one on.
    #[serde(default, rename = "in")]
    pub phases: Option<Vec<Phase>>,
    /// Whether policies may write it in the first of its phases; not looked at when absent, or of a message.
    #[serde(default)]
    pub access: Option<Access>,
    /// What is written; `written` when absent.
    #[serde(default)]
    pub write: Option<Value>,
    /// Its value in its phases, compared as text, or a value for each phase; not looked at when absent.
    #[serde(default)]
    pub value: Option<Value>,
    /// Its value in all other phases; when absent it is unresolved there.
    #[serde(default)]
    pub otherwise: Option<Value>,
}

impl Phased {
    /// The phases in which it resolves.
    pub fn phases(&self) -> Vec<Phase> {
        match (&self.phases, self.from) {
            (Some(phases), _) => phases.clone(),
            // After an error there are no phases but the last.
            (None, Some(Phase::Error)) => vec![Phase::Error, Phase::PostClientFlow],
            (None, Some(from)) => Phase::ALL.into_iter().filter(|at| *at >= from && *at != Phase::Error).collect(),
            (None, None) => Vec::new(),
        }
    }
}

/// The type of a flow variable, in the vendors' words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum VariableType {
    /// Text.
    String,
    /// A whole number of 32 bits.
    Integer,
    /// A whole number of 64 bits.
    Long,
    /// True or false.
    Boolean,
    /// Several texts.
    Collection,
    /// A whole message, which is copied from.
    #[serde(rename = "message")]
    Message,
}

/// Whether policies may write a flow variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Access {
    /// They may read it only.
    R,
    /// They may read and write it.
    #[serde(rename = "RW")]
    Rw,
}

/// A phase of a request; what is looked at is its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum Phase {
    /// The request flow of the proxy endpoint.
    #[serde(rename = "proxy request")]
    ProxyRequest,
    /// The request flow of the target endpoint.
    #[serde(rename = "target request")]
    TargetRequest,
    /// The response flow of the target endpoint.
    #[serde(rename = "target response")]
    TargetResponse,
    /// The response flow of the proxy endpoint.
    #[serde(rename = "proxy response")]
    ProxyResponse,
    /// After the response was sent.
    PostClientFlow,
    /// The fault rule that runs after a fault.
    #[serde(rename = "error")]
    Error,
}

impl Phase {
    /// All of them, in the order of a request that ends well; then that of an error.
    pub const ALL: [Self; 6] = [
        Self::ProxyRequest,
        Self::TargetRequest,
        Self::TargetResponse,
        Self::ProxyResponse,
        Self::PostClientFlow,
        Self::Error,
    ];

    /// Its name in a case file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ProxyRequest => "proxy request",
            Self::TargetRequest => "target request",
            Self::TargetResponse => "target response",
            Self::ProxyResponse => "proxy response",
            Self::PostClientFlow => "PostClientFlow",
            Self::Error => "error",
        }
    }
}

/// A decision by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DecisionName {
    /// The request may go on.
    Continue,
    /// The proxy answered.
    Respond,
    /// A policy or the runtime refused it.
    Fault,
}

impl DecisionName {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Continue => "continue",
            Self::Respond => "respond",
            Self::Fault => "fault",
        }
    }
}

/// What a request must look like.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WantMessage {
    /// Whether the target is called at all; it must be when absent.
    #[serde(default)]
    pub called: Option<bool>,
    /// Method.
    #[serde(default)]
    pub method: Option<String>,
    /// The whole URL.
    #[serde(default)]
    pub url: Option<String>,
    /// Path and query.
    #[serde(default)]
    pub path: Option<String>,
    /// Headers: exact values; `null` for an absent one.
    #[serde(default)]
    pub headers: Map<String, Value>,
    /// Body, exactly.
    #[serde(default)]
    pub body: Option<String>,
    /// Members of the JSON body.
    #[serde(default)]
    pub json: Option<Value>,
}
