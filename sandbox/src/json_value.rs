//! Values in a JSON body, read as what is wanted of them.

use crate::date_text;
use crate::json::{Place, Reader, State, Token, Want};
use crate::json_number::Number;
use crate::json_text::{Fault, is_space};

impl Reader<'_> {
    /// Reads a value. `false` at the end.
    pub(crate) fn value(&mut self, want: Want) -> Result<bool, Fault> {
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
                '-' | '.' | '0'..='9' => return self.number(next, want),
                't' | 'f' => return self.boolean(next, want),
                'n' if anything && self.text.peek_second().is_some_and(|c| c != 'u') => {
                    return Err(Fault("an unknown word"));
                }
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
                    let fits = matches!(self.state, State::Array | State::ArrayStart | State::PostValue);
                    if !anything && !fits {
                        return Err(Fault("an unexpected ]"));
                    }
                    self.end(Token::EndArray)?;
                    return Ok(true);
                }
                ')' if anything => {
                    self.text.advance();
                    self.end(Token::EndConstructor)?;
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
            Want::Token | Want::Anything | Want::Int64 | Want::Text => Token::Text(text),
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
            Want::Int32 | Want::Double => match Number::quoted(&text, want) {
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
        // Json.NET counts the number as read before it looks at it, so that reading goes on behind a bad one.
        let before = std::mem::replace(&mut self.token, Token::None);
        self.set_value(Token::Undefined);
        self.token = match want {
            Want::Date => {
                self.token = before;
                return Err(Fault("a number for a date"));
            }
            Want::Text => {
                Number::read(text, Want::Anything)?;
                Token::Text(text.to_owned())
            }
            Want::Boolean => Token::Boolean(!Number::read(text, Want::Anything)?.is_zero()),
            _ => Token::Number(Number::read(text, want)?),
        };
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
}
