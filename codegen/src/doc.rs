//! A description of the document as rustdoc is to read it: whatever is code in it, none of it is an example in Rust.

/// Each line begins with a space, as those of a `///` comment do.
///
/// Markdown makes code of fences, of lines that are indented far enough, and of both inside quotes and lists. Here a fence
/// stands at the margin and says that it is text, and nothing else is indented by more than two spaces.
pub(crate) fn doc(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut fence: Option<Fence> = None;
    for line in text.trim().lines() {
        match &mut fence {
            Some(open) if open.ends_at(line) => {
                lines.extend(fence.take().into_iter().flat_map(Fence::lines));
            }
            Some(open) => open.content.push(line.to_owned()),
            None => match Fence::opened_by(line) {
                Some(open) => fence = Some(open),
                None => lines.push(prose(line)),
            },
        }
    }
    lines.extend(fence.into_iter().flat_map(Fence::lines));
    let lines = lines.iter().map(|line| match line.is_empty() {
        true => String::new(),
        false => format!(" {line}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

struct Fence {
    mark: char,
    length: usize,
    content: Vec<String>,
}

impl Fence {
    fn opened_by(line: &str) -> Option<Self> {
        let (_, rest) = marks(line);
        let mark = rest.chars().next().filter(|it| ['`', '~'].contains(it))?;
        let length = rest.chars().take_while(|it| *it == mark).count();
        let info = rest.get(length..).unwrap_or_default();
        // A code span on a line of its own is no fence.
        let is_span = mark == '`' && info.contains('`');
        (length >= 3 && !is_span).then(|| Self {
            mark,
            length,
            content: Vec::new(),
        })
    }

    fn ends_at(&self, line: &str) -> bool {
        let (_, rest) = marks(line);
        let rest = rest.trim_end();
        rest.chars().count() >= self.length && rest.chars().all(|it| it == self.mark)
    }

    fn lines(self) -> Vec<String> {
        let longest = |line: &String| line.split(|it| it != '`').map(str::len).max().unwrap_or_default();
        let length = self.content.iter().map(longest).max().unwrap_or_default().max(2) + 1;
        let fence = "`".repeat(length);
        let mut lines = vec![format!("{fence}text")];
        lines.extend(self.content);
        lines.push(fence);
        lines
    }
}

/// What quotes and lists put in front of a line, and the rest of it.
fn marks(line: &str) -> (Vec<&str>, &str) {
    let mut marks = Vec::new();
    let mut rest = line.trim_start();
    loop {
        let digits = rest.len() - rest.trim_start_matches(|it: char| it.is_ascii_digit()).len();
        let length = match rest.as_bytes() {
            [b'>', ..] => 1,
            [b'-' | b'*' | b'+', b' ' | b'\t', ..] => 1,
            bytes if (1..10).contains(&digits) => match bytes.get(digits..) {
                Some([b'.' | b')', b' ' | b'\t', ..]) => digits + 1,
                _ => return (marks, rest),
            },
            _ => return (marks, rest),
        };
        let (mark, behind) = rest.split_at(length);
        marks.push(mark);
        rest = behind.trim_start();
    }
}

fn prose(line: &str) -> String {
    let indent = line.len() - line.trim_start().len();
    let (marks, rest) = marks(line);
    let mut out = " ".repeat(indent.min(2));
    for mark in marks {
        out.push_str(mark);
        out.push(' ');
    }
    out.push_str(&escaped(rest));
    out.trim_end().to_owned()
}

/// Brackets that are no link, and `<` that is no address: rustdoc would look for an item or a tag of that name.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for (index, part) in text.split('`').enumerate() {
        if index > 0 {
            out.push('`');
        }
        // Between two backticks.
        if index % 2 == 1 && index < text.matches('`').count() {
            out.push_str(part);
            continue;
        }
        for (at, character) in part.char_indices() {
            let behind = part.get(at + 1..).unwrap_or_default();
            let is_link = character == '[' && behind.find(']').is_some_and(|end| behind[end + 1..].starts_with('('));
            let is_address = character == '<' && behind.starts_with("http");
            let is_escaped = out.ends_with('\\');
            if ['[', '<'].contains(&character) && !is_link && !is_address && !is_escaped {
                out.push('\\');
            }
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag};

    use super::doc;

    /// The code blocks that rustdoc would find, and whether it would take them for Rust.
    fn rust(text: &str) -> Vec<bool> {
        let blocks = Parser::new(text).filter_map(|event| match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => Some(&*info != "text"),
            Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => Some(true),
            _ => None,
        });
        blocks.collect()
    }

    #[test]
    fn a_fence_stays_one_of_text() {
        for fence in [
            "```\n{}\n```",
            "```json\n{}\n```",
            "~~~\n{}\n~~~",
            "> ```\n> {}",
            "- ```\n  {}\n  ```",
            "1. ~~~~rust\n{}",
        ] {
            assert_eq!(rust(&doc(fence)), [false], "{fence}\n{}", doc(fence));
        }
        assert_eq!(doc("A:\n\n```\n{}\n```\nB"), " A:\n\n ```text\n {}\n ```\n B");
    }

    #[test]
    fn nothing_is_an_example_in_rust() {
        let parts = [
            "    let x;",
            "\tlet x;",
            "```",
            "~~~",
            "```rust",
            "> ",
            "- ",
            "* ",
            "1. ",
            "  ",
            "\n",
            "\n\n",
            "text",
            "`a`",
            "[a]",
            "<b>",
            "````",
            "      ",
            "> > ",
            "-     let x;",
            "#",
            "|",
        ];
        for seed in 0..20_000 {
            let mut random = fastrand::Rng::with_seed(seed);
            let text: String = (0..random.usize(1..12))
                .map(|_| parts[random.usize(..parts.len())])
                .collect();
            let doc = doc(&text);
            assert!(
                rust(&doc).iter().all(|is_rust| !is_rust),
                "seed {seed}: {text:?}\n{doc}"
            );
        }
    }

    #[test]
    fn brackets_and_tags_lead_nowhere() {
        assert_eq!(
            doc("[link] <b> `[a]` [a](http://b) <http://c>"),
            r" \[link] \<b> `[a]` [a](http://b) <http://c>"
        );
    }
}
