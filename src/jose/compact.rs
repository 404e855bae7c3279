//! Compact serialization: three parts, decoded strictly and without the heap.

use super::base64url;

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
    /// Decodes a token of exactly three parts, each base64url without padding and with no bit to spare, and does some
    /// work with it. Up to 4 KB of token take the stack, more of it the heap.
    ///
    /// The caller bounds the length of the token.
    pub(crate) fn decoded<R>(token: &(impl AsRef<[u8]> + ?Sized), work: impl FnOnce(Option<Compact<'_>>) -> R) -> R {
        Self::decoded_beyond(token.as_ref(), |_| false, |decoded| work(decoded.map(|(compact, _)| compact)))
    }

    /// The same, but a header whose text is known, as it was decoded before, is left empty.
    pub(crate) fn decoded_beyond<R>(
        token: &[u8],
        is_known: impl Fn(&[u8]) -> bool,
        work: impl FnOnce(Option<(Compact<'_>, HeaderText<'_>)>) -> R,
    ) -> R {
        // The stack has to be cleared first, so most tokens get less of it.
        let bytes = token.len() / 4 * 3 + 3;
        if bytes <= SMALL {
            work(Compact::decode(token, is_known, &mut [0; SMALL]))
        } else if bytes <= LARGE {
            work(Compact::decode(token, is_known, &mut [0; LARGE]))
        } else {
            work(Compact::decode(token, is_known, &mut vec![0; bytes]))
        }
    }

    fn decode(
        token: &'a [u8],
        is_known: impl Fn(&[u8]) -> bool,
        buffer: &'a mut [u8],
    ) -> Option<(Self, HeaderText<'a>)> {
        // A third dot would be in the signature, which has none in its alphabet.
        let first = memchr::memchr(b'.', token)?;
        let (text, rest) = (token.get(..first)?, token.get(first + 1..)?);
        let second = memchr::memchr(b'.', rest)?;
        let signed = token.get(..first + 1 + second)?;
        let is_known = is_known(text);
        let (header, buffer) = part(if is_known { &[] } else { text }, buffer)?;
        let (payload, buffer) = part(rest.get(..second)?, buffer)?;
        let (signature, _) = part(rest.get(second + 1..)?, buffer)?;
        Some((Self { signed, header, payload, signature }, HeaderText { text, is_known }))
    }
}

/// A header as it was sent.
#[derive(Clone, Copy)]
pub(crate) struct HeaderText<'a> {
    pub(crate) text: &'a [u8],
    /// Whether it was known, and therefore not decoded.
    pub(crate) is_known: bool,
}

const SMALL: usize = 1_000;
const LARGE: usize = 3_100;

/// What a part holds, and the rest of the buffer.
fn part<'a>(text: &[u8], buffer: &'a mut [u8]) -> Option<(&'a [u8], &'a mut [u8])> {
    let length = base64url::decode(text, buffer)?;
    let (decoded, rest) = buffer.split_at_mut_checked(length)?;
    Some((decoded, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_three_canonical_parts_decode() {
        Compact::decoded("AA.AQID.", |token| {
            let token = token.unwrap();
            assert_eq!((token.header, token.payload, token.signature), (&[0][..], &[1, 2, 3][..], &[][..]));
            assert_eq!(token.signed, b"AA.AQID");
        });
        for text in
            ["", "AA", "AA.AA", "AA.AA.AA.AA", "AA==.AA.AA", "AB.AA.AA", "A.AA.AA", "AA .AA.AA", "+A.AA.AA", "AA.A/.AA"]
        {
            assert!(Compact::decoded(text, |token| token.is_none()), "{text}");
        }
    }

    #[test]
    fn every_length_fits() {
        for length in 0..2_000 {
            let part = |length: usize| "A".repeat(if length % 4 == 1 { length + 1 } else { length });
            let token = format!("{}.{}.{}", part(length / 3), part(length), part(length / 2));
            assert!(Compact::decoded(&token, |token| token.is_some()), "{length}");
        }
    }
}
