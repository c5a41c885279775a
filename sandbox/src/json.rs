//! A JSON reader that goes through a body token by token, as Json.NET's `JsonTextReader` does. Web API marks every
//! error as handled and lets it read on, so its state after an error decides which errors follow: `{"bank":{}}`
//! is complained about twice. The states and their order are Json.NET's for that reason.

use crate::date_text;
use crate::date_time::Read as DateRead;
use crate::json_number::Number;
use crate::json_text::{Fault, Text, is_space};

/// Web API's limit. Beyond it reading ends with an error.
const MAX_DEPTH: usize = 256;

/// What the reader stands on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    None,
    StartObject,
    EndObject,
    StartArray,
    EndArray,
    Name(String),
    Comment,
    Null,
    Undefined,
    Boolean(bool),
    Number(Number),
    Text(String),
    Date(DateRead),
}

/// What a value is wanted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    Anything,
    Text,
    Date,
    Boolean,
    Int32,
    Decimal,
    Double,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Start,
    Property,
    ArrayStart,
    Array,
    ObjectStart,
    Object,
    PostValue,
    Finished,
}

/// Where in the body the reader is.
#[derive(Clone, Debug)]
enum Place {
    Object(String),
    /// The index of the last item; -1 before the first.
    Array(i64),
}

/// The reader.
pub(crate) struct Reader<'a> {
    text: Text<'a>,
    state: State,
    pub(crate) token: Token,
    places: Vec<Place>,
    too_deep: bool,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            text: Text::new(text),
            state: State::Start,
            token: Token::None,
            places: Vec::new(),
            too_deep: false,
        }
    }

    /// The path to the current token, as it stands in `modelState`'s keys.
    pub(crate) fn path(&self) -> String {
        let starting = matches!(self.state, State::ArrayStart | State::ObjectStart);
        let inside = self.places.len() - usize::from(starting && !self.places.is_empty());
        let mut path = String::new();
        for place in self.places.iter().take(inside) {
            match place {
                Place::Object(name)
                    if name.contains(|c| ".'\"/[]() \t\n\r\u{c}\u{8}\\\u{85}\u{2028}\u{2029}".contains(c)) =>
                {
                    path.push_str("['");
                    path.push_str(&name.replace('\\', "\\\\").replace('\'', "\\'"));
                    path.push_str("']");
                }
                Place::Object(name) => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(name);
                }
                Place::Array(index) => path.push_str(&format!("[{index}]")),
            }
        }
        path
    }

    pub(crate) fn depth(&self) -> usize {
        let starting = matches!(self.token, Token::StartObject | Token::StartArray);
        self.places.len() - usize::from(starting && !self.places.is_empty())
    }

    /// The index of the last item read of the array that stands at this depth.
    pub(crate) fn index_at(&self, depth: usize) -> Option<i64> {
        match self.places.get(depth) {
            Some(Place::Array(index)) => Some(*index),
            _ => None,
        }
    }

    /// Reads the next token. `false` at the end.
    pub(crate) fn read(&mut self) -> Result<bool, Fault> {
        loop {
            match self.state {
                State::Start | State::Property | State::ArrayStart | State::Array => return self.value(Want::Anything),
                State::ObjectStart | State::Object => return self.member(),
                State::PostValue => {
                    if self.after_value(false)? {
                        return Ok(true);
                    }
                }
                State::Finished => {
                    self.text.skip_space();
                    self.token = Token::None;
                    return match self.text.peek() {
                        None => Ok(false),
                        Some(_) => Err(Fault("text behind the content")),
                    };
                }
            }
        }
    }

    /// Reads the next token that is no comment.
    pub(crate) fn read_content(&mut self) -> Result<bool, Fault> {
        loop {
            if !self.read()? {
                return Ok(false);
            }
            if !matches!(self.token, Token::None | Token::Comment) {
                return Ok(true);
            }
        }
    }

    /// Reads the next value as what is wanted. `false` at the end.
    pub(crate) fn read_as(&mut self, want: Want) -> Result<bool, Fault> {
        if want == Want::Anything {
            return self.read_content();
        }
        loop {
            match self.state {
                State::PostValue => {
                    if self.after_value(true)? {
                        return Ok(true);
                    }
                }
                State::Start | State::Property | State::ArrayStart | State::Array => return self.value(want),
                State::Finished => return self.read(),
                State::ObjectStart | State::Object => return Err(Fault("a value where a member name belongs")),
            }
        }
    }

    /// Goes past the current value.
    pub(crate) fn skip(&mut self) -> Result<(), Fault> {
        if matches!(self.token, Token::Name(_)) {
            self.read()?;
        }
        if matches!(self.token, Token::StartObject | Token::StartArray) {
            let depth = self.depth();
            while self.read()? && depth < self.depth() {}
        }
        Ok(())
    }

    fn value(&mut self, want: Want) -> Result<bool, Fault> {
        let anything = want == Want::Anything;
        loop {
            let Some(next) = self.text.peek() else {
                if !anything {
                    self.token = Token::None;
                }
                return Ok(false);
            };
            match next {
                '"' | '\'' => {
                    let text = self.text.quoted()?;
                    return self.string(text, want);
                }
                '-' | '0'..='9' => return self.number(next, want),
                '.' if !anything => return self.number(next, want),
                't' | 'f' => return self.boolean(next, want),
                'n' => {
                    self.text.null()?;
                    self.set_value(Token::Null);
                    return Ok(true);
                }
                'N' if want != Want::Boolean => return self.named_number("NaN", want),
                'I' if want != Want::Boolean => return self.named_number("Infinity", want),
                'u' if anything => {
                    self.text.whole_word("undefined")?;
                    self.set_value(Token::Undefined);
                    return Ok(true);
                }
                '{' if anything => {
                    self.text.advance();
                    self.push(Token::StartObject, State::ObjectStart, Place::Object(String::new()))?;
                    return Ok(true);
                }
                '[' if anything => {
                    self.text.advance();
                    self.push(Token::StartArray, State::ArrayStart, Place::Array(-1))?;
                    return Ok(true);
                }
                ']' => {
                    self.text.advance();
                    if !anything && self.state == State::Property {
                        return Err(Fault("an unexpected ]"));
                    }
                    self.end(Token::EndArray)?;
                    return Ok(true);
                }
                ',' => {
                    // An empty value. The comma itself is left for the next step.
                    self.set_value(Token::Undefined);
                    return if anything {
                        Ok(true)
                    } else {
                        Err(Fault("an unexpected comma"))
                    };
                }
                '/' => {
                    self.text.comment()?;
                    if anything {
                        self.token = Token::Comment;
                        return Ok(true);
                    }
                }
                c if is_space(c) => self.text.skip_space(),
                _ => {
                    if !anything {
                        self.text.advance();
                    }
                    return Err(Fault("an unexpected character"));
                }
            }
        }
    }

    fn string(&mut self, text: String, want: Want) -> Result<bool, Fault> {
        let token = match want {
            Want::Anything | Want::Text => Token::Text(text),
            _ if text.is_empty() => Token::Null,
            Want::Date => match date_text::json(&text) {
                Some(date) => Token::Date(date),
                None => {
                    self.set_value(Token::Text(text));
                    return Err(Fault("a string that is no date"));
                }
            },
            Want::Boolean => match text.trim().to_ascii_lowercase().as_str() {
                "true" => Token::Boolean(true),
                "false" => Token::Boolean(false),
                _ => {
                    self.set_value(Token::Text(text));
                    return Err(Fault("a string that is no boolean"));
                }
            },
            Want::Int32 | Want::Decimal | Want::Double => match Number::quoted(&text, want) {
                Some(number) => Token::Number(number),
                None => {
                    self.set_value(Token::Text(text));
                    return Err(Fault("a string that is no number"));
                }
            },
        };
        self.set_value(token);
        Ok(true)
    }

    fn number(&mut self, first: char, want: Want) -> Result<bool, Fault> {
        if first == '-' && self.text.peek_second() == Some('I') {
            return self.named_number("-Infinity", want);
        }
        if want == Want::Date && first != '-' {
            self.text.advance();
            return Err(Fault("a number for a date"));
        }
        let text = self.text.number()?;
        let token = match want {
            Want::Date => return Err(Fault("a number for a date")),
            Want::Text => {
                Number::read(text, Want::Anything)?;
                Token::Text(text.to_owned())
            }
            Want::Boolean => Token::Boolean(!Number::read(text, Want::Anything)?.is_zero()),
            _ => Token::Number(Number::read(text, want)?),
        };
        self.set_value(token);
        Ok(true)
    }

    fn boolean(&mut self, first: char, want: Want) -> Result<bool, Fault> {
        if !matches!(want, Want::Anything | Want::Text | Want::Boolean) {
            self.text.advance();
            return Err(Fault("an unexpected character"));
        }
        let word = if first == 't' { "true" } else { "false" };
        self.text.whole_word(word)?;
        self.set_value(match want {
            Want::Text => Token::Text(word.to_owned()),
            _ => Token::Boolean(first == 't'),
        });
        Ok(true)
    }

    fn named_number(&mut self, word: &'static str, want: Want) -> Result<bool, Fault> {
        self.text.whole_word(word)?;
        let token = match want {
            Want::Text => Token::Text(word.to_owned()),
            Want::Anything | Want::Double => Token::Number(Number::named(word)),
            _ => return Err(Fault("not a number")),
        };
        self.set_value(token);
        Ok(true)
    }

    fn member(&mut self) -> Result<bool, Fault> {
        self.text.skip_space();
        match self.text.peek() {
            None => Ok(false),
            Some('}') => {
                self.text.advance();
                self.end(Token::EndObject)?;
                Ok(true)
            }
            Some('/') => {
                self.text.comment()?;
                self.token = Token::Comment;
                Ok(true)
            }
            Some(_) => {
                let name = self.text.member_name()?;
                if let Some(place) = self.places.last_mut() {
                    *place = Place::Object(name.clone());
                }
                self.state = State::Property;
                self.token = Token::Name(name);
                Ok(true)
            }
        }
    }

    /// What follows a value: `true` if it is a token, `false` if another value or the end follows.
    fn after_value(&mut self, ignore_comments: bool) -> Result<bool, Fault> {
        loop {
            self.text.skip_space();
            match self.text.peek() {
                None => {
                    self.state = State::Finished;
                    return Ok(false);
                }
                Some(end @ ('}' | ']')) => {
                    self.text.advance();
                    self.end(if end == '}' { Token::EndObject } else { Token::EndArray })?;
                    return Ok(true);
                }
                Some('/') => {
                    self.text.comment()?;
                    if !ignore_comments {
                        self.token = Token::Comment;
                        return Ok(true);
                    }
                }
                Some(',') => {
                    self.text.advance();
                    self.state = match self.places.last() {
                        Some(Place::Object(_)) => State::Object,
                        Some(Place::Array(_)) => State::Array,
                        None => State::Finished,
                    };
                    return Ok(false);
                }
                Some(_) => return Err(Fault("no comma behind a value")),
            }
        }
    }

    fn set_value(&mut self, token: Token) {
        self.token = token;
        self.state = if self.places.is_empty() {
            State::Finished
        } else {
            State::PostValue
        };
        self.count_item();
    }

    fn count_item(&mut self) {
        if let Some(Place::Array(index)) = self.places.last_mut() {
            *index += 1;
        }
    }

    fn push(&mut self, token: Token, state: State, place: Place) -> Result<(), Fault> {
        self.token = token;
        self.state = state;
        self.count_item();
        self.places.push(place);
        if self.places.len() > MAX_DEPTH {
            // Json.NET would read on, to find more errors. The answer is a 400 either way.
            self.too_deep = true;
            return Err(Fault("nested more than 256 deep"));
        }
        Ok(())
    }

    /// Whether reading ended for good because of the depth.
    pub(crate) fn is_too_deep(&self) -> bool {
        self.too_deep
    }

    fn end(&mut self, token: Token) -> Result<(), Fault> {
        let closed = self.places.pop();
        let fits = matches!(
            (&token, closed),
            (Token::EndObject, Some(Place::Object(_))) | (Token::EndArray, Some(Place::Array(_)))
        );
        self.token = token;
        if !fits {
            return Err(Fault("a bracket that closes nothing of its kind"));
        }
        self.state = if self.places.is_empty() {
            State::Finished
        } else {
            State::PostValue
        };
        Ok(())
    }
}
