use super::{Language, Words};

pub(super) const INDONESIAN: Language = Language {
    code: "id",
    stop: Words {
        words: &[
            "stop", "setop", "berhenti", "berhenti kirim pesan", "berhenti mengirim pesan", "berhenti kirim wa", "berhenti menghubungi saya", "berhenti langganan",
            "berhenti berlangganan", "saya mau berhenti berlangganan", "saya ingin berhenti berlangganan", "mau berhenti langganan", "mau berhenti berlangganan", "unreg",
            "unreg all", "unsubscribe", "unsub", "unsubscribe saya", "hentikan", "hentikan ini", "hentikan pesan", "hentikan pesan ini", "hentikan promosi", "hentikan promo",
            "hentikan kirim pesan", "hentikan pengiriman pesan", "hentikan langganan", "tolong hentikan", "tolong berhenti", "tolong stop", "mohon hentikan", "mohon berhenti",
            "mohon dihentikan", "tolong dihentikan", "stop kirim", "stop kirim pesan", "stop kirim wa", "stop kirim promo", "stop kirim iklan", "stop pesan", "stop pesan ini",
            "stop promo", "stop promosi", "stop iklan", "stop sms", "stop wa", "stop chat", "stop chat saya", "stop spam", "stop hubungi saya", "stop langganan", "stop berlangganan",
            "jangan kirim", "jangan kirim lagi", "jangan kirim pesan", "jangan kirim pesan lagi", "jangan kirim pesan ke saya", "jangan kirim pesan ke saya lagi", "jangan kirim wa",
            "jangan kirim wa lagi", "jangan kirim promo", "jangan kirim promo lagi", "jangan kirim iklan lagi", "jangan kirimi saya pesan", "jangan kirimi saya pesan lagi",
            "jangan kirimi saya lagi", "jangan hubungi saya", "jangan hubungi saya lagi", "jangan hubungi lagi", "jangan wa saya", "jangan wa saya lagi", "jangan wa lagi",
            "jangan chat saya", "jangan chat saya lagi", "jangan chat lagi", "jangan sms lagi", "jangan ganggu", "jangan ganggu saya", "jangan ganggu lagi", "jangan spam",
            "tidak mau menerima pesan", "tidak mau menerima pesan lagi", "saya tidak mau menerima pesan lagi", "tidak mau terima pesan lagi", "tidak ingin menerima pesan",
            "tidak ingin menerima pesan lagi", "tidak mau dihubungi", "tidak mau dihubungi lagi", "saya tidak mau dihubungi lagi", "ga mau dihubungi lagi", "gak mau dihubungi lagi",
            "gak mau terima pesan lagi", "ga mau terima pesan lagi", "tidak mau promo", "tidak mau promo lagi", "tidak perlu kirim pesan lagi", "tidak usah kirim pesan lagi",
            "gak usah kirim pesan lagi", "tidak usah kirim lagi", "gak usah kirim lagi", "ga usah kirim lagi", "hapus nomor saya", "hapus nomor ini", "tolong hapus nomor saya",
            "mohon hapus nomor saya", "hapus saya dari daftar", "keluarkan saya", "keluarkan saya dari daftar", "keluar dari daftar", "cabut langganan", "batalkan langganan",
            "batal langganan", "opt out", "optout", "berhenti promo", "berhenti promosi",
        ],
        reply: "Anda tidak akan menerima pesan promosi lagi dari kami. Balas MULAI untuk menerimanya lagi.",
    },
    start: Words {
        words: &[
            "start", "mulai", "mulai lagi", "mulai kirim lagi", "mulai langganan", "mulai berlangganan", "berlangganan", "berlangganan lagi", "langganan lagi", "mau berlangganan",
            "mau langganan", "mau langganan lagi", "saya mau berlangganan", "saya ingin berlangganan", "ingin berlangganan", "aktifkan lagi", "aktifkan pesan",
            "aktifkan pesan lagi", "aktifkan langganan", "aktifkan promo", "kirim pesan lagi", "kirim promo lagi", "kirim lagi pesannya", "kirimi saya pesan lagi",
            "saya mau menerima pesan", "saya mau menerima pesan lagi", "mau terima pesan lagi", "mau terima promo lagi", "terima pesan lagi", "lanjutkan pesan", "lanjutkan langganan",
            "subscribe",         ],
        reply: "Anda akan menerima pesan promosi dari kami lagi. Balas BERHENTI untuk tidak menerimanya.",
    },
    help: Words {
        words: &["bantuan", "help", "minta bantuan", "butuh bantuan", "perlu bantuan", "saya butuh bantuan", "tolong bantu", "tolong bantu saya", "bantu saya"],
        reply: "Balas BERHENTI untuk tidak menerima pesan promosi lagi, atau MULAI untuk menerimanya lagi. Untuk hal lain, silakan tulis kepada kami di sini.",
    },
    polite_tails: &[
        "tolong", "mohon", "tolong ya", "ya", "ya kak", "ya tolong", "dong", "dong kak", "kak", "ka", "kakak", "pak", "bu", "mas", "mbak", "mba", "min", "gan", "bang", "sekarang",
        "sekarang juga", "terima kasih", "terimakasih", "trima kasih", "terima kasih banyak", "terima kasih ya", "makasih", "makasih ya", "makasih kak", "trims", "tq", "thx",
        "please", "pls", "plis", "thanks", "thank you", "ok", "oke", "deh", "saja",
    ],
};
