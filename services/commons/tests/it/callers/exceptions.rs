//! What is everybody's, and everything that is not as it should be by the rules, each with its reason.

use testing::callers::Caller;

/// Routes of a service with the reason.
type Exceptions = [(&'static str, &'static [&'static str], &'static str)];

/// What answers without a token, inside and outside.
pub(super) const EVERYBODYS: &Exceptions = &[
    ("arborist", &["GET /auth/mapping", "GET /auth/resources"], "what everybody may do"),
    ("audit", &["GET /", "GET /_schema", "GET /_status", "GET /_version"], "whether it runs"),
    (
        "fence",
        &[
            "GET /",
            "GET /.well-known/jwks",
            "GET /.well-known/openid-configuration",
            "GET /_status",
            "GET /_version",
            "POST /credentials/token/denylisted",
            "GET /data/buckets",
            "POST /data/download/bulk",
            "GET /google/billing_projects",
            "GET /jwt/keys",
            "GET /login",
            "GET /oauth2/errors",
        ],
        "keys, discovery, forms of login; a bulk download says of each file whether its reader may have it",
    ),
    (
        "guppy",
        &[
            "GET /_status",
            "GET /_version",
            "POST /download",
            "POST /graphql",
            "POST /v1/compare",
            "POST /v1/crosstab",
            "POST /v1/export",
            "POST /v1/facets",
            "GET /v1/indices",
            "POST /v1/manifest",
            "POST /v1/rows",
        ],
        "what is in the answer depends on who asks",
    ),
    (
        "indexd",
        &[
            "GET /_dist",
            "GET /_query/urls/metadata/q",
            "GET /_query/urls/q",
            "GET /_stats",
            "GET /_status",
            "GET /_version",
            "GET /alias",
            "GET /alias/{name:.+}",
            "POST /bulk/documents",
            "POST /bulk/locations",
            "GET /bundle",
            "GET /bundle/{guid:.+}",
            "GET /ga4gh/dos/v1/dataobjects",
            "GET /ga4gh/dos/v1/dataobjects/{guid:.+}",
            "GET /ga4gh/drs/v1/objects",
            "OPTIONS /ga4gh/drs/v1/objects",
            "POST /ga4gh/drs/v1/objects",
            "GET /ga4gh/drs/v1/objects/{guid:.+}",
            "OPTIONS /ga4gh/drs/v1/objects/{guid:.+}",
            "POST /ga4gh/drs/v1/objects/{guid:.+}",
            "GET /ga4gh/drs/v1/service-info",
            "GET /guid/mint",
            "GET /guid/prefix",
            "GET /index",
            "GET /index/{guid:.+}",
            "GET /index/{guid:.+}/aliases",
            "GET /index/{guid:.+}/latest",
            "GET /index/{guid:.+}/versions",
            "GET /urls",
            "GET /{guid:.+}",
        ],
        "where files are is public, as in the original; their bytes are not",
    ),
    ("library", &["GET /_status", "GET /_version"], "whether it runs"),
    ("manifests", &["GET /_status"], "whether it runs"),
    (
        "metadata",
        &[
            "GET /_status",
            "GET /_version",
            "GET /metadata",
            "GET /metadata/{guid:.*}",
            "GET /metadata/{guid:.*}/aliases",
            "GET /objects/{guid:.+}",
            "GET /objects/{guid:.+}/latest",
            "GET /version",
            "POST /v1/search",
        ],
        "documents are public unless the configuration wants a right",
    ),
    (
        "operations",
        &["GET /_status", "GET /_version", "GET /v1/health", "GET /wes/v2/test"],
        "whether it runs, and what else does, as each service says by itself",
    ),
    (
        "peregrine",
        &["GET /_status", "GET /_version", "GET /submission/getschema", "GET /v0/submission/getschema"],
        "the dictionary is public",
    ),
    (
        "portal",
        &[
            "GET /_status",
            "GET /_version",
            "GET /data/config/gitops.json",
            "GET /portal/v1/boot",
            "GET /query",
            "GET /query/assets/{name}",
            "GET /query/examples.json",
            "GET /src/css/themeoverrides.css",
        ],
        "pages",
    ),
    ("requestor", &["GET /_status", "GET /_version"], "whether it runs"),
    (
        "sheepdog",
        &[
            "GET /_status",
            "GET /_version",
            "GET /submission/_dictionary",
            "GET /submission/_dictionary/{entry}",
            "GET /submission/template",
            "GET /submission/template/{node}",
            "POST /submission/validation/upload_manifest",
            "GET /submission/{program}/{project}/template",
            "GET /submission/{program}/{project}/template/{node}",
            "GET /v0/submission/_dictionary",
            "GET /v0/submission/_dictionary/{entry}",
            "GET /v0/submission/template",
            "GET /v0/submission/template/{node}",
            "POST /v0/submission/validation/upload_manifest",
            "GET /v0/submission/{program}/{project}/template",
            "GET /v0/submission/{program}/{project}/template/{node}",
        ],
        "the dictionary is public",
    ),
    ("workspace", &["GET /_status", "GET /_version"], "whether it runs"),
    (
        "wts",
        &["GET /", "GET /_status", "GET /_version", "GET /aggregate/{endpoint:.+}", "GET /external_oidc"],
        "which other commons there are; what they answer nobody",
    ),
];

/// What a token of a user does not open.
pub(super) const OTHER_PROOFS: &Exceptions = &[
    ("arborist", &["POST /auth/resources"], "the token of the body counts, and there is none"),
    ("fence", &["GET /login/dev", "POST /login/dev"], "the code of the address that is announced"),
    ("fence", &["GET /v1/session"], "the cookie of a browser's session"),
    ("fence", &["POST /oauth2/consent"], "the form of a page, with the session that it was made for"),
    (
        "fence",
        &[
            "POST /google/primary_google_service_account",
            "GET /google/service_accounts",
            "POST /google/service_accounts",
            "GET /google/service_accounts/_dry_run",
            "POST /google/service_accounts/_dry_run",
            "DELETE /google/service_accounts/{id}",
            "DELETE /google/service_accounts/_dry_run/{id}",
            "GET /google/service_accounts/{id}",
            "GET /google/service_accounts/_dry_run/{id}",
            "PATCH /google/service_accounts/{id}",
            "PATCH /google/service_accounts/_dry_run/{id}",
        ],
        "this commons manages no service accounts of Google",
    ),
    ("indexd", &["PUT /alias/{name:.+}", "DELETE /alias/{name:.+}"], "a basic login, which the gateway has"),
    ("wts", &["GET /oauth2/authorize"], "the cookie of a login that was begun"),
    ("wts", &["GET /token (the own fence)"], "nobody has the own fence's tokens from here"),
];

/// What other services alone reach, and is answered to whoever does. All of arborist is, too.
pub(super) const NEIGHBOURS: &Exceptions = &[
    ("audit", &["POST /log/{category} (a login)"], "fence writes down who logged in"),
    ("fence", &["DELETE /workspace-keys/{id}"], "the workspace service takes back what it has asked for"),
];

/// Refused callers who get more than nobody.
pub(super) const BELIEVED: &[(Caller, &Exceptions)] = &[];

/// Where the tests of a service, in which doubles stand for its neighbours, have other statuses on purpose.
pub(super) const UNLIKE_DOUBLES: &Exceptions = &[
    (
        "arborist",
        &[
            "POST /policy",
            "POST /resource",
            "POST /resource/{path:.*}",
            "POST /role",
            "POST /user",
            "POST /group",
            "POST /client",
            "DELETE /user/{name}/policy/{policy}",
        ],
        "there, callers share what they make",
    ),
    ("fence", &["POST /workspace-keys/{id}"], "there, callers share what they make"),
    ("fence", &["GET /login/dev", "POST /login/dev"], "there, the development login needs no code"),
    ("fence", &["GET /login/{idp}"], "there, a provider is configured"),
    (
        "fence",
        &["POST /credentials/api/access_token", "POST /credentials/cdis/access_token"],
        "there, the key is none",
    ),
    ("indexd", &["PUT /alias/{name:.+}", "DELETE /alias/{name:.+}"], "there, the caller has a basic login"),
    (
        "metadata",
        &[
            "POST /objects",
            "POST /objects/{guid:.+}",
            "POST /objects/{guid:.+} (a new record)",
            "GET /objects/{guid:.+}/download",
        ],
        "there, fence and indexd refuse nobody",
    ),
    (
        "wts",
        &["GET /token", "GET /oauth2/connected", "GET /oauth2/logout"],
        "there, another commons is configured",
    ),
];
