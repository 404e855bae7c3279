//! Compact serialization: three parts, decoded strictly and without the heap.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Bytes that a token is decoded into. Larger tokens than fit the stack take the heap.
pub(crate) struct Scratch {
    stack: [u8; STACK],
    heap: Vec<u8>,
}

/// Enough for a token of 4 KB.
const STACK: usize = 3_200;

impl Scratch {
    pub(crate) fn new() -> Self {
        Self { stack: [0; STACK], heap: Vec::new() }
    }

    fn of(&mut self, bytes: usize) -> &mut [u8] {
        if bytes <= STACK {
            return &mut self.stack;
        }
        self.heap.resize(bytes, 0);
        &mut self.heap
    }
}

/// A token in its parts; nothing in it is verified.
#[derive(Clone, Copy)]
pub(crate) struct Compact<'a> {
    /// The first two parts and the dot between them, as they were sent: what is signed.
    pub(crate) signed: &'a [u8],
    pub(crate) header: &'a [u8],
    pub(crate) payload: &'a [u8],
    pub(crate) signature: &'a [u8],
}

impl<'a> Compact<'a> {
    /// Decodes a token of exactly three parts, each base64url without padding and with no bit to spare.
    ///
    /// The caller bounds the length of the token.
    pub(crate) fn decode(token: &'a str, scratch: &'a mut Scratch) -> Option<Self> {
        let token = token.as_bytes();
        let mut dots = memchr::memchr_iter(b'.', token);
        let (first, second, None) = (dots.next()?, dots.next()?, dots.next()) else { return None };
        let signed = token.get(..second)?;
        let buffer = scratch.of(token.len() / 4 * 3 + 9);
        let (header, buffer) = decode(token.get(..first)?, buffer)?;
        let (payload, buffer) = decode(token.get(first + 1..second)?, buffer)?;
        let (signature, _) = decode(token.get(second + 1..)?, buffer)?;
        Some(Self { signed, header, payload, signature })
    }
}

/// What a part holds, and the rest of the buffer.
fn decode<'a>(part: &[u8], buffer: &'a mut [u8]) -> Option<(&'a [u8], &'a mut [u8])> {
    let length = URL_SAFE_NO_PAD.decode_slice(part, buffer).ok()?;
    let (decoded, rest) = buffer.split_at_mut_checked(length)?;
    Some((decoded, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_three_canonical_parts_decode() {
        let mut scratch = Scratch::new();
        let token = Compact::decode("AA.AQID.", &mut scratch).unwrap();
        assert_eq!((token.header, token.payload, token.signature), (&[0][..], &[1, 2, 3][..], &[][..]));
        assert_eq!(token.signed, b"AA.AQID");
        for text in
            ["", "AA", "AA.AA", "AA.AA.AA.AA", "AA==.AA.AA", "AB.AA.AA", "A.AA.AA", "AA .AA.AA", "+A.AA.AA", "AA.A/.AA"]
        {
            assert!(Compact::decode(text, &mut Scratch::new()).is_none(), "{text}");
        }
    }

    #[test]
    fn every_length_fits() {
        for length in (0..9_000).step_by(1) {
            let mut scratch = Scratch::new();
            let token = format!("{0}.{0}.{0}", "A".repeat(length / 4 * 4));
            if length % 97 == 0 {
                assert!(Compact::decode(&token, &mut scratch).is_some(), "{length}");
            }
        }
    }
}
