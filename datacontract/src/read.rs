//! Reads documents into values, strictly: what a contract does not know is an error.

use super::tokens::{Mark, Token, Tokens, trimmed};
use super::{DataContract, Error, List, MAX_DEPTH, Name};
use std::borrow::Cow;

pub(super) fn document<T: DataContract>(xml: &[u8], skip_unknown: bool, transcoded: bool) -> Result<T, Error> {
    let mut reader = Reader {
        tokens: Tokens::new(xml, transcoded, MAX_DEPTH)?,
        skip_unknown,
    };
    let name = T::name();
    reader.root(&Name::new(T::NAMESPACE, &name))?;
    let value = reader.value().map_err(|error| error.inside(&name))?;
    // Whatever goes wrong after the root element: it was not the one document that it should be.
    reader.end().map_err(Error::other_document)?;
    Ok(value)
}

/// Reads the content of a value. Handed to [`DataContract::read_content`].
pub struct Reader<'a> {
    tokens: Tokens<'a>,
    skip_unknown: bool,
}

impl<'a> Reader<'a> {
    /// Goes to the next element inside this one, and tells which of `members` it is. `None`: this
    /// element has ended.
    ///
    /// An element that is none of them is `members.len()`, to be handed to
    /// [`unknown`](Self::unknown).
    ///
    /// # Errors
    /// When there is text in between, or the document is not well-formed.
    pub fn next_member(&mut self, members: &[Name<'_>]) -> Result<Option<usize>, Error> {
        loop {
            match self.tokens.next()? {
                Token::Start => {
                    let member = members.iter().position(|member| self.tokens.is(member));
                    return Ok(Some(member.unwrap_or(members.len())));
                }
                Token::End | Token::Eof => return Ok(None),
                Token::Text(text) if trimmed(&text).is_empty() => {}
                Token::Text(_) => return Err(self.error("text where only elements may stand")),
            }
        }
    }

    /// Reads the member that [`next_member`](Self::next_member) has found.
    ///
    /// # Errors
    /// When it was read before, or does not read as a `T`.
    pub fn member<T: DataContract>(&mut self, slot: &mut Option<T>) -> Result<(), Error> {
        self.fill(slot, Self::value)
    }

    /// Reads the member that [`next_member`](Self::next_member) has found: a list with an item name
    /// of the document's own.
    ///
    /// # Errors
    /// When it was read before, or an item does not read as its type.
    pub fn list<L: List>(&mut self, slot: &mut Option<L>, item: &Name<'_>) -> Result<(), Error> {
        self.fill(slot, |reader| match reader.nil()? {
            Some(nil) => Ok(nil),
            None => reader.items(item).map(L::from_items),
        })
    }

    /// Deals with an element that is none of the members: an error, or skipped in an answer.
    ///
    /// # Errors
    /// Names the element.
    pub fn unknown(&mut self) -> Result<(), Error> {
        if !self.skip_unknown {
            let found = self.found();
            return Err(self.error(format!("unknown element {found}")));
        }
        self.skip()
    }

    /// Passes over the element that [`next_member`](Self::next_member) has found, whatever it holds.
    ///
    /// # Errors
    /// When the document is not well-formed.
    pub fn skip(&mut self) -> Result<(), Error> {
        self.tokens.skip()
    }

    /// The value of a member when all of them were read: `null`, or an error, for a missing one.
    ///
    /// # Errors
    /// When the member is required and missing.
    pub fn finish<T: DataContract>(&self, slot: Option<T>, name: &Name<'_>) -> Result<T, Error> {
        slot.or_else(T::nil)
            .ok_or_else(|| self.error(format!("{} is missing", name.local)))
    }

    /// Reads text up to the end of the element, exactly as it stands, spaces and all.
    ///
    /// A character reference may stand for a control character (`&#x1;`), although XML 1.0 forbids
    /// it: the serializer writes strings that way, and reads them (observed).
    ///
    /// # Errors
    /// When there is an element inside, or a reference to an entity that XML does not define.
    pub fn text(&mut self) -> Result<Cow<'a, str>, Error> {
        let mut all = Cow::Borrowed("");
        loop {
            match self.tokens.next()? {
                Token::Text(text) if all.is_empty() => all = text,
                Token::Text(text) => all.to_mut().push_str(&text),
                Token::Start => return Err(self.error("an element where only text may stand")),
                Token::End | Token::Eof => return Ok(all),
            }
        }
    }

    /// An error at the place that was read last. `message` must not show a value of the document.
    pub fn error(&self, message: impl Into<Cow<'static, str>>) -> Error {
        self.tokens.error(message)
    }

    /// Reads the text of a plain value, without the whitespace around it. `type_name` says in the error what was expected.
    ///
    /// # Errors
    /// When `parse` gives `None`, or the text cannot be read.
    pub fn plain<T>(&mut self, type_name: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, Error> {
        let start = self.tokens.position();
        let text = self.text()?;
        parse(trimmed(&text)).ok_or_else(|| {
            let message = format!("the text is not a valid {type_name}");
            self.tokens.error_at(start, message)
        })
    }

    pub(super) fn items<T: DataContract>(&mut self, item: &Name<'_>) -> Result<Vec<T>, Error> {
        let mut items = Vec::new();
        while let Some(index) = self.next_member(&[*item])? {
            if index == 0 {
                let value = self.value();
                items.push(value.map_err(|error| error.inside_item(item.local, items.len()))?);
            } else {
                self.unknown()?;
            }
        }
        Ok(items)
    }

    /// Reads the element that has just begun.
    fn value<T: DataContract>(&mut self) -> Result<T, Error> {
        match self.nil()? {
            Some(nil) => Ok(nil),
            None => T::read_content(self),
        }
    }

    /// Sees to it that the element that has just begun holds a value.
    pub(super) fn refuse_nil(&mut self) -> Result<(), Error> {
        // A string that is no `Option` is never null.
        self.nil::<String>().map(|_| ())
    }

    /// Reads the element that has just begun if `i:nil` is set on it.
    fn nil<T: DataContract>(&mut self) -> Result<Option<T>, Error> {
        match self.tokens.mark() {
            None => return Ok(None),
            Some(Mark::Reference) => {
                return Err(self.error(
                    "z:Ref, a reference to an object that stands elsewhere in the document: references are not followed, \
                     the value is to be written out here",
                ));
            }
            Some(Mark::Nil) => {}
        }
        let nil = T::nil().ok_or_else(|| self.error("i:nil on a value that is required"))?;
        if !self.text()?.is_empty() {
            return Err(self.error("text in an element with i:nil"));
        }
        Ok(Some(nil))
    }

    fn fill<T>(&mut self, slot: &mut Option<T>, read: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<(), Error> {
        let name = self.tokens.local();
        if slot.is_some() {
            return Err(self.error("given twice").inside(name));
        }
        *slot = Some(read(self).map_err(|error| error.inside(name))?);
        Ok(())
    }

    /// Goes to the root element, which must have this name.
    fn root(&mut self, name: &Name<'_>) -> Result<(), Error> {
        loop {
            match self.tokens.next()? {
                Token::Start if self.tokens.is(name) => return Ok(()),
                Token::Start => {
                    let found = self.found();
                    let Name { namespace, local } = name;
                    let message = format!("the root element is {found}, not {local:?} in namespace {namespace:?}");
                    return Err(self.error(message).other_document());
                }
                Token::Text(text) if trimmed(&text).is_empty() => {}
                Token::Text(_) => {
                    return Err(self.error("text before the root element").other_document());
                }
                Token::End | Token::Eof => {
                    return Err(self.error("the document has no root element"));
                }
            }
        }
    }

    /// Sees to it that nothing but comments and whitespace follows the root element.
    fn end(&mut self) -> Result<(), Error> {
        loop {
            match self.tokens.next()? {
                Token::Eof => return Ok(()),
                Token::Text(text) if trimmed(&text).is_empty() => {}
                _ => return Err(self.error("the document goes on after the root element")),
            }
        }
    }

    /// The last element that began, for a message.
    fn found(&self) -> String {
        let (local, namespace) = (self.tokens.local(), self.tokens.namespace());
        format!("{} in namespace {}", short(local), short(namespace))
    }
}

/// A name of the document for a message: quoted, and not longer than it should be.
fn short(name: &str) -> String {
    match name.char_indices().nth(100) {
        Some((end, _)) => format!("{:?}…", &name[..end]),
        None => format!("{name:?}"),
    }
}
