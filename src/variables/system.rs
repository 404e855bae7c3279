//! Variables of the runtime itself: proxy, route, target, client, time, fault.

use crate::words::Words;

/// A variable whose value is a fact about the request in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SystemVariable {
    MessageId,
    OrganizationName,
    EnvironmentName,
    ApiProxyName,
    ApiProxyRevision,
    ProxyName,
    ProxyBasePath,
    ProxyPathSuffix,
    ProxyUrl,
    ProxyFlow(FlowFact),
    TargetFlow(FlowFact),
    CurrentFlow(FlowFact),
    ClientIp,
    ClientResolvedIp,
    ClientHost,
    ClientPort,
    ClientScheme,
    ClientSslEnabled,
    ClientCertificate(CertificateFact),
    ClientReceived(Moment),
    ClientReceivedLength,
    ClientSent(Moment),
    Tls(TlsFact),
    VirtualHostName,
    VirtualHostAliases,
    VirtualHostSslEnabled,
    RouteName,
    RouteTarget,
    TargetName,
    TargetUrl,
    TargetEvaluatedUrl,
    TargetBasePath,
    TargetScheme,
    TargetHost,
    TargetPort,
    TargetIp,
    TargetHeaderHost,
    TargetSslEnabled,
    TargetCertificate(CertificateFact),
    TargetCopyPathSuffix,
    TargetCopyQueryParams,
    TargetSent(Moment),
    TargetReceived(Moment),
    TargetReceivedLength,
    TargetResponseStatus,
    LoadBalancingTargetServer,
    LoadBalancingFailedServers,
    LoadBalancingIsFallback,
    IsError,
    FaultName,
    FaultReason,
    FaultCategory,
    ErrorMessage,
    ErrorState,
    IsPolicyError,
    IsTargetError,
    FaultPolicyName,
    FaultFlowName,
    SystemTimestamp,
    SystemTime(TimePart),
    SystemUuid,
    SystemPodName,
    SystemRegionName,
}

/// What is told of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FlowFact {
    Name,
    Description,
}

/// A moment of a connection, as the vendors' names end: `start.time`, `end.timestamp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) is_end: bool,
    /// Milliseconds instead of text.
    pub(crate) is_stamp: bool,
}

/// What is told of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CertificateFact {
    CommonName,
    Country,
    EmailAddress,
    Locality,
    Organization,
    OrganizationUnit,
    State,
    SubjectDn,
    IssuerDn,
    Pem,
    Serial,
    Fingerprint,
}

/// What is told of a TLS session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TlsFact {
    Cipher,
    Protocol,
    ServerName,
    SessionId,
}

/// A part of `system.time`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimePart {
    Whole,
    Year,
    Month,
    Day,
    DayOfWeek,
    Hour,
    Minute,
    Second,
    Millisecond,
    Zone,
}

/// The vendors' names, beside what they stand for. Names that share a meaning share a row's value.
static NAMES: Words<SystemVariable, 256> = Words::new(&[
    ("messageid", SystemVariable::MessageId),
    ("organization.name", SystemVariable::OrganizationName),
    ("environment.name", SystemVariable::EnvironmentName),
    ("apiproxy.name", SystemVariable::ApiProxyName),
    ("apiproxy.revision", SystemVariable::ApiProxyRevision),
    ("apiproxy.basepath", SystemVariable::ProxyBasePath),
    ("application.basepath", SystemVariable::ProxyBasePath),
    ("proxy.name", SystemVariable::ProxyName),
    ("proxy.basepath", SystemVariable::ProxyBasePath),
    ("proxy.pathsuffix", SystemVariable::ProxyPathSuffix),
    ("proxy.url", SystemVariable::ProxyUrl),
    ("proxy.client.ip", SystemVariable::ClientResolvedIp),
    ("proxy.flow.name", SystemVariable::ProxyFlow(FlowFact::Name)),
    ("proxy.flow.description", SystemVariable::ProxyFlow(FlowFact::Description)),
    ("target.flow.name", SystemVariable::TargetFlow(FlowFact::Name)),
    ("target.flow.description", SystemVariable::TargetFlow(FlowFact::Description)),
    ("client.ip", SystemVariable::ClientIp),
    ("client.resolved.ip", SystemVariable::ClientResolvedIp),
    ("client.host", SystemVariable::ClientHost),
    ("client.port", SystemVariable::ClientPort),
    ("client.scheme", SystemVariable::ClientScheme),
    ("client.ssl.enabled", SystemVariable::ClientSslEnabled),
    ("client.received.content.length", SystemVariable::ClientReceivedLength),
    ("tls.cipher", SystemVariable::Tls(TlsFact::Cipher)),
    ("tls.protocol", SystemVariable::Tls(TlsFact::Protocol)),
    ("tls.server.name", SystemVariable::Tls(TlsFact::ServerName)),
    ("tls.session.id", SystemVariable::Tls(TlsFact::SessionId)),
    ("tls.client.s.dn", SystemVariable::ClientCertificate(CertificateFact::SubjectDn)),
    ("tls.client.i.dn", SystemVariable::ClientCertificate(CertificateFact::IssuerDn)),
    ("tls.client.raw.cert", SystemVariable::ClientCertificate(CertificateFact::Pem)),
    ("tls.client.cert.serial", SystemVariable::ClientCertificate(CertificateFact::Serial)),
    ("tls.client.cert.fingerprint", SystemVariable::ClientCertificate(CertificateFact::Fingerprint)),
    ("virtualhost.name", SystemVariable::VirtualHostName),
    ("virtualhost.aliases.values", SystemVariable::VirtualHostAliases),
    ("virtualhost.ssl.enabled", SystemVariable::VirtualHostSslEnabled),
    ("current.flow.name", SystemVariable::CurrentFlow(FlowFact::Name)),
    ("current.flow.description", SystemVariable::CurrentFlow(FlowFact::Description)),
    ("route.name", SystemVariable::RouteName),
    ("route.target", SystemVariable::RouteTarget),
    ("target.name", SystemVariable::TargetName),
    ("target.url", SystemVariable::TargetUrl),
    ("target.evaluated.url", SystemVariable::TargetEvaluatedUrl),
    ("target.basepath", SystemVariable::TargetBasePath),
    ("target.scheme", SystemVariable::TargetScheme),
    ("target.host", SystemVariable::TargetHost),
    ("target.port", SystemVariable::TargetPort),
    ("target.ip", SystemVariable::TargetIp),
    ("target.header.host", SystemVariable::TargetHeaderHost),
    ("target.ssl.enabled", SystemVariable::TargetSslEnabled),
    ("target.received.content.length", SystemVariable::TargetReceivedLength),
    ("target.response.status.code", SystemVariable::TargetResponseStatus),
    ("loadbalancing.targetserver", SystemVariable::LoadBalancingTargetServer),
    ("loadbalancing.failedservers", SystemVariable::LoadBalancingFailedServers),
    ("loadbalancing.isfallback", SystemVariable::LoadBalancingIsFallback),
    ("target.copy.pathsuffix", SystemVariable::TargetCopyPathSuffix),
    ("target.copy.queryparams", SystemVariable::TargetCopyQueryParams),
    ("is.error", SystemVariable::IsError),
    ("fault.name", SystemVariable::FaultName),
    ("fault.reason", SystemVariable::FaultReason),
    ("fault.category", SystemVariable::FaultCategory),
    ("error.message", SystemVariable::ErrorMessage),
    ("error.state", SystemVariable::ErrorState),
    ("apigee.edge.execution.is_policy_error", SystemVariable::IsPolicyError),
    ("apigee.edge.execution.is_target_error", SystemVariable::IsTargetError),
    ("apigee.edge.execution.fault_policy_name", SystemVariable::FaultPolicyName),
    ("apigee.edge.execution.fault_flow_name", SystemVariable::FaultFlowName),
    ("system.timestamp", SystemVariable::SystemTimestamp),
    ("system.time", SystemVariable::SystemTime(TimePart::Whole)),
    ("system.time.year", SystemVariable::SystemTime(TimePart::Year)),
    ("system.time.month", SystemVariable::SystemTime(TimePart::Month)),
    ("system.time.day", SystemVariable::SystemTime(TimePart::Day)),
    ("system.time.dayofweek", SystemVariable::SystemTime(TimePart::DayOfWeek)),
    ("system.time.hour", SystemVariable::SystemTime(TimePart::Hour)),
    ("system.time.minute", SystemVariable::SystemTime(TimePart::Minute)),
    ("system.time.second", SystemVariable::SystemTime(TimePart::Second)),
    ("system.time.millisecond", SystemVariable::SystemTime(TimePart::Millisecond)),
    ("system.time.zone", SystemVariable::SystemTime(TimePart::Zone)),
    ("system.uuid", SystemVariable::SystemUuid),
    ("system.pod.name", SystemVariable::SystemPodName),
    ("system.region.name", SystemVariable::SystemRegionName),
]);

/// What `client.` and `target.` have in common: the facts of a certificate, behind either.
const CERTIFICATE: &[(&str, CertificateFact)] = &[
    ("cn", CertificateFact::CommonName),
    ("country", CertificateFact::Country),
    ("email.address", CertificateFact::EmailAddress),
    ("locality", CertificateFact::Locality),
    ("organization", CertificateFact::Organization),
    ("organization.unit", CertificateFact::OrganizationUnit),
    ("state", CertificateFact::State),
];

impl SystemVariable {
    /// The names of all of them.
    pub(super) fn names() -> impl Iterator<Item = String> {
        let certificates = ["client", "target"]
            .into_iter()
            .flat_map(|end| CERTIFICATE.iter().map(move |(name, _)| format!("{end}.{name}")));
        let moments =
            ["client.received", "client.sent", "target.sent", "target.received"].into_iter().flat_map(|way| {
                ["start.time", "start.timestamp", "end.time", "end.timestamp"].map(|moment| format!("{way}.{moment}"))
            });
        NAMES.names().map(str::to_owned).chain(certificates).chain(moments)
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        if let Some(variable) = NAMES.get(name) {
            return Some(*variable);
        }
        let (end, tail) = name.split_once('.')?;
        let certificate = CERTIFICATE.iter().find(|(known, _)| *known == tail).map(|(_, fact)| *fact);
        Some(match (end, certificate) {
            ("client", Some(fact)) => Self::ClientCertificate(fact),
            ("target", Some(fact)) => Self::TargetCertificate(fact),
            ("client" | "target", None) => {
                let (way, moment) = tail.split_once('.')?;
                let moment = Moment::parse(moment)?;
                match (end, way) {
                    ("client", "received") => Self::ClientReceived(moment),
                    ("client", "sent") => Self::ClientSent(moment),
                    ("target", "sent") => Self::TargetSent(moment),
                    ("target", "received") => Self::TargetReceived(moment),
                    _ => return None,
                }
            }
            _ => return None,
        })
    }

    /// Whether what the embedder knows about the client may decide it.
    pub(crate) fn tells_of_client(self) -> bool {
        matches!(
            self,
            Self::ProxyUrl
                | Self::ClientIp
                | Self::ClientResolvedIp
                | Self::ClientHost
                | Self::ClientPort
                | Self::ClientScheme
                | Self::ClientSslEnabled
                | Self::ClientCertificate(_)
                | Self::ClientReceived(_)
                | Self::Tls(_)
                | Self::VirtualHostName
                | Self::VirtualHostAliases
                | Self::VirtualHostSslEnabled
                | Self::SystemTimestamp
                | Self::SystemTime(_)
        )
    }

    /// Whether policies may write it; only once a target is chosen, for all that may be written is about the target.
    pub(crate) fn is_writable(self) -> bool {
        matches!(
            self,
            Self::TargetUrl
                | Self::TargetEvaluatedUrl
                | Self::TargetHeaderHost
                | Self::TargetCopyPathSuffix
                | Self::TargetCopyQueryParams
        )
    }
}

impl Moment {
    fn parse(tail: &str) -> Option<Self> {
        let (is_end, is_stamp) = match tail {
            "start.time" => (false, false),
            "start.timestamp" => (false, true),
            "end.time" => (true, false),
            "end.timestamp" => (true, true),
            _ => return None,
        };
        Some(Self { is_end, is_stamp })
    }
}
