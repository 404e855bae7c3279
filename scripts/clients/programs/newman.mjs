// Fetches a token and calls a resource with newman, the runner of Postman collections; see ../README.md.

import newman from 'newman';
import { report } from './report.mjs';

const [tokenUrl, resourceUrl, clientId, clientSecret, placement] = process.argv.slice(2);
const field = (key, value) => ({ key, value, type: 'string' });
const form = [field('grant_type', 'client_credentials')];
let auth = { type: 'noauth' };
if (placement === 'header') {
  auth = { type: 'basic', basic: [field('username', clientId), field('password', clientSecret)] };
} else {
  form.push(field('client_id', clientId), field('client_secret', clientSecret));
}
const keep = "pm.collectionVariables.set('accessToken', pm.response.json().access_token || '');";
const collection = {
  info: { name: 'matrix', schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json' },
  item: [
    {
      name: 'token',
      event: [{ listen: 'test', script: { type: 'text/javascript', exec: [keep] } }],
      request: { method: 'POST', auth, url: tokenUrl, body: { mode: 'urlencoded', urlencoded: form } },
    },
    {
      name: 'resource',
      request: {
        method: 'GET',
        auth: { type: 'bearer', bearer: [field('token', '{{accessToken}}')] },
        url: resourceUrl,
      },
    },
  ],
};

newman.run({ collection, timeoutRequest: 20000 }, (error, summary) => {
  if (error) throw error;
  const [token, resource] = summary.run.executions.map((execution) => execution.response);
  const obtained = token?.code === 200 && Boolean(token.json().access_token);
  const used = obtained && resource?.code === 200;
  report(obtained ? 'yes' : 'no', used ? 'yes' : 'no', resource?.code ?? 'no answer');
});
