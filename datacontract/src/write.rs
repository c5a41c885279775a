//! Writes documents. One buffer, one pass over each value.

use super::characters::{NONCHARACTER, WRITE_ATTRIBUTE, WRITE_TEXT, is_special, plain};
use super::{ARRAYS, DataContract, Error, List, MAX_DEPTH, Name, XSI};
use std::fmt::{self, Display, Write as _};

/// Room for a typical document, so that it takes one allocation: the help page's loan promise takes
/// under 500 bytes.
const CAPACITY: usize = 1024;

/// Writes the content of a value. Handed to [`DataContract::write_content`].
pub struct Writer {
    out: Vec<u8>,
    /// What `xmlns` says at this place.
    default_namespace: &'static str,
    /// The namespaces declared with a prefix, outermost first.
    prefixed: Vec<&'static str>,
    /// Whether the prefix `i` is declared on the root.
    declares_xsi: bool,
    depth: usize,
}

pub(super) fn document<T: DataContract>(value: &T) -> Result<Vec<u8>, Error> {
    let mut writer = Writer {
        out: Vec::with_capacity(CAPACITY),
        default_namespace: "",
        prefixed: Vec::new(),
        declares_xsi: !T::CONTENT_NAMESPACE.is_empty() || value.is_nil(),
        depth: 0,
    };
    let name = T::name();
    writer
        .value(&name, T::NAMESPACE, value)
        .map_err(|error| error.inside(&name))?;
    Ok(writer.out)
}

impl Writer {
    /// Writes a member. `None` is left out, which .NET reads as `null`.
    ///
    /// # Errors
    /// When the value has no form in XML.
    pub fn member<T: DataContract>(&mut self, name: &Name<'static>, value: &T) -> Result<(), Error> {
        if value.is_nil() {
            return Ok(());
        }
        self.value(name.local, name.namespace, value)
            .map_err(|error| error.inside(name.local))
    }

    /// Writes a member that is a list with an item name of the document's own. `None` is left out,
    /// an empty list is not: .NET tells them apart.
    ///
    /// # Errors
    /// When an item has no form in XML.
    pub fn list<L: List>(&mut self, name: &Name<'static>, item: &Name<'static>, list: &L) -> Result<(), Error> {
        let Some(items) = list.items() else {
            return Ok(());
        };
        self.element(name.local, name.namespace, item.namespace, false, |writer| {
            writer.items(item.local, item.namespace, items)
        })
        .map_err(|error| error.inside(name.local))
    }

    /// Writes text, such as a string or the name of an enumeration's value.
    ///
    /// # Errors
    /// When it has a character that XML 1.0 forbids. Nothing is replaced or dropped.
    pub fn text(&mut self, text: &str) -> Result<(), Error> {
        self.escape(text, WRITE_TEXT)
    }

    /// Writes a value by its `Display`.
    ///
    /// # Errors
    /// When the text has a character that XML 1.0 forbids.
    pub fn plain(&mut self, value: &impl Display) -> Result<(), Error> {
        write!(self, "{value}").map_err(|fmt::Error| Error::new("the value cannot be written"))
    }

    pub(super) fn items<T: DataContract>(
        &mut self,
        name: &str,
        namespace: &'static str,
        items: &[T],
    ) -> Result<(), Error> {
        for (index, item) in items.iter().enumerate() {
            self.value(name, namespace, item)
                .map_err(|error| error.inside_item(name, index))?;
        }
        Ok(())
    }

    /// Writes an entry of a dictionary.
    pub(super) fn entry<T: DataContract>(&mut self, name: &str, key: &String, value: &T) -> Result<(), Error> {
        self.element(name, ARRAYS, ARRAYS, false, |writer| {
            writer.value("Key", ARRAYS, key).map_err(|error| error.inside("Key"))?;
            writer
                .value("Value", ARRAYS, value)
                .map_err(|error| error.inside("Value"))
        })
    }

    fn value<T: DataContract>(&mut self, name: &str, namespace: &'static str, value: &T) -> Result<(), Error> {
        if value.is_nil() {
            return self.element(name, namespace, "", true, |_| Ok(()));
        }
        self.element(name, namespace, T::CONTENT_NAMESPACE, false, |writer| {
            value.write_content(writer)
        })
    }

    fn element(
        &mut self,
        name: &str,
        namespace: &'static str,
        content_namespace: &'static str,
        nil: bool,
        content: impl FnOnce(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.depth == MAX_DEPTH {
            return Err(Error::new("elements nested deeper than 64 cannot be written"));
        }
        let is_root = self.depth == 0;
        let outer_default = self.default_namespace;
        let outer_prefixed = self.prefixed.len();
        if is_root {
            self.default_namespace = namespace;
        }
        self.depth += 1;

        let prefix = self.prefix_of(namespace);
        self.out.push(b'<');
        self.qualified(prefix, name);
        if nil && !self.declares_xsi || is_root && self.declares_xsi {
            self.declaration(":i", XSI)?;
        }
        if nil {
            self.out.extend_from_slice(b" i:nil=\"true\"");
        }
        if !same(self.default_namespace, outer_default) {
            self.declaration("", self.default_namespace)?;
        }
        if !content_namespace.is_empty() {
            self.prefix_of(content_namespace);
        }
        for index in outer_prefixed..self.prefixed.len() {
            self.out.extend_from_slice(b" xmlns:");
            self.prefix(index);
            self.attribute_value(self.prefixed[index])?;
        }
        self.out.push(b'>');
        content(self)?;
        self.out.extend_from_slice(b"</");
        self.qualified(prefix, name);
        self.out.push(b'>');

        self.depth -= 1;
        self.default_namespace = outer_default;
        self.prefixed.truncate(outer_prefixed);
        Ok(())
    }

    /// The prefix of a namespace, new where none is in scope. `None`: it is the default namespace.
    fn prefix_of(&mut self, namespace: &'static str) -> Option<usize> {
        if same(namespace, self.default_namespace) {
            return None;
        }
        if namespace.is_empty() {
            // No prefix can stand for "no namespace": the default is switched off instead, inside
            // this element.
            self.default_namespace = "";
            return None;
        }
        let known = self.prefixed.iter().position(|&known| known == namespace);
        Some(known.unwrap_or_else(|| {
            self.prefixed.push(namespace);
            self.prefixed.len() - 1
        }))
    }

    fn qualified(&mut self, prefix: Option<usize>, name: &str) {
        if let Some(index) = prefix {
            self.prefix(index);
            self.out.push(b':');
        }
        self.out.extend_from_slice(name.as_bytes());
    }

    /// `a` to `h`, then `n8`, `n9` and so on: never `i`, which is taken.
    fn prefix(&mut self, index: usize) {
        match b"abcdefgh".get(index) {
            Some(&letter) => self.out.push(letter),
            None => self.out.extend_from_slice(format!("n{index}").as_bytes()),
        }
    }

    fn declaration(&mut self, suffix: &str, namespace: &str) -> Result<(), Error> {
        self.out.extend_from_slice(b" xmlns");
        self.out.extend_from_slice(suffix.as_bytes());
        self.attribute_value(namespace)
    }

    fn attribute_value(&mut self, value: &str) -> Result<(), Error> {
        self.out.extend_from_slice(b"=\"");
        self.escape(value, WRITE_ATTRIBUTE)?;
        self.out.push(b'"');
        Ok(())
    }

    /// Copies `text` in runs between the characters that need care.
    fn escape(&mut self, text: &str, place: u8) -> Result<(), Error> {
        let bytes = text.as_bytes();
        let mut copied = 0;
        for index in plain(bytes, place)..bytes.len() {
            let byte = bytes[index];
            if !is_special(byte, place) {
                continue;
            }
            let escaped: &[u8] = match byte {
                b'&' => b"&amp;",
                b'<' => b"&lt;",
                // Not needed but in `]]>`; the serializer does it everywhere.
                b'>' => b"&gt;",
                b'"' => b"&quot;",
                // Written as they are, XML would make a line feed of the first and, in attributes,
                // spaces of all.
                b'\r' => b"&#xD;",
                b'\n' => b"&#xA;",
                b'\t' => b"&#x9;",
                NONCHARACTER => match bytes.get(index..index + 3) {
                    Some([_, 0xBF, 0xBE]) => return Err(forbidden(0xFFFE)),
                    Some([_, 0xBF, 0xBF]) => return Err(forbidden(0xFFFF)),
                    _ => continue,
                },
                control => return Err(forbidden(control.into())),
            };
            self.out.extend_from_slice(&bytes[copied..index]);
            self.out.extend_from_slice(escaped);
            copied = index + 1;
        }
        self.out.extend_from_slice(&bytes[copied..]);
        Ok(())
    }
}

/// Whether two namespaces are the same. Mostly they are the same constant, which is seen without comparing them.
fn same(one: &'static str, other: &'static str) -> bool {
    std::ptr::eq(one, other) || one == other
}

fn forbidden(character: u32) -> Error {
    Error::new(format!("U+{character:04X} cannot be written: XML 1.0 forbids it"))
}

impl fmt::Write for Writer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.text(text).map_err(|_| fmt::Error)
    }
}
