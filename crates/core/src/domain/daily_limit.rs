/// Maximum number of customers a business portfolio may write to within 24 hours outside service windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DailyLimit {
    Customers(i64),
    Unlimited,
}

impl DailyLimit {
    /// Parses Meta's tier: `TIER_250`, `TIER_2K`, `TIER_100K`, `TIER_UNLIMITED`. `None` for `TIER_NOT_SET`, `UNTIERED` and unknown words.
    pub fn parse(tier: &str) -> Option<Self> {
        let size = tier.strip_prefix("TIER_").unwrap_or(tier);
        if size == "UNLIMITED" {
            return Some(Self::Unlimited);
        }
        let (digits, times) = match size.as_bytes().last()? {
            b'K' => (&size[..size.len() - 1], 1_000),
            b'M' => (&size[..size.len() - 1], 1_000_000),
            _ => (size, 1),
        };
        let count: i64 = digits.parse().ok().filter(|count| *count >= 0)?;
        count.checked_mul(times).map(Self::Customers)
    }

    /// Returns the number that SQL stores, which Meta used before there were tiers: -1 is no limit.
    pub const fn number(self) -> i64 {
        match self {
            Self::Customers(count) => count,
            Self::Unlimited => -1,
        }
    }

    /// Returns the limit that [`DailyLimit::number`] stands for.
    pub const fn of_number(number: i64) -> Self {
        if number < 0 {
            Self::Unlimited
        } else {
            Self::Customers(number)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tier_is_read_as_meta_writes_it() {
        for (tier, limit) in [
            ("TIER_50", Some(DailyLimit::Customers(50))),
            ("TIER_250", Some(DailyLimit::Customers(250))),
            ("TIER_2K", Some(DailyLimit::Customers(2_000))),
            ("TIER_100K", Some(DailyLimit::Customers(100_000))),
            ("TIER_1M", Some(DailyLimit::Customers(1_000_000))),
            ("TIER_UNLIMITED", Some(DailyLimit::Unlimited)),
            ("2K", Some(DailyLimit::Customers(2_000))),
            ("TIER_NOT_SET", None),
            ("UNTIERED", None),
            ("TIER_", None),
            ("TIER_K", None),
            ("TIER_-5", None),
            ("", None),
        ] {
            assert_eq!(DailyLimit::parse(tier), limit, "{tier}");
        }
    }

    #[test]
    fn a_limit_reads_back_what_sql_keeps() {
        for limit in [
            DailyLimit::Customers(0),
            DailyLimit::Customers(250),
            DailyLimit::Unlimited,
        ] {
            assert_eq!(DailyLimit::of_number(limit.number()), limit);
        }
    }
}
