//! Values shared by the examples.

pub const CHANNEL: &str = "chn_0199a1c04f2e7b518d3a6c0b1e2f4a55";
pub const CONTACT: &str = "con_0199a1c2d3e47f60a1b2c3d4e5f60718";
pub const CONVERSATION: &str = "cnv_0199a1c2d3e57a018e4f5a6b7c8d9e0f";
pub const MESSAGE: &str = "msg_0199a1c2d3e67c2d9b8a7f6e5d4c3b2a";
pub const MEDIA: &str = "med_0199a1c2d3e774bb8c0d1e2f3a4b5c6d";
pub const TEMPLATE: &str = "tpl_0199a1c05a6b7c8d9e0f1a2b3c4d5e6f";
pub const ENDPOINT: &str = "ep_0199a1c1b2c37d4e8f5a6b7c8d9e0f1a";
pub const WAMID: &str = "wamid.HBgLMTU1NTAxMDA3NzcVAgASGBQzQTBB";
pub const WABA: &str = "102290129340398";
pub const NUMBER: &str = "106540352242922";
pub const BUSINESS: &str = "15550100200";
pub const CUSTOMER: &str = "15550100777";

/// Replaces members of an example.
pub fn overlay(example: &mut serde_json::Value, differs: serde_json::Value) {
    if let serde_json::Value::Object(members) = differs {
        for (name, value) in members {
            example[name] = value;
        }
    }
}
