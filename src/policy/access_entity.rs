//! AccessEntity: reads the profile of an app, a developer or an API product.

use super::PolicySyntax;
use super::common::{ValueOrRef, warn};
use super::shape::{shape, words};
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::xml::{Element, codes};

shape! {
    /// `<AccessEntity>` as its document says it.
    pub struct AccessEntity {
        /// `<EntityType>`: what is looked up.
        child "EntityType" entity_type: EntityType,
        /// `<EntityIdentifier>`: by what.
        child "EntityIdentifier" entity_identifier: Option<EntityIdentifier>,
        /// `<SecondaryIdentifier>`: what else it has, where the first is not enough.
        child "SecondaryIdentifier" secondary_identifier: Option<EntityIdentifier>,
        /// `<Identifiers>`: several things to look up.
        list "Identifiers" / "Identifier" identifiers: Vec<Identifiers>,
        /// `<OutputFormat>`: how the profile is written.
        child "OutputFormat" output_format: OutputFormat = OutputFormat::Xml,
    }
}

shape! {
    /// `<EntityType>`
    pub struct EntityType {
        /// The `value` attribute.
        attribute "value" value: EntityKind,
    }
}

words! {
    /// What can be looked up.
    pub enum EntityKind: any_case, "access-entity::unknown-type" = "InvalidEntityType" {
        /// An API product.
        ApiProduct = "apiproduct",
        /// An app.
        App = "app",
        /// A group of apps; Apigee X only.
        AppGroupName = "appgroupname",
        /// An authorization code.
        AuthorizationCode = "authorizationcode",
        /// A company; Edge and SAP only.
        Company = "company",
        /// A developer of a company; Edge and SAP only.
        CompanyDeveloper = "companydeveloper",
        /// An API key.
        ConsumerKey = "consumerkey",
        /// The scopes of an API key.
        ConsumerKeyScope = "consumerkey_scope",
        /// A developer.
        Developer = "developer",
        /// A request token of OAuth 1.0a.
        RequestToken = "requesttoken",
        /// A verifier of OAuth 1.0a.
        Verifier = "verifier",
    }
}

shape! {
    /// `<EntityIdentifier>` or `<SecondaryIdentifier>`: what an entity is found by.
    pub struct EntityIdentifier {
        /// The `type` attribute: what the value is.
        attribute "type" kind: Option<Spanned<String>>,
        /// The variable with the value.
        flat value: ValueOrRef,
        /// Where it is.
        #[serde(skip)]
        place place: Spanned<()>,
    }
}

shape! {
    /// `<Identifier>`: one thing to look up.
    pub struct Identifiers {
        /// `<EntityIdentifier>`: by what.
        child "EntityIdentifier" entity_identifier: EntityIdentifier,
        /// `<SecondaryIdentifier>`: what else it has.
        child "SecondaryIdentifier" secondary_identifier: Option<EntityIdentifier>,
    }
}

words! {
    /// How a profile is written.
    pub enum OutputFormat: any_case {
        /// `XML`
        Xml = "XML",
        /// `JSON`
        Json = "JSON",
    }
}

/// What the value of an identifier can be.
const IDENTIFIERS: [&str; 12] = [
    "apiproductname",
    "apiresource",
    "appgroupname",
    "appid",
    "appname",
    "authorizationcode",
    "companyname",
    "consumerkey",
    "developeremail",
    "developerid",
    "requesttoken",
    "verifier",
];

impl PolicySyntax for AccessEntity {
    const ELEMENT: &'static str = "AccessEntity";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        if self.entity_identifier.is_none() && self.identifiers.is_empty() {
            root.error_at(d, codes::MISSING_ELEMENT, "`AccessEntity` has no `EntityIdentifier`");
        }
        let several = self
            .identifiers
            .iter()
            .flat_map(|it| [Some(&it.entity_identifier), it.secondary_identifier.as_ref()].into_iter().flatten());
        for one in self.entity_identifier.iter().chain(&self.secondary_identifier).chain(several) {
            if one.value.reference.is_none() {
                let finding = Diagnostic::error(codes::MISSING_ATTRIBUTE, "the identifier has no attribute `ref`");
                d.push(finding.at(root.source(), one.place.span));
            }
            // The vendors look for nothing then, and deploy the policy all the same.
            match &one.kind {
                None => warn(root, one.place.span, "access-entity::no-type", "the identifier has no `type`", d),
                Some(kind) if !IDENTIFIERS.iter().any(|known| kind.trim().eq_ignore_ascii_case(known)) => {
                    let message = format!("`{}` is no type of identifier", kind.value);
                    warn(root, kind.span, "access-entity::unknown-identifier", message, d);
                }
                Some(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn deployment_faults_have_the_vendors_codes() {
        let id = "<EntityIdentifier ref='v' type='consumerkey'/>";
        for (kind, inside, want) in [
            ("app", id.to_owned(), &[][..]),
            (
                "App",
                format!("{id}<SecondaryIdentifier ref='w' type='developerid'/><OutputFormat>json</OutputFormat>"),
                &[],
            ),
            ("robot", id.to_owned(), &["InvalidEntityType"]),
            ("app", String::new(), &["xml::missing-element"]),
            ("app", format!("<Identifiers><Identifier>{id}</Identifier></Identifiers>"), &[]),
            ("app", "<EntityIdentifier ref='v' type='apikey'/>".into(), &["access-entity::unknown-identifier"]),
            ("app", "<EntityIdentifier ref='v'/>".into(), &["access-entity::no-type"]),
            ("app", "<EntityIdentifier type='appid'/>".into(), &["xml::missing-attribute"]),
        ] {
            let xml = format!("<AccessEntity><EntityType value='{kind}'/>{inside}</AccessEntity>");
            assert_eq!(codes(&xml), want, "{kind} {inside}");
        }
    }
}
