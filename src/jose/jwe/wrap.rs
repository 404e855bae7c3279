//! Wrapping of keys by keys (RFC 3394), for all three lengths; aws-lc-rs lacks one.

use aes::cipher::consts::U16;
use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use aws_lc_rs::constant_time::verify_slices_are_equal;

const INITIAL: u64 = 0xa6a6_a6a6_a6a6_a6a6;
const ROUNDS: u64 = 6;

/// A key, wrapped by another of 16, 24 or 32 bytes.
pub(super) fn wrap(with: &[u8], key: &[u8]) -> Option<Vec<u8>> {
    match with.len() {
        16 => wrap_by::<aes::Aes128>(with, key),
        24 => wrap_by::<aes::Aes192>(with, key),
        32 => wrap_by::<aes::Aes256>(with, key),
        _ => None,
    }
}

/// The key inside; nothing when it was wrapped by another one.
pub(super) fn unwrap(with: &[u8], wrapped: &[u8]) -> Option<Vec<u8>> {
    match with.len() {
        16 => unwrap_by::<aes::Aes128>(with, wrapped),
        24 => unwrap_by::<aes::Aes192>(with, wrapped),
        32 => unwrap_by::<aes::Aes256>(with, wrapped),
        _ => None,
    }
}

fn wrap_by<C: BlockCipherEncrypt<BlockSize = U16> + KeyInit>(with: &[u8], key: &[u8]) -> Option<Vec<u8>> {
    let cipher = C::new_from_slice(with).ok()?;
    let mut registers = registers(key).filter(|registers| registers.len() >= 2)?;
    let (mut first, mut step) = (INITIAL, 0);
    for _ in 0..ROUNDS {
        for register in &mut registers {
            step += 1;
            let mut block = aes::Block::from(join(first, *register));
            cipher.encrypt_block(&mut block);
            let (high, low) = split(block.into());
            (first, *register) = (high ^ step, low);
        }
    }
    Some(std::iter::once(first).chain(registers).flat_map(u64::to_be_bytes).collect())
}

fn unwrap_by<C: BlockCipherDecrypt<BlockSize = U16> + KeyInit>(with: &[u8], wrapped: &[u8]) -> Option<Vec<u8>> {
    let cipher = C::new_from_slice(with).ok()?;
    let mut registers = registers(wrapped).filter(|registers| registers.len() >= 3)?;
    let mut first = registers.remove(0);
    let mut step = ROUNDS * u64::try_from(registers.len()).ok()?;
    for _ in 0..ROUNDS {
        for register in registers.iter_mut().rev() {
            let mut block = aes::Block::from(join(first ^ step, *register));
            cipher.decrypt_block(&mut block);
            (first, *register) = split(block.into());
            step -= 1;
        }
    }
    verify_slices_are_equal(&first.to_be_bytes(), &INITIAL.to_be_bytes()).ok()?;
    Some(registers.into_iter().flat_map(u64::to_be_bytes).collect())
}

fn registers(bytes: &[u8]) -> Option<Vec<u64>> {
    let (words, []) = bytes.as_chunks::<8>() else { return None };
    Some(words.iter().copied().map(u64::from_be_bytes).collect())
}

fn join(high: u64, low: u64) -> [u8; 16] {
    ((u128::from(high) << 64) | u128::from(low)).to_be_bytes()
}

fn split(block: [u8; 16]) -> (u64, u64) {
    let block = u128::from_be_bytes(block);
    ((block >> 64) as u64, block as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_rfc() {
        let unhex = |text: &str| -> Vec<u8> {
            let digits: Vec<u8> = text.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
            digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
        };
        for (with, key, wrapped) in [
            (
                "000102030405060708090A0B0C0D0E0F",
                "00112233445566778899AABBCCDDEEFF",
                "1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5",
            ),
            (
                "000102030405060708090A0B0C0D0E0F1011121314151617",
                "00112233445566778899AABBCCDDEEFF",
                "96778B25AE6CA435F92B5B97C050AED2468AB8A17AD84E5D",
            ),
            (
                "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F",
                "00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F",
                "28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21",
            ),
        ] {
            let (with, key, wrapped) = (unhex(with), unhex(key), unhex(wrapped));
            assert_eq!(wrap(&with, &key).as_ref(), Some(&wrapped));
            assert_eq!(unwrap(&with, &wrapped), Some(key));
            let mut other = wrapped.clone();
            other[3] ^= 1;
            assert_eq!(unwrap(&with, &other), None);
        }
        for bad in [&[][..], &[0; 8], &[0; 16], &[0; 23]] {
            assert_eq!(unwrap(&[0; 16], bad), None);
        }
        assert_eq!((wrap(&[0; 15], &[0; 16]), wrap(&[0; 16], &[0; 8])), (None, None));
    }
}
