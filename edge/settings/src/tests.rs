//! Settings as a whole, and `docs/privacy.md`, whose tables are written from the code.

use proptest::prelude::*;

use super::*;

const KEY: &str = "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f";

/// Good settings with some changed.
fn with<'a>(changes: &'a [(&str, &str)]) -> impl Fn(&str) -> Option<String> + 'a {
    move |name| {
        let usual = match name {
            "EXPORTER_URL" => Some("https://exporter.example/"),
            "FORWARD_KEY_ID" => Some("k1"),
            "FORWARD_KEY" | "TOKEN_KEY" => Some(KEY),
            "PRIVACY" => Some("standard"),
            _ => None,
        };
        let changed = changes.iter().find(|(changed, _)| *changed == name).map(|(_, value)| *value);
        changed.or(usual).map(str::to_owned)
    }
}

fn read(changes: &[(&str, &str)]) -> Settings {
    Settings::read(&with(changes)).unwrap_or_else(|complaint| panic!("{complaint}"))
}

#[test]
fn good_settings_are_read() {
    let settings = read(&[]);
    assert_eq!(settings.exporter_url, "https://exporter.example");
    assert_eq!(settings.privacy, Preset::Standard.unless_said());
    assert_eq!(settings.pixel_path.loader(), "/pixel.js");
    assert!(settings.token_keys.previous.is_none() && settings.complaints.is_empty());
    let settings = read(&[("TOKEN_KEY_PREVIOUS", KEY), ("BOTS", "filter")]);
    assert!(settings.token_keys.previous.is_some());
    assert_eq!(settings.bots, Bots::Filter);
}

#[test]
fn what_has_no_safe_substitute_is_an_error() {
    for (name, value, complaint) in [
        ("EXPORTER_URL", "", Complaint::Missing("EXPORTER_URL")),
        ("EXPORTER_URL", "exporter:80", Complaint::NoUrl),
        ("FORWARD_KEY_ID", "a\nb", Complaint::NoName("FORWARD_KEY_ID")),
        ("FORWARD_KEY", "0f", Complaint::NoKey("FORWARD_KEY")),
        ("TOKEN_KEY", "", Complaint::Missing("TOKEN_KEY")),
        ("TOKEN_KEY_PREVIOUS", "secret", Complaint::NoKey("TOKEN_KEY_PREVIOUS")),
        ("PIXEL_PATH", "pixel.js", Complaint::NoPath),
        ("SITES", "https://shop.example", Complaint::NoSites),
        ("SITES", ",", Complaint::NoSites),
        ("SITES", " ", Complaint::NoSites),
        ("SITES", "", Complaint::NoSites),
        ("REDACTION_RULES", "[\n{\"name\": 1}]", Complaint::NoRules { line: 2, column: 10 }),
    ] {
        assert_eq!(Settings::read(&with(&[(name, value)])).err(), Some(complaint));
    }
}

#[test]
fn what_a_client_sets_about_redaction_is_checked() {
    let rules =
        r#"[{ "name": "membership", "kind": "national_id", "keys": ["membership no"], "shapes": ["AB-######"] }]"#;
    let changes = [
        ("PRIVACY", "hipaa"),
        ("ALLOWED_QUERY_KEYS", "page, sort,"),
        ("REDACTION_RULES", rules),
        ("NEVER_TOUCH_KEYS", "sku"),
    ];
    let settings = read(&changes);
    let url = "https://a.example/?page=2&q=shoes&utm_source=x";
    assert_eq!(redaction::url(&settings.redaction, url).0, "https://a.example/?page=2&q=[unlisted]&utm_source=x");
    assert_eq!(redaction::text(&settings.redaction, "member AB-123456").0, "member [national_id]");
    let vague = rules.replace("AB-######", "A");
    let complaint = Settings::read(&with(&[("REDACTION_RULES", &vague)])).err().expect("a shape found everywhere");
    assert!(complaint.to_string().starts_with("redaction: rules[0].shapes[0]: "), "{complaint}");
}

#[test]
fn no_complaint_tells_a_value() {
    let error = Settings::read(&with(&[("TOKEN_KEY", "hunter2")])).err().expect("no key");
    assert!(!error.to_string().contains("hunter2"));
    let settings = read(&[("IP_POLICY", "hunter2"), ("RETENTION_DAYS", "hunter2")]);
    assert_eq!(settings.complaints.len(), 2);
    assert!(settings.complaints.iter().all(|complaint| !complaint.to_string().contains("hunter2")));
}

#[test]
fn an_unknown_preset_is_the_strictest() {
    for name in ["", "Standard", "none", "gdpr ", "\u{0}"] {
        let settings = read(&[("PRIVACY", name)]);
        assert_eq!(settings.privacy, Preset::Hipaa.most(), "{name:?}");
        assert_eq!(settings.complaints.len(), 1, "{name:?}");
    }
}

#[test]
fn an_unknown_value_is_the_strictest_of_its_setting() {
    let privacy = |setting| read(&[(setting, "Keep")]).privacy;
    let standard = Preset::Standard.unless_said();
    assert_eq!(privacy("IP_POLICY"), Privacy { ip: Ip::Drop, ..standard.clone() });
    assert_eq!(privacy("PLACE"), Privacy { place: Place::Drop, ..standard.clone() });
    assert_eq!(privacy("USER_AGENT"), Privacy { user_agent: UserAgent::Parsed, ..standard.clone() });
    assert_eq!(privacy("CLICK_IDS"), Privacy { click_ids: ClickIds::Drop, ..standard.clone() });
    assert_eq!(privacy("CONSENT"), Privacy { consent: ConsentRule::Required, ..standard.clone() });
    assert_eq!(privacy("COPY_PREVIEWS"), Privacy { previews: Previews::Drop, ..standard.clone() });
    assert_eq!(privacy("QUERY_KEYS"), Privacy { query_keys: QueryKeys::Listed, ..standard.clone() });
    assert_eq!(privacy("RETENTION_DAYS"), Privacy { retention_days: Some(30), ..standard });
    assert_eq!(read(&[("BOTS", "Flag")]).bots, Bots::Filter);
}

#[test]
fn an_empty_value_is_no_way_to_the_looser_one() {
    for setting in [
        Ip::SETTING,
        Place::SETTING,
        UserAgent::SETTING,
        ClickIds::SETTING,
        ConsentRule::SETTING,
        Previews::SETTING,
        QueryKeys::SETTING,
        "RETENTION_DAYS",
        Bots::SETTING,
        "NEW_SITES_A_DAY",
        "BATCHES_A_MINUTE_PER_ADDRESS",
        "BATCHES_A_MINUTE_PER_SITE",
    ] {
        let (empty, unreadable) = (read(&[(setting, "")]), read(&[(setting, "no such value")]));
        assert_eq!((&empty.privacy, empty.bots, empty.rates), (&unreadable.privacy, unreadable.bots, unreadable.rates));
        assert_eq!(empty.complaints.len(), 1, "{setting}");
    }
}

#[test]
fn a_rate_that_cannot_be_read_is_the_lowest() {
    let usual = read(&[]).rates;
    assert_eq!(usual, Rates { per_address: 3_000, per_site: 60_000, new_sites: 20 });
    for wrong in ["10O", "-1", "1.5", "99999999999", "0x10", " 5"] {
        let rates = |setting| {
            let settings = read(&[(setting, wrong)]);
            assert_eq!(settings.complaints.len(), 1, "{setting} = {wrong}");
            settings.rates
        };
        assert_eq!(rates("BATCHES_A_MINUTE_PER_ADDRESS"), Rates { per_address: 1, ..usual }, "{wrong}");
        assert_eq!(rates("BATCHES_A_MINUTE_PER_SITE"), Rates { per_site: 1, ..usual }, "{wrong}");
        assert_eq!(rates("NEW_SITES_A_DAY"), Rates { new_sites: 0, ..usual }, "{wrong}");
    }
    let none = read(&[("NEW_SITES_A_DAY", "0")]);
    assert_eq!((none.rates.new_sites, none.complaints.len()), (0, 0), "no new site is a rate, too");
    assert_eq!(read(&[("BATCHES_A_MINUTE_PER_ADDRESS", "0")]).rates.per_address, 1);
}

#[test]
fn a_setting_is_looser_than_its_preset_in_name_only() {
    for preset in ["gdpr", "hipaa"] {
        let loose =
            read(&[("PRIVACY", preset), ("IP_POLICY", "keep"), ("CONSENT", "noted"), ("RETENTION_DAYS", "999")]);
        let most = Preset::named(preset).expect("a preset").most();
        assert_eq!(loose.privacy, most);
        assert_eq!(loose.complaints.len(), 3);
    }
    let whole = read(&[("IP_POLICY", "keep")]);
    assert_eq!((whole.privacy.ip, whole.complaints.len()), (Ip::Keep, 0));
}

#[test]
fn nothing_is_deleted_that_may_still_be_on_its_way() {
    assert_eq!(
        i64::from(read(&[("RETENTION_DAYS", "1")]).privacy.retention_days.unwrap_or_default()),
        wire::limits::WINDOW_DAYS
    );
}

#[test]
fn each_preset_is_stricter_than_the_one_before() {
    for (looser, stricter) in [(Preset::Standard, Preset::Gdpr), (Preset::Gdpr, Preset::Hipaa)] {
        assert!(is_as_strict(&stricter.most(), &looser.most()), "{stricter:?}");
    }
}

#[test]
fn every_setting_has_a_value_in_the_hash_and_no_secret() {
    let usual = Settings::hash(&with(&[]));
    assert_eq!(usual.len(), 16);
    for name in VARIABLES {
        assert_ne!(Settings::hash(&with(&[(name, "another")])), usual, "{name}");
    }
    for name in SECRETS {
        assert_eq!(Settings::hash(&with(&[(name, "another")])), usual, "{name}");
    }
}

fn is_as_strict(one: &Privacy, other: &Privacy) -> bool {
    let days = |privacy: &Privacy| privacy.retention_days.unwrap_or(u32::MAX);
    one.ip >= other.ip
        && one.place >= other.place
        && one.user_agent >= other.user_agent
        && one.click_ids >= other.click_ids
        && one.consent >= other.consent
        && one.previews >= other.previews
        && one.query_keys >= other.query_keys
        && days(one) <= days(other)
}

proptest! {
    #[test]
    fn whatever_is_set_nothing_looser_comes_of_it(
        preset in "standard|gdpr|hipaa|[a-z]{0,3}",
        values in prop::collection::vec("keep|truncate|drop|region|country|parsed|name|noted|cookieless|required|all|listed|[0-9]{1,5}|[a-z]{0,3}", 8),
    ) {
        let names = [Ip::SETTING, Place::SETTING, UserAgent::SETTING, ClickIds::SETTING, ConsentRule::SETTING,
            Previews::SETTING, QueryKeys::SETTING, "RETENTION_DAYS"];
        let mut changes: Vec<(&str, &str)> = names.into_iter().zip(values.iter().map(String::as_str)).collect();
        changes.push(("PRIVACY", &preset));
        let settings = read(&changes);
        let most = Preset::named(&preset).unwrap_or(Preset::Hipaa).most();
        prop_assert!(is_as_strict(&settings.privacy, &most), "{:?}", settings.privacy);
    }
}

#[test]
fn ids_of_clicks_stay_where_the_preset_keeps_them() {
    let address = "https://shop.example/?gclid=EAIaIQobChMI8vKq7Zz3_gIVi4KDBx0sZwYqEAAYASAAEgJ5fPD_BwE";
    for (preset, is_kept) in [("standard", true), ("gdpr", false), ("hipaa", false)] {
        let settings = read(&[("PRIVACY", preset)]);
        assert_eq!(redaction::url(&settings.redaction, address).0 == address, is_kept, "{preset}");
    }
}

/// The tables of `docs/privacy.md`.
fn tables() -> String {
    use std::fmt::Write;

    fn cell<T: Choice>(unless_said: T, most: T) -> String {
        let more = if most == unless_said { String::new() } else { format!(", or `{}` if set", most.name()) };
        format!("`{}`{more}", unless_said.name())
    }
    fn values<T: Choice>(text: &mut String) {
        for (_, name, what) in T::ALL {
            let _ = writeln!(text, "| `{}` | `{name}` | {what} |", T::SETTING);
        }
    }

    let presets = [Preset::Standard, Preset::Gdpr, Preset::Hipaa];
    let mut text = String::from("| setting | `standard` | `gdpr` | `hipaa` |\n|---|---|---|---|\n");
    let mut row = |setting: &str, cell: &dyn Fn(Preset) -> String| {
        let cells: Vec<String> = presets.into_iter().map(cell).collect();
        let _ = writeln!(text, "| `{setting}` | {} |", cells.join(" | "));
    };
    row(Ip::SETTING, &|preset| cell(preset.unless_said().ip, preset.most().ip));
    row(Place::SETTING, &|preset| cell(preset.unless_said().place, preset.most().place));
    row(UserAgent::SETTING, &|preset| cell(preset.unless_said().user_agent, preset.most().user_agent));
    row(ClickIds::SETTING, &|preset| cell(preset.unless_said().click_ids, preset.most().click_ids));
    row(ConsentRule::SETTING, &|preset| cell(preset.unless_said().consent, preset.most().consent));
    row(Previews::SETTING, &|preset| cell(preset.unless_said().previews, preset.most().previews));
    row(QueryKeys::SETTING, &|preset| cell(preset.unless_said().query_keys, preset.most().query_keys));
    row("RETENTION_DAYS", &|preset| {
        preset.most().retention_days.map_or("no limit".to_owned(), |days| format!("{days}"))
    });

    text.push_str("\n| setting | value | keeps |\n|---|---|---|\n");
    values::<Ip>(&mut text);
    values::<Place>(&mut text);
    values::<UserAgent>(&mut text);
    values::<ClickIds>(&mut text);
    values::<ConsentRule>(&mut text);
    values::<Previews>(&mut text);
    values::<QueryKeys>(&mut text);
    values::<Bots>(&mut text);
    text
}

/// `BLESS=1 cargo test -p edge-settings` writes the tables anew.
#[test]
fn the_tables_in_docs_privacy_are_those_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/privacy.md");
    let (begin, end) = ("<!-- begin: written by BLESS=1 cargo test -p edge-settings -->\n\n", "\n<!-- end -->");
    let page = std::fs::read_to_string(path).expect("docs/privacy.md");
    let (before, rest) = page.split_once(begin).expect("the mark where the tables begin");
    let (written, after) = rest.split_once(end).expect("the mark where they end");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, format!("{before}{begin}{}{end}{after}", tables())).expect("docs/privacy.md is ours");
    } else {
        assert_eq!(written, tables(), "BLESS=1 cargo test -p edge-settings writes the tables anew");
    }
}
