//! A JSON schema as somebody writes it on paper: fields, what they hold, and what they mean.

use crate::http::openapi::resolve;
use serde_json::{Map, Value};

/// Shapes in shapes are shown so deep.
const DEEPEST: usize = 6;

/// Fields one a line, with what they mean behind them.
pub(super) fn lines(document: &Value, schema: &Value) -> String {
    let mut lines = Vec::new();
    write(document, schema, (&mut lines, String::new(), 0));
    let text = |(text, words): &(String, String)| match words.is_empty() {
        true => text.clone(),
        false => format!("{text}  // {words}"),
    };
    lines.iter().map(text).collect::<Vec<_>>().join("\n")
}

type Lines = Vec<(String, String)>;

/// Appends a shape to the last line, which begins with `head`.
fn write(document: &Value, schema: &Value, (lines, head, depth): (&mut Lines, String, usize)) {
    let indent = "  ".repeat(depth);
    let schema = plain(document, schema);
    let fields = fields(schema);
    if depth < DEEPEST && !fields.is_empty() {
        lines.push((format!("{head}{{"), String::new()));
        for (name, field, required) in fields {
            let mark = if required { "" } else { "?" };
            let words = words(field);
            let first = lines.len();
            let head = format!("{indent}  \"{name}\"{mark}: ");
            write(document, field, (lines, head, depth + 1));
            if let Some(line) = lines.get_mut(first).filter(|line| line.1.is_empty()) {
                line.1 = words;
            }
        }
        lines.push((format!("{indent}}}"), String::new()));
        return;
    }
    if depth < DEEPEST && schema["items"].is_object() {
        let items = plain(document, &schema["items"]);
        if !self::fields(items).is_empty() {
            write(document, items, (lines, format!("{head}["), depth));
            if let Some(last) = lines.last_mut() {
                last.0.push(']');
            }
            return;
        }
    }
    lines.push((format!("{head}{}", kind(document, schema)), String::new()));
}

/// What stands behind references and options.
fn plain<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let schema = resolve(document, schema);
    for many in ["oneOf", "anyOf", "allOf"] {
        let Some(options) = schema[many].as_array() else { continue };
        let mut real = options.iter().filter(|option| option["type"] != "null");
        if let (Some(only), None) = (real.next(), real.next()) {
            return plain(document, only);
        }
    }
    schema
}

/// Name, schema, and whether it is always there: in the order in which they were declared, which is
/// known of those that are always there.
fn fields(schema: &Value) -> Vec<(&str, &Value, bool)> {
    let Some(properties) = schema["properties"].as_object() else { return Vec::new() };
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let always = required.iter().filter_map(|name| Some((*name, properties.get(*name)?, true)));
    let others = properties.iter().filter(|(name, _)| !required.contains(&name.as_str()));
    always.chain(others.map(|(name, field)| (name.as_str(), field, false))).collect()
}

fn words(schema: &Value) -> String {
    schema["description"].as_str().unwrap_or_default().replace('\n', " ")
}

/// What a value may be, in a few words: `integer of 1 to 99`, `"placed" | "paid"`.
pub(super) fn kind(document: &Value, schema: &Value) -> String {
    let schema = plain(document, schema);
    if let Some(values) = schema["enum"].as_array() {
        return values.iter().map(Value::to_string).collect::<Vec<_>>().join(" | ");
    }
    if let Some(options) = schema["oneOf"].as_array() {
        let kinds: Vec<String> = options.iter().map(|option| kind(document, option)).collect();
        return kinds.join(" | ");
    }
    let name = match &schema["type"] {
        Value::String(name) => name.clone(),
        Value::Array(names) => {
            let names = names.iter().filter_map(Value::as_str).filter(|name| *name != "null");
            names.collect::<Vec<_>>().join(" | ")
        }
        _ => "any".to_owned(),
    };
    if name == "array" {
        return format!("[{}]", kind(document, &schema["items"]));
    }
    let bound = |least: &str, most: &str| match (figure(&schema[least]), figure(&schema[most])) {
        (None, None) => String::new(),
        (Some(0), None) => String::new(),
        (Some(least), None) => format!(" of at least {least}"),
        (None, Some(most)) => format!(" of at most {most}"),
        (Some(least), Some(most)) => format!(" of {least} to {most}"),
    };
    let format = match schema["format"].as_str() {
        Some("date-time") => " (RFC 3339)",
        Some("uuid") => " (UUID)",
        _ => "",
    };
    let letters = match bound("minLength", "maxLength") {
        letters if letters.is_empty() => letters,
        letters => format!("{} characters", letters.replacen(" of", ",", 1)),
    };
    format!("{name}{format}{}{letters}", bound("minimum", "maximum"))
}

/// A bound that is worth reading: what is beyond it is absurd anyhow.
fn figure(bound: &Value) -> Option<i64> {
    bound.as_i64().filter(|bound| bound.abs() < 1_000_000_000)
}

/// What somebody might send, laid out in lines.
pub(super) fn example(document: &Value, schema: &Value) -> String {
    let mut text = String::new();
    spell(document, schema, (&mut text, 0));
    text
}

fn spell(document: &Value, schema: &Value, (text, depth): (&mut String, usize)) {
    let schema = plain(document, schema);
    if let Some(example) = given(schema) {
        text.push_str(&example.to_string());
        return;
    }
    let fields = fields(schema);
    if fields.is_empty() || depth > DEEPEST {
        return leaf(document, schema, (text, depth));
    }
    let indent = "  ".repeat(depth);
    // What may be left out is left out, unless nothing would be left.
    let needed = fields.iter().any(|(.., required)| *required);
    let shown: Vec<_> = fields.into_iter().filter(|(.., required)| *required || !needed).collect();
    let shown = if needed { shown } else { shown.into_iter().take(1).collect() };
    text.push('{');
    for (at, (name, field, _)) in shown.iter().enumerate() {
        text.push_str(if at == 0 { "\n" } else { ",\n" });
        text.push_str(&format!("{indent}  \"{name}\": "));
        spell(document, field, (text, depth + 1));
    }
    text.push_str(&format!("\n{indent}}}"));
}

fn given(schema: &Value) -> Option<&Value> {
    let many = schema["examples"].get(0);
    schema.get("example").or(many).or(schema.get("default")).filter(|value| !value.is_null())
}

fn leaf(document: &Value, schema: &Value, (text, depth): (&mut String, usize)) {
    if let Some(first) = schema["enum"].get(0) {
        return text.push_str(&first.to_string());
    }
    let kind = schema["type"].as_str().or(schema["type"].get(0).and_then(Value::as_str));
    let value = match kind {
        Some("array") if schema["items"].is_object() && depth <= DEEPEST => {
            text.push('[');
            spell(document, &schema["items"], (text, depth));
            return text.push(']');
        }
        Some("array") => Value::Array(Vec::new()),
        Some("integer" | "number") => match &schema["minimum"] {
            Value::Number(least) if least.as_i64().is_some_and(|least| least > 1) => {
                Value::Number(least.clone())
            }
            _ => 1.into(),
        },
        Some("boolean") => true.into(),
        Some("string") => match schema["format"].as_str() {
            Some("date-time") => "2026-11-20T10:15:00Z".into(),
            Some("uuid") => "018f2f4e-7c1a-7d3e-9a55-3f5b2c9e8a10".into(),
            Some("email") => "a@example.org".into(),
            _ => "text".into(),
        },
        _ => Value::Object(Map::new()),
    };
    text.push_str(&value.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_schema_reads_as_somebody_would_write_it() {
        let document = json!({"components": {"schemas": {"Line": {
        "type": "object", "required": ["sku", "quantity"],
        "properties": {
            "quantity": {"type": "integer", "minimum": 1, "maximum": 99, "description": "How many."},
            "sku": {"type": "string", "example": "85123A"},
            "note": {"type": ["string", "null"], "maxLength": 20}
        }}}}});
        let schema = json!({"type": "object", "required": ["lines"], "properties": {
            "lines": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}}}});
        let shape = "{\n  \"lines\": [{\n    \"sku\": string\n    \"quantity\": integer of 1 to 99  // How many.\n    \
                     \"note\"?: string, at most 20 characters\n  }]\n}";
        assert_eq!(lines(&document, &schema), shape);
        let example: Value = serde_json::from_str(&example(&document, &schema)).expect("JSON");
        assert_eq!(example, json!({"lines": [{"sku": "85123A", "quantity": 1}]}));
    }
}
