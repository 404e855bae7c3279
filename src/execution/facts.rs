//! Facts about the request in flight, its connections and its fault, as variables tell of them.

use std::borrow::Cow;
use std::net::IpAddr;

use super::cursor::{Endpoint, Part, Stage};
use super::{Side, View, uuid};
use crate::dialect::{SystemTime, Vendor};
use crate::fault::{Raised, runtime};
use crate::message::{Certificate, ClientInfo, Field, MessageRef, TargetInfo};
use crate::plan::EndpointPlan;
use crate::variables::{CertificateFact, FlowFact, Moment, SystemVariable, TimePart, TlsFact, Value, civil};

impl<'a> View<'a, '_> {
    fn client(self) -> Option<&'a ClientInfo> {
        self.run.received().extensions().get::<ClientInfo>()
    }

    fn target_info(self) -> Option<&'a TargetInfo> {
        self.run.call()?.info.as_ref()
    }

    /// What a part of the request is once it is not what the proxy was sent; nothing where it still is.
    ///
    /// After the target was called, the request is the one that the target was sent.
    pub(super) fn moved(self, field: &Field) -> Option<Option<Value<'a>>> {
        let call = self.run.call();
        match field {
            Field::Path | Field::Uri | Field::QueryString => Some(field.read(MessageRef::Request(&call?.head))),
            Field::Url => Some(call.and_then(|call| field.read(MessageRef::Request(&call.head)))),
            Field::QueryParam(..) | Field::QueryParamCount | Field::QueryParamNames | Field::QueryParamNamesText => {
                let gone = matches!(self.run.place, Stage::Response(..))
                    && !self.snapshot.settings.dialect.query_params_in_response;
                gone.then_some(None)
            }
            _ => None,
        }
    }

    pub(super) fn interface(self, name: &str) -> Option<Value<'a>> {
        self.snapshot.settings.platform.interfaces.get(name).map(|address| Value::text(address))
    }

    pub(super) fn system(self, variable: SystemVariable) -> Option<Value<'a>> {
        let settings = &self.snapshot.settings;
        Some(match variable {
            SystemVariable::OrganizationName => Value::text(&settings.organization),
            SystemVariable::EnvironmentName => Value::text(&settings.environment),
            SystemVariable::ApiProxyName => Value::text(&self.proxy.name),
            SystemVariable::ApiProxyRevision => Value::text(self.proxy.revision.as_deref()?),
            SystemVariable::ProxyName => Value::text(&self.proxy.endpoint),
            SystemVariable::ProxyBasePath => Value::text(self.proxy.base_path.as_str()),
            SystemVariable::ProxyPathSuffix => Value::text(self.run.path_suffix()),
            SystemVariable::ProxyUrl => Value::from(self.proxy_url()),
            SystemVariable::ProxyFlow(fact) => Value::text(self.flow_of(Endpoint::Proxy, fact)?),
            SystemVariable::TargetFlow(fact) => Value::text(self.flow_of(Endpoint::Target, fact)?),
            SystemVariable::CurrentFlow(fact) => {
                let (end, part) = self.run.place.flow()?;
                Value::text(self.flow(end, part, fact)?)
            }
            SystemVariable::ClientIp
            | SystemVariable::ClientResolvedIp
            | SystemVariable::ClientHost
            | SystemVariable::ClientPort
            | SystemVariable::ClientScheme
            | SystemVariable::ClientSslEnabled
            | SystemVariable::ClientCertificate(_)
            | SystemVariable::Tls(_)
            | SystemVariable::VirtualHostName
            | SystemVariable::VirtualHostAliases
            | SystemVariable::VirtualHostSslEnabled => return self.of_client(variable),
            SystemVariable::ClientReceived(moment) => {
                let given =
                    self.client().and_then(|it| if moment.is_end { it.received_end } else { it.received_start });
                at(moment, given.or_else(|| self.began_ms())?)
            }
            SystemVariable::ClientSent(moment) => match self.run.cold().and_then(|cold| cold.sent_ms) {
                Some(sent) => at(moment, sent),
                None if moment.is_stamp => Value::Long(-1),
                None => Value::text(""),
            },
            SystemVariable::ClientReceivedLength => Value::from(self.run.received().body().len().to_string()),
            SystemVariable::RouteName => Value::text(&self.proxy.routes.get(self.run.route()? as usize)?.name),
            SystemVariable::RouteTarget
            | SystemVariable::TargetName
            | SystemVariable::TargetUrl
            | SystemVariable::TargetEvaluatedUrl
            | SystemVariable::TargetBasePath
            | SystemVariable::TargetScheme
            | SystemVariable::TargetHeaderHost
            | SystemVariable::TargetSslEnabled
            | SystemVariable::TargetCopyPathSuffix
            | SystemVariable::TargetCopyQueryParams => return self.of_target(variable),
            SystemVariable::TargetHost
            | SystemVariable::TargetPort
            | SystemVariable::TargetIp
            | SystemVariable::TargetCertificate(_)
            | SystemVariable::TargetSent(_)
            | SystemVariable::TargetReceived(_)
            | SystemVariable::TargetReceivedLength
            | SystemVariable::TargetResponseStatus
            | SystemVariable::LoadBalancingTargetServer
            | SystemVariable::LoadBalancingFailedServers
            | SystemVariable::LoadBalancingIsFallback => return self.of_call(variable),
            SystemVariable::IsError => Value::Boolean(self.run.side == Side::Error),
            SystemVariable::FaultName => Value::text(self.run.fault.as_ref()?.spec.name()),
            SystemVariable::FaultReason | SystemVariable::ErrorMessage => Value::from(self.fault_text()?),
            SystemVariable::FaultCategory => Value::text(category(self.run.fault.as_ref()?)),
            SystemVariable::ErrorState => {
                self.run.fault.as_ref()?;
                Value::Integer(self.run.place.state())
            }
            SystemVariable::IsPolicyError => flag(self.run.fault.as_ref()?.policy.is_some()),
            SystemVariable::IsTargetError => {
                self.run.fault.as_ref()?;
                flag(self.run.place == Stage::Send)
            }
            SystemVariable::FaultPolicyName => Value::text(self.name_of(self.run.fault.as_ref()?.policy?)?),
            SystemVariable::FaultFlowName => {
                self.run.fault.as_ref()?;
                let (end, part) = self.run.place.flow()?;
                Value::text(self.flow(end, part, FlowFact::Name)?)
            }
            SystemVariable::SystemTimestamp => Value::Long(self.system_time()?),
            SystemVariable::SystemTime(part) => time(self.system_time()?, part, self.zone()),
            SystemVariable::SystemUuid => Value::text(match self.snapshot.uuid.get() {
                Some(known) => known,
                None => {
                    let new = self.answered(uuid(self.snapshot))?;
                    self.snapshot.uuid.get_or_init(|| new.into())
                }
            }),
            SystemVariable::SystemPodName => Value::text(settings.platform.pod.as_deref()?),
            SystemVariable::SystemRegionName => Value::text(settings.platform.region.as_deref()?),
            SystemVariable::MessageId => {
                let known = &self.run.message_id;
                if known.get().is_none() {
                    let id = self.answered(uuid(self.snapshot))?;
                    let _ = known.set(id.into());
                }
                Value::text(known.get()?)
            }
        })
    }

    fn of_client(self, variable: SystemVariable) -> Option<Value<'a>> {
        let client = self.client()?;
        let tls = client.tls.as_deref();
        let host = client.virtual_host.as_deref();
        let ip = |ip: Option<&IpAddr>| ip.map(|ip| Value::from(ip.to_string()));
        match variable {
            SystemVariable::ClientIp => ip(client.ip.as_ref()),
            SystemVariable::ClientResolvedIp => ip(client.resolved_ip.as_ref().or(client.ip.as_ref())),
            SystemVariable::ClientHost => client.host.as_deref().map(Value::text),
            SystemVariable::ClientPort => client.port.map(|port| Value::Integer(i32::from(port))),
            SystemVariable::ClientScheme => client.scheme.as_deref().map(Value::text),
            // Text, as the vendors document it.
            SystemVariable::ClientSslEnabled => {
                let is_tls = tls.is_some() || client.scheme.as_deref() == Some("https");
                Some(Value::text(if is_tls { "true" } else { "false" }))
            }
            SystemVariable::ClientCertificate(fact) => {
                let text = certificate(tls?.certificate.as_ref()?, fact)?;
                let is_sap = self.snapshot.settings.dialect.vendor == Vendor::Sap;
                let cut = is_sap && fact == CertificateFact::CommonName;
                Some(Value::text(if cut { text.split(',').next().unwrap_or(text) } else { text }))
            }
            SystemVariable::Tls(fact) => match fact {
                TlsFact::Cipher => tls?.cipher.as_deref(),
                TlsFact::Protocol => tls?.protocol.as_deref(),
                TlsFact::ServerName => tls?.server_name.as_deref(),
                TlsFact::SessionId => tls?.session_id.as_deref(),
            }
            .map(Value::text),
            SystemVariable::VirtualHostName => host.map(|host| Value::text(&host.name)),
            SystemVariable::VirtualHostAliases => host.map(|host| Value::List(Cow::Borrowed(&host.aliases))),
            SystemVariable::VirtualHostSslEnabled => host.map(|host| Value::Boolean(host.ssl_enabled)),
            _ => None,
        }
    }

    /// Facts that hold from the moment a target is chosen.
    fn of_target(self, variable: SystemVariable) -> Option<Value<'a>> {
        let Some(target) = self.run.target() else {
            // SAP documents it from the request of the target on, Apigee from that of the proxy.
            let early = variable == SystemVariable::TargetSslEnabled
                && self.snapshot.settings.dialect.vendor != Vendor::Sap
                && !self.proxy.is_bare();
            return early.then_some(Value::Boolean(false));
        };
        Some(match variable {
            SystemVariable::RouteTarget | SystemVariable::TargetName => {
                Value::text(&self.proxy.targets.get(target as usize)?.name)
            }
            SystemVariable::TargetUrl | SystemVariable::TargetEvaluatedUrl => Value::from(self.target_url()?),
            SystemVariable::TargetBasePath => {
                let path = self.target_uri()?.path().to_owned();
                if path == "/" {
                    return None;
                }
                Value::from(path)
            }
            SystemVariable::TargetScheme => Value::from(self.target_uri()?.scheme_str()?.to_owned()),
            SystemVariable::TargetHeaderHost => Value::from(self.target_uri()?.authority()?.as_str().to_owned()),
            SystemVariable::TargetSslEnabled => Value::Boolean(self.target_uri()?.scheme_str() == Some("https")),
            SystemVariable::TargetCopyPathSuffix | SystemVariable::TargetCopyQueryParams => Value::Boolean(true),
            _ => return None,
        })
    }

    /// Facts about the call of the target.
    fn of_call(self, variable: SystemVariable) -> Option<Value<'a>> {
        let call = self.run.call()?;
        let info = self.target_info();
        let target = self.proxy.targets.get(self.run.target()? as usize)?;
        let server = |at: u32| target.balancer().and_then(|balancer| balancer.servers.get(at as usize));
        Some(match variable {
            SystemVariable::TargetSent(moment) => {
                let given = info.and_then(|info| if moment.is_end { info.sent_end } else { info.sent_start });
                at(moment, given.or(call.sent_ms)?)
            }
            // The rest is known once there is an answer.
            _ if call.status.is_none() => return None,
            SystemVariable::TargetHost => Value::text(call.head.uri().host()?),
            SystemVariable::TargetPort => {
                let uri = call.head.uri();
                let usual = if uri.scheme_str() == Some("https") { 443 } else { 80 };
                Value::Integer(i32::from(uri.port_u16().unwrap_or(usual)))
            }
            SystemVariable::TargetIp => Value::from(info?.ip?.to_string()),
            SystemVariable::TargetCertificate(fact) => Value::text(certificate(info?.certificate.as_ref()?, fact)?),
            SystemVariable::TargetReceived(moment) => {
                let given = info.and_then(|info| if moment.is_end { info.received_end } else { info.received_start });
                at(moment, given.or(call.received_ms)?)
            }
            SystemVariable::TargetReceivedLength => Value::from(call.received_length?.to_string()),
            SystemVariable::TargetResponseStatus => Value::from(call.status?.to_string()),
            SystemVariable::LoadBalancingTargetServer => {
                target.balancer()?.path.as_ref()?;
                Value::text(&server(call.server?)?.name)
            }
            SystemVariable::LoadBalancingFailedServers => {
                target.balancer()?;
                let names = call.failed.iter().filter_map(|at| server(*at)).map(|server| server.name.to_string());
                Value::List(Cow::Owned(names.collect()))
            }
            SystemVariable::LoadBalancingIsFallback => Value::Boolean(server(call.server?)?.is_fallback),
            _ => return None,
        })
    }

    fn fault_text(self) -> Option<String> {
        let raised = self.run.fault.as_ref()?;
        Some(raised.text(raised.policy.and_then(|at| self.name_of(at))))
    }

    fn began_ms(self) -> Option<i64> {
        self.run.cold().and_then(|cold| cold.began_ms).or_else(|| self.now_ms())
    }

    fn system_time(self) -> Option<i64> {
        match self.snapshot.settings.dialect.system_time {
            SystemTime::Reading => self.now_ms(),
            SystemTime::Arrival => self.client().and_then(|client| client.received_start).or_else(|| self.began_ms()),
        }
    }

    fn zone(self) -> &'static str {
        match self.snapshot.settings.dialect.system_time {
            SystemTime::Reading => "GMT",
            SystemTime::Arrival => "UTC",
        }
    }

    fn proxy_url(self) -> String {
        let uri = self.run.received().uri();
        if uri.scheme().is_some() {
            return uri.to_string();
        }
        let scheme = self.client().and_then(|client| client.scheme.as_deref()).unwrap_or("http");
        let host = self.run.received().headers().get(http::header::HOST).and_then(|host| host.to_str().ok());
        format!("{scheme}://{}{uri}", host.unwrap_or("localhost"))
    }

    /// The flow of an endpoint that runs, or that ran last.
    fn flow_of(self, end: Endpoint, fact: FlowFact) -> Option<&'a str> {
        match self.run.place.flow() {
            Some((at, part)) if at == end => self.flow(end, part, fact),
            // Elsewhere every flow of the endpoint has ended, the last of which is PostFlow.
            _ if end == Endpoint::Target && self.run.target().is_none() => None,
            _ => self.flow(end, Part::Post, fact),
        }
    }

    fn flow(self, end: Endpoint, part: Part, fact: FlowFact) -> Option<&'a str> {
        let flows: &EndpointPlan = match end {
            Endpoint::Proxy => &self.proxy.flows,
            Endpoint::Target => &self.proxy.targets.get(self.run.target()? as usize)?.flows,
        };
        let conditional = || flows.request.flows.get(self.run.flow()? as usize);
        match (part, fact) {
            (Part::Pre, FlowFact::Name) => Some("PreFlow"),
            (Part::Post, FlowFact::Name) => Some("PostFlow"),
            (Part::Flow, FlowFact::Name) => conditional().map(|flow| &*flow.name),
            (Part::Pre, FlowFact::Description) => flows.descriptions.pre.as_deref(),
            (Part::Post, FlowFact::Description) => flows.descriptions.post.as_deref(),
            (Part::Flow, FlowFact::Description) => conditional().and_then(|flow| flow.description.as_deref()),
        }
    }
}

impl Stage {
    /// The flow of a stage.
    fn flow(self) -> Option<(Endpoint, Part)> {
        match self {
            Self::Request(end, part) | Self::Response(end, part) => Some((end, part)),
            _ => None,
        }
    }

    /// `error.state`: the four flows in their order.
    fn state(self) -> i32 {
        match self {
            Self::Request(Endpoint::Proxy, _) | Self::Route => 1,
            Self::Request(Endpoint::Target, _) | Self::Send => 2,
            Self::Response(Endpoint::Target, _) => 3,
            _ => 4,
        }
    }
}

/// `fault.category`, in the words of the vendor's taxonomy.
fn category(raised: &Raised) -> &'static str {
    let transport = [&runtime::GATEWAY_TIMEOUT, &runtime::SERVICE_UNAVAILABLE, &runtime::UNEXPECTED_EOF];
    if raised.policy.is_some() {
        "Step"
    } else if transport.iter().any(|spec| spec.code == raised.spec.code) {
        "Transport"
    } else {
        "Messaging"
    }
}

fn flag(is: bool) -> Value<'static> {
    Value::text(if is { "1" } else { "0" })
}

fn certificate(certificate: &Certificate, fact: CertificateFact) -> Option<&str> {
    match fact {
        CertificateFact::CommonName => certificate.common_name.as_deref(),
        CertificateFact::Country => certificate.country.as_deref(),
        CertificateFact::EmailAddress => certificate.email_address.as_deref(),
        CertificateFact::Locality => certificate.locality.as_deref(),
        CertificateFact::Organization => certificate.organization.as_deref(),
        CertificateFact::OrganizationUnit => certificate.organization_unit.as_deref(),
        CertificateFact::State => certificate.state.as_deref(),
        CertificateFact::SubjectDn => certificate.subject_dn.as_deref(),
        CertificateFact::IssuerDn => certificate.issuer_dn.as_deref(),
        CertificateFact::Pem => certificate.pem.as_deref(),
        CertificateFact::Serial => certificate.serial.as_deref(),
        CertificateFact::Fingerprint => certificate.fingerprint.as_deref(),
    }
}

fn at(moment: Moment, ms: i64) -> Value<'static> {
    if moment.is_stamp { Value::Long(ms) } else { Value::from(format!("{} UTC", civil(ms))) }
}

fn time(now_ms: i64, part: TimePart, zone: &'static str) -> Value<'static> {
    let at = civil(now_ms);
    let number = |n: i64| Value::Integer(i32::try_from(n).unwrap_or(i32::MAX));
    match part {
        TimePart::Year => number(at.year),
        TimePart::Month => number(at.month),
        TimePart::Day => number(at.day),
        TimePart::DayOfWeek => number(at.day_of_week),
        TimePart::Hour => number(at.hour),
        TimePart::Minute => number(at.minute),
        TimePart::Second => number(at.second),
        TimePart::Millisecond => number(at.millisecond),
        TimePart::Zone => Value::text(zone),
        TimePart::Whole => Value::from(format!("{at} {zone}")),
    }
}
