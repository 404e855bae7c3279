//! Builds the tree of a condition.
//!
//! The parser keeps its own stack, so that no text can exhaust the program's; what is bounded is the depth of the tree.

use crate::Limits;
use crate::diagnostic::Span;

use super::ConditionError;
use super::ast::{Comparison, Expression, Literal, Name, Operand, Operator};
use super::lexer::{Lexer, Token};

/// A condition that could be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The tree; nothing for an empty condition, which always holds.
    pub expression: Option<Expression>,
    /// What was forgiven.
    pub warnings: Vec<ConditionError>,
}

/// Reads a condition.
///
/// A parenthesis left open at the end is forgiven with a warning, because SAP's own designer exports such conditions.
///
/// # Errors
/// The first thing that is not in the language, with its place.
///
/// ```
/// use tollgate::{Limits, condition};
///
/// let parsed = condition::parse("request.verb = \"GET\" and !cached", &Limits::default())?;
/// assert_eq!(parsed.expression.unwrap().to_string(), "((request.verb equals \"GET\") and (not (cached)))");
/// # Ok::<(), condition::ConditionError>(())
/// ```
pub fn parse(text: &str, limits: &Limits) -> Result<Parsed, ConditionError> {
    if text.len() > limits.condition_bytes {
        let message = format!("the condition has {} bytes, the limit is {}", text.len(), limits.condition_bytes);
        return Err(ConditionError::new("condition::too-long", Span::new(0, text.len()), message));
    }
    let mut lexer = Lexer::new(text);
    let (token, span) = lexer.next()?;
    if token == Token::End {
        return Ok(Parsed { expression: None, warnings: Vec::new() });
    }
    Parser {
        text,
        lexer,
        token,
        span,
        depth: limits.condition_depth,
        groups: Vec::with_capacity(2),
        warnings: Vec::new(),
    }
    .run()
}

struct Parser<'t> {
    text: &'t str,
    lexer: Lexer<'t>,
    token: Token<'t>,
    span: Span,
    depth: usize,
    /// The open groups outside the current one.
    groups: Vec<Group>,
    warnings: Vec<ConditionError>,
}

/// What is known of an open parenthesis, or of the whole text, so far.
#[derive(Default)]
struct Group {
    open: Span,
    alternatives: Vec<Node>,
    /// All operands of the conjunction but the latest.
    conjuncts: Vec<Node>,
    latest: Option<Node>,
    /// Where the negations before the next operand start.
    negations: Vec<u32>,
}

/// A tree under construction and how deep it is.
struct Node {
    tree: Tree,
    depth: usize,
}

/// Operands of a chain are kept in reverse, so that grouping to the right appends.
enum Tree {
    Done(Expression),
    And(Vec<Expression>),
    Or(Vec<Expression>),
}

impl<'t> Parser<'t> {
    fn run(mut self) -> Result<Parsed, ConditionError> {
        let mut group = Group::default();
        loop {
            match self.token {
                Token::Not => {
                    group.negations.push(self.span.start);
                    self.advance()?;
                    continue;
                }
                Token::Open => {
                    let open = self.span;
                    self.groups.push(std::mem::replace(&mut group, Group { open, ..Group::default() }));
                    self.advance()?;
                    continue;
                }
                _ => {
                    let term = Node { tree: Tree::Done(self.term()?), depth: 0 };
                    self.complete(&mut group, term)?;
                }
            }
            loop {
                match self.token {
                    Token::And => break,
                    Token::Or => {
                        let conjunction = self.conjunction(&mut group)?;
                        group.alternatives.push(conjunction);
                        break;
                    }
                    Token::Close => {
                        let Some(outer) = self.groups.pop() else {
                            return Err(self
                                .error("condition::unopened-parenthesis", "the parenthesis was never opened")
                                .with_help("remove it, or open it before"));
                        };
                        self.advance()?;
                        let inner = std::mem::replace(&mut group, outer);
                        let node = self.finish(inner)?;
                        self.complete(&mut group, node)?;
                    }
                    Token::End => return self.end(group),
                    _ => return Err(self.unexpected("`and`, `or` or the end of the condition")),
                }
            }
            self.advance()?;
        }
    }

    fn advance(&mut self) -> Result<(), ConditionError> {
        (self.token, self.span) = self.lexer.next()?;
        Ok(())
    }

    fn end(mut self, mut group: Group) -> Result<Parsed, ConditionError> {
        while let Some(outer) = self.groups.pop() {
            self.warnings.push(
                ConditionError::new("condition::unclosed-parenthesis", group.open, "the parenthesis is never closed")
                    .with_help("add `)` at the end; the condition is read as if it were there"),
            );
            let inner = std::mem::replace(&mut group, outer);
            let node = self.finish(inner)?;
            self.complete(&mut group, node)?;
        }
        let node = self.finish(group)?;
        self.warnings.reverse();
        Ok(Parsed { expression: Some(node.tree.done()), warnings: self.warnings })
    }

    /// Adds an operand to its group, negated as often as it is preceded by a negation.
    fn complete(&self, group: &mut Group, mut node: Node) -> Result<(), ConditionError> {
        while let Some(start) = group.negations.pop() {
            let operand = node.tree.done();
            let span = Span { start, end: operand.span().end };
            let depth = self.deeper(node.depth, span)?;
            node = Node { tree: Tree::Done(Expression::Not { operand: Box::new(operand), span }), depth };
        }
        group.conjuncts.extend(group.latest.replace(node));
        Ok(())
    }

    fn finish(&self, mut group: Group) -> Result<Node, ConditionError> {
        let last = self.conjunction(&mut group)?;
        self.chain(group.alternatives, Some(last), Tree::Or, |tree| match tree {
            Tree::Or(operands) => Ok(operands),
            other => Err(other),
        })
    }

    fn conjunction(&self, group: &mut Group) -> Result<Node, ConditionError> {
        self.chain(std::mem::take(&mut group.conjuncts), group.latest.take(), Tree::And, |tree| match tree {
            Tree::And(operands) => Ok(operands),
            other => Err(other),
        })
    }

    /// Joins operands; a chain at the right end is continued, because `a and (b and c)` is `a and b and c`.
    fn chain(
        &self,
        nodes: Vec<Node>,
        last: Option<Node>,
        build: fn(Vec<Expression>) -> Tree,
        same: fn(Tree) -> Result<Vec<Expression>, Tree>,
    ) -> Result<Node, ConditionError> {
        let Some(last) = last else {
            return Err(self.unexpected("a variable"));
        };
        if nodes.is_empty() {
            return Ok(last);
        }
        let (mut operands, mut inner) = match same(last.tree) {
            Ok(operands) => (operands, last.depth.saturating_sub(1)),
            Err(other) => (vec![other.done()], last.depth),
        };
        for node in nodes.into_iter().rev() {
            inner = inner.max(node.depth);
            operands.push(node.tree.done());
        }
        let span = Span {
            start: operands.last().map_or(0, |first| first.span().start),
            end: operands.first().map_or(0, |last| last.span().end),
        };
        Ok(Node { depth: self.deeper(inner, span)?, tree: build(operands) })
    }

    fn deeper(&self, depth: usize, span: Span) -> Result<usize, ConditionError> {
        if depth >= self.depth {
            let message = format!("the condition is nested more than {} levels deep", self.depth);
            return Err(ConditionError::new("condition::too-deep", span, message));
        }
        Ok(depth + 1)
    }

    /// A comparison, a variable or a truth value.
    fn term(&mut self) -> Result<Expression, ConditionError> {
        let left = match &self.token {
            Token::Name(name) => Name { name: (*name).to_owned(), span: self.span },
            Token::Boolean(value) => {
                let expression = Expression::Boolean { value: *value, span: self.span };
                self.advance()?;
                return match self.token {
                    Token::Compare(..) => Err(self.left_operand(expression.span())),
                    _ => Ok(expression),
                };
            }
            Token::Text(_) | Token::Number(_) | Token::Null => return Err(self.left_operand(self.span)),
            _ => return Err(self.unexpected("a variable")),
        };
        self.advance()?;
        let not = self.span;
        let infix = self.token == Token::Not;
        if infix {
            self.advance()?;
        }
        let Token::Compare(operator, negated_symbol) = self.token else {
            return if infix {
                Err(self.unexpected("`StartsWith`, `Matches`, `MatchesPath` or `JavaRegex`"))
            } else {
                Ok(Expression::Variable(left))
            };
        };
        let at = self.span;
        if infix && (negated_symbol || !operator.negatable()) {
            let message = format!("`{}` cannot stand before `{}`", self.slice(not), self.slice(at));
            return Err(ConditionError::new("condition::negation", Span { start: not.start, end: at.end }, message)
                .with_help("negate the whole comparison: put `not` before the variable"));
        }
        self.advance()?;
        self.comparison(left, operator, infix || negated_symbol, at)
    }

    fn comparison(
        &mut self,
        left: Name,
        mut operator: Operator,
        negated: bool,
        at: Span,
    ) -> Result<Expression, ConditionError> {
        if operator == Operator::Equals && self.token == Token::Not {
            // `x is not null` is not in the vendors' grammar, but people write it and it can only mean one thing.
            let not = self.span;
            self.advance()?;
            if self.token != Token::Null {
                let message = format!("`{}` cannot stand after `{}`", self.slice(not), self.slice(at));
                return Err(ConditionError::new(
                    "condition::negation",
                    Span { start: at.start, end: not.end },
                    message,
                )
                .with_help("write `IsNot` or `!=`"));
            }
            operator = Operator::NotEquals;
        }
        let span = self.span;
        let word = self.slice(at);
        let value = match &self.token {
            Token::Name(name) if operator.needs_literal() => {
                let message = format!("`{word}` takes a text on its right, not the variable `{name}`");
                return Err(ConditionError::new("condition::operand", span, message)
                    .with_help(format!("if a text is meant, write `\"{name}\"`")));
            }
            Token::Number(_) if operator.needs_text() => {
                let number = self.slice(span);
                let message = format!("`{word}` takes a text on its right, not the number `{number}`");
                return Err(
                    ConditionError::new("condition::operand", span, message).with_help(format!("write `\"{number}\"`"))
                );
            }
            Token::Name(name) => Err(Name { name: (*name).to_owned(), span }),
            Token::Text(text) => Ok(Literal::Text((*text).to_owned())),
            Token::Number(number) => Ok(Literal::Number(*number)),
            Token::Boolean(value) => Ok(Literal::Boolean(*value)),
            Token::Null => Ok(Literal::Null),
            _ => return Err(self.unexpected(&format!("something to compare with after `{word}`"))),
        };
        let right = match value {
            Ok(value) => Operand::Literal { value, span },
            Err(name) => Operand::Variable(name),
        };
        let span = Span { start: left.span.start, end: span.end };
        self.advance()?;
        Ok(Expression::Comparison(Comparison { left, operator, negated, right, span }))
    }

    fn slice(&self, span: Span) -> &'t str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    fn error(&self, code: &'static str, message: impl Into<String>) -> ConditionError {
        ConditionError::new(code, self.span, message)
    }

    fn left_operand(&self, span: Span) -> ConditionError {
        let message = format!("the left side of a comparison is a variable, not `{}`", self.slice(span));
        ConditionError::new("condition::left-operand", span, message)
    }

    fn unexpected(&self, wanted: &str) -> ConditionError {
        let found = self.token.describe(self.slice(self.span));
        let error = self.error("condition::unexpected", format!("expected {wanted}, found {found}"));
        match &self.token {
            Token::Name(name) => match name.to_ascii_lowercase().as_str() {
                "lessthan" => error.with_help("the operator is spelled `LesserThan`"),
                "lessthanorequals" => error.with_help("the operator is spelled `LesserThanOrEquals`"),
                "in" | "contains" => error.with_help("there is no such operator; use `JavaRegex` or `Matches`"),
                _ => error,
            },
            _ => error,
        }
    }
}

impl Tree {
    fn done(self) -> Expression {
        let ordered = |mut operands: Vec<Expression>| {
            operands.reverse();
            let start = operands.first().map_or(0, |first| first.span().start);
            let end = operands.last().map_or(0, |last| last.span().end);
            (operands, Span { start, end })
        };
        match self {
            Self::Done(expression) => expression,
            Self::And(operands) => {
                let (operands, span) = ordered(operands);
                Expression::And { operands, span }
            }
            Self::Or(operands) => {
                let (operands, span) = ordered(operands);
                Expression::Or { operands, span }
            }
        }
    }
}
