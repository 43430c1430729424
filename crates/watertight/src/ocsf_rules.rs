//! Rules that are written for OCSF instead of a vendor's field names: they see the event as `normalize` prints it, as a log
//! of product `ocsf` whose service and category are the class (`api_activity`).
//!
//! Making that JSON costs more than all other matching, so it is made only for classes that such rules are about.

use ingest::Format;
use ocsf::{Class, Event};
use sigma::{LogSourceId, Matcher, Program, RecordError, Rule};

/// The product that such rules name.
const PRODUCT: &str = "ocsf";

/// Which of the loaded rules are written for OCSF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OcsfRules {
    /// By position of the rule.
    is_ocsf: Vec<bool>,
    /// The classes they name.
    classes: Vec<Class>,
}

impl OcsfRules {
    /// `None` if there are none.
    pub(crate) fn of(rules: &[Rule]) -> Option<Self> {
        let names_it =
            |rule: &Rule| rule.logsource.product.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(PRODUCT));
        let is_ocsf: Vec<bool> = rules.iter().map(names_it).collect();
        let about = |class: &Class| {
            let of_class =
                |name: &Option<String>| name.as_ref().is_none_or(|name| name.eq_ignore_ascii_case(self::name(*class)));
            let mut ours = rules.iter().filter(|rule| names_it(rule));
            ours.any(|rule| of_class(&rule.logsource.service) && of_class(&rule.logsource.category))
        };
        let classes = Class::ALL.into_iter().filter(about).collect();
        is_ocsf.contains(&true).then_some(Self { is_ocsf, classes })
    }

    /// Whether some rule is about events of this class.
    pub(crate) fn asks(&self, class: Class) -> bool {
        self.classes.contains(&class)
    }

    /// Whether some rule may be about the event of this record, before it is one.
    pub(crate) fn may_ask(&self, format: Format, raw: &[u8]) -> bool {
        self.classes.iter().any(|class| format.may_be(*class, raw))
    }

    /// Whether this rule is one of them and about events of this class.
    pub(crate) fn is_about(&self, program: &Program, rule: usize, class: Class) -> bool {
        self.is_ocsf.get(rule).copied().unwrap_or(false)
            && program.rules_for(log_source(program, class)).contains(&rule)
    }

    /// Evaluates these rules, and no others, against an event. Its JSON is left in `json`, for [`Matcher::hits`].
    pub(crate) fn evaluate<'m>(
        &self,
        program: &Program,
        matcher: &'m mut Matcher,
        event: &Event,
        json: &mut Vec<u8>,
    ) -> Result<&'m [usize], RecordError> {
        json.clear();
        // Writing to memory fails for nothing that an event can hold; an empty text is refused as a record below.
        if event.write_json(json).is_err() {
            json.clear();
        }
        matcher.evaluate(log_source(program, event.class), json)?;
        // Rules for every log have seen the vendor's record.
        matcher.retain(|rule| self.is_ocsf.get(rule).copied().unwrap_or(false));
        Ok(matcher.matched())
    }
}

fn log_source(program: &Program, class: Class) -> LogSourceId {
    let name = name(class);
    program.log_source_in(PRODUCT, name, name)
}

/// The class as OCSF's schema names it.
fn name(class: Class) -> &'static str {
    match class {
        Class::Base => "base_event",
        Class::DetectionFinding => "detection_finding",
        Class::AccountChange => "account_change",
        Class::Authentication => "authentication",
        Class::NetworkActivity => "network_activity",
        Class::HttpActivity => "http_activity",
        Class::DnsActivity => "dns_activity",
        Class::ApiActivity => "api_activity",
    }
}

#[cfg(test)]
mod tests {
    use ingest::{Decoder, Format};
    use sigma::Options;

    use super::*;

    const RULES: &str = "
title: Deleted by API
logsource: {product: ocsf, service: api_activity}
detection: {s: {api.operation: DeleteTrail, cloud.provider: AWS}, condition: s}
---
title: Any refused traffic
logsource: {product: OCSF, category: network_activity}
detection: {s: {action_id: 2, dst_endpoint.port: 22}, condition: s}
---
title: Every log
detection: {s: {metadata.product.name|exists: true}, condition: s}
---
title: The vendor's name
logsource: {product: aws, service: cloudtrail}
detection: {s: {eventName: DeleteTrail}, condition: s}
";

    fn titles(raw: &str, format: Format) -> Vec<String> {
        let loaded = sigma::load([("rules.yml", RULES)]);
        let (program, errors) = Program::compile(&loaded.rules, &Options::default());
        assert!(errors.is_empty() && loaded.errors.is_empty(), "{errors:?} {:?}", loaded.errors);
        let rules = OcsfRules::of(&loaded.rules).unwrap();
        let event = Decoder::new(format).normalize(raw.as_bytes()).unwrap();
        let mut matcher = Matcher::new(&program);
        let matched = rules.evaluate(&program, &mut matcher, &event, &mut Vec::new()).unwrap();
        matched.iter().map(|rule| loaded.rules[*rule].title.clone()).collect()
    }

    #[test]
    fn rules_see_the_event_of_their_class() {
        let trail = r#"{"eventTime":"2026-03-02T10:11:12Z","eventName":"DeleteTrail","eventSource":"cloudtrail.amazonaws.com"}"#;
        assert_eq!(titles(trail, Format::CloudTrail), ["Deleted by API"]);
        let refused = "2 1 eni-1 10.0.0.1 10.0.0.2 1 22 6 1 1 1772446272 1772446332 REJECT OK";
        assert_eq!(titles(refused, Format::VpcFlow), ["Any refused traffic"]);
        let passed = "2 1 eni-1 10.0.0.1 10.0.0.2 1 22 6 1 1 1772446272 1772446332 ACCEPT OK";
        assert!(titles(passed, Format::VpcFlow).is_empty());
    }

    #[test]
    fn without_such_rules_there_is_nothing_to_do() {
        let loaded = sigma::load([("rules.yml", "title: t\ndetection: {s: {a: b}, condition: s}\n")]);
        assert_eq!(OcsfRules::of(&loaded.rules), None);
    }
}
