//! A builder for each model. Every setter takes what converts into its member; `build` is there once all that is
//! required is set.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::{Attribute, GenericArgument, Ident, ItemStruct, PathArguments, Type};

struct Setter<'a> {
    ident: &'a Ident,
    /// Its setter, and the one that takes an `Option`.
    setter: Ident,
    maybe: Ident,
    docs: Vec<&'a Attribute>,
    ty: &'a Type,
    presence: Presence<'a>,
}

enum Presence<'a> {
    /// The builder's type says whether it is set: this parameter of it is `()` until then.
    Required(Ident),
    /// It is an `Option` of this.
    Optional(&'a Type),
}

pub(crate) fn builder(model: &ItemStruct) -> TokenStream {
    let name = &model.ident;
    let builder = format_ident!("{name}Builder");
    let doc = format!(" Builds a [`{name}`].");
    let fields = fields(model);
    let idents: Vec<_> = fields.iter().map(|field| field.ident).collect();

    let slots = slots(&fields, |_, slot| slot.to_token_stream());
    let defaults = generics(slots.iter().map(|slot| quote!(#slot = ())));
    let unset = generics(slots.iter().map(|_| quote!(())));
    let set = generics(self::slots(&fields, |field, _| field.ty.to_token_stream()));
    let slots = generics(slots);
    let types = fields.iter().map(|field| match &field.presence {
        Presence::Required(slot) => slot.to_token_stream(),
        Presence::Optional(_) => field.ty.to_token_stream(),
    });
    let nothing = fields.iter().map(|field| match field.presence {
        Presence::Required(_) => quote!(()),
        Presence::Optional(_) => quote!(::std::option::Option::None),
    });
    let optional = fields.iter().filter_map(optional_setters);
    let required = fields
        .iter()
        .filter_map(|field| required_setter(field, &fields, &builder));
    quote! {
        impl #name {
            #[doc = #doc]
            pub fn builder() -> #builder #unset {
                #builder { #(#idents: #nothing,)* }
            }
        }
        #[doc = #doc]
        #[must_use = "nothing is made until `build` is called"]
        pub struct #builder #defaults {
            #(#idents: #types,)*
        }
        impl #slots #builder #slots {
            #(#optional)*
        }
        #(#required)*
        impl #builder #set {
            /// Makes it of what was set.
            pub fn build(self) -> #name {
                #name { #(#idents: self.#idents,)* }
            }
        }
    }
}

fn optional_setters(field: &Setter<'_>) -> Option<TokenStream> {
    let Setter {
        ident,
        setter,
        maybe,
        docs,
        ..
    } = field;
    let Presence::Optional(ty) = field.presence else {
        return None;
    };
    let doc = format!(" [`{setter}`](Self::{setter}), or none.");
    Some(quote! {
        #(#docs)*
        pub fn #setter(mut self, value: impl ::std::convert::Into<#ty>) -> Self {
            self.#ident = ::std::option::Option::Some(value.into());
            self
        }
        #[doc = #doc]
        pub fn #maybe(mut self, value: ::std::option::Option<impl ::std::convert::Into<#ty>>) -> Self {
            self.#ident = value.map(::std::convert::Into::into);
            self
        }
    })
}

fn required_setter(field: &Setter<'_>, fields: &[Setter<'_>], builder: &Ident) -> Option<TokenStream> {
    let Setter {
        ident,
        setter,
        docs,
        ty,
        ..
    } = field;
    let Presence::Required(own) = &field.presence else {
        return None;
    };
    let others = fields.iter().map(|field| field.ident).filter(|other| other != ident);
    let open = generics(fields.iter().filter_map(|field| match &field.presence {
        Presence::Required(slot) if slot != own => Some(slot.to_token_stream()),
        _ => None,
    }));
    let before = generics(slots(
        fields,
        |_, slot| if slot == own { quote!(()) } else { quote!(#slot) },
    ));
    let after = generics(slots(
        fields,
        |_, slot| if slot == own { quote!(#ty) } else { quote!(#slot) },
    ));
    Some(quote! {
        impl #open #builder #before {
            #(#docs)*
            pub fn #setter(self, value: impl ::std::convert::Into<#ty>) -> #builder #after {
                #builder { #ident: value.into(), #(#others: self.#others,)* }
            }
        }
    })
}

fn fields(model: &ItemStruct) -> Vec<Setter<'_>> {
    // A member may be called `build`, or like another one's `maybe_` setter: that name gets an underscore.
    let mut taken = vec!["build".to_owned()];
    let mut free = |mut name: String| {
        while taken.contains(&name) {
            name.push('_');
        }
        taken.push(name.clone());
        format_ident!("{name}")
    };
    let idents: Vec<_> = model.fields.iter().filter_map(|field| field.ident.as_ref()).collect();
    let setters: Vec<_> = idents.iter().map(|ident| free(ident.to_string())).collect();
    let maybes: Vec<_> = idents.iter().map(|ident| free(format!("maybe_{ident}"))).collect();
    let names = idents.into_iter().zip(setters).zip(maybes);
    let fields = model.fields.iter().zip(names).enumerate();
    fields
        .map(|(index, (field, ((ident, setter), maybe)))| Setter {
            ident,
            setter,
            maybe,
            docs: field.attrs.iter().filter(|it| it.path().is_ident("doc")).collect(),
            ty: &field.ty,
            presence: match in_option(&field.ty) {
                Some(ty) => Presence::Optional(ty),
                None => Presence::Required(format_ident!("Slot{index}")),
            },
        })
        .collect()
}

fn in_option(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else {
        return None;
    };
    let last = path.path.segments.last().filter(|it| it.ident == "Option")?;
    match &last.arguments {
        PathArguments::AngleBracketed(arguments) => match arguments.args.first()? {
            GenericArgument::Type(ty) => Some(ty),
            _ => None,
        },
        _ => None,
    }
}

/// Something for each required member.
fn slots(fields: &[Setter<'_>], each: impl Fn(&Setter<'_>, &Ident) -> TokenStream) -> Vec<TokenStream> {
    let slots = fields.iter().filter_map(|field| match &field.presence {
        Presence::Required(slot) => Some(each(field, slot)),
        Presence::Optional(_) => None,
    });
    slots.collect()
}

fn generics(parameters: impl IntoIterator<Item = TokenStream>) -> TokenStream {
    let parameters: Vec<_> = parameters.into_iter().collect();
    match parameters.is_empty() {
        true => TokenStream::new(),
        false => quote!(<#(#parameters),*>),
    }
}
