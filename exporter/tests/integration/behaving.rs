//! An S3 endpoint that checks signatures and checksums, with the manners of other storages in front of it: each is what a real one does.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use exporter::clock::Clock;
use exporter::config::Config;
use exporter::secret::Secret;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tower_service::Service;

use crate::samples::config;

/// Never printed by anything.
pub(crate) const ACCESS_KEY: &str = "AKIAPLANTEDACCESSKEY";
/// The same.
pub(crate) const SECRET_KEY: &str = "planted/secret+key";
/// The same.
pub(crate) const SESSION_TOKEN: &str = "planted-session-token";

/// The manners.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "a storage may have any of them")]
pub(crate) struct Manners {
    /// How a PUT with If-None-Match is answered; `None`: honoured.
    pub(crate) conditional: Option<Conditional>,
    /// DELETE of an object is answered with 403, as for a key that may not.
    pub(crate) delete_denied: bool,
    /// Whatever comes with a checksum of its own is refused, as by servers that are older than them.
    pub(crate) checksum_refused: bool,
    /// Checksums are not looked at.
    pub(crate) checksum_ignored: bool,
    /// Everything is answered with this status and code.
    pub(crate) refused: Option<(u16, &'static str)>,
    /// The region that every answer names.
    pub(crate) region: Option<&'static str>,
    /// How much the clock is ahead.
    pub(crate) ahead: TimeDelta,
    /// Uploads in parts are refused with this code.
    pub(crate) parts_refused: Option<&'static str>,
    /// The answer to GET ?lifecycle; `None`: not implemented.
    pub(crate) lifecycle: Option<&'static str>,
    /// Whoever has no credentials may read.
    pub(crate) public: bool,
    /// Objects are read back with another last byte.
    pub(crate) flipped: bool,
    /// GET of a list is refused.
    pub(crate) list_denied: bool,
    /// Uploads that have not ended are listed.
    pub(crate) lists_uploads: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Conditional {
    Ignored,
    Refused,
}

/// A running endpoint with the buckets of [`config`].
pub(crate) struct Behaving {
    address: String,
    folder: tempfile::TempDir,
    shared: Arc<Shared>,
}

struct Shared {
    manners: Mutex<Manners>,
    /// Knows one access key, which may do all.
    service: Mutex<S3Service>,
    /// Methods and paths of all requests.
    asked: Mutex<Vec<String>>,
    folder: PathBuf,
}

fn service(folder: &std::path::Path, access_key: &str, secret_key: &str) -> S3Service {
    let files = s3s_fs::FileSystem::new(folder).expect("a folder");
    let mut builder = S3ServiceBuilder::new(files);
    builder.set_auth(SimpleAuth::from_single(access_key, secret_key));
    builder.build()
}

impl Behaving {
    pub(crate) async fn start(manners: Manners) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for bucket in ["example-events", "example-events-backup"] {
            std::fs::create_dir(folder.path().join(bucket)).expect("a bucket");
        }
        let service = Mutex::new(service(folder.path(), ACCESS_KEY, SECRET_KEY));
        let folder_path = folder.path().to_owned();
        let shared =
            Arc::new(Shared { manners: Mutex::new(manners), service, asked: Mutex::default(), folder: folder_path });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let app = Router::new().fallback(answer).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, folder, shared }
    }

    /// The settings of [`config`] with the first destination alone, here, with the right keys.
    pub(crate) fn config(&self) -> Config {
        let mut config = config();
        config.destinations.truncate(1);
        for destination in &mut config.destinations {
            destination.endpoint = Some(self.address.clone());
            destination.path_style = true;
            "evothesis/".clone_into(&mut destination.prefix);
            destination.access_key = Some(Secret::from(ACCESS_KEY));
            destination.secret_key = Some(Secret::from(SECRET_KEY));
        }
        config
    }

    /// `http://127.0.0.1:port`
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// How many files of parts there are whose uploads have not ended.
    pub(crate) fn parts(&self) -> usize {
        let files = std::fs::read_dir(self.folder.path()).expect("a folder");
        let is_part = |name: &std::ffi::OsStr| name.to_str().is_some_and(|it| it.starts_with(".upload_id-"));
        files.filter(|file| is_part(&file.as_ref().expect("a file").file_name())).count()
    }

    /// Knows these keys from now on, and no others.
    pub(crate) fn know(&self, access_key: &str, secret_key: &str) {
        *self.shared.service.lock().unwrap_or_else(PoisonError::into_inner) =
            service(self.folder.path(), access_key, secret_key);
    }

    /// Methods and paths of all requests so far that would change something.
    pub(crate) fn changes(&self) -> Vec<String> {
        let asked = self.shared.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.iter().filter(|it| !it.starts_with("GET ")).cloned().collect()
    }

    /// The folder of the bucket.
    pub(crate) fn bucket(&self) -> PathBuf {
        self.folder.path().join("example-events")
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let manners = shared.manners.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let asked = format!("{} {}", request.method(), request.uri().path());
    shared.asked.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
    let mut response = if let Some(refusal) = refusal(&manners, &request) {
        refusal
    } else if manners.lists_uploads && is_list_of_uploads(&request) {
        uploads(&shared.folder).into_response()
    } else {
        let is_object =
            request.method() == Method::GET && request.uri().query().is_none_or(|it| it.starts_with("x-id"));
        let mut service = shared.service.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let answer = Service::call(&mut service, request).await.expect("answered").map(Body::new);
        if manners.flipped && is_object && answer.status().is_success() { flip(answer).await } else { answer }
    };
    let date = (Clock::system().now() + manners.ahead).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    response.headers_mut().insert(header::DATE, HeaderValue::from_str(&date).expect("a date"));
    if let Some(region) = manners.region {
        response.headers_mut().insert("x-amz-bucket-region", HeaderValue::from_static(region));
    }
    response
}

fn refusal(manners: &Manners, request: &Request) -> Option<Response> {
    let has = |name: &str| request.headers().contains_key(name);
    let query = request.uri().query().unwrap_or_default();
    let is_anonymous = !has("authorization");
    if let Some((status, code)) = manners.refused {
        return Some(error(status, code));
    }
    if is_anonymous {
        // Nobody has these at hand that signs nothing.
        return Some(if manners.public { "public".into_response() } else { error(403, "AccessDenied") });
    }
    if manners.checksum_refused && has("x-amz-checksum-sha256") {
        return Some(error(400, "InvalidRequest"));
    }
    if let Some(conditional) = manners.conditional
        && has("if-none-match")
    {
        // Ignored, the same is written over the same.
        return Some(match conditional {
            Conditional::Ignored => StatusCode::OK.into_response(),
            Conditional::Refused => error(501, "NotImplemented"),
        });
    }
    if manners.checksum_ignored && request.uri().path().ends_with("doctor-checksum.txt") {
        return Some(StatusCode::OK.into_response());
    }
    if manners.list_denied && query.contains("list-type=2") {
        return Some(error(403, "AccessDenied"));
    }
    if manners.delete_denied && request.method() == Method::DELETE && !query.contains("uploadId") {
        return Some(error(403, "AccessDenied"));
    }
    if query.starts_with("uploads")
        && let Some(code) = manners.parts_refused
    {
        return Some(error(400, code));
    }
    if query.starts_with("lifecycle")
        && let Some(rules) = manners.lifecycle
    {
        return Some(match rules {
            "" => error(404, "NoSuchLifecycleConfiguration"),
            "denied" => error(403, "AccessDenied"),
            rules => format!("<LifecycleConfiguration>{rules}</LifecycleConfiguration>").into_response(),
        });
    }
    None
}

fn is_list_of_uploads(request: &Request) -> bool {
    request.method() == Method::GET && request.uri().query().is_some_and(|query| query.starts_with("uploads"))
}

/// What `ListMultipartUploads` answers, which `s3s_fs` does not: it keeps bucket, key and upload in the name of a file.
fn uploads(folder: &Path) -> String {
    let decode = |text: &str| String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(text).expect("base64")).expect("text");
    let upload = |file: std::fs::DirEntry| {
        let name = file.file_name().into_string().expect("text");
        let (key, upload) = name.strip_suffix(".metadata.json")?.split_once(".object-")?.1.split_once(".upload-")?;
        Some(format!("<Upload><Key>{}</Key><UploadId>{upload}</UploadId></Upload>", decode(key)))
    };
    let files = std::fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file"));
    let listed: String = files.filter_map(upload).collect();
    format!("<ListMultipartUploadsResult>{listed}</ListMultipartUploadsResult>")
}

async fn flip(answer: Response) -> Response {
    let (parts, body) = answer.into_parts();
    let mut body = axum::body::to_bytes(body, 1 << 20).await.expect("a body").to_vec();
    *body.last_mut().expect("a byte") ^= 1;
    Response::from_parts(parts, Body::from(body))
}

fn error(status: u16, code: &str) -> Response {
    let said = format!(
        "<Error><Code>{code}</Code><Message>No such key: {ACCESS_KEY}, token {SESSION_TOKEN}</Message>\
         <AWSAccessKeyId>{ACCESS_KEY}</AWSAccessKeyId></Error>"
    );
    let said = if code == "AccessDenied" { said.replace(SESSION_TOKEN, "") } else { said };
    (StatusCode::from_u16(status).expect("a status"), [(header::CONTENT_TYPE, "application/xml")], said).into_response()
}
