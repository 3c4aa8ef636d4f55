use super::{PortfolioKey, add, lock};
use crate::{
    db::{Result, Tx},
    records::contacts::ContactMerge,
};

/// Makes a contact that counted twice against a daily limit count once, as of the later message. Locks the portfolios.
pub(crate) async fn merge_recipients(tx: &mut Tx, ContactMerge { tenant, from, into }: ContactMerge) -> Result<()> {
    const OF: &str = "SELECT DISTINCT portfolio FROM portfolio_recipients WHERE contact_id = $2 AND tenant_id = $1";
    const LATER: &str = "
        UPDATE portfolio_recipients
        SET sends = portfolio_recipients.sends + f.sends,
            last_at = CASE WHEN f.last_at > portfolio_recipients.last_at THEN f.last_at ELSE portfolio_recipients.last_at END
        FROM (SELECT portfolio, sends, last_at FROM portfolio_recipients WHERE contact_id = $2 AND tenant_id = $1) f
        WHERE portfolio_recipients.contact_id = $3 AND portfolio_recipients.tenant_id = $1
            AND portfolio_recipients.portfolio = f.portfolio";
    const TWICE: &str = "
        DELETE FROM portfolio_recipients
        WHERE contact_id = $2 AND tenant_id = $1
            AND portfolio IN (SELECT portfolio FROM portfolio_recipients WHERE contact_id = $3 AND tenant_id = $1)
        RETURNING portfolio";
    const MOVE: &str = "UPDATE portfolio_recipients SET contact_id = $3 WHERE contact_id = $2 AND tenant_id = $1";
    let counted: Vec<(String,)> = tx.sql(OF, (tenant, from)).all().await?;
    if counted.is_empty() {
        return Ok(());
    }
    lock(tx, counted.iter().map(|(portfolio,)| portfolio.as_str())).await?;
    tx.sql(LATER, (tenant, from, into)).run().await?;
    let twice: Vec<(String,)> = tx.sql(TWICE, (tenant, from, into)).all().await?;
    tx.sql(MOVE, (tenant, from, into)).run().await?;
    let fewer = twice
        .into_iter()
        .map(|(portfolio,)| (PortfolioKey { portfolio, tenant }, -1));
    add(tx.on(), &fewer.collect()).await
}
