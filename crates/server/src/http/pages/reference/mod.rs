//! `/api/docs`: the reference of the API, made from the same document as `/api/openapi.json`.

mod shape;

use super::{Html, PageProblem, codes};
use crate::http::openapi::{self, Who, operations, resolve, tag_of};
use minijinja::{context, value::Serde};
use serde::Serialize;
use serde_json::Value as Json;
use std::sync::OnceLock;

/// Where the examples ask.
const HOST: &str = "http://localhost:7070";

/// Operations about the same thing.
#[derive(Debug, Serialize)]
struct Chapter {
    name: String,
    words: String,
    operations: Vec<Operation>,
}

#[derive(Debug, Serialize)]
struct Operation {
    anchor: String,
    method: String,
    path: String,
    summary: String,
    words: Vec<String>,
    who: &'static str,
    parameters: Vec<Parameter>,
    body: Option<Body>,
    answers: Vec<Answer>,
    curl: String,
}

#[derive(Debug, Serialize)]
struct Parameter {
    name: String,
    place: String,
    required: bool,
    kind: String,
    words: String,
}

#[derive(Debug, Serialize)]
struct Body {
    shape: String,
    example: String,
}

#[derive(Debug, Serialize)]
struct Answer {
    status: String,
    words: String,
    shape: Option<String>,
    good: bool,
}

/// The page; it stays the same as long as the program runs.
pub(crate) async fn page() -> Result<Html, PageProblem> {
    static TEXT: OnceLock<String> = OnceLock::new();
    if let Some(text) = TEXT.get() {
        return Ok(Html { status: http::StatusCode::OK, text: text.clone() });
    }
    let document = openapi::document();
    let codes: Vec<_> = codes::all()
        .iter()
        .map(|code| context! { anchor => code.anchor(), ..minijinja::Value::from(Serde(code)) })
        .collect();
    let words = document["info"]["description"].as_str().unwrap_or_default();
    let intro: Vec<String> = words.split(". ").map(str::to_owned).collect();
    let shown = context! { chapters => Serde(chapters(document)), codes, intro };
    let page = Html::render("reference.html", shown)?;
    let text = TEXT.get_or_init(|| page.text).clone();
    Ok(Html { status: page.status, text })
}

fn chapters(document: &Json) -> Vec<Chapter> {
    let tags = document["tags"].as_array().into_iter().flatten();
    tags.map(|tag| {
        let name = text(&tag["name"]);
        let inside = operations(document).filter(|one| tag_of(one.2) == Some(name.as_str()));
        let operations =
            inside.map(|(method, path, json)| Operation::of(document, method, path, json));
        let mut operations: Vec<Operation> = operations.collect();
        operations.sort_by_key(|one| one.path.clone());
        Chapter { words: text(&tag["description"]), operations, name }
    })
    .collect()
}

impl Operation {
    fn of(document: &Json, method: &str, path: &str, json: &Json) -> Operation {
        let parameters: Vec<Parameter> = json["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| Parameter::of(document, resolve(document, one)))
            .collect();
        let schema = &json["requestBody"]["content"]["application/json"]["schema"];
        let body = schema.is_object().then(|| Body {
            shape: shape::lines(document, schema),
            example: shape::example(document, schema),
        });
        let words = text(&json["description"]);
        let who = Who::of(json);
        Operation {
            anchor: text(&json["operationId"]),
            method: method.to_uppercase(),
            path: path.to_owned(),
            summary: text(&json["summary"]),
            words: words
                .split("\n\n")
                .filter(|words| !words.is_empty())
                .map(str::to_owned)
                .collect(),
            who: who.as_str(),
            curl: curl(method, path, who, (&parameters, body.as_ref())),
            parameters,
            body,
            answers: answers(document, json),
        }
    }
}

impl Parameter {
    fn of(document: &Json, json: &Json) -> Parameter {
        Parameter {
            name: text(&json["name"]),
            place: text(&json["in"]),
            required: json["required"] == true,
            kind: shape::kind(document, &json["schema"]),
            words: text(&json["description"]),
        }
    }
}

fn answers(document: &Json, json: &Json) -> Vec<Answer> {
    let responses = json["responses"].as_object().into_iter().flatten();
    responses
        .map(|(status, response)| {
            let good = status.starts_with('2');
            let response = resolve(document, response);
            let schema = &response["content"]["application/json"]["schema"];
            let shape = (good && schema.is_object()).then(|| shape::lines(document, schema));
            Answer { status: status.clone(), words: text(&response["description"]), shape, good }
        })
        .collect()
}

/// A line for a shell, with `$VARIABLES` for what only the reader knows.
fn curl(
    method: &str,
    path: &str,
    who: Who,
    (parameters, body): (&[Parameter], Option<&Body>),
) -> String {
    let mut address = format!("{HOST}{path}");
    for name in parameters.iter().filter(|one| one.place == "path").map(|one| &one.name) {
        address = address.replace(&format!("{{{name}}}"), &format!("${}", name.to_uppercase()));
    }
    let mut line = "curl".to_owned();
    if method != "get" && (method != "post" || body.is_none()) {
        line.push_str(&format!(" -X {}", method.to_uppercase()));
    }
    line.push_str(&format!(" \"{address}\""));
    match who {
        Who::Staff => line.push_str(" \\\n  -H \"Authorization: Bearer $CARTAGE_STAFF_KEY\""),
        Who::Owner => line.push_str(" \\\n  -H \"Cartage-Token: $TOKEN\""),
        Who::Anyone | Who::Partner => {}
    }
    if parameters.iter().any(|one| one.name == "Idempotency-Key") {
        line.push_str(" \\\n  -H \"Idempotency-Key: $(uuidgen)\"");
    }
    if let Some(body) = body {
        let quoted = body.example.replace('\'', "'\\''");
        line.push_str(" \\\n  -H \"Content-Type: application/json\"");
        line.push_str(&format!(" \\\n  -d '{quoted}'"));
    }
    line
}

fn text(value: &Json) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
