//! What progenitor does not generate: data contracts, builders, JSON Schemas, open enumerations, ids, and the documentation
//! of members.

use heck::ToSnakeCase;
use quote::{format_ident, quote};
use syn::{Fields, File, Item, ItemMod, ItemStruct, parse_quote};

use vitec_connect_description::{Description, Listed, Member, Schema, Shape, Type, XmlName};

use crate::builder::builder;
use crate::doc::doc;
use crate::json_schema::json_schema;

/// Adds them to `mod types` of the generated file.
pub(crate) fn add_contracts(file: &mut File, description: &Description) -> syn::Result<()> {
    let types = file.items.iter_mut().find_map(|item| match item {
        Item::Mod(ItemMod {
            ident,
            content: Some((_, items)),
            ..
        }) if ident == "types" => Some(items),
        _ => None,
    });
    let Some(types) = types else {
        return Err(syn::Error::new(
            proc_macro2::Span::call_site(),
            "progenitor generated no `mod types`",
        ));
    };
    // Of conversions that no model has.
    types.retain(|item| !matches!(item, Item::Mod(it) if it.ident == "error"));
    for (name, model) in &description.schemas {
        let items = match &model.shape {
            Shape::Object { xml, members } => {
                let generated = types.iter_mut().find_map(|item| match item {
                    Item::Struct(it) if it.ident == name => Some(it),
                    _ => None,
                });
                let Some(generated) = generated else {
                    let message = format!("typify generated no struct {name}");
                    return Err(syn::Error::new(proc_macro2::Span::call_site(), message));
                };
                let fields = document(generated, model, members)?;
                let mut items = builder(generated);
                items.extend(json_schema(generated, model.description.as_deref(), members, &fields));
                items.extend(object(name, xml, members, &fields));
                items
            }
            Shape::Enumeration { xml, names } => enumeration(name, model, xml, names),
            Shape::Id { min, max, pattern } => id(name, model, *min, *max, pattern.as_deref()),
        };
        types.extend(syn::parse2::<File>(items)?.items);
    }
    Ok(())
}

/// The first of the document's servers.
pub(crate) fn base_url(server: &str) -> Item {
    let server = server.trim_end_matches('/');
    parse_quote! {
        /// The base URL of the document's first server.
        pub const BASE_URL: &str = #server;
    }
}

/// Puts the document's own words on the struct and its fields; returns the field of each member.
fn document(generated: &mut ItemStruct, model: &Schema, members: &[Member]) -> syn::Result<Vec<syn::Ident>> {
    // typify's documentation repeats the narrowed schema in JSON, which is not the document's.
    set_doc(
        &mut generated.attrs,
        model
            .description
            .as_deref()
            .unwrap_or("No description in the document."),
    );
    generated.attrs.push(parse_quote!(#[non_exhaustive]));
    // An object without members ignores those that it does not know, like any other.
    generated.attrs.retain(|attribute| {
        let text = quote!(#attribute).to_string();
        !text.contains("deny_unknown_fields")
    });
    let Fields::Named(fields) = &mut generated.fields else {
        return Err(syn::Error::new_spanned(generated, "typify generated no named fields"));
    };
    let mut idents = Vec::new();
    for member in members {
        let field = fields.named.iter_mut().find(|field| {
            let renamed = field.attrs.iter().any(|attribute| renames_to(attribute, &member.json));
            renamed || field.ident.as_ref().is_some_and(|ident| *ident == member.json)
        });
        let Some((field, ident)) = field.and_then(|field| field.ident.clone().map(|ident| (field, ident))) else {
            let message = format!("typify generated no field for the member {:?}", member.json);
            return Err(syn::Error::new(proc_macro2::Span::call_site(), message));
        };
        set_doc(
            &mut field.attrs,
            member
                .description
                .as_deref()
                .unwrap_or("No description in the document."),
        );
        idents.push(ident);
    }
    Ok(idents)
}

fn renames_to(attribute: &syn::Attribute, name: &str) -> bool {
    let mut found = false;
    if attribute.path().is_ident("serde") {
        // Settings other than `rename` are read over: only this one is looked for.
        let _ = attribute.parse_nested_meta(|meta| {
            if meta.input.peek(syn::Token![=]) {
                let value: syn::LitStr = meta.value()?.parse()?;
                found |= meta.path.is_ident("rename") && value.value() == name;
            }
            Ok(())
        });
    }
    found
}

fn set_doc(attributes: &mut Vec<syn::Attribute>, text: &str) {
    attributes.retain(|attribute| !attribute.path().is_ident("doc"));
    let text = doc(text);
    attributes.insert(0, parse_quote!(#[doc = #text]));
}

fn object(name: &str, xml: &XmlName, members: &[Member], fields: &[syn::Ident]) -> proc_macro2::TokenStream {
    let name = format_ident!("{name}");
    let XmlName {
        name: xml_name,
        namespace,
    } = xml;
    let names = members.iter().map(|member| xml_name_tokens(&member.xml));
    let writes = members
        .iter()
        .zip(fields)
        .enumerate()
        .map(|(index, (member, field))| match &member.ty {
            Type::List(item) => {
                let item = xml_name_tokens(&item.xml);
                quote!(writer.list(&Self::MEMBERS[#index], &#item, &self.#field)?;)
            }
            _ => quote!(writer.member(&Self::MEMBERS[#index], &self.#field)?;),
        });
    // With a prefix: a member may be called `reader` or `index`.
    let locals: Vec<_> = fields.iter().map(|field| format_ident!("member_{field}")).collect();
    let reads = members
        .iter()
        .zip(&locals)
        .enumerate()
        .map(|(index, (member, local))| match &member.ty {
            Type::List(item) => {
                let item = xml_name_tokens(&item.xml);
                quote!(#index => reader.list(&mut #local, &#item)?,)
            }
            _ => quote!(#index => reader.member(&mut #local)?,),
        });
    let results = fields
        .iter()
        .zip(&locals)
        .enumerate()
        .map(|(index, (field, local))| quote!(#field: reader.finish(#local, &Self::MEMBERS[#index])?,));
    let unused = members.is_empty().then(|| quote!(#[allow(unused_variables)]));
    quote! {
        impl #name {
            /// The members, in the order in which they are written.
            const MEMBERS: &'static [crate::datacontract::Name<'static>] = &[#(#names),*];
        }
        #unused
        impl crate::datacontract::DataContract for #name {
            const NAMESPACE: &'static str = #namespace;
            fn name() -> ::std::borrow::Cow<'static, str> {
                #xml_name.into()
            }
            fn write_content(
                &self,
                writer: &mut crate::datacontract::Writer,
            ) -> ::std::result::Result<(), crate::datacontract::Error> {
                #(#writes)*
                Ok(())
            }
            fn read_content(
                reader: &mut crate::datacontract::Reader<'_>,
            ) -> ::std::result::Result<Self, crate::datacontract::Error> {
                #(let mut #locals = None;)*
                while let Some(index) = reader.next_member(Self::MEMBERS)? {
                    match index {
                        #(#reads)*
                        _ => reader.unknown()?,
                    }
                }
                Ok(Self { #(#results)* })
            }
        }
    }
}

fn xml_name_tokens(xml: &XmlName) -> proc_macro2::TokenStream {
    let XmlName { name, namespace } = xml;
    quote!(crate::datacontract::Name::new(#namespace, #name))
}

fn enumeration(name: &str, model: &Schema, xml: &XmlName, names: &[Listed]) -> proc_macro2::TokenStream {
    let name = format_ident!("{name}");
    let XmlName {
        name: xml_name,
        namespace,
    } = xml;
    let description = doc(model
        .description
        .as_deref()
        .unwrap_or("No description in the document."));
    let variants: Vec<_> = names.iter().map(|it| format_ident!("{}", it.variant)).collect();
    let texts = names.iter().map(|it| &it.name);
    let numbers = names.iter().map(|it| option(it.number));
    let docs = names.iter().map(|it| {
        let number = it.number.map_or(String::new(), |number| format!(", number {number}"));
        doc(&match &it.description {
            Some(description) => format!("`{}`{number}: {description}", it.name),
            None => format!("`{}`{number}", it.name),
        })
    });
    quote! {
        #[doc = #description]
        #[doc = ""]
        #[doc = " The vendor's list may grow, so the enumeration is open: a name or number that the document does not list is"]
        #[doc = " kept as it is."]
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum #name {
            #(#[doc = #docs] #variants,)*
            #[doc = " A name that the document does not list. The server refuses one that it does not know either."]
            Unlisted(::std::string::String),
            #[doc = " A number that the document does not list. JSON can carry it, XML cannot."]
            UnlistedValue(i32),
        }
        impl crate::datacontract::enumeration::Enumeration for #name {
            const NAME: &'static str = #xml_name;
            const NAMESPACE: &'static str = #namespace;
            const LISTED: &'static [crate::datacontract::enumeration::Listed<Self>] = &[
                #(crate::datacontract::enumeration::Listed { value: Self::#variants, name: #texts, number: #numbers },)*
            ];
            fn open(value: crate::datacontract::enumeration::Open) -> Self {
                match value {
                    crate::datacontract::enumeration::Open::Name(name) => Self::Unlisted(name),
                    crate::datacontract::enumeration::Open::Number(number) => Self::UnlistedValue(number),
                }
            }
            fn unlisted(&self) -> ::std::option::Option<crate::datacontract::enumeration::Unlisted<'_>> {
                match self {
                    Self::Unlisted(name) => Some(crate::datacontract::enumeration::Unlisted::Name(name)),
                    Self::UnlistedValue(number) => Some(crate::datacontract::enumeration::Unlisted::Number(*number)),
                    _ => None,
                }
            }
        }
        crate::datacontract::open_enumeration!(#name);
    }
}

fn id(name: &str, model: &Schema, min: u64, max: Option<u64>, pattern: Option<&str>) -> proc_macro2::TokenStream {
    let what = name.to_snake_case().replace('_', " ");
    let name = format_ident!("{name}");
    let description = doc(model
        .description
        .as_deref()
        .unwrap_or("No description in the document."));
    let length = match max {
        Some(max) => format!("{min} to {max} characters"),
        None if min == 1 => "Not empty".to_owned(),
        None => format!("At least {min} characters"),
    };
    let rule = format!(
        " {length}. What a URL parser or IIS would split, remove or refuse is refused when the id is made: control \
         characters, `/ \\ ? # % + : * & < >`, space at either end, `.` and `..`."
    );
    let (min, max) = (min as usize, option(max.map(|it| it as usize)));
    let pattern = option(pattern);
    quote! {
        #[doc = #description]
        #[doc = ""]
        #[doc = #rule]
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct #name(::std::sync::Arc<str>);
        crate::id::id!(#name, #what, #min, #max, #pattern);
    }
}

fn option(value: Option<impl quote::ToTokens>) -> proc_macro2::TokenStream {
    match value {
        Some(value) => quote!(Some(#value)),
        None => quote!(None),
    }
}
