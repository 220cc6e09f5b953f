//! Tables for LaTeX: booktabs rules, no vertical lines, every character that TeX reads as a command escaped.

use super::{Cell, Table};

impl Table {
    /// A `table` environment; the manuscript needs `\usepackage{booktabs}` and an engine that reads UTF-8.
    pub(in crate::report) fn to_tex(&self) -> String {
        let columns: String = self.columns.iter().map(|column| if column.numeric { 'r' } else { 'l' }).collect();
        let head = line(self.columns.iter().map(|column| escape(&column.name)));
        let rows: String = self.rows.iter().map(|row| line(row.iter().map(cell))).collect();
        format!(
            "\\begin{{table}}\n\\centering\n\\caption{{{}}}\n\\label{{tab:{}}}\n\\begin{{tabular}}{{{columns}}}\n\\toprule\n{head}\\midrule\n{rows}\\bottomrule\n\\end{{tabular}}\n{}\\end{{table}}\n",
            escape(&self.caption),
            self.stem(),
            self.tex_remarks(),
        )
    }

    fn tex_remarks(&self) -> String {
        let remark = |(mark, text): (Option<char>, &str)| {
            let mark = mark.map(|letter| format!("\\textsuperscript{{{letter}}}")).unwrap_or_default();
            format!("\\par\\smallskip{{\\footnotesize {mark}{}}}\n", escape(text))
        };
        self.remarks().map(remark).collect()
    }
}

fn line(cells: impl Iterator<Item = String>) -> String {
    format!("{} \\\\\n", cells.collect::<Vec<_>>().join(" & "))
}

fn cell(cell: &Cell) -> String {
    let text = escape(&cell.text);
    let text = if cell.strong { format!("\\textbf{{{text}}}") } else { text };
    if cell.marks.is_empty() { text } else { format!("{text}\\textsuperscript{{{}}}", cell.marks) }
}

/// `text` with every character that TeX reads as a command made plain.
pub(in crate::report) fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, character| {
        match character {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => escaped.extend(['\\', character]),
            '\\' => escaped.push_str("\\textbackslash{}"),
            '~' => escaped.push_str("\\textasciitilde{}"),
            '^' => escaped.push_str("\\textasciicircum{}"),
            '<' => escaped.push_str("\\textless{}"),
            '>' => escaped.push_str("\\textgreater{}"),
            '|' => escaped.push_str("\\textbar{}"),
            '"' => escaped.push_str("\\textquotedbl{}"),
            '[' | ']' => escaped.extend(['{', character, '}']),
            '\u{2212}' => escaped.push_str("$-$"),
            '\u{d7}' => escaped.push_str("$\\times$"),
            '\u{2013}' => escaped.push_str("--"),
            '\u{a0}' => escaped.push('~'),
            '\u{202f}' => escaped.push_str("\\,"),
            other => escaped.push(other),
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_tex_reads_as_commands_are_escaped() {
        let escaped = escape("a&b_c% <d> #1 $x^2~\\{y}[z]");
        let expected = "a\\&b\\_c\\% \\textless{}d\\textgreater{} \\#1 \\$x\\textasciicircum{}2\\textasciitilde{}\\textbackslash{}\\{y\\}{[}z{]}";
        assert_eq!(escaped, expected);
    }

    #[test]
    fn typographic_characters_become_their_commands() {
        assert_eq!(escape("\u{2212}0.1 3\u{d7}4 11\u{202f}088 1\u{2013}2"), "$-$0.1 3$\\times$4 11\\,088 1--2");
    }
}
