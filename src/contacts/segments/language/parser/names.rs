//! Reads tests that name tags, lists, segments and channels.

use super::{
    super::{
        error::{FilterError, nearest},
        limits,
        tree::{FilterTest, LabelKind, Named},
    },
    Parser,
};

impl Parser<'_, '_> {
    /// Reads what follows `tag` or `list`.
    pub(super) fn label(&mut self, kind: LabelKind) -> Result<FilterTest, FilterError> {
        let listed = self.take_word("in");
        let any = if listed {
            self.list(|it| it.label_name(kind))?
        } else if self.take_sign("=") {
            vec![self.label_name(kind)?]
        } else {
            let word = kind.as_str();
            return Err(self.unexpected(&format!("`=` or `in` (for those without it, `not {word} = …`)")));
        };
        Ok(FilterTest::Label { kind, any, listed })
    }

    fn label_name(&mut self, kind: LabelKind) -> Result<Named, FilterError> {
        let column = self.column();
        let name = self.text()?;
        let catalogue = self.reading.catalogue;
        let found = catalogue.label(kind, &name).cloned();
        found.ok_or_else(|| unknown(column, kind.as_str(), &name, catalogue.label_names(kind)))
    }

    /// Reads what follows `segment`, and the filter of that segment in its place.
    pub(super) fn segment(&mut self) -> Result<FilterTest, FilterError> {
        self.expect_sign("=", "`=`")?;
        let column = self.column();
        let name = self.text()?;
        let catalogue = self.reading.catalogue;
        let Some(found) = catalogue.segment(&name) else {
            let names = catalogue.segments().map(|it| it.name.as_str());
            return Err(unknown(column, "segment", &name, names));
        };
        let within = &mut self.reading.segments;
        if within.contains(&found.id) {
            let message = format!("the segment \"{}\" would contain itself", found.name);
            return Err(FilterError::at(column, message));
        }
        if within.len() - self.reading.outer >= limits::SEGMENTS {
            let message = format!("segments stand at most {} within one another", limits::SEGMENTS);
            return Err(FilterError::at(column, message));
        }
        within.push(found.id);
        let filter = self.reading.filter(&found.filter);
        self.reading.segments.pop();
        let filter = filter.map_err(|error| {
            let message = format!("in the segment \"{}\": {error}", found.name);
            FilterError::at(column, message)
        })?;
        let segment = Named {
            id: found.id,
            name: found.name.clone(),
        };
        let filter = Box::new(filter);
        Ok(FilterTest::Segment { segment, filter })
    }

    /// Reads what follows `window`.
    pub(super) fn window(&mut self) -> Result<FilterTest, FilterError> {
        if !self.take_word("is") {
            return Err(self.unexpected("`is open` or `is closed`"));
        }
        let open = self.take_word("open");
        if !open && !self.take_word("closed") {
            return Err(self.unexpected("`open` or `closed`"));
        }
        let on = if self.take_word("on") {
            Some(self.channel()?)
        } else {
            None
        };
        Ok(FilterTest::Window { open, on })
    }

    fn channel(&mut self) -> Result<Named, FilterError> {
        let column = self.column();
        let name = self.text()?;
        match self.reading.catalogue.channel(&name) {
            Some(id) => Ok(Named { id, name }),
            None => Err(FilterError::at(
                column,
                "there is no such channel; give its id `chn_…` or its number",
            )),
        }
    }
}

fn unknown<'n>(column: usize, what: &str, name: &str, known: impl Iterator<Item = &'n str>) -> FilterError {
    let hint = nearest(name, known).map(|it| format!("; did you mean \"{it}\"?"));
    let name: String = name.chars().take(60).collect();
    FilterError::at(
        column,
        format!("there is no {what} \"{name}\"{}", hint.unwrap_or_default()),
    )
}
