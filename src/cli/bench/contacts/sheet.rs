//! The file of the import benchmark.

use bytes::Bytes;
use futures::{Stream, stream};

/// Rows of one piece of the file.
const PIECE: usize = 10_000;

/// Makes a CSV file as businesses have them: number, id, name, language, two tags, three custom fields.
pub(super) fn pieces(rows: usize) -> impl Stream<Item = Result<Bytes, std::io::Error>> + Send + 'static {
    stream::iter((0..rows).step_by(PIECE).map(move |from| {
        let mut text = String::with_capacity(PIECE * 110);
        if from == 0 {
            text.push_str("phone,external_id,name,language,country,tags,fields.city,fields.age,fields.member\n");
        }
        for n in from..rows.min(from + PIECE) {
            text.push_str(&row(n));
        }
        Ok(Bytes::from(text))
    }))
}

fn row(n: usize) -> String {
    const CITIES: [&str; 8] = [
        "Pune", "Surat", "Nagpur", "Jaipur", "Kochi", "Indore", "Lucknow", "Patna",
    ];
    let (city, age) = (CITIES[n % CITIES.len()], 18 + n % 60);
    let tags = format!("t{},\"segment {}\"", n % 7, n % 13).replace('"', "\"\"");
    let number = 7_000_000_000_u64 + (n as u64 * 7_919) % 2_000_000_000;
    format!(
        "+91{number},C-{n},Customer Number {n},en,IN,\"{tags}\",{city},{age},{}\n",
        n.is_multiple_of(2)
    )
}
