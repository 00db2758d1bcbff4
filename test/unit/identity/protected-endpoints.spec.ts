import { isProtectedEndpoint } from '../../../src/modules/identity/identity.port.js';

const closed = { openedEndpoints: [] };

describe('endpoints that make credentials or sessions', () => {
  it.each([
    ['POST', '/rest/pat/latest/tokens'],
    ['POST', '/rest/pat/1.0/tokens.json'],
    ['GET', '/rest/pat'],
    ['PUT', '/rest/access-tokens/latest/users/alice'],
    ['POST', '/rest/oauth2/latest/token'],
    ['PUT', '/rest/applinks/1.0/applicationlink/x/authentication/consumer'],
    ['POST', '/rest/auth/1/session'],
    ['DELETE', '/rest/auth/latest/websudo'],
    ['POST', '/rest/tsv/1.0/authenticate'],
    ['POST', '/rest/tsv.json/1.0/authenticate'],
    ['PUT', '/rest/authconfig/1.0/idps'],
    ['PUT', '/rest/basicauth/latest/config'],
    ['POST', '/rest/usermanagement/1/session'],
    ['POST', '/rest/plugins/1.0/'],
    ['GET', '/rest/secrets/latest/x'],
    ['POST', '/rest/PAT/latest/tokens'],
    ['POST', '/rest/ssh/latest/keys'],
    ['POST', '/rest/gpg/latest/keys'],
    ['POST', '/rest/keys/1.0/projects/P/ssh'],
    ['PUT', '/rest/api/2/user/password'],
    ['PUT', '/rest/api/2.0.alpha1/myself/password'],
    ['PUT', '/rest/api/latest/myself/password/'],
    ['PUT', '/rest/api/2/myself/password.json'],
    ['PUT', '/rest/api/latest/users/credentials'],
    ['PUT', '/rest/api/latest/admin/users/credentials'],
    ['POST', '/rest/api/user/current/password'],
    ['POST', '/rpc/json-rpc/confluenceservice-v2'],
    ['POST', '/rpc/soap/jirasoapservice-v2'],
    ['GET', '/plugins/servlet/oauth/authorize'],
    ['GET', '/plugins/servlet/applinks/whoami'],
    ['GET', '/plugins/servlet/gadgets/makeRequest'],
    ['GET', '/plugins/servlet/upm'],
    ['GET', '/plugins/servlet/embedded-crowd/directories'],
    ['POST', '/setup/setupadministrator.action'],
    ['POST', '/setup-restore.action'],
    ['POST', '/json/setup-restore.action'],
    ['POST', '/template/aui/text-inline.vm'],
    ['GET', '/server-info.action'],
    ['POST', '/login.jsp'],
    ['POST', '/dologin.action'],
    ['POST', '/j_atl_security_check'],
  ])('%s %s is protected', (method, path) => {
    expect(isProtectedEndpoint(closed, path, method)).toBe(true);
  });

  it.each([
    ['GET', '/rest/api/2/myself'],
    ['POST', '/rest/api/2/issue'],
    ['POST', '/rest/api/2/password/policy/createUser'],
    ['GET', '/rest/patterns/1.0'],
    ['GET', '/rest/ssh/latest/keys'],
    ['GET', '/rest/gpg/latest/keys'],
    ['GET', '/rest/authors/1'],
    ['GET', '/plugins/servlet/gadgets/ifr'],
    ['GET', '/plugins/servlets/oauth'],
    ['GET', '/jsonp'],
    ['GET', '/browse/SETUP-1'],
    ['GET', '/'],
    ['GET', '/rest'],
  ])('%s %s is not', (method, path) => {
    expect(isProtectedEndpoint(closed, path, method)).toBe(false);
  });

  it('are served where the admin opened them, and only there', () => {
    expect(isProtectedEndpoint({ openedEndpoints: [] }, '/rpc/json-rpc/x/getPage', 'POST')).toBe(true);
    const rpc = { openedEndpoints: ['/rpc/json-rpc/*/getPage'] };
    expect(isProtectedEndpoint(rpc, '/rpc/json-rpc/x/getPage', 'POST')).toBe(false);
    expect(isProtectedEndpoint(rpc, '/rpc/json-rpc/x/login', 'POST')).toBe(true);
    const opened = { openedEndpoints: ['/rest/pat/*/tokens', '/rest/applinks/**'] };
    expect(isProtectedEndpoint(opened, '/rest/pat/latest/tokens', 'GET')).toBe(false);
    expect(isProtectedEndpoint(opened, '/rest/pat/latest/tokens/1', 'GET')).toBe(true);
    expect(isProtectedEndpoint(opened, '/rest/applinks/1.0/a/b', 'PUT')).toBe(false);
    expect(isProtectedEndpoint(opened, '/rest/auth/1/session', 'POST')).toBe(true);
  });
});
