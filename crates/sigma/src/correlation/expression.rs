//! Extended conditions of temporal correlations: `login and not (logout or reset)` over ids or names of rules.

use super::condition::Expression;
use crate::compile::Complaint;
use crate::language::{self, ConditionExpr, Quantifier, SelectorPattern};

/// Reads an expression. Without a list of rules, those that it names are the list, in order.
pub(super) fn read(text: &str, rules: &mut Vec<String>) -> Result<Expression, Complaint> {
    let parsed = language::parse_condition(text).map_err(|problem| {
        let last_line = problem.lines().last().unwrap_or_default().trim().trim_start_matches("= ").to_owned();
        Complaint::new("condition", format!("the condition cannot be read: {last_line}"))
            .help("join the rules' names with `and`, `or`, `not` and brackets")
    })?;
    let is_listed = !rules.is_empty();
    if !is_listed {
        collect_names(&parsed, rules);
    }
    let expression = convert(&parsed, rules)?;
    let mut used = Vec::new();
    expression.rules(&mut used);
    match (0..rules.len()).find(|rule| !used.contains(rule)).and_then(|rule| rules.get(rule)) {
        Some(unused) => Err(Complaint::new(unused.clone(), format!("the condition does not use the rule `{unused}`"))
            .help("name every rule in the condition, or take it out of `rules`")),
        None => Ok(expression),
    }
}

fn collect_names(parsed: &ConditionExpr, names: &mut Vec<String>) {
    match parsed {
        ConditionExpr::Identifier(name) if !names.contains(name) => names.push(name.clone()),
        ConditionExpr::And(parts) | ConditionExpr::Or(parts) => {
            parts.iter().for_each(|part| collect_names(part, names));
        }
        ConditionExpr::Not(inner) => collect_names(inner, names),
        ConditionExpr::Identifier(_) | ConditionExpr::Selector { .. } => {}
    }
}

fn convert(parsed: &ConditionExpr, rules: &[String]) -> Result<Expression, Complaint> {
    let all = |parts: &[ConditionExpr]| parts.iter().map(|part| convert(part, rules)).collect::<Result<Vec<_>, _>>();
    Ok(match parsed {
        ConditionExpr::Identifier(name) => {
            let known = rules.iter().position(|rule| rule == name);
            let unknown = || {
                Complaint::new(name.clone(), format!("`{name}` is not in `rules`"))
                    .help("list it there, or leave `rules` out to take them from the condition")
            };
            Expression::Rule(known.ok_or_else(unknown)?)
        }
        ConditionExpr::And(parts) => Expression::All(all(parts)?),
        ConditionExpr::Or(parts) => Expression::Some(1, all(parts)?),
        ConditionExpr::Not(inner) => Expression::Not(Box::new(convert(inner, rules)?)),
        ConditionExpr::Selector { quantifier, pattern } => select(quantifier, pattern, rules)?,
    })
}

fn select(quantifier: &Quantifier, pattern: &SelectorPattern, rules: &[String]) -> Result<Expression, Complaint> {
    let fits = |rule: &String| match pattern {
        SelectorPattern::Them => true,
        SelectorPattern::Pattern(pattern) => language::name_matches(pattern, rule),
    };
    let numbers = rules.iter().enumerate().filter(|(_, rule)| fits(rule));
    let parts: Vec<Expression> = numbers.map(|(number, _)| Expression::Rule(number)).collect();
    if parts.is_empty() {
        return Err(
            Complaint::new("condition", format!("no rule fits `{pattern}`")).help("list the rules under `rules`")
        );
    }
    Ok(match quantifier {
        Quantifier::Any => Expression::Some(1, parts),
        Quantifier::All => Expression::All(parts),
        Quantifier::Count(count) => Expression::Some(*count, parts),
    })
}
