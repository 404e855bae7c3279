//! The error state: which fault rule runs, and what the client gets.

use bytes::Bytes;
use http::header::CONTENT_TYPE;

use super::cursor::{Endpoint, Stage};
use super::{Execution, Run, Side, Signal, View};
use crate::fault::{Raised, json_body, soap_body};
use crate::message::FaultFormat;
use crate::plan::{EndpointPlan, ProxyPlan, Snapshot};
use crate::policy::is_raise_fault;

impl Execution<'_, '_> {
    /// Enters the error state, or handles a fault inside it. It is one-way: the normal flow never goes on.
    pub(super) fn raise(&mut self, snapshot: &Snapshot, proxy: &ProxyPlan, raised: Raised) {
        self.unwind();
        self.cursor.list = None;
        match self.cursor.stage {
            // The response is already sent; nothing can change it any more.
            Stage::PostClient | Stage::Done => {
                self.run.note_failure(raised);
                self.cursor.stage = Stage::Done;
            }
            Stage::FaultRule(end) => {
                if is_raise_fault(raised.spec) {
                    // It wrote its own response over what was there, and the default rule does not run after it.
                    self.run.replace_fault(raised);
                    self.enter(snapshot, proxy, Stage::PostClient);
                } else {
                    self.run.note_failure(raised);
                    self.cursor.stage = Stage::FaultRule(end);
                }
            }
            Stage::DefaultFaultRule => {
                if is_raise_fault(raised.spec) {
                    self.run.replace_fault(raised);
                } else {
                    self.run.note_failure(raised);
                }
                self.enter(snapshot, proxy, Stage::PostClient);
            }
            stage => self.enter_error_state(snapshot, proxy, stage.endpoint(), raised),
        }
    }

    fn enter_error_state(&mut self, snapshot: &Snapshot, proxy: &ProxyPlan, end: Endpoint, raised: Raised) {
        self.run.fault = Some(raised);
        self.run.side = Side::Error;
        let (end, endpoint) = self.consulted(snapshot, proxy, end);
        let Some(endpoint) = endpoint else { return self.enter(snapshot, proxy, Stage::PostClient) };
        if endpoint.fault_rules.is_empty() && endpoint.default_fault_rule.is_none() {
            return self.enter(snapshot, proxy, Stage::PostClient);
        }
        self.run.error_message(proxy);
        let view = View { run: self.run, snapshot, proxy };
        match endpoint.fault_rules.iter().find(|rule| rule.condition.evaluate(&view)) {
            Some(rule) => {
                self.run.cold_mut().fault_rule_ran = true;
                self.cursor.list = Some(rule.steps);
                self.enter(snapshot, proxy, Stage::FaultRule(end));
            }
            None => self.enter_default_fault_rule(snapshot, proxy, endpoint),
        }
    }

    /// The endpoint whose fault rules are asked: only the one the error occurred in, unless the dialect says otherwise.
    fn consulted<'p>(
        &self,
        snapshot: &Snapshot,
        proxy: &'p ProxyPlan,
        end: Endpoint,
    ) -> (Endpoint, Option<&'p EndpointPlan>) {
        let target = self.run.target().and_then(|at| proxy.targets.get(at as usize)).map(|target| &target.flows);
        match (end, target) {
            (Endpoint::Target, Some(flows)) => {
                let none = flows.fault_rules.is_empty() && flows.default_fault_rule.is_none();
                if none && snapshot.settings.dialect.target_errors_reach_proxy {
                    (Endpoint::Proxy, Some(&proxy.flows))
                } else {
                    (Endpoint::Target, Some(flows))
                }
            }
            (Endpoint::Target, None) => (Endpoint::Target, None),
            (Endpoint::Proxy, _) => (Endpoint::Proxy, Some(&proxy.flows)),
        }
    }

    fn enter_default_fault_rule(&mut self, snapshot: &Snapshot, proxy: &ProxyPlan, endpoint: &EndpointPlan) {
        let view = View { run: self.run, snapshot, proxy };
        match &endpoint.default_fault_rule {
            Some(rule)
                if (rule.always_enforce || !self.run.cold().is_some_and(|cold| cold.fault_rule_ran))
                    && rule.condition.evaluate(&view) =>
            {
                self.cursor.list = Some(rule.steps);
                self.enter(snapshot, proxy, Stage::DefaultFaultRule);
            }
            _ => self.enter(snapshot, proxy, Stage::PostClient),
        }
    }

    /// A fault rule has ended without a RaiseFault: the default rule runs if it is always enforced.
    pub(super) fn after_fault_rule(&mut self, snapshot: &Snapshot, proxy: &ProxyPlan, end: Endpoint) -> Option<Signal> {
        let endpoint = match end {
            Endpoint::Proxy => Some(&proxy.flows),
            Endpoint::Target => self.run.target().and_then(|at| proxy.targets.get(at as usize)).map(|t| &t.flows),
        };
        match endpoint {
            Some(endpoint) => self.enter_default_fault_rule(snapshot, proxy, endpoint),
            None => self.enter(snapshot, proxy, Stage::PostClient),
        }
        None
    }
}

impl Run<'_> {
    /// The error message, which starts as the default response of the fault in force.
    pub(crate) fn error_message(&mut self, proxy: &ProxyPlan) -> &mut http::Response<Bytes> {
        self.error_or_insert(|run| run.default_response(proxy.policies.as_slice()))
    }

    /// The default response of the fault in force.
    pub(crate) fn default_response(&self, policies: &[crate::plan::PolicyPlan]) -> http::Response<Bytes> {
        let Some(fault) = &self.fault else { return http::Response::default() };
        let policy = fault.policy.and_then(|at| policies.get(at as usize)).map(|policy| &*policy.name);
        self.fault_response(fault, policy)
    }

    /// The default response of a fault, in the format the client wants.
    pub(crate) fn fault_response(&self, fault: &Raised, policy: Option<&str>) -> http::Response<Bytes> {
        let text = fault.text(policy);
        let code = fault.spec.body_code;
        let (content_type, body) = match FaultFormat::for_request(self.received()) {
            FaultFormat::Json => ("application/json", json_body(&text, code)),
            FaultFormat::Soap12 => ("application/soap+xml", soap_body(&text, code)),
        };
        let mut response = http::Response::new(Bytes::from(body));
        *response.status_mut() =
            http::StatusCode::from_u16(fault.http_status()).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
        response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static(content_type));
        response
    }
}
