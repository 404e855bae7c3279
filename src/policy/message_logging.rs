//! MessageLogging: writes a line into a log.

use super::PolicySyntax;
use super::shape::{choice, number, shape, words};
use super::target_connection::SslSettings;
use crate::diagnostic::Spanned;

shape! {
    /// `<MessageLogging>` as its document says it.
    pub struct MessageLogging {
        /// Where the line goes.
        any destination: LogDestination,
        /// `<BufferMessage>`: whether a streamed message is gathered first; Edge only.
        child "BufferMessage" buffer_message: bool = false,
        /// `<IgnoreUnresolvedVariables>`, which only Edge's schema knows.
        child "IgnoreUnresolvedVariables" ignore_unresolved_variables: Option<bool>,
        /// `<NotificationIntervalInSec>`, which only Edge's schema knows.
        child "NotificationIntervalInSec" notification_interval_in_sec: Option<i64>,
        /// `<logLevel>`: how grave it is.
        child "logLevel" log_level: LogLevel = LogLevel::Info,
    }
}

choice! {
    /// Where a line goes.
    pub enum LogDestination {
        /// `<Syslog>`: a server that speaks syslog.
        Syslog(Syslog) = "Syslog",
        /// `<CloudLogging>`: Google Cloud Logging; Apigee X only.
        CloudLogging(CloudLogging) = "CloudLogging",
        /// `<File>`: a file; Edge for Private Cloud only.
        File(LogFile) = "File",
    }
}

words! {
    /// How grave a line is.
    pub enum LogLevel: any_case {
        /// `INFO`
        Info = "INFO",
        /// `ALERT`
        Alert = "ALERT",
        /// `WARN`
        Warn = "WARN",
        /// `ERROR`
        Error = "ERROR",
    }
}

shape! {
    /// `<Message>`: the line.
    pub struct LogMessage {
        /// The `contentType` attribute: whether the line is text or JSON.
        attribute "contentType" content_type: Option<Spanned<String>>,
        /// The `variablePrefix` attribute: what opens a reference.
        attribute "variablePrefix" variable_prefix: Option<Spanned<String>>,
        /// The `variableSuffix` attribute: what closes a reference.
        attribute "variableSuffix" variable_suffix: Option<Spanned<String>>,
        /// The `defaultVariableValue` attribute.
        attribute "defaultVariableValue" default_variable_value: Option<Spanned<String>>,
        /// The `resourceURL` attribute.
        attribute "resourceURL" resource_url: Option<Spanned<String>>,
        /// The `escapeReservedCharacters` attribute.
        attribute "escapeReservedCharacters" escape_reserved_characters: Option<bool>,
        /// The line, a template; markup in it is text.
        verbatim template: Spanned<String>,
    }
}

shape! {
    /// `<Syslog>`: a server that speaks syslog.
    pub struct Syslog {
        /// `<Message>`: the line.
        child "Message" message: LogMessage,
        /// `<Host>`: the server, a template; `localhost` when absent.
        child "Host" host: Option<Spanned<String>>,
        /// `<Port>`: its port; 514 when absent.
        child "Port" port: Option<SyslogPort>,
        /// `<Protocol>`: how it is spoken to.
        child "Protocol" protocol: SyslogProtocol = SyslogProtocol::Udp,
        /// `<FormatMessage>`: whether the line gets a head.
        child "FormatMessage" format_message: bool = false,
        /// `<PayloadOnly>`: whether nothing but the line is sent.
        child "PayloadOnly" payload_only: bool = false,
        /// `<DateFormat>`: how the head writes the time.
        child "DateFormat" date_format: Option<Spanned<String>>,
        /// `<SSLInfo>`: transport security.
        child "SSLInfo" ssl_info: Option<SslSettings>,
    }
}

number! {
    /// Port of a syslog server.
    pub struct SyslogPort: 1, 65535, "message-logging::invalid-port" = "InvalidPort"
}

words! {
    /// How a syslog server is spoken to.
    pub enum SyslogProtocol: any_case, "message-logging::invalid-protocol" = "InvalidProtocol" {
        /// `TCP`
        Tcp = "TCP",
        /// `UDP`
        Udp = "UDP",
    }
}

shape! {
    /// `<CloudLogging>`: Google Cloud Logging.
    pub struct CloudLogging {
        /// `<LogName>`: the log, a template.
        child "LogName" log_name: Spanned<String>,
        /// `<Message>`: the entry.
        child "Message" message: LogMessage,
        /// `<Labels>`: labels of the entry.
        list "Labels" / "Label" labels: Vec<LogLabel>,
        /// `<ResourceType>`: the monitored resource; `global` when absent.
        child "ResourceType" resource_type: Option<Spanned<String>>,
        /// `<ResourceLabels>`: labels of the resource.
        list "ResourceLabels" / "Label" resource_labels: Vec<LogLabel>,
        /// `<Endpoint>`: the service in place of Google's own.
        child "Endpoint" endpoint: Option<Spanned<String>>,
    }
}

shape! {
    /// `<Label>`
    pub struct LogLabel {
        /// `<Key>`
        child "Key" key: Spanned<String>,
        /// `<Value>`, a template.
        child "Value" value: Option<Spanned<String>>,
    }
}

shape! {
    /// `<File>`: a file.
    pub struct LogFile {
        /// `<Message>`: the line.
        child "Message" message: LogMessage,
        /// `<FileName>`
        child "FileName" file_name: Spanned<String>,
        /// `<FileRotationOptions>`: when another file is begun.
        child "FileRotationOptions" rotation: Option<FileRotation>,
    }
}

shape! {
    /// `<FileRotationOptions>`: when another file is begun.
    pub struct FileRotation {
        /// The `rotateFileOnStartup` attribute: whether it is with every start.
        attribute "rotateFileOnStartup" rotate_file_on_startup: bool = false,
        /// `<FileRotationType>`: by what it is.
        child "FileRotationType" kind: Option<FileRotationType>,
        /// `<MaxFileSizeInMB>`
        child "MaxFileSizeInMB" max_file_size_in_mb: Option<i64>,
        /// `<MaxFilesToRetain>`: 8 when absent.
        child "MaxFilesToRetain" max_files_to_retain: Option<i64>,
        /// `<RotationFrequency>`: minutes, or what the `unit` says.
        child "RotationFrequency" rotation_frequency: Option<RotationFrequency>,
    }
}

words! {
    /// By what another file is begun.
    pub enum FileRotationType: any_case {
        /// By its size.
        Size = "SIZE",
        /// By its age.
        Time = "TIME",
        /// By either.
        TimeSize = "TIME_SIZE",
    }
}

shape! {
    /// `<RotationFrequency>`
    pub struct RotationFrequency {
        /// The `unit` attribute.
        attribute "unit" unit: Option<String>,
        /// How many.
        text value: i64,
    }
}

impl PolicySyntax for MessageLogging {
    const ELEMENT: &'static str = "MessageLogging";
}

#[cfg(test)]
mod tests {
    use crate::policy::tests::codes;

    #[test]
    fn deployment_faults_have_the_vendors_codes() {
        let syslog = |inside: &str| format!("<Syslog><Message>{{a}}</Message>{inside}</Syslog>");
        let message = "<Message contentType='application/json'>{\"a\": \"{b}\"}</Message>";
        for (inside, want) in [
            (syslog("<Host>h</Host><Port>514</Port><Protocol>tcp</Protocol>"), &[][..]),
            (syslog("<Port>0</Port>"), &["InvalidPort"]),
            (syslog("<Port>{p}</Port>"), &["InvalidPort"]),
            (syslog("<Protocol>HTTP</Protocol>"), &["InvalidProtocol"]),
            (syslog("<SSLInfo><Enabled>true</Enabled></SSLInfo>") + "<logLevel>alert</logLevel>", &[]),
            (format!("<CloudLogging><LogName>l</LogName>{message}</CloudLogging>"), &[]),
            (
                format!(
                    "<CloudLogging><LogName>l</LogName>{message}<Labels><Label><Key>k</Key><Value/></Label></Labels></CloudLogging>"
                ),
                &[],
            ),
            ("<CloudLogging><LogName>l</LogName></CloudLogging>".into(), &["xml::missing-element"]),
            ("<File><Message>m</Message><FileName>f</FileName><FileRotationOptions/></File>".into(), &[]),
            (String::new(), &["xml::missing-element"]),
        ] {
            assert_eq!(codes(&format!("<MessageLogging>{inside}</MessageLogging>")), want, "{inside}");
        }
    }
}
