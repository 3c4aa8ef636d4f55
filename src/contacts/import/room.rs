//! Which rows bring their contacts more tags than a contact may have.

use std::collections::HashSet;

use super::{
    matching::{MatchedRow, RowContact},
    read_row::ImportedRow,
    run::RunningImport,
    spec::OnExisting,
};
use crate::{
    contacts::tag_room::TagRoom,
    db::{Result, Tx},
    domain::TagKind,
};

/// Returns the numbers of the rows whose contacts have no room for their tags and lists.
pub(super) async fn without_room(
    tx: &mut Tx,
    import: &RunningImport<'_>,
    matched: &[MatchedRow<'_>],
) -> Result<HashSet<i64>> {
    let of_all = &import.spec.policies;
    let number = |row: &ImportedRow| row.tags.len() + row.lists.len() + of_all.tags.len() + of_all.lists.len();
    let changes = of_all.on_existing != OnExisting::Skip;
    let known = |it: &MatchedRow<'_>| match it.contact {
        RowContact::Known(id) if changes => Some((id, number(it.row))),
        _ => None,
    };
    let mut room = TagRoom::read(tx, import.tenant, matched.iter().filter_map(known)).await?;
    let mut full = HashSet::new();
    for it in matched {
        let id = match it.contact {
            RowContact::Known(id) if changes => id,
            RowContact::New => import.service.clock.new_id(),
            _ => continue,
        };
        let tags = [it.row.tags.as_slice(), &of_all.tags].concat();
        let lists = [it.row.lists.as_slice(), &of_all.lists].concat();
        if !room.admit(id, TagKind::Contact, &tags, &[]) || !room.admit(id, TagKind::List, &lists, &[]) {
            full.insert(it.row.row);
        }
    }
    Ok(full)
}
