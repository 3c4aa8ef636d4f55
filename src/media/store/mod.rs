//! Media: a row per occasion on which a file came in or was uploaded, and apart from that the files, once per tenant.

mod age;
mod files;
mod find;
mod inbound;
mod removals;
mod uploaded;
mod uploads;

pub use age::{Held, delete, older_than};
pub use files::{NewFile, Pictured, Removed, WantsVariants, keep, orphaned, pictured, release, remove, wants_variants};
pub use find::{Media, find};
pub use inbound::{
    InHand, NewInboundMedia, Ready, Untold, hurry, in_hand, mark_told, ready, soonest_deadline, untold, want,
};
pub use removals::{due, plan, removed, take_back};
pub use uploaded::{NewUploaded, insert};
pub use uploads::{Named, Upload, UploadKey, claim, find_upload, finish, forget, renew};
