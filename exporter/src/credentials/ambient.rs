//! Credentials that this machine or its environment has: variables, a profile, web identity, ECS, and the metadata service of
//! EC2 (`IMDSv2`), by the AWS SDK's own chain. Where there is no metadata service, that is known within seconds.

use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::imds;
use aws_config::provider_config::ProviderConfig;
use aws_sdk_s3::config::{Credentials, ProvideCredentials, Region};
use aws_smithy_http_client::tls;
use tokio::sync::OnceCell;

use crate::causes;

/// The metadata service is next door, or it is not there.
const NEXT_DOOR: Duration = Duration::from_secs(1);
/// The whole chain, a token exchange over the network included.
const ALL: Duration = Duration::from_secs(10);

/// The chain of a region, made when first asked.
#[derive(Debug)]
pub(super) struct Ambient {
    region: String,
    chain: OnceCell<DefaultCredentialsChain>,
}

impl Ambient {
    pub(super) fn new(region: &str) -> Self {
        Self { region: region.to_owned(), chain: OnceCell::new() }
    }

    /// What the chain finds, or why it finds nothing.
    pub(super) async fn credentials(&self) -> Result<Credentials, String> {
        let asked = async {
            let chain = self.chain.get_or_init(|| chain(&self.region)).await;
            chain.provide_credentials().await.map_err(|error| causes::said_once(&error))
        };
        let late = |_| Err(format!("no answer within {} s", ALL.as_secs()));
        tokio::time::timeout(ALL, asked).await.unwrap_or_else(late)
    }
}

async fn chain(region: &str) -> DefaultCredentialsChain {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
        .build_https();
    let region = Region::new(region.to_owned());
    let config = ProviderConfig::without_region().with_http_client(http).with_region(Some(region.clone()));
    let metadata = imds::Client::builder()
        .configure(&config)
        .max_attempts(1)
        .connect_timeout(NEXT_DOOR)
        .read_timeout(NEXT_DOOR)
        .operation_attempt_timeout(NEXT_DOOR * 2)
        .operation_timeout(NEXT_DOOR * 2);
    DefaultCredentialsChain::builder().configure(config).region(region).imds_client(metadata.build()).build().await
}
