//! Variables VerifyAPIKey sets, `verifyapikey.{policy}.*`: read from the record of the key when asked for, never copied.

use super::token::TokenVariable;
use super::{Value, VarRef};
use crate::execution::View;

/// A variable whose value is a fact about the key that a policy verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeyVariable {
    /// What VerifyAccessToken sets too.
    Caller(TokenVariable),
    ClientSecret,
    /// `{organization}@@@{id}`
    DeveloperId,
    /// The label of the policy itself.
    DisplayName,
}

impl KeyVariable {
    /// Reads what follows the name of the policy.
    pub(super) fn parse(tail: &str) -> Option<Self> {
        let shared = match tail {
            "client_secret" => return Some(Self::ClientSecret),
            "developer.id" => return Some(Self::DeveloperId),
            "DisplayName" => return Some(Self::DisplayName),
            "redirection_uris" => "app.callbackUrl",
            "developer.app.id" => "app.id",
            "company.name" => "company.id",
            _ => tail,
        };
        let families = ["apiproduct.", "app.", "developer.", "company."];
        let is_known = shared == "client_id" || families.iter().any(|family| shared.starts_with(family));
        if is_known { TokenVariable::parse(shared).map(Self::Caller) } else { None }
    }

    /// The value, or nothing before the policy accepted a key.
    pub(crate) fn read<'a>(&self, policy: VarRef, view: View<'a, '_>) -> Option<Value<'a>> {
        let key = view.run.verified_key(policy)?;
        let credential = || view.snapshot.directory.credential(key.credential);
        match self {
            Self::Caller(variable) => variable.of_caller(view, key.credential, key.admission),
            Self::ClientSecret => Some(Value::text(credential()?.secret()?.expose())),
            Self::DeveloperId => {
                let id = credential()?.developer()?.developer_id.as_deref()?;
                Some(Value::from(format!("{}@@@{id}", view.snapshot.settings.organization)))
            }
            Self::DisplayName => {
                let name = view.proxy.names.entry(policy)?.name.strip_prefix("verifyapikey.")?;
                let plan = view.proxy.policies.iter().find(|plan| *plan.name == *name && plan.prefix == "oauthV2");
                plan.map(|plan| Value::text(plan.display_name.as_deref().unwrap_or(&plan.name)))
            }
        }
    }
}
