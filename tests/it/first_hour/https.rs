//! The configuration for nginx in docs/https.md, before a running server.

use std::{fs, path::Path};

use super::shell::{has, paste};
use crate::support::{
    deployment::Deployment,
    folder::Folder,
    process::{Process, command},
    wait::free_port,
};

/// The block in a language on the page.
fn block(language: &str) -> String {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/https.md")).unwrap();
    let (_, rest) = page
        .split_once(&format!("\n```{language}\n"))
        .expect("the page has the block");
    rest.split_once("\n```").expect("it ends").0.to_owned()
}

/// What is outside: the path, and the status with which the server itself answers there.
const OUTSIDE: [(&str, &str); 5] = [
    ("/webhooks/whatsapp", "403"),
    ("/api/v1/channels", "401"),
    ("/api/openapi.json", "200"),
    ("/api/docs", "303"),
    ("/api", "303"),
];
const INSIDE: [&str; 7] = [
    "/",
    "/admin/queues",
    "/metrics",
    "/health",
    "/health/ready",
    "/docs",
    "/apis",
];

#[tokio::test]
async fn nginx_lets_webhooks_and_the_api_through_and_nothing_else() {
    if !has(&["curl"]) || !has_nginx() {
        return;
    }
    let mut deployment = Deployment::embedded().await;
    deployment.start().await;
    let (folder, https, plain) = (Folder::new("nginx"), free_port(), free_port());
    let place = folder.path().display().to_string();
    let certificate = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=mainstay.example -days 1 -keyout key.pem -out fullchain.pem";
    paste(certificate, folder.path(), &super::shell::environment(&[])).await;
    let site = block("nginx")
        .replace("listen 443 ssl", &format!("listen 127.0.0.1:{https} ssl"))
        .replace("listen 80", &format!("listen 127.0.0.1:{plain}"))
        .replace("/etc/ssl/mainstay", &place)
        .replace("127.0.0.1:8080", &format!("127.0.0.1:{}", deployment.port));
    let whole = format!(
        "user root; pid {place}/pid; error_log {place}/errors; events {{}}\nhttp {{\naccess_log off;\n\
         client_body_temp_path {place}/a; proxy_temp_path {place}/b; fastcgi_temp_path {place}/c;\n\
         uwsgi_temp_path {place}/d; scgi_temp_path {place}/e;\n{site}\n}}\n"
    );
    fs::write(folder.path().join("nginx.conf"), whole).unwrap();
    let config = folder.path().join("nginx.conf").display().to_string();
    let arguments = ["-c", &config, "-p", &place, "-g", "daemon off;"];
    let mut nginx = Process::spawn(command("nginx", &arguments, &[]));
    nginx.wait_for_port(https).await;

    let status = async |url: String, more: &str| {
        let ask = format!("curl -sk -o /dev/null -w '%{{http_code}}' --resolve '*:{https}:127.0.0.1' {more} '{url}'");
        paste(&ask, folder.path(), &super::shell::environment(&[])).await
    };
    for (path, expected) in OUTSIDE {
        let direct = status(deployment.url(path), "").await;
        assert_eq!(direct, expected, "{path}, asked directly");
        assert_eq!(
            status(format!("https://mainstay.example:{https}{path}"), "").await,
            expected,
            "{path}"
        );
    }
    for path in INSIDE {
        assert_eq!(
            status(format!("https://mainstay.example:{https}{path}"), "").await,
            "404",
            "{path}"
        );
    }
    let redirected = status(
        format!("http://127.0.0.1:{plain}/api/docs"),
        "-H 'Host: mainstay.example'",
    )
    .await;
    assert_eq!(redirected, "301");
    fs::write(folder.path().join("large"), vec![b' '; 4 * 1024 * 1024]).unwrap();
    let large = "-X POST --data-binary @large";
    assert_eq!(
        status(format!("https://mainstay.example:{https}/webhooks/whatsapp"), large).await,
        "413"
    );
    nginx.send("QUIT");
    nginx.exit_code().await;
}

/// nginx shows its version otherwise than others.
fn has_nginx() -> bool {
    let found = command("nginx", &["-v"], &[]).output().is_ok();
    if !found {
        use std::io::Write;
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: there is no nginx here to hold docs/https.md against"
        );
    }
    found
}
