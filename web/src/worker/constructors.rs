//! What the program registers before it starts.

/// Registers it, once. The linker makes the function up, and has every call from JavaScript begin with it where nothing in
/// the program calls it: thousands a slice.
pub(super) fn run() {
    #[allow(unsafe_code)]
    unsafe extern "C" {
        fn __wasm_call_ctors();
    }
    // SAFETY: the linker's function takes nothing and returns nothing, and what it registers may be registered twice.
    #[allow(unsafe_code)]
    unsafe {
        __wasm_call_ctors();
    }
}
