// fence as an OpenID provider of a client that uses openid-client. What it is to do comes as JSON in its first
// argument: issuer, revocation endpoint, clients, and the cookies of a browser that is logged in. It prints what it
// saw, as JSON.

import * as oidc from 'openid-client';

const { issuer, revocation, callback, cookies, confidential, open, robot } = JSON.parse(process.argv[2]);
const insecure = { execute: [oidc.allowInsecureRequests] };

async function discovered(client, secret, says = secret ? oidc.ClientSecretPost(secret) : oidc.None()) {
  const found = await oidc.discovery(new URL(issuer), client, secret, says, insecure);
  const config = new oidc.Configuration(
    { ...found.serverMetadata(), revocation_endpoint: revocation }, client, secret, says);
  oidc.allowInsecureRequests(config);
  return config;
}

// Where the provider sends the browser.
async function redirected(url) {
  const answer = await fetch(url, { redirect: 'manual', headers: { Cookie: cookies } });
  if (answer.status !== 302) throw new Error(`${answer.status} ${await answer.text()}`);
  return new URL(answer.headers.get('location'));
}

async function logIn(config) {
  const verifier = oidc.randomPKCECodeVerifier();
  const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: callback, scope: 'openid user data', state, nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
  });
  const address = await redirected(url);
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
  return { address, checks, tokens: await oidc.authorizationCodeGrant(config, address, checks) };
}

async function refused(promise) {
  try {
    await promise;
    return 'not refused';
  } catch (error) {
    return `${error.status} ${error.error ?? error.cause?.[0]?.parameters?.error}`;
  }
}

const seen = {};
for (const [name, { id, secret }] of Object.entries({ confidential, open })) {
  const config = await discovered(id, secret);
  const { address, checks, tokens } = await logIn(config);
  const claims = tokens.claims();
  const user = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
  const renewed = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  seen[name] = {
    username: user.username, type: tokens.token_type, expires: tokens.expires_in,
    same: renewed.refresh_token === tokens.refresh_token,
    replayed: await refused(oidc.authorizationCodeGrant(config, address, checks)),
    stolen: await refused((async () => {
      const other = await logIn(config);
      return oidc.authorizationCodeGrant(config, other.address, { ...other.checks, pkceCodeVerifier: 'x'.repeat(50) });
    })()),
  };
  if (secret) {
    await oidc.tokenRevocation(config, tokens.refresh_token);
    seen[name].revoked = await refused(oidc.refreshTokenGrant(config, tokens.refresh_token));
  }
}
// A client for itself says who it is by the header only.
const own = await discovered(robot.id, robot.secret, oidc.ClientSecretBasic(robot.secret));
const tokens = await oidc.clientCredentialsGrant(own, { scope: 'openid user' });
seen.robot = { type: tokens.token_type, refresh: tokens.refresh_token ?? null };
seen.wrong = await refused(oidc.clientCredentialsGrant(await discovered(robot.id, 'wrong', oidc.ClientSecretBasic('wrong')), { scope: 'openid' }));
console.log(JSON.stringify(seen));
