//! `sqlx::migrate!` notices an edited migration by itself, a new one only so.

fn main() {
    println!("cargo:rerun-if-changed=../migrations");
}
