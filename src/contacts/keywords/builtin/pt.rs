use super::{Language, Words};

pub(super) const PORTUGUESE: Language = Language {
    code: "pt",
    stop: Words {
        words: &[
            "stop", "parar", "pare", "parem", "para com isso", "pare já", "pode parar", "parar mensagens", "parar promoções", "interromper promoções",
            "parar de receber", "quero parar de receber", "quero parar", "sair", "quero sair", "sair da lista", "quero sair da lista", "sair do grupo de mensagens",
            "me tira da lista", "me tire da lista", "me tirem da lista", "tira meu número", "tirem meu número", "me remova", "me remove",
            "me removam", "me remova da lista", "remove meu número", "remova meu número", "remover da lista", "remover meu número", "apague meu número",
            "apaga meu número", "exclua meu número", "excluir meu número", "me exclua", "me exclua da lista", "descadastrar", "descadastre", "descadastro",
            "descadastre-me", "me descadastre", "me descadastra", "quero me descadastrar", "quero descadastrar", "desinscrever", "desinscreva-me", "me desinscreva",
            "quero me desinscrever", "cancelar inscrição", "cancelar envio", "cancelar envios", "cancelar mensagens", "cancelar promoções",
            "cancelar recebimento", "não quero mais", "não quero mais receber", "não quero mais receber mensagens", "não quero mais mensagens",
            "não quero receber", "não quero receber mensagens", "não quero receber mensagem", "não quero receber mais mensagens", "não quero receber mais",
            "não quero receber promoções", "não quero propaganda", "não quero mais propaganda", "não desejo receber", "não desejo mais receber",
            "não desejo receber mensagens", "não desejo mais receber mensagens", "não envie mais", "não enviem mais", "não envie mais mensagens",
            "não enviem mais mensagens", "não envie mensagens", "não me envie mais", "não me envie mais mensagens", "não me envie mensagens",
            "não me enviem mais mensagens", "não mande mais", "não mandem mais", "não mande mais mensagem", "não mande mais mensagens",
            "não me mande mais mensagem", "não me mande mais mensagens", "não me manda mais mensagem", "não me mandem mais mensagens", "não perturbe",
            "não me chame mais", "não me contate mais", "chega de mensagens", "chega de mensagem", "chega de propaganda", "sem mais mensagens",
            "pare de enviar", "parem de enviar", "pare de me enviar mensagens", "parem de me enviar mensagens", "pare de enviar mensagens",
            "parem de enviar mensagens", "pare de mandar mensagem", "pare de mandar mensagens", "parem de mandar mensagem", "parem de mandar mensagens",
            "para de mandar mensagem", "para de me mandar mensagem", "pare de me mandar mensagem", "pare de me mandar mensagens", "unsubscribe", "opt out", "optout",
        ],
        reply: "Você não receberá mais nossas mensagens promocionais. Responda INICIAR para voltar a receber.",
    },
    start: Words {
        words: &[
            "start", "iniciar", "reiniciar", "voltar a receber", "quero voltar a receber", "quero voltar a receber mensagens",             "quero receber mensagens", "quero receber promoções", "quero receber de novo", "receber mensagens", "receber promoções", "inscrever", "me inscreva",
            "me inscreve", "inscreva-me", "quero me inscrever", "quero me inscrever de novo", "reativar", "reativar mensagens", "ativar mensagens", "retomar",
            "retomar mensagens", "assinar mensagens", "subscribe", "ativar promoções",
        ],
        reply: "Você voltará a receber nossas mensagens promocionais. Responda PARAR para não receber mais.",
    },
    help: Words {
        words: &["ajuda", "me ajuda", "me ajude", "preciso de ajuda", "socorro", "help", "quero ajuda"],
        reply: "Responda PARAR para não receber mais mensagens promocionais, ou INICIAR para voltar a receber. Se for outro assunto, escreva para nós aqui.",
    },
    polite_tails: &[
        "por favor", "porfavor", "pf", "pfv", "pfvr", "por gentileza", "gentileza", "por favor obrigado", "por favor obrigada", "obrigado", "obrigada", "obg",
        "brigado", "brigada", "muito obrigado", "muito obrigada", "grato", "grata", "agora", "já", "agora por favor", "já por favor", "please", "pls", "thanks",
        "amigo", "moço", "moça", "senhor", "ok", "ok obrigado", "ok obrigada", "valeu", "vlw",
    ],
};
