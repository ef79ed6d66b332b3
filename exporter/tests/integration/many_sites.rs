//! A batch with more sites, each with objects of its own, than a process may have open files.

use std::collections::{BTreeMap, BTreeSet};

use exporter::config::Format;
use exporter::export::layout::Layout;
use exporter::export::objects::{event_ids, render};
use exporter::export::{Plan, claim};
use exporter::progress::Work;
use exporter::store::Pools;
use exporter::store::export_batches::Reach;
use sha2::{Digest, Sha256};
use wire::{Selection, signature};

use crate::database::with_database;
use crate::samples::{batch, deliver, event, plan};

const SITES: usize = 1_500;
/// Far more than all tests together have open, and fewer than a third of the objects.
const FILES: usize = 1_000;

async fn ingest(pools: &Pools) {
    for part in 0..u32::try_from(SITES).expect("few") / 50 {
        deliver(pools, &batch((0..50).map(|n| event(part * 50 + n)).collect())).await.expect("stored");
    }
    let each_its_own = "update events set site_id = 'site-' || encode(substring(uuid_send(event_id) from 13), 'hex')";
    sqlx::query(each_its_own).execute(&pools.export).await.expect("sites");
}

#[tokio::test]
async fn a_batch_of_very_many_sites_takes_few_open_files() {
    with_database(async |pools| {
        ingest(&pools).await;
        let mut plan: Plan = plan(&["client"]);
        plan.rendering.layout = Layout::new("format={format}/site={site}");
        let batch = claim(&pools.export, &plan, Reach::Now).await.expect("claimed").expect("something");
        let rendition = render(&pools.export, &batch, &Selection::default(), &Work::silent()).await.expect("rendered");
        let open = std::fs::read_dir("/proc/self/fd").expect("Linux").count();
        assert!(open < FILES, "{open} files are open");

        let mut sites: BTreeMap<Format, BTreeSet<_>> = BTreeMap::new();
        for object in &rendition.objects {
            let length = usize::try_from(object.file.bytes).expect("small");
            let bytes = object.file.part(0, length).expect("its bytes");
            assert_eq!(signature::hex(&Sha256::digest(&bytes)), object.file.sha256);
            let ids = event_ids(object.format.name(), object.file.reader().expect("a file")).expect("readable");
            let ids: Vec<_> = ids.map(|id| id.expect("an id")).collect();
            assert_eq!(ids.len(), 1);
            let of_id = ids[0].simple().to_string()[24..].to_owned();
            assert_eq!(object.site.as_deref(), Some(format!("site-{of_id}").as_str()));
            sites.entry(object.format).or_default().insert(of_id);
        }
        assert_eq!(sites.values().map(BTreeSet::len).collect::<Vec<_>>(), [SITES; 3]);
    })
    .await;
}
