interface TableOptions {
  /** Indices of the columns that are aligned to the right, such as those of numbers. */
  readonly right?: readonly number[];
  /** Spaces before each line; 2 if not given. */
  readonly indent?: number;
}

/** Rows of cells as lines, columns under each other and two spaces apart. The first row has all columns. */
export function table(rows: readonly (readonly string[])[], { right = [], indent = 2 }: TableOptions = {}): string {
  // A line break in a cell would break its row in two.
  const lines = rows.map((row) => row.map((cell) => cell.replaceAll(/\s+/g, ' ')));
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((row) => row[column]?.length ?? 0)));
  const aligned = (cell: string, column: number): string =>
    right.includes(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
  return lines.map((row) => `${' '.repeat(indent)}${row.map(aligned).join('  ')}`.trimEnd()).join('\n');
}
