//! What conditions compare a path with.

use tollgate::Limits;
use tollgate::bundle::Located;
use tollgate::condition::{Comparison, Expression, Literal, Operand, Operator, parse};
use tollgate::diagnostic::Span;

/// Variables that hold the path of a request.
const PATHS: &[&str] = &["proxy.pathsuffix", "request.path", "message.path", "request.uri", "message.uri"];

/// The exact patterns of the path without which a condition does not hold, each with its place.
///
/// A pattern is exact when it ends in a name: then a path with a parameter behind that name does not match.
pub(super) fn exact_paths(condition: &Located<String>, limits: &Limits) -> Vec<(String, Span)> {
    let Ok(parsed) = parse(&condition.value, limits) else { return Vec::new() };
    let mut found = Vec::new();
    let mut open: Vec<Expression> = parsed.expression.into_iter().collect();
    while let Some(expression) = open.pop() {
        match expression {
            Expression::And { operands, .. } | Expression::Or { operands, .. } => open.extend(operands),
            Expression::Comparison(comparison) => found.extend(exact_path(&comparison, condition)),
            // What is not a path, or negated, keeps nothing out that it let in before.
            Expression::Not { .. } | Expression::Variable(_) | Expression::Boolean { .. } => {}
        }
    }
    found
}

fn exact_path(comparison: &Comparison, condition: &Located<String>) -> Option<(String, Span)> {
    let compares = matches!(comparison.operator, Operator::MatchesPath | Operator::Matches | Operator::Equals);
    let Operand::Literal { value: Literal::Text(pattern), span } = &comparison.right else { return None };
    let is_path = PATHS.contains(&comparison.left.name.as_str());
    let is_exact = !pattern.ends_with(['*', '}', '/']) && !pattern.is_empty();
    (compares && is_path && is_exact && !comparison.negated)
        .then(|| (pattern.clone(), condition.part(span.start as usize..span.end as usize)))
}

/// Whether a condition is about the preflight of a browser, which carries no credentials.
pub(super) fn is_preflight(condition: Option<&Located<String>>) -> bool {
    condition.is_some_and(|it| it.value.to_ascii_uppercase().contains("OPTIONS"))
}
