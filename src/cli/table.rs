//! Plain text tables.

use super::tell::printable;

/// Lays out `rows` under `header` in columns that are as wide as their widest cell. Cells may have texts of files.
pub fn format_table<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> String {
    let rows: Vec<[String; N]> =
        rows.iter().map(|row| std::array::from_fn(|column| printable(&row[column]))).collect();
    let mut widths = header.map(|cell| cell.chars().count());
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    let mut push_line = |cells: [&str; N]| {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(widths) {
            line.push_str(&format!("{cell:<width$}  "));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    };
    push_line(header);
    for row in &rows {
        push_line(std::array::from_fn(|column| row[column].as_str()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_lines_have_no_trailing_blanks() {
        let rows = [["long name".into(), "1".into()], ["x\n".into(), "22".into()]];
        assert_eq!(format_table(["NAME", "N"], &rows), "NAME       N\nlong name  1\nx\\n        22\n");
    }
}
