//! Quota: counts requests within an interval and refuses what is above a limit.

use super::PolicySyntax;
use super::common::{ValueOrRef, refuse, warn};
use super::shape::{OrRef, number, shape, words};
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::xml::Element;

shape! {
    /// `<Quota>` as its document says it.
    pub struct Quota {
        /// The `type` attribute: when the count starts again.
        attribute "type" kind: Option<QuotaType>,
        /// `<Allow>`: the limit.
        child "Allow" allow: Option<Allow>,
        /// `<Interval>`: how many units of time an interval has.
        child "Interval" interval: Option<Interval>,
        /// `<TimeUnit>`: the unit of time.
        child "TimeUnit" time_unit: Option<Unit>,
        /// `<StartTime>`: when the intervals of a calendar quota begin, `yyyy-MM-dd HH:mm:ss`.
        child "StartTime" start_time: Option<Spanned<String>>,
        /// `<Distributed>`: whether the nodes of a gateway share the count.
        child "Distributed" distributed: bool = false,
        /// `<Synchronous>`: whether the shared count is updated within the call.
        child "Synchronous" synchronous: bool = false,
        /// `<AsynchronousConfiguration>`: how often the shared count is updated otherwise.
        child "AsynchronousConfiguration" asynchronous_configuration: Option<AsynchronousConfiguration>,
        /// `<PreciseAtSecondsLevel>`: whether intervals are counted to the second.
        child "PreciseAtSecondsLevel" precise_at_seconds_level: bool = false,
        /// `<Identifier>`: the variable whose values are counted apart; one count for all when absent.
        child "Identifier" identifier: Option<ValueOrRef>,
        /// `<MessageWeight>`: the variable that says how much a request counts; 1 when absent.
        child "MessageWeight" message_weight: Option<ValueOrRef>,
        /// `<UseQuotaConfigInAPIProduct>`: takes the limit from the API product of a verified credential.
        child "UseQuotaConfigInAPIProduct" use_quota_config_in_api_product: Option<UseQuotaConfig>,
        /// `<SharedName>`: the count that several policies of a proxy share.
        child "SharedName" shared_name: Option<Spanned<String>>,
        /// `<EnforceOnly>`: refuses by the shared count and does not add to it.
        child "EnforceOnly" enforce_only: bool = false,
        /// `<CountOnly>`: adds to the shared count and refuses nothing.
        child "CountOnly" count_only: bool = false,
        /// `<Alert>`, which only Edge's schema knows.
        child "Alert" alert: Option<Alert>,
        /// `<DataStoreFailureModeOpen>`, which only Edge's schema knows.
        child "DataStoreFailureModeOpen" data_store_failure_mode_open: Option<bool>,
        /// Where it is.
        #[serde(skip)]
        place place: Spanned<()>,
    }
}

words! {
    /// When a count starts again.
    pub enum QuotaType: any_case, "quota::invalid-type" = "InvalidQuotaType" {
        /// With every minute, hour, day, week or month.
        Default = "default",
        /// From a start time on.
        Calendar = "calendar",
        /// With the first request after an interval.
        Flexi = "flexi",
        /// It never does: what is older than the interval is left out.
        RollingWindow = "rollingwindow",
    }
}

words! {
    /// A unit of time.
    pub enum TimeUnit: any_case, "quota::invalid-time-unit" = "InvalidQuotaTimeUnit" {
        /// `second`
        Second = "second",
        /// `minute`
        Minute = "minute",
        /// `hour`
        Hour = "hour",
        /// `day`
        Day = "day",
        /// `week`
        Week = "week",
        /// `month`
        Month = "month",
    }
}

number! {
    /// How many units of time an interval has.
    pub struct IntervalLength: 1, i64::MAX, "quota::invalid-interval" = "InvalidQuotaInterval"
}

number! {
    /// How many seconds the shared count may be behind.
    pub struct SyncInterval:
        1, i64::MAX, "quota::invalid-sync-interval" = "InvalidSynchronizeIntervalForAsyncConfiguration"
}

shape! {
    /// `<Allow>` of a quota.
    pub struct Allow {
        /// The `count` attribute: the limit where the variable does not resolve; 2000 when both are absent.
        attribute "count" count: Option<i64>,
        /// The `countRef` attribute: the variable with the limit.
        attribute "countRef" count_ref: Option<Spanned<String>>,
        /// The `ref` attribute, which has no effect.
        attribute "ref" reference: Option<Spanned<String>>,
        /// `<Class>`: a limit for each value of a variable.
        child "Class" class: Option<Class>,
        /// Its text, which has no effect.
        text text: Option<Spanned<String>>,
    }
}

shape! {
    /// `<Class>`: a limit for each value of a variable.
    pub struct Class {
        /// The `ref` attribute: the variable.
        attribute "ref" variable: Spanned<String>,
        /// `<Allow>`: the limits.
        children "Allow" allow: Vec<ClassAllow>,
    }
}

shape! {
    /// `<Allow>` of a class.
    pub struct ClassAllow {
        /// The `class` attribute: the value.
        attribute "class" class: Spanned<String>,
        /// The `count` attribute: the limit.
        attribute "count" count: Option<i64>,
        /// The `countRef` attribute: the variable with the limit.
        attribute "countRef" count_ref: Option<Spanned<String>>,
    }
}

shape! {
    /// `<Interval>`
    pub struct Interval {
        /// The `type` attribute, which has no effect.
        attribute "type" kind: Option<String>,
        /// The length.
        flat length: OrRef<Spanned<IntervalLength>>,
    }
}

shape! {
    /// `<TimeUnit>`
    pub struct Unit {
        /// The `type` attribute, which has no effect.
        attribute "type" kind: Option<String>,
        /// The unit.
        flat unit: OrRef<Spanned<TimeUnit>>,
    }
}

shape! {
    /// `<AsynchronousConfiguration>`: how often the shared count is updated.
    pub struct AsynchronousConfiguration {
        /// `<SyncIntervalInSeconds>`: after so many seconds; 10 when absent.
        child "SyncIntervalInSeconds" sync_interval_in_seconds: Option<SyncInterval>,
        /// `<SyncMessageCount>`: after so many requests.
        child "SyncMessageCount" sync_message_count: Option<i64>,
        /// Where it is.
        #[serde(skip)]
        place place: Spanned<()>,
    }
}

shape! {
    /// `<UseQuotaConfigInAPIProduct>`: takes the limit from the API product of a verified credential.
    pub struct UseQuotaConfig {
        /// The `stepName` attribute: the policy that verifies it.
        attribute "stepName" step_name: Spanned<String>,
        /// `<DefaultConfig>`: the limit where the product has none.
        child "DefaultConfig" default_config: Option<DefaultConfig>,
    }
}

shape! {
    /// `<DefaultConfig>`: the limit where the product has none.
    pub struct DefaultConfig {
        /// `<Allow>`: the limit.
        child "Allow" allow: OrRef<i64>,
        /// `<Interval>`: how many units of time an interval has.
        child "Interval" interval: OrRef<IntervalLength>,
        /// `<TimeUnit>`: the unit of time.
        child "TimeUnit" time_unit: OrRef<TimeUnit>,
    }
}

shape! {
    /// `<Alert>`, which only Edge's schema knows.
    pub struct Alert {
        /// The `count` attribute.
        attribute "count" count: Option<i64>,
        /// `<NotificationIntervalInSec>`
        child "NotificationIntervalInSec" notification_interval_in_sec: Option<i64>,
    }
}

impl PolicySyntax for Quota {
    const ELEMENT: &'static str = "Quota";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        let here = root.span();
        self.check_interval(root, d);
        if let Some(start) = &self.start_time {
            if matches!(self.kind, Some(kind) if kind != QuotaType::Calendar) {
                let message = "only a calendar quota has a `StartTime`";
                refuse(root, start.span, ("quota::start-time", "StartTimeNotSupported"), message, d);
            } else if !is_start_time(start) {
                let message = format!("`{}` is no time of the form `yyyy-MM-dd HH:mm:ss`", start.value);
                refuse(root, start.span, ("quota::invalid-start-time", "InvalidStartTime"), message, d);
            }
        } else if self.kind == Some(QuotaType::Calendar) {
            warn(root, here, "quota::no-start-time", "a calendar quota has no `StartTime`", d);
        }
        if let Some(asynchronous) = self.asynchronous_configuration.as_ref().filter(|_| self.synchronous) {
            let codes = ("quota::async-of-sync", "InvalidAsynchronizeConfigurationForSynchronousQuota");
            let message = "a synchronous quota has an `AsynchronousConfiguration`";
            refuse(root, asynchronous.place.span, codes, message, d);
        }
        if self.enforce_only && self.count_only {
            d.push(
                Diagnostic::error("quota::enforce-and-count", "the quota is both `EnforceOnly` and `CountOnly`")
                    .at(root.source(), here),
            );
        }
        if (self.enforce_only || self.count_only) && self.shared_name.is_none() {
            let message = "`EnforceOnly` and `CountOnly` need a `SharedName`";
            d.push(Diagnostic::error("quota::no-shared-name", message).at(root.source(), here));
        }
        for (name, value) in [("Identifier", &self.identifier), ("MessageWeight", &self.message_weight)] {
            if let Some(ValueOrRef { reference: None, text: Some(text) }) = value {
                let message = format!("`{name}` has no `ref`, and its text is not read");
                warn(root, text.span, "quota::no-reference", message, d);
            }
        }
        if let Some(allow) = &self.allow {
            if let Some(text) = &allow.text {
                warn(root, text.span, "quota::no-effect", "the text of `Allow` is not read; write `count`", d);
            }
            if let Some(name) = &allow.reference {
                warn(root, name.span, "quota::no-effect", "`ref` of `Allow` is not read; write `countRef`", d);
            }
        }
    }
}

impl Quota {
    fn check_interval(&self, root: Element<'_>, d: &mut Diagnostics) {
        let by_product = self.use_quota_config_in_api_product.is_some();
        let interval = self.interval.as_ref().map(|it| it.length.reference.is_some() || it.length.value.is_some());
        let unit = self.time_unit.as_ref().map(|it| it.unit.reference.is_some() || it.unit.value.is_some());
        for (name, says, code) in
            [("Interval", interval, "quota::no-interval"), ("TimeUnit", unit, "quota::no-time-unit")]
        {
            // What is there and cannot be read was reported.
            let unreadable = root.elements().any(|child| child.name() == name && !child.is_empty());
            if says != Some(true) && !by_product && !unreadable {
                // The vendors deploy it; their fault for it is one of requests.
                let message = format!("the quota has no `{name}`, so every request fails");
                warn(root, root.span(), code, message, d);
            }
        }
        let unit = self.time_unit.as_ref().and_then(|unit| unit.unit.value.as_ref());
        if let Some(unit) = unit.filter(|unit| self.distributed && unit.value == TimeUnit::Second) {
            let codes = ("quota::distributed-second", "InvalidTimeUnitForDistributedQuota");
            refuse(root, unit.span, codes, "a distributed quota cannot count by the second", d);
        }
    }
}

/// Whether a text is `yyyy-MM-dd HH:mm:ss`; the parts may have fewer digits, as in the vendors' own samples.
fn is_start_time(text: &str) -> bool {
    let Some((date, time)) = text.split_once(' ') else { return false };
    let in_bounds = |text: &str, separator: char, bounds: [(u32, u32); 3]| {
        let parts: Vec<&str> = text.trim().split(separator).collect();
        parts.len() == bounds.len()
            && parts.iter().zip(bounds).all(|(part, (least, most))| {
                part.bytes().all(|byte| byte.is_ascii_digit())
                    && part.parse().is_ok_and(|number: u32| (least..=most).contains(&number))
            })
    };
    in_bounds(date, '-', [(0, 9999), (1, 12), (1, 31)]) && in_bounds(time, ':', [(0, 24), (0, 59), (0, 59)])
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn deployment_faults_have_the_vendors_codes() {
        let all = "<Allow count='5'/><Interval>1</Interval><TimeUnit>hour</TimeUnit>";
        let second = "<Interval>1</Interval><TimeUnit>second</TimeUnit>";
        let asynchronous =
            "<AsynchronousConfiguration><SyncIntervalInSeconds>5</SyncIntervalInSeconds></AsynchronousConfiguration>";
        for (head, inside, want) in [
            ("", all.to_owned(), &[][..]),
            ("type='weekly'", all.to_owned(), &["InvalidQuotaType"]),
            ("", "<Interval>x</Interval><TimeUnit>day</TimeUnit>".into(), &["InvalidQuotaInterval"]),
            ("", "<Interval/><TimeUnit>day</TimeUnit>".into(), &["quota::no-interval"]),
            ("", "<Allow count='5'/><Interval>1</Interval>".into(), &["quota::no-time-unit"]),
            ("", "<Interval ref='i'/><TimeUnit>year</TimeUnit>".into(), &["InvalidQuotaTimeUnit"]),
            ("", "<Interval ref='i'/><TimeUnit ref='u' type='string'/>".into(), &[]),
            ("type='calendar'", format!("{all}<StartTime>2015-2-11 12:00:00</StartTime>"), &[]),
            ("type='calendar'", format!("{all}<StartTime>2015-13-11 12:00:00</StartTime>"), &["InvalidStartTime"]),
            ("type='calendar'", format!("{all}<StartTime>noon</StartTime>"), &["InvalidStartTime"]),
            ("type='calendar'", all.to_owned(), &["quota::no-start-time"]),
            ("type='flexi'", format!("{all}<StartTime>2015-2-11 12:00:00</StartTime>"), &["StartTimeNotSupported"]),
            ("", second.to_owned(), &[]),
            ("", format!("{second}<Distributed>TRUE</Distributed>"), &["InvalidTimeUnitForDistributedQuota"]),
            ("", format!("{all}{asynchronous}"), &[]),
            (
                "",
                format!("{all}{}", asynchronous.replace('5', "0")),
                &["InvalidSynchronizeIntervalForAsyncConfiguration"],
            ),
            (
                "",
                format!("{all}{asynchronous}<Synchronous>true</Synchronous>"),
                &["InvalidAsynchronizeConfigurationForSynchronousQuota"],
            ),
            ("", all.replace("count='5'/>", "ref='v'>5</Allow>"), &["quota::no-effect", "quota::no-effect"]),
            ("", "<UseQuotaConfigInAPIProduct stepName='v'/>".into(), &[]),
            ("", format!("{all}<CountOnly>true</CountOnly>"), &["quota::no-shared-name"]),
            ("", format!("{all}<Identifier>v</Identifier><MessageWeight ref='w'/>"), &["quota::no-reference"]),
            ("", all.replace("/><I", "><Class ref='c'><Allow class='a' count='1'/></Class></Allow><I"), &[]),
        ] {
            assert_eq!(codes(&format!("<Quota {head}>{inside}</Quota>")), want, "{head} {inside}");
        }
    }
}
