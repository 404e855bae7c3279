//! Reads the grammar of XPath 1.0 by precedence, with a bound on nesting.

use super::ast::{Axis, Comparison, Expression, Operator, Path, Start, Step, Test};
use super::functions::Function;
use super::lexer::{Token, tokens};
use super::{Parsed, ValueType, XPathError};
use crate::Limits;

/// Parses a whole expression.
pub(super) fn parse(text: &str, limits: &Limits) -> Result<Parsed, XPathError> {
    if text.len() > limits.path_bytes {
        let message = format!("the expression has {} bytes, more than the limit of {}", text.len(), limits.path_bytes);
        return Err(XPathError::new(0, message));
    }
    let tokens = tokens(text)?;
    let mut parser =
        Parser { tokens: &tokens, next: 0, depth: 0, most: limits.path_depth, prefixes: Vec::new(), memos: 0 };
    let expression = parser.expression()?;
    match parser.peek() {
        Token::End => Ok(Parsed { expression, prefixes: parser.prefixes, memos: parser.memos }),
        _ => Err(parser.unexpected()),
    }
}

struct Parser<'p, 't> {
    tokens: &'p [(Token<'t>, usize)],
    next: usize,
    depth: usize,
    most: usize,
    prefixes: Vec<(Box<str>, usize)>,
    memos: usize,
}

/// What stands between two operands; the number of its level says how tightly it binds.
#[derive(Clone, Copy)]
enum Infix {
    Or,
    And,
    Compare(Comparison, u8),
    Calculate(Operator, u8),
}

impl Infix {
    fn of(token: Token<'_>) -> Option<Self> {
        Some(match token {
            Token::Name { prefix: None, local: "or" } => Self::Or,
            Token::Name { prefix: None, local: "and" } => Self::And,
            Token::Mark("=") => Self::Compare(Comparison::Equal, 2),
            Token::Mark("!=") => Self::Compare(Comparison::NotEqual, 2),
            Token::Mark("<") => Self::Compare(Comparison::Less, 3),
            Token::Mark("<=") => Self::Compare(Comparison::LessOrEqual, 3),
            Token::Mark(">") => Self::Compare(Comparison::Greater, 3),
            Token::Mark(">=") => Self::Compare(Comparison::GreaterOrEqual, 3),
            Token::Mark("+") => Self::Calculate(Operator::Add, 4),
            Token::Mark("-") => Self::Calculate(Operator::Subtract, 4),
            Token::Mark("*") => Self::Calculate(Operator::Multiply, 5),
            Token::Name { prefix: None, local: "div" } => Self::Calculate(Operator::Divide, 5),
            Token::Name { prefix: None, local: "mod" } => Self::Calculate(Operator::Modulo, 5),
            _ => return None,
        })
    }

    fn level(self) -> u8 {
        match self {
            Self::Or => 0,
            Self::And => 1,
            Self::Compare(_, level) | Self::Calculate(_, level) => level,
        }
    }

    /// Joins two operands; `longer` if the left one is a chain of the same level that this one goes on.
    fn join(self, left: Expression, right: Expression, longer: bool) -> Expression {
        match (self, left) {
            (Self::Or, Expression::Or(mut all)) if longer => {
                all.push(right);
                Expression::Or(all)
            }
            (Self::And, Expression::And(mut all)) if longer => {
                all.push(right);
                Expression::And(all)
            }
            (Self::Compare(how, _), Expression::Compare(first, mut rest)) if longer => {
                rest.push((how, right));
                Expression::Compare(first, rest)
            }
            (Self::Calculate(how, _), Expression::Calculate(first, mut rest)) if longer => {
                rest.push((how, right));
                Expression::Calculate(first, rest)
            }
            (Self::Or, left) => Expression::Or(vec![left, right]),
            (Self::And, left) => Expression::And(vec![left, right]),
            (Self::Compare(how, _), left) => Expression::Compare(Box::new(left), vec![(how, right)]),
            (Self::Calculate(how, _), left) => Expression::Calculate(Box::new(left), vec![(how, right)]),
        }
    }
}

impl<'t> Parser<'_, 't> {
    /// A whole expression: inside parentheses, a predicate or an argument.
    fn expression(&mut self) -> Result<Expression, XPathError> {
        if self.depth >= self.most {
            return Err(XPathError::new(self.place(), format!("the expression nests more than {} deep", self.most)));
        }
        self.depth += 1;
        let expression = self.infix(0);
        self.depth -= 1;
        expression
    }

    fn infix(&mut self, least: u8) -> Result<Expression, XPathError> {
        let mut left = self.signed()?;
        let mut level = None;
        while let Some(infix) = Infix::of(self.peek())
            && infix.level() >= least
        {
            self.next += 1;
            let right = self.infix(infix.level() + 1)?;
            left = infix.join(left, right, level == Some(infix.level()));
            level = Some(infix.level());
        }
        Ok(left)
    }

    fn signed(&mut self) -> Result<Expression, XPathError> {
        let mut signs = 0_usize;
        while self.eat("-") {
            signs += 1;
        }
        let of = self.union()?;
        Ok(if signs == 0 { of } else { Expression::Sign { negative: signs % 2 == 1, of: Box::new(of) } })
    }

    fn union(&mut self) -> Result<Expression, XPathError> {
        let at = self.place();
        let first = self.path()?;
        if self.peek() != Token::Mark("|") {
            return Ok(first);
        }
        self.demand_nodes(&first, at)?;
        let mut all = vec![first];
        while self.eat("|") {
            let at = self.place();
            let next = self.path()?;
            self.demand_nodes(&next, at)?;
            all.push(next);
        }
        Ok(Expression::Union(all))
    }

    fn demand_nodes(&self, expression: &Expression, at: usize) -> Result<(), XPathError> {
        match expression.value_type() {
            ValueType::Nodes => Ok(()),
            _ => Err(XPathError::new(at, "a set of nodes must stand here")),
        }
    }

    fn path(&mut self) -> Result<Expression, XPathError> {
        let mut steps = Vec::new();
        let at = self.place();
        let start = match self.peek() {
            Token::Mark("/") => {
                self.next += 1;
                let start = self.root();
                if !self.starts_step() {
                    return Ok(Expression::Path(Path { start, steps }));
                }
                start
            }
            Token::Mark("//") => {
                self.next += 1;
                steps.push(descent());
                self.root()
            }
            _ if self.starts_step() => Start::Context,
            _ => {
                let primary = self.primary()?;
                let predicates = self.predicates()?;
                let goes_on = matches!(self.peek(), Token::Mark("/" | "//"));
                if predicates.is_empty() && !goes_on {
                    return Ok(primary);
                }
                self.demand_nodes(&primary, at)?;
                let start = Start::Filter(Box::new(primary), predicates);
                if !goes_on {
                    return Ok(Expression::Path(Path { start, steps }));
                }
                if self.eat("//") {
                    steps.push(descent());
                } else {
                    self.next += 1;
                }
                start
            }
        };
        loop {
            steps.push(self.step()?);
            if self.eat("//") {
                steps.push(descent());
            } else if !self.eat("/") {
                return Ok(Expression::Path(Path { start, steps }));
            }
        }
    }

    fn root(&mut self) -> Start {
        self.memos += 1;
        Start::Root { memo: self.memos - 1 }
    }

    /// Whether a step starts here, and not a literal, a call or something in parentheses.
    fn starts_step(&self) -> bool {
        match self.peek() {
            Token::Mark("." | ".." | "@" | "*") | Token::AnyOf(_) => true,
            Token::Name { prefix: None, local: "comment" | "text" | "processing-instruction" | "node" } => true,
            Token::Name { .. } => self.peek_second() != Token::Mark("("),
            _ => false,
        }
    }

    fn step(&mut self) -> Result<Step, XPathError> {
        let plain = |axis| Step { axis, test: Test::Any, predicates: Vec::new() };
        if self.eat(".") {
            return Ok(plain(Axis::Itself));
        }
        if self.eat("..") {
            return Ok(plain(Axis::Parent));
        }
        let axis = match self.peek() {
            Token::Mark("@") => {
                self.next += 1;
                Axis::Attribute
            }
            Token::Name { prefix: None, local } if self.peek_second() == Token::Mark("::") => {
                let message = || XPathError::new(self.place(), format!("unknown axis `{local}`"));
                let axis = Axis::named(local).ok_or_else(message)?;
                self.next += 2;
                axis
            }
            _ => Axis::Child,
        };
        let test = self.test()?;
        Ok(Step { axis, test, predicates: self.predicates()? })
    }

    fn test(&mut self) -> Result<Test, XPathError> {
        let at = self.place();
        let test = match self.peek() {
            Token::Mark("*") => Test::Name { prefix: None, local: None },
            Token::AnyOf(prefix) => Test::Name { prefix: Some(self.prefix(prefix, at)), local: None },
            Token::Name { prefix: None, local } if self.peek_second() == Token::Mark("(") => {
                self.next += 2;
                let test = match local {
                    "node" => Test::Any,
                    "text" => Test::Text,
                    "comment" => Test::Comment,
                    "processing-instruction" => match self.peek() {
                        Token::Text(target) => {
                            self.next += 1;
                            Test::Instruction(Some(target.into()))
                        }
                        _ => Test::Instruction(None),
                    },
                    _ => return Err(XPathError::new(at, format!("`{local}()` is no step of a path"))),
                };
                self.demand(")")?;
                return Ok(test);
            }
            Token::Name { prefix, local } => {
                let prefix = prefix.map(|prefix| self.prefix(prefix, at));
                Test::Name { prefix, local: Some(local.into()) }
            }
            _ => return Err(self.unexpected()),
        };
        self.next += 1;
        Ok(test)
    }

    /// The number of a prefix.
    fn prefix(&mut self, prefix: &str, at: usize) -> usize {
        self.prefixes.iter().position(|(known, _)| &**known == prefix).unwrap_or_else(|| {
            self.prefixes.push((prefix.into(), at));
            self.prefixes.len() - 1
        })
    }

    fn predicates(&mut self) -> Result<Vec<Expression>, XPathError> {
        let mut all = Vec::new();
        while self.eat("[") {
            all.push(self.expression()?);
            self.demand("]")?;
        }
        Ok(all)
    }

    fn primary(&mut self) -> Result<Expression, XPathError> {
        match self.peek() {
            Token::Number(number) => {
                self.next += 1;
                Ok(Expression::Number(number))
            }
            Token::Text(text) => {
                self.next += 1;
                Ok(Expression::Text(text.into()))
            }
            Token::Mark("(") => {
                self.next += 1;
                let inner = self.expression()?;
                self.demand(")")?;
                Ok(inner)
            }
            Token::Name { prefix, local } => self.call(prefix, local),
            Token::Mark("$") => Err(XPathError::new(self.place(), "variables are not supported")),
            _ => Err(self.unexpected()),
        }
    }

    fn call(&mut self, prefix: Option<&str>, name: &str) -> Result<Expression, XPathError> {
        let at = self.place();
        let known = if prefix.is_none() { Function::named(name) } else { None };
        let Some(function) = known else {
            let colon = if prefix.is_some() { ":" } else { "" };
            let message = format!("unknown function `{}{colon}{name}`", prefix.unwrap_or_default());
            return Err(XPathError::new(at, message));
        };
        self.next += 2;
        let mut arguments = Vec::new();
        if !self.eat(")") {
            loop {
                let at = self.place();
                let argument = self.expression()?;
                if function.takes_nodes() {
                    self.demand_nodes(&argument, at)?;
                }
                arguments.push(argument);
                if !self.eat(",") {
                    break;
                }
            }
            self.demand(")")?;
        }
        let (least, most) = function.arguments();
        if arguments.len() < least || arguments.len() > most {
            let message = format!("`{name}()` does not take {} arguments", arguments.len());
            return Err(XPathError::new(at, message));
        }
        Ok(Expression::Call(function, arguments))
    }

    fn token(&self, at: usize) -> (Token<'t>, usize) {
        self.tokens.get(at).or(self.tokens.last()).copied().unwrap_or((Token::End, 0))
    }

    fn peek(&self) -> Token<'t> {
        self.token(self.next).0
    }

    fn peek_second(&self) -> Token<'t> {
        self.token(self.next + 1).0
    }

    fn place(&self) -> usize {
        self.token(self.next).1
    }

    fn eat(&mut self, mark: &str) -> bool {
        let found = matches!(self.peek(), Token::Mark(next) if next == mark);
        if found {
            self.next += 1;
        }
        found
    }

    fn demand(&mut self, mark: &str) -> Result<(), XPathError> {
        if self.eat(mark) { Ok(()) } else { Err(XPathError::new(self.place(), format!("`{mark}` is missing"))) }
    }

    fn unexpected(&self) -> XPathError {
        let message = match self.peek() {
            Token::End => "the expression ends too early".to_owned(),
            Token::Mark(mark) => format!("`{mark}` cannot stand here"),
            Token::Number(_) => "a number cannot stand here".to_owned(),
            Token::Text(_) => "a literal cannot stand here".to_owned(),
            Token::Name { local: name, .. } | Token::AnyOf(name) => format!("`{name}` cannot stand here"),
        };
        XPathError::new(self.place(), message)
    }
}

/// What `//` is short for.
fn descent() -> Step {
    Step { axis: Axis::DescendantOrSelf, test: Test::Any, predicates: Vec::new() }
}
