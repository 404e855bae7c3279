//! Every bound the library enforces, with its default and its reason.

/// The bounds on what is read at deployment and on what one request may cost.
///
/// The defaults refuse nothing that was seen in 9,099 real policy and endpoint files, and keep every parser linear.
///
/// ```
/// let limits = tollgate::Limits { xml_depth: 32, ..tollgate::Limits::default() };
/// assert!(limits.xml_bytes > 0);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes in one XML document. Largest real file: 53 KB.
    pub xml_bytes: usize,
    /// Nested elements in one XML document. Deepest real file: 11.
    pub xml_depth: usize,
    /// Elements in one XML document. Most in a real file: 711.
    pub xml_elements: usize,
    /// Attributes on one element. Most in a real file: 8.
    pub xml_attributes: usize,
    /// Bytes in one element or attribute name.
    pub xml_name_bytes: usize,
    /// Files in one bundle.
    pub bundle_files: usize,
    /// Bytes of all files in one bundle, uncompressed.
    pub bundle_bytes: usize,
    /// Uncompressed bytes per compressed byte of a zip archive, above which the archive is refused as a bomb.
    pub zip_ratio: usize,
    /// Bytes in one condition. Longest real condition: 9,593 characters.
    pub condition_bytes: usize,
    /// Nested parentheses and negations in one condition. Deepest real condition: 6.
    pub condition_depth: usize,
    /// Bytes in one message template.
    pub template_bytes: usize,
    /// Bytes in one XPath or JSONPath expression.
    pub path_bytes: usize,
    /// Nested parentheses, predicates and arguments in one XPath or JSONPath expression.
    pub path_depth: usize,
    /// Elementary steps of one evaluation of an XPath or JSONPath: a node looked at, sixteen bytes compared or copied.
    pub path_steps: u64,
    /// Nodes or values that one step of an XPath or JSONPath may find.
    pub path_nodes: usize,
    /// Bytes of a compiled regular expression.
    pub regex_bytes: usize,
    /// Steps one request may execute, over all flows and shared flows.
    pub steps: u32,
    /// Shared flows calling shared flows.
    pub shared_flow_depth: usize,
    /// Bytes of one message body: that a proxy is sent, that a target answers, that a policy makes.
    pub body_bytes: usize,
    /// Bytes of one flow variable.
    pub variable_bytes: usize,
    /// Custom attributes on one token or code. The vendors' limit.
    pub token_attributes: usize,
    /// Bytes of one access token. The vendors' limit for imported tokens.
    pub token_bytes: usize,
    /// Bytes of one JWT access token. Most servers take 8 KB of headers in all; up to 4 KB need no heap.
    pub jwt_bytes: usize,
    /// Verified JWT access tokens whose facts one policy remembers; 16 bytes each while empty, about 150 when in use.
    pub remembered_jwts: usize,
    /// Bytes of one token that a JWT or JWS policy takes, from a header or from anywhere else.
    pub jose_bytes: usize,
    /// Iterations that a token encrypted by a password may ask for before anything in it is proven; 100 000 take about
    /// 20 ms. Ten times the vendors' default.
    pub pbes2_iterations: u32,
    /// Bytes of one set of keys (JWKS). The largest providers publish 10 KB.
    pub jwks_bytes: usize,
    /// Milliseconds a fetched set of keys is kept. The vendors' 300 s.
    pub jwks_lifetime_ms: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            xml_bytes: 1 << 20,
            xml_depth: 64,
            xml_elements: 50_000,
            xml_attributes: 64,
            xml_name_bytes: 256,
            bundle_files: 4_096,
            bundle_bytes: 64 << 20,
            zip_ratio: 200,
            condition_bytes: 64 << 10,
            condition_depth: 64,
            template_bytes: 1 << 20,
            path_bytes: 64 << 10,
            path_depth: 64,
            path_steps: 1 << 22,
            path_nodes: 1 << 18,
            regex_bytes: 1 << 20,
            steps: 10_000,
            shared_flow_depth: 16,
            body_bytes: 32 << 20,
            variable_bytes: 10 << 20,
            token_attributes: 18,
            token_bytes: 2_048,
            jwt_bytes: 4_096,
            remembered_jwts: 4_096,
            jose_bytes: 256 << 10,
            pbes2_iterations: 100_000,
            jwks_bytes: 256 << 10,
            jwks_lifetime_ms: 300_000,
        }
    }
}
