//! JSON as Json.NET reads it: with comments, single quotes, bare names, numbers in other bases, `undefined`, a comma behind
//! the last item, and anything at all behind the content. At the first mistake in it reading ends.

use std::fmt;

use crate::bind::Fault;
use crate::json_number::Number;

/// Web API's limit.
const MAX_DEPTH: usize = 256;

/// A value as it was written.
#[derive(Debug)]
pub(crate) enum Json<'a> {
    Null,
    Undefined,
    Boolean(bool),
    /// A number that can be read, or `NaN` and its like.
    Number(&'a str),
    Text(String),
    Array(Vec<Json<'a>>),
    /// A name may come again.
    Object(Vec<(String, Json<'a>)>),
}

/// Where in a body something is. Its text is how `modelState` writes it.
#[derive(Debug, Default)]
pub(crate) struct JsonPath(Vec<Level>);

#[derive(Debug)]
enum Level {
    /// Before the first member or item.
    Start,
    Member(String),
    Item(usize),
}

impl JsonPath {
    pub(crate) fn push_member(&mut self, name: &str) {
        self.0.push(Level::Member(name.to_owned()));
    }

    pub(crate) fn push_item(&mut self, index: usize) {
        self.0.push(Level::Item(index));
    }

    pub(crate) fn pop(&mut self) {
        self.0.pop();
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn truncate(&mut self, length: usize) {
        self.0.truncate(length);
    }

    fn set(&mut self, level: Level) {
        if let Some(last) = self.0.last_mut() {
            *last = level;
        }
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut dot = "";
        for level in &self.0 {
            match level {
                Level::Start => continue,
                Level::Item(index) => write!(f, "[{index}]")?,
                Level::Member(name)
                    if name.contains(|c| ".'\"/[]() \t\n\r\u{c}\u{8}\\\u{85}\u{2028}\u{2029}".contains(c)) =>
                {
                    write!(f, "['{}']", name.replace('\\', "\\\\").replace('\'', "\\'"))?;
                }
                Level::Member(name) => write!(f, "{dot}{name}")?,
            }
            dot = ".";
        }
        Ok(())
    }
}

/// Reads a body. `None` if there is nothing in it.
///
/// # Errors
/// What is wrong, and where.
pub(crate) fn read(text: &str) -> Result<Option<Json<'_>>, (JsonPath, Fault)> {
    let mut parser = Parser {
        rest: text,
        path: JsonPath::default(),
    };
    match parser.body() {
        Ok(json) => Ok(json),
        Err(fault) => Err((parser.path, fault)),
    }
}

struct Parser<'a> {
    rest: &'a str,
    path: JsonPath,
}

impl<'a> Parser<'a> {
    fn body(&mut self) -> Result<Option<Json<'a>>, Fault> {
        self.skip_space()?;
        match self.rest {
            "" => Ok(None),
            _ => self.value().map(Some),
        }
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn eat(&mut self, expected: char) -> bool {
        let left = self.rest.strip_prefix(expected);
        self.rest = left.unwrap_or(self.rest);
        left.is_some()
    }

    /// What belongs to the beginning of the rest.
    fn take(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let length = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    /// White space, of which NUL is some to Json.NET, and comments.
    fn skip_space(&mut self) -> Result<(), Fault> {
        loop {
            self.take(|c| c.is_whitespace() || c == '\0');
            if !self.eat('/') {
                return Ok(());
            }
            let end = match self.peek() {
                Some('*') => "*/",
                Some('/') => "\n",
                _ => return Err(Fault("a lone slash")),
            };
            // `/*/` is not yet a whole comment.
            let inside = self.rest.get(1..).unwrap_or_default();
            self.rest = match inside.split_once(end) {
                Some((_, behind)) => behind,
                None if end == "\n" => "",
                None => return Err(Fault("a comment without an end")),
            };
        }
    }

    fn value(&mut self) -> Result<Json<'a>, Fault> {
        match self.peek() {
            Some('"' | '\'') => self.quoted().map(Json::Text),
            Some('{') => self.object(),
            Some('[') => self.array(),
            Some('-' | '.' | '0'..='9') => self.number(),
            Some(_) => match self.take(char::is_alphanumeric) {
                "null" => Ok(Json::Null),
                "undefined" => Ok(Json::Undefined),
                "true" => Ok(Json::Boolean(true)),
                "false" => Ok(Json::Boolean(false)),
                word @ ("NaN" | "Infinity") => Ok(Json::Number(word)),
                _ => Err(Fault("no value")),
            },
            None => Err(Fault("the body ends before a value")),
        }
    }

    fn object(&mut self) -> Result<Json<'a>, Fault> {
        self.open('{')?;
        let mut members = Vec::new();
        loop {
            self.skip_space()?;
            if self.eat('}') {
                break;
            }
            let name = self.name()?;
            self.path.set(Level::Member(name.clone()));
            self.skip_space()?;
            members.push((name, self.value()?));
            if !self.goes_on('}')? {
                break;
            }
        }
        self.path.pop();
        Ok(Json::Object(members))
    }

    fn array(&mut self) -> Result<Json<'a>, Fault> {
        self.open('[')?;
        let mut items = Vec::new();
        loop {
            self.skip_space()?;
            if self.eat(']') {
                break;
            }
            self.path.set(Level::Item(items.len()));
            items.push(self.value()?);
            if !self.goes_on(']')? {
                break;
            }
        }
        self.path.pop();
        Ok(Json::Array(items))
    }

    fn open(&mut self, bracket: char) -> Result<(), Fault> {
        self.eat(bracket);
        if self.path.len() == MAX_DEPTH {
            return Err(Fault("nested more than 256 deep"));
        }
        self.path.0.push(Level::Start);
        Ok(())
    }

    /// Whether a comma follows a value, and not the bracket that ends it all.
    fn goes_on(&mut self, bracket: char) -> Result<bool, Fault> {
        self.skip_space()?;
        if self.eat(',') {
            return Ok(true);
        }
        match self.eat(bracket) {
            true => Ok(false),
            false => Err(Fault("neither a comma nor the end behind a value")),
        }
    }

    /// A member's name, quoted, or bare as in JavaScript; and its colon.
    fn name(&mut self) -> Result<String, Fault> {
        let name = match self.peek() {
            Some('"' | '\'') => self.quoted()?,
            _ => match self.take(|c| c.is_alphanumeric() || matches!(c, '_' | '$')) {
                "" => return Err(Fault("something else than a member's name")),
                name => name.to_owned(),
            },
        };
        self.skip_space()?;
        match self.eat(':') {
            true => Ok(name),
            false => Err(Fault("no colon behind a member's name")),
        }
    }

    fn number(&mut self) -> Result<Json<'a>, Fault> {
        let start = self.rest;
        if let Some(behind) = start.strip_prefix("-Infinity") {
            self.rest = behind;
        } else {
            let digits = self.take(|c| c.is_ascii_hexdigit() || matches!(c, '-' | '+' | '.' | 'x' | 'X'));
            Number::read(digits)?;
        }
        let length = start.len() - self.rest.len();
        Ok(Json::Number(start.get(..length).unwrap_or_default()))
    }

    fn quoted(&mut self) -> Result<String, Fault> {
        let quote = self.peek().unwrap_or('"');
        self.eat(quote);
        let mut content = String::new();
        loop {
            content.push_str(self.take(|c| c != quote && c != '\\'));
            if self.eat(quote) {
                return Ok(content);
            }
            if !self.eat('\\') {
                return Err(Fault("a string without an end"));
            }
            self.escape(&mut content)?;
        }
    }

    fn escape(&mut self, content: &mut String) -> Result<(), Fault> {
        let letter = self.peek().ok_or(Fault("a string without an end"))?;
        self.eat(letter);
        content.push(match letter {
            'b' => '\u{8}',
            't' => '\t',
            'n' => '\n',
            'f' => '\u{c}',
            'r' => '\r',
            '\\' | '"' | '\'' | '/' => letter,
            'u' => {
                // Surrogate pairs have to meet. Half a pair becomes U+FFFD.
                let first = self.hex_unit()?;
                let mut units = vec![first];
                if (0xD800..0xDC00).contains(&first)
                    && let Some(behind) = self.rest.strip_prefix("\\u")
                {
                    self.rest = behind;
                    units.push(self.hex_unit()?);
                }
                content.extend(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)));
                return Ok(());
            }
            _ => return Err(Fault("an unknown escape in a string")),
        });
        Ok(())
    }

    fn hex_unit(&mut self) -> Result<u16, Fault> {
        let digits = self.rest.get(..4);
        let digits = digits.filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()));
        let unit = digits.and_then(|text| u16::from_str_radix(text, 16).ok());
        self.rest = self.rest.get(4..).unwrap_or_default();
        unit.ok_or(Fault("a bad \\u escape in a string"))
    }
}
