//! What the heads of answers say beside the answer: the storage's time, the bucket's region.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use chrono::{DateTime, TimeDelta, Utc};

use crate::clock::Clock;

/// What was seen last.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    clock: Clock,
    latest: Arc<Mutex<Latest>>,
}

#[derive(Clone, Debug, Default)]
struct Latest {
    region: Option<String>,
    /// How much the storage's clock is ahead of ours.
    ahead: Option<TimeDelta>,
    status: Option<u16>,
}

impl Seen {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, latest: Arc::default() }
    }

    pub(super) fn region(&self) -> Option<String> {
        self.latest().region
    }

    pub(super) fn ahead(&self) -> Option<TimeDelta> {
        self.latest().ahead
    }

    pub(super) fn status(&self) -> Option<u16> {
        self.latest().status
    }

    fn latest(&self) -> Latest {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Intercept for Seen {
    fn name(&self) -> &'static str {
        "seen"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        let header = |name: &str| response.headers().get(name);
        let date = header("date").and_then(|it| DateTime::parse_from_rfc2822(it).ok());
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.ahead = date.map(|date| date.with_timezone(&Utc) - self.clock.now()).or(latest.ahead);
        latest.region = header("x-amz-bucket-region").map(str::to_owned).or_else(|| latest.region.take());
        latest.status = Some(response.status().as_u16());
        Ok(())
    }
}
