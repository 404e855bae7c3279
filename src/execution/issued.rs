//! Tokens that policies issued in the course of a request.

use super::Run;
use crate::host::TokenPair;
use crate::plan::ProxyPlan;
use crate::variables::{Kind, VarRef};

impl Run<'_> {
    /// Takes down what a policy issued: its variables are read from there, whatever was written to them before.
    pub(crate) fn note_issued(&mut self, proxy: &ProxyPlan, policy: VarRef, pair: Box<TokenPair>) {
        let has_refresh = pair.refresh.is_some();
        self.unset(proxy, |kind| match kind {
            Kind::Issued(of, variable) => *of == policy && (has_refresh || !variable.is_of_refresh()),
            _ => false,
        });
        let issued = &mut self.cold_mut().issued;
        issued.retain(|(other, _)| *other != policy);
        issued.push((policy, pair));
    }

    /// What a policy issued last.
    pub(crate) fn issued(&self, policy: VarRef) -> Option<&TokenPair> {
        self.cold()?.issued.iter().find(|(by, _)| *by == policy).map(|(_, pair)| &**pair)
    }
}
