//! What a mistake is answered with: the sentence, and the line that is blamed.

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Once,
};

thread_local!(static AT: RefCell<String> = const { RefCell::new(String::new()) });

/// The message with which `f` panics, and the line that is blamed.
pub fn panic_of(f: impl FnOnce()) -> (String, String) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let at = info.location().map_or(String::new(), |at| format!("{}:{}", at.file(), at.line()));
            AT.with_borrow_mut(|last| if last.is_empty() { before(info) } else { *last = at });
        }));
    });
    AT.set("expected".into());
    let error = catch_unwind(AssertUnwindSafe(f)).expect_err("it should panic");
    let message = error.downcast_ref::<String>().cloned();
    (message.unwrap_or_else(|| error.downcast_ref::<&str>().unwrap().to_string()), AT.take())
}

/// `says!(call, "part", …)`: the call panics with every part in its message, and its own line is blamed.
macro_rules! says {
    ($call:expr, $($part:expr),+ $(,)?) => {{
        let line = line!();
        let (message, at) = $crate::panics::panic_of(|| _ = $call);
        $(assert!(message.contains::<&str>($part.as_ref()), "`{}` is not in\n{message}", $part);)+
        let (file, blamed) = at.rsplit_once(':').expect("file and line");
        // A call may stand below the macro that holds it, in a table of calls.
        assert!(file == file!() && (line..line + 90).contains(&blamed.parse().unwrap()), "{at} is blamed: {message}");
        message
    }};
}
pub(crate) use says;
