//! What people write about: short conversations, told line by line.

/// Where a customer is in a conversation.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Thread {
    topic: usize,
    line: usize,
}

impl Thread {
    /// The next line of a conversation in the language of the country. After the last one, `draw` names the next topic.
    pub fn next_line(&mut self, country: &str, draw: impl FnOnce(usize) -> usize) -> &'static str {
        let topics = topics(country);
        if self.line >= topics[self.topic % topics.len()].len() {
            *self = Self {
                topic: draw(topics.len()),
                line: 0,
            };
        }
        let line = topics[self.topic % topics.len()][self.line];
        self.line += 1;
        line
    }
}

/// What the business answers; the simulator shows it as written on the business's own phone.
pub(crate) const ANSWERS: &[&str] = &[
    "Good morning! How can we help?",
    "Your parcel left our workshop this morning 📦",
    "Claro, já verifico para você.",
    "¡Listo! Quedó agendado para el jueves a las 10.",
    "We are open until 18:00 today.",
    "Gern geschehen – schönen Tag noch!",
    "The blue one is back in stock: https://shop.example/blue?ref=wa&id=17",
    "شكراً لتواصلك معنا",
];

fn topics(country: &str) -> &'static [&'static [&'static str]] {
    match country {
        "BR" => PORTUGUESE,
        "MX" | "AR" | "ES" => SPANISH,
        "DE" => GERMAN,
        "IN" => HINDI,
        "EG" => ARABIC,
        "KR" => KOREAN,
        _ => ENGLISH,
    }
}

const ENGLISH: &[&[&str]] = &[
    &[
        "Hi there 👋",
        "My order still says \"preparing\", is that right?",
        "It was placed on Monday, number 4471",
        "Ah, I see it now",
        "Thanks, you're quick! 😊",
    ],
    &[
        "Are you open on Sunday?",
        "And is there parking nearby?",
        "Great, see you then",
    ],
    &[
        "I'd like to move my appointment",
        "Thursday is bad for me\nFriday after 3pm would work",
        "3:30 is perfect",
        "👍",
    ],
    &[
        "The lamp came with a broken shade 😕",
        "I'll send a photo",
        "A replacement is fine, no refund needed",
    ],
];

const PORTUGUESE: &[&[&str]] = &[
    &[
        "Oi, bom dia! ☀️",
        "Vocês entregam em São João del-Rei?",
        "Qual o prazo, mais ou menos?",
        "Ótimo, obrigado!",
    ],
    &[
        "Não recebi a nota fiscal",
        "O pedido é o 8812",
        "Chegou agora, valeu 🙏",
    ],
    &[
        "Quanto custa o conserto?",
        "Hmm… tem desconto à vista?",
        "Fechado então",
    ],
];

const SPANISH: &[&[&str]] = &[
    &[
        "¡Hola! ¿Cómo están?",
        "¿Tienen lugar mañana por la tarde?",
        "A las 17:30, si se puede",
        "¡Mil gracias! 🙌",
    ],
    &[
        "Quería saber por mi envío",
        "Según el correo llegaba ayer…",
        "Ah, lo tenía el vecino. Perdón 🙈",
    ],
    &[
        "¿Hacen piñatas a pedido?",
        "Sería con forma de ñandú",
        "Me encanta la idea",
    ],
];

const GERMAN: &[&[&str]] = &[
    &[
        "Moin!",
        "Ist das Geländer auch in Grün lieferbar?",
        "Größe 2,40 m, bitte",
        "Super, danke schön",
    ],
    &[
        "Könnte ich die Rechnung nochmal bekommen?",
        "An die gleiche Adresse – danke",
    ],
];

const HINDI: &[&[&str]] = &[
    &["नमस्ते 🙏", "क्या दुकान आज खुली है?", "ठीक है, शाम को आती हूँ"],
    &["Hi, price of the 5 kg pack?", "OK please send 2", "UPI done ✅ ₹1,180"],
];

const ARABIC: &[&[&str]] = &[
    &["السلام عليكم", "هل المقاس 42 متوفر؟", "تمام، سأمر غداً إن شاء الله"],
    &["Good evening", "Where is your new branch?", "شكراً 🌹"],
];

const KOREAN: &[&[&str]] = &[
    &["안녕하세요!", "예약을 금요일로 바꿀 수 있을까요?", "네, 감사합니다 🙇‍♀️"],
    &["Is the café open today?", "커피 두 잔 포장 부탁드려요 ☕"],
];
