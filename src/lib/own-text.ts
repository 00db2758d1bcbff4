/**
 * The same text in memory of its own. A piece of a longer text keeps all of that alive for as long as it is kept, and
 * with it whatever else stands there: cut out of a request's address, the whole address and its query. What is
 * remembered beyond its request is remembered by its own text.
 */
export function ownText(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}
