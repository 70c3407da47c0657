//! The document is complete, true, and the one that was reviewed.

use super::*;
use crate::http::pages::tests::Door;
use axum::body::Body;
use http::Request;
use std::{collections::BTreeSet, fs, path::Path};

fn kept() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json")
}

#[test]
fn the_document_is_the_one_that_was_reviewed() {
    let fresh = serde_json::to_string_pretty(document()).expect("plain data") + "\n";
    assert_eq!(complete(&routes::all().1), *document(), "two documents differ");
    if std::env::var_os("CARTAGE_BLESS").is_some() {
        fs::write(kept(), &fresh).expect("docs can be written");
    }
    let reviewed = fs::read_to_string(kept()).unwrap_or_default();
    let same = reviewed == fresh;
    assert!(same, "the API has changed: look at `CARTAGE_BLESS=1 cargo test -p server openapi`");
}

#[test]
fn every_reference_leads_somewhere() {
    let mut found = Vec::new();
    references(document(), &mut found);
    assert!(found.len() > 20);
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("a reference into this document");
        assert!(document().pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

#[test]
fn every_operation_says_what_it_does_under_a_name_of_its_own() {
    let known: BTreeSet<&str> = parts::TAGS.iter().map(|(name, _)| *name).collect();
    let mut names = BTreeSet::new();
    for (method, path, operation) in operations(document()) {
        let at = format!("{method} {path}");
        let name = operation["operationId"].as_str().expect("a name");
        assert!(names.insert(name), "{at}: {name} is taken");
        let summary = operation["summary"].as_str().unwrap_or_default();
        assert!(!summary.is_empty() && !summary.contains('\n'), "{at} needs a sentence");
        let tag = tag_of(operation).unwrap_or_default();
        assert!(known.contains(tag), "{at}: explain the tag {tag:?} in openapi/parts.rs");
        check_responses(&at, operation);
        check_parameters(&at, path, operation);
    }
    assert!(names.len() > 5);
}

fn check_responses(at: &str, operation: &Value) {
    let responses = operation["responses"].as_object().expect("answers");
    assert!(responses.keys().any(|status| status.starts_with('2')), "{at} never succeeds");
    for (status, response) in responses {
        let response = resolve(document(), response);
        assert!(response["description"].is_string(), "{at} {status} needs a description");
        if !status.starts_with('2') {
            let problem = &response["content"]["application/problem+json"]["schema"];
            assert!(problem["$ref"] == "#/components/schemas/Problem", "{at} {status}");
        }
    }
}

/// Each name once in each place, and all of the path's.
fn check_parameters(at: &str, path: &str, operation: &Value) {
    let mut names = BTreeSet::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let parameter = resolve(document(), parameter);
        let (name, place) = (parameter["name"].as_str(), parameter["in"].as_str());
        let (name, place) = (name.expect("a name"), place.expect("a place"));
        assert!(names.insert((place, name)), "{at}: {name} stands twice in the {place}");
        assert!(parameter["schema"].is_object(), "{at}: {name} needs a schema");
        assert!(place != "path" || parameter["required"] == true, "{at}: {name} is required");
    }
    let wanted = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let named = names.iter().filter(|(place, _)| *place == "path").map(|(_, name)| *name);
    assert_eq!(wanted.collect::<BTreeSet<_>>(), named.collect::<BTreeSet<_>>(), "{at}");
}

#[test]
fn no_route_goes_without_a_description() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/routes");
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of the project") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).expect("a source");
            assert!(
                !text.contains(".route("),
                "{} has a route beside the document",
                path.display()
            );
        }
    }
}

#[tokio::test]
async fn every_route_is_there_for_whom_the_document_names() {
    let door = Door::open(false);
    for (method, path, operation) in operations(document()) {
        let at = format!("{method} {path}");
        let id = "018f2f4e-7c1a-7d3e-9a55-3f5b2c9e8a10";
        let parts = path.split('/').map(|part| if part.starts_with('{') { id } else { part });
        let address = parts.collect::<Vec<_>>().join("/");
        let request = Request::builder().method(method.to_uppercase().as_str()).uri(address);
        let request = request.header("content-type", "application/json").body(Body::from("{}"));
        let got = door.send(request.expect("a request")).await;
        assert!(!got.text.contains("ROUTE_NOT_FOUND") && got.status != 405, "{at}: {}", got.text);
        let status = got.status.to_string();
        assert!(
            operation["responses"].get(&status).is_some(),
            "{at} answers {status}: {}",
            got.text
        );
        match Who::of(operation) {
            Who::Staff => assert_eq!(got.status, 401, "{at} is for staff: {}", got.text),
            Who::Anyone | Who::Owner => assert_ne!(got.status, 401, "{at}: {}", got.text),
            Who::Partner => assert!(got.status >= 400, "{at} wants a signature"),
        }
    }
}

#[test]
fn every_link_leads_to_an_operation_with_parameters_that_it_takes() {
    let known: Vec<(&str, &Value)> = operations(document())
        .map(|(_, _, operation)| (operation["operationId"].as_str().expect("a name"), operation))
        .collect();
    let find = |name: &str| known.iter().find(|(known, _)| *known == name);
    for (from, to, given) in links::named() {
        assert!(find(from).is_some(), "{from} is no operation");
        let (_, operation) = find(to).unwrap_or_else(|| panic!("{from} leads to {to}: none such"));
        let parameters = operation["parameters"].as_array().expect("parameters");
        for name in given {
            let takes = parameters.iter().any(|parameter| parameter["name"] == name);
            assert!(takes, "{from} → {to}: it has no parameter {name}");
        }
    }
}

/// A partner's messages are signed, and come from nowhere else.
#[test]
fn whatever_takes_an_id_is_led_to_by_whatever_tells_it() {
    let led: BTreeSet<&str> = links::named().map(|(_, to, _)| to).collect();
    let alone = operations(document())
        .filter(|(_, path, _)| path.contains('{') && !path.contains("/webhooks/"))
        .filter_map(|(_, _, operation)| operation["operationId"].as_str())
        .filter(|name| !led.contains(name));
    assert_eq!(alone.collect::<Vec<_>>(), Vec::<&str>::new(), "no link leads there");
}
