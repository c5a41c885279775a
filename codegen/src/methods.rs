//! The client's methods: one for each operation, async and blocking. Each makes a `Call` of the request that progenitor's
//! operation of that name makes.

use heck::ToUpperCamelCase;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Ident;

use vitec_connect_description::{Body, Description, Operation, Parameter, Place, Shape, Type};

use crate::by_name;
use crate::doc::doc;

/// What `Call` has besides the optional parameters of an operation.
const CALL_METHODS: [&str; 10] = [
    "header",
    "header_parameter",
    "into_future",
    "map",
    "new",
    "preview",
    "query",
    "receipt",
    "send",
    "with_answer",
];

/// All of them.
pub(crate) fn methods(description: &Description, progenitors: &syn::File) -> TokenStream {
    let operations = description.operations.iter();
    let methods: Vec<_> = operations.map(|it| Method::of(it, description, progenitors)).collect();
    let of_async = methods.iter().map(Method::of_async);
    let of_blocking = methods.iter().map(Method::of_blocking);
    let markers = methods.iter().filter_map(Method::marker);
    let setters = methods.iter().filter_map(Method::setters);
    let by_name = methods.iter().map(by_name::function);
    let entries = methods.iter().map(by_name::entry);
    let count = methods.len();
    quote! {
        /// The operations that have optional parameters.
        pub mod operations {
            #(#markers)*
        }
        #[allow(clippy::too_many_arguments, clippy::ptr_arg)]
        impl crate::Client {
            #(#of_async)*
        }
        #[cfg(feature = "blocking")]
        #[allow(clippy::too_many_arguments, clippy::ptr_arg)]
        impl crate::blocking::Client {
            #(#of_blocking)*
        }
        #(#setters)*
        /// Each operation as a call by its name in the document.
        pub(crate) const BY_NAME: [crate::operation::ByName; #count] = [#(#entries),*];
        mod by_name {
            use super::types;
            #(#by_name)*
        }
    }
}

pub(crate) struct Method<'a> {
    pub(crate) operation: &'a Operation,
    description: &'a Description,
    pub(crate) name: Ident,
    /// The first argument: the customer. In a call by name it is made like any other.
    key: Ident,
    pub(crate) required: Vec<Argument<'a>>,
    optional: Vec<Argument<'a>>,
    pub(crate) body: Option<(Ident, &'a Body)>,
    /// All parameters, in the order of progenitor's operation.
    handed_on: Vec<&'a Parameter>,
}

pub(crate) struct Argument<'a> {
    pub(crate) parameter: &'a Parameter,
    ident: Ident,
}

impl<'a> Method<'a> {
    fn of(operation: &'a Operation, description: &'a Description, progenitors: &syn::File) -> Self {
        let argument = |parameter: &'a Parameter| Argument {
            parameter,
            ident: format_ident!("{}", parameter.argument),
        };
        let (required, optional): (Vec<_>, Vec<_>) = operation.parameters.iter().partition(|it| it.required);
        let mut taken: Vec<String> = operation.parameters.iter().map(|it| it.argument.clone()).collect();
        let mut free = |mut name: String| {
            while taken.contains(&name) {
                name.push('_');
            }
            taken.push(name.clone());
            format_ident!("{name}")
        };
        let key = operation.credentials_key.as_ref();
        let key = key.and_then(|key| operation.parameters.iter().find(|it| it.name == *key));
        let key = match key {
            Some(parameter) => format_ident!("{}", parameter.argument),
            None => free("customer_id".to_owned()),
        };
        let body = operation.body.as_ref().map(|body| {
            let name = crate::names::value_name(&body.parameter).unwrap_or_else(|| "body".to_owned());
            (free(name), body)
        });
        Self {
            operation,
            description,
            name: format_ident!("{}", operation.name),
            key,
            required: required.into_iter().map(argument).collect(),
            optional: optional.into_iter().map(argument).collect(),
            body,
            handed_on: {
                let order = arguments_of(progenitors, &operation.name);
                let mut parameters: Vec<_> = operation.parameters.iter().collect();
                parameters.sort_by_key(|it| order.iter().position(|name| *name == it.argument));
                parameters
            },
        }
    }

    pub(crate) fn has_key(&self) -> bool {
        self.operation.credentials_key.is_some()
    }

    /// `&self` and what follows, and how they are handed on.
    fn arguments(&self) -> (TokenStream, TokenStream) {
        let mut declared = Vec::new();
        let mut passed = Vec::new();
        if !self.has_key() {
            let key = &self.key;
            declared.push(quote!(#key: &types::CustomerId));
            passed.push(quote!(#key));
        }
        for Argument { parameter, ident } in &self.required {
            let ty = self.borrowed(&parameter.ty);
            declared.push(quote!(#ident: #ty));
            passed.push(quote!(#ident));
        }
        if let Some((ident, body)) = &self.body {
            let ty = self.body_type(body);
            declared.push(quote!(#ident: #ty));
            passed.push(quote!(#ident));
        }
        (quote!(&self, #(#declared),*), quote!(#(#passed),*))
    }

    fn of_async(&self) -> TokenStream {
        let Self {
            name, operation, key, ..
        } = self;
        let docs = self.docs();
        let deprecated = operation.deprecated.then(|| quote!(#[deprecated]));
        let (arguments, _) = self.arguments();
        let output = self.output();
        let method_name = &operation.name;
        let effect = match (operation.method.as_str(), operation.deliver) {
            (_, true) => quote!(Creates),
            ("GET" | "HEAD" | "OPTIONS" | "TRACE", _) => quote!(Reads),
            _ => quote!(Changes),
        };
        let passed = self.handed_on.iter().map(|parameter| {
            let ident = format_ident!("{}", parameter.argument);
            match (&parameter.ty, parameter.required) {
                (_, false) => quote!(None),
                (Type::List(_), true) => quote!(&#ident.to_vec()),
                (_, true) => quote!(#ident),
            }
        });
        let about = self.required.iter().filter_map(|Argument { parameter, ident }| {
            let is_key = operation.credentials_key.as_ref() == Some(&parameter.name);
            let name = &parameter.name;
            let is_id = matches!(self.description.shape(&parameter.ty), Some(Shape::Id { .. }));
            match (parameter.place, is_id) {
                _ if is_key => None,
                (Place::Path, true) => Some(quote!(.about(#name, #ident.shared()))),
                (Place::Path, false) => Some(quote!(.about(#name, #ident.to_string().into()))),
                _ => None,
            }
        });
        let headers: Vec<_> = operation
            .parameters
            .iter()
            .filter(|it| it.place == Place::Header)
            .map(|it| &it.name)
            .collect();
        let headers = (!headers.is_empty()).then(|| quote!(.header_parameters(&[#(#headers),*])));
        let content = operation.answer.content.as_ref();
        let accept = content.filter(|it| it.ty == Type::Binary).map(|it| {
            let media_types = it.media_types.join(", ");
            quote!(.accept(#media_types))
        });
        let body = self.body.as_ref().map(|(ident, body)| {
            let media_type = body.content.media_types.first();
            match (&body.content.ty, body.required) {
                (Type::Binary, true) => quote!(.bytes(#media_type, Some(#ident))),
                (Type::Binary, false) => quote!(.bytes(#media_type, #ident)),
                (Type::Text, true) => quote!(.body(Some(&#ident.to_owned()))),
                (Type::Text, false) => quote!(.body(#ident.map(str::to_owned).as_ref())),
                (_, true) => quote!(.body(Some(#ident))),
                (_, false) => quote!(.body(#ident)),
            }
        });
        let read = self.read();
        quote! {
            #docs
            #deprecated
            pub fn #name(#arguments) -> crate::Call<#output> {
                let exchange = crate::exchange::Exchange::new(
                    self,
                    #method_name,
                    crate::error::Effect::#effect,
                    #key,
                    async |operations| operations.#name(#(#passed),*).await,
                ) #(#about)* #headers #accept #body;
                crate::Call::new(exchange, #read)
            }
        }
    }

    fn of_blocking(&self) -> TokenStream {
        let Self { name, operation, .. } = self;
        let deprecated = operation.deprecated.then(|| quote!(#[deprecated]));
        let allow = operation.deprecated.then(|| quote!(#[allow(deprecated)]));
        let (arguments, passed) = self.arguments();
        let output = self.output();
        let doc = format!(" See [`crate::Client::{name}`].");
        quote! {
            #[doc = #doc]
            #deprecated
            #allow
            pub fn #name(#arguments) -> crate::blocking::Call<#output> {
                self.call(self.client.#name(#passed))
            }
        }
    }

    /// The summary, the description, the arguments, and what an error says.
    fn docs(&self) -> TokenStream {
        let operation = self.operation;
        let mut lines = Vec::new();
        let summary = operation.summary.clone().unwrap_or_else(|| operation.id.clone());
        lines.push(doc(&format!("{}.", summary.trim().trim_end_matches('.'))));
        lines.push(String::new());
        lines.push(format!(" `{} {}`", operation.method, operation.path));
        if let Some(description) = &operation.description {
            lines.extend([String::new(), doc(description)]);
        }
        let mut arguments = Vec::new();
        if !self.has_key() {
            arguments.push(format!(
                " - `{}`: The customer whose credentials serve; it is not sent.",
                self.key
            ));
        }
        let described = |argument: &str, text: Option<&str>| {
            let text = text.unwrap_or("No description in the document.");
            format!(
                " - `{argument}`: {}",
                doc(&text.split_whitespace().collect::<Vec<_>>().join(" ")).trim()
            )
        };
        for Argument { parameter, ident } in &self.required {
            arguments.push(described(&ident.to_string(), parameter.description.as_deref()));
        }
        if let Some((ident, body)) = &self.body {
            arguments.push(described(&ident.to_string(), body.description.as_deref()));
        }
        lines.extend([String::new(), " # Arguments".to_owned()]);
        lines.extend(arguments);
        if !self.optional.is_empty() {
            let names: Vec<_> = self
                .setter_names()
                .iter()
                .map(|(name, _)| format!("`{name}`"))
                .collect();
            lines.push(String::new());
            lines.push(format!(" Optional, as methods of the call: {}.", names.join(", ")));
        }
        if let Some(text) = operation.answer.description.as_deref() {
            lines.extend([String::new(), " # Answer".to_owned(), doc(text)]);
        }
        lines.extend([String::new(), " # Errors".to_owned()]);
        lines.push(match (operation.deliver, operation.method.as_str()) {
            (true, _) => " [`Error::outcome`](crate::Error::outcome) says whether it may have been created. The operation is not idempotent: after \
                          [`Outcome::Unknown`](crate::Outcome::Unknown) look in Vitec before sending it again.".to_owned(),
            (false, "GET" | "HEAD" | "OPTIONS" | "TRACE") => " It only reads: after any error nothing is left behind, and it can be made again.".to_owned(),
            _ => " [`Error::outcome`](crate::Error::outcome) says whether it may have been carried out: after \
                  [`Outcome::Unknown`](crate::Outcome::Unknown) look in Vitec before making it again.".to_owned(),
        });
        let lines = lines.iter().flat_map(|it| it.split('\n'));
        quote!(#(#[doc = #lines])*)
    }

    /// What the call gives, and the operation whose optional parameters it has.
    fn output(&self) -> TokenStream {
        let value = self.value();
        match self.optional.is_empty() {
            true => value,
            false => {
                let marker = self.marker_name();
                quote!(#value, operations::#marker)
            }
        }
    }

    fn value(&self) -> TokenStream {
        let answer = &self.operation.answer;
        let content = answer.content.as_ref().map(|it| self.owned(&it.ty));
        match (content, answer.optional) {
            (None, _) => quote!(()),
            (Some(ty), false) => ty,
            (Some(ty), true) => quote!(::std::option::Option<#ty>),
        }
    }

    fn read(&self) -> TokenStream {
        let answer = &self.operation.answer;
        let Some(content) = &answer.content else {
            return quote!(crate::answer::nothing);
        };
        let media_types = &content.media_types;
        match (&content.ty, answer.optional) {
            (Type::Binary, false) => quote!(crate::answer::bytes(&[#(#media_types),*])),
            (Type::Binary, true) => quote!(crate::answer::optional_bytes(&[#(#media_types),*])),
            (_, false) => quote!(crate::answer::content),
            (_, true) => quote!(crate::answer::optional),
        }
    }

    fn marker_name(&self) -> Ident {
        format_ident!("{}", self.operation.name.to_upper_camel_case())
    }

    fn marker(&self) -> Option<TokenStream> {
        if self.optional.is_empty() {
            return None;
        }
        let marker = self.marker_name();
        let doc = format!(" See [`crate::Client::{}`].", self.name);
        Some(quote! {
            #[doc = #doc]
            #[derive(Debug)]
            pub enum #marker {}
        })
    }

    /// The name of each optional parameter's setter.
    pub(crate) fn setter_names(&self) -> Vec<(Ident, &Parameter)> {
        let setter = |it: &Argument<'a>| match CALL_METHODS.contains(&it.parameter.argument.as_str()) {
            true => format_ident!("{}_", it.parameter.argument),
            false => it.ident.clone(),
        };
        self.optional.iter().map(|it| (setter(it), it.parameter)).collect()
    }

    fn setters(&self) -> Option<TokenStream> {
        if self.optional.is_empty() {
            return None;
        }
        let output = self.output();
        let names = self.setter_names();
        let of_async = names.iter().map(|(name, parameter)| {
            let docs = doc(parameter
                .description
                .as_deref()
                .unwrap_or("No description in the document."));
            let ty = self.borrowed(&parameter.ty);
            let wire = &parameter.name;
            let set = match parameter.place {
                Place::Header => quote!(self.header_parameter(#wire, &value)),
                _ => quote!(self.query(#wire, &value)),
            };
            quote! {
                #[doc = #docs]
                pub fn #name(self, value: #ty) -> Self {
                    #set
                }
            }
        });
        let of_blocking = names.iter().map(|(name, parameter)| {
            let docs = doc(parameter
                .description
                .as_deref()
                .unwrap_or("No description in the document."));
            let ty = self.borrowed(&parameter.ty);
            quote! {
                #[doc = #docs]
                pub fn #name(self, value: #ty) -> Self {
                    self.with(|call| call.#name(value))
                }
            }
        });
        Some(quote! {
            impl crate::Call<#output> {
                #(#of_async)*
            }
            #[cfg(feature = "blocking")]
            impl crate::blocking::Call<#output> {
                #(#of_blocking)*
            }
        })
    }

    /// A value that is handed over.
    fn borrowed(&self, ty: &Type) -> TokenStream {
        match ty {
            Type::Text => quote!(&str),
            Type::List(item) => {
                let item = self.owned(&item.ty);
                quote!(&[#item])
            }
            ty => {
                let reference = (!is_copied(ty)).then(|| quote!(&));
                let ty = self.owned(ty);
                quote!(#reference #ty)
            }
        }
    }

    fn body_type(&self, body: &Body) -> TokenStream {
        let ty = match &body.content.ty {
            Type::Text => quote!(&str),
            Type::Binary => quote!(::bytes::Bytes),
            ty if is_copied(ty) => {
                let ty = self.owned(ty);
                quote!(&#ty)
            }
            ty => {
                let ty = self.owned(ty);
                quote!(&#ty)
            }
        };
        match body.required {
            true => ty,
            false => quote!(::std::option::Option<#ty>),
        }
    }

    pub(crate) fn owned(&self, ty: &Type) -> TokenStream {
        match ty {
            Type::Text => quote!(::std::string::String),
            Type::DateTime => quote!(crate::DateTime),
            Type::Boolean => quote!(bool),
            Type::Int16 => quote!(i16),
            Type::Int32 => quote!(i32),
            Type::Int64 => quote!(i64),
            Type::Float => quote!(f32),
            Type::Double => quote!(f64),
            Type::Uuid => quote!(crate::datacontract::Uuid),
            Type::Bytes => quote!(crate::datacontract::Base64),
            Type::Binary => quote!(::bytes::Bytes),
            Type::Schema(name) => {
                let name = format_ident!("{name}");
                quote!(types::#name)
            }
            Type::List(item) => {
                let item = self.owned(&item.ty);
                quote!(::std::vec::Vec<#item>)
            }
            Type::Dictionary(item) => {
                let item = self.owned(&item.ty);
                quote!(::std::collections::BTreeMap<::std::string::String, #item>)
            }
        }
    }
}

/// Numbers and truth values are handed over as they are.
pub(crate) fn is_copied(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Boolean | Type::Int16 | Type::Int32 | Type::Int64 | Type::Float | Type::Double
    )
}

/// The arguments of progenitor's operation of this name, which it sorts.
fn arguments_of(file: &syn::File, operation: &str) -> Vec<String> {
    let items = file.items.iter().filter_map(|item| match item {
        syn::Item::Impl(it) if it.trait_.is_none() => Some(&it.items),
        _ => None,
    });
    let found = items.flatten().find_map(|item| match item {
        syn::ImplItem::Fn(it) if it.sig.ident == operation => Some(&it.sig.inputs),
        _ => None,
    });
    let arguments = found.into_iter().flatten().filter_map(|it| match it {
        syn::FnArg::Typed(it) => match &*it.pat {
            syn::Pat::Ident(it) => Some(it.ident.to_string()),
            _ => None,
        },
        syn::FnArg::Receiver(_) => None,
    });
    arguments.collect()
}
