//! Evaluation: segment by segment over the list of what was found so far, under a budget.

use std::borrow::Cow;
use std::rc::Rc;

use serde_json::{Map, Value};

use super::ast::{Filter, From, Operand, Path, Segment, Several};
use super::{SelectError, Selection, compare, functions};
use crate::Limits;

pub(super) type Result<T> = std::result::Result<T, SelectError>;

/// A list of values, most of them borrowed from the document.
pub(super) type List<'v> = Vec<Cow<'v, Value>>;

/// One side of a comparison.
pub(super) enum Side<'s> {
    /// A path that leads to nothing.
    Missing,
    One(Cow<'s, Value>),
    Many(Rc<List<'s>>),
    Regex(&'s crate::condition::java_regex::JavaRegex),
}

/// One evaluation on one document.
pub(super) struct Evaluation<'v> {
    root: &'v Value,
    memos: Vec<Option<Rc<Known<'v>>>>,
    steps_left: u64,
    most_values: usize,
}

/// What a path from the root gave.
enum Known<'v> {
    Missing,
    One(Cow<'v, Value>),
    Many(Rc<List<'v>>),
}

#[expect(clippy::ptr_arg, reason = "what is borrowed from the document stays so, what is owned is copied")]
impl<'v> Evaluation<'v> {
    pub(super) fn new(root: &'v Value, memos: usize, limits: &Limits) -> Self {
        Self {
            root,
            memos: (0..memos).map(|_| None).collect(),
            steps_left: limits.path_steps,
            most_values: limits.path_nodes,
        }
    }

    #[cfg(test)]
    pub(super) fn steps_left(&self) -> u64 {
        self.steps_left
    }

    /// Takes steps off the budget.
    pub(super) fn charge(&mut self, steps: usize) -> Result<()> {
        self.steps_left = self.steps_left.checked_sub(steps as u64).ok_or(SelectError::TooManySteps)?;
        Ok(())
    }

    /// Takes the cost of going through a text off the budget.
    pub(super) fn charge_text(&mut self, bytes: usize) -> Result<()> {
        self.charge(1 + bytes / 16)
    }

    /// Takes the cost of copying a value off the budget.
    pub(super) fn charge_value(&mut self, value: &Value) -> Result<()> {
        let mut open = vec![value];
        while let Some(value) = open.pop() {
            self.charge(1)?;
            match value {
                Value::String(text) => self.charge_text(text.len())?,
                Value::Array(items) => open.extend(items),
                Value::Object(members) => open.extend(members.values()),
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
        Ok(())
    }

    fn admit(&self, values: usize) -> Result<()> {
        if values > self.most_values { Err(SelectError::TooManyValues) } else { Ok(()) }
    }

    /// What a path leads to, with `@` standing for a value.
    pub(super) fn path<'a>(&mut self, path: &Path, current: &'a Value) -> Result<Selection<'a>>
    where
        'v: 'a,
    {
        let start = match path.from {
            From::Root { .. } => self.root,
            From::Current => current,
        };
        let mut list: List<'a> = vec![Cow::Borrowed(start)];
        let mut definite = true;
        let mut previous = None;
        let mut segments = path.segments.iter().peekable();
        while let Some(segment) = segments.next() {
            self.charge(1)?;
            match segment {
                Segment::Descend => {
                    list = self.descend(list, segments.peek().copied())?;
                    definite = false;
                    if matches!(segments.peek(), Some(Segment::Filter(_))) {
                        previous = segments.next();
                        continue;
                    }
                }
                Segment::Call(function, arguments) => {
                    let mut sides = Vec::with_capacity(arguments.len());
                    for argument in arguments {
                        sides.push(self.side(argument, start)?);
                    }
                    let subject = if definite { list.pop().map_or(Side::Missing, Side::One) } else { many(list) };
                    list = vec![functions::call(self, *function, subject, &sides)?];
                    definite = true;
                }
                Segment::Index(index) if matches!(previous, Some(Segment::Filter(_))) => {
                    self.charge(list.len())?;
                    if list.iter().any(|item| item.is_array()) {
                        list = self.apply(segment, list, definite)?;
                    } else {
                        let at = place(*index, list.len());
                        list = at.filter(|at| *at < list.len()).map(|at| list.swap_remove(at)).into_iter().collect();
                    }
                }
                _ => {
                    list = self.apply(segment, list, definite)?;
                    let stays = match segment {
                        Segment::Property(_) | Segment::Index(_) => true,
                        Segment::Properties(_, several) => *several == Several::Merged,
                        _ => false,
                    };
                    definite &= stays;
                }
            }
            if definite && list.is_empty() {
                return Err(SelectError::NotFound);
            }
            previous = Some(segment);
        }
        if path.definite {
            list.pop().map(Selection::One).ok_or(SelectError::NotFound)
        } else {
            Ok(Selection::Many(list))
        }
    }

    /// Applies a segment to every value of a list; what does not fit a value finds nothing in it.
    fn apply<'a>(&mut self, segment: &Segment, list: List<'a>, definite: bool) -> Result<List<'a>>
    where
        'v: 'a,
    {
        let mut found = Vec::new();
        for value in list {
            self.charge(1)?;
            match segment {
                Segment::Property(name) => {
                    self.charge_text(name.len())?;
                    self.child(&value, &mut found, |value| value.as_object()?.get(&**name))?;
                }
                Segment::Properties(names, Several::Each) => {
                    for name in names {
                        self.charge_text(name.len())?;
                        self.child(&value, &mut found, |value| value.as_object()?.get(&**name))?;
                    }
                }
                Segment::Properties(names, Several::Merged) => {
                    let Some(object) = value.as_object() else { continue };
                    let mut merged = Map::new();
                    for name in names {
                        self.charge_text(name.len())?;
                        if let Some(member) = object.get(&**name) {
                            self.charge_value(member)?;
                            merged.insert(name.to_string(), member.clone());
                        }
                    }
                    // Where a path may lead to many objects, those with none of the properties are not meant.
                    if definite || !merged.is_empty() {
                        found.push(Cow::Owned(Value::Object(merged)));
                    }
                }
                Segment::All => self.children(&value, 0, usize::MAX, &mut found)?,
                Segment::Index(index) => self.element(&value, *index, &mut found)?,
                Segment::Indexes(indexes) => {
                    for index in indexes {
                        self.charge(1)?;
                        self.element(&value, *index, &mut found)?;
                    }
                }
                Segment::Slice(from, to) => {
                    let Some(items) = value.as_array() else { continue };
                    let start = from.map_or(0, |from| place(from, items.len()).unwrap_or(0));
                    let end = to.map_or(items.len(), |to| place(to, items.len()).unwrap_or(0));
                    self.children(&value, start, end, &mut found)?;
                }
                Segment::Filter(filter) => {
                    if value.is_object() {
                        if self.holds(filter, &value)? {
                            found.push(value);
                        }
                    } else if value.is_array() {
                        let before = found.len();
                        self.children(&value, 0, usize::MAX, &mut found)?;
                        let items = found.split_off(before);
                        for item in items {
                            if self.holds(filter, &item)? {
                                found.push(item);
                            }
                        }
                    }
                }
                // Both concern the list as a whole.
                Segment::Descend | Segment::Call(..) => found.push(value),
            }
            self.admit(found.len())?;
        }
        Ok(found)
    }

    fn element<'a>(&mut self, value: &Cow<'a, Value>, index: i64, found: &mut List<'a>) -> Result<()> {
        self.child(value, found, |value| {
            let items = value.as_array()?;
            items.get(place(index, items.len())?)
        })
    }

    /// Adds a part of a value, borrowed if the value is.
    fn child<'a>(
        &mut self,
        value: &Cow<'a, Value>,
        found: &mut List<'a>,
        part: impl Fn(&Value) -> Option<&Value>,
    ) -> Result<()> {
        match value {
            Cow::Borrowed(value) => found.extend(part(value).map(Cow::Borrowed)),
            Cow::Owned(value) => {
                if let Some(part) = part(value) {
                    self.charge_value(part)?;
                    found.push(Cow::Owned(part.clone()));
                }
            }
        }
        Ok(())
    }

    /// Adds the elements or members from one place to before another.
    fn children<'a>(&mut self, value: &Cow<'a, Value>, start: usize, end: usize, found: &mut List<'a>) -> Result<()> {
        let count = match &**value {
            Value::Array(items) => items.len(),
            Value::Object(members) => members.len(),
            _ => 0,
        };
        let count = end.min(count).saturating_sub(start);
        self.charge(count)?;
        self.admit(found.len().saturating_add(count))?;
        match value {
            Cow::Borrowed(Value::Array(items)) => found.extend(items.iter().skip(start).take(count).map(Cow::Borrowed)),
            Cow::Borrowed(Value::Object(members)) => found.extend(members.values().map(Cow::Borrowed)),
            Cow::Owned(owned) => {
                self.charge_value(owned)?;
                match owned {
                    Value::Array(items) => found.extend(items.iter().skip(start).take(count).cloned().map(Cow::Owned)),
                    Value::Object(members) => found.extend(members.values().cloned().map(Cow::Owned)),
                    _ => {}
                }
            }
            Cow::Borrowed(_) => {}
        }
        Ok(())
    }

    /// Every object and array of a list and below, outermost first; if a filter follows, what it lets through.
    fn descend<'a>(&mut self, list: List<'a>, next: Option<&Segment>) -> Result<List<'a>>
    where
        'v: 'a,
    {
        let mut open = list;
        open.reverse();
        let mut found = Vec::new();
        while let Some(value) = open.pop() {
            self.charge(1)?;
            if !value.is_array() && !value.is_object() {
                continue;
            }
            let before = open.len();
            self.children(&value, 0, usize::MAX, &mut open)?;
            open.get_mut(before..).unwrap_or_default().reverse();
            match next {
                Some(next @ Segment::Filter(filter)) => {
                    if self.holds(filter, &value)? {
                        // The items of an array that passes are filtered in turn, as Jayway does.
                        found.extend(self.apply(next, vec![value], false)?);
                    }
                }
                _ => found.push(value),
            }
            self.admit(found.len())?;
        }
        Ok(found)
    }

    /// Whether a filter lets a value through.
    fn holds(&mut self, filter: &Filter, value: &Value) -> Result<bool> {
        self.charge(1)?;
        match filter {
            Filter::Any(parts) => {
                for part in parts {
                    if self.holds(part, value)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Filter::All(parts) => {
                for part in parts {
                    if !self.holds(part, value)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Filter::Not(inner) => self.holds(inner, value).map(|holds| !holds),
            Filter::Exists(path) => Ok(match self.path_side(path, value)? {
                Side::Missing => false,
                Side::Many(found) => !found.is_empty(),
                _ => true,
            }),
            Filter::Compare(sides, operator) => {
                let left = self.side(&sides.0, value)?;
                let right = self.side(&sides.1, value)?;
                compare::holds(self, *operator, &left, &right)
            }
        }
    }

    /// What an operand stands for.
    fn side<'a>(&mut self, operand: &'a Operand, current: &'a Value) -> Result<Side<'a>>
    where
        'v: 'a,
    {
        match operand {
            Operand::Path(path) => self.path_side(path, current),
            Operand::Value(value) => Ok(Side::One(Cow::Borrowed(value))),
            Operand::Regex(regex) => Ok(Side::Regex(regex)),
        }
    }

    fn path_side<'a>(&mut self, path: &Path, current: &'a Value) -> Result<Side<'a>>
    where
        'v: 'a,
    {
        let From::Root { memo } = path.from else {
            return Ok(match self.path(path, current) {
                Ok(Selection::One(value)) => Side::One(value),
                Ok(Selection::Many(list)) => many(list),
                Err(SelectError::NotFound | SelectError::Function) => Side::Missing,
                Err(error) => return Err(error),
            });
        };
        let known = match self.memos.get(memo) {
            Some(Some(known)) => Rc::clone(known),
            _ => {
                let root = self.root;
                let known = Rc::new(match self.path(path, root) {
                    Ok(Selection::One(value)) => Known::One(value),
                    Ok(Selection::Many(list)) => Known::Many(Rc::new(list)),
                    Err(SelectError::NotFound | SelectError::Function) => Known::Missing,
                    Err(error) => return Err(error),
                });
                if let Some(slot) = self.memos.get_mut(memo) {
                    *slot = Some(Rc::clone(&known));
                }
                known
            }
        };
        Ok(match &*known {
            Known::Missing => Side::Missing,
            Known::One(Cow::Borrowed(value)) => Side::One(Cow::Borrowed(value)),
            Known::One(Cow::Owned(value)) => {
                self.charge_value(value)?;
                Side::One(Cow::Owned(value.clone()))
            }
            Known::Many(list) => Side::Many(Rc::clone(list) as Rc<List<'a>>),
        })
    }
}

fn many(list: List<'_>) -> Side<'_> {
    Side::Many(Rc::new(list))
}

/// The place that an index means; one below zero counts from the end.
pub(super) fn place(index: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    usize::try_from(if index < 0 { length + index } else { index }).ok()
}
