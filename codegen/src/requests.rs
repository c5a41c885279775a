//! Takes out of progenitor's operations what a request does not need: a copy of each text that stands in the path, and headers
//! where no parameter stands in one.

use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ExprMacro, File, ImplItemFn, Pat, Stmt, Token, parse_quote};

/// Does it in every operation.
pub(crate) fn lighten(file: &mut File) {
    Lighter.visit_file_mut(file);
}

struct Lighter;

impl VisitMut for Lighter {
    fn visit_impl_item_fn_mut(&mut self, function: &mut ImplItemFn) {
        let headers = function.block.stmts.iter().filter(|it| appends_a_header(it)).count();
        // The one that is always there says the version of the document, which the server does not know.
        function
            .block
            .stmts
            .retain(|it| !appends_a_header(it) || headers > 1 && !is_version(it));
        if headers == 1 {
            function.block.stmts.retain(|it| !is_local(it, "header_map"));
            WithoutHeaders.visit_block_mut(&mut function.block);
        }
        visit_mut::visit_impl_item_fn_mut(self, function);
    }

    /// `format!("…", encode_path(&x.to_string()))` writes into the text itself.
    fn visit_expr_macro_mut(&mut self, called: &mut ExprMacro) {
        let arguments = called
            .mac
            .parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated);
        if let (true, Ok(mut arguments)) = (called.mac.path.is_ident("format"), arguments) {
            for argument in &mut arguments {
                if let Some(value) = encoded(argument) {
                    *argument = parse_quote!(crate::request::Encoded(&#value));
                }
            }
            called.mac.tokens = quote::quote!(#arguments);
        }
    }
}

/// `x` of `encode_path(&x.to_string())`.
fn encoded(expression: &Expr) -> Option<Expr> {
    let Expr::Call(call) = expression else { return None };
    let Expr::Path(function) = &*call.func else { return None };
    let Some(Expr::Reference(text)) = call.args.first().filter(|_| function.path.is_ident("encode_path")) else {
        return None;
    };
    match &*text.expr {
        Expr::MethodCall(call) if call.method == "to_string" => Some((*call.receiver).clone()),
        _ => None,
    }
}

fn is_local(statement: &Stmt, name: &str) -> bool {
    match statement {
        Stmt::Local(local) => matches!(&local.pat, Pat::Ident(it) if it.ident == name),
        _ => false,
    }
}

/// `header_map.append(…);`, or the same for an optional one.
fn appends_a_header(statement: &Stmt) -> bool {
    let text = quote::quote!(#statement).to_string();
    matches!(statement, Stmt::Expr(..)) && text.contains("header_map . append")
}

fn is_version(statement: &Stmt) -> bool {
    quote::quote!(#statement).to_string().contains("\"api-version\"")
}

/// Takes out `.headers(header_map)`.
struct WithoutHeaders;

impl VisitMut for WithoutHeaders {
    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        visit_mut::visit_expr_mut(self, expression);
        if let Expr::MethodCall(call) = expression
            && call.method == "headers"
        {
            *expression = (*call.receiver).clone();
        }
    }
}
