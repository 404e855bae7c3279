#![expect(unreachable_pub, reason = "the macros declare public types")]

use super::{Int, OrRef, Shape, choice, shape, words};
use crate::diagnostic::{Diagnostics, Severity, Source, Spanned};
use crate::policy::common::ValueOrRef;
use crate::xml::{Document, Markup, MarkupDocument};

shape! {
    /// Every kind of field.
    pub struct All {
        attribute "must" must: Spanned<String>,
        attribute "may" may: Option<Int<1, 9>>,
        attribute "or" or: bool = true,
        child "Must" one: Spanned<String>,
        child "May" maybe: Option<OrRef<u32>>,
        child "Or" unit: Unit = Unit::Second,
        child "Body" body: Option<Body>,
        children "Many" many: Vec<ValueOrRef>,
        list "Names" / "Name" names: Vec<String>,
        list "Words" / "Word" words: Option<Vec<Unit>>,
        any things: Vec<Thing>,
        any one_of: Option<Other>,
        #[serde(skip)]
        place place: Spanned<()>,
    }
}

shape! {
    /// Markup that is text.
    pub struct Body {
        attribute "type" kind: Option<String>,
        verbatim template: Spanned<String>,
    }
}

shape! {
    /// Text with an attribute.
    pub struct Named {
        attribute "name" name: String,
        flat source: ValueOrRef,
    }
}

words! {
    /// Words of which the case is documented.
    pub enum Action: exact {
        /// `ALLOW`
        Allow = "ALLOW",
    }
}

words! {
    /// Words.
    pub enum Unit: any_case {
        /// `second`
        Second = "second",
        /// `minute`
        Minute = "minute" | "minutes",
    }
}

choice! {
    /// Things.
    pub enum Thing {
        /// `<A>`
        A(Named) = "A",
        /// `<B>`
        B(Int<{ i64::MIN }, 5>) = "B",
    }
}

choice! {
    /// One of two.
    pub enum Other {
        /// `<X>`
        X(String) = "X",
        /// `<Y>`
        Y(Named) = "Y",
    }
}

fn read(xml: &str) -> (Option<All>, Vec<String>) {
    let mut found = Diagnostics::new();
    let document = Document::parse(&Source::new("a.xml", xml), &Default::default(), &mut found).unwrap();
    let all = All::read(document.root(), &mut found);
    document.root().finish(&mut found);
    (all, found.iter().map(|finding| finding.message.clone()).collect())
}

#[test]
fn what_is_written_reads_back() {
    for xml in [
        "<All must=''><Must>x</Must></All>",
        "<All must='a&#10;' may='9' or='0'><Must> x </Must><May ref=' v '>7</May><Or>MINUTES</Or></All>",
        "<All must='m'><Must>&lt;&amp;]]&gt;</Must><Body type=' t'> <x y='1'> &lt; </x>\n</Body></All>",
        "<All must='m'><Must>x</Must><Body> </Body><Many/><Many>a</Many><Many ref='b'>c</Many></All>",
        "<All must='m'><Must>x</Must><Names><Name>a</Name></Names><Words/><B>-3</B><A name='n'/><X>x</X><B>5</B></All>",
        "<All must='m'><Must>x</Must><Words><Word>Second</Word></Words><A name='n' ref='v'> t </A><Y name='y'/></All>",
    ] {
        let (all, found) = read(xml);
        assert!(found.is_empty(), "{found:?}");
        let all = all.unwrap();
        let mut root = Markup::new("All");
        all.write(&mut root);
        let printed = MarkupDocument::new(root).to_string();
        assert_eq!(read(&printed), (Some(all), Vec::new()), "{printed}");
    }
}

#[test]
fn defaults_and_absences() {
    let all = read("<All must='m' may=' '><Must>x</Must><May/><Or/><Names/><Words/></All>").0.unwrap();
    assert_eq!((all.may, all.or, all.unit), (None, true, Unit::Second));
    assert_eq!(
        (all.maybe, all.body, all.words),
        (Some(OrRef { reference: None, value: None }), None, Some(Vec::new()))
    );
    let mut root = Markup::new("All");
    let plain = read("<All must='m' or='true'><Must>x</Must><Or>second</Or></All>").0.unwrap();
    plain.write(&mut root);
    assert_eq!(root.to_string(), "<All must=\"m\">\n    <Must>x</Must>\n</All>");
}

#[test]
fn another_case_is_the_same_word() {
    let mut found = Diagnostics::new();
    let document = Document::parse(&Source::new("a.xml", "<A>Allow</A>"), &Default::default(), &mut found).unwrap();
    assert_eq!(<Action as Shape>::read(document.root(), &mut found), Some(Action::Allow));
    let finding = found.iter().next().unwrap();
    assert_eq!((finding.code, finding.severity), ("policy::other-case", Severity::Warning));
}

#[test]
fn everything_wrong_is_told_at_once() {
    let (all, found) = read(
        "<All may='10' or='maybe' Names=''><May>-1</May><Or>hour</Or><B>6</B><A/><X/><Y name='y'/><Mayn/><Must/></All>",
    );
    assert_eq!(all, None);
    assert_eq!(
        found,
        [
            "`All` has no attribute `must`",
            "`may` must be a whole number from 1 to 9, not `10`",
            "`or` must be `true` or `false`, not `maybe`",
            "`Must` of `All` is empty",
            "`May` must be a whole number from 0 to 4294967295, not `-1`",
            "`Or` cannot be `hour`",
            "`B` must be a whole number up to 5, not `6`",
            "`A` has no attribute `name`",
            "`All` may hold only one of `X`, `Y`",
            "unknown attribute `Names` on `All`",
            "unknown element `Mayn`",
        ]
    );
}
