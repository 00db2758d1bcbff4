const SPACE = 0x20;
const MINUS = 0x2d;
const UNDERSCORE = 0x5f;
const UPPER_J = 0x4a;
const LOWER_J = 0x6a;
const LAST_PRINTABLE = 0x7e;
/** As long as the shortest secret without a prefix that is looked for: a personal access token has 44 characters. */
const LONG_WORD = 40;

const WORD = new Uint8Array(128);
for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+/=-') {
  WORD[character.charCodeAt(0)] = 1;
}

/** What stands before the last character of the prefixes of secrets: `rgt_`, `BBDC-`, `eyJ`, `Bearer `... */
const BEFORE_UNDERSCORE = /(?:rgt|gh[opsur]|github_pat)$/i;
const BEFORE_MINUS = /(?:bbdc|glpat|xox[a-z]|----)$/i;
const BEFORE_SPACE = /(?:bearer|basic)$/i;
const LONGEST_PREFIX = 10;

/**
 * True when a text is printable ASCII and holds nothing that begins as a secret does, nor a long word: it needs no
 * second look. One walk over the characters; this is asked for every field of every event.
 */
export function isPlain(text: string): boolean {
  let run = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < SPACE || code > LAST_PRINTABLE) return false;
    run = WORD[code] === 1 ? run + 1 : 0;
    if (run >= LONG_WORD || endsPrefix(text, i, code)) return false;
  }
  return true;
}

function endsPrefix(text: string, at: number, code: number): boolean {
  switch (code) {
    case UNDERSCORE:
      return BEFORE_UNDERSCORE.test(before(text, at));
    case MINUS:
      return BEFORE_MINUS.test(before(text, at));
    case SPACE:
      return BEFORE_SPACE.test(before(text, at));
    case UPPER_J:
    case LOWER_J:
      return at >= 2 && text.slice(at - 2, at).toLowerCase() === 'ey';
    default:
      return false;
  }
}

function before(text: string, at: number): string {
  return text.slice(Math.max(0, at - LONGEST_PREFIX), at);
}
