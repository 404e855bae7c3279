//! Ldap: asks a directory about a user; Edge only.

use super::PolicySyntax;
use super::common::ValueOrRef;
use super::shape::{Hidden, shape, words};
use crate::diagnostic::Spanned;

shape! {
    /// `<Ldap>` as its document says it.
    pub struct Ldap {
        /// `<LdapConnectorClass>`: a class that stands in for the built-in client.
        child "LdapConnectorClass" ldap_connector_class: Option<Spanned<String>>,
        /// `<LdapResource>`: the directory.
        child "LdapResource" ldap_resource: Option<Spanned<String>>,
        /// `<Authentication>`: checks a password.
        child "Authentication" authentication: Option<LdapAuthentication>,
        /// `<Search>`: looks entries up.
        child "Search" search: Option<LdapSearch>,
    }
}

shape! {
    /// `<Authentication>` of an [`Ldap`].
    pub struct LdapAuthentication {
        /// `<UserName>`: the user.
        child "UserName" user_name: Option<LdapValue>,
        /// `<Password>`: the password.
        child "Password" password: Option<LdapValue>,
        /// `<Scope>`: how deep to look.
        child "Scope" scope: Option<LdapScope>,
        /// `<BaseDN>`: where to look.
        child "BaseDN" base_dn: Option<ValueOrRef>,
        /// `<SearchQuery>`: the filter, a template.
        child "SearchQuery" search_query: Option<ValueOrRef>,
    }
}

shape! {
    /// `<Search>` of an [`Ldap`].
    pub struct LdapSearch {
        /// `<BaseDN>`: where to look.
        child "BaseDN" base_dn: Option<ValueOrRef>,
        /// `<SearchQuery>`: the filter, a template.
        child "SearchQuery" search_query: Option<ValueOrRef>,
        /// `<Scope>`: how deep to look.
        child "Scope" scope: Option<LdapScope>,
        /// `<Attributes>`: what of the entries is read.
        list "Attributes" / "Attribute" attributes: Vec<Spanned<String>>,
    }
}

shape! {
    /// `<UserName>` or `<Password>` of an [`LdapAuthentication`].
    pub struct LdapValue {
        /// The `value` attribute, which stands in for the text.
        attribute "value" default: Option<Spanned<Hidden>>,
        /// The variable and the text.
        flat value: ValueOrRef,
    }
}

words! {
    /// How deep a directory is searched.
    pub enum LdapScope: any_case {
        /// `object`: the entry itself.
        Object = "object",
        /// `onelevel`: the entries right below.
        OneLevel = "onelevel",
        /// `subtree`: all entries below.
        Subtree = "subtree",
    }
}

impl PolicySyntax for Ldap {
    const ELEMENT: &'static str = "Ldap";
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn a_search_and_a_password_are_read() {
        let filter = "<BaseDN ref='b'>dc=x</BaseDN><SearchQuery>uid={user}</SearchQuery>";
        for (inside, want) in [
            (
                &*format!(
                    "<Search>{filter}<Scope>subtree</Scope><Attributes><Attribute>cn</Attribute></Attributes></Search>"
                ),
                &[][..],
            ),
            (
                &*format!("<Authentication><UserName ref='u'/><Password value='p' ref='v'/>{filter}</Authentication>"),
                &[],
            ),
            ("<Search><Scope>everywhere</Scope></Search>", &["policy::unknown-word"]),
            ("<Find/>", &["xml::unknown-element"]),
        ] {
            assert_eq!(codes(&format!("<Ldap><LdapResource>r</LdapResource>{inside}</Ldap>")), want, "{inside}");
        }
    }
}
