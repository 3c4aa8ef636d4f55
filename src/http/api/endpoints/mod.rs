//! Where events go: endpoints and their secrets.

mod change;
mod problems;
mod secret;
mod shown;
mod work;

