/** Characters with which a cell becomes a formula in a spreadsheet (OWASP, CSV injection). */
const FORMULA = /^[\s'"]*[=+\-@\t\r＝＋－＠]/;
const NEEDS_QUOTES = /[",\r\n']/;

/**
 * One line of CSV with its CR LF (RFC 4180). Texts that a spreadsheet would run as a formula get a leading
 * apostrophe and quotes; numbers are left as they are.
 */
export function csvLine(cells: readonly (string | number | null)[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

function csvCell(cell: string | number | null): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return String(cell);
  const formula = FORMULA.test(cell);
  const safe = formula ? `'${cell}` : cell;
  return formula || NEEDS_QUOTES.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
