//! Snapshots: files named `operation__case` in `snapshots/`, compared as they are.

/// Compares `text` with the snapshot `name`.
#[track_caller]
pub(crate) fn snapshot(name: &str, text: &str) {
    redacted(name, text, &[]);
}

/// Compares `text` with the snapshot `name`, after replacing what differs from run to run: regular expressions, and what
/// stands for each.
#[track_caller]
pub(crate) fn redacted(name: &str, text: &str, filters: &[(&str, &str)]) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (pattern, replacement) in filters {
        settings.add_filter(pattern, *replacement);
    }
    settings.bind(|| insta::assert_snapshot!(name, text));
}
