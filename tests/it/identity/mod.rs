//! Who is who, by what Meta tells of recipients and of callers.

mod calls;
mod forms;
mod orders;
