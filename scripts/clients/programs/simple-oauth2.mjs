// Fetches a token with simple-oauth2 and calls a resource with it; see ../README.md.

import { ClientCredentials } from 'simple-oauth2';
import { chain, report, use } from './report.mjs';

const [tokenUrl, resourceUrl, clientId, clientSecret, placement] = process.argv.slice(2);
const { origin, pathname } = new URL(tokenUrl);
const client = new ClientCredentials({
  client: { id: clientId, secret: clientSecret },
  auth: { tokenHost: origin, tokenPath: pathname },
  options: { authorizationMethod: placement },
});

let token;
try {
  ({ token } = await client.getToken({}));
} catch (error) {
  report('no', 'no', chain(error));
  process.exit();
}
await use(() => fetch(resourceUrl, { headers: { authorization: `Bearer ${token.access_token}` } }));
