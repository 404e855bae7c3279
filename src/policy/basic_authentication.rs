//! BasicAuthentication: makes a `Basic` header of user and password, or takes one apart. It authenticates nobody.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::shape::{Reference, shape, words};
use super::{PolicySyntax, PolicyType, Run, StepContext, StepResult};
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::fault::{FaultSpec, Raised};
use crate::message::authorization::basic;
use crate::plan::Linker;
use crate::variables::{Intern as _, VarRef};
use crate::xml::Element;

words! {
    /// What a BasicAuthentication policy does.
    pub enum BasicOperation: exact {
        /// Makes a header value.
        Encode = "Encode",
        /// Takes one apart.
        Decode = "Decode",
    }
}

shape! {
    /// `<BasicAuthentication>` as its document says it.
    pub struct BasicAuthentication {
        /// `<Operation>`
        child "Operation" operation: BasicOperation,
        /// `<IgnoreUnresolvedVariables>`: whether an unresolved variable reads as empty text.
        child "IgnoreUnresolvedVariables" ignore_unresolved_variables: bool = true,
        /// `<User>`: the variable with the user, or for it.
        child "User" user: Option<Reference>,
        /// `<Password>`: the variable with the password, or for it.
        child "Password" password: Option<Reference>,
        /// `<AssignTo>`: where an encoded value goes.
        child "AssignTo" assign_to: Option<AssignHeader>,
        /// `<Source>`: the variable with the value to take apart.
        child "Source" source: Option<Spanned<String>>,
    }
}

shape! {
    /// `<AssignTo>` of a BasicAuthentication policy.
    pub struct AssignHeader {
        /// The `createNew` attribute: whether a variable that has a value is overwritten.
        attribute "createNew" create_new: bool = false,
        /// Name of the variable.
        text variable: Option<Spanned<String>>,
    }
}

const UNRESOLVED: FaultSpec = FaultSpec::new(
    "steps.basicauthentication.UnresolvedVariable",
    500,
    "Unresolved variable : {detail}",
    "a variable does not resolve, and `IgnoreUnresolvedVariables` is false",
);

const INVALID_SOURCE: FaultSpec = FaultSpec::new(
    "steps.basicauthentication.InvalidBasicAuthenticationSource",
    500,
    "Source variable : {detail} for basic authentication decode policy is not valid",
    "the value is not `Basic` and canonical Base64 of a user, a colon and a password, or there are two of them",
);

/// A variable with its name, for faults.
struct Named {
    var: VarRef,
    name: Arc<str>,
}

/// BasicAuthentication as it runs.
pub(crate) struct Compiled {
    user: Named,
    password: Named,
    work: Work,
    ignore_unresolved: bool,
}

enum Work {
    Encode { to: VarRef, create_new: bool },
    Decode { source: Named, count: Option<VarRef> },
}

impl PolicySyntax for BasicAuthentication {
    const ELEMENT: &'static str = "BasicAuthentication";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        let operation = self.operation.as_str();
        let is_encode = self.operation == BasicOperation::Encode;
        let has = |name: &str| root.elements().any(|element| element.name() == name);
        let to = self.assign_to.as_ref().and_then(|to| to.variable.as_ref());
        let required = [
            ("User", has("User"), "UserNameRequired", true),
            ("Password", has("Password"), "PasswordRequired", true),
            ("AssignTo", to.is_some(), "AssignToRequired", is_encode),
            ("Source", self.source.is_some(), "SourceRequired", !is_encode),
        ];
        for (name, is_there, code, is_required) in required {
            if is_required && !is_there {
                let message = format!("operation `{operation}` needs `{name}`");
                let finding = Diagnostic::error("basic-authentication::incomplete", message);
                d.push(finding.vendor(code).at(root.source(), root.span()));
            } else if !is_required && is_there {
                let message = format!("`{name}` has no effect on operation `{operation}`");
                let finding = Diagnostic::warning("basic-authentication::without-effect", message);
                d.push(finding.at(root.source(), root.span()));
            }
        }
    }
}

impl PolicyType for BasicAuthentication {
    type Compiled = Compiled;
    const PREFIX: &'static str = "BasicAuthentication";
    const FAULTS: &'static [FaultSpec] = &[UNRESOLVED, INVALID_SOURCE];

    fn compile(&self, linker: &mut Linker<'_>) -> Option<Compiled> {
        let mut named = |name: &str| Named { var: linker.intern(name), name: name.into() };
        let user = named(self.user.as_ref()?.variable.trim());
        let password = named(self.password.as_ref()?.variable.trim());
        let work = match self.operation {
            BasicOperation::Encode => {
                let to = self.assign_to.as_ref()?;
                Work::Encode { to: named(to.variable.as_ref()?).var, create_new: to.create_new }
            }
            BasicOperation::Decode => {
                let source = named(self.source.as_ref()?);
                // Two headers are two callers, and neither is believed.
                let is_header = source.name.to_ascii_lowercase().ends_with(".header.authorization");
                let count = is_header.then(|| named(&format!("{}.values.count", source.name)).var);
                Work::Decode { source, count }
            }
        };
        Some(Compiled { user, password, work, ignore_unresolved: self.ignore_unresolved_variables })
    }
}

impl Run for Compiled {
    fn execute(&self, cx: &mut StepContext<'_, '_>) -> StepResult {
        match self.run(cx) {
            Ok(()) => StepResult::Continue,
            Err(raised) => StepResult::Raise(raised),
        }
    }
}

impl Compiled {
    fn run(&self, cx: &mut StepContext<'_, '_>) -> Result<(), Raised> {
        match &self.work {
            Work::Encode { to, create_new } => {
                let (user, password) = (self.text(cx, &self.user)?, self.text(cx, &self.password)?);
                if !create_new && cx.view().read(*to).is_some() {
                    return Ok(());
                }
                let value = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
                cx.set(*to, value).map_err(|_| Raised::host_failure())
            }
            Work::Decode { source, count } => {
                let value = self.text(cx, source)?;
                let is_one = count.and_then(|count| cx.text(count)).is_none_or(|count| count == "1");
                let Some((user, password)) = basic(&value).filter(|_| is_one) else {
                    return Err(Raised::new(&INVALID_SOURCE).detail(Arc::clone(&source.name)));
                };
                cx.set(self.user.var, user).map_err(|_| Raised::host_failure())?;
                cx.set(self.password.var, password).map_err(|_| Raised::host_failure())
            }
        }
    }

    fn text(&self, cx: &StepContext<'_, '_>, of: &Named) -> Result<String, Raised> {
        match cx.text(of.var) {
            Some(text) => Ok(text),
            None if self.ignore_unresolved => Ok(String::new()),
            None => Err(Raised::new(&UNRESOLVED).detail(Arc::clone(&of.name))),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::{codes, refused};

    #[test]
    fn each_operation_has_elements_of_its_own() {
        let pair = "<User ref='u'/><Password ref='p'/>";
        for (content, want) in [
            (format!("<Operation>Encode</Operation>{pair}<AssignTo>a</AssignTo>"), &[][..]),
            (format!("<Operation>Encode</Operation>{pair}<AssignTo createNew='true'>a</AssignTo>"), &[]),
            (format!("<Operation>Decode</Operation>{pair}<Source>s</Source>"), &[]),
            (format!("<Operation>Encode</Operation>{pair}"), &["AssignToRequired"]),
            (format!("<Operation>Encode</Operation>{pair}<AssignTo/>"), &["AssignToRequired"]),
            (format!("<Operation>Decode</Operation>{pair}"), &["SourceRequired"]),
            (format!("<Operation>Decode</Operation>{pair}<Source/>"), &["SourceRequired"]),
            ("<Operation>Decode</Operation><Source>s</Source>".to_owned(), &["UserNameRequired", "PasswordRequired"]),
            (
                "<Operation>Encode</Operation><AssignTo>a</AssignTo><User/><Password ref='p'/>".to_owned(),
                &["xml::missing-attribute"],
            ),
            (format!("<Operation>encode</Operation>{pair}<AssignTo>a</AssignTo>"), &["policy::other-case"]),
            (format!("<Operation>Encrypt</Operation>{pair}<AssignTo>a</AssignTo>"), &["policy::unknown-word"]),
            (pair.to_owned(), &["xml::missing-element"]),
            (
                format!("<Operation>Decode</Operation>{pair}<Source>s</Source><AssignTo>a</AssignTo>"),
                &["basic-authentication::without-effect"],
            ),
        ] {
            let xml = format!("<BasicAuthentication name='b'>{content}</BasicAuthentication>");
            assert_eq!(codes(&xml), want, "{content}");
            assert_eq!(refused(&xml), want, "{content}");
        }
    }
}
