/**
 * Rows of text as lines for a terminal: the first columns to the left, numbers to the right.
 * @param left how many columns are words
 */
export function layOut(rows: readonly (readonly string[])[], left = 1): string {
  const columns = Math.max(0, ...rows.map(row => row.length))
  const widths = Array.from({ length: columns }, (_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)))
  return rows
    .map(row =>
      row
        .map((cell, column) => (column < left ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** The same as a Markdown table; the first row is its head. */
export function markdownTable(rows: readonly (readonly string[])[], left = 1): string {
  const [head = [], ...body] = rows
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, column) => (column < left ? '---' : '--:'))), ...body.map(line)].join('\n')
}
