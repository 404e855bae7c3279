//! The server-sent event that an EventFlow is looking at.

use std::borrow::Cow;

/// The current event of a streamed response, `response.event.current.*`; kept in the extensions of the response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CurrentEvent {
    /// The running number of the event.
    pub count: i32,
    /// The event as it was sent, without the blank line that ends it.
    pub content: String,
}

impl CurrentEvent {
    /// The text of the `data` lines, joined by line feeds; borrowed when there is one.
    pub fn data(&self) -> Option<Cow<'_, str>> {
        let mut lines = lines(&self.content).filter_map(data_of);
        let mut data = Cow::Borrowed(lines.next()?);
        for line in lines {
            let data = data.to_mut();
            data.push('\n');
            data.push_str(line);
        }
        Some(data)
    }

    /// Replaces the `data` lines and keeps every other line.
    ///
    /// Each line of the text becomes a `data` line, so no text can bring in another field or end the event.
    pub fn set_data(&mut self, data: &str) {
        let mut content = String::with_capacity(self.content.len() + data.len());
        let kept = lines(&self.content).filter(|line| !line.is_empty() && data_of(line).is_none());
        for (prefix, line) in kept.map(|line| ("", line)).chain(lines(data).map(|line| ("data: ", line))) {
            if !content.is_empty() {
                content.push('\n');
            }
            content.push_str(prefix);
            content.push_str(line);
        }
        self.content = content;
    }
}

/// Lines as an event stream counts them: ended by CR LF, LF or CR.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(at) = memchr::memchr2(b'\r', b'\n', text.as_bytes()) else {
            rest = None;
            return Some(text);
        };
        let (line, end) = text.split_at_checked(at)?;
        rest = end.strip_prefix("\r\n").or_else(|| end.strip_prefix(['\r', '\n']));
        Some(line)
    })
}

fn data_of(line: &str) -> Option<&str> {
    let value = line.strip_prefix("data")?;
    match value.strip_prefix(':') {
        Some(value) => Some(value.strip_prefix(' ').unwrap_or(value)),
        None => value.is_empty().then_some(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn event(content: &str) -> CurrentEvent {
        CurrentEvent { count: 1, content: content.to_owned() }
    }

    #[test]
    fn data_lines() {
        for (content, want) in [
            ("data: a", Some("a")),
            ("id: 1\r\ndata:a\r\ndata:  b", Some("a\n b")),
            ("data\rdata: x", Some("\nx")),
            ("database: a", None),
            ("", None),
        ] {
            assert_eq!(event(content).data().as_deref(), want, "{content:?}");
        }
        assert!(matches!(event("id: 1\ndata: a\n").data(), Some(Cow::Borrowed("a"))));
    }

    proptest! {
        #[test]
        fn data_cannot_leave_its_lines(data in any::<String>(), breaks in "[\r\na:]{0,12}") {
            for data in [data, breaks] {
                let mut event = event("id: 7\ndata: old\nevent: x");
                event.set_data(&data);
                prop_assert_eq!(event.data().unwrap(), data.replace("\r\n", "\n").replace('\r', "\n"));
                let others: Vec<_> = lines(&event.content).filter(|line| data_of(line).is_none()).collect();
                prop_assert_eq!(others, vec!["id: 7", "event: x"]);
            }
        }
    }
}
