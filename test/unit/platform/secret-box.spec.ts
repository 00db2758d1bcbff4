import { SecretBox, SecretBoxError, keyIdOf } from '../../../src/platform/crypto/secret-box.js';

const OLD = Buffer.alloc(32, 1);
const NEW = Buffer.alloc(32, 2);

describe('the secret box', () => {
  it('opens what it sealed, and seals the same text differently each time', () => {
    const box = new SecretBox([NEW]);
    const sealed = box.seal('geheim', 'provider');
    expect(box.open(sealed, 'provider')).toBe('geheim');
    expect(sealed).not.toContain('geheim');
    expect(box.seal('geheim', 'provider')).not.toBe(sealed);
  });

  it('opens with an earlier key and says that the value is stale', () => {
    const sealed = new SecretBox([OLD]).seal('geheim', 'x');
    const rotated = new SecretBox([NEW, OLD]);
    expect(rotated.open(sealed, 'x')).toBe('geheim');
    expect(rotated.isStale(sealed)).toBe(true);
    expect(rotated.isStale(rotated.seal('geheim', 'x'))).toBe(false);
  });

  it.each([
    ['another purpose', (sealed: string) => [sealed, 'y'] as const],
    [
      'a changed byte',
      (sealed: string) => [`${sealed.slice(0, -2)}${sealed.endsWith('AA') ? 'BB' : 'AA'}`, 'x'] as const,
    ],
    ['another key id', (sealed: string) => [sealed.replace(keyIdOf(NEW), '00000000'), 'x'] as const],
    ['no sealed value', () => ['geheim', 'x'] as const],
  ])('refuses %s', (_what, change) => {
    const box = new SecretBox([NEW]);
    const [sealed, purpose] = change(box.seal('geheim', 'x'));
    expect(() => box.open(sealed, purpose)).toThrow(SecretBoxError);
  });

  it('needs a key', () => {
    expect(() => new SecretBox([])).toThrow(SecretBoxError);
  });
});
