//! No two methods with one wire name.

use crate::errors::Errors;
use crate::model::name::WireName;
use std::collections::HashMap;
use syn::{Attribute, Ident};

/// Reports methods that clients could not tell apart. One with a `cfg` is left to the compiled table, since the other may
/// not be there together with it.
pub(crate) fn distinct<'a>(
    methods: impl Iterator<Item = (&'a Ident, &'a WireName, &'a Vec<Attribute>)>,
    attribute: &str,
    errors: &Errors,
) {
    let mut seen: HashMap<String, (&Ident, &WireName)> = HashMap::new();
    for (ident, name, cfgs) in methods {
        if !cfgs.is_empty() {
            continue;
        }
        let Some((other, other_name)) = seen.get(&name.key()) else {
            seen.insert(name.key(), (ident, name));
            continue;
        };
        let same = if name.text == other_name.text {
            format!("`{}`", name.text)
        } else {
            format!("`{}` and `{}` differ only in case and underscores", name.text, other_name.text)
        };
        let message = format!(
            "`{ident}` has the same wire name as `{other}` ({same}): \
             rename one of them, or give it another wire name with `#[{attribute}(name = \"..\")]`"
        );
        errors.push(syn::Error::new(name.span, message));
    }
}
