//! Dictionaries: `Dictionary<string, T>`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::{ARRAYS, DataContract, Error, Name, Reader, Writer, generic};

const ENTRY: [Name<'static>; 2] = [Name::new(ARRAYS, "Key"), Name::new(ARRAYS, "Value")];

/// A dictionary, in the order of its keys. A missing dictionary and `null` read as the empty one.
impl<T: DataContract> DataContract for BTreeMap<String, T> {
    fn name() -> Cow<'static, str> {
        format!("ArrayOf{}", entry_name::<T>()).into()
    }
    const NAMESPACE: &'static str = ARRAYS;
    fn write_content(&self, writer: &mut Writer) -> Result<(), Error> {
        let name = entry_name::<T>();
        for (index, (key, value)) in self.iter().enumerate() {
            writer
                .entry(&name, key, value)
                .map_err(|error| error.inside_item(&name, index))?;
        }
        Ok(())
    }
    fn read_content(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let name = entry_name::<T>();
        let mut dictionary = Self::new();
        while let Some(index) = reader.next_member(&[Name::new(ARRAYS, &name)])? {
            match index {
                0 => read_entry(reader, &mut dictionary).map_err(|error| error.inside_item(&name, dictionary.len()))?,
                _ => reader.unknown()?,
            }
        }
        Ok(dictionary)
    }
    fn nil() -> Option<Self> {
        Some(Self::new())
    }
}

fn entry_name<T: DataContract>() -> String {
    generic::dictionary_entry(&T::type_name(), generic::namespace::<T>())
}

fn read_entry<T: DataContract>(reader: &mut Reader<'_>, dictionary: &mut BTreeMap<String, T>) -> Result<(), Error> {
    reader.refuse_nil()?;
    let (mut key, mut value) = (None, None);
    while let Some(index) = reader.next_member(&ENTRY)? {
        match index {
            0 => reader.member(&mut key)?,
            1 => reader.member(&mut value)?,
            _ => reader.unknown()?,
        }
    }
    let key = reader.finish(key, &ENTRY[0])?;
    let value = reader.finish(value, &ENTRY[1])?;
    match dictionary.insert(key, value) {
        None => Ok(()),
        Some(_) => Err(reader.error("a key that was given before")),
    }
}
