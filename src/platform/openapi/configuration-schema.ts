import { SetMetadata } from '@nestjs/common';
import type { INestApplication, Type } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { OpenAPIObject } from '@nestjs/swagger';
import { CONFIGURATION_FORMAT, MOST_CONFIGURATION_ITEMS } from '../../lib/configuration-format.js';
import { close, partsOf, reachable, referenceOf } from './input-schemas.js';
import type { Schema } from './input-schemas.js';

/** The name of the schema of the whole configuration in the API document. */
export const CONFIGURATION_SCHEMA = 'ConfigurationDocument';
const COMPONENTS = '#/components/schemas/';
const SECTIONS = 'restgate:configuration-sections';

/** What a section of the configuration document holds: an object of this class, or (in brackets) a list of them. */
export type SectionInputs = Readonly<Record<string, Type | readonly [Type]>>;

/** Says of a feature's provider class which sections of the configuration document it reads. */
export const DescribesSections = (sections: SectionInputs): ClassDecorator => SetMetadata(SECTIONS, sections);

/** The sections of all features of an application, by name; works without instances. */
export function describedSections(app: INestApplication): SectionInputs {
  const found: Record<string, Type | readonly [Type]> = {};
  for (const module of app.get(ModulesContainer).values()) {
    for (const { metatype } of module.providers.values()) {
      if (metatype) Object.assign(found, Reflect.getMetadata(SECTIONS, metatype));
    }
  }
  return found;
}

/** The classes that the sections are made of, for the schemas of the API document. */
export function sectionClasses(sections: SectionInputs): Type[] {
  return Object.values(sections).flatMap((input) => (typeof input === 'function' ? [input] : [...input]));
}

/** The schema of the whole configuration, made of the schemas of its sections. */
export function configurationSchema(sections: SectionInputs): Schema {
  const properties: Record<string, Schema> = {
    formatVersion: { type: 'integer', enum: [CONFIGURATION_FORMAT], description: 'Of the document as such.' },
  };
  for (const name of Object.keys(sections).sort()) {
    const input = sections[name] as Type | readonly [Type];
    properties[name] =
      typeof input === 'function'
        ? { $ref: COMPONENTS + input.name }
        : { type: 'array', maxItems: MOST_CONFIGURATION_ITEMS, items: { $ref: COMPONENTS + input[0].name } };
  }
  return {
    type: 'object',
    description:
      'The whole configuration. Sections that are left out stay as they are; items that a section leaves out are deleted.',
    required: ['formatVersion'],
    additionalProperties: false,
    properties,
  };
}

/** The schema of the configuration on its own, for editors and pipelines (JSON Schema 2020-12). */
export function standaloneConfigurationSchema({ components }: OpenAPIObject): object {
  const schemas = (components?.schemas ?? {}) as Record<string, Schema>;
  const whole = schemas[CONFIGURATION_SCHEMA] ?? configurationSchema({});
  const definitions: Record<string, Schema> = {};
  for (const name of [...reachable([whole], schemas)].sort()) {
    const definition = structuredClone(schemas[name] as Schema);
    close(definition);
    definitions[name] = standalone(definition);
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `urn:restgate:configuration:${CONFIGURATION_FORMAT}`,
    title: 'Configuration of Restgate',
    ...standalone(structuredClone(whole)),
    $defs: definitions,
  };
}

/** References lead into `$defs`, and what only the API document knows is gone. Changes the schema itself. */
function standalone(schema: Schema): Schema {
  const name = referenceOf(schema);
  if (name !== undefined) schema.$ref = `#/$defs/${name}`;
  if (schema.example !== undefined) {
    schema['examples'] = [schema.example];
    delete schema.example;
  }
  for (const part of partsOf(schema)) standalone(part);
  return schema;
}
