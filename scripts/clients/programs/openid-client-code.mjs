// Goes through the authorization code grant with openid-client: exchange, refresh, revocation; see ../README.md.

import * as client from 'openid-client';
import { chain, report, use } from './report.mjs';

const [oauthUrl, resourceUrl, clientId, clientSecret, placement, step] = process.argv.slice(2);
const authentication = { header: client.ClientSecretBasic, body: client.ClientSecretPost }[placement];
const server = {
  issuer: new URL(oauthUrl).origin,
  authorization_endpoint: `${oauthUrl}/authorize`,
  token_endpoint: `${oauthUrl}/token`,
  revocation_endpoint: `${oauthUrl}/revoke`,
};
const config = new client.Configuration(server, clientId, undefined, authentication(clientSecret));
client.allowInsecureRequests(config); // loopback, without TLS

const verifier = client.randomPKCECodeVerifier();
const state = client.randomState();

/** Sends the user off and has the login service agree; where the user comes back to. */
async function letIn() {
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: 'https://desk.example/back',
    scope: 'notes',
    state,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  const form = new URLSearchParams(url.search);
  form.set('user', 'ada');
  const answer = await fetch(`${oauthUrl}/authorize`, { method: 'POST', body: form, redirect: 'manual' });
  if (answer.status !== 302) throw new Error(`the login service got ${answer.status}: ${await answer.text()}`);
  return new URL(answer.headers.get('location'));
}

const checks = { pkceCodeVerifier: verifier, expectedState: state };
const exchange = (back) => client.authorizationCodeGrant(config, back, checks);
const refresh = (tokens) => client.refreshTokenGrant(config, tokens.refresh_token);
const revoke = (token, hint) => client.tokenRevocation(config, token, hint && { token_type_hint: hint });

const steps = {
  code: exchange,
  'code-twice': async (back) => {
    await exchange(back);
    return exchange(back);
  },
  'wrong-verifier': (back) =>
    client.authorizationCodeGrant(config, back, { ...checks, pkceCodeVerifier: client.randomPKCECodeVerifier() }),
  'no-verifier': (back) => client.authorizationCodeGrant(config, back, { expectedState: state }),
  'wrong-redirect-uri': (back) => exchange(new URL(`https://desk.example/other${back.search}`)),
  refresh: async (back) => {
    const old = await exchange(back);
    const tokens = await refresh(old);
    if (tokens.access_token === old.access_token) throw new Error('the access token is the old one');
    if (tokens.refresh_token === old.refresh_token) throw new Error('the refresh token is the old one');
    return tokens;
  },
  'refresh-twice': async (back) => {
    const tokens = await exchange(back);
    await refresh(tokens);
    return refresh(tokens);
  },
  revoked: async (back) => {
    const tokens = await exchange(back);
    await revoke(tokens.access_token);
    return tokens;
  },
  'revoked-with-refresh-token': async (back) => {
    const tokens = await exchange(back);
    await revoke(tokens.refresh_token, 'refresh_token');
    return tokens;
  },
  'refresh-revoked': async (back) => {
    const tokens = await exchange(back);
    await revoke(tokens.refresh_token, 'refresh_token');
    return refresh(tokens);
  },
  'refresh-revoked-without-hint': async (back) => {
    const tokens = await exchange(back);
    await revoke(tokens.refresh_token);
    return refresh(tokens);
  },
  'revoked-unknown': async (back) => {
    await revoke('unknown');
    return exchange(back);
  },
};

const back = await letIn();
let tokens;
try {
  tokens = await steps[step](back);
} catch (error) {
  report('no', 'no', [error.error_description, chain(error)].filter(Boolean).join(': '));
  process.exit();
}
await use(() => client.fetchProtectedResource(config, tokens.access_token, new URL(resourceUrl), 'GET'));
