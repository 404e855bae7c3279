//! Sets of characters: Java's predefined classes, properties and case rules.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

/// The characters that end a line.
pub(super) const LINE_ENDS: &[(char, char)] =
    &[('\n', '\n'), ('\r', '\r'), ('\u{85}', '\u{85}'), ('\u{2028}', '\u{2029}')];
const SPACE: &[(char, char)] = &[('\t', '\r'), (' ', ' ')];
const DIGIT: &[(char, char)] = &[('0', '9')];
const WORD: &[(char, char)] = &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];
const ALPHA: &[(char, char)] = &[('A', 'Z'), ('a', 'z')];
const HORIZONTAL: &[(char, char)] = &[
    ('\t', '\t'),
    (' ', ' '),
    ('\u{a0}', '\u{a0}'),
    ('\u{1680}', '\u{1680}'),
    ('\u{180e}', '\u{180e}'),
    ('\u{2000}', '\u{200a}'),
    ('\u{202f}', '\u{202f}'),
    ('\u{205f}', '\u{205f}'),
    ('\u{3000}', '\u{3000}'),
];
pub(super) const VERTICAL: &[(char, char)] = &[('\n', '\r'), ('\u{85}', '\u{85}'), ('\u{2028}', '\u{2029}')];

/// The set of some ranges.
pub(super) fn set(ranges: &[(char, char)]) -> ClassUnicode {
    ClassUnicode::new(ranges.iter().map(|&(start, end)| ClassUnicodeRange::new(start, end)))
}

pub(super) fn negated(mut class: ClassUnicode) -> ClassUnicode {
    class.negate();
    class
}

pub(super) fn union(mut left: ClassUnicode, right: &ClassUnicode) -> ClassUnicode {
    left.union(right);
    left
}

fn without(mut left: ClassUnicode, right: &ClassUnicode) -> ClassUnicode {
    left.difference(right);
    left
}

/// A Unicode property by the name `regex-syntax` knows it by.
fn unicode(name: &str) -> Option<ClassUnicode> {
    match regex_syntax::parse(&format!("\\p{{{name}}}")).ok()?.into_kind() {
        HirKind::Class(Class::Unicode(class)) => Some(class),
        _ => None,
    }
}

fn unions(names: &[&str]) -> Option<ClassUnicode> {
    names.iter().try_fold(ClassUnicode::empty(), |class, name| Some(union(class, &unicode(name)?)))
}

/// `\d`, `\w`, `\s`, `\h`, `\v` and their complements.
pub(super) fn perl(letter: char, unicode_classes: bool) -> Option<ClassUnicode> {
    let class = match letter.to_ascii_lowercase() {
        'd' if unicode_classes => unicode("Nd")?,
        'w' if unicode_classes => word()?,
        's' if unicode_classes => unicode("White_Space")?,
        'd' => set(DIGIT),
        'w' => set(WORD),
        's' => set(SPACE),
        'h' => set(HORIZONTAL),
        'v' => set(VERTICAL),
        _ => return None,
    };
    Some(if letter.is_ascii_uppercase() { negated(class) } else { class })
}

fn word() -> Option<ClassUnicode> {
    unions(&["Alphabetic", "M", "Nd", "Pc", "Join_Control"])
}

/// What stands between the braces of `\p{...}`; nothing when the name is unknown here.
pub(super) fn property(name: &str, ignore_case: bool, unicode_classes: bool) -> Option<ClassUnicode> {
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'=')) {
        return None;
    }
    if let Some((key, value)) = name.split_once('=') {
        return match key.to_ascii_lowercase().as_str() {
            "sc" | "script" => script(value),
            "gc" | "general_category" => category(value, ignore_case),
            _ => None,
        };
    }
    if name.starts_with("In") {
        return None;
    }
    if let Some(name) = name.strip_prefix("Is") {
        return binary(name, ignore_case).or_else(|| category(name, ignore_case)).or_else(|| script(name));
    }
    let posix = if unicode_classes { unicode_posix(name, ignore_case) } else { None };
    posix.or_else(|| category(name, ignore_case))
}

fn script(name: &str) -> Option<ClassUnicode> {
    if name.is_empty() { None } else { unicode(&format!("script={name}")) }
}

fn cased() -> Option<ClassUnicode> {
    unions(&["Lowercase", "Uppercase", "Lt"])
}

/// The binary properties Java has, whose names ignore case.
fn binary(name: &str, ignore_case: bool) -> Option<ClassUnicode> {
    match name.to_ascii_uppercase().as_str() {
        "LOWERCASE" | "UPPERCASE" | "TITLECASE" if ignore_case => cased(),
        "ALPHABETIC" => unicode("Alphabetic"),
        "LETTER" => unicode("L"),
        "IDEOGRAPHIC" => unicode("Ideographic"),
        "LOWERCASE" => unicode("Lowercase"),
        "UPPERCASE" => unicode("Uppercase"),
        "TITLECASE" => unicode("Lt"),
        "WHITE_SPACE" | "WHITESPACE" => unicode("White_Space"),
        "CONTROL" => unicode("Cc"),
        "PUNCTUATION" => unicode("P"),
        "HEX_DIGIT" | "HEXDIGIT" => hex_digit(),
        "ASSIGNED" => unicode("Cn").map(negated),
        "NONCHARACTER_CODE_POINT" | "NONCHARACTERCODEPOINT" => unicode("Noncharacter_Code_Point"),
        "JOIN_CONTROL" | "JOINCONTROL" => unicode("Join_Control"),
        "WORD" => word(),
        _ => None,
    }
}

fn hex_digit() -> Option<ClassUnicode> {
    unions(&["Nd", "Hex_Digit"])
}

/// The POSIX names under `(?U)`.
fn unicode_posix(name: &str, ignore_case: bool) -> Option<ClassUnicode> {
    match name.to_ascii_uppercase().as_str() {
        "LOWER" | "UPPER" if ignore_case => cased(),
        "ALPHA" => unicode("Alphabetic"),
        "LOWER" => unicode("Lowercase"),
        "UPPER" => unicode("Uppercase"),
        "SPACE" => unicode("White_Space"),
        "PUNCT" => unicode("P"),
        "XDIGIT" => hex_digit(),
        "ALNUM" => unions(&["Alphabetic", "Nd"]),
        "CNTRL" => unicode("Cc"),
        "DIGIT" => unicode("Nd"),
        "BLANK" => blank(),
        "GRAPH" => graph(),
        "PRINT" => Some(without(union(graph()?, &blank()?), &unicode("Cc")?)),
        _ => None,
    }
}

fn blank() -> Option<ClassUnicode> {
    Some(union(unicode("Zs")?, &set(&[('\t', '\t')])))
}

fn graph() -> Option<ClassUnicode> {
    unions(&["Z", "Cc", "Cn"]).map(negated)
}

/// General categories, POSIX names and `java.lang.Character` methods; their names heed case.
fn category(name: &str, ignore_case: bool) -> Option<ClassUnicode> {
    const CATEGORIES: &str =
        " Cn Lu Ll Lt Lm Lo Mn Me Mc Nd Nl No Zs Zl Zp Cc Cf Co Pd Ps Pe Pc Po Sm Sc Sk So Pi Pf L M N Z C P S ";
    Some(match name {
        "Lu" | "Ll" | "Lt" if ignore_case => unions(&["Lu", "Ll", "Lt"])?,
        "javaLowerCase" | "javaUpperCase" | "javaTitleCase" if ignore_case => cased()?,
        "Lower" | "Upper" if ignore_case => set(ALPHA),
        "LC" => unions(&["Lu", "Ll", "Lt"])?,
        "LD" | "javaLetterOrDigit" => unions(&["L", "Nd"])?,
        "L1" => set(&[('\0', '\u{ff}')]),
        "all" => set(&[('\0', char::MAX)]),
        "ASCII" => set(&[('\0', '\u{7f}')]),
        "Alnum" => set(&[('0', '9'), ('A', 'Z'), ('a', 'z')]),
        "Alpha" => set(ALPHA),
        "Blank" => set(&[('\t', '\t'), (' ', ' ')]),
        "Cntrl" => set(&[('\0', '\u{1f}'), ('\u{7f}', '\u{7f}')]),
        "Digit" => set(DIGIT),
        "Graph" => set(&[('!', '~')]),
        "Lower" => set(&[('a', 'z')]),
        "Print" => set(&[(' ', '~')]),
        "Punct" => set(&[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')]),
        "Space" => set(SPACE),
        "Upper" => set(&[('A', 'Z')]),
        "XDigit" => set(&[('0', '9'), ('A', 'F'), ('a', 'f')]),
        "javaLowerCase" => unicode("Lowercase")?,
        "javaUpperCase" => unicode("Uppercase")?,
        "javaAlphabetic" => unicode("Alphabetic")?,
        "javaIdeographic" => unicode("Ideographic")?,
        "javaTitleCase" => unicode("Lt")?,
        "javaDigit" => unicode("Nd")?,
        "javaLetter" => unicode("L")?,
        "javaSpaceChar" => unicode("Z")?,
        "javaWhitespace" => union(
            without(unicode("Z")?, &set(&[('\u{a0}', '\u{a0}'), ('\u{2007}', '\u{2007}'), ('\u{202f}', '\u{202f}')])),
            &set(&[('\t', '\r'), ('\u{1c}', '\u{1f}')]),
        ),
        "javaISOControl" => unicode("Cc")?,
        "javaDefined" => negated(unicode("Cn")?),
        _ if !name.is_empty() && CATEGORIES.split(' ').any(|known| known == name) => unicode(name)?,
        _ => return None,
    })
}

/// A range of characters with their case variants; nothing where Java's case rules cannot be told from here.
///
/// Java folds a single character both ways; for a range it only asks whether a folded character lies inside.
pub(super) fn folded(
    start: char,
    end: char,
    single: bool,
    ignore_case: bool,
    unicode_case: bool,
) -> Option<ClassUnicode> {
    let mut class = set(&[(start, end)]);
    if !ignore_case {
        return Some(class);
    }
    let includes = |c: char| (start..=end).contains(&c);
    for lower in 'a'..='z' {
        let upper = lower.to_ascii_uppercase();
        if !includes(lower) && !includes(upper) {
            continue;
        }
        let mut variants = vec![(lower, lower), (upper, upper)];
        if unicode_case {
            match lower {
                'i' if single || includes('i') => variants.push(('\u{130}', '\u{131}')),
                'i' => variants.push(('\u{131}', '\u{131}')),
                'k' if single || includes('k') => variants.push(('\u{212a}', '\u{212a}')),
                's' => variants.push(('\u{17f}', '\u{17f}')),
                _ => {}
            }
        }
        class.union(&set(&variants));
    }
    if !unicode_case || end.is_ascii() {
        return Some(class);
    }
    if !single {
        return None;
    }
    let mut variants = set(&[(start, start)]);
    variants.case_fold_simple();
    let key = java_fold(start)?;
    let agree =
        variants.ranges().iter().flat_map(|range| range.start()..=range.end()).all(|c| java_fold(c) == Some(key));
    (agree && !key.is_ascii()).then_some(variants)
}

/// `toLowerCase(toUpperCase(c))` where both map to one character.
fn java_fold(c: char) -> Option<char> {
    let mut upper = c.to_uppercase();
    let (Some(upper), None) = (upper.next(), upper.next()) else { return None };
    let mut lower = upper.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(lower), None) => Some(lower),
        _ => None,
    }
}
