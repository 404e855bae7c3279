//! The tree of a path.

use serde_json::Value;

use crate::condition::java_regex::JavaRegex;

#[derive(Debug)]
pub(super) struct Path {
    pub(super) from: From,
    pub(super) segments: Vec<Segment>,
    /// Whether it can find one value at most.
    pub(super) definite: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum From {
    /// `$`; what is found from here is the same everywhere, and is kept under that number.
    Root { memo: usize },
    /// `@`
    Current,
}

#[derive(Debug)]
pub(super) enum Segment {
    Property(Box<str>),
    /// Several properties: one object if nothing follows, else one after the other.
    Properties(Vec<Box<str>>, Several),
    /// `*`
    All,
    Index(i64),
    Indexes(Vec<i64>),
    Slice(Option<i64>, Option<i64>),
    Filter(Filter),
    /// `..`: what follows applies to every object and array below.
    Descend,
    Call(Function, Vec<Operand>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Several {
    Merged,
    Each,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Append,
    Average,
    Concat,
    First,
    Index,
    Keys,
    Last,
    Length,
    Max,
    Min,
    StandardDeviation,
    Sum,
}

impl Function {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "append" => Self::Append,
            "avg" => Self::Average,
            "concat" => Self::Concat,
            "first" => Self::First,
            "index" => Self::Index,
            "keys" => Self::Keys,
            "last" => Self::Last,
            "length" | "size" => Self::Length,
            "max" => Self::Max,
            "min" => Self::Min,
            "stddev" => Self::StandardDeviation,
            "sum" => Self::Sum,
            _ => return None,
        })
    }
}

#[derive(Debug)]
pub(super) enum Filter {
    Any(Vec<Filter>),
    All(Vec<Filter>),
    Not(Box<Filter>),
    Exists(Path),
    Compare(Box<(Operand, Operand)>, Operator),
}

#[derive(Debug)]
pub(super) enum Operand {
    Path(Path),
    Value(Value),
    Regex(JavaRegex),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    /// Equal and of the same type.
    Same,
    NotSame,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Matches,
    In,
    NotIn,
    SubsetOf,
    AnyOf,
    NoneOf,
    All,
    Contains,
    Size,
    Empty,
}

impl Operator {
    /// Operators that are signs; longer ones stand before those they start with.
    pub(super) const SIGNS: [(&'static str, Self); 9] = [
        ("===", Self::Same),
        ("!==", Self::NotSame),
        ("==", Self::Equal),
        ("!=", Self::NotEqual),
        ("<=", Self::LessOrEqual),
        (">=", Self::GreaterOrEqual),
        ("=~", Self::Matches),
        ("<", Self::Less),
        (">", Self::Greater),
    ];

    /// The operator that is a word, in any case.
    pub(super) fn named(word: &str) -> Option<Self> {
        const WORDS: [(&str, Operator); 9] = [
            ("in", Operator::In),
            ("nin", Operator::NotIn),
            ("subsetof", Operator::SubsetOf),
            ("anyof", Operator::AnyOf),
            ("noneof", Operator::NoneOf),
            ("all", Operator::All),
            ("contains", Operator::Contains),
            ("size", Operator::Size),
            ("empty", Operator::Empty),
        ];
        WORDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, operator)| *operator)
    }
}
