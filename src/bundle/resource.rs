//! Files that policies refer to by an address such as `jsc://check.js`.

use std::fmt;

use bytes::Bytes;
use serde::{Serialize, Serializer};

/// What a resource file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ResourceKind {
    /// JavaScript.
    Jsc,
    /// A Java archive.
    Java,
    /// Python.
    Py,
    /// An XSL transformation.
    Xsl,
    /// An XML schema.
    Xsd,
    /// A service description.
    Wsdl,
    /// An OpenAPI description that policies use.
    Oas,
    /// An OpenAPI description that belongs to the proxy but that no policy uses.
    OpenApi,
    /// A GraphQL schema.
    GraphQl,
    /// A property set.
    Properties,
    /// A message template.
    Template,
    /// A Node.js file.
    Node,
    /// A file of a hosted target.
    Hosted,
}

impl ResourceKind {
    /// The name of the folder below `resources/`, which is also the scheme of the address.
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Jsc => "jsc",
            Self::Java => "java",
            Self::Py => "py",
            Self::Xsl => "xsl",
            Self::Xsd => "xsd",
            Self::Wsdl => "wsdl",
            Self::Oas => "oas",
            Self::OpenApi => "openapi",
            Self::GraphQl => "graphql",
            Self::Properties => "properties",
            Self::Template => "template",
            Self::Node => "node",
            Self::Hosted => "hosted",
        }
    }

    /// The kind whose folder or scheme has this name.
    pub fn from_scheme(scheme: &str) -> Option<Self> {
        const ALL: [ResourceKind; 13] = [
            ResourceKind::Jsc,
            ResourceKind::Java,
            ResourceKind::Py,
            ResourceKind::Xsl,
            ResourceKind::Xsd,
            ResourceKind::Wsdl,
            ResourceKind::Oas,
            ResourceKind::OpenApi,
            ResourceKind::GraphQl,
            ResourceKind::Properties,
            ResourceKind::Template,
            ResourceKind::Node,
            ResourceKind::Hosted,
        ];
        ALL.into_iter().find(|kind| kind.scheme() == scheme)
    }

    /// The kind of a file in SAP's single resource folder, by its extension.
    pub(super) fn from_extension(name: &str) -> Option<Self> {
        let (_, extension) = name.rsplit_once('.')?;
        Some(match extension.to_ascii_lowercase().as_str() {
            "js" | "jsc" | "json" => Self::Jsc,
            "py" => Self::Py,
            "xsl" | "xslt" => Self::Xsl,
            "xsd" => Self::Xsd,
            "wsdl" => Self::Wsdl,
            "jar" => Self::Java,
            "properties" => Self::Properties,
            _ => return None,
        })
    }
}

/// A file that policies refer to.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Resource {
    /// What the file is for.
    pub kind: ResourceKind,
    /// Name inside the folder of its kind, sub-folders included.
    pub name: String,
    /// Its content; printed as its length.
    #[serde(serialize_with = "length")]
    pub bytes: Bytes,
}

/// Without the content, which may hold secrets.
impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resource").field("kind", &self.kind).field("name", &self.name).finish_non_exhaustive()
    }
}

impl Resource {
    /// The address by which policies name the file.
    pub fn url(&self) -> String {
        format!("{}://{}", self.kind.scheme(), self.name)
    }
}

fn length<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(bytes.len()).unwrap_or(u64::MAX))
}
