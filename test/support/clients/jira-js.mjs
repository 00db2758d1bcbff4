/** Does one errand with jira.js: read from ERRAND, the outcome printed as JSON. */
import { createHash } from 'node:crypto';
import { Version2Client } from 'jira.js';

const { url, user, token, form, action, attachment } = JSON.parse(process.env.ERRAND);
const authentication =
  form === 'bearer' ? { oauth2: { accessToken: token } } : { basic: { email: user, apiToken: token } };
const client = new Version2Client({ host: url, authentication });

async function create() {
  const fields = { project: { key: 'DEMO' }, summary: 'made by a client', issuetype: { name: 'Task' } };
  return (await client.issues.createIssue({ fields })).key;
}

async function run() {
  if (action === 'create') return { created: await create() };
  const summary = (await client.issues.getIssue({ issueIdOrKey: 'X-1' })).fields.summary;
  if (action !== 'work') return { summary };
  const found = (await client.issueSearch.searchForIssuesUsingJqlPost({ jql: 'project = DEMO' })).total;
  const created = await create();
  const file = Buffer.from(attachment, 'base64');
  const [attached] = await client.issueAttachments.addAttachment({
    issueIdOrKey: created,
    attachment: { filename: 'notes.bin', file },
  });
  // Data Center has no /rest/api/2/attachment/content: the bytes are where `content` says.
  const path = attached.content.slice(url.length);
  const bytes = await client.sendRequest({ url: path, method: 'GET', responseType: 'arraybuffer' });
  return { summary, found, created, sha256: createHash('sha256').update(Buffer.from(bytes)).digest('hex') };
}

try {
  process.stdout.write(JSON.stringify(await run()));
} catch (error) {
  if (error.status === undefined) throw error;
  const { errorMessages } = error.response.data ?? error.response;
  process.stdout.write(
    JSON.stringify({ error: { status: error.status, message: errorMessages.join('\n') } }),
  );
}
