import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { CreateProvider } from '../../../src/modules/providers/dto/provider-input.dto.js';
import { PRESETS, presetOf } from '../../../src/modules/providers/presets/presets.policy.js';
import { newSettings } from '../../../src/modules/providers/provider-settings.policy.js';
import { missingEndpointsOf } from '../../../src/modules/providers/provider-warnings.policy.js';

const FOLDER = resolve(__dirname, '../../../docs/providers');

/** The JSON that a page tells the admin to send. */
function exampleOf(id: string): CreateProvider {
  const text = readFileSync(join(FOLDER, `${id}.md`), 'utf8');
  const json = /-d '(\{[\s\S]*?\n\})'/.exec(text)?.[1];
  return plainToInstance(CreateProvider, JSON.parse(json ?? '{}'));
}

describe.each(PRESETS.map((preset) => preset.id))('the page of %s', (id) => {
  it('gives an example that is accepted as it stands', () => {
    const input = exampleOf(id);
    expect(input.preset).toBe(id);
    expect(validateSync(input, { whitelist: true, forbidNonWhitelisted: true })).toEqual([]);
    const { settings, faults } = newSettings(presetOf(id), input, []);
    expect(faults).toEqual([]);
    expect(settings.issuer === undefined ? missingEndpointsOf(settings) : []).toEqual([]);
  });

  it('leaves no field of a template open', () => {
    const { settings } = newSettings(presetOf(id), exampleOf(id), []);
    const open = JSON.stringify({ ...settings, parameters: {} }).match(/\{[A-Za-z]+\}/g) ?? [];
    expect(open).toEqual([]);
  });

  it('is listed in the overview', () => {
    expect(readFileSync(join(FOLDER, 'README.md'), 'utf8')).toContain(`(${id}.md)`);
  });
});

describe('the presets', () => {
  it('have ids and names of their own', () => {
    expect(new Set(PRESETS.map((preset) => preset.id)).size).toBe(PRESETS.length);
    expect(new Set(PRESETS.map((preset) => preset.name)).size).toBe(PRESETS.length);
  });

  it('name only fields that exist in their templates', () => {
    for (const preset of PRESETS) {
      const known = preset.fields.map((field) => field.name);
      const texts = [
        preset.issuer,
        preset.scope,
        ...Object.values(preset.endpoints),
        ...(preset.otherIssuers ?? []),
      ];
      const used = texts.flatMap((text) => text?.match(/(?<=\{)[A-Za-z]+(?=\})/g) ?? []);
      expect(used.filter((name) => !known.includes(name))).toEqual([]);
    }
  });
});
