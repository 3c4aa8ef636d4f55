use super::{MetricDescription, counter};

pub(super) const METRICS: &[MetricDescription] = &[
    counter(
        "mainstay_imports_total",
        &["outcome"],
        "Imports of contacts that ended: `completed`, `canceled`, `failed`.",
    ),
    counter(
        "mainstay_import_rows_total",
        &["outcome"],
        "Rows of imports: `created`, `updated`, `unchanged`, `skipped`, `failed`. Trials count too.",
    ),
];
