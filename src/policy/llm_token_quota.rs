//! LLMTokenQuota: limits how many tokens of a language model are used in a period.

use super::PolicySyntax;
use super::common::ValueOrRef;
use super::shape::{Int, OrRef, shape, words};
use crate::diagnostic::{Diagnostic, Diagnostics, Spanned};
use crate::xml::Element;

shape! {
    /// `<LLMTokenQuota>` as its document says it.
    pub struct LlmTokenQuota {
        /// The `type` attribute: when the count starts again.
        attribute "type" kind: Option<TokenQuotaKind>,
        /// `<Allow>`: how many tokens.
        child "Allow" allow: Option<TokenAllowance>,
        /// `<Interval>`: how many units of time a period has.
        child "Interval" interval: Option<OrRef<Int<1, { i64::MAX }>>>,
        /// `<TimeUnit>`: the unit.
        child "TimeUnit" time_unit: Option<OrRef<TokenTimeUnit>>,
        /// `<StartTime>`: when the first period begins, for the type `calendar`.
        child "StartTime" start_time: Option<Spanned<String>>,
        /// `<Identifier>`: the variable whose values are counted apart.
        child "Identifier" identifier: Option<ValueOrRef>,
        /// `<Distributed>`: whether the nodes of a gateway share the count.
        child "Distributed" distributed: bool = false,
        /// `<Synchronous>`: whether they share it at once.
        child "Synchronous" synchronous: bool = false,
        /// `<AsynchronousConfiguration>`: when they share it otherwise.
        child "AsynchronousConfiguration" asynchronous_configuration: Option<TokenAsynchronous>,
        /// `<LLMTokenUsageSource>`: the tokens a response used, a template.
        child "LLMTokenUsageSource" llm_token_usage_source: Option<Spanned<String>>,
        /// `<LLMModelSource>`: the model, a template.
        child "LLMModelSource" llm_model_source: Option<Spanned<String>>,
        /// `<EnforceOnly>`: whether it refuses and does not count.
        child "EnforceOnly" enforce_only: bool = false,
        /// `<CountOnly>`: whether it counts and does not refuse.
        child "CountOnly" count_only: bool = false,
        /// `<SharedName>`: the count that the two kinds share.
        child "SharedName" shared_name: Option<Spanned<String>>,
        /// `<UseQuotaConfigInAPIProduct>`: takes the limit from an API product.
        child "UseQuotaConfigInAPIProduct" use_quota_config_in_api_product: Option<ProductTokenQuota>,
        /// `<IgnoreUnresolvedVariables>`: whether an unresolved variable reads as empty text.
        child "IgnoreUnresolvedVariables" ignore_unresolved_variables: bool = false,
    }
}

words! {
    /// When a count starts again.
    pub enum TokenQuotaKind: any_case {
        /// `calendar`: at the start time, period by period.
        Calendar = "calendar",
        /// `rollingwindow`: the period always ends now.
        RollingWindow = "rollingwindow",
        /// `flexi`: at the first request of a period.
        Flexi = "flexi",
    }
}

words! {
    /// The unit of a period.
    pub enum TokenTimeUnit: any_case {
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

shape! {
    /// `<Allow>` of an [`LlmTokenQuota`].
    pub struct TokenAllowance {
        /// The `count` attribute: the tokens, when the variable does not resolve.
        attribute "count" count: Option<Spanned<i64>>,
        /// The `countRef` attribute: the variable.
        attribute "countRef" count_ref: Option<Spanned<String>>,
    }
}

shape! {
    /// `<AsynchronousConfiguration>` of an [`LlmTokenQuota`].
    pub struct TokenAsynchronous {
        /// `<SyncIntervalInSeconds>`: after how much time.
        child "SyncIntervalInSeconds" sync_interval_in_seconds: Option<Spanned<i64>>,
        /// `<SyncMessageCount>`: after how many messages.
        child "SyncMessageCount" sync_message_count: Option<Spanned<i64>>,
    }
}

shape! {
    /// `<UseQuotaConfigInAPIProduct>` of an [`LlmTokenQuota`].
    pub struct ProductTokenQuota {
        /// The `stepName` attribute: the policy that found the product.
        attribute "stepName" step_name: Option<Spanned<String>>,
        /// `<DefaultConfig>`: the limit of a product that has none.
        child "DefaultConfig" default_config: Option<DefaultTokenQuota>,
    }
}

shape! {
    /// `<DefaultConfig>` of a [`ProductTokenQuota`].
    pub struct DefaultTokenQuota {
        /// `<Allow>`: how many tokens.
        child "Allow" allow: Option<TokenAllowance>,
        /// `<Interval>`: how many units of time a period has.
        child "Interval" interval: Option<OrRef<Int<1, { i64::MAX }>>>,
        /// `<TimeUnit>`: the unit.
        child "TimeUnit" time_unit: Option<OrRef<TokenTimeUnit>>,
    }
}

impl PolicySyntax for LlmTokenQuota {
    const ELEMENT: &'static str = "LLMTokenQuota";

    fn check(&self, root: Element<'_>, d: &mut Diagnostics) {
        let product = self.use_quota_config_in_api_product.is_some();
        // Nothing documents that these refuse a deployment; a count comes to nothing with them.
        for (wrong, message) in [
            (self.enforce_only && self.count_only, "`EnforceOnly` and `CountOnly` exclude each other"),
            (
                (self.enforce_only || self.count_only) && self.shared_name.is_none(),
                "without `SharedName`, `EnforceOnly` and `CountOnly` do not share a count",
            ),
            (
                !self.enforce_only && self.llm_token_usage_source.is_none(),
                "without `LLMTokenUsageSource` no tokens are counted",
            ),
            (!product && self.allow.is_none() && !self.count_only, "without `Allow` there is no limit"),
        ] {
            if wrong {
                let finding = Diagnostic::warning("llm-token-quota::incomplete", message);
                d.push(finding.at(root.source(), root.span()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn what_comes_to_nothing_is_said() {
        let limit = "<Allow count='9' countRef='c'/><Interval ref='i'>1</Interval><TimeUnit ref='u'>minute</TimeUnit>";
        let usage = "<LLMTokenUsageSource>{u}</LLMTokenUsageSource>";
        let shared = "<SharedName>n</SharedName><Identifier ref='k'/><Distributed>true</Distributed>";
        let product = "<UseQuotaConfigInAPIProduct stepName='s'><DefaultConfig><Allow count='1'/></DefaultConfig>
            </UseQuotaConfigInAPIProduct>";
        let incomplete = "llm-token-quota::incomplete";
        for (inside, want) in [
            (format!("{limit}{usage}<StartTime>2025-01-01 00:00:00</StartTime>"), &[][..]),
            (format!("{limit}{shared}<EnforceOnly>true</EnforceOnly>"), &[]),
            (format!("{shared}{usage}<CountOnly>true</CountOnly>"), &[]),
            (format!("{product}{usage}"), &[]),
            (format!("{limit}<EnforceOnly>true</EnforceOnly>"), &[incomplete]),
            (limit.to_owned(), &[incomplete]),
            (usage.to_owned(), &[incomplete]),
            (
                format!("{limit}{usage}{shared}<EnforceOnly>true</EnforceOnly><CountOnly>true</CountOnly>"),
                &[incomplete],
            ),
            (format!("<Allow count='many'/>{usage}"), &["xml::not-an-integer"]),
            (format!("{usage}<Allow/><TimeUnit>eon</TimeUnit>"), &["policy::unknown-word"]),
        ] {
            assert_eq!(codes(&format!("<LLMTokenQuota type='calendar'>{inside}</LLMTokenQuota>")), want, "{inside}");
        }
    }
}
