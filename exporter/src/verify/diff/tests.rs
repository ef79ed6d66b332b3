use super::*;

const KEY: &str = "events/object";

/// So many events missing and unexpected, the first of them 1 and 9.
fn difference(missing: u64, unexpected: u64) -> Difference {
    let one = |number: u64, id| (number > 0).then(|| Uuid::from_u128(id));
    Difference { missing, unexpected, first_missing: one(missing, 1), first_unexpected: one(unexpected, 9) }
}

/// What is said of it.
fn row_ids_differ(missing: u64, unexpected: u64) -> Kind {
    let Difference { first_missing, first_unexpected, .. } = difference(missing, unexpected);
    Kind::RowIdsDiffer { key: KEY.to_owned(), missing, unexpected, first_missing, first_unexpected }
}

/// An exported delivery of two rows in one object, and a bucket that holds it.
fn both_sides() -> (Expected, Found) {
    let object = ManifestObject {
        key: KEY.to_owned(),
        format: "parquet".to_owned(),
        rows: 2,
        bytes: 10,
        sha256: "aa".to_owned(),
        min_event_id: None,
        max_event_id: None,
        min_timestamp: None,
        max_timestamp: None,
    };
    let told = manifest::tests::told(vec![4, 7], vec![object]);
    let expected = Expected {
        export_batch_id: manifest::tests::batch().id,
        manifest_key: "manifests/m".to_owned(),
        manifest: manifest::bytes(&manifest::tests::batch(), &told),
        told,
        batch_rows: 2,
        dropped_rows: 0,
        exported_segments: vec![4, 7],
    };
    let object = FoundObject { bytes: 10, sha256: Some("aa".to_owned()), rows: Some(Ok(2)) };
    let found = Found {
        manifest: Some(expected.manifest.clone()),
        objects: BTreeMap::from([(KEY.to_owned(), object)]),
        differences: BTreeMap::from([("parquet".to_owned(), Difference::default())]),
    };
    (expected, found)
}

/// What is found after `change` to the bucket.
fn found_after(change: impl FnOnce(&mut Found)) -> Vec<Kind> {
    let (expected, mut found) = both_sides();
    change(&mut found);
    delivery("client", &expected, &found).into_iter().map(|it| it.kind).collect()
}

fn object(found: &mut Found) -> &mut FoundObject {
    found.objects.get_mut(KEY).expect("there")
}

fn segments_missing(segments: &[i64]) -> Kind {
    Kind::ExportedSegmentsMissing { segments: segments.to_vec(), export_batch_id: manifest::tests::batch().id }
}

#[test]
fn an_honest_bucket_has_no_discrepancy() {
    assert_eq!(found_after(|_| {}), []);
}

#[test]
fn a_missing_manifest_is_found() {
    assert_eq!(
        found_after(|found| found.manifest = None),
        [Kind::MissingManifest { key: "manifests/m".to_owned() }, segments_missing(&[4, 7])]
    );
}

#[test]
fn a_changed_manifest_is_found_and_its_fields_named() {
    let differs = |fields: &[&str]| Kind::ManifestDiffers {
        key: "manifests/m".to_owned(),
        fields: fields.iter().map(ToString::to_string).collect(),
    };
    let written = String::from_utf8(both_sides().1.manifest.expect("there").to_vec()).expect("text");
    let mut other: Value = serde_json::from_str(&written).expect("json");
    other["rows"] = 3.into();
    other["segments"] = serde_json::json!({ "count": 1, "ranges": [[4, 4]] });
    other["note"] = "new".into();
    let after = |text: String| found_after(|found| found.manifest = Some(text.into()));
    assert_eq!(after(other.to_string()), [differs(&["note", "rows", "segments"]), segments_missing(&[7])]);
    assert_eq!(after("{".to_owned()), [differs(&[]), segments_missing(&[4, 7])]);
    assert_eq!(after(written + "\n"), [differs(&[])]);
}

#[test]
fn a_missing_object_is_found() {
    assert_eq!(found_after(|found| found.objects.clear()), [Kind::MissingObject { key: KEY.to_owned() }]);
}

#[test]
fn other_bytes_are_found() {
    let differs = |found_bytes| Kind::ObjectDiffers { key: KEY.to_owned(), expected_bytes: 10, found_bytes };
    assert_eq!(found_after(|found| object(found).sha256 = Some("bb".to_owned())), [differs(10)]);
    assert_eq!(found_after(|found| object(found).bytes = 9), [differs(9)]);
}

#[test]
fn an_unreadable_object_is_found() {
    assert_eq!(
        found_after(|found| {
            object(found).rows = Some(Err("broken".to_owned()));
            found.differences.clear();
        }),
        [Kind::ObjectUnreadable { key: KEY.to_owned(), reason: "broken".to_owned() }]
    );
}

#[test]
fn other_rows_are_found() {
    let rows = |found| Kind::RowsDiffer { key: KEY.to_owned(), expected: 2, found };
    for (count, missing, unexpected, expected) in [
        (1, 1, 0, vec![rows(1), row_ids_differ(1, 0)]),
        (3, 0, 1, vec![rows(3), row_ids_differ(0, 1)]),
        (2, 1, 1, vec![row_ids_differ(1, 1)]),
        (0, 2, 0, vec![rows(0), row_ids_differ(2, 0)]),
    ] {
        let found = found_after(|found| {
            object(found).rows = Some(Ok(count));
            found.differences.insert("parquet".to_owned(), difference(missing, unexpected));
        });
        assert_eq!(found, expected);
    }
    let told = Discrepancy { destination: "client".to_owned(), export_batch_id: None, kind: row_ids_differ(1, 2) };
    assert_eq!(
        told.to_string(),
        "client: object events/object lacks 1 events of the database (one is 00000000-0000-0000-0000-000000000001) and \
         holds 2 others (one is 00000000-0000-0000-0000-000000000009)"
    );
}

#[test]
fn strays_are_found_and_work_in_progress_is_not_one() {
    let listing = Listing {
        objects: vec!["events/mine".to_owned(), "events/other".to_owned()],
        manifests: vec!["manifests/other".to_owned(), "manifests/mine".to_owned()],
    };
    let on_its_way = Uuid::from_u128(5);
    let listing = Listing {
        objects: [listing.objects, vec![format!("x/{on_its_way}-3.csv.gz")]].concat(),
        manifests: [listing.manifests, vec![format!("manifests/{on_its_way}.json")]].concat(),
    };
    let keys = BTreeSet::from(["events/mine".to_owned(), "manifests/mine".to_owned()]);
    let known = Known { keys, pending: vec![on_its_way] };
    let kinds: Vec<_> = strays("client", &listing, &known).into_iter().map(|it| it.kind).collect();
    assert_eq!(
        kinds,
        [
            Kind::StrayObject { key: "events/other".to_owned() },
            Kind::StrayManifest { key: "manifests/other".to_owned() },
        ]
    );
}

#[test]
fn a_segment_marked_exported_without_a_required_destination_is_found() {
    let mut destination = Destination::new("client".to_owned(), "r".to_owned());
    let export_batch_id = Some(manifest::tests::batch().id);
    let found = pending(&destination, &manifest::tests::batch(), vec![4]);
    assert_eq!(
        found,
        [Discrepancy { destination: "client".to_owned(), export_batch_id, kind: segments_missing(&[4]) }]
    );
    assert_eq!(pending(&destination, &manifest::tests::batch(), vec![]), []);
    destination.required = false;
    assert_eq!(pending(&destination, &manifest::tests::batch(), vec![4]), []);
}

#[test]
fn a_part_must_lack_exactly_what_was_left_out() {
    let (mut expected, mut found) = both_sides();
    expected.told.left_out = 1;
    expected.told.objects[0].rows = 1;
    expected.manifest = manifest::bytes(&manifest::tests::batch(), &expected.told);
    found.manifest = Some(expected.manifest.clone());
    assert_eq!(expected.rows(), 1);
    object(&mut found).rows = Some(Ok(1));
    let mut kinds = |missing, unexpected| {
        found.differences.insert("parquet".to_owned(), difference(missing, unexpected));
        delivery("client", &expected, &found).into_iter().map(|it| it.kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds(1, 0), []);
    // Which of several is missing that was not left out cannot be told.
    let Kind::RowIdsDiffer { first_missing, .. } = &kinds(2, 0)[0] else { panic!("found nothing") };
    assert_eq!(*first_missing, None);
    assert_eq!(kinds(0, 0).len(), 1);
    assert_eq!(
        kinds(1, 1),
        [Kind::RowIdsDiffer {
            key: KEY.to_owned(),
            missing: 1,
            unexpected: 1,
            first_missing: None,
            first_unexpected: Some(Uuid::from_u128(9))
        }]
    );
}
