//! A small validator for a compiled OCSF schema: required, unknown and deprecated attributes, types, enums, ranges, patterns,
//! constraints, profiles, and that captions and numbers say the same.

use std::path::Path;

use serde_json::{Map, Value};

pub(crate) struct Schema(Value);

impl Schema {
    /// The schema of a version, as the corpora hold it.
    pub(crate) fn load(corpora: &Path, version: &str) -> Self {
        use std::io::Read as _;
        let path = corpora.join(format!("04-ocsf/schema/ocsf-compiled-{version}.json.gz"));
        let mut text = String::new();
        flate2::read::MultiGzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
        Self(serde_json::from_str(&text).unwrap())
    }

    /// Everything wrong with one event, with its path.
    pub(crate) fn faults(&self, event: &Value) -> Vec<String> {
        let mut faults = Vec::new();
        let class_uid = event["class_uid"].as_u64().unwrap_or(u64::MAX);
        let classes = self.0["classes"].as_object().unwrap();
        let Some(class) = classes.values().find(|class| class["uid"].as_u64() == Some(class_uid)) else {
            return vec![format!("no class {class_uid}")];
        };
        if class.get("@deprecated").is_some() {
            faults.push(format!("class {class_uid} is deprecated"));
        }
        let named = event["metadata"]["profiles"].as_array().into_iter().flatten();
        let profiles: Vec<String> = named.filter_map(Value::as_str).map(str::to_owned).collect();
        for profile in &profiles {
            if !class["profiles"].as_array().is_some_and(|known| known.iter().any(|name| name == profile)) {
                faults.push(format!("class {class_uid} has no profile {profile}"));
            }
        }
        let type_uid = event["activity_id"].as_u64().map(|activity| class_uid * 100 + activity);
        if event["type_uid"].as_u64() != type_uid {
            faults.push("type_uid does not follow from class and activity".to_owned());
        }
        Context { schema: self, profiles: &profiles }.object(class, event.as_object().unwrap(), "", &mut faults);
        faults
    }
}

struct Context<'a> {
    schema: &'a Schema,
    profiles: &'a [String],
}

impl Context<'_> {
    fn object(&self, kind: &Value, object: &Map<String, Value>, path: &str, faults: &mut Vec<String>) {
        let attributes = kind["attributes"].as_object().unwrap();
        for (name, value) in object {
            let here = format!("{path}.{name}");
            match attributes.get(name) {
                Some(attribute) if !self.active(attribute) => {
                    faults.push(format!("{here} belongs to a profile that is not named"));
                }
                Some(attribute) => {
                    if attribute.get("@deprecated").is_some() {
                        faults.push(format!("{here} is deprecated"));
                    }
                    self.attribute(attribute, value, &here, faults);
                    caption(attribute, value, object, &here, faults);
                }
                None => faults.push(format!("{here} is unknown")),
            }
        }
        for (name, attribute) in attributes {
            if attribute["requirement"] == "required" && self.active(attribute) && !object.contains_key(name) {
                faults.push(format!("{path}.{name} is required"));
            }
        }
        let present = |names: &Value| {
            names.as_array().unwrap().iter().filter(|name| object.contains_key(name.as_str().unwrap())).count()
        };
        if let Some(names) = kind["constraints"].get("at_least_one")
            && present(names) == 0
        {
            faults.push(format!("{path}: at least one of {names}"));
        }
        if let Some(names) = kind["constraints"].get("just_one")
            && present(names) != 1
        {
            faults.push(format!("{path}: just one of {names}"));
        }
    }

    fn active(&self, attribute: &Value) -> bool {
        match attribute.get("profiles").and_then(Value::as_array) {
            Some(profiles) if !profiles.is_empty() => {
                profiles.iter().any(|profile| self.profiles.iter().any(|named| profile == named))
            }
            _ => true,
        }
    }

    fn attribute(&self, attribute: &Value, value: &Value, path: &str, faults: &mut Vec<String>) {
        if attribute["is_array"] != true {
            return self.one(attribute, value, path, faults);
        }
        match value.as_array() {
            Some(list) => {
                for (index, element) in list.iter().enumerate() {
                    self.one(attribute, element, &format!("{path}[{index}]"), faults);
                }
            }
            None => faults.push(format!("{path} is not a list")),
        }
    }

    fn one(&self, attribute: &Value, value: &Value, path: &str, faults: &mut Vec<String>) {
        let kind = attribute["type"].as_str().unwrap();
        if kind == "object_t" {
            let name = attribute["object_type"].as_str().unwrap();
            match value.as_object() {
                // `object` is the free-form object of `unmapped`.
                Some(_) if name == "object" => {}
                Some(object) => self.object(&self.schema.0["objects"][name], object, path, faults),
                None => faults.push(format!("{path} is not an object")),
            }
            return;
        }
        self.plain(kind, value, path, faults);
        if let Some(ids) = attribute.get("enum").and_then(Value::as_object) {
            let id = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            if !ids.contains_key(&id) {
                faults.push(format!("{path}: {id} is not in the enum"));
            }
        }
    }

    fn plain(&self, kind: &str, value: &Value, path: &str, faults: &mut Vec<String>) {
        let definition = &self.schema.0["dictionary"]["types"]["attributes"][kind];
        let base = definition["type"].as_str().unwrap_or(kind);
        let fits = match base {
            "string_t" => value.is_string(),
            "integer_t" | "long_t" => value.is_i64() || value.is_u64(),
            "boolean_t" => value.is_boolean(),
            "float_t" => value.is_number(),
            "timestamp_t" => value.is_i64(),
            "json_t" => true,
            other => panic!("type {other} at {path}"),
        };
        if !fits {
            faults.push(format!("{path}: {value} is no {kind}"));
        }
        let text = value.as_str().unwrap_or_default();
        // The schema's pattern of an address lets any character stand for a dot.
        if kind == "ip_t" && text.parse::<std::net::IpAddr>().is_err() {
            faults.push(format!("{path}: {value} is no address"));
        }
        let pattern = definition["regex"].as_str().filter(|_| kind != "ip_t" && fits);
        if pattern.is_some_and(|pattern| !regex::Regex::new(pattern).unwrap().is_match(text)) {
            faults.push(format!("{path}: {value} does not look like a {kind}"));
        }
        let range = definition["range"].as_array().zip(value.as_i64());
        if range.is_some_and(|(range, number)| range[0].as_i64() > Some(number) || Some(number) > range[1].as_i64()) {
            faults.push(format!("{path}: {value} is no {kind}"));
        }
        if definition["max_len"].as_u64().is_some_and(|limit| text.len() as u64 > limit) {
            faults.push(format!("{path}: longer than {}", definition["max_len"]));
        }
    }
}

/// Where a number has a caption beside it (`status_id` and `status`), both say the same; 99 may have any caption.
fn caption(attribute: &Value, value: &Value, object: &Map<String, Value>, path: &str, faults: &mut Vec<String>) {
    let named = attribute["sibling"].as_str().and_then(|sibling| object.get(sibling)?.as_str());
    let caption = attribute["enum"][value.to_string()]["caption"].as_str().filter(|_| value != 99);
    if let Some((named, caption)) = named.zip(caption)
        && !named.eq_ignore_ascii_case(caption)
    {
        faults.push(format!("{path}: {value} is {caption:?}, not {named:?}"));
    }
}
