//! PublishMessage: publishes a text to a topic of Cloud Pub/Sub.

use super::PolicySyntax;
use super::named::NamedProperty;
use super::shape::shape;
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::xml::Element;

/// Attributes that a message may have.
const ATTRIBUTES: usize = 10;

shape! {
    /// `<PublishMessage>` as its document says it.
    pub struct PublishMessage {
        /// `<Source>`: the text to publish, a template.
        child "Source" content: Option<Spanned<String>>,
        /// `<UseMessageAsSource>`: the message to publish, in place of a text.
        child "UseMessageAsSource" use_message_as_source: Option<Spanned<String>>,
        /// `<CloudPubSub>`: where it goes.
        child "CloudPubSub" cloud_pub_sub: CloudPubSub,
        /// `<Attributes>`: what goes along with it; the values are templates.
        list "Attributes" / "Attribute" attributes: Vec<NamedProperty>,
        /// `<IgnoreUnresolvedVariables>`: whether an unresolved variable reads as empty text.
        child "IgnoreUnresolvedVariables" ignore_unresolved_variables: bool = false,
    }
}

shape! {
    /// `<CloudPubSub>` of a [`PublishMessage`].
    pub struct CloudPubSub {
        /// `<Topic>`: the topic, a template such as `projects/{project}/topics/{topic}`.
        child "Topic" topic: Spanned<String>,
        /// `<Endpoint>`: the service, where it is not the usual one.
        child "Endpoint" endpoint: Option<Spanned<String>>,
    }
}

impl PolicySyntax for PublishMessage {
    const ELEMENT: &'static str = "PublishMessage";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        let finding = match (&self.content, &self.use_message_as_source) {
            (Some(_), Some(_)) => Some("the policy has two things to publish"),
            (None, None) => Some("the policy has nothing to publish"),
            _ => None,
        };
        if let Some(finding) = finding {
            let help = "one of `Source` and `UseMessageAsSource`";
            d.push(Diagnostic::error("publish-message::source", finding).at(root.source(), root.span()).help(help));
        }
        if let Some(attribute) = self.attributes.get(ATTRIBUTES) {
            let message = format!("a message has at most {ATTRIBUTES} attributes");
            let finding = Diagnostic::error("publish-message::too-many-attributes", message);
            d.push(finding.at(root.source(), attribute.name.span));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn one_thing_is_published() {
        let many = |n| {
            format!("<Source>s</Source><Attributes>{}</Attributes>", "<Attribute name='a'>{v}</Attribute>".repeat(n))
        };
        for (inside, want) in [
            ("<Source>{v}</Source>", &[][..]),
            ("<UseMessageAsSource>request</UseMessageAsSource>", &[]),
            ("<Source>{v}</Source><UseMessageAsSource>request</UseMessageAsSource>", &["publish-message::source"]),
            ("", &["publish-message::source"]),
            (&many(10), &[]),
            (&many(11), &["publish-message::too-many-attributes"]),
        ] {
            let topic = "<CloudPubSub><Topic>t</Topic></CloudPubSub>";
            assert_eq!(codes(&format!("<PublishMessage>{topic}{inside}</PublishMessage>")), want, "{inside}");
        }
        assert_eq!(
            codes("<PublishMessage><Source>s</Source><CloudPubSub/></PublishMessage>"),
            ["xml::missing-element"]
        );
    }
}
