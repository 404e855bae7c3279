//! Strings of a JSON text, and names of members among them.

use std::borrow::Cow;

/// A JSON string between its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Text<'a> {
    pub(super) raw: &'a str,
    pub(super) escaped: bool,
}

impl<'a> Text<'a> {
    /// The text it stands for, if it is written as it is.
    #[inline]
    pub(super) fn unescaped(self) -> Option<&'a str> {
        (!self.escaped).then_some(self.raw)
    }

    /// The text it stands for; copied only when it has escapes.
    #[inline]
    pub(crate) fn decode(self) -> Cow<'a, str> {
        if self.escaped { Cow::Owned(self.characters().collect()) } else { Cow::Borrowed(self.raw) }
    }

    /// Whether it stands for a text.
    pub(crate) fn is(self, text: &str) -> bool {
        if self.escaped { self.characters().eq(text.chars()) } else { self.raw == text }
    }

    fn characters(self) -> impl Iterator<Item = char> {
        let mut rest = self.raw.chars();
        std::iter::from_fn(move || {
            let first = rest.next()?;
            if first != '\\' {
                return Some(first);
            }
            match rest.next()? {
                'b' => Some('\u{8}'),
                'f' => Some('\u{c}'),
                'n' => Some('\n'),
                'r' => Some('\r'),
                't' => Some('\t'),
                'u' => {
                    let high = hex(&mut rest)?;
                    if !(0xd800..0xdc00).contains(&high) {
                        return char::from_u32(high);
                    }
                    rest.nth(1);
                    let low = hex(&mut rest)?;
                    char::from_u32(0x1_0000 + ((high & 0x3ff) << 10) + (low & 0x3ff))
                }
                other => Some(other),
            }
        })
    }
}

fn hex(characters: &mut std::str::Chars<'_>) -> Option<u32> {
    (0..4).try_fold(0, |sum, _| Some(sum * 16 + characters.next()?.to_digit(16)?))
}

/// A name and its first eight bytes, which tell nearly all names apart in one comparison.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Word<'a> {
    pub(super) first: u64,
    pub(super) text: &'a str,
}

impl<'a> Word<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        let (mut first, mut at) = (0, 0);
        let mut rest = text.as_bytes();
        while let [byte, more @ ..] = rest
            && at < 8
        {
            first |= (*byte as u64) << (8 * at);
            at += 1;
            rest = more;
        }
        Self { first, text }
    }

    /// Whether both are the same name.
    #[inline(always)]
    pub(in crate::jose) fn is(&self, other: &Word<'_>) -> bool {
        let length = self.text.len();
        self.first == other.first && length == other.text.len() && (length <= 8 || self.text == other.text)
    }
}

/// The name of a member.
pub(in crate::jose) struct Name<'a> {
    pub(super) word: Word<'a>,
    pub(super) escaped: bool,
}

impl<'a> Name<'a> {
    /// The name, if it is written as it is.
    #[inline(always)]
    pub(in crate::jose) fn unescaped(&self) -> Option<Word<'a>> {
        (!self.escaped).then_some(self.word)
    }

    /// Which of some names it is.
    #[inline(always)]
    pub(in crate::jose) fn among(&self, names: &[Word<'_>]) -> Option<usize> {
        if self.escaped { self.escaped_among(names) } else { names.iter().position(|name| name.is(&self.word)) }
    }

    #[cold]
    fn escaped_among(&self, names: &[Word<'_>]) -> Option<usize> {
        let text = Text { raw: self.word.text, escaped: true };
        names.iter().position(|name| text.is(name.text))
    }
}
