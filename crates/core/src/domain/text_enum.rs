//! Enums with one text form for the database, JSON and metrics. Decoding a column with any other text is an error that names both.

/// Defines such an enum: `ALL`, `as_str`, `parse`, `Display`, serde, OpenAPI, and the column type `TEXT` on both databases.
macro_rules! text_enum {
    ($(#[doc = $about:literal])* $visibility:vis enum $name:ident $(as $schema:ident)? {
        $($(#[$doc:meta])* $variant:ident = $text:literal,)+
    }) => {
        $(#[doc = $about])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize,
        )]
        $visibility enum $name {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)+
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .description(Some(concat!($($about, "\n"),*).trim()))
                    .enum_values(Some(Self::ALL.map(Self::as_str)))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {
            $(fn name() -> std::borrow::Cow<'static, str> {
                stringify!($schema).into()
            })?
        }

        impl $name {
            pub const ALL: [Self; [$($text),+].len()] = [$(Self::$variant,)+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|it| it.as_str() == text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                to.write_str(self.as_str())
            }
        }

        impl<D: sqlx::Database> sqlx::Type<D> for $name
        where
            str: sqlx::Type<D>,
        {
            fn type_info() -> D::TypeInfo {
                <str as sqlx::Type<D>>::type_info()
            }

            fn compatible(info: &D::TypeInfo) -> bool {
                <str as sqlx::Type<D>>::compatible(info)
            }
        }

        impl<'q, D: sqlx::Database> sqlx::Encode<'q, D> for $name
        where
            &'q str: sqlx::Encode<'q, D>,
        {
            fn encode_by_ref(&self, to: &mut D::ArgumentBuffer) -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
                <&'q str as sqlx::Encode<'q, D>>::encode(self.as_str(), to)
            }
        }

        impl<'r, D: sqlx::Database> sqlx::Decode<'r, D> for $name
        where
            &'r str: sqlx::Decode<'r, D>,
        {
            fn decode(value: D::ValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
                let text = <&'r str as sqlx::Decode<'r, D>>::decode(value)?;
                Self::parse(text).ok_or_else(|| format!("{text:?} is no {}", stringify!($name)).into())
            }
        }

        impl sqlx::postgres::PgHasArrayType for $name {
            fn array_type_info() -> sqlx::postgres::PgTypeInfo {
                <&str as sqlx::postgres::PgHasArrayType>::array_type_info()
            }
        }
    };
}

pub(super) use text_enum;

#[cfg(test)]
mod tests {
    use serde_json::{json, to_value};
    use utoipa::{PartialSchema, ToSchema};

    text_enum! {
    /// What it is.
    enum Sample as SampleName {
        One = "one",
        TwoWords = "two_words",
    }
    }

    #[test]
    fn the_text_is_the_same_everywhere() {
        assert_eq!(Sample::ALL.map(Sample::as_str), ["one", "two_words"]);
        assert_eq!(Sample::parse("two_words"), Some(Sample::TwoWords));
        assert_eq!(Sample::parse("TwoWords"), None);
        assert_eq!(to_value(Sample::ALL).unwrap(), json!(["one", "two_words"]));
        let schema = json!({ "type": "string", "description": "What it is.", "enum": ["one", "two_words"] });
        assert_eq!(to_value(Sample::schema()).unwrap(), schema);
        assert_eq!(Sample::name(), "SampleName");
        assert_eq!(Sample::One.to_string(), "one");
    }
}
