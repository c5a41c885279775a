//! The JSON Schema of a model, as schemars' derive would give it: that would have its macros compiled for it.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Field, ItemStruct};

use vitec_connect_description::{Limits, Member};

/// What is said where the document says nothing.
const NOTHING: &str = "No description in the document.";

/// `idents` are the fields of the members.
pub(crate) fn json_schema(
    model: &ItemStruct,
    description: Option<&str>,
    members: &[Member],
    idents: &[syn::Ident],
) -> TokenStream {
    let ident = &model.ident;
    let name = ident.to_string();
    let description = description.unwrap_or(NOTHING).trim();
    // In the order of the fields, in which a derive would list them.
    let members: Vec<(&Field, &Member)> = model
        .fields
        .iter()
        .filter_map(|field| {
            let place = idents.iter().position(|ident| Some(ident) == field.ident.as_ref())?;
            Some((field, members.get(place)?))
        })
        .collect();
    let properties = members.iter().map(|(field, member)| {
        let (ty, json) = (&field.ty, &member.json);
        let description = member.description.as_deref().unwrap_or(NOTHING).trim();
        let limits = limits(&member.limits);
        quote! {
            let mut member = generator.subschema_for::<#ty>();
            member.insert("description".into(), #description.into());
            #limits
            properties.insert(#json.into(), member.into());
        }
    });
    let required: Vec<_> = members
        .iter()
        .filter(|(_, it)| it.required)
        .map(|(_, it)| &it.json)
        .collect();
    let required = (!required.is_empty()).then(|| quote!("required": [#(#required),*],));
    let unused = members
        .is_empty()
        .then(|| quote!(#[allow(unused_mut, unused_variables)]));
    quote! {
        #unused
        impl ::schemars::JsonSchema for #ident {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                #name.into()
            }
            fn schema_id() -> ::std::borrow::Cow<'static, str> {
                ::std::concat!(::std::module_path!(), "::", #name).into()
            }
            fn json_schema(generator: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                let mut properties = ::serde_json::Map::new();
                #(#properties)*
                ::schemars::json_schema!({
                    "type": "object",
                    "description": #description,
                    "properties": properties,
                    #required
                })
            }
        }
    }
}

/// What the document demands beside the type, in the words of JSON Schema.
fn limits(limits: &Limits) -> TokenStream {
    let entry = |name: &str, value: Option<TokenStream>| {
        value.map(|value| quote!(member.insert(#name.into(), ::serde_json::Value::from(#value));))
    };
    let Limits {
        min_length,
        max_length,
        pattern,
        minimum,
        maximum,
        values,
    } = limits;
    let number = |it: &f64| match it.fract() == 0.0 && it.abs() < 9e15 {
        true => {
            let whole = *it as i64;
            quote!(#whole)
        }
        false => quote!(#it),
    };
    let entries = [
        entry("minLength", min_length.map(|it| quote!(#it))),
        entry("maxLength", max_length.map(|it| quote!(#it))),
        entry("pattern", pattern.as_ref().map(|it| quote!(#it))),
        entry("minimum", minimum.as_ref().map(number)),
        entry("maximum", maximum.as_ref().map(number)),
        entry("enum", (!values.is_empty()).then(|| quote!(::std::vec![#(#values),*]))),
    ];
    entries.into_iter().flatten().collect()
}
