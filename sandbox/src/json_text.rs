//! The characters of a JSON body, scanned as Json.NET scans them: lenient, and leaving its position where
//! Json.NET leaves it after an error, because it goes on reading there.

/// Why reading stopped. The answer never says so ("An error has occurred."); the log does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault(pub(crate) &'static str);

/// A body and a position in it.
pub(crate) struct Text<'a> {
    text: &'a str,
    position: usize,
}

impl<'a> Text<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, position: 0 }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.position..).unwrap_or_default()
    }

    pub(crate) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// The character behind the next one.
    pub(crate) fn peek_second(&self) -> Option<char> {
        self.rest().chars().nth(1)
    }

    pub(crate) fn advance(&mut self) {
        if let Some(next) = self.peek() {
            self.position += next.len_utf8();
        }
    }

    pub(crate) fn advance_to_end(&mut self) {
        self.position = self.text.len();
    }

    /// A NUL character counts as white space, too.
    pub(crate) fn skip_space(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.advance();
        }
    }

    /// Matches a word such as `null`. Stops at the first character that differs.
    fn word(&mut self, word: &str) -> Result<bool, Fault> {
        if self.rest().chars().take(word.len()).count() < word.len() {
            self.advance_to_end();
            return Err(Fault("the body ends within a word"));
        }
        for expected in word.chars() {
            if self.peek() != Some(expected) {
                return Ok(false);
            }
            self.advance();
        }
        Ok(true)
    }

    /// A word such as `true`, with nothing of a longer word behind it.
    pub(crate) fn whole_word(&mut self, word: &str) -> Result<(), Fault> {
        let ends = |next: Option<char>| next.is_none_or(|c| is_space(c) || matches!(c, ',' | '}' | ']' | ')' | '/'));
        if self.word(word)? && ends(self.peek()) {
            Ok(())
        } else {
            Err(Fault("an unknown word"))
        }
    }

    /// `null`, with its first letter already seen.
    pub(crate) fn null(&mut self) -> Result<(), Fault> {
        match self.peek_second() {
            Some('u') => self.whole_word("null"),
            Some(_) => {
                self.advance();
                self.advance();
                Err(Fault("an unknown word"))
            }
            None => {
                self.advance_to_end();
                Err(Fault("the body ends within a word"))
            }
        }
    }

    /// A comment, `/* … */` or to the end of the line.
    pub(crate) fn comment(&mut self) -> Result<(), Fault> {
        self.advance();
        let end = match self.peek() {
            Some('*') => "*/",
            Some('/') => "\n",
            _ => return Err(Fault("a lone slash")),
        };
        self.advance();
        match self.rest().find(end) {
            Some(length) => {
                self.position += length + end.len();
                Ok(())
            }
            None => {
                self.advance_to_end();
                if end == "\n" {
                    Ok(())
                } else {
                    Err(Fault("a comment without an end"))
                }
            }
        }
    }

    /// A string in either kind of quotes.
    pub(crate) fn quoted(&mut self) -> Result<String, Fault> {
        let quote = self.peek().unwrap_or('"');
        self.advance();
        let mut content = String::new();
        loop {
            let plain = self.rest().find([quote, '\\']).unwrap_or(self.rest().len());
            content.push_str(self.rest().get(..plain).unwrap_or_default());
            self.position += plain;
            match self.peek() {
                None => return Err(Fault("a string without an end")),
                Some('\\') => self.escape(&mut content)?,
                Some(_) => {
                    self.advance();
                    return Ok(content);
                }
            }
        }
    }

    fn escape(&mut self, content: &mut String) -> Result<(), Fault> {
        self.advance();
        let Some(letter) = self.peek() else {
            return Err(Fault("a string without an end"));
        };
        self.advance();
        content.push(match letter {
            'b' => '\u{8}',
            't' => '\t',
            'n' => '\n',
            'f' => '\u{c}',
            'r' => '\r',
            '\\' | '"' | '\'' | '/' => letter,
            'u' => return self.unicode_escapes(content),
            _ => return Err(Fault("an unknown escape in a string")),
        });
        Ok(())
    }

    /// `\u` escapes in a row, so that surrogate pairs meet. Half a pair becomes U+FFFD.
    fn unicode_escapes(&mut self, content: &mut String) -> Result<(), Fault> {
        let mut units = vec![self.hex_unit()?];
        while units.len() < 2 && (0xD800..0xDC00).contains(&units[0]) && self.rest().starts_with("\\u") {
            self.position += 2;
            units.push(self.hex_unit()?);
        }
        content.extend(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)));
        Ok(())
    }

    fn hex_unit(&mut self) -> Result<u16, Fault> {
        let digits = self
            .rest()
            .get(..4)
            .filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()));
        let unit = digits.and_then(|text| u16::from_str_radix(text, 16).ok());
        let unit = unit.ok_or(Fault("a bad \\u escape in a string"))?;
        self.position += 4;
        Ok(unit)
    }

    /// The characters of a number, hexadecimal ones included, up to a separator.
    pub(crate) fn number(&mut self) -> Result<&'a str, Fault> {
        let rest = self.rest();
        let belongs = |c: char| c.is_ascii_hexdigit() || matches!(c, '-' | '+' | '.' | 'x' | 'X');
        let length = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        self.position += length;
        match self.peek() {
            Some(c) if !is_space(c) && !matches!(c, ',' | '}' | ']' | ')' | '/') => Err(Fault("a bad number")),
            _ => Ok(rest.get(..length).unwrap_or_default()),
        }
    }

    /// A member's name: quoted, or bare as in JavaScript.
    pub(crate) fn member_name(&mut self) -> Result<String, Fault> {
        let name = match self.peek() {
            Some('"' | '\'') => self.quoted()?,
            Some(c) if is_identifier(c) => {
                let rest = self.rest();
                let length = rest.find(|c| !is_identifier(c)).unwrap_or(rest.len());
                self.position += length;
                match self.peek() {
                    Some(c) if c == ':' || is_space(c) => rest.get(..length).unwrap_or_default().to_owned(),
                    Some(_) => return Err(Fault("a bad member name")),
                    None => return Err(Fault("the body ends within a member name")),
                }
            }
            _ => return Err(Fault("something else than a member name")),
        };
        self.skip_space();
        if self.peek() != Some(':') {
            return Err(Fault("no colon behind a member name"));
        }
        self.advance();
        Ok(name)
    }
}

pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || c == '\0'
}

fn is_identifier(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}
