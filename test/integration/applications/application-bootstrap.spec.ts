import { ApplicationNode } from './application-world.js';

describe('applications of the environment', () => {
  const config = { bootstrapApplications: { jira: 'http://127.0.0.1:9999/jira' } };

  it('are created at the first start and never again', async () => {
    const node = await ApplicationNode.start(config);
    await node.bootstrap.ensureBootstrapApplications();
    expect(node.application('jira')).toMatchObject({
      name: 'Jira',
      product: 'jira',
      pathPrefix: '/jira',
      contextPath: '/jira',
    });
    await node.call('PATCH', '/applications/jira', { name: 'Changed' });
    await node.bootstrap.ensureBootstrapApplications();
    expect(node.application('jira').name).toBe('Changed');
    await node.call('DELETE', '/applications/jira');
    await node.bootstrap.ensureBootstrapApplications();
    expect(() => node.application('jira')).toThrow();
    await node.stop();
  });

  it('do not take the place of another application', async () => {
    const node = await ApplicationNode.start(config);
    await node.call('POST', '/applications', {
      key: 'main',
      product: 'jira',
      baseUrl: 'http://127.0.0.1:1',
      pathPrefix: '/jira',
    });
    await node.bootstrap.ensureBootstrapApplications();
    expect(() => node.application('jira')).toThrow();
    await node.stop();
  });
});
