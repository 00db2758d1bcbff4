import { hash } from 'node:crypto';

/** SHA-256 of a text, base64url (43 characters). One-shot: this is on the hot path. */
export function sha256(text: string): string {
  return hash('sha256', text, 'base64url');
}
