// A certified issuer of OpenID Connect (oidc-provider) for one client, with users of any name. Each start has a new key.
//
//   node issuer.mjs PORT FENCE
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import Provider from 'oidc-provider';

const [port, fence] = process.argv.slice(2);
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const key = { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' };

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: 'gen3', client_secret: 'a secret: + / & %', redirect_uris: ['lab', 'by_mail'].map((idp) => `${fence}/login/${idp}/login`),
    grant_types: ['authorization_code'], response_types: ['code'],
  }],
  jwks: { keys: [key] },
  cookies: { keys: [randomUUID()] },
  pkce: { required: () => true },
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  features: { devInteractions: { enabled: true } },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@lab.example`, email_verified: id !== 'unverified' }),
  }),
});
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
