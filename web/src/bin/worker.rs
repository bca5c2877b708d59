//! The worker that holds the model.

#[cfg(target_arch = "wasm32")]
fn main() {
    lunglens_web::worker::start();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("The worker runs in a browser: build it with scripts/build-web.sh");
}
