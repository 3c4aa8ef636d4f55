use super::{Language, Words};

/// In Devanagari, and in Latin letters as most people type it.
pub(super) const HINDI: Language = Language {
    code: "hi",
    stop: Words {
        words: &[
            "stop", "बंद करो", "बंद करें", "बंद करे", "बंद कर दो", "बंद करदो", "बंद कर दीजिए", "बंद कीजिए", "बंद कीजिये", "बंद कर दें", "इसे बंद करो", "इसे बंद करें",
            "ये बंद करो", "यह बंद करें", "बन्द करो", "बन्द करें", "बन्द कर दो", "रोको", "रोकें", "रोक दो", "रोकिए", "रोक दीजिए", "इसे रोको", "रोको इसे", "opt out", "optout", "स्टॉप", "स्टाप", "स्टॉप करो",
            "स्टॉप करें", "संदेश बंद करो", "संदेश बंद करें", "संदेश बंद कर दो", "संदेश भेजना बंद करो", "संदेश भेजना बंद करें", "संदेश मत भेजो", "संदेश मत भेजें", "संदेश न भेजें",
            "संदेश नहीं चाहिए", "मैसेज बंद करो", "मैसेज बंद करें", "मैसेज बंद कर दो", "मैसेज भेजना बंद करो", "मैसेज भेजना बंद करें", "मैसेज मत भेजो", "मैसेज मत भेजें", "मैसेज ना भेजें",
            "मैसेज मत करो", "मैसेज नहीं चाहिए", "और मैसेज मत भेजो", "और मैसेज नहीं चाहिए", "मुझे मैसेज मत भेजो", "मुझे मैसेज मत भेजें", "मुझे मैसेज मत करो", "मुझे मैसेज नहीं चाहिए",
            "मुझे संदेश मत भेजो", "मुझे संदेश मत भेजें", "मुझे संदेश नहीं चाहिए", "मत भेजो", "मत भेजें", "विज्ञापन बंद करो", "विज्ञापन बंद करें", "ऑफर बंद करो", "ऑफर मत भेजो",
            "प्रमोशन बंद करें", "मेरा नंबर हटाओ", "मेरा नंबर हटा दो", "मेरा नंबर हटाएं", "मेरा नंबर हटा दीजिए", "मुझे हटाओ", "मुझे हटा दो", "मुझे लिस्ट से हटाओ", "मुझे लिस्ट से हटा दो",
            "सूची से हटाएं", "अनसब्सक्राइब", "अनसब्सक्राइब करो", "अनसब्सक्राइब करें", "सदस्यता हटाएं", "परेशान मत करो", "ऑप्ट आउट",
            "band karo", "bandh karo", "band kro", "band kar do", "band kardo", "band krdo", "band kr do", "band karen", "band kare", "band karein",
            "band kijiye", "band kar dijiye", "isko band karo", "ise band karo", "ye band karo", "yeh band karo", "roko", "rok do", "roko ise", "isko roko",
            "rokiye", "stop karo", "stop kro", "stop kar do", "stop kardo", "stop karen", "stop kijiye", "message band karo", "messages band karo",
            "message band kar do", "message band kardo", "message band karen", "message band kro", "msg band karo", "msg band kro", "msg band kar do",
            "msg band kardo", "sms band karo", "message bhejna band karo", "message bhejna band karen", "msg bhejna band karo", "message mat bhejo",
            "message mat bhejiye", "message mat bhejna", "message mat karo", "message mat karna", "messages mat bhejo", "msg mat bhejo", "msg mat bhejna",
            "msg mat karo", "msg mat karna", "mat bhejo", "mat bhejiye", "mujhe message mat bhejo", "mujhe message mat karo", "mujhe msg mat bhejo",
            "mujhe msg mat karo", "aur message mat bhejo", "aur msg mat bhejo", "ab message mat bhejo", "ab msg mat bhejo", "message nahi chahiye",
            "msg nahi chahiye", "mujhe message nahi chahiye", "mujhe msg nahi chahiye", "offer band karo", "offer mat bhejo", "ads band karo",
            "promotion band karo", "mera number hatao", "mera number hata do", "mera number hatado", "mujhe hatao", "mujhe hata do", "mujhe list se hatao",
            "list se hatao", "unsubscribe karo", "unsubscribe kar do", "pareshan mat karo",
        ],
        reply: "आपको अब हमारे प्रचार संदेश नहीं मिलेंगे। फिर से पाने के लिए START लिखें।",
    },
    start: Words {
        words: &[
            "start", "शुरू", "शुरू करो", "शुरू करें", "शुरू कर दो", "शुरु करो", "शुरु करें", "फिर से शुरू करो", "फिर से शुरू करें", "दोबारा शुरू करें", "चालू करो", "चालू करें", "चालू कर दो",
            "मैसेज चालू करो", "मैसेज चालू करें", "मैसेज शुरू करो", "मैसेज शुरू करें", "संदेश शुरू करें", "संदेश चालू करें", "फिर से मैसेज भेजो", "स्टार्ट", "स्टार्ट करो", "सब्सक्राइब", "सब्सक्राइब करें",
            "shuru karo", "shuru kro", "shuru karen", "shuru kar do", "phir se shuru karo", "fir se shuru karo", "dobara shuru karo", "chalu karo",
            "chalu kro", "chalu karen", "chalu kar do", "start karo", "start kar do", "start kro", "message chalu karo", "message shuru karo",
            "msg chalu karo", "msg shuru karo", "message start karo", "phir se message bhejo", "subscribe karo",
        ],
        reply: "आपको हमारे प्रचार संदेश फिर से मिलेंगे। इन्हें बंद करने के लिए STOP लिखें।",
    },
    help: Words {
        words: &["help", "मदद", "मदद करो", "मदद करें", "मदद चाहिए", "सहायता", "सहायता चाहिए", "हेल्प", "madad", "madad karo", "madad chahiye", "help chahiye", "sahayata"],
        reply: "प्रचार संदेश बंद करने के लिए STOP लिखें, फिर से पाने के लिए START लिखें। कोई और बात हो तो हमें यहीं लिखें।",
    },
    polite_tails: &[
        "कृपया", "प्लीज", "प्लीज़", "जी", "जी कृपया", "धन्यवाद", "बहुत धन्यवाद", "शुक्रिया", "सर", "भाई", "भैया", "अभी", "please", "pls", "plz", "plzz", "sir", "sir please",
        "sir ji", "ji", "please sir", "bhai", "bhaiya", "yaar", "kripya", "kripaya", "dhanyavad", "dhanyawad", "dhanyavaad", "shukriya", "thanks", "thank you",
        "abhi", "ab", "please bhai", "madam", "mam", "ok",
    ],
};
