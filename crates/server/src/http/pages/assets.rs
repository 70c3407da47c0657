//! Style, scripts and templates, built into the program.

use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

/// Name and text of each template.
pub(super) const TEMPLATES: &[(&str, &str)] = &[
    ("frame.html", include_str!("../../../assets/templates/frame.html")),
    ("home.html", include_str!("../../../assets/templates/home.html")),
    ("pulse.html", include_str!("../../../assets/templates/pulse.html")),
    ("story.html", include_str!("../../../assets/templates/story.html")),
    ("moment.html", include_str!("../../../assets/templates/moment.html")),
    ("reference.html", include_str!("../../../assets/templates/reference.html")),
    ("sign_in.html", include_str!("../../../assets/templates/sign_in.html")),
    ("problem.html", include_str!("../../../assets/templates/problem.html")),
];

/// Name, media type and text of what pages refer to.
const FILES: &[(&str, &str, &str)] = &[
    ("cartage.css", "text/css; charset=utf-8", include_str!("../../../assets/cartage.css")),
    ("pulse.js", "text/javascript; charset=utf-8", include_str!("../../../assets/pulse.js")),
    ("story.js", "text/javascript; charset=utf-8", include_str!("../../../assets/story.js")),
    ("cartage.svg", "image/svg+xml", include_str!("../../../assets/cartage.svg")),
];

/// Where a file is; another text has another address, so browsers may keep each for ever.
pub(super) fn address(name: &str) -> String {
    let text = FILES.iter().find(|file| file.0 == name).map_or("", |file| file.2);
    let digest = Sha256::digest(text);
    let print: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("/assets/{name}?v={print}")
}

/// A file.
pub(super) async fn serve(Path(name): Path<String>) -> Response {
    file(&name)
}

/// What browsers ask for without being told.
pub(super) async fn icon() -> Response {
    file("cartage.svg")
}

fn file(name: &str) -> Response {
    let Some((_, kind, text)) = FILES.iter().find(|file| file.0 == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kept = HeaderValue::from_static("public, max-age=31536000, immutable");
    let headers =
        [(header::CONTENT_TYPE, HeaderValue::from_static(kind)), (header::CACHE_CONTROL, kept)];
    (headers, *text).into_response()
}
