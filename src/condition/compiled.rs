//! A condition ready to run: names resolved, literals typed, patterns compiled, the tree flattened into steps.

use std::sync::Arc;

use crate::Limits;

use crate::variables::{Intern, Scope, Value, VarRef};

use super::ConditionError;
use super::ast::{Comparison, Expression, Literal, Number, Operand, Operator};
use super::java_regex::JavaRegex;
use super::pattern::Pattern;

/// A compiled condition: immutable, cheap to clone, shared between threads.
#[derive(Clone, Debug)]
pub struct Condition {
    /// None: always true.
    pub(super) steps: Option<Arc<[Step]>>,
}

/// What the evaluator does; jumps go forward only.
#[derive(Debug)]
pub(super) enum Step {
    /// The result becomes that of the test.
    Test(Test),
    /// The result is negated.
    Not,
    /// Goes on at a step if the result is false: the rest of an `and` is skipped.
    IfFalse(usize),
    /// Goes on at a step if the result is true: the rest of an `or` is skipped.
    IfTrue(usize),
}

/// One comparison.
#[derive(Debug)]
pub(super) enum Test {
    Constant(bool),
    /// A variable by itself.
    Truth(VarRef),
    /// Two values compared, or tested for a prefix.
    Compare {
        left: VarRef,
        operator: Operator,
        negated: bool,
        right: Right,
    },
    /// `Matches` or `MatchesPath`.
    Pattern {
        left: VarRef,
        negated: bool,
        pattern: Pattern,
    },
    /// `JavaRegex`.
    Regex {
        left: VarRef,
        negated: bool,
        regex: JavaRegex,
    },
}

/// The right side of a comparison.
#[derive(Debug)]
pub(super) enum Right {
    Variable(VarRef),
    Literal(Value<'static>),
    /// A literal that is not text, with its text at hand for comparisons with text.
    Typed(Value<'static>, Box<str>),
    Null,
}

impl Condition {
    /// The condition that always holds, as an empty one does.
    pub fn always() -> Self {
        Self { steps: None }
    }

    /// Whether the condition is empty and so always holds.
    pub fn is_always(&self) -> bool {
        self.steps.is_none()
    }

    /// Whether the condition holds for the values in a scope.
    ///
    /// Evaluation goes from left to right and stops as soon as the result is certain. It cannot fail: unresolved variables
    /// are `null` and compare as the vendors' null table says.
    pub fn evaluate<S: Scope + ?Sized>(&self, scope: &S) -> bool {
        self.go_on(0, true, scope)
    }

    fn steps(&self) -> &[Step] {
        self.steps.as_deref().unwrap_or_default()
    }

    /// The variable that a pattern is tried on first, where nothing can hold if that does not.
    ///
    /// Conditional flows ask for the path one after the other: who evaluates many reads it once.
    pub(crate) fn guard(&self) -> Option<VarRef> {
        let steps = self.steps();
        match steps {
            [Step::Test(Test::Pattern { left, .. })] => Some(*left),
            [Step::Test(Test::Pattern { left, .. }), Step::IfFalse(end), ..] if *end == steps.len() => Some(*left),
            _ => None,
        }
    }

    /// Whether the condition holds, which has a guard; `text` is what that variable reads as.
    pub(crate) fn evaluate_guarded<S: Scope + ?Sized>(&self, text: Option<&str>, scope: &S) -> bool {
        match self.steps().first() {
            Some(Step::Test(Test::Pattern { negated, pattern, .. })) => {
                text.is_some_and(|text| pattern.is_match(text)) != *negated && self.go_on(1, true, scope)
            }
            _ => self.evaluate(scope),
        }
    }

    fn go_on<S: Scope + ?Sized>(&self, mut at: usize, mut result: bool, scope: &S) -> bool {
        let steps = self.steps();
        while let Some(step) = steps.get(at) {
            at += 1;
            match step {
                Step::Test(test) => result = test.holds(scope),
                Step::Not => result = !result,
                Step::IfFalse(target) if !result => at = *target,
                Step::IfTrue(target) if result => at = *target,
                Step::IfFalse(_) | Step::IfTrue(_) => {}
            }
        }
        result
    }
}

impl Expression {
    /// Resolves names and compiles patterns.
    ///
    /// # Errors
    /// A regular expression that is malformed, or that cannot be matched in linear time with its Java meaning; a tree
    /// deeper than the limit.
    pub fn compile(&self, names: &mut dyn Intern, limits: &Limits) -> Result<Condition, ConditionError> {
        let mut compiler = Compiler { names, limits, steps: Vec::with_capacity(4) };
        compiler.expression(self, 0)?;
        Ok(Condition { steps: Some(compiler.steps.into()) })
    }
}

struct Compiler<'c> {
    names: &'c mut dyn Intern,
    limits: &'c Limits,
    steps: Vec<Step>,
}

impl Compiler<'_> {
    fn expression(&mut self, expression: &Expression, depth: usize) -> Result<(), ConditionError> {
        if depth > self.limits.condition_depth {
            let message = format!("the condition is nested more than {} levels deep", self.limits.condition_depth);
            return Err(ConditionError::new("condition::too-deep", expression.span(), message));
        }
        match expression {
            Expression::And { operands, .. } => self.chain(operands, depth, Step::IfFalse),
            Expression::Or { operands, .. } => self.chain(operands, depth, Step::IfTrue),
            Expression::Not { operand, .. } => {
                self.expression(operand, depth + 1)?;
                self.steps.push(Step::Not);
                Ok(())
            }
            Expression::Comparison(comparison) => {
                let test = self.comparison(comparison)?;
                self.steps.push(Step::Test(test));
                Ok(())
            }
            Expression::Variable(name) => {
                let test = Test::Truth(self.names.intern(&name.name));
                self.steps.push(Step::Test(test));
                Ok(())
            }
            Expression::Boolean { value, .. } => {
                self.steps.push(Step::Test(Test::Constant(*value)));
                Ok(())
            }
        }
    }

    /// Operands with a jump to the end between each two.
    fn chain(&mut self, operands: &[Expression], depth: usize, jump: fn(usize) -> Step) -> Result<(), ConditionError> {
        let mut jumps = Vec::with_capacity(operands.len());
        for (at, operand) in operands.iter().enumerate() {
            if at > 0 {
                jumps.push(self.steps.len());
                self.steps.push(jump(0));
            }
            self.expression(operand, depth + 1)?;
        }
        let end = self.steps.len();
        for at in jumps {
            if let Some(step) = self.steps.get_mut(at) {
                *step = jump(end);
            }
        }
        Ok(())
    }

    fn comparison(&mut self, comparison: &Comparison) -> Result<Test, ConditionError> {
        let Comparison { operator, negated, .. } = *comparison;
        let left = self.names.intern(&comparison.left.name);
        let (value, span) = match &comparison.right {
            Operand::Variable(name) if operator.needs_literal() => {
                let message = format!("`{}` takes a text on its right", operator.word());
                return Err(ConditionError::new("condition::operand", name.span, message));
            }
            Operand::Variable(name) => {
                let right = Right::Variable(self.names.intern(&name.name));
                return Ok(Test::Compare { left, operator, negated, right });
            }
            Operand::Literal { value, span } => (value, *span),
        };
        let text = match (value, operator) {
            (Literal::Text(text), _) => text.as_str(),
            (Literal::Boolean(value), _) => {
                if *value {
                    "true"
                } else {
                    "false"
                }
            }
            _ => "",
        };
        Ok(match (operator, value) {
            (Operator::Matches, Literal::Text(_) | Literal::Boolean(_)) => {
                Test::Pattern { left, negated, pattern: Pattern::glob(text) }
            }
            (Operator::MatchesPath, Literal::Text(_) | Literal::Boolean(_)) => {
                Test::Pattern { left, negated, pattern: Pattern::path(text) }
            }
            (Operator::JavaRegex, Literal::Text(_) | Literal::Boolean(_)) => {
                let regex = JavaRegex::compile(text, self.limits).map_err(|error| {
                    // The literal's place starts with its quotation mark.
                    let inside = u32::from(matches!(value, Literal::Text(_)));
                    let place = if error.span.end > 0 { error.span.shifted(span.start + inside) } else { span };
                    ConditionError { span: place, ..error }
                })?;
                Test::Regex { left, negated, regex }
            }
            _ => Test::Compare { left, operator, negated, right: Right::from(value) },
        })
    }
}

impl From<&Literal> for Right {
    fn from(literal: &Literal) -> Self {
        let value = match literal {
            Literal::Null => return Self::Null,
            Literal::Text(text) => return Self::Literal(Value::from(text.clone())),
            Literal::Boolean(value) => Value::Boolean(*value),
            Literal::Number(Number::Integer(n)) => Value::Integer(*n),
            Literal::Number(Number::Long(n)) => Value::Long(*n),
            Literal::Number(Number::Float(n)) => Value::Float(*n),
            Literal::Number(Number::Double(n)) => Value::Double(*n),
        };
        let text = value.to_string().into();
        Self::Typed(value, text)
    }
}
