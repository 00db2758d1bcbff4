import {
  Body,
  ConflictException,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  ParseUUIDPipe,
  Post,
  Query,
} from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Type } from 'class-transformer';
import { IsInt, IsString, Max, MaxLength, ValidateNested } from 'class-validator';
import { Access } from '../../../src/modules/access/access.port.js';
import { DatabaseUnavailableError } from '../../../src/platform/database/database.errors.js';
import { PageQuery } from '../../../src/platform/http/page.js';
import { invalidField } from '../../../src/platform/http/problem.js';
import type { Problem } from '../../../src/platform/http/problem.js';
import { SettingConflictError } from '../../../src/platform/settings/settings.port.js';
import { createControlApp } from '../../support/control-plane/control-app.js';

class WindowDto {
  @IsInt()
  @Max(10)
  value: number;
}

class ThingDto {
  @IsString()
  @MaxLength(5)
  name: string;

  @ValidateNested()
  @Type(() => WindowDto)
  window: WindowDto;
}

@Controller('restgate/api/v1/things')
class ThingsController {
  @Access('public')
  @Post()
  create(@Body() body: ThingDto): ThingDto {
    return body;
  }

  @Access('public')
  @Get()
  list(@Query() query: PageQuery): PageQuery {
    return query;
  }

  @Access('public')
  @Post('check')
  @HttpCode(200)
  check(): { checked: true } {
    return { checked: true };
  }

  @Access('public')
  @Delete(':id')
  remove(@Param('id', ParseUUIDPipe) id: string): string {
    return id;
  }

  @Access('public')
  @Get('failing/:how')
  fail(@Param('how') how: string): never {
    if (how === 'field') throw invalidField('name', 'is taken');
    if (how === 'conflict') throw new SettingConflictError('version 3, not 2');
    if (how === 'database')
      throw new DatabaseUnavailableError(new Error('connect ECONNREFUSED 10.1.2.3:5432'));
    if (how === 'http') throw new ConflictException('There is one already.');
    throw new TypeError(`unexpected secret-${how}`);
  }
}

const THINGS = '/restgate/api/v1/things';
const GOOD = { name: 'a', window: { value: 1 } };
let app: NestFastifyApplication;

beforeAll(async () => {
  app = await createControlApp({ controllers: [ThingsController] });
});
afterAll(() => app.close());

async function send(
  method: 'GET' | 'POST' | 'DELETE' | 'PUT',
  url: string,
  payload?: string | Buffer | object,
  headers: Record<string, string> = {},
) {
  const answer = await app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) });
  const type = String(answer.headers['content-type']).split(';')[0];
  return {
    status: answer.statusCode,
    headers: answer.headers,
    type,
    body: answer.body,
    problem: safeJson(answer.body),
  };
}

function safeJson(text: string): Problem {
  return (text === '' ? {} : JSON.parse(text)) as Problem;
}

const json = { 'content-type': 'application/json' };

describe('errors of the control plane', () => {
  it('are problem details with a code, the status and the request id', async () => {
    const { status, type, problem, headers } = await send('GET', `${THINGS}/failing/field`);
    expect([status, type]).toEqual([400, 'application/problem+json']);
    expect(problem).toEqual({
      type: 'urn:restgate:problem:invalid_request',
      title: 'Bad Request',
      status: 400,
      detail: 'name: is taken',
      code: 'invalid_request',
      requestId: headers['x-request-id'],
      errors: [{ field: 'name', message: 'is taken' }],
    });
  });

  it('name every faulty field by its dotted path, unknown fields too', async () => {
    const { status, problem } = await send('POST', THINGS, {
      name: 'too long',
      window: { value: 11, unit: 'x' },
      extra: 1,
    });
    expect(status).toBe(400);
    expect(problem.code).toBe('invalid_request');
    expect(problem.errors).toEqual(
      expect.arrayContaining([
        { field: 'extra', message: 'This field is not known here.' },
        { field: 'name', message: 'must be shorter than or equal to 5 characters' },
        { field: 'window.unit', message: 'This field is not known here.' },
        { field: 'window.value', message: 'must not be greater than 10' },
      ]),
    );
  });

  it('refuse unknown and too large query parameters', async () => {
    expect((await send('GET', `${THINGS}?limit=501`)).problem.errors?.[0]?.field).toBe('limit');
    expect((await send('GET', `${THINGS}?nonsense=1`)).problem.errors?.[0]?.field).toBe('nonsense');
    expect((await send('GET', `${THINGS}?limit=5`)).body).toBe('{"limit":5}');
  });

  it.each([
    ['conflict', 412, 'precondition_failed'],
    ['database', 503, 'database_unavailable'],
    ['http', 409, 'conflict'],
    ['other', 500, 'internal_error'],
  ])('%s becomes %i %s', async (how, status, code) => {
    const answer = await send('GET', `${THINGS}/failing/${how}`);
    expect([answer.status, answer.problem.code]).toEqual([status, code]);
  });

  it('A-07 show nothing of an unexpected error', async () => {
    const { body } = await send('GET', `${THINGS}/failing/other`);
    expect(body).not.toMatch(/secret|TypeError|\.ts|\.js/);
    const database = await send('GET', `${THINGS}/failing/database`);
    expect(database.body).not.toContain('10.1.2.3');
    expect(database.headers['retry-after']).toBe('5');
  });
});

describe('requests that reach no route', () => {
  it('answers 404 below /restgate and 405 with Allow for a wrong method', async () => {
    const unknown = await send('GET', '/restgate/nothing');
    expect([unknown.status, unknown.problem.code]).toEqual([404, 'not_found']);
    const wrong = await send('PUT', THINGS, GOOD);
    expect([wrong.status, wrong.problem.code, wrong.headers['allow']]).toEqual([
      405,
      'method_not_allowed',
      'GET, HEAD, POST',
    ]);
    const wrongItem = await send('GET', `${THINGS}/0190`);
    expect([wrongItem.status, wrongItem.headers['allow']]).toEqual([405, 'DELETE']);
  });

  it('answers a malformed path with a problem, not with a stack', async () => {
    const { status, type } = await send('GET', '/restgate/%zz');
    expect([status, type]).toEqual([400, 'application/problem+json']);
  });
});

describe('bodies of the control plane', () => {
  it('are JSON in UTF-8 of at most 1 MiB', async () => {
    expect((await send('POST', THINGS, GOOD)).status).toBe(201);
    expect((await send('POST', THINGS, ' '.repeat(1024 * 1024) + '{}', json)).problem.code).toBe(
      'payload_too_large',
    );
    const latin = Buffer.from('{"name":"\xe9"}', 'latin1');
    expect((await send('POST', THINGS, latin, json)).problem.detail).toBe('The body is not UTF-8.');
  });

  it('A-09 refuses other types, so that no form of another site is ever read', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
    ]) {
      const answer = await send('POST', THINGS, '{"name":"a"}', { 'content-type': type });
      expect([answer.status, answer.problem.code]).toEqual([415, 'unsupported_media_type']);
    }
    expect((await send('POST', THINGS, Buffer.from('{}'))).status).toBe(415);
    expect((await send('POST', THINGS, '{}', { ...json, 'content-encoding': 'gzip' })).status).toBe(415);
  });

  it('refuses malformed JSON, prototype keys and absurd nesting with 400', async () => {
    for (const text of ['{"name":', '{"__proto__":{"a":1}}', '{"constructor":{"prototype":{}}}']) {
      const answer = await send('POST', THINGS, text, json);
      expect([answer.status, answer.problem.detail]).toEqual([400, 'The body is not well-formed JSON.']);
    }
    const deep = await send('POST', THINGS, '['.repeat(100_000), json);
    expect([deep.status, deep.problem.detail]).toEqual([400, 'The JSON is nested too deeply.']);
  });

  it('may be absent where none is needed, with or without a content type', async () => {
    expect((await send('POST', `${THINGS}/check`)).status).toBe(200);
    expect((await send('POST', `${THINGS}/check`, undefined, json)).status).toBe(200);
  });
});

describe('headers of control-plane answers', () => {
  it('forbid framing, sniffing, caching and inline scripts, on errors too', async () => {
    for (const url of [THINGS, '/restgate/nothing', `${THINGS}/failing/other`, '/restgate/%zz']) {
      const { headers } = await send('GET', url);
      expect(headers['content-security-policy']).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
      expect(headers['content-security-policy']).not.toContain('unsafe');
      expect([headers['x-content-type-options'], headers['cache-control']]).toEqual(['nosniff', 'no-store']);
    }
  });

  it("carry the caller's request id when it is sane, else a new one", async () => {
    expect((await send('GET', THINGS, undefined, { 'x-request-id': 'abc-1' })).headers['x-request-id']).toBe(
      'abc-1',
    );
    const odd = await send('GET', THINGS, undefined, { 'x-request-id': 'a b<script>' });
    expect(odd.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });
});
