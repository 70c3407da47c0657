//! What the document says of each route: its parameters, its body, and every field of it.

use http::Method;
use serde_json::{Map, Value, json};
use server::http::door::described;
use std::sync::LazyLock;

/// One operation of the document.
pub(crate) struct Operation {
    pub(crate) method: Method,
    pub(crate) path: String,
    schema: Option<Value>,
    parameters: Vec<Parameter>,
}

/// A parameter of a query.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) kind: String,
    /// Only some texts are any: times, ids, words of a list.
    pub(crate) is_exact: bool,
    /// Numbers below zero are none.
    pub(crate) is_positive: bool,
    /// Anything may be written there.
    pub(crate) is_free: bool,
}

/// A field of a body.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// JSON pointer; `0` is the first of a list, `*` any name of a map.
    pub(crate) pointer: String,
    pub(crate) kind: String,
    pub(crate) required: bool,
    /// Anything may be written there: no id and no word of a list.
    pub(crate) is_free: bool,
}

static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(read);

/// Every operation, in the document's order.
pub(crate) fn operations() -> &'static [Operation] {
    &OPERATIONS
}

fn read() -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, item) in described()["paths"].as_object().expect("paths") {
        for (method, said) in item.as_object().expect("operations") {
            let schema = said.pointer("/requestBody/content/application~1json/schema").cloned();
            let parameters = said["parameters"].as_array().into_iter().flatten().map(resolved);
            let parameters = parameters.filter(|one| one["in"] == "query").map(parameter).collect();
            let method = method.to_uppercase().parse().expect("a method");
            operations.push(Operation { method, path: path.clone(), schema, parameters });
        }
    }
    operations
}

fn parameter(said: &Value) -> Parameter {
    let schema = resolved(&said["schema"]);
    let is_exact = schema.get("enum").is_some() || schema.get("format").is_some();
    let (name, kind) = (said["name"].as_str().expect("a name").to_owned(), kind(schema).to_owned());
    let is_free = kind == "string" && !is_exact;
    let is_positive = schema["minimum"].as_i64().is_some_and(|least| least >= 0);
    Parameter { name, kind, is_exact, is_positive, is_free }
}

/// What a schema refers to, without the choice of nothing at all.
fn resolved(schema: &Value) -> &Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.trim_start_matches('#');
        return resolved(described().pointer(pointer).expect("references lead somewhere"));
    }
    for choice in ["oneOf", "anyOf", "allOf"] {
        if let Some(choices) = schema[choice].as_array() {
            let meant = choices.iter().find(|choice| choice["type"] != "null");
            return resolved(meant.expect("more than nothing"));
        }
    }
    schema
}

fn kind(schema: &Value) -> &str {
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null"),
        kind => Some(kind),
    };
    kinds.and_then(Value::as_str).unwrap_or("object")
}

impl Operation {
    pub(crate) fn takes_a_body(&self) -> bool {
        self.schema.is_some() && !self.path.contains("/webhooks/")
    }

    pub(crate) fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// `POST /orders`.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path.trim_start_matches("/api/v1"))
    }

    /// A body with every field.
    pub(crate) fn example(&self) -> Option<Value> {
        self.schema.as_ref().map(example)
    }

    /// Every field of the body, however deep.
    pub(crate) fn fields(&self) -> Vec<Field> {
        let mut found = Vec::new();
        if let Some(schema) = &self.schema {
            collect(schema, "", true, &mut found);
        }
        found.retain(|field| !field.pointer.is_empty());
        found
    }
}

impl Field {
    /// Writes something else there.
    pub(crate) fn put(&self, body: &mut Value, value: Value) {
        let pointer = self.pointer.replace('*', "any");
        *body.pointer_mut(&pointer).expect("the example has every field") = value;
    }
}

fn collect(schema: &Value, pointer: &str, required: bool, found: &mut Vec<Field>) {
    let schema = resolved(schema);
    let kind = kind(schema);
    let exact = ["enum", "format"].iter().any(|name| schema.get(name).is_some());
    let is_free = kind == "string" && (!exact || schema["format"] == "email");
    let (pointer, kind) = (pointer.to_owned(), kind.to_owned());
    found.push(Field { pointer: pointer.clone(), kind, required, is_free });
    let needed = |name: &str| {
        schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name))
    };
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        collect(property, &format!("{pointer}/{name}"), needed(name), found);
    }
    if schema["items"].is_object() {
        collect(&schema["items"], &format!("{pointer}/0"), true, found);
    }
    if schema["additionalProperties"].is_object() {
        collect(&schema["additionalProperties"], &format!("{pointer}/*"), true, found);
    }
}

fn example(schema: &Value) -> Value {
    let schema = resolved(schema);
    if let Some(example) = schema.get("example").or_else(|| schema["examples"].get(0)) {
        return example.clone();
    }
    if let Some(words) = schema["enum"].as_array() {
        return words[0].clone();
    }
    match kind(schema) {
        "string" if schema["format"] == "uuid" => json!("018f2f4e-7c1a-7d3e-9a55-3f5b2c9e8a10"),
        "string" => json!("abc"),
        "integer" | "number" => {
            schema["minimum"].as_i64().map_or(json!(1), |least| json!(least.max(1)))
        }
        "boolean" => json!(true),
        "array" => {
            let length = schema["minItems"].as_u64().unwrap_or(1).max(1);
            (0..length).map(|_| example(&schema["items"])).collect()
        }
        _ => {
            let fields = schema["properties"].as_object().into_iter().flatten();
            let mut whole: Map<String, Value> =
                fields.map(|(name, property)| (name.clone(), example(property))).collect();
            if schema["additionalProperties"].is_object() {
                whole.insert("any".to_owned(), example(&schema["additionalProperties"]));
            }
            Value::Object(whole)
        }
    }
}
