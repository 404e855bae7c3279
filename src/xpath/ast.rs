//! The tree of an expression. Operators of one level are a list, so a long chain is not deep.

use super::ValueType;
use super::functions::Function;

#[derive(Debug)]
pub(super) enum Expression {
    Number(f64),
    Text(Box<str>),
    Or(Vec<Expression>),
    And(Vec<Expression>),
    Compare(Box<Expression>, Vec<(Comparison, Expression)>),
    Calculate(Box<Expression>, Vec<(Operator, Expression)>),
    /// The number of an expression, negated or, after an even number of signs, not.
    Sign {
        negative: bool,
        of: Box<Expression>,
    },
    Union(Vec<Expression>),
    Call(Function, Vec<Expression>),
    Path(Path),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

#[derive(Debug)]
pub(super) struct Path {
    pub(super) start: Start,
    pub(super) steps: Vec<Step>,
}

#[derive(Debug)]
pub(super) enum Start {
    Context,
    /// The root; what is found from here is the same everywhere, and is kept under that number.
    Root {
        memo: usize,
    },
    /// The nodes of an expression that all predicates hold for.
    Filter(Box<Expression>, Vec<Expression>),
}

#[derive(Debug)]
pub(super) struct Step {
    pub(super) axis: Axis,
    pub(super) test: Test,
    pub(super) predicates: Vec<Expression>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axis {
    Ancestor,
    AncestorOrSelf,
    Attribute,
    Child,
    Descendant,
    DescendantOrSelf,
    Following,
    FollowingSibling,
    Namespace,
    Parent,
    Preceding,
    PrecedingSibling,
    Itself,
}

impl Axis {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "ancestor" => Self::Ancestor,
            "ancestor-or-self" => Self::AncestorOrSelf,
            "attribute" => Self::Attribute,
            "child" => Self::Child,
            "descendant" => Self::Descendant,
            "descendant-or-self" => Self::DescendantOrSelf,
            "following" => Self::Following,
            "following-sibling" => Self::FollowingSibling,
            "namespace" => Self::Namespace,
            "parent" => Self::Parent,
            "preceding" => Self::Preceding,
            "preceding-sibling" => Self::PrecedingSibling,
            "self" => Self::Itself,
            _ => return None,
        })
    }
}

#[derive(Debug)]
pub(super) enum Test {
    Any,
    Text,
    Comment,
    Instruction(Option<Box<str>>),
    /// By the number of its prefix, if it has one, and its local name, unless that is `*`.
    Name {
        prefix: Option<usize>,
        local: Option<Box<str>>,
    },
}

impl Expression {
    pub(super) fn value_type(&self) -> ValueType {
        match self {
            Self::Number(_) | Self::Calculate(..) | Self::Sign { .. } => ValueType::Number,
            Self::Text(_) => ValueType::Text,
            Self::Or(_) | Self::And(_) | Self::Compare(..) => ValueType::Boolean,
            Self::Union(_) | Self::Path(_) => ValueType::Nodes,
            Self::Call(function, _) => function.value_type(),
        }
    }
}
