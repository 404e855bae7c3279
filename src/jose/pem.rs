//! Keys as PEM text (RFC 7468).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// One block: its label and its content.
pub(super) struct Block {
    pub(super) label: Label,
    pub(super) der: Vec<u8>,
}

/// The labels that hold keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    PublicKey,
    RsaPublicKey,
    Certificate,
    PrivateKey,
    RsaPrivateKey,
    EcPrivateKey,
    EncryptedPrivateKey,
}

const LABELS: &[(&str, Label)] = &[
    ("PUBLIC KEY", Label::PublicKey),
    ("RSA PUBLIC KEY", Label::RsaPublicKey),
    ("CERTIFICATE", Label::Certificate),
    ("PRIVATE KEY", Label::PrivateKey),
    ("RSA PRIVATE KEY", Label::RsaPrivateKey),
    ("EC PRIVATE KEY", Label::EcPrivateKey),
    ("ENCRYPTED PRIVATE KEY", Label::EncryptedPrivateKey),
];

const BYTES: usize = 64 << 10;

/// The first block of a text. What stands around the block is no key and does not matter.
///
/// White space of any kind is taken anywhere inside, because XML editors reflow keys, and properties join their lines.
pub(super) fn first_block(text: &str) -> Option<Block> {
    if text.len() > BYTES {
        return None;
    }
    let (before, rest) = text.split_once("-----BEGIN ")?;
    // The parameters of a curve come before its key.
    let (_, rest) = match rest.strip_prefix("EC PARAMETERS-----") {
        Some(rest) => rest.split_once("-----BEGIN ")?,
        None => (before, rest),
    };
    let (label, rest) = rest.split_once("-----")?;
    let (body, rest) = rest.split_once("-----END ")?;
    let (end, _) = rest.split_once("-----")?;
    let label = LABELS.iter().find(|(name, _)| *name == label && label == end)?.1;
    let body: Vec<u8> = body.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    Some(Block { label, der: STANDARD.decode(body).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_may_be_reflowed_but_not_damaged() {
        let block = first_block(" x\n-----BEGIN PUBLIC KEY----- AA\n  EC\t-----END PUBLIC KEY-----\n").unwrap();
        assert_eq!((block.label, block.der), (Label::PublicKey, vec![0, 1, 2]));
        for text in [
            "",
            "AAEC",
            "-----BEGIN PUBLIC KEY-----AAEC",
            "-----BEGIN PUBLIC KEY-----AAEC-----END CERTIFICATE-----",
            "-----BEGIN PUBLIC KEY-----A?EC-----END PUBLIC KEY-----",
            "-----BEGIN DSA PRIVATE KEY-----AAEC-----END DSA PRIVATE KEY-----",
        ] {
            assert!(first_block(text).is_none(), "{text}");
        }
    }
}
