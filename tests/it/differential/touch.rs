//! Changes to the parts of a token after they were signed.
#![allow(clippy::ptr_arg, reason = "all changes are of one type, and some make a part more or less")]

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::make::Random;

pub(super) fn text_bit(parts: &mut Vec<String>, random: &mut Random) {
    let part = random.below(parts.len());
    let mut bytes = parts[part].clone().into_bytes();
    if bytes.is_empty() {
        return;
    }
    let at = random.below(bytes.len());
    bytes[at] ^= 1 << random.below(7);
    // What another change put here may not be ASCII.
    if let Ok(text) = String::from_utf8(bytes) {
        parts[part] = text;
    }
}

/// Changes the bytes that a part stands for, so that it is well written all the same.
fn bytes_of(parts: &mut [String], part: usize, change: impl FnOnce(&mut Vec<u8>)) {
    if let Some(text) = parts.get_mut(part)
        && let Ok(mut bytes) = URL_SAFE_NO_PAD.decode(text.as_bytes())
        && !bytes.is_empty()
    {
        change(&mut bytes);
        *text = URL_SAFE_NO_PAD.encode(bytes);
    }
}

pub(super) fn byte_bit(parts: &mut [String], part: usize, random: &mut Random) {
    bytes_of(parts, part, |bytes| {
        let at = random.below(bytes.len());
        bytes[at] ^= 1 << random.below(8);
    });
}

pub(super) fn padding(parts: &mut Vec<String>, random: &mut Random) {
    let part = random.below(parts.len());
    let missing = (4 - parts[part].len() % 4) % 4;
    let count = if missing > 0 && random.percent(70) { missing } else { 1 + random.below(3) };
    parts[part].push_str(&"=".repeat(count));
}

pub(super) fn spare_bits(parts: &mut Vec<String>, random: &mut Random) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let first = random.below(parts.len());
    for at in 0..parts.len() {
        let part = (first + at) % parts.len();
        let spare = match parts[part].len() % 4 {
            2 => 4,
            3 => 2,
            _ => continue,
        };
        let Some(last) = parts[part].pop() else { continue };
        let value = ALPHABET.iter().position(|known| char::from(*known) == last).unwrap_or(0);
        let changed = value ^ (1 + random.below((1 << spare) - 1));
        parts[part].push(char::from(ALPHABET[changed]));
        return;
    }
}

fn insert(parts: &mut [String], random: &mut Random, what: &str) {
    let part = random.below(parts.len());
    let mut at = random.below(parts[part].len() + 1);
    while !parts[part].is_char_boundary(at) {
        at -= 1;
    }
    parts[part].insert_str(at, what);
}

pub(super) fn white_space(parts: &mut Vec<String>, random: &mut Random) {
    let what = random.word(&[" ", "\n", "\r\n", "\t", "\u{a0}", "\u{200b}", "%20"]);
    insert(parts, random, what);
}

pub(super) fn white_space_around(parts: &mut Vec<String>, random: &mut Random) {
    let what = random.word(&[" ", "\n", "\r\n", "\t", "\u{a0}", "\u{2003}", "\u{feff}", "\u{0}"]);
    if random.percent(50) {
        parts[0].insert_str(0, what);
    } else if let Some(last) = parts.last_mut() {
        last.push_str(what);
    }
}

pub(super) fn dot(parts: &mut Vec<String>, random: &mut Random) {
    match random.below(5) {
        0 => parts.insert(0, String::new()),
        1 => parts.push(String::new()),
        2 => parts.push("AAAA".to_owned()),
        3 => parts.extend(["AAAA".to_owned(), "AAAA".to_owned()]),
        _ => insert(parts, random, "."),
    }
}

pub(super) fn foreign(parts: &mut Vec<String>, random: &mut Random) {
    match random.below(3) {
        0 => {
            for part in parts {
                *part = part.replace('-', "+").replace('_', "/");
            }
        }
        1 => {
            let part = random.below(parts.len());
            if let Ok(bytes) = URL_SAFE_NO_PAD.decode(&parts[part]) {
                parts[part] = STANDARD_NO_PAD.encode(bytes);
            }
        }
        _ => {
            let what = random.word(&["+", "/", "~", "*", "\u{e9}", "\u{ff21}", "\u{0}", ",", ";"]);
            insert(parts, random, what);
        }
    }
}

pub(super) fn cut(parts: &mut Vec<String>, random: &mut Random) {
    let part = random.below(parts.len());
    let mut length = random.below(parts[part].len() + 1);
    while !parts[part].is_char_boundary(length) {
        length -= 1;
    }
    parts[part].truncate(length);
}

pub(super) fn longer(parts: &mut Vec<String>, random: &mut Random) {
    let part = random.below(parts.len());
    let more = random.word(&["A", "AA", "AAA", "AAAA", "AAAAAAAA", "-", "_w"]);
    if random.percent(50) { parts[part].push_str(more) } else { parts[part].insert_str(0, more) }
}

pub(super) fn signature_length(parts: &mut Vec<String>, random: &mut Random) {
    bytes_of(parts, 2, |bytes| match random.below(5) {
        0 => bytes.insert(0, 0),
        1 => bytes.push(0),
        2 => drop(bytes.remove(0)),
        3 => drop(bytes.pop()),
        _ => bytes.truncate(bytes.len() / 2),
    });
}

pub(super) fn signature_zeros(parts: &mut Vec<String>, random: &mut Random) {
    bytes_of(parts, 2, |bytes| {
        let byte = if random.percent(70) { 0 } else { 0xff };
        bytes.fill(byte);
    });
}

/// The halves of the signature as a `SEQUENCE` of two `INTEGER`s, as TLS writes those of a curve.
pub(super) fn signature_der(parts: &mut Vec<String>, _: &mut Random) {
    bytes_of(parts, 2, |bytes| {
        let (r, s) = bytes.split_at(bytes.len() / 2);
        let integer = |half: &[u8]| [&[2, u8::try_from(half.len() % 128 + 1).unwrap(), 0], half].concat();
        let body = [integer(r), integer(s)].concat();
        *bytes = [&[0x30, u8::try_from(body.len() % 128).unwrap()], body.as_slice()].concat();
    });
}

pub(super) fn part_empty(parts: &mut Vec<String>, random: &mut Random) {
    let part = random.below(parts.len());
    parts[part].clear();
}

pub(super) fn part_missing(parts: &mut Vec<String>, random: &mut Random) {
    parts.remove(random.below(parts.len()));
}

pub(super) fn parts_exchanged(parts: &mut Vec<String>, random: &mut Random) {
    if parts.len() > 1 {
        let by = 1 + random.below(parts.len() - 1);
        parts.rotate_left(by);
    }
}
