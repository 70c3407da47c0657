//! The OpenAPI 3.1 document: what the handlers say of themselves, completed with what all of them share.
//!
//! Handlers name their path, their parameters and their shapes. Headers, problems, security and words
//! about the whole are the same for many, so they are added here, once.

use super::{problem::Body as Problem, routes};
use serde_json::{Map, Value, json};
use std::sync::OnceLock;
use utoipa::{PartialSchema, ToSchema, openapi::OpenApi};

mod links;
mod parts;
#[cfg(test)]
mod tests;
mod who;

pub(crate) use parts::METHODS;
pub(crate) use who::Who;

/// Operations that do nothing without an `Idempotency-Key`.
const KEY_REQUIRED: &[(&str, &str)] = &[
    ("post", "/api/v1/orders"),
    ("post", "/api/v1/orders/{id}/payments"),
    ("post", "/api/v1/payments/{id}/refunds"),
];

/// Operations that also answer as server-sent events when they are asked to.
const STREAMS: &[(&str, &str)] = &[("get", "/api/v1/facts")];

/// The document of this program.
pub(crate) fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| complete(&routes::all().1))
}

/// What the handlers say, with what they share.
fn complete(api: &OpenApi) -> Value {
    let mut document = serde_json::to_value(api).expect("a document is plain data");
    document["openapi"] = "3.1.0".into();
    document["jsonSchemaDialect"] = "https://json-schema.org/draft/2020-12/schema".into();
    document["info"] = parts::info();
    document["servers"] = json!([{"url": "/", "description": "This shop."}]);
    let mut used = Vec::new();
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        for method in METHODS {
            if let Some(operation) = item.get_mut(*method) {
                used.extend(tag_of(operation).map(str::to_owned));
                Operation { method, path, json: operation }.complete();
            }
        }
    }
    document["tags"] = parts::TAGS
        .iter()
        .filter(|(name, _)| used.iter().any(|tag| tag == name))
        .map(|(name, words)| json!({"name": name, "description": words}))
        .collect();
    forget_signed_formats(&mut document);
    let bodiless = bodies_without_duties(&document);
    for pointer in bodiless {
        if let Some(body) = document.pointer_mut(&pointer) {
            body["required"] = false.into();
        }
    }
    let components = &mut document["components"];
    let mut schemas = Vec::new();
    Problem::schemas(&mut schemas);
    schemas.push((Problem::name().into_owned(), Problem::schema()));
    for (name, schema) in schemas {
        components["schemas"][name] = serde_json::to_value(schema).expect("plain data");
    }
    components["parameters"] = parts::parameters();
    components["headers"] = parts::headers();
    components["responses"] = parts::problems();
    components["securitySchemes"] = who::schemes();
    drop_unused(&mut document, "schemas");
    drop_unused(&mut document, "responses");
    drop_unused(&mut document, "parameters");
    document
}

/// `int32` and `int64` have a sign; a number that is never negative goes up to twice as far.
fn forget_signed_formats(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let unsigned = fields.get("minimum").and_then(Value::as_i64).is_some_and(|n| n >= 0);
            let signed = ["int32", "int64"].map(Value::from);
            if unsigned && fields.get("format").is_some_and(|format| signed.contains(format)) {
                fields.remove("format");
            }
            fields.values_mut().for_each(forget_signed_formats);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_signed_formats),
        _ => {}
    }
}

/// Bodies in which nothing must be said need not be sent.
fn bodies_without_duties(document: &Value) -> Vec<String> {
    let dutiless = operations(document).filter(|(_, _, operation)| {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        schema.get("$ref").is_some() && resolve(document, schema).get("required").is_none()
    });
    let pointer = |(method, path, _): (&str, &str, &Value)| {
        format!("/paths/{}/{method}/requestBody", path.replace('~', "~0").replace('/', "~1"))
    };
    dutiless.map(pointer).collect()
}

/// The one tag of an operation.
pub(crate) fn tag_of(operation: &Value) -> Option<&str> {
    operation["tags"].get(0)?.as_str()
}

/// One operation while it is completed.
struct Operation<'a> {
    method: &'a str,
    path: &'a str,
    json: &'a mut Value,
}

impl Operation<'_> {
    fn complete(&mut self) {
        self.headline();
        self.json["operationId"] = name_of(self.method, self.path).into();
        let who = who::of(self.method, self.path, self.json);
        self.json["security"] = who.security();
        self.json["x-cartage-who"] = who.as_str().into();
        let parameters = self.shared_parameters();
        push_refs(&mut self.json["parameters"], "parameters", &parameters);
        if STREAMS.contains(&(self.method, self.path)) {
            let events = json!({"schema": {"type": "string"}});
            self.json["responses"]["200"]["content"]["text/event-stream"] = events;
        }
        self.answers();
        for problem in self.problems(who) {
            let reference = json!({"$ref": format!("#/components/responses/{}", problem.0)});
            let responses = &mut self.json["responses"];
            // What a handler says of its own is more exact.
            if responses.get(problem.1).is_none() {
                responses[problem.1] = reference;
            }
        }
    }

    /// The summary is one sentence in one line; what else a handler says of itself describes it.
    fn headline(&mut self) {
        let words = |value: &Value| {
            value.as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
        };
        let whole = words(&self.json["summary"]);
        let Some((first, rest)) = whole.split_once(". ") else {
            self.json["summary"] = whole.into();
            return;
        };
        let before = self.json["description"].as_str().unwrap_or_default();
        let description = [rest, before].join("\n\n").trim().to_owned();
        self.json["summary"] = format!("{first}.").into();
        self.json["description"] = description.into();
    }

    fn is_api(&self) -> bool {
        self.path.starts_with("/api/v1/")
    }

    fn is_change(&self) -> bool {
        self.method != "get"
    }

    /// Webhooks come as their senders write them.
    fn is_webhook(&self) -> bool {
        self.path.starts_with("/api/v1/webhooks/")
    }

    fn is_list(&self) -> bool {
        let schema = &self.json["responses"]["200"]["content"]["application/json"]["schema"];
        let name = schema["$ref"].as_str().unwrap_or_default();
        // What is read from views; other lists are always the newest.
        let newest = ["/api/v1/facts", "/api/v1/consumers", "/api/v1/dead-letters"];
        name.contains("/List_") && !self.path.contains('{') && !newest.contains(&self.path)
    }

    fn has(&self, place: &str) -> bool {
        let parameters = self.json["parameters"].as_array();
        parameters.is_some_and(|all| all.iter().any(|one| one["in"] == place))
    }

    /// What the query names may not be there.
    fn names_in_query(&self) -> bool {
        ["/api/v1/availability", "/api/v1/stock"].contains(&self.path)
    }

    fn shared_parameters(&self) -> Vec<&'static str> {
        let mut parameters = vec!["CorrelationId"];
        if !self.is_api() || self.is_webhook() {
            return parameters;
        }
        match self.method {
            "get" if self.is_list() => parameters.push("After"),
            "get" => {}
            _ if KEY_REQUIRED.contains(&(self.method, self.path)) => {
                parameters.push("IdempotencyKeyRequired");
            }
            _ => parameters.push("IdempotencyKey"),
        }
        if self.method == "patch" {
            parameters.push("IfMatch");
        }
        if (self.method, self.path) == ("post", "/api/v1/orders") {
            parameters.push("Prefer");
        }
        parameters
    }

    /// Headers of what went well.
    fn answers(&mut self) {
        let is_api = self.is_api();
        let name = name_of(self.method, self.path);
        let Some(responses) = self.json["responses"].as_object_mut() else { return };
        for (status, response) in responses.iter_mut().filter(|(status, _)| status.starts_with('2'))
        {
            if response["description"].as_str().is_none_or(str::is_empty) {
                response["description"] = parts::words_of(status).into();
            }
            let links = links::of(&name, status);
            if !links.is_empty() {
                response["links"] = links.into();
            }
            let mut headers = vec![("X-Correlation-ID", "CorrelationId")];
            if is_api {
                headers.push(("Cartage-Position", "Position"));
                headers.push(("ETag", "ETag"));
            }
            if status == "201" || status == "202" {
                headers.push(("Location", "Location"));
            }
            for (name, part) in headers {
                response["headers"][name] = json!({"$ref": format!("#/components/headers/{part}")});
            }
        }
    }

    /// The problems that this operation may answer with: names of shared responses, and their status.
    fn problems(&self, who: Who) -> Vec<(&'static str, &'static str)> {
        let body = self.json.get("requestBody").is_some();
        let (path, query) = (self.has("path"), self.has("query"));
        let lists = self.is_list();
        let change = self.is_change();
        let who_matters = matches!(who, Who::Staff | Who::Owner | Who::Partner);
        [
            (body || path || query || change || lists, ("Malformed", "400")),
            (who_matters, ("Unauthorised", "401")),
            (path || who == Who::Owner || self.names_in_query(), ("NotFound", "404")),
            (self.is_api(), ("Timeout", "408")),
            (change, ("Conflict", "409")),
            (self.method == "patch", ("Stale", "412")),
            (body, ("TooLarge", "413")),
            (body, ("UnsupportedMediaType", "415")),
            (body || query || change, ("Invalid", "422")),
            (true, ("Unavailable", "503")),
        ]
        .into_iter()
        .filter_map(|(may, problem)| may.then_some(problem))
        .collect()
    }
}

fn push_refs(list: &mut Value, kind: &str, names: &[&str]) {
    if !list.is_array() {
        *list = Value::Array(Vec::new());
    }
    let Some(list) = list.as_array_mut() else { return };
    for name in names {
        list.push(json!({"$ref": format!("#/components/{kind}/{name}")}));
    }
}

/// `get /api/v1/carts/{id}/lines/{line}` → `get_carts_by_id_lines_by_line`: unique, and stable as long as
/// the route is.
fn name_of(method: &str, path: &str) -> String {
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    let mut name = method.to_owned();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        let word = match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(parameter) => format!("by_{parameter}"),
            None => part.to_owned(),
        };
        name.push('_');
        name.push_str(&word.replace('-', "_"));
    }
    name
}

/// Components to which nothing refers say nothing.
fn drop_unused(document: &mut Value, kind: &str) {
    loop {
        let mut used = Vec::new();
        references(document, &mut used);
        let Some(parts) = document["components"][kind].as_object_mut() else { return };
        let before = parts.len();
        let prefix = format!("#/components/{kind}/");
        parts.retain(|name, _| used.iter().any(|one| one.strip_prefix(&prefix) == Some(name)));
        if parts.len() == before {
            return;
        }
    }
}

/// Every `$ref` below a value.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| match value {
            Value::String(text) if name == "$ref" => found.push(text.clone()),
            _ => references(value, found),
        }),
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

/// What a reference points at; the value itself when it is none.
pub(crate) fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let Some(reference) = value.get("$ref").and_then(Value::as_str) else { return value };
    let pointer = reference.strip_prefix('#').unwrap_or_default();
    document.pointer(pointer).unwrap_or(value)
}

/// Every operation: method, path, and what is said of it.
pub(crate) fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths: Option<&Map<String, Value>> = document["paths"].as_object();
    paths.into_iter().flatten().flat_map(|(path, item)| {
        METHODS.iter().filter_map(move |method| Some((*method, path.as_str(), item.get(*method)?)))
    })
}
