//! The numbering plans of the world, by country calling code.

use crate::Region;
use phonenumber::metadata::{Descriptor, Descriptors};
use regex::{Regex, RegexBuilder};
use std::sync::{LazyLock, OnceLock};

/// The longest country calling code.
const LONGEST_CODE: usize = 3;

/// What one calling code stands for: a country, several that share it (`1`, `7`, `44`, …), or a service of the world (`800`).
pub(crate) struct NumberingPlan {
    pub code: String,
    /// The main region first.
    pub regions: Vec<Rules>,
}

impl NumberingPlan {
    /// Returns whether a region of this code has the national number.
    pub fn has(&self, national: &str) -> bool {
        self.regions.iter().any(|rules| rules.has(national))
    }

    /// Returns whether a region of this code has the national number and it may be a landline's.
    pub fn has_landline(&self, national: &str) -> bool {
        self.regions.iter().any(|rules| rules.landline.is_match(national))
    }

    /// Returns whether a region of this code has the national number and it may be a mobile phone's.
    pub fn has_mobile(&self, national: &str) -> bool {
        self.regions.iter().any(|rules| rules.mobile.is_match(national))
    }
}

/// The rules of one region.
pub(crate) struct Rules {
    /// `None` for a service of the world.
    pub region: Option<Region>,
    valid: Pattern,
    mobile: Pattern,
    landline: Pattern,
    /// What is dialled before a number within the country: a literal, and a pattern where that does not tell it all.
    trunk: Option<String>,
    trunk_pattern: Option<Pattern>,
    /// What takes the place of what `trunk_pattern` matched, if its last group took part.
    rewrite: Option<String>,
    /// What is dialled before a country code.
    international: Option<Pattern>,
}

impl Rules {
    pub fn has(&self, national: &str) -> bool {
        self.valid.is_match(national)
    }

    /// Returns what a number may be without what is dialled before it within the country (`0`, `0 15` in Argentina, `0 31` for a carrier in
    /// Brazil), and with the area code that a few territories leave out.
    pub fn without_trunk<'a>(&'a self, dialled: &'a str) -> impl Iterator<Item = String> + 'a {
        let plain = self.trunk.as_deref().and_then(|trunk| dialled.strip_prefix(trunk));
        let by_pattern = self.trunk_pattern.as_ref().and_then(|it| it.get().captures(dialled));
        let by_pattern = by_pattern.map(|found| {
            let last = found.get(found.len() - 1);
            let mut number = String::new();
            if let (Some(rewrite), Some(_)) = (&self.rewrite, last) {
                found.expand(rewrite, &mut number);
            }
            number + &dialled[found[0].len()..]
        });
        by_pattern.into_iter().chain(plain.map(str::to_owned))
    }

    /// Returns what stands behind this region's prefix for calls abroad.
    pub fn without_international_prefix<'a>(&self, dialled: &'a str) -> Option<&'a str> {
        let found = self.international.as_ref()?.get().find(dialled)?;
        Some(&dialled[found.end()..])
    }
}

/// A pattern of digits, compiled on first use.
struct Pattern {
    source: String,
    compiled: OnceLock<Regex>,
}

impl Pattern {
    /// Alternatives that match a whole text.
    fn whole<'a>(alternatives: impl IntoIterator<Item = &'a str>) -> Self {
        let mut alternatives: Vec<&str> = alternatives.into_iter().collect();
        alternatives.sort_unstable();
        alternatives.dedup();
        Self::new(format!("^(?:{})$", alternatives.join("|")))
    }

    fn beginning(pattern: &str) -> Self {
        Self::new(format!("^(?:{pattern})"))
    }

    fn new(source: String) -> Self {
        Self {
            source,
            compiled: OnceLock::new(),
        }
    }

    fn get(&self) -> &Regex {
        self.compiled.get_or_init(|| {
            RegexBuilder::new(&self.source)
                .unicode(false)
                .ignore_whitespace(true)
                .build()
                .expect("a test compiles every pattern of the data")
        })
    }

    fn is_match(&self, text: &str) -> bool {
        self.get().is_match(text)
    }
}

/// The plans by their codes, 1 to 999.
static PLANS: LazyLock<Vec<Option<NumberingPlan>>> = LazyLock::new(|| {
    let known = &phonenumber::metadata::DATABASE;
    let plan = |code: u16| {
        let regions = known.by_code(&code)?.into_iter().map(rules).collect();
        Some(NumberingPlan {
            code: code.to_string(),
            regions,
        })
    };
    (0..1000).map(plan).collect()
});

fn rules(data: &phonenumber::Metadata) -> Rules {
    let patterns = |kinds: Vec<&Descriptor>| Pattern::whole(kinds.into_iter().map(|it| it.national_number().as_str()));
    Rules {
        region: Region::letters(data.id()),
        valid: patterns(kinds(data.descriptors())),
        mobile: patterns(data.descriptors().mobile().into_iter().collect()),
        landline: patterns(data.descriptors().fixed_line().into_iter().collect()),
        trunk: data.national_prefix().map(str::to_owned),
        trunk_pattern: data
            .national_prefix_for_parsing()
            .map(|it| Pattern::beginning(it.as_str())),
        rewrite: data.national_prefix_transform_rule().map(str::to_owned),
        international: data.international_prefix().map(|it| Pattern::beginning(it.as_str())),
    }
}

/// The kinds of numbers that can be called from abroad. Emergency and short numbers are not among them; those that no call from abroad
/// reaches are among the others too.
fn kinds(of: &Descriptors) -> Vec<&Descriptor> {
    let kinds = [
        of.fixed_line(),
        of.mobile(),
        of.toll_free(),
        of.premium_rate(),
        of.shared_cost(),
        of.personal_number(),
        of.voip(),
        of.pager(),
        of.uan(),
        of.voicemail(),
    ];
    kinds.into_iter().flatten().collect()
}

/// Splits digits into the plan of their country code and the national number. No code is the beginning of another.
pub(crate) fn split(digits: &str) -> Option<(&'static NumberingPlan, &str)> {
    (1..=LONGEST_CODE).find_map(|length| {
        let (code, national) = digits.split_at_checked(length)?;
        Some((by_code(code)?, national))
    })
}

fn by_code(code: &str) -> Option<&'static NumberingPlan> {
    let digits = code.bytes().all(|byte| byte.is_ascii_digit()) && !code.starts_with('0');
    let code: usize = digits.then(|| code.parse().ok())??;
    PLANS.get(code)?.as_ref()
}

/// Returns the rules of a region, with the plan they are of.
pub(crate) fn of_region(region: Region) -> Option<(&'static NumberingPlan, &'static Rules)> {
    PLANS.iter().flatten().find_map(|plan| {
        let rules = plan.regions.iter().find(|it| it.region == Some(region))?;
        Some((plan, rules))
    })
}
