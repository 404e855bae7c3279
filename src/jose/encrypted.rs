//! Private keys under a password (RFC 8018).

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt as _, KeyIvInit as _};
use ring::pbkdf2;

use super::der::{self, Prf};
use super::key::KeyError;

/// Iterations of a derivation; a document that asks for more would only keep the gateway busy.
const ITERATIONS: u32 = 10_000_000;

/// The PKCS#8 document inside of an encrypted one.
///
/// A wrong password shows as wrong padding, or else as a text that is no key.
pub(super) fn unlock(document: &[u8], password: Option<&str>) -> Result<Vec<u8>, KeyError> {
    let locked = der::encrypted_private_key(document).ok_or(KeyError::Malformed)?;
    let password = password.ok_or(KeyError::Locked)?;
    let algorithm = match locked.prf {
        Prf::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
        Prf::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
        Prf::Sha384 => pbkdf2::PBKDF2_HMAC_SHA384,
        Prf::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
    };
    let iterations = std::num::NonZeroU32::new(locked.iterations).filter(|count| count.get() <= ITERATIONS);
    let mut key = vec![0; locked.key_bytes];
    pbkdf2::derive(algorithm, iterations.ok_or(KeyError::Malformed)?, locked.salt, password.as_bytes(), &mut key);
    macro_rules! decrypt {
        ($cipher:ty) => {
            cbc::Decryptor::<$cipher>::new_from_slices(&key, locked.iv)
                .map_err(|_| KeyError::Malformed)?
                .decrypt_padded_vec::<Pkcs7>(locked.ciphertext)
                .map_err(|_| KeyError::Locked)?
        };
    }
    let opened = match locked.key_bytes {
        16 => decrypt!(aes::Aes128),
        24 => decrypt!(aes::Aes192),
        _ => decrypt!(aes::Aes256),
    };
    if der::pkcs8_kind(&opened).is_none() {
        return Err(KeyError::Locked);
    }
    Ok(opened)
}
