//! The JSON Schema of a model, as schemars' derive would give it: that would have its macros compiled for it.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Expr, ExprLit, Field, ItemStruct, Lit, Meta};

use crate::contracts::Member;

/// `idents` are the fields of the members.
pub(crate) fn json_schema(model: &ItemStruct, members: &[Member<'_>], idents: &[syn::Ident]) -> TokenStream {
    let ident = &model.ident;
    let name = ident.to_string();
    let description = description(&model.attrs);
    // In the order of the fields, in which a derive would list them.
    let members: Vec<(&Field, &Member<'_>)> = model
        .fields
        .iter()
        .filter_map(|field| {
            let place = idents.iter().position(|ident| Some(ident) == field.ident.as_ref())?;
            Some((field, members.get(place)?))
        })
        .collect();
    let properties = members.iter().map(|(field, member)| {
        let (ty, json, description) = (&field.ty, &member.json, self::description(&field.attrs));
        quote! {
            let mut member = generator.subschema_for::<#ty>();
            member.insert("description".into(), #description.into());
            properties.insert(#json.into(), member.into());
        }
    });
    let required: Vec<_> = members
        .iter()
        .filter(|(_, it)| it.required)
        .map(|(_, it)| &it.json)
        .collect();
    let required = (!required.is_empty()).then(|| quote!("required": [#(#required),*],));
    quote! {
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

/// The documentation, without the space in front of each line.
fn description(attributes: &[Attribute]) -> String {
    let texts = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(it) if it.path.is_ident("doc") => match &it.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text), ..
            }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    });
    let text = texts.collect::<Vec<_>>().join("\n");
    let lines = text.lines().map(|line| line.strip_prefix(' ').unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}
