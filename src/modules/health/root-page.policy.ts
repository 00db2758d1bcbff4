/** Links to what is there; no version, because anybody may read it. */
export const ROOT_PAGE = `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Restgate</title>
  <link rel="icon" href="data:,">
</head>
<body>
  <h1>Restgate</h1>
  <p>An authenticating gateway for the REST APIs of Jira, Confluence and Bitbucket.</p>
  <ul>
    <li><a href="restgate/docs">Admin API: documentation, and try it out</a></li>
    <li><a href="restgate/docs/openapi.json">OpenAPI document</a></li>
    <li><a href="restgate/health/ready">Health of this node</a></li>
    <li><a href="restgate/metrics">Metrics</a> (needs a credential)</li>
  </ul>
</body>
</html>
`;
