//! The worker that reads files and measures studies.

#[cfg(target_arch = "wasm32")]
fn main() {
    lunglens_web::reader::start();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("The reader runs in a browser: build it with scripts/build-web.sh");
}
