//! A strict JSON scanner for headers and claims: it copies nothing, and only says where the wanted members are.

mod text;

use super::flat::Simple;
use text::Name;
pub(crate) use text::{Text, Word};

/// The text is no JSON, or not of the shape that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// A member of an object: there are three states, because a wrong type is neither a value nor an absence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Member<T> {
    /// It does not occur.
    #[default]
    Absent,
    /// It is of another type than it must be.
    Bad,
    /// It is there.
    Good(T),
}

impl<T> Member<T> {
    /// The value, if there is a good one.
    pub(crate) fn good(self) -> Option<T> {
        match self {
            Self::Good(value) => Some(value),
            Self::Absent | Self::Bad => None,
        }
    }

    pub(crate) fn is_bad(&self) -> bool {
        matches!(self, Self::Bad)
    }

    pub(super) fn map<U>(self, make: impl FnOnce(T) -> U) -> Member<U> {
        match self {
            Self::Absent => Member::Absent,
            Self::Bad => Member::Bad,
            Self::Good(value) => Member::Good(make(value)),
        }
    }
}

/// Notes a member, which must not have been there before.
pub(super) fn once<T>(member: &mut Member<T>, found: Member<T>) -> Result<(), Malformed> {
    match member {
        Member::Absent => {
            *member = found;
            Ok(())
        }
        Member::Bad | Member::Good(_) => Err(Malformed),
    }
}

/// Nested arrays and objects, the outermost object not counted. As many as bits fit a word.
const DEPTH: u32 = 64;

/// A place in a JSON text.
pub(super) struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    /// Reads a whole text that must be one object, and hands each member to `member`, which must read its value.
    #[inline(always)]
    pub(super) fn object(
        bytes: &'a [u8],
        mut member: impl FnMut(Name<'a>, &mut Self) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        let text = std::str::from_utf8(bytes).map_err(|_| Malformed)?;
        let mut scanner = Self { text, bytes, at: 0 };
        scanner.space();
        scanner.byte(b'{')?;
        scanner.space();
        if scanner.peek() == Some(b'}') {
            scanner.at += 1;
        } else {
            loop {
                let name = scanner.name()?;
                member(name, &mut scanner)?;
                scanner.space();
                match scanner.take()? {
                    b',' => scanner.space(),
                    b'}' => break,
                    _ => return Err(Malformed),
                }
            }
        }
        scanner.space();
        if scanner.at == bytes.len() { Ok(()) } else { Err(Malformed) }
    }

    /// A value that should be a string.
    #[inline(always)]
    pub(super) fn text(&mut self) -> Result<Member<Text<'a>>, Malformed> {
        if self.peek() == Some(b'"') {
            return self.string().map(Member::Good);
        }
        self.skip()?;
        Ok(Member::Bad)
    }

    /// A value that should be a NumericDate, as milliseconds; those out of reach are the last ones in reach.
    pub(super) fn date(&mut self) -> Result<Member<i64>, Malformed> {
        if !matches!(self.peek(), Some(b'-' | b'0'..=b'9')) {
            self.skip()?;
            return Ok(Member::Bad);
        }
        let start = self.at;
        if let Some(seconds) = self.few_digits() {
            return Ok(Member::Good(seconds * 1000));
        }
        let whole = self.number()?;
        let digits = self.text.get(start..self.at).ok_or(Malformed)?;
        if whole && let Ok(seconds) = digits.parse::<i64>() {
            return Ok(Member::Good(seconds.saturating_mul(1000)));
        }
        let seconds: f64 = digits.parse().map_err(|_| Malformed)?;
        // The cast saturates, and parts of a millisecond are none.
        let millis = (seconds * 1000.0) as i64;
        Ok(Member::Good(millis))
    }

    /// A value as nearly all are: a text without escapes, a whole number of few digits, a word, or an array of texts.
    pub(super) fn simple(&mut self) -> Result<Simple<'a>, Malformed> {
        Ok(match self.peek().ok_or(Malformed)? {
            b'"' => Simple::Text(self.string()?.unescaped().ok_or(Malformed)?),
            b'0'..=b'9' => Simple::Number(self.few_digits().ok_or(Malformed)?),
            b't' => self.word(b"true").map(|()| Simple::Boolean(true))?,
            b'f' => self.word(b"false").map(|()| Simple::Boolean(false))?,
            b'n' => self.word(b"null").map(|()| Simple::Null)?,
            b'[' => self.text_or_texts()?.good().map(|_| Simple::Texts).ok_or(Malformed)?,
            _ => return Err(Malformed),
        })
    }

    /// A whole number as nearly every date is written: fifteen digits at most, the first no zero, and nothing else.
    fn few_digits(&mut self) -> Option<i64> {
        let rest = self.bytes.get(self.at..)?;
        // Dates have ten digits, and the first eight are read at once.
        let eight = rest.first_chunk::<8>().filter(|digits| digits.first() != Some(&b'0'));
        let (mut number, mut at) = match eight.and_then(|digits| eight_digits(u64::from_le_bytes(*digits))) {
            Some(number) => (number, 8),
            None => (0, 0),
        };
        while let Some(byte) = rest.get(at)
            && at < 16
        {
            match byte {
                b'0'..=b'9' if number != 0 || *byte != b'0' => number = number * 10 + i64::from(byte - b'0'),
                b',' | b'}' if at > 0 => {
                    self.at += at;
                    return Some(number);
                }
                _ => return None,
            }
            at += 1;
        }
        None
    }

    /// A value that should be `true` or `false`.
    pub(super) fn boolean(&mut self) -> Result<Member<bool>, Malformed> {
        let first = self.peek();
        self.skip()?;
        Ok(match first {
            Some(b't') => Member::Good(true),
            Some(b'f') => Member::Good(false),
            _ => Member::Bad,
        })
    }

    /// A value that should be a string or an array of strings, as it stands in the text.
    pub(super) fn text_or_texts(&mut self) -> Result<Member<&'a str>, Malformed> {
        let start = self.at;
        if self.peek() != Some(b'[') {
            let found = self.text()?;
            let raw = self.text.get(start..self.at).ok_or(Malformed)?;
            return Ok(if found.is_bad() { Member::Bad } else { Member::Good(raw) });
        }
        self.at += 1;
        let mut good = true;
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
        } else {
            loop {
                self.space();
                good &= !self.text()?.is_bad();
                self.space();
                match self.take()? {
                    b',' => {}
                    b']' => break,
                    _ => return Err(Malformed),
                }
            }
        }
        let raw = self.text.get(start..self.at).ok_or(Malformed)?;
        Ok(if good { Member::Good(raw) } else { Member::Bad })
    }

    /// Passes a value of any type, which must be JSON all the same.
    pub(super) fn skip(&mut self) -> Result<(), Malformed> {
        let mut open = Open::default();
        loop {
            match self.peek().ok_or(Malformed)? {
                b'"' => {
                    self.string()?;
                }
                b'{' => {
                    self.at += 1;
                    self.space();
                    if self.peek() != Some(b'}') {
                        open.push(true)?;
                        self.name()?;
                        continue;
                    }
                    self.at += 1;
                }
                b'[' => {
                    self.at += 1;
                    self.space();
                    if self.peek() != Some(b']') {
                        open.push(false)?;
                        continue;
                    }
                    self.at += 1;
                }
                b't' => self.word(b"true")?,
                b'f' => self.word(b"false")?,
                b'n' => self.word(b"null")?,
                _ => {
                    self.number()?;
                }
            }
            loop {
                let Some(is_object) = open.innermost() else { return Ok(()) };
                self.space();
                match (self.take()?, is_object) {
                    (b',', true) => {
                        self.space();
                        self.name()?;
                        break;
                    }
                    (b',', false) => {
                        self.space();
                        break;
                    }
                    (b'}', true) | (b']', false) => open.pop(),
                    _ => return Err(Malformed),
                }
            }
        }
    }

    /// The name of a member and its colon; the scanner then stands at the value.
    #[inline(always)]
    fn name(&mut self) -> Result<Name<'a>, Malformed> {
        let (text, first) = self.string_and_start()?;
        self.space();
        self.byte(b':')?;
        self.space();
        // Near the end of a text there are no eight bytes to look at.
        let word = first.map_or_else(|| Word::new(text.raw), |first| Word { first, text: text.raw });
        Ok(Name { word, escaped: text.escaped })
    }

    #[inline(always)]
    fn string(&mut self) -> Result<Text<'a>, Malformed> {
        self.string_and_start().map(|(text, _)| text)
    }

    /// A string and its first eight bytes, filled up with zeros, if there are eight more in the whole text.
    #[inline(always)]
    fn string_and_start(&mut self) -> Result<(Text<'a>, Option<u64>), Malformed> {
        let Some([b'"', rest @ ..]) = self.bytes.get(self.at..) else { return Err(Malformed) };
        // Most names and many values end within the first word.
        let (length, first) = match rest.split_first_chunk::<8>() {
            Some((word, beyond)) => {
                let word = u64::from_le_bytes(*word);
                let found = special(word);
                match found {
                    0 => (8 + plain(beyond).ok_or(Malformed)?, Some(word)),
                    _ => (first_of(found), Some(word & before(found))),
                }
            }
            None => (plain(rest).ok_or(Malformed)?, None),
        };
        let start = self.at + 1;
        self.at = start + length + 1;
        // Nearly every string ends here; those with escapes go on apart.
        let escaped = rest.get(length) != Some(&b'"');
        if escaped {
            self.escaped()?;
        }
        let raw = self.text.get(start..self.at - 1).ok_or(Malformed)?;
        Ok((Text { raw, escaped }, first))
    }

    /// Passes what follows the first character of a string that is not plain, to behind its closing quote.
    #[cold]
    fn escaped(&mut self) -> Result<(), Malformed> {
        self.at -= 1;
        loop {
            match self.take()? {
                b'"' => return Ok(()),
                b'\\' => self.escape()?,
                _ => return Err(Malformed),
            }
            self.plain()?;
        }
    }

    fn plain(&mut self) -> Result<(), Malformed> {
        self.at += plain(self.bytes.get(self.at..).ok_or(Malformed)?).ok_or(Malformed)?;
        Ok(())
    }

    fn escape(&mut self) -> Result<(), Malformed> {
        match self.take()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(()),
            b'u' => match self.unit()? {
                0xd800..0xdc00 => {
                    self.byte(b'\\')?;
                    self.byte(b'u')?;
                    if (0xdc00..0xe000).contains(&self.unit()?) { Ok(()) } else { Err(Malformed) }
                }
                0xdc00..0xe000 => Err(Malformed),
                _ => Ok(()),
            },
            _ => Err(Malformed),
        }
    }

    fn unit(&mut self) -> Result<u32, Malformed> {
        (0..4).try_fold(0, |sum, _| {
            let digit = char::from(self.take()?).to_digit(16).ok_or(Malformed)?;
            Ok(sum * 16 + digit)
        })
    }

    /// A number; whether it is a whole one, written without fraction and exponent.
    fn number(&mut self) -> Result<bool, Malformed> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        let mut whole = true;
        if self.peek() == Some(b'.') {
            whole = false;
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            whole = false;
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(whole)
    }

    fn digits(&mut self) -> Result<(), Malformed> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start { Err(Malformed) } else { Ok(()) }
    }

    fn word(&mut self, word: &[u8]) -> Result<(), Malformed> {
        word.iter().try_for_each(|byte| self.byte(*byte))
    }

    #[inline(always)]
    fn space(&mut self) {
        // Nobody sends any.
        if self.peek().is_some_and(|byte| byte <= b' ') {
            self.pass_space();
        }
    }

    #[cold]
    fn pass_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn byte(&mut self, wanted: u8) -> Result<(), Malformed> {
        if self.take()? == wanted { Ok(()) } else { Err(Malformed) }
    }

    fn take(&mut self) -> Result<u8, Malformed> {
        let byte = self.peek().ok_or(Malformed)?;
        self.at += 1;
        Ok(byte)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }
}

/// How many bytes stand before the first quote, backslash or control character.
#[inline(always)]
fn plain(bytes: &[u8]) -> Option<usize> {
    let (mut length, mut rest) = (0, bytes);
    while let Some((word, beyond)) = rest.split_first_chunk::<8>() {
        let found = special(u64::from_le_bytes(*word));
        if found != 0 {
            return Some(length + first_of(found));
        }
        length += 8;
        rest = beyond;
    }
    last_plain(rest).map(|last| length + last)
}

/// The same for the last few bytes of a text, where few strings end.
#[cold]
fn last_plain(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20)
}

/// Marks of the bytes of a word that are quotes, backslashes or control characters.
///
/// Each of the two tests marks the high bit of every byte it is true of; it may mark wrong ones too, but only above a
/// right one, and the lowest is the one that counts.
#[inline(always)]
fn special(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 0xff;
    const HIGH: u64 = ONES * 0x80;
    let below = |word: u64, bound: u8| word.wrapping_sub(ONES * u64::from(bound));
    // With its second bit turned over a quote comes right behind the control characters. Neither test changes the high
    // bits, so that those of the word itself tell which bytes are not ASCII.
    (below(word ^ (ONES * 2), 0x21) | below(word ^ (ONES * u64::from(b'\\')), 1)) & !word & HIGH
}

/// Every bit of the bytes below the lowest mark.
#[inline(always)]
fn before(marks: u64) -> u64 {
    (marks ^ marks.wrapping_sub(1)) >> 8
}

/// The number that eight digits say, if they are eight.
#[inline(always)]
fn eight_digits(digits: u64) -> Option<i64> {
    const ONES: u64 = u64::MAX / 0xff;
    let high = digits & (ONES * 0xf0);
    let carried = digits.wrapping_add(ONES * 6) & (ONES * 0xf0);
    if high != ONES * 0x30 || carried != ONES * 0x30 {
        return None;
    }
    // Neighbours are joined to numbers of two digits, these to such of four, and these to one.
    let ones = digits & (ONES * 0x0f);
    let pairs = (ones * 10 + (ones >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    let all = (fours & 0xffff_ffff) * 10_000 + (fours >> 32);
    i64::try_from(all).ok()
}

/// The byte of the lowest mark.
#[inline(always)]
fn first_of(marks: u64) -> usize {
    (marks.trailing_zeros() / 8) as usize
}

/// The arrays and objects that are still open, one bit each.
#[derive(Default)]
struct Open {
    objects: u64,
    depth: u32,
}

impl Open {
    fn push(&mut self, is_object: bool) -> Result<(), Malformed> {
        if self.depth == DEPTH {
            return Err(Malformed);
        }
        self.depth += 1;
        self.objects = (self.objects << 1) | u64::from(is_object);
        Ok(())
    }

    fn pop(&mut self) {
        self.depth -= 1;
        self.objects >>= 1;
    }

    fn innermost(&self) -> Option<bool> {
        (self.depth > 0).then_some(self.objects & 1 == 1)
    }
}

/// The strings of what [`Scanner::text_or_texts`] found.
pub(super) fn texts(raw: &str) -> impl Iterator<Item = Text<'_>> {
    let mut scanner = Scanner { text: raw, bytes: raw.as_bytes(), at: 0 };
    std::iter::from_fn(move || {
        while scanner.peek()? != b'"' {
            scanner.at += 1;
        }
        scanner.string().ok()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn words_are_searched_like_bytes(bytes in prop::collection::vec(
            prop_oneof![4 => 0x1eu8..0x26, 2 => 0x5au8..0x60, 4 => 0x7eu8..0x84, 2 => any::<u8>()], 0..40)
        ) {
            let slow = bytes.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20);
            prop_assert_eq!(plain(&bytes), slow);
        }

        #[test]
        fn eight_digits_are_read_as_one_by_one(text in "[0-9]{8}|[/0-:]{8}|\\PC{0,8}") {
            let word = text.as_bytes().first_chunk::<8>().map(|bytes| u64::from_le_bytes(*bytes));
            let is_number = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
            prop_assert_eq!(word.and_then(eight_digits), is_number.then(|| text.parse().unwrap()), "{}", text);
        }

        #[test]
        fn names_are_told_apart_as_texts(
            one in "[ab]{0,3}|[ab]{7,9}|aaaaaaaa[ab]{0,2}", other in "[ab]{0,3}|aaaaaaa[ab]{0,3}"
        ) {
            prop_assert_eq!(Word::new(&one).is(&Word::new(&other)), one == other);
        }

        #[test]
        fn names_are_found_wherever_they_stand(name in "[a-c]{0,12}", known in "[a-c]{0,12}", more in " {0,9}") {
            let text = format!("{{\"{name}\":1{more}}}");
            for known in [&name, &known] {
                let mut found = None;
                let read = Scanner::object(text.as_bytes(), |found_name, value| {
                    found = found_name.among(&[Word::new("other"), Word::new(known)]);
                    value.skip()
                });
                prop_assert!(read.is_ok());
                prop_assert_eq!(found, (name == *known).then_some(1));
            }
        }
    }
}
