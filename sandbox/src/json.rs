//! A JSON reader that goes through a body token by token, as Json.NET's `JsonTextReader` does. Web API marks every
//! error as handled and lets it read on, so its state after an error decides which errors follow: `{"bank":{}}`
//! is complained about twice. The states and their order are Json.NET's for that reason.

use crate::date_time::Read as DateRead;
use crate::json_number::Number;
use crate::json_text::{Fault, Text};

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
    /// Of `new Date(0)`, which nothing opens here: constructors are not read.
    EndConstructor,
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
    /// Whatever comes next, also a comment.
    Token,
    Anything,
    Text,
    Date,
    Boolean,
    Int32,
    Int64,
    Double,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
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
pub(crate) enum Place {
    Object(String),
    /// The index of the last item; -1 before the first.
    Array(i64),
}

/// The reader.
pub(crate) struct Reader<'a> {
    pub(crate) text: Text<'a>,
    pub(crate) state: State,
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

    /// The index of the last item read of the array that stands at this depth, or what Json.NET
    /// takes for it: where brackets do not match, something else stands there.
    pub(crate) fn index_at(&self, depth: usize) -> i64 {
        match self.places.get(depth).or(self.places.last()) {
            Some(Place::Array(index)) => *index,
            Some(Place::Object(_)) => -1,
            None => 0,
        }
    }

    /// Reads the next token. `false` at the end.
    pub(crate) fn read(&mut self) -> Result<bool, Fault> {
        loop {
            match self.state {
                State::Start | State::Property | State::ArrayStart | State::Array => {
                    return self.value(Want::Anything);
                }
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
        match (want, self.state) {
            (Want::Token, _) => self.read(),
            (Want::Anything, _) => self.read_content(),
            (Want::Int64, _) => {
                let read = self.read_content()?;
                match self.token {
                    Token::Undefined => Err(Fault("undefined for a number")),
                    _ => Ok(read),
                }
            }
            (_, State::PostValue) => {
                // A comma leads to a value even where a member's name should follow.
                if self.after_value(true)? {
                    Ok(true)
                } else {
                    self.value(want)
                }
            }
            (_, State::Finished) => self.read(),
            (_, State::ObjectStart | State::Object) => Err(Fault("a value where a member name belongs")),
            _ => self.value(want),
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
                Some(end @ ('}' | ']' | ')')) => {
                    self.text.advance();
                    self.end(match end {
                        '}' => Token::EndObject,
                        ']' => Token::EndArray,
                        _ => Token::EndConstructor,
                    })?;
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

    pub(crate) fn set_value(&mut self, token: Token) {
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

    pub(crate) fn push(&mut self, token: Token, state: State, place: Place) -> Result<(), Fault> {
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

    pub(crate) fn end(&mut self, token: Token) -> Result<(), Fault> {
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
