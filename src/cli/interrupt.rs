//! Ctrl-C, or SIGTERM: the first one cancels between stages, the second ends the program at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lunglens::engine::CancelToken;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use super::exit::Exit;

/// Makes Ctrl-C and SIGTERM cancel `token`.
pub fn cancel_on_ctrl_c(token: &CancelToken) -> io::Result<()> {
    let pressed = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // Registered first, it sees the flag still down on the first one.
        flag::register_conditional_shutdown(signal, Exit::Interrupted.code().into(), pressed.clone())?;
        flag::register(signal, pressed.clone())?;
    }
    let token = token.clone();
    std::thread::spawn(move || {
        while !pressed.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(20));
        }
        token.cancel();
    });
    Ok(())
}
