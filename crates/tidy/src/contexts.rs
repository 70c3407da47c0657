//! Contexts stand side by side: none imports another, and subscriptions stand in one table.

use crate::{File, Flaw};

/// Crates whose modules are contexts.
const SIDES: [&str; 2] = ["commerce", "warehouse"];

/// Words that the contexts of one side share; they know no rules.
const SHARED: [&str; 2] = ["method", "units"];

/// The one place where a business is joined.
const WIRING: &str = "crates/flows/src/wiring.rs";

/// One source file.
pub fn check(file: &File) -> Vec<Flaw> {
    let mut flaws = siblings(file);
    let table =
        file.text.lines().position(|line| line.trim_start().starts_with("kernel::business!"));
    if let Some(line) = table
        && file.path != WIRING
        && !file.path.contains("/tests/")
    {
        let remedy = "add its rows to crates/flows/src/wiring.rs";
        flaws.push(Flaw::new(&file.path, line + 1, "a second table of the business", remedy));
    }
    flaws
}

fn siblings(file: &File) -> Vec<Flaw> {
    let own = SIDES.iter().find_map(|side| {
        let inside =
            file.path.strip_prefix("crates/")?.strip_prefix(side)?.strip_prefix("/src/")?;
        inside.split(['/', '.']).next()
    });
    let Some(own) = own.filter(|own| *own != "lib") else { return Vec::new() };
    let mut flaws = Vec::new();
    for (at, _) in file.text.match_indices("crate::") {
        let line = file.text[..at].lines().count().max(1);
        for name in imported(&file.text[at + "crate::".len()..]) {
            let module = name.starts_with(char::is_lowercase);
            if module && name != own && !SHARED.contains(&name) {
                let what = format!("`{own}` imports its sibling `{name}`");
                let remedy = "let a story in flows carry what it needs, in a command";
                flaws.push(Flaw::new(&file.path, line, what, remedy));
            }
        }
    }
    flaws
}

/// The first names behind `crate::`: one, or those in braces.
fn imported(rest: &str) -> Vec<&str> {
    let Some(braced) = rest.strip_prefix('{') else { return vec![word(rest)] };
    let mut names = Vec::new();
    let mut depth = 0;
    let mut begin = Some(0);
    for (at, c) in braced.char_indices() {
        match c {
            '}' if depth == 0 => break,
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => begin = Some(at + 1),
            c if !c.is_whitespace() && begin.take().is_some() => names.push(word(&braced[at..])),
            _ => {}
        }
    }
    names
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whats(path: &str, text: &str) -> Vec<String> {
        let file = File { path: path.into(), text: text.into() };
        check(&file).into_iter().map(|flaw| format!("{}: {}", flaw.line, flaw.what)).collect()
    }

    #[test]
    fn a_context_may_use_itself_and_shared_words() {
        let text = "use crate::{Goods, Units, units::{Goods, carts}};\nuse crate::picks::Pick;\n";
        assert_eq!(whats("crates/warehouse/src/picks/pick.rs", text), Vec::<String>::new());
    }

    #[test]
    fn a_context_that_imports_its_sibling_is_found() {
        let one = "\nuse crate::payments::Payment;\n";
        let expected = ["2: `orders` imports its sibling `payments`"];
        assert_eq!(whats("crates/commerce/src/orders/order.rs", one), expected);
        let many = "use crate::{\n    orders::{self, Order},\n    carts::Cart,\n};\n";
        let expected = ["1: `carts` imports its sibling `orders`"];
        assert_eq!(whats("crates/commerce/src/carts.rs", many), expected);
    }

    #[test]
    fn there_is_one_table_of_the_business() {
        let text = "use a;\nkernel::business! {\n";
        assert_eq!(whats(WIRING, text), Vec::<String>::new());
        assert_eq!(whats("crates/engine/src/tests/bank.rs", text), Vec::<String>::new());
        let expected = ["2: a second table of the business"];
        assert_eq!(whats("crates/server/src/shop.rs", text), expected);
    }
}
