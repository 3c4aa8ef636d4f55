//! What the schedule `clean_cache` removes.

use chrono::TimeDelta;
use mainstay::{clock::uuid_at, media};
use mainstay_test_macros::both_databases;

use crate::support::app::TestApp;

#[both_databases]
async fn ids_of_uploads_go_a_day_after_they_ended(test: TestApp) {
    const FILE: &str = "
        INSERT INTO media_files (id, tenant_id, digest, size, created_at, state, due_at)
        VALUES ($1, $2, $3, 1, $4, 'done', $4)";
    const UPLOAD: &str = "
        INSERT INTO media_uploads (file_id, channel_id, mime_type, tenant_id, claim, meta_id, valid_until)
        VALUES ($1, $1, $2, $3, $1, '7', $4)";
    let (db, now) = (&test.app.db, test.app.clock.now());
    let file = uuid_at(now);
    let args = (file, test.tenant, b"digest".to_vec(), now);
    db.sql(FILE, args).run().await.unwrap();
    for n in 0..700 {
        let valid_until = match n {
            0 => now + TimeDelta::days(1),
            1 => now - TimeDelta::hours(23),
            _ => now - TimeDelta::hours(25),
        };
        let args = (file, format!("image/{n}"), test.tenant, valid_until);
        db.sql(UPLOAD, args).run().await.unwrap();
    }
    media::clean_cache(&test.app.media).await.unwrap();
    assert_eq!(test.count("SELECT COUNT(*) FROM media_uploads").await, 2);
}
