import { isDenied } from '../../../src/modules/credentials/credentials.port.js';
import {
  isLoginResource,
  isPersonalAccessToken,
  loginParameters,
  recogniseCredential,
} from '../../../src/modules/credentials/credential.policy.js';
import type { CredentialFields } from '../../../src/modules/credentials/credential.policy.js';

const NOTHING: CredentialFields = {
  authorization: undefined,
  apiToken: undefined,
  cookie: undefined,
  parameters: undefined,
  login: false,
};
const basic = (text: string | Buffer): string => `Basic ${Buffer.from(text).toString('base64')}`;
const PAT = Buffer.concat([Buffer.from('123456789012:'), Buffer.alloc(20, 200)]).toString('base64');

/** `kind/form` of what was recognised, or the reason of the refusal. */
function outcome(fields: Partial<CredentialFields>): string {
  const result = recogniseCredential({ ...NOTHING, ...fields });
  return isDenied(result) ? result.reason : `${result.kind}/${result.form}`;
}

describe('which credential a request carries', () => {
  it.each<[string, Partial<CredentialFields>, string]>([
    ['nothing', {}, 'none/none'],
    ['a Bearer token of Restgate', { authorization: 'Bearer rgt_abc' }, 'api-token/bearer'],
    ['a Bearer JWT', { authorization: 'Bearer aaa.bbb.ccc' }, 'oauth/bearer'],
    ['an opaque Bearer', { authorization: 'Bearer ya29.abc' }, 'oauth/bearer'],
    ['a PAT of Jira', { authorization: `Bearer ${PAT}` }, 'pat/bearer'],
    ['a PAT of Bitbucket', { authorization: 'Bearer BBDC-abcdefgh' }, 'pat/bearer'],
    ['another case of Bearer', { authorization: 'bEaReR rgt_abc' }, 'api-token/bearer'],
    ['Basic', { authorization: basic('alice:pw') }, 'basic/basic'],
    ['B-01 a colon in the password', { authorization: basic('alice:pa:ss') }, 'basic/basic'],
    ['B-03 an empty user', { authorization: basic(':pw') }, 'unsupported_credential'],
    ['B-05 a NUL in the user', { authorization: basic('alice\u0000:pw') }, 'unsupported_credential'],
    ['B-07 no base64', { authorization: 'Basic %%%%' }, 'unsupported_credential'],
    ['B-09 too much padding', { authorization: 'Basic YWxpY2U6cHc=====' }, 'unsupported_credential'],
    ['base64 with non-zero padding bits', { authorization: 'Basic YWxpY2U6cHd=' }, 'unsupported_credential'],
    ['B-11 another case of Basic', { authorization: 'bAsIc YWxpY2U6cHc=' }, 'basic/basic'],
    ['no colon', { authorization: basic('alice') }, 'unsupported_credential'],
    [
      'a user name that is not UTF-8',
      { authorization: basic(Buffer.from([0xff, 0x3a, 0x61])) },
      'unsupported_credential',
    ],
    ['5 KB of Basic', { authorization: basic(`alice:${'x'.repeat(5000)}`) }, 'unsupported_credential'],
    ['our token as Basic password', { authorization: basic('alice:rgt_abc') }, 'api-token/basic'],
    ['our token as Basic user', { authorization: basic('rgt_abc:') }, 'token_malformed'],
    ['our token as Basic user with a password', { authorization: basic('rgt_abc:x') }, 'token_malformed'],
    [
      'our token as password, pasted with a space',
      { authorization: basic('alice: rgt_abc') },
      'api-token/basic',
    ],
    ['our token as user, pasted with a space', { authorization: basic(' rgt_abc:x') }, 'token_malformed'],
    ['a scheme with nothing behind it', { authorization: 'Bearer' }, 'unsupported_credential'],
    ['our token without a scheme', { authorization: 'rgt_abc' }, 'token_malformed'],
    ['X-Api-Token', { apiToken: 'rgt_abc' }, 'api-token/x-api-token'],
    ['X-Api-Token with something else', { apiToken: 'abc' }, 'unsupported_credential'],
    ['OAuth 1.0a', { authorization: 'OAuth oauth_consumer_key="a"' }, 'oauth1/oauth'],
    ['os_username', { parameters: { username: 'alice', password: 'pw' } }, 'basic/parameters'],
    [
      'our token in os_password',
      { parameters: { username: 'alice', password: 'rgt_x' } },
      'api-token/parameters',
    ],
    ['an empty os_username', { parameters: { username: '', password: 'pw' } }, 'unsupported_credential'],
    ['a login resource', { login: true }, 'basic/login'],
    ['a session cookie', { cookie: 'a=b; JSESSIONID=1' }, 'session/cookie'],
    ['a remember-me cookie', { cookie: 'seraph.rememberme.cookie=1' }, 'session/cookie'],
    ["Bitbucket's session", { cookie: 'BITBUCKETSESSIONID=1' }, 'session/cookie'],
    ['Crowd single sign-on', { cookie: 'crowd.token_key=1' }, 'session/cookie'],
    ['a cookie that is no session', { cookie: 'analytics=1' }, 'none/none'],
    [
      'a cookie beside a credential',
      { cookie: 'JSESSIONID=1', authorization: 'Bearer rgt_a' },
      'api-token/bearer',
    ],
    ['two credentials', { authorization: 'Bearer a', apiToken: 'rgt_b' }, 'ambiguous_credentials'],
    [
      'Bearer beside os_username',
      { authorization: 'Bearer a', parameters: { username: 'a', password: 'b' } },
      'ambiguous_credentials',
    ],
    [
      'two schemes in one field',
      { authorization: 'Basic YWRtaW46YWRtaW4=, Bearer abc' },
      'unsupported_credential',
    ],
    ['an empty Bearer', { authorization: 'Bearer ' }, 'unsupported_credential'],
    ['two tokens', { authorization: 'Bearer a b' }, 'unsupported_credential'],
    ['DPoP', { authorization: 'DPoP abc' }, 'unsupported_credential'],
    ['Negotiate', { authorization: 'Negotiate abc' }, 'unsupported_credential'],
    ['our token behind an unknown scheme', { authorization: 'Token rgt_abc' }, 'token_malformed'],
    ['an empty field', { authorization: '' }, 'unsupported_credential'],
  ])('%s is %s', (_what, fields, expected) => {
    expect(outcome(fields)).toBe(expected);
  });

  it('splits Basic at the first colon only', () => {
    expect(recogniseCredential({ ...NOTHING, authorization: basic('alice:pa:ss') })).toMatchObject({
      username: 'alice',
      secret: 'pa:ss',
    });
  });

  it('tells PATs by their shape and not by their length alone', () => {
    expect(isPersonalAccessToken(PAT)).toBe(true);
    expect(isPersonalAccessToken(Buffer.alloc(33, 65).toString('base64'))).toBe(false);
    expect(isPersonalAccessToken(`${PAT}A`)).toBe(false);
  });

  it.each([
    ['POST', '/rest/auth/1/session', true],
    ['POST', '/rest/auth/1/session.json', true],
    ['POST', '/rest/auth/1/session.json/', true],
    ['POST', '/rest/auth/1.0.0/session', true],
    ['POST', '/rest/auth/1/websudo', false],
    ['POST', '/rest/auth/latest/session/', true],
    ['GET', '/rest/auth/1/session', false],
    ['DELETE', '/rest/auth/1/session', false],
    ['POST', '/rpc/json-rpc/confluenceservice-v2/login', true],
    ['POST', '/rpc/json-rpc/confluenceservice-v2/getPage', false],
    ['POST', '/rpc/soap/jirasoapservice-v2', true],
    ['POST', '/rpc/soap-axis/confluenceservice-v2', true],
    ['POST', '/rpc/xmlrpc', true],
    ['POST', '/rest/api/2/search', false],
  ])('%s %s takes a password in its body: %s', (method, path, expected) => {
    expect(isLoginResource(method, path)).toBe(expected);
  });

  it.each([
    ['os_username=alice&os_password=p%26w', { username: 'alice', password: 'p&w' }],
    ['os%5Fusername=a&os_password=b', { username: 'a', password: 'b' }],
    ['os_username=a&os_username=b&os_password=c', { username: 'a', password: 'c' }],
    ['os_password=c', { username: '', password: 'c' }],
    ['q=os_username', undefined],
    ['', undefined],
  ])('reads %s as a servlet container does', (text, expected) => {
    expect(loginParameters(text)).toEqual(expected);
  });
});
