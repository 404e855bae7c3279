//! Times as RFC 3339 writes them.

/// Milliseconds of the Unix epoch, from a text such as `2026-01-02T03:04:05Z`.
///
/// # Errors
/// A sentence about what is wrong with the text.
///
/// ```
/// assert_eq!(tollgate_cases::parse_time("1970-01-01T00:00:01.5Z"), Ok(1_500));
/// assert!(tollgate_cases::parse_time("yesterday").is_err());
/// ```
pub fn parse_time(text: &str) -> Result<i64, String> {
    match text.trim().parse::<jiff::Timestamp>() {
        Ok(time) => Ok(time.as_millisecond()),
        Err(error) => Err(format!("`{text}` is not a time like `2026-01-02T03:04:05Z`: {error}")),
    }
}
