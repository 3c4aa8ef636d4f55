//! Templates that published requests could be sends of.

use std::{fs, path::PathBuf};

use mainstay::{
    meta::message::{Invalid, Outbound},
    templates::Schema,
};
use mainstay_sim::{Category, TemplateSeed};
use serde_json::{Value, json};

use crate::requests::{REFUSED, filled};

/// A template that the `template` of a request fits.
pub fn seed(template: &Value) -> TemplateSeed {
    let name = template["name"].as_str().unwrap();
    let language = template["language"]["code"].as_str().unwrap();
    TemplateSeed {
        components: components(&template["components"]),
        ..TemplateSeed::text(name, language, Category::Utility, "")
    }
}

fn components(given: &Value) -> Value {
    let given: &[Value] = given.as_array().map_or(&[], Vec::as_slice);
    let of = |kind: &str| given.iter().find(|it| it["type"] == kind);
    let mut made = Vec::new();
    if let Some(header) = of("header") {
        made.push(match header["parameters"][0]["type"].as_str().unwrap() {
            "text" => json!({ "type": "HEADER", "format": "TEXT", "text": format!("About {} again", places(header)) }),
            format => json!({ "type": "HEADER", "format": format.to_uppercase() }),
        });
    }
    let text = of("body").map(places).unwrap_or_default();
    made.push(json!({ "type": "BODY", "text": format!("It is about {text} and more.") }));
    if of("limited_time_offer").is_some() {
        made.push(
            json!({ "type": "LIMITED_TIME_OFFER", "limited_time_offer": { "text": "x", "has_expiration": true } }),
        );
    }
    let pressed: Vec<&Value> = given.iter().filter(|it| it["type"] == "button").collect();
    let place = |it: &Value| {
        it["index"]
            .as_u64()
            .or_else(|| it["index"].as_str()?.parse().ok())
            .unwrap_or(0)
    };
    if let Some(last) = pressed.iter().map(|it| place(it)).max() {
        let button = |index: u64| {
            let kind = pressed
                .iter()
                .find(|it| place(it) == index)
                .map(|it| it["sub_type"].as_str().unwrap());
            let kind = kind.unwrap_or("quick_reply").to_uppercase();
            json!({ "type": kind, "text": "Tap", "url": "https://a.example/{{1}}", "example": "X" })
        };
        made.push(json!({ "type": "BUTTONS", "buttons": (0..=last).map(button).collect::<Vec<_>>() }));
    }
    if let Some(carousel) = of("carousel") {
        let card = |card: &Value| json!({ "components": components(&card["components"]) });
        let cards = carousel["cards"].as_array().unwrap().iter().map(card);
        made.push(json!({ "type": "CAROUSEL", "cards": cards.collect::<Vec<_>>() }));
    }
    Value::Array(made)
}

fn places(component: &Value) -> String {
    let parameters = component["parameters"].as_array().map_or(&[][..], Vec::as_slice);
    let place = |(index, it): (usize, &Value)| match it["parameter_name"].as_str() {
        Some(name) => format!("{{{{{name}}}}}"),
        None => format!("{{{{{}}}}}", index + 1),
    };
    parameters
        .iter()
        .enumerate()
        .map(place)
        .collect::<Vec<_>>()
        .join(" or ")
}

fn check(template: &Value) -> Result<(), Invalid> {
    let seed = seed(template);
    let schema = Schema::compile(Some("UTILITY"), None, &seed.components);
    schema.check(Outbound::parse("template", template)?.template().unwrap())
}

#[test]
fn every_published_send_of_a_template_fits_one_of_its_shape_and_no_other() {
    let Ok(folder) = std::env::var("REQUEST_SAMPLES") else {
        eprintln!("SKIPPED: REQUEST_SAMPLES is unset; it names a folder of requests in JSON");
        return;
    };
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let (mut fitting, mut refused) = (0, 0);
    for path in files {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if !name.starts_with("send_template") || REFUSED.iter().any(|(it, _)| *it == name) {
            continue;
        }
        let template = &filled(serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap())["template"];
        check(template).unwrap_or_else(|invalid| panic!("{name}: {invalid}"));
        fitting += 1;
        // With any component left out or given twice it does not fit the template of the whole.
        let whole = Schema::compile(Some("UTILITY"), None, &seed(template).components);
        let given = template["components"].as_array().cloned().unwrap_or_default();
        for (index, component) in given.iter().enumerate() {
            let kind = (
                component["type"].as_str().unwrap(),
                component["sub_type"].as_str().unwrap_or_default(),
            );
            let optional = matches!(
                kind.1.to_lowercase().as_str(),
                "quick_reply" | "catalog" | "voice_call" | "flow"
            );
            let (mut fewer, mut more) = (template.clone(), template.clone());
            fewer["components"].as_array_mut().unwrap().remove(index);
            more["components"].as_array_mut().unwrap().push(component.clone());
            let fits =
                |template: &Value| whole.check(Outbound::parse("template", template).unwrap().template().unwrap());
            if !optional && kind.0 != "tap_target_configuration" {
                assert!(fits(&fewer).is_err(), "{name} without component {index}");
                refused += 1;
            }
            assert!(fits(&more).is_err(), "{name} with component {index} twice");
            refused += 1;
        }
    }
    assert!(fitting >= 30 && refused >= 80, "{fitting} fit, {refused} refused");
}
