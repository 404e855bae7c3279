//! Encryption of content: AES-GCM, and AES-CBC under an HMAC (RFC 7518 section 5).

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _};
use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use ring::hmac;

use crate::jose::encryption::{AesSize, ContentAlgorithm};

/// Bytes of an initialization vector of AES-GCM.
pub(super) const GCM_IV: usize = 12;
const GCM_TAG: usize = 16;
const CBC_IV: usize = 16;

impl ContentAlgorithm {
    /// Bytes of its key: that of the HMAC first, then that of AES.
    pub(crate) fn key_bytes(self) -> usize {
        match self {
            Self::CbcHmac(size) => 2 * size.bytes(),
            Self::Gcm(size) => size.bytes(),
        }
    }

    pub(super) fn iv_bytes(self) -> usize {
        match self {
            Self::CbcHmac(_) => CBC_IV,
            Self::Gcm(_) => GCM_IV,
        }
    }
}

/// The ciphertext and its tag.
pub(super) fn seal(
    algorithm: ContentAlgorithm,
    key: &[u8],
    iv: &[u8],
    aad: &[u8],
    plaintext: &[u8],
) -> Option<(Vec<u8>, Vec<u8>)> {
    match algorithm {
        ContentAlgorithm::Gcm(size) => {
            let (key, nonce) = gcm(size, key, iv)?;
            let mut text = plaintext.to_vec();
            let tag = key.seal_in_place_separate_tag(nonce, Aad::from(aad), &mut text).ok()?;
            Some((text, tag.as_ref().to_vec()))
        }
        ContentAlgorithm::CbcHmac(size) => {
            let (mac, key) = halves(size, key)?;
            macro_rules! encrypt {
                ($cipher:ty) => {
                    cbc::Encryptor::<$cipher>::new_from_slices(key, iv).ok()?.encrypt_padded_vec::<Pkcs7>(plaintext)
                };
            }
            let text = match size {
                AesSize::A128 => encrypt!(aes::Aes128),
                AesSize::A192 => encrypt!(aes::Aes192),
                AesSize::A256 => encrypt!(aes::Aes256),
            };
            let tag = tag(size, mac, aad, iv, &text)?;
            Some((text, tag))
        }
    }
}

/// The plaintext; nothing when the tag is not the one of it, or anything is of another length than it has to be.
pub(super) fn open(
    algorithm: ContentAlgorithm,
    key: &[u8],
    iv: &[u8],
    aad: &[u8],
    ciphertext: &[u8],
    found: &[u8],
) -> Option<Vec<u8>> {
    match algorithm {
        ContentAlgorithm::Gcm(size) => {
            if found.len() != GCM_TAG {
                return None;
            }
            let (key, nonce) = gcm(size, key, iv)?;
            let mut text = [ciphertext, found].concat();
            let length = key.open_in_place(nonce, Aad::from(aad), &mut text).ok()?.len();
            text.truncate(length);
            Some(text)
        }
        ContentAlgorithm::CbcHmac(size) => {
            let (mac, key) = halves(size, key)?;
            if iv.len() != CBC_IV {
                return None;
            }
            verify_slices_are_equal(&tag(size, mac, aad, iv, ciphertext)?, found).ok()?;
            macro_rules! decrypt {
                ($cipher:ty) => {
                    cbc::Decryptor::<$cipher>::new_from_slices(key, iv)
                        .ok()?
                        .decrypt_padded_vec::<Pkcs7>(ciphertext)
                        .ok()
                };
            }
            match size {
                AesSize::A128 => decrypt!(aes::Aes128),
                AesSize::A192 => decrypt!(aes::Aes192),
                AesSize::A256 => decrypt!(aes::Aes256),
            }
        }
    }
}

fn gcm(size: AesSize, key: &[u8], iv: &[u8]) -> Option<(LessSafeKey, Nonce)> {
    let algorithm = match size {
        AesSize::A128 => &aead::AES_128_GCM,
        AesSize::A192 => &aead::AES_192_GCM,
        AesSize::A256 => &aead::AES_256_GCM,
    };
    let key = UnboundKey::new(algorithm, key).ok()?;
    Some((LessSafeKey::new(key), Nonce::try_assume_unique_for_key(iv).ok()?))
}

fn halves(size: AesSize, key: &[u8]) -> Option<(&[u8], &[u8])> {
    key.split_at_checked(size.bytes()).filter(|(_, key)| key.len() == size.bytes())
}

/// The first half of an HMAC over everything there is, and the length in bits of what is not encrypted.
fn tag(size: AesSize, key: &[u8], aad: &[u8], iv: &[u8], ciphertext: &[u8]) -> Option<Vec<u8>> {
    let digest = match size {
        AesSize::A128 => hmac::HMAC_SHA256,
        AesSize::A192 => hmac::HMAC_SHA384,
        AesSize::A256 => hmac::HMAC_SHA512,
    };
    let mut mac = hmac::Context::with_key(&hmac::Key::new(digest, key));
    let bits = u64::try_from(aad.len()).ok()?.checked_mul(8)?;
    for part in [aad, iv, ciphertext, &bits.to_be_bytes()] {
        mac.update(part);
    }
    mac.sign().as_ref().get(..size.bytes()).map(<[u8]>::to_vec)
}
