import { AtlassianStandIn } from '../../support/atlassian/server.js';
import type { StandInOptions, StandInProduct } from '../../support/atlassian/types.js';
import type { ApplicationNode } from './application-world.js';

export const PRODUCTS: readonly StandInProduct[] = ['jira', 'confluence', 'bitbucket'];
export const SERVICE_ACCOUNT = {
  kind: 'application',
  username: 'svc-restgate',
  password: 'svc-restgate-password',
};

/** Starts a stand-in and adds it as an application of the same key. */
export async function connect(
  node: ApplicationNode,
  product: StandInProduct,
  settings: object = {},
  options: Partial<StandInOptions> = {},
): Promise<AtlassianStandIn> {
  const standIn = new AtlassianStandIn({ product, contextPath: `/${product}`, ...options });
  await standIn.start();
  const body = { key: product, product, baseUrl: standIn.url, directory: SERVICE_ACCOUNT, ...settings };
  const answer = await node.call('POST', '/applications', body);
  if (answer.status !== 201)
    throw new Error(`The application was not created: ${JSON.stringify(answer.body)}`);
  return standIn;
}

/** Gives the product the public key that Restgate shows, as an admin would in its application link. */
export async function acceptKey(
  node: ApplicationNode,
  standIn: AtlassianStandIn,
  key: string,
): Promise<void> {
  const { body } = await node.call('GET', `/applications/${key}`);
  standIn.setConsumer({
    key: body.identity.consumerKey as string,
    publicKeyPem: body.identity.publicKey as string,
    twoLOAllowed: true,
    impersonationAllowed: true,
  });
}
