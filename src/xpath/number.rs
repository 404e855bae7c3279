//! Numbers as texts and texts as numbers.

/// A number as XPath writes it: never with an exponent, and without a fraction that is zero.
pub(super) fn to_text(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else if number == 0.0 {
        "0".to_owned()
    } else {
        number.to_string()
    }
}

/// The number that a text is; not a number unless it is digits with at most one point and one minus sign.
pub(super) fn from_text(text: &str) -> f64 {
    let text = text.trim_matches([' ', '\t', '\n', '\r']);
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if plain { text.parse().unwrap_or(f64::NAN) } else { f64::NAN }
}

/// Rounds halves up, and keeps the sign of what becomes zero.
pub(super) fn round(number: f64) -> f64 {
    if (-0.5..0.0).contains(&number) {
        -0.0
    } else if number.fract() == 0.0 || !number.is_finite() {
        number
    } else {
        (number + 0.5).floor()
    }
}

/// A number as `Double.toString` of Java writes it.
pub(crate) fn java_double(number: f64) -> String {
    let size = number.abs();
    if !number.is_finite() {
        to_text(number)
    } else if size == 0.0 || (1e-3..1e7).contains(&size) {
        format!("{number:?}")
    } else {
        let text = format!("{number:e}");
        match text.split_once('e') {
            Some((digits, exponent)) if digits.contains('.') => format!("{digits}E{exponent}"),
            Some((digits, exponent)) => format!("{digits}.0E{exponent}"),
            None => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_numbers() {
        for (number, text, java) in [
            (0.0, "0", "0.0"),
            (-0.0, "0", "-0.0"),
            (2.0, "2", "2.0"),
            (-1.5, "-1.5", "-1.5"),
            (0.1 + 0.2, "0.30000000000000004", "0.30000000000000004"),
            (1e7, "10000000", "1.0E7"),
            (12345678.5, "12345678.5", "1.23456785E7"),
            (0.0001, "0.0001", "1.0E-4"),
            (1e21, "1000000000000000000000", "1.0E21"),
            (f64::NAN, "NaN", "NaN"),
            (f64::NEG_INFINITY, "-Infinity", "-Infinity"),
        ] {
            assert_eq!((to_text(number).as_str(), java_double(number).as_str()), (text, java));
        }
    }

    #[test]
    fn numbers_of_texts() {
        for (text, number) in [(" 12\n", 12.0), ("-.5", -0.5), ("5.", 5.0), ("007", 7.0)] {
            assert_eq!(from_text(text), number);
        }
        for text in ["", " ", ".", "-", "--1", "+1", "1e3", "1 2", "0x1", "inf", "NaN", "1.2.3", "\u{a0}1"] {
            assert!(from_text(text).is_nan(), "{text}");
        }
    }

    #[test]
    fn halves_round_up() {
        let rounded = [2.5, -2.5, 0.4, -0.7, 1.0, 0.49999999999999994].map(round);
        assert_eq!(rounded, [3.0, -2.0, 0.0, -1.0, 1.0, 1.0]);
        assert!(round(-0.5).is_sign_negative() && round(-0.5) == 0.0);
        assert!(round(f64::NAN).is_nan());
    }
}
