pub fn router(_: crate::app::App) -> axum::Router {
    axum::Router::new()
}
pub fn worker_router(_: crate::app::App) -> axum::Router {
    axum::Router::new()
}
