//! The store itself, as a folder and as a bucket of a server that speaks S3.

use std::{net::SocketAddr, path::Path};

use bytes::Bytes;
use futures::TryStreamExt;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use mainstay::{
    config::{self, Bucket, Secret},
    storage::{Error, Storage, StorageKey},
};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use uuid::Uuid;

use super::{
    meta::Meta,
    stage::{bytes, calling, file_message, media_of, pdf, upload, work},
};
use crate::support::{app::TestApp, folder::Folder, http::Client};

const ID: &str = "AKIAEXAMPLE";
const SECRET: &str = "a-secret-of-the-test";

/// A server that speaks S3, checks signatures, and keeps its one bucket in a folder.
async fn s3(folder: &Path) -> SocketAddr {
    std::fs::create_dir(folder.join("media")).unwrap();
    let mut builder = S3ServiceBuilder::new(FileSystem::new(folder).unwrap());
    builder.set_auth(SimpleAuth::from_single(ID, SECRET));
    let service = builder.build();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = service.clone();
            tokio::spawn(async move {
                let server = Builder::new(TokioExecutor::new());
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    address
}

fn bucket(address: SocketAddr, secret: &str) -> Storage {
    let bucket = Bucket {
        name: "media".to_owned(),
        prefix: "of/mainstay".to_owned(),
        region: "us-east-1".to_owned(),
        endpoint: Some(format!("http://{address}")),
        access_key_id: Secret::new(ID),
        secret_access_key: Secret::new(secret),
    };
    Storage::open(&config::StorageConfig::Bucket(bucket)).unwrap()
}

fn folder(path: &Path) -> Storage {
    Storage::open(&config::StorageConfig::Folder(path.to_owned())).unwrap()
}

fn key() -> StorageKey {
    StorageKey::of(Uuid::now_v7(), Uuid::now_v7())
}

async fn read(storage: &Storage, key: &StorageKey, part: Option<std::ops::Range<u64>>) -> Result<Vec<u8>, Error> {
    let pieces: Vec<Bytes> = storage.read(key, part).await?.try_collect().await?;
    Ok(pieces.concat())
}

/// What every store does.
async fn behaves(storage: &Storage) {
    storage.check().await.unwrap();
    // One request, exactly one part, and several.
    for length in [0, 1_000, 5 * 1024 * 1024, 12_000_000] {
        let (key, bytes) = (key(), pdf(length.max(9))[..length].to_vec());
        let mut writer = storage.write(&key);
        for piece in bytes.chunks(100_000) {
            writer.push(Bytes::copy_from_slice(piece)).await.unwrap();
            assert!(
                matches!(read(storage, &key, None).await, Err(Error::Missing)),
                "half of a file is no file"
            );
        }
        writer.finish().await.unwrap();
        assert!(read(storage, &key, None).await.unwrap() == bytes, "{length}");
        if length > 1_000 {
            let part = read(storage, &key, Some(999..length as u64 - 1)).await.unwrap();
            assert!(part == bytes[999..length - 1], "{length}");
            assert!(matches!(
                storage.load(&key, 1_000).await,
                Err(Error::TooLarge { max: 1_000 })
            ));
        }
        assert!(storage.load(&key, length as u64).await.unwrap() == bytes, "{length}");
        for _ in 0..2 {
            storage.remove(&key).await.unwrap();
        }
        assert!(matches!(read(storage, &key, None).await, Err(Error::Missing)));
    }
    let key = key();
    let mut writer = storage.write(&key);
    writer.push(Bytes::from(vec![1; 12_000_000])).await.unwrap();
    writer.abort().await;
    assert!(matches!(read(storage, &key, None).await, Err(Error::Missing)));
    storage.put(&key, Bytes::from_static(b"one")).await.unwrap();
    storage
        .put(&key.derived("thumbnail"), Bytes::from_static(b"small"))
        .await
        .unwrap();
    storage.remove(&key).await.unwrap();
    assert_eq!(read(storage, &key.derived("thumbnail"), None).await.unwrap(), b"small");
}

#[tokio::test]
async fn a_folder_keeps_files_whole() {
    let place = Folder::new("store");
    behaves(&folder(&place.path().join("not/made/yet"))).await;
}

#[tokio::test]
async fn a_bucket_keeps_files_whole() {
    let place = Folder::new("s3");
    behaves(&bucket(s3(place.path()).await, SECRET)).await;
}

#[tokio::test]
async fn a_write_that_died_leaves_nothing_once_the_file_is_removed() {
    let place = Folder::new("store");
    let (storage, key) = (folder(place.path()), key());
    let mut writer = storage.write(&key);
    writer.push(Bytes::from(vec![1; 12_000_000])).await.unwrap();
    // As when the process is killed: nothing is cleared away.
    std::mem::forget(writer);
    let count = || files(place.path());
    assert_eq!(count(), 1, "what was written so far");
    storage.remove(&key).await.unwrap();
    assert_eq!(count(), 0);
}

fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}

#[tokio::test]
async fn a_store_that_refuses_us_or_is_away_says_so() {
    let place = Folder::new("s3");
    let address = s3(place.path()).await;
    assert!(matches!(
        bucket(address, "another secret").check().await,
        Err(Error::Unavailable(_))
    ));
    let nobody: SocketAddr = "127.0.0.1:9".parse().unwrap();
    assert!(matches!(
        bucket(nobody, SECRET).check().await,
        Err(Error::Unavailable(_))
    ));
}

#[tokio::test]
async fn media_live_in_a_bucket_as_they_do_in_a_folder() {
    let (test, meta, place) = (TestApp::sqlite().await, Meta::start().await, Folder::new("s3"));
    let storage = bucket(s3(place.path()).await, SECRET);
    let calling = calling(&test, &meta);
    let app = test.rebuilt(|parts| {
        parts.graph = calling.media.graph.clone();
        parts.storage = storage;
    });
    meta.hold("1", "application/pdf", &pdf(12_000_000));
    test.receive(&file_message("wamid.1", "document", serde_json::json!({ "id": "1" })))
        .await;
    work(&app).await;
    let client = Client::of(&app).with(&test.key);
    let received = media_of(&app, "wamid.1").await;
    assert!(bytes(&client, received).await.ok().body == pdf(12_000_000));
    let id = upload(&client, "application/pdf", "a.pdf", &pdf(2_000)).await;
    let part = http::Request::get(format!("/api/v1/media/{id}/content"))
        .header("authorization", format!("Bearer {}", test.key))
        .header("range", "bytes=100-199");
    let part = client.send(part.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!((part.status.as_u16(), &part.body[..]), (206, &pdf(2_000)[100..200]));
    assert_eq!(
        mainstay::media::meta_id(&app.media, test.tenant, super::stage::channel(&app), received)
            .await
            .unwrap(),
        "meta-1"
    );
    assert!(meta.uploads()[0].bytes == pdf(12_000_000));
    for id in [id, received] {
        assert_eq!(client.delete(&format!("/api/v1/media/{id}")).await.status.as_u16(), 204);
    }
    assert_eq!(files(&place.path().join("media")), 0);
}
