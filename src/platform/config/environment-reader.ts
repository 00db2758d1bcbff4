import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

const KEY_BYTES = 32;

/** Reads typed values of environment variables and collects what is wrong with them. Values of secrets are never named. */
export class EnvironmentReader {
  readonly faults: string[] = [];

  constructor(private readonly environment: NodeJS.ProcessEnv) {}

  fault(text: string): void {
    this.faults.push(text);
  }

  /** The trimmed value; undefined when unset or blank. */
  text(name: string): string | undefined {
    const value = this.environment[name]?.trim();
    return value === undefined || value === '' ? undefined : value;
  }

  port(name: string): number | undefined {
    return this.integer(name, 0, 65535);
  }

  integer(name: string, least: number, most: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (/^\d{1,9}$/.test(text) && value >= least && value <= most) return value;
    this.fault(`${name} is "${text}"; a whole number from ${least} to ${most} is needed.`);
    return undefined;
  }

  /** A number from 0 to 1. */
  ratio(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (/^\d*\.?\d+$/.test(text) && value <= 1) return value;
    this.fault(`${name} is "${text}"; a number from 0 to 1 is needed.`);
    return undefined;
  }

  /** `name=value,name=value` with percent-encoded values. They are not repeated in the fault: they may be secrets. */
  pairs(name: string): Record<string, string> {
    const pairs = this.list(name).map((part) => /^([\w!#$%&'*+.^`|~-]+)\s*=\s*(.*)$/.exec(part));
    const decoded = pairs.map((match) => (match ? [match[1] as string, decode(match[2] as string)] : []));
    if (decoded.every(([, value]) => value !== undefined))
      return Object.fromEntries(decoded) as Record<string, string>;
    this.fault(`${name} is not a list of name=value, separated by commas, with percent-encoded values.`);
    return {};
  }

  flag(name: string): boolean | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (text === 'true' || text === 'false') return text === 'true';
    this.fault(`${name} is "${text}"; true or false is needed.`);
    return undefined;
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = values.find((candidate) => candidate === text);
    if (value === undefined) this.fault(`${name} is "${text}"; one of ${values.join(', ')} is needed.`);
    return value;
  }

  list(name: string): string[] {
    const text = this.text(name) ?? '';
    return text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
  }

  /** The value is not repeated in the fault: it may hold a password. */
  url(name: string, protocols: readonly string[]): string | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const parsed = URL.canParse(text) ? new URL(text) : undefined;
    if (parsed && protocols.includes(parsed.protocol) && parsed.hostname !== '') return text;
    this.fault(`${name} is not a URL that starts with ${protocols.map((p) => `${p}//`).join(' or ')}.`);
    return undefined;
  }

  file(name: string): string | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const path = resolve(text);
    if (!existsSync(path)) this.fault(`${name} names ${path}, which does not exist.`);
    return path;
  }

  key(name: string): Buffer | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : this.decodeKey(name, text);
  }

  keys(name: string): Buffer[] {
    return this.list(name)
      .map((text) => this.decodeKey(name, text))
      .filter((key) => key !== undefined);
  }

  private decodeKey(name: string, text: string): Buffer | undefined {
    const key = Buffer.from(text, 'base64');
    if (key.length === KEY_BYTES && key.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, ''))
      return key;
    this.fault(`${name} is not ${KEY_BYTES} bytes in base64. Make one with: openssl rand -base64 32`);
    return undefined;
  }
}

/** Undefined for what no header field may hold. */
function decode(text: string): string | undefined {
  try {
    const value = decodeURIComponent(text);
    return /^[\x20-\x7e]*$/.test(value) ? value : undefined;
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
