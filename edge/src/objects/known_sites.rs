//! Which sites have sent batches before, and how many new ones came today: anybody can send any `Origin`, and each new one
//! costs storage and, later, money.

use edge_settings::Settings;
use serde::{Deserialize, Serialize};
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object, wasm_bindgen};

use super::{Storage, ask, reply};

/// The binding in `wrangler.toml`.
const BINDING: &str = "KNOWN_SITES";
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

#[derive(Debug, Serialize, Deserialize)]
struct Question {
    site: String,
    now: i64,
    new_sites: u32,
}

/// Whether batches of `site` are taken. An object that cannot be asked refuses nobody: it guards against cost, and the
/// exporter has a guard of its own.
pub(crate) async fn admits(env: &Env, site: &str, now: i64, settings: &Settings) -> bool {
    let question = Question { site: site.to_owned(), now, new_sites: settings.rates.new_sites };
    ask(env, BINDING, "sites", &question).await.unwrap_or(true)
}

/// The one object that knows every site.
#[durable_object(fetch)]
pub(crate) struct KnownSites {
    state: State,
}

impl DurableObject for KnownSites {
    fn new(state: State, _env: Env) -> Self {
        Self { state }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        reply(&Some(admit(&self.state, &request.json().await?).await?))
    }
}

async fn admit(storage: &impl Storage, question: &Question) -> Result<bool> {
    const TODAY: &str = "today";
    let Question { site, now, new_sites } = question;
    let place = format!("site {site}");
    if storage.get(&place).await?.is_some() {
        return Ok(true);
    }
    let day = now.div_euclid(DAY_MS).to_string();
    let today = storage.get(TODAY).await?.unwrap_or_default();
    let count = today.split_once(' ').filter(|(of, _)| *of == day).and_then(|(_, count)| count.parse().ok());
    let count = count.unwrap_or(0_u32);
    if count >= *new_sites {
        return Ok(false);
    }
    storage.put(TODAY, &format!("{day} {}", count + 1)).await?;
    storage.put(&place, &day).await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::objects::storage::memory::Memory;

    #[test]
    fn only_so_many_sites_are_new_in_a_day() {
        let storage = Memory::default();
        let admits = |site: &str, now| {
            let question = Question { site: site.to_owned(), now, new_sites: 2 };
            admit(&storage, &question).now_or_never().expect("memory answers at once").expect("memory never fails")
        };
        assert!(admits("a.example", 0) && admits("b.example", 1));
        assert!(!admits("c.example", 2));
        assert!(admits("a.example", 3), "a known one stays");
        assert!(admits("c.example", DAY_MS), "the next day");
        assert!(admits("d.example", DAY_MS) && !admits("e.example", DAY_MS));
        let names: Vec<String> = storage.kept.borrow().keys().cloned().collect();
        assert_eq!(names, ["site a.example", "site b.example", "site c.example", "site d.example", "today"]);
    }
}
