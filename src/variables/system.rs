//! Variables of the runtime itself: proxy, route, target, client, time, fault.

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
    ClientIp,
    ClientHost,
    ClientPort,
    ClientScheme,
    CurrentFlowName,
    RouteName,
    RouteTarget,
    TargetName,
    TargetUrl,
    TargetBasePath,
    TargetScheme,
    TargetHost,
    TargetCopyPathSuffix,
    TargetCopyQueryParams,
    IsError,
    FaultName,
    FaultReason,
    FaultCategory,
    ErrorMessage,
    SystemTimestamp,
    SystemTime(TimePart),
    SystemUuid,
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
const NAMES: &[(&str, SystemVariable)] = &[
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
    ("proxy.client.ip", SystemVariable::ClientIp),
    ("client.ip", SystemVariable::ClientIp),
    ("client.resolved.ip", SystemVariable::ClientIp),
    ("client.host", SystemVariable::ClientHost),
    ("client.port", SystemVariable::ClientPort),
    ("client.scheme", SystemVariable::ClientScheme),
    ("current.flow.name", SystemVariable::CurrentFlowName),
    ("route.name", SystemVariable::RouteName),
    ("route.target", SystemVariable::RouteTarget),
    ("target.name", SystemVariable::TargetName),
    ("target.url", SystemVariable::TargetUrl),
    ("target.basepath", SystemVariable::TargetBasePath),
    ("target.scheme", SystemVariable::TargetScheme),
    ("target.host", SystemVariable::TargetHost),
    ("target.copy.pathsuffix", SystemVariable::TargetCopyPathSuffix),
    ("target.copy.queryparams", SystemVariable::TargetCopyQueryParams),
    ("is.error", SystemVariable::IsError),
    ("fault.name", SystemVariable::FaultName),
    ("fault.reason", SystemVariable::FaultReason),
    ("fault.category", SystemVariable::FaultCategory),
    ("error.message", SystemVariable::ErrorMessage),
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
];

impl SystemVariable {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, variable)| *variable)
    }

    /// Whether policies may write it.
    pub(crate) fn is_writable(self) -> bool {
        matches!(self, Self::TargetUrl | Self::TargetCopyPathSuffix | Self::TargetCopyQueryParams)
    }
}
