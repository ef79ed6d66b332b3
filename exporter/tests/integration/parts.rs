//! Objects in several parts, by way of a storage that checks signatures, checksums and the sizes of parts.

use std::io::Write;
use std::sync::Arc;

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use exporter::bucket::Bucket;
use exporter::config::Destination;
use exporter::export::objects::spool::{Spool, Spooled};

use crate::behaving::{ACCESS_KEY, Behaving, Manners, SECRET_KEY};
use crate::proxy::{Fault, Proxy};

const KEY: &str = "evothesis/large.jsonl.gz";

/// Three parts of the fewest bytes that S3 takes, the last of them short, none like another.
fn large() -> (Vec<u8>, Spooled) {
    let bytes: Vec<u8> = (0..11_u32 << 20).map(|n| (n / 7 % 251) as u8).collect();
    let mut spool = Spool::new().expect("a file");
    spool.write_all(&bytes).expect("written");
    (bytes, spool.finish().expect("written"))
}

/// The keys of uploads that have begun and not ended, as the storage lists them.
async fn uploads(storage: &Behaving) -> Vec<String> {
    let settings = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .region(Region::new("eu-central-1"))
        .endpoint_url(storage.address())
        .force_path_style(true)
        .credentials_provider(Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "tests"))
        .build();
    let client = aws_sdk_s3::Client::from_conf(settings);
    let listed = client.list_multipart_uploads().bucket("example-events").send().await.expect("listed");
    listed.uploads.unwrap_or_default().into_iter().filter_map(|it| it.key).collect()
}

fn bucket(destination: &Destination) -> Bucket {
    Bucket::new(destination, destination.keys().expect("set").for_sdk("settings"))
}

#[tokio::test]
async fn an_upload_that_is_cut_off_is_ended_by_the_next_one_which_is_whole() {
    let storage = Behaving::start(Manners { lists_uploads: true, ..Manners::default() }).await;
    let proxy = Proxy::before(storage.address().trim_start_matches("http://").parse().expect("an address")).await;
    let mut destination = storage.config().destinations.remove(0);
    destination.endpoint = Some(proxy.address());
    destination.part_size = "5MiB".parse().expect("a size");
    let (bytes, file) = large();
    let file = Arc::new(file);

    // As a process that is killed while its second part is on its way: nothing is cleaned up.
    proxy.fail(Fault::Hang, "partNumber=2", 0, usize::MAX);
    let doomed = tokio::spawn({
        let (bucket, file) = (bucket(&destination), file.clone());
        async move { bucket.put_file(KEY, "application/gzip", &file).await }
    });
    proxy.failed().await;
    doomed.abort();
    let _ = doomed.await;
    proxy.mend();
    assert_eq!((uploads(&storage).await, storage.parts()), (vec![KEY.to_owned()], 1));

    // One that is refused ends what it began, and what was left behind.
    let bucket = bucket(&destination);
    proxy.fail(Fault::Refuse(403, "AccessDenied"), "partNumber=3", 0, usize::MAX);
    bucket.put_file(KEY, "application/gzip", &file).await.expect_err("refused");
    assert!(proxy.mend() > 0);
    assert_eq!((uploads(&storage).await, storage.parts()), (Vec::new(), 0));
    assert!(bucket.get(KEY).await.expect("asked").is_none());

    bucket.put_file(KEY, "application/gzip", &file).await.expect("put");
    assert_eq!((uploads(&storage).await, storage.parts()), (Vec::new(), 0));
    assert!(std::fs::read(storage.bucket().join(KEY)).expect("there") == bytes, "other bytes");
    let back = bucket.download(KEY).await.expect("asked").expect("there");
    assert_eq!((back.bytes, &back.sha256), (file.bytes, &file.sha256));
    assert_eq!(bucket.describe(KEY).await.expect("asked").expect("there").sha256.as_ref(), Some(&file.sha256));
}
