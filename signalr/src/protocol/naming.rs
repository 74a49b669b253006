//! How the members of structs are named on the wire.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How the members of structs are named on the wire: a property of a hub, set by [`Hub::naming`](crate::Hub::naming).
///
/// In JSON a struct is an object, as in .NET, with either naming, and so is a variant with named members: a list of their values is not
/// read as one, though other readers for serde take it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Naming {
    /// As serde has them: the names of the fields, or what `#[serde(rename)]` and `#[serde(rename_all)]` made of them.
    #[default]
    AsDeclared,
    /// As .NET has them by default: `user_name` is `userName` in JSON, and `UserName` in MessagePack.
    ///
    /// JSON names are read in any case, and also with the underscores that they are declared with; MessagePack names are read
    /// only as they are written. Unknown ones are skipped. A list is not read as a struct, in MessagePack either. It does not
    /// matter whether the fields are declared in `snake_case`, `camelCase` or `PascalCase`. Names that could not be those of a member,
    /// such as `$type` or `content-type`, stay as they are, and so do the keys of maps and the names of variants.
    ///
    /// Received values may be nested 250 levels deep in MessagePack, instead of 500.
    ///
    /// serde hands over structs with `#[serde(flatten)]` as maps, so their own names stay as they are too. What is read
    /// into flattened members, and into enums that are untagged or have `#[serde(tag)]`, serde collects before it knows the
    /// type: there, names are read only as they are declared, so declare those in .NET's form, with `#[serde(alias)]` for
    /// the second one.
    DotNet,
}

/// The declared names of a struct's members.
pub(super) type Members = &'static [&'static str];

/// The names of members in one protocol. Those that are declared cost nothing where values are written, as this is chosen per
/// value.
pub(super) trait Names: 'static {
    /// The name that is written for a member.
    fn written(declared: &'static str) -> &'static str;

    /// Whether a received name is that of a member.
    fn is_meant(declared: &str, received: &str) -> bool;
}

/// Names as serde has them.
#[cfg_attr(not(feature = "msgpack"), allow(dead_code))]
pub(super) struct Declared;

/// .NET's names in JSON.
pub(super) struct Camel;

/// .NET's names in MessagePack.
#[cfg_attr(not(feature = "msgpack"), allow(dead_code))]
pub(super) struct Pascal;

impl Names for Declared {
    #[inline(always)]
    fn written(declared: &'static str) -> &'static str {
        declared
    }

    fn is_meant(declared: &str, received: &str) -> bool {
        declared == received
    }
}

impl Names for Camel {
    fn written(declared: &'static str) -> &'static str {
        thread_local!(static MADE: RefCell<Made> = RefCell::default());
        static ALL: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());
        MADE.with(|made| written(made, &ALL, declared, camel))
    }

    fn is_meant(declared: &str, received: &str) -> bool {
        if !is_identifier(declared) {
            return declared == received;
        }
        let received = small(received);
        small(declared).filter(|&letter| letter != '_').eq(received.clone()) || small(declared).eq(received)
    }
}

impl Names for Pascal {
    fn written(declared: &'static str) -> &'static str {
        thread_local!(static MADE: RefCell<Made> = RefCell::default());
        static ALL: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());
        MADE.with(|made| written(made, &ALL, declared, pascal))
    }

    fn is_meant(declared: &str, received: &str) -> bool {
        if is_identifier(declared) { pascal_letters(declared).eq(received.chars()) } else { declared == received }
    }
}

/// The declared name of the member that a received name means; an empty one for a name that is declared but not the one on the
/// wire, which is an unknown one too. `next` is the place of the member that is expected.
pub(super) fn declared<'a, N: Names>(members: Members, next: &mut usize, received: &'a str) -> &'a str {
    let (before, after) = members.split_at_checked(*next).unwrap_or_default();
    let after = after.iter().enumerate().map(|(place, member)| (*next + place, *member));
    let mut candidates = after.chain(before.iter().copied().enumerate());
    match candidates.find(|(_, member)| N::is_meant(member, received)) {
        Some((place, declared)) => {
            *next = place + 1;
            declared
        }
        None if members.contains(&received) => "",
        None => received,
    }
}

/// The names that this thread has made, by the place and length of the declared ones, which never move.
type Made = HashMap<(usize, usize), &'static str>;

/// The name for a declared one, made on first use.
///
/// serde takes the names of members as `&'static str` only. What is made is kept for good: as much as the program itself
/// has names, since no peer can add any.
fn written(
    made: &RefCell<Made>,
    all: &Mutex<Vec<&'static str>>,
    declared: &'static str,
    make: fn(&str) -> String,
) -> &'static str {
    let mut made = made.borrow_mut();
    made.entry((declared.as_ptr().addr(), declared.len())).or_insert_with(|| {
        let name = make(declared);
        if name == declared {
            return declared;
        }
        let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.iter().find(|known| **known == name) {
            return known;
        }
        let name: &'static str = name.leak();
        all.push(name);
        name
    })
}

/// Whether a name can be that of a member in .NET, and has a letter.
fn is_identifier(name: &str) -> bool {
    name.chars().all(|letter| letter.is_alphanumeric() || letter == '_') && name.contains(char::is_alphabetic)
}

fn small(name: &str) -> impl Iterator<Item = char> + Clone + '_ {
    name.chars().flat_map(char::to_lowercase)
}

/// `user_name` and `userName` as `UserName`.
fn pascal(declared: &str) -> String {
    if is_identifier(declared) { pascal_letters(declared).collect() } else { declared.to_owned() }
}

fn pascal_letters(declared: &str) -> impl Iterator<Item = char> + '_ {
    let mut first = true;
    declared.chars().filter_map(move |letter| {
        if letter == '_' {
            first = true;
            return None;
        }
        Some(if std::mem::take(&mut first) { only(letter.to_uppercase(), letter) } else { letter })
    })
}

/// `user_name` and `UserName` as `userName`: the capitals at the start become small, but not the one that begins the next
/// word, as in `xmlFile` for `XMLFile`.
fn camel(declared: &str) -> String {
    let name = pascal(declared);
    if !is_identifier(declared) {
        return name;
    }
    let mut letters = name.chars().peekable();
    let mut camel = String::with_capacity(name.len());
    while let Some(letter) = letters.next_if(|letter| letter.is_uppercase()) {
        let begins_word = !camel.is_empty() && letters.peek().is_some_and(|next| !next.is_uppercase());
        camel.push(if begins_word { letter } else { only(letter.to_lowercase(), letter) });
        if begins_word {
            break;
        }
    }
    camel.extend(letters);
    camel
}

/// The letter in its other case, if that is a single one.
fn only(mut changed: impl ExactSizeIterator<Item = char>, letter: char) -> char {
    if changed.len() == 1 { changed.next().unwrap_or(letter) } else { letter }
}

#[cfg(test)]
mod values;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_dotnet() {
        for (declared, json, messagepack) in [
            ("text", "text", "Text"),
            ("user_name", "userName", "UserName"),
            ("userName", "userName", "UserName"),
            ("UserName", "userName", "UserName"),
            ("_hidden__field_", "hiddenField", "HiddenField"),
            ("line_1", "line1", "Line1"),
            ("ID", "id", "ID"),
            ("XMLFile", "xmlFile", "XMLFile"),
            ("userID", "userID", "UserID"),
            ("x_position", "xPosition", "XPosition"),
            ("X", "x", "X"),
            ("ID2", "iD2", "ID2"),
            ("größe", "größe", "Größe"),
            ("über_uns", "überUns", "ÜberUns"),
            ("ß", "ß", "ß"),
            ("名前", "名前", "名前"),
        ] {
            assert_eq!(Camel::written(declared), json, "{declared}");
            assert_eq!(Declared::written(declared), declared);
            assert_eq!(Pascal::written(declared), messagepack, "{declared}");
            assert!(Camel::is_meant(declared, json) && Camel::is_meant(declared, &messagepack.to_lowercase()));
            assert!(Pascal::is_meant(declared, messagepack), "{declared}");
        }
    }

    #[test]
    fn names_of_no_member_stay_as_they_are() {
        for name in ["", "_", "$type", "content-type", "$serde_json::private::RawValue", "1", "a b"] {
            assert_eq!(Camel::written(name), name);
            assert_eq!(Pascal::written(name), name);
            assert!(Camel::is_meant(name, name) && Pascal::is_meant(name, name));
        }
        assert!(!Camel::is_meant("$type", "$Type"));
    }

    #[test]
    fn json_is_read_in_any_case_and_messagepack_as_it_is_written() {
        for received in ["userName", "UserName", "USERNAME", "username", "user_name", "USER_NAME"] {
            assert!(Camel::is_meant("user_name", received), "{received}");
            assert_eq!(Pascal::is_meant("user_name", received), received == "UserName", "{received}");
        }
        for received in ["", "user", "usernames", "user-name", "use_rname"] {
            assert!(!Camel::is_meant("user_name", received), "{received}");
        }
    }

    #[test]
    fn a_name_is_made_once_for_all_threads() {
        let here = Pascal::written("made_once");
        let there = std::thread::spawn(|| Pascal::written("made_once")).join().unwrap();
        assert!(std::ptr::eq(here, there));
    }
}
