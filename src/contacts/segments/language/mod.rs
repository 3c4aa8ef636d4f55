//! The language of filters: a text is read into a tree that is typed by what the tenant has.
//!
//! ```text
//! filter = all { "or" all } ;  all = unary { "and" unary } ;  unary = [ "not" ] ( "(" filter ")" | test ) ;
//! test   = path cmp value | path "in" "(" value { "," value } ")" | path "is" [ "not" ] "known"
//!        | ( "tag" | "list" ) ( "=" text | "in" "(" text { "," text } ")" ) | "segment" "=" text
//!        | "window" "is" ( "open" | "closed" ) [ "on" text ] ;
//! path   = "name" | "country" | "language" | "time_zone" | "source" | "external_id" | "created" | "last_inbound"
//!        | "consent." purpose | "fields." key ;
//! cmp    = "=" | "!=" | "<" | "<=" | ">" | ">=" | "contains" | "starts" ;
//! value  = text | number | date | time | "true" | "false" | ( "-" | "+" ) digits ( "m" | "h" | "d" | "w" ) ;
//! ```
//!
//! A new kind of test is a variant of [`FilterTest`], a word in `parser/paths.rs`, and an arm in `print.rs`, `view.rs` and the SQL.

mod catalogue;
mod error;
mod lexer;
pub mod limits;
mod parser;
mod print;
mod tree;
mod view;

pub use catalogue::{CatalogueField, CatalogueSegment, FilterCatalogue};
pub use error::FilterError;
pub use parser::parse;
pub(crate) use print::quoted;
pub use tree::{
    Comparison, ConsentTest, Decimal, Filter, FilterPath, FilterTest, KnownConsent, LabelKind, Moment, Named,
    NumberTest, Span, SpanUnit, TextColumn, TextTest,
};
pub use view::FilterTreeView;
