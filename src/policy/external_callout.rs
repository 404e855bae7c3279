//! ExternalCallout: lets a gRPC server look at a message and change it.

use super::PolicySyntax;
use super::common::ValueOrRef;
use super::named::NamedProperty;
use super::shape::{Int, OrRef, shape};
use crate::diagnostic::Spanned;

shape! {
    /// `<ExternalCallout>` as its document says it.
    pub struct ExternalCallout {
        /// `<TimeoutMs>`: how long the server may take, in milliseconds.
        child "TimeoutMs" timeout_ms: Int<1, { i64::MAX }>,
        /// `<GrpcConnection>`: the server.
        child "GrpcConnection" grpc_connection: GrpcConnection,
        /// `<Configurations>`: what is sent.
        child "Configurations" configurations: Option<CalloutConfigurations>,
    }
}

shape! {
    /// `<GrpcConnection>`.
    pub struct GrpcConnection {
        /// `<Server>`: the target server.
        child "Server" server: GrpcServer,
        /// `<Authentication>`: how the call shows who makes it.
        child "Authentication" authentication: Option<GrpcAuthentication>,
    }
}

shape! {
    /// `<Server>` of a [`GrpcConnection`].
    pub struct GrpcServer {
        /// The `name` attribute: a target server with the protocol GRPC.
        attribute "name" name: Spanned<String>,
    }
}

shape! {
    /// `<Authentication>` of a [`GrpcConnection`]; it knows no access token.
    pub struct GrpcAuthentication {
        /// `<HeaderName>`: the header with the token; `Authorization` when absent.
        child "HeaderName" header_name: Option<ValueOrRef>,
        /// `<GoogleIDToken>`: the token.
        child "GoogleIDToken" google_id_token: Option<CalloutIdToken>,
    }
}

shape! {
    /// `<GoogleIDToken>` of a [`GrpcAuthentication`].
    pub struct CalloutIdToken {
        /// `<Audience>`: for whom the token is.
        child "Audience" audience: CalloutAudience,
        /// `<IncludeEmail>`: whether the token tells the address of the service account.
        child "IncludeEmail" include_email: Option<OrRef<bool>>,
    }
}

shape! {
    /// `<Audience>` of a [`CalloutIdToken`].
    pub struct CalloutAudience {
        /// The `useTargetUrl` attribute: whether the server's URL stands in.
        attribute "useTargetUrl" use_target_url: bool = false,
        /// The audience.
        flat audience: ValueOrRef,
    }
}

shape! {
    /// `<Configurations>` of an [`ExternalCallout`].
    pub struct CalloutConfigurations {
        /// `<Property>`: the parts of the messages that are sent, such as `with.request.content`.
        children "Property" properties: Vec<NamedProperty>,
        /// `<FlowVariable>`: the variables that are sent, by their prefixes.
        children "FlowVariable" flow_variables: Vec<Spanned<String>>,
    }
}

impl PolicySyntax for ExternalCallout {
    const ELEMENT: &'static str = "ExternalCallout";
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn a_callout_has_a_server_and_a_time() {
        let token = "<Authentication><HeaderName ref='h'>X</HeaderName><GoogleIDToken>
            <Audience useTargetUrl='true' ref='a'>b</Audience><IncludeEmail ref='e'>true</IncludeEmail>
            </GoogleIDToken></Authentication>";
        let sent = "<Configurations><Property name='with.request.content'>true</Property>
            <FlowVariable>a</FlowVariable><FlowVariable>b</FlowVariable></Configurations>";
        for (time, connection, rest, want) in [
            ("5000", "<Server name='g'/>", sent, &[][..]),
            ("5000", &format!("<Server name='g'/>{token}"), "<Configurations/>", &[]),
            ("0", "<Server name='g'/>", "", &["xml::not-an-integer"]),
            ("5", "<Server/>", "", &["xml::missing-attribute"]),
            ("5", "", "", &["xml::missing-element"]),
            (
                "5",
                "<Server name='g'/><Authentication><GoogleAccessToken/></Authentication>",
                "",
                &["xml::unknown-element"],
            ),
        ] {
            let inside = format!("<TimeoutMs>{time}</TimeoutMs><GrpcConnection>{connection}</GrpcConnection>{rest}");
            assert_eq!(codes(&format!("<ExternalCallout>{inside}</ExternalCallout>")), want, "{inside}");
        }
    }
}
