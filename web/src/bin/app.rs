//! The page.

#[cfg(target_arch = "wasm32")]
fn main() {
    lunglens_web::components::start();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("The page runs in a browser: build it with scripts/build-web.sh");
}
