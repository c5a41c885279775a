//! A mistake in the document, and all of them together.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;

/// A mistake in the document: which file, where in it, what is wrong and what to do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    file: String,
    line: usize,
    place: String,
    message: String,
}

impl Mistake {
    pub(crate) fn new(file: &str, line: usize, place: String, message: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line,
            place,
            message: message.into(),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Mistake {}

/// Those found so far: each once.
#[derive(Debug, Default)]
pub(crate) struct Mistakes {
    found: RefCell<BTreeSet<Mistake>>,
    /// The JSON pointers at which something is wrong.
    pointers: RefCell<BTreeSet<String>>,
}

impl Mistakes {
    pub(crate) fn add(&self, pointer: &str, mistake: Mistake) {
        self.found.borrow_mut().insert(mistake);
        self.pointers.borrow_mut().insert(pointer.to_owned());
    }

    /// Whether something is wrong with what stands directly in `pointer`: what is missing there may only be misspelt.
    pub(crate) fn are_in(&self, pointer: &str) -> bool {
        let inside = format!("{pointer}/");
        let pointers = self.pointers.borrow();
        let below = pointers
            .range(inside.clone()..)
            .map_while(|it| it.strip_prefix(&inside));
        below.into_iter().any(|it| !it.contains('/'))
    }

    /// Whether something is wrong at this very place.
    pub(crate) fn are_at(&self, pointer: &str) -> bool {
        self.pointers.borrow().contains(pointer)
    }

    /// In the order of their lines.
    pub(crate) fn into_sorted(self) -> Vec<Mistake> {
        self.found.into_inner().into_iter().collect()
    }
}
