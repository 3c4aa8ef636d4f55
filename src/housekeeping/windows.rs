//! Emits events about service windows that are about to close, after which only templates can be sent.

use crate::{
    app::App,
    db::Result,
    events::conversation::{WINDOW_CLOSING, WindowClosing},
    records::{
        conversations::{self, ClosingWindow},
        events::{self, NewEvent},
    },
};

/// Maximum number of windows in one transaction.
const PAGE: i64 = 500;

/// Emits an event for every window that closes soon, once, and returns how many. Skips windows that have closed already.
pub async fn emit_window_closing(app: &App) -> Result<u64> {
    let Some(ahead) = app.config.sending.window_closing else {
        return Ok(0);
    };
    let mut emitted = 0;
    loop {
        let now = app.clock.now();
        let mut tx = app.db.begin().await?;
        let page = conversations::lock_closing(&mut tx, now, now + ahead, PAGE).await?;
        conversations::mark_notified(&mut tx, &page).await?;
        let new: Vec<NewEvent> = page.iter().map(|it| event(app, it)).collect();
        events::append(&mut tx, &new, now).await?;
        tx.commit().await?;
        emitted += page.len() as u64;
        metrics::counter!("mainstay_windows_closing_total").increment(page.len() as u64);
        if page.len() < PAGE as usize {
            return Ok(emitted);
        }
        tokio::task::yield_now().await;
    }
}

fn event(app: &App, window: &ClosingWindow) -> NewEvent {
    let data = WindowClosing {
        conversation_id: window.id,
        channel_id: window.channel_id,
        contact_id: window.contact_id,
        window_expires_at: window.window_expires_at,
    };
    NewEvent::new(&app.clock, window.tenant_id, &WINDOW_CLOSING, app.clock.now(), &data)
        .within(window.channel_id, window.id)
}
