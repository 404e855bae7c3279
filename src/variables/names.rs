//! The table of names of one plan: what each variable is, decided once at link time.

use std::sync::Arc;

use super::api_key::KeyVariable;
use super::decoded::DecodedVariable;
use super::index::Index;
use super::issued::IssuedVariable;
use super::system::SystemVariable;
use super::token::TokenVariable;
use super::{Intern, VarRef};
use crate::message::Field;
use crate::scan;

/// Which message a message variable belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MessageName {
    /// The request.
    Request,
    /// The response.
    Response,
    /// The request, the response or the error message, by the side of the flow.
    Message,
    /// The error message.
    Error,
    /// A message a policy created, by its index.
    Custom(u32),
}

/// What a policy left behind when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureFact {
    Failed,
    FaultName,
    FaultCause,
}

/// What a name stands for. A value written to the name shadows what would be computed.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// Nothing but what is written to it.
    Plain,
    /// A field of a message, computed from the message when read.
    Message(MessageName, Field),
    /// A fact about the request, the proxy or the environment.
    System(SystemVariable),
    /// The address of a network interface, `system.interface.{name}`.
    Interface(Box<str>),
    /// A fact about the verified access token and its app.
    Token(TokenVariable),
    /// A fact about the API key that a policy verified; `verifyapikey.{policy}` stands for the policy.
    ApiKey(VarRef, KeyVariable),
    /// A fact about the failure of a policy, or of one of the same name in a shared flow: they share the variable. Of any
    /// policy with the prefix, when it has no index.
    Failure { prefix: &'static str, policy: Option<u32>, fact: FailureFact },
    /// A fact about the tokens that a policy issued; `oauthv2accesstoken.{policy}` stands for the policy.
    Issued(VarRef, IssuedVariable),
    /// A fact about the token that a policy decoded.
    Decoded { policy: u32, variable: DecodedVariable },
}

pub(crate) struct Entry {
    pub(crate) name: Box<str>,
    pub(crate) kind: Kind,
}

/// How many names there is room for from the first on.
const FEW: usize = 32;

/// Interns names and knows what they stand for.
#[derive(Default)]
pub(crate) struct Names {
    entries: Vec<Entry>,
    index: Index,
    /// A name while it is put together.
    joined: String,
    messages: Vec<Arc<str>>,
    /// What failure variables are called after, once all policies are known.
    policies: Vec<FailureNames>,
    /// Whether some policy reads variables that only a request names.
    by_name: bool,
}

/// What the failure variables of a policy are called.
pub(crate) struct FailureNames {
    pub(crate) prefix: &'static str,
    /// Prefixes that are written for the same.
    pub(crate) aliases: &'static [&'static str],
    pub(crate) policy: Arc<str>,
}

impl Names {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn entry(&self, var: VarRef) -> Option<&Entry> {
        self.entries.get(var.0 as usize)
    }

    pub(crate) fn find(&self, name: &str) -> Option<VarRef> {
        self.index.find(name, |place| Some(&*self.entries.get(place as usize)?.name)).map(VarRef)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (VarRef, &Entry)> {
        (0u32..).map(VarRef).zip(&self.entries)
    }

    /// Notes that a policy reads variables which only a request names.
    pub(crate) fn read_by_name(&mut self) {
        self.by_name = true;
    }

    /// Whether some variable may tell what the embedder knows about the client.
    pub(crate) fn read_client(&self) -> bool {
        let tells = |entry: &Entry| matches!(entry.kind, Kind::System(system) if system.tells_of_client());
        self.by_name || self.entries.iter().any(tells)
    }

    /// How many messages policies create.
    pub(crate) fn message_count(&self) -> usize {
        self.messages.len()
    }

    /// The message of a name: one of the runtime's, or one that a policy creates.
    pub(crate) fn message(&mut self, name: &str) -> MessageName {
        match runtime_message(name) {
            Some(message) => message,
            None => match self.messages.iter().position(|known| &**known == name) {
                Some(at) => MessageName::Custom(u32::try_from(at).unwrap_or(u32::MAX)),
                None => {
                    self.messages.push(name.into());
                    MessageName::Custom(u32::try_from(self.messages.len() - 1).unwrap_or(u32::MAX))
                }
            },
        }
    }

    /// Interns `prefix.policy.tail`.
    pub(crate) fn own(&mut self, prefix: &str, policy: &str, tail: &str) -> VarRef {
        let mut name = std::mem::take(&mut self.joined);
        name.clear();
        [prefix, ".", policy, ".", tail].iter().for_each(|part| name.push_str(part));
        let var = self.intern(&name);
        self.joined = name;
        var
    }

    /// What a name stands for that is not (or not yet) in the table.
    pub(crate) fn classify(&self, name: &str) -> Kind {
        if let Some(failure) = failure(name, &self.policies) {
            return failure;
        }
        if let Some(decoded) = decoded(name, &self.policies) {
            return decoded;
        }
        let of_runtime = || {
            let (head, tail) = name.split_at_checked(scan::position(name.as_bytes(), b'.')?)?;
            Some((runtime_message(head)?, tail.strip_prefix('.')?))
        };
        // A message may have dots in its name, so the longest name that fits is meant.
        let of_policy = || {
            let messages = self.messages.iter().zip(0u32..);
            let fitting = messages.filter_map(|(known, at)| {
                let tail = name.strip_prefix(&**known)?.strip_prefix('.')?;
                Some((MessageName::Custom(at), tail))
            });
            fitting.min_by_key(|(_, tail)| tail.len())
        };
        if let Some((message, tail)) = of_runtime().or_else(of_policy)
            && let Some(field) = Field::parse(tail)
        {
            return Kind::Message(message, field);
        }
        if let Some(interface) = name.strip_prefix("system.interface.") {
            return Kind::Interface(interface.into());
        }
        if let Some(system) = SystemVariable::parse(name) {
            return Kind::System(system);
        }
        if let Some(kind) = name.strip_prefix("verifyapikey.").and_then(|_| self.api_key(name)) {
            return kind;
        }
        if let Some(kind) = name.strip_prefix(IssuedVariable::PREFIX).and_then(|_| self.issued(name)) {
            return kind;
        }
        TokenVariable::parse(name).map_or(Kind::Plain, Kind::Token)
    }

    /// A variable of a VerifyAPIKey policy, which has made its own name known.
    fn api_key(&self, name: &str) -> Option<Kind> {
        self.of_policy(name, |policy, tail| Some(Kind::ApiKey(policy, KeyVariable::parse(tail)?)))
    }

    /// A variable of a policy that issues tokens, which has made its own name known.
    fn issued(&self, name: &str) -> Option<Kind> {
        self.of_policy(name, |policy, tail| Some(Kind::Issued(policy, IssuedVariable::parse(tail)?)))
    }

    /// A name behind that of a policy, which is one of the table with a prefix.
    fn of_policy(&self, name: &str, kind: impl Fn(VarRef, &str) -> Option<Kind>) -> Option<Kind> {
        let bytes = name.as_bytes();
        let mut at = scan::position(bytes, b'.')?;
        loop {
            at += 1 + scan::position(bytes.get(at + 1..)?, b'.')?;
            let (policy, tail) = (name.get(..at)?, name.get(at + 1..)?);
            if let Some(kind) = self.find(policy).and_then(|policy| kind(policy, tail)) {
                return Some(kind);
            }
        }
    }

    /// Settles what could not be known while policies were still being compiled: fields of the messages they create,
    /// and facts about their failures.
    pub(crate) fn finish(&mut self, policies: Vec<FailureNames>) {
        self.policies = policies;
        for at in 0..self.entries.len() {
            let Some(kind) = self.entries.get(at).map(|entry| self.classify(&entry.name)) else { continue };
            if let Some(entry) = self.entries.get_mut(at) {
                entry.kind = kind;
            }
        }
    }
}

impl Intern for Names {
    fn intern(&mut self, name: &str) -> VarRef {
        if let Some(known) = self.find(name) {
            return known;
        }
        let place = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        self.index.push(name, place, self.entries.iter().map(|entry| &*entry.name));
        if self.entries.is_empty() {
            self.entries.reserve(FEW);
        }
        // What it stands for is settled by `finish`, when all is known that names may be made of.
        self.entries.push(Entry { name: name.into(), kind: Kind::Plain });
        VarRef(place)
    }
}

fn runtime_message(name: &str) -> Option<MessageName> {
    Some(match name {
        "request" => MessageName::Request,
        "response" => MessageName::Response,
        "message" => MessageName::Message,
        "error" => MessageName::Error,
        _ => return None,
    })
}

fn failure(name: &str, policies: &[FailureNames]) -> Option<Kind> {
    let (stem, fact) = match name.as_bytes().last()? {
        b'd' => (name.strip_suffix(".failed")?, FailureFact::Failed),
        b'l' => (name.strip_suffix(".fault.detail")?, FailureFact::FaultCause),
        b'e' => match name.strip_suffix(".cause") {
            Some(stem) => (stem.strip_suffix(".fault").unwrap_or(stem), FailureFact::FaultCause),
            None => (name.strip_suffix(".fault.name")?, FailureFact::FaultName),
        },
        _ => return None,
    };
    let is_named = |names: &FailureNames, prefix: &str| {
        stem.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.')) == Some(&*names.policy)
    };
    let at = policies
        .iter()
        .position(|names| is_named(names, names.prefix) || names.aliases.iter().any(|alias| is_named(names, alias)));
    if let Some(at) = at {
        let prefix = policies.get(at)?.prefix;
        // Only the pages about OAuth are recalled to name a detail, which no example shows.
        if name.ends_with(".fault.detail") && prefix != "oauthV2" {
            return None;
        }
        return Some(Kind::Failure { prefix, policy: u32::try_from(at).ok(), fact });
    }
    // The pages write `JWT.failed` and `JWS.failed`, but `jwt.{policy}.failed`.
    let prefix = policies.iter().find(|names| names.prefix.eq_ignore_ascii_case(stem))?.prefix;
    (fact == FailureFact::Failed).then_some(Kind::Failure { prefix, policy: None, fact })
}

/// A policy may have dots in its name, so the longest name that fits is meant.
fn decoded(name: &str, policies: &[FailureNames]) -> Option<Kind> {
    let (prefix, rest) = name.split_at_checked(3).filter(|(prefix, _)| matches!(*prefix, "jwt" | "jws"))?;
    let rest = rest.strip_prefix('.')?;
    let fitting = policies.iter().zip(0u32..).filter_map(|(known, at)| {
        let tail = rest.strip_prefix(&*known.policy)?.strip_prefix('.').filter(|_| known.prefix == prefix)?;
        Some((at, tail))
    });
    let (policy, tail) = fitting.min_by_key(|(_, tail)| tail.len())?;
    Some(Kind::Decoded { policy, variable: DecodedVariable::parse(tail, prefix == "jwt")? })
}
