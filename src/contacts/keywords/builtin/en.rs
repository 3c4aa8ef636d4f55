use super::{Language, Words};

/// `quit`, `end`, `revoke` and `cancel` are among the words that 47 CFR 64.1200(a)(10) names as a revocation of consent.
pub(super) const ENGLISH: Language = Language {
    code: "en",
    stop: Words {
        words: &[
            "stop", "stop it", "stop now", "stop this", "stop all", "stopall", "stop everything", "please stop", "pls stop", "just stop",
            "stop messages", "stop the messages", "stop these messages", "stop all messages", "stop messaging", "stop messaging me",
            "please stop messaging me", "stop sending", "stop sending me", "stop sending messages", "stop sending me messages",
            "stop sending me these messages", "please stop sending me messages", "stop texting", "stop texting me", "stop contacting me",
            "please stop texting me", "stop promotions", "stop promotion", "stop ads", "stop marketing", "stop spam", "stop spamming me",
            "stop offers", "stop sending offers", "stop sending me offers", "no more messages", "no more promotions", "no more offers",
            "no more texts", "no more ads", "unsubscribe", "unsubscribe me", "please unsubscribe", "please unsubscribe me", "unsub",
            "unsubscribe now", "i want to unsubscribe", "i would like to unsubscribe", "unsubscribe me from this", "unsubscribe me from this list",
            "opt out", "optout", "opt me out", "please opt me out", "i opt out", "i want to opt out", "i would like to opt out",
            "i wish to opt out", "quit", "end", "revoke", "revoke consent", "cancel", "remove me", "please remove me", "remove me from your list",
            "remove me from the list", "remove me from this list", "please remove me from your list", "remove my number",
            "please remove my number", "delete my number", "take me off", "take me off your list", "take me off this list",
            "take me off the list", "don't message me", "don't message me again", "don't message me anymore", "do not message me",
            "don't text me", "do not text me", "don't contact me", "do not contact me", "don't contact me again", "do not contact me again",
            "don't send me messages", "do not send me messages", "don't send messages", "do not send messages", "don't send me any more messages",
        ],
        reply: "You will receive no more promotional messages from us. Reply START to receive them again.",
    },
    start: Words {
        words: &[
            "start", "unstop", "start again", "start messages", "start sending again", "start promotions", "resume messages",
            "resubscribe", "resubscribe me", "subscribe", "subscribe me", "subscribe again", "please subscribe me", "subscribe me again",
            "i want to subscribe", "i want to subscribe again", "opt in", "optin", "opt me in", "opt me back in", "opt back in", "i opt in",
            "i want to opt in", "send me messages again", "undo stop",
        ],
        reply: "You will receive promotional messages from us again. Reply STOP to receive no more of them.",
    },
    help: Words {
        words: &["help", "help me", "i need help", "need help", "please help", "please help me"],
        reply: "Reply STOP to receive no more promotional messages from us, or START to receive them again. If it is about something else, write to us here.",
    },
    polite_tails: &[
        "please", "please sir", "please now", "pls", "plz", "plss", "thanks", "thanks a lot", "thank you", "thank you so much", "thank you very much",
        "many thanks", "thx", "tks", "ty", "sir", "madam", "maam", "now", "now please", "right now", "immediately", "please thank you", "please and thank you",
        "please thanks", "kindly", "ok", "ok thanks", "ok thank you", "thanks in advance",
    ],
};
