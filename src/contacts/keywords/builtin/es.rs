use super::{Language, Words};

pub(super) const SPANISH: Language = Language {
    code: "es",
    stop: Words {
        words: &[
            "stop", "alto", "parar", "pare", "paren", "para ya", "paren ya", "basta", "basta ya", "baja", "baja ya", "la baja", "darme de baja",
            "darse de baja", "dar de baja", "dame de baja", "deme de baja", "denme de baja", "dadme de baja", "dame la baja",
            "de baja", "quiero la baja", "quiero darme de baja", "quiero dar de baja", "deseo darme de baja", "solicito la baja", "solicito mi baja",
            "necesito darme de baja", "quisiera darme de baja", "me quiero dar de baja", "me doy de baja", "salir", "salir de la lista", "quiero salir",
            "quiero salir de la lista", "desuscribir", "desuscribirme", "desuscribirse", "desuscríbeme", "desuscríbanme", "quiero desuscribirme",
            "cancelar mensajes", "cancelar envíos", "cancelar promociones", "detener", "detener mensajes", "detener promociones", "detengan los mensajes",
            "no más mensajes", "no más", "no más promociones", "no más publicidad", "no más spam", "no quiero más mensajes", "no quiero mensajes",
            "no quiero más publicidad", "no quiero publicidad", "no quiero recibir mensajes", "no quiero recibir más mensajes",
            "no quiero recibir publicidad", "no quiero más promociones", "no deseo recibir mensajes", "no deseo recibir más mensajes",
            "ya no quiero recibir mensajes", "ya no quiero mensajes", "no me escriban", "no me escriban más", "no me escribas más", "no me escribas",
            "no me envíen mensajes", "no me envíen más mensajes", "no me envíes más mensajes", "no me manden mensajes", "no me manden más mensajes",
            "no me mandes más mensajes", "no me molesten", "no me molesten más", "no envíen más mensajes", "no enviar más mensajes", "no enviar más",
            "no envíen más", "no manden más mensajes", "no me contacten", "no me contacten más", "deja de escribirme", "dejen de escribirme",
            "dejen de enviarme mensajes", "deja de enviarme mensajes", "dejen de mandarme mensajes", "deja de mandarme mensajes",
            "dejen de enviar mensajes", "dejen de molestar", "sáquenme de la lista", "sácame de la lista", "quítenme de la lista", "quítame de la lista",
            "bórrenme de la lista", "bórrame de la lista", "elimínenme de la lista", "elimínenme", "eliminen mi número", "borren mi número", "borra mi número",
            "elimina mi número", "unsubscribe", "opt out", "optout",
        ],
        reply: "No recibirás más mensajes promocionales nuestros. Responde ALTA para volver a recibirlos.",
    },
    start: Words {
        words: &[
            "start", "alta", "darme de alta", "dame de alta", "deme de alta", "denme de alta", "quiero darme de alta", "me doy de alta", "de alta",
            "quiero el alta", "suscribir", "suscribirme", "suscribirse", "suscríbeme", "suscríbanme", "quiero suscribirme", "volver a suscribirme",
            "quiero suscribirme otra vez", "iniciar", "reanudar", "reanudar mensajes", "reactivar", "reactivar mensajes", "activar mensajes",
            "volver a recibir mensajes", "quiero recibir mensajes", "quiero volver a recibir mensajes", "quiero recibir promociones", "subscribe",
            "activar promociones", "quiero recibir mensajes otra vez",
        ],
        reply: "Volverás a recibir nuestros mensajes promocionales. Responde BAJA para no recibir más.",
    },
    help: Words {
        words: &["ayuda", "ayúdame", "ayúdenme", "necesito ayuda", "help", "una ayuda"],
        reply: "Responde BAJA para no recibir más mensajes promocionales, o ALTA para volver a recibirlos. Si se trata de otra cosa, escríbenos aquí.",
    },
    polite_tails: &[
        "por favor", "porfavor", "x favor", "porfa", "por favor ya", "ya por favor", "ya", "ahora", "ahora mismo", "gracias", "muchas gracias", "mil gracias",
        "por favor gracias", "por favor y gracias", "por favor muchas gracias", "please", "pls", "thanks", "señor", "señorita", "amigo", "ok", "ok gracias", "de una vez", "se lo agradezco",
    ],
};
