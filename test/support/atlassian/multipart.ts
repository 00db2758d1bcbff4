/** The first file of a multipart body (Atlassian wants it in the part named `file`), or null. */
export function firstFile(contentType: string, body: Buffer): { filename: string; content: Buffer } | null {
  const boundary = /multipart\/form-data.*boundary="?([^";]+)"?/i.exec(contentType)?.[1];
  if (boundary === undefined) return null;
  const marker = Buffer.from(`--${boundary}`);
  const start = body.indexOf(marker);
  const headEnd = body.indexOf('\r\n\r\n', start);
  if (start === -1 || headEnd === -1) return null;
  const head = body.toString('utf8', start, headEnd);
  const end = body.indexOf(Buffer.concat([Buffer.from('\r\n'), marker]), headEnd);
  const content = body.subarray(headEnd + 4, end === -1 ? body.length : end);
  return { filename: /filename="([^"]*)"/.exec(head)?.[1] ?? 'file', content };
}
