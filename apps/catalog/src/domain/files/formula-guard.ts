/**
 * How a cell begins that a spreadsheet takes for a formula, full-width forms included (OWASP, CSV Injection). Behind
 * apostrophes too: a cell that has its own must come back with it.
 */
const FORMULA = /^'*[=+\-@\t\r\n＝＋－＠]/;

/** A cell's text as a CSV has it: an apostrophe in front of what a spreadsheet would compute. */
export const guarded = (text: string): string => (FORMULA.test(text) ? `'${text}` : text);

/** The text of a cell that may have been guarded. Other apostrophes stay: "'Tis" is a word. */
export const unguarded = (cell: string): string => (cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell);
