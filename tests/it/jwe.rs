//! Encrypted JWTs beyond their cases: what GenerateJWT encrypts VerifyJWT opens, and what is refused at deployment.

use bytes::Bytes;
use http::Request;
use tollgate::host::Host;
use tollgate::{Deployment, Dialect, PolicyEngine, Progress};

const KEYS: [&str; 2] = [include_str!("../cases/jose/keys.xml"), include_str!("../cases/jwe/keys.xml")];

/// The key elements of a pair of policies: what encrypts, what decrypts.
fn keys(algorithm: &str, content: &str) -> [String; 2] {
    let secret = |name: &str| {
        let element = format!("<SecretKey><Value ref='private.{name}'/></SecretKey>");
        [element.clone(), element]
    };
    match algorithm {
        "dir" => {
            let bytes = match content {
                "A128GCM" => "k16",
                "A192GCM" => "k24",
                "A256GCM" | "A128CBC-HS256" => "secret",
                "A192CBC-HS384" => "k48",
                _ => "long",
            };
            let element = format!("<DirectKey><Value ref='private.{bytes}' encoding='hex'/></DirectKey>");
            [element.clone(), element]
        }
        "A128KW" | "A128GCMKW" => secret("k16"),
        "A192KW" | "A192GCMKW" => secret("k24"),
        "A256KW" | "A256GCMKW" => secret("secret"),
        "RSA-OAEP-256" => [
            "<PublicKey><Value ref='rsa.public'/><Id>r</Id></PublicKey>".into(),
            "<PrivateKey><Value ref='private.rsa'/></PrivateKey>".into(),
        ],
        _ if algorithm.starts_with("PBES2") => {
            let element = "<PasswordKey><Value ref='private.password'/></PasswordKey>".to_owned();
            [element.clone(), element]
        }
        _ => [
            "<PublicKey><Value ref='ec384.public'/></PublicKey>".into(),
            "<PrivateKey><Value ref='private.ec384'/></PrivateKey>".into(),
        ],
    }
}

#[test]
fn what_is_generated_is_verified() {
    let algorithms = [
        "dir",
        "RSA-OAEP-256",
        "A128KW",
        "A192KW",
        "A256KW",
        "A128GCMKW",
        "A192GCMKW",
        "A256GCMKW",
        "PBES2-HS256+A128KW",
        "PBES2-HS384+A192KW",
        "PBES2-HS512+A256KW",
        "ECDH-ES",
        "ECDH-ES+A128KW",
        "ECDH-ES+A192KW",
        "ECDH-ES+A256KW",
    ];
    let contents = ["A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512", "A128GCM", "A192GCM", "A256GCM"];
    // Hexadecimal digits of the lengths that direct keys have.
    let direct = |bytes: usize| "5a".repeat(bytes);
    let hex = format!(
        "<AssignMessage name='hex'>{}</AssignMessage>",
        [("k16", 16), ("k24", 24), ("secret", 32), ("k48", 48), ("long", 64)]
            .map(|(name, bytes)| format!(
                "<AssignVariable><Name>private.{name}</Name><Value>{}</Value></AssignVariable>",
                direct(bytes)
            ))
            .concat()
    );
    for (algorithm, content) in algorithms.iter().flat_map(|key| contents.iter().map(move |it| (*key, *it))) {
        let [seals, opens] = keys(algorithm, content);
        let names = format!("<Algorithms><Key>{algorithm}</Key><Content>{content}</Content></Algorithms>");
        let generate = format!(
            "<GenerateJWT name='g'>{names}{seals}<Compress>true</Compress><Subject>you</Subject><ExpiresIn>1h</ExpiresIn></GenerateJWT>"
        );
        let verify = format!(
            "<VerifyJWT name='v'>{names}<Source>jwt.g.generated_jwt</Source>{opens}<Subject>you</Subject></VerifyJWT>"
        );
        let mut deployment = Deployment::new().dialect(Dialect::apigee_x());
        for (at, xml) in KEYS.iter().enumerate() {
            deployment = deployment.policy(&format!("keys{at}.xml"), xml);
        }
        if algorithm == "dir" {
            deployment = deployment.policy("hex.xml", &hex);
        }
        let deployment = deployment.policy("g.xml", &generate).policy("v.xml", &verify);
        let engine = PolicyEngine::new(deployment, Host::in_memory()).unwrap();
        let request = Request::get("/").body(Bytes::new()).unwrap();
        let outcome = engine.evaluate(&request).unwrap();
        assert!(outcome.fault().is_none(), "{algorithm} {content}: {:?}", outcome.fault());
        let read = |name: &str| outcome.variable(name).map(|value| value.to_text().into_owned());
        assert_eq!(read("jwt.v.claim.subject").as_deref(), Some("you"), "{algorithm} {content}");
        assert_eq!(read("jwt.v.header.zip").as_deref(), Some("DEF"));
        assert_eq!(read("jwt.v.header.kid").is_some(), algorithm == "RSA-OAEP-256");
    }
}

/// A request through GenerateJWT and VerifyJWT with keys for both, up to its end or to a key set that is to be fetched.
fn engine(seals: &str, opens: &str) -> PolicyEngine {
    let names = "<Algorithms><Key>ECDH-ES</Key><Content>A128GCM</Content></Algorithms>";
    let generate = format!("<GenerateJWT name='g'>{names}<PublicKey>{seals}</PublicKey></GenerateJWT>");
    let verify = format!(
        "<VerifyJWT name='v'>{names}<Source>jwt.g.generated_jwt</Source><PrivateKey><Value ref='{opens}'/></PrivateKey></VerifyJWT>"
    );
    let mut deployment = Deployment::new().dialect(Dialect::apigee_x());
    for (at, xml) in KEYS.iter().enumerate() {
        deployment = deployment.policy(&format!("keys{at}.xml"), xml);
    }
    PolicyEngine::new(deployment.policy("g.xml", &generate).policy("v.xml", &verify), Host::in_memory()).unwrap()
}

#[test]
fn a_public_key_is_in_any_of_four_places() {
    let request = Request::get("/").body(Bytes::new()).unwrap();
    for seals in [
        "<Value ref='ec.public'/>",
        "<Certificate ref='ec.public'/>",
        "<JWKS ref='rsa.jwks'/><Id>e2</Id>",
        "<JWKS uri='https://keys.example/jwks'/><Id ref='absent'>e2</Id>",
    ] {
        let engine = engine(seals, "private.ec");
        let mut progress = engine.begin(&request);
        if seals.contains("uri") {
            let Progress::NeedJwks(need) = progress else { panic!("the set is fetched") };
            assert_eq!(need.uri(), "https://keys.example/jwks");
            let (_, set) = KEYS[1].split_once("<Name>rsa.jwks</Name><Value><![CDATA[").unwrap();
            progress = need.answer(Bytes::copy_from_slice(set.split_once("]]>").unwrap().0.as_bytes()));
        }
        let Progress::Done(outcome) = progress else { panic!("{seals} waits") };
        assert!(outcome.fault().is_none(), "{seals}: {:?}", outcome.fault());
        let kid = outcome.variable("jwt.v.header.kid").map(|value| value.to_text().into_owned());
        assert_eq!(kid.as_deref(), seals.contains("Id").then_some("e2"), "{seals}");
    }
}

#[test]
fn what_encrypts_is_complete() {
    let codes = |policy: &str, inner: &str, dialect: Dialect| -> Vec<&'static str> {
        let xml = format!("<{policy} name='p'>{inner}</{policy}>");
        let findings = Deployment::new().dialect(dialect).policy("p.xml", &xml).check();
        findings.iter().filter_map(|finding| finding.vendor_code).collect()
    };
    let secret = "<SecretKey><Value ref='private.k'/></SecretKey>";
    for (policy, inner, want) in [
        ("GenerateJWT", format!("<Algorithms><Key>A128KW</Key></Algorithms>{secret}"), "MissingConfigurationElement"),
        ("VerifyJWT", format!("<Algorithms><Key>dir</Key></Algorithms>{secret}"), "InvalidConfigurationForActionAndAlgorithm"),
        ("VerifyJWT", "<Algorithms><Key>ECDH-ES</Key></Algorithms>".into(), "MissingConfigurationElement"),
        (
            "GenerateJWT",
            "<Algorithms><Key>ECDH-ES</Key><Content>A128GCM</Content></Algorithms><PublicKey><JWKS ref='k'/></PublicKey>"
                .into(),
            "MissingConfigurationElement",
        ),
        (
            "GenerateJWT",
            "<Algorithms><Key>ECDH-ES</Key><Content>A128GCM</Content></Algorithms><PublicKey><Value>k</Value></PublicKey>"
                .into(),
            "InvalidPublicKeyValue",
        ),
    ] {
        assert_eq!(codes(policy, &inner, Dialect::apigee_x()), [want], "{policy} {inner}");
    }
    let sap = codes("VerifyJWT", &format!("<Algorithms><Key>A128KW</Key></Algorithms>{secret}"), Dialect::sap());
    assert_eq!(sap, ["InvalidValueForElement"]);
}
