//! Statement arguments for both databases.

use sqlx::{Encode, Postgres, Sqlite, Type, postgres::PgArguments, sqlite::SqliteArguments};

use sqlx::Arguments as _;

/// A value that both databases can bind.
pub trait Arg: Send {
    fn sqlite(self, to: &mut SqliteArguments) -> sqlx::Result<()>;
    fn postgres(self, to: &mut PgArguments) -> sqlx::Result<()>;
}

impl<T> Arg for T
where
    T: Send + for<'q> Encode<'q, Sqlite> + Type<Sqlite> + for<'q> Encode<'q, Postgres> + Type<Postgres>,
{
    fn sqlite(self, to: &mut SqliteArguments) -> sqlx::Result<()> {
        to.add(self).map_err(sqlx::Error::Encode)
    }

    fn postgres(self, to: &mut PgArguments) -> sqlx::Result<()> {
        to.add(self).map_err(sqlx::Error::Encode)
    }
}

/// The arguments of a statement: a tuple, or a vector of unknown length.
pub trait Args: Send {
    fn sqlite(self) -> sqlx::Result<(SqliteArguments, usize)>;
    fn postgres(self) -> sqlx::Result<(PgArguments, usize)>;
}

impl Args for () {
    fn sqlite(self) -> sqlx::Result<(SqliteArguments, usize)> {
        Ok((SqliteArguments::default(), 0))
    }

    fn postgres(self) -> sqlx::Result<(PgArguments, usize)> {
        Ok((PgArguments::default(), 0))
    }
}

macro_rules! tuples {
    ($( ($($t:ident $i:tt)*) )*) => {$(
        impl<$($t: Arg),*> Args for ($($t,)*) {
            fn sqlite(self) -> sqlx::Result<(SqliteArguments, usize)> {
                let mut to = SqliteArguments::default();
                $( self.$i.sqlite(&mut to)?; )*
                Ok((to, [$($i),*].len()))
            }
            fn postgres(self) -> sqlx::Result<(PgArguments, usize)> {
                let mut to = PgArguments::default();
                $( self.$i.postgres(&mut to)?; )*
                Ok((to, [$($i),*].len()))
            }
        }
    )*};
}

tuples! {
    (A 0)
    (A 0 B 1)
    (A 0 B 1 C 2)
    (A 0 B 1 C 2 D 3)
    (A 0 B 1 C 2 D 3 E 4)
    (A 0 B 1 C 2 D 3 E 4 F 5)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12)
}

impl<T: Arg> Args for Vec<T> {
    fn sqlite(self) -> sqlx::Result<(SqliteArguments, usize)> {
        let mut to = SqliteArguments::default();
        let count = self.len();
        self.into_iter().try_for_each(|value| value.sqlite(&mut to))?;
        Ok((to, count))
    }

    fn postgres(self) -> sqlx::Result<(PgArguments, usize)> {
        let mut to = PgArguments::default();
        let count = self.len();
        self.into_iter().try_for_each(|value| value.postgres(&mut to))?;
        Ok((to, count))
    }
}
