//! ParsePayload: reads the operation out of a request such as one of the Model Context Protocol.

use super::PolicySyntax;
use super::shape::{shape, words};

shape! {
    /// `<ParsePayload>` as its document says it.
    pub struct ParsePayload {
        /// `<Source>`: the message to read.
        child "Source" message: ParsedMessage = ParsedMessage::Request,
        /// `<PayloadType>`: how it is written.
        child "PayloadType" payload_type: PayloadType,
        /// `<Protocol>`: what it means.
        child "Protocol" protocol: PayloadProtocol,
    }
}

words! {
    /// The message that is read.
    pub enum ParsedMessage: exact {
        /// `request`
        Request = "request",
        /// `response`
        Response = "response",
    }
}

words! {
    /// How a payload is written.
    pub enum PayloadType: exact {
        /// `JSON-RPC-2.0`
        JsonRpc2 = "JSON-RPC-2.0",
    }
}

words! {
    /// What a payload means.
    pub enum PayloadProtocol: exact {
        /// `MCP`: the Model Context Protocol.
        Mcp = "MCP",
    }
}

impl PolicySyntax for ParsePayload {
    const ELEMENT: &'static str = "ParsePayload";
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn a_payload_has_a_type_and_a_protocol() {
        let mcp = "<PayloadType>JSON-RPC-2.0</PayloadType><Protocol>MCP</Protocol>";
        for (inside, want) in [
            (mcp, &[][..]),
            (&format!("<Source>response</Source>{mcp}"), &[]),
            (&format!("<Source>message</Source>{mcp}"), &["policy::unknown-word"]),
            ("<PayloadType>XML-RPC</PayloadType><Protocol>MCP</Protocol>", &["policy::unknown-word"]),
            ("", &["xml::missing-element", "xml::missing-element"]),
        ] {
            assert_eq!(codes(&format!("<ParsePayload>{inside}</ParsePayload>")), want, "{inside}");
        }
    }
}
