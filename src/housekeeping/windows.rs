//! Service windows that are about to end: whoever wants to answer freely has to do it now.

use crate::{
    app::App,
    db::Result,
    events::conversation::{WINDOW_CLOSING, WindowClosing},
    records::{
        conversations::{self, ClosingWindow},
        events::{self, NewEvent},
    },
};

/// Windows told of in one transaction.
const PAGE: i64 = 500;

/// Tells of every window that ends soon, once; answers how many there were. Nobody is told of one that has ended meanwhile.
pub async fn tell_closing_windows(app: &App) -> Result<u64> {
    let Some(ahead) = app.config.sending.window_closing else {
        return Ok(0);
    };
    let mut told = 0;
    loop {
        let now = app.clock.now();
        let mut tx = app.db.begin().await?;
        let page = conversations::lock_closing(&mut tx, now, now + ahead, PAGE).await?;
        conversations::mark_notified(&mut tx, &page).await?;
        let new: Vec<NewEvent> = page.iter().map(|it| event(app, it)).collect();
        events::append(&mut tx, &new, now).await?;
        tx.commit().await?;
        told += page.len() as u64;
        metrics::counter!("mainstay_windows_closing_total").increment(page.len() as u64);
        if page.len() < PAGE as usize {
            return Ok(told);
        }
        tokio::task::yield_now().await;
    }
}

fn event(app: &App, it: &ClosingWindow) -> NewEvent {
    let data = WindowClosing {
        conversation_id: it.id,
        channel_id: it.channel_id,
        contact_id: it.contact_id,
        window_expires_at: it.window_expires_at,
    };
    NewEvent::new(&app.clock, it.tenant_id, &WINDOW_CLOSING, app.clock.now(), &data).within(it.channel_id, it.id)
}
