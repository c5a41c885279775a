//! Names in Rust, made of names in the document.

use heck::{ToSnakeCase, ToUpperCamelCase};

/// Types that the generated code has besides the document's own.
const OWN_TYPES: [&str; 5] = ["Base64", "Client", "DateTime", "Guid", "Self"];

/// A name that typify leaves as it is: `A.B.C` is `ABC`, and that in turn `Abc`.
pub(crate) fn type_name(name: &str) -> String {
    let mut name = name.to_upper_camel_case();
    loop {
        let again = name.to_upper_camel_case();
        if again == name {
            return name;
        }
        name = again;
    }
}

pub(crate) fn is_type_name(name: &str) -> bool {
    syn::parse_str::<syn::Ident>(name).is_ok() && !OWN_TYPES.contains(&name)
}

/// The name of a method or an argument, where there is one that Rust takes.
pub(crate) fn value_name(name: &str) -> Option<String> {
    let name = name.to_snake_case();
    syn::parse_str::<syn::Ident>(&name).is_ok().then_some(name)
}
