//! Attributes that make several tests of one function: what it tests holds in each of the settings that its argument can be made for.
//!
//! ```text
//! #[both_databases]
//! async fn a_tenant_has_a_name(app: TestApp) { … }
//! ```
//!
//! is the tests `a_tenant_has_a_name::sqlite`, on a `TestApp::sqlite().await`, and `a_tenant_has_a_name::postgres`. The argument may be of
//! any type that has these two functions. The function itself stays where it is and as it is, so that formatters and editors know it.
//!
//! A function in the parentheses, `#[both_sizes(small)]` or `#[both_sizes(|config| config.rate = 1)]`, is given to
//! `World::embedded_with` and `World::distributed_with` instead.

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::{format_ident, quote};
use syn::{
    Attribute, Expr, FnArg, Result, ReturnType, Signature, Visibility,
    parse::{Parse, ParseStream},
    parse_quote,
};

/// One test on `sqlite` and one on `postgres`.
#[proc_macro_attribute]
pub fn both_databases(arguments: TokenStream, function: TokenStream) -> TokenStream {
    each(
        ["sqlite", "postgres"],
        parse_quote!(#[tokio::test]),
        arguments,
        function,
    )
}

/// One test on `embedded`, a single process on SQLite, and one on `distributed`, on PostgreSQL and Redis. What they test has tasks, so
/// that they have two threads.
#[proc_macro_attribute]
pub fn both_sizes(arguments: TokenStream, function: TokenStream) -> TokenStream {
    let test = parse_quote!(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]);
    each(["embedded", "distributed"], test, arguments, function)
}

/// One test on the driver within the process, `local`, and one on that on `redis`.
#[proc_macro_attribute]
pub fn both_drivers(arguments: TokenStream, function: TokenStream) -> TokenStream {
    each(["local", "redis"], parse_quote!(#[tokio::test]), arguments, function)
}

fn each(settings: [&str; 2], test: Attribute, arguments: TokenStream, function: TokenStream) -> TokenStream {
    let kept = Tokens::from(function.clone());
    let tests = syn::parse::<Function>(function).and_then(|function| {
        let change = match arguments.is_empty() {
            true => None,
            false => Some(syn::parse::<Expr>(arguments)?),
        };
        function.tests(settings, &test, change.as_ref())
    });
    // On an error too, the function stays: what else is wrong with it is said as well.
    tests
        .unwrap_or_else(|error| {
            let error = error.into_compile_error();
            quote!(#error #kept)
        })
        .into()
}

/// The function that an attribute stands on. Its body is looked at by the compiler alone.
struct Function {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    signature: Signature,
    body: Tokens,
}

impl Parse for Function {
    fn parse(input: ParseStream) -> Result<Self> {
        Ok(Self {
            attributes: input.call(Attribute::parse_outer)?,
            visibility: input.parse()?,
            signature: input.parse()?,
            body: input.parse()?,
        })
    }
}

impl Function {
    fn tests(self, settings: [&str; 2], test: &Attribute, change: Option<&Expr>) -> Result<Tokens> {
        let Self {
            attributes,
            visibility,
            signature,
            body,
        } = self;
        let arguments: Vec<&FnArg> = signature.inputs.iter().collect();
        let (Some(_), ReturnType::Default, true, [FnArg::Typed(argument)]) = (
            signature.asyncness,
            &signature.output,
            signature.generics.params.is_empty(),
            &arguments[..],
        ) else {
            let shape = "a test of two settings is an `async fn` with one argument, the setting, that returns nothing";
            return Err(syn::Error::new_spanned(&signature, shape));
        };
        // What is said to the test harness is said of the tests.
        let (harness, attributes): (Vec<_>, Vec<_>) = attributes
            .into_iter()
            .partition(|it| ["ignore", "should_panic"].iter().any(|name| it.path().is_ident(name)));
        if let Some(twice) = attributes
            .iter()
            .find(|it| it.path().segments.last().is_some_and(|it| it.ident == "test"))
        {
            return Err(syn::Error::new_spanned(
                twice,
                "a test of two settings is a test already: remove this",
            ));
        }
        let (name, setting) = (&signature.ident, &argument.ty);
        let tests = settings.into_iter().map(|place| {
            let (test_name, with) = (format_ident!("{place}"), format_ident!("{place}_with"));
            let made = match change {
                None => quote!(<#setting>::#test_name()),
                Some(change) => quote!(<#setting>::#with(#change)),
            };
            quote! {
                #(#harness)*
                #test
                async fn #test_name() {
                    super::#name(#made.await).await;
                }
            }
        });
        Ok(quote! {
            #(#attributes)*
            #visibility #signature #body

            mod #name {
                use super::*;

                #(#tests)*
            }
        })
    }
}
