// Fetches a token with @badgateway/oauth2-client and calls a resource with it; see ../README.md.

import { OAuth2Client, OAuth2Fetch } from '@badgateway/oauth2-client';
import { chain, report, use } from './report.mjs';

const [tokenUrl, resourceUrl, clientId, clientSecret, placement] = process.argv.slice(2);
const client = new OAuth2Client({
  clientId,
  clientSecret,
  tokenEndpoint: tokenUrl,
  authenticationMethod: { header: 'client_secret_basic', body: 'client_secret_post' }[placement],
});

let token;
try {
  token = await client.clientCredentials();
} catch (error) {
  report('no', 'no', chain(error));
  process.exit();
}
const wrapper = new OAuth2Fetch({ client, getNewToken: () => token });
await use(() => wrapper.fetch(resourceUrl));
process.exit(); // the wrapper keeps a timer for the next refresh
