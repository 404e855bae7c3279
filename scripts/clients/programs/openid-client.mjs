// Fetches a token with openid-client and calls a resource with it; see ../README.md.

import * as client from 'openid-client';
import { chain, report, use } from './report.mjs';

const [tokenUrl, resourceUrl, clientId, clientSecret, placement] = process.argv.slice(2);
const authentication = { header: client.ClientSecretBasic, body: client.ClientSecretPost }[placement];
const server = { issuer: new URL(tokenUrl).origin, token_endpoint: tokenUrl };
const config = new client.Configuration(server, clientId, undefined, authentication(clientSecret));
client.allowInsecureRequests(config); // loopback, without TLS

let tokens;
try {
  tokens = await client.clientCredentialsGrant(config);
} catch (error) {
  report('no', 'no', chain(error));
  process.exit();
}
await use(() => client.fetchProtectedResource(config, tokens.access_token, new URL(resourceUrl), 'GET'));
