//! Calls by name: for each operation its entry in the table, and the function that makes the typed call.

use proc_macro2::TokenStream;
use quote::quote;
use vitec_connect_description::Type;

use crate::methods::{Argument, Method, is_copied};

/// What a call by name needs to know of the operation.
pub(crate) fn entry(method: &Method<'_>) -> TokenStream {
    let Method { name, operation, .. } = method;
    let id = &operation.id;
    let checks = operation.parameters.iter().map(|parameter| {
        let wire = &parameter.name;
        let ty = match &parameter.ty {
            Type::List(item) => method.owned(&item.ty),
            ty => method.owned(ty),
        };
        quote!(#wire => arguments.list::<#ty>(name).map(|_| ()),)
    });
    let checks: Vec<TokenStream> = checks.collect();
    let body = match operation.body.as_ref().map(|it| &it.content.ty) {
        None => quote!(|_, _| Ok(None)),
        Some(Type::Binary) => quote!(|arguments, _| arguments.optional_body_bytes()),
        Some(ty) => {
            let ty = method.owned(ty);
            quote!(|arguments, media_type| arguments.encoded_body::<#ty>(media_type))
        }
    };
    let check = match checks.is_empty() {
        true => quote!(|_, _| Ok(())),
        false => quote! {
            |arguments, name| match name {
                #(#checks)*
                _ => Ok(()),
            }
        },
    };
    quote! {
        crate::operation::ByName {
            id: #id,
            call: by_name::#name,
            body: #body,
            check: #check,
        }
    }
}

/// Makes the typed call of what is given by name.
pub(crate) fn function(method: &Method<'_>) -> TokenStream {
    let Method { name, operation, .. } = method;
    let mut passed = Vec::new();
    if !method.has_key() {
        passed.push(quote!(&arguments.customer()?));
    }
    for Argument { parameter, .. } in &method.required {
        let wire = &parameter.name;
        passed.push(match &parameter.ty {
            _ if operation.credentials_key.as_ref() == Some(wire) => quote!(&arguments.key(#wire)?),
            Type::List(item) => {
                let ty = method.owned(&item.ty);
                quote!(&arguments.required_list::<#ty>(#wire)?)
            }
            ty => {
                let owned = method.owned(ty);
                let reference = (!is_copied(ty)).then(|| quote!(&));
                quote!(#reference arguments.required::<#owned>(#wire)?)
            }
        });
    }
    if let Some((_, body)) = &method.body {
        passed.push(match (&body.content.ty, body.required) {
            (Type::Binary, true) => quote!(arguments.body_bytes()?),
            (Type::Binary, false) => quote!(arguments.optional_body_bytes()?),
            (Type::Text, false) => quote!(arguments.optional_body::<::std::string::String>()?.as_deref()),
            (ty, true) => {
                let ty = method.owned(ty);
                quote!(&arguments.body::<#ty>()?)
            }
            (ty, false) => {
                let ty = method.owned(ty);
                quote!(arguments.optional_body::<#ty>()?.as_ref())
            }
        });
    }
    let names = method.setter_names();
    let optional = names.iter().map(|(setter, parameter)| {
        let wire = &parameter.name;
        let (get, reference) = match &parameter.ty {
            Type::List(item) => {
                let ty = method.owned(&item.ty);
                (quote!(list::<#ty>), quote!(&))
            }
            ty => {
                let owned = method.owned(ty);
                let reference = (!is_copied(ty)).then(|| quote!(&));
                (quote!(optional::<#owned>), quote!(#reference))
            }
        };
        quote! {
            if let Some(value) = arguments.#get(#wire)? {
                call = call.#setter(#reference value);
            }
        }
    });
    let mutable = (!names.is_empty()).then(|| quote!(mut));
    let read = match operation
        .answer
        .content
        .as_ref()
        .is_some_and(|it| it.ty == Type::Binary)
    {
        true if operation.answer.optional => {
            quote!(|bytes| crate::operation::json(bytes.map(|it| crate::datacontract::Base64(it.into()))))
        }
        true => quote!(|bytes| crate::operation::json(crate::datacontract::Base64(bytes.into()))),
        false => quote!(crate::operation::json),
    };
    let allow = operation.deprecated.then(|| quote!(#[allow(deprecated)]));
    quote! {
        #allow
        pub(super) fn #name(
            client: &crate::Client,
            arguments: &crate::operation::Arguments,
        ) -> ::std::result::Result<crate::Call<::serde_json::Value>, crate::Error> {
            let #mutable call = client.#name(#(#passed),*);
            #(#optional)*
            Ok(call.map(#read))
        }
    }
}
