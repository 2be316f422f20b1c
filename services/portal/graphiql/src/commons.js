// Everything that the page asks of the commons. All of it is same-origin: the gateway turns the login cookie into a token.

import { getIntrospectionQuery, parse, print, separateOperations } from "graphql";

/** The two models that can be queried. */
export const MODELS = {
  graph: {
    title: "Graph model",
    url: "/api/v0/submission/graphql",
    // The same introspection that a POST gives, but cached, and for visitors too.
    schemaUrl: "/api/v0/submission/getschema",
    // Peregrine ignores the name of the operation, so it is sent that one only.
    oneOperation: true,
  },
  flat: { title: "Flat model", url: "/guppy/graphql" },
};

const INTROSPECTION = getIntrospectionQuery();
const PROJECTS = '{ project(first: 0, order_by_asc: "code") { project_id } }';

function cookie(name) {
  const found = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
  return found?.slice(name.length + 1);
}

/** The token without which the gateway refuses a POST with the login cookie. */
async function csrfToken() {
  return cookie("csrftoken") ?? (await (await fetch("/_status")).json()).csrf;
}

async function json(url) {
  const answer = await fetch(url, { headers: { Accept: "application/json" } });
  return answer.ok ? await answer.json() : undefined;
}

/** The user's name; undefined for a visitor. Asking also renews a login that has grown old. */
export async function userName() {
  return (await json("/user/user").catch(() => undefined))?.username;
}

/** The pages by which a visitor logs in and comes back: [{ name, url }]. */
export async function logins() {
  const known = await json("/user/login").catch(() => undefined);
  const back = encodeURIComponent(location.href.split("#")[0]);
  const all = (known?.providers ?? []).flatMap((provider) => provider.urls ?? []);
  return all.map(({ name, url }) => ({ name, url: `${url}${url.includes("?") ? "&" : "?"}redirect=${back}` }));
}

export function logoutUrl() {
  return `/user/logout?next=${encodeURIComponent(location.href.split("#")[0])}`;
}

/** The flat model: whether it is served here, and whether it has an index. */
export async function flatModel() {
  const status = await json("/guppy/_status").catch(() => undefined);
  return { isServed: status !== undefined, isEmpty: Object.keys(status?.indices ?? {}).length === 0 };
}

/** Ids of the projects that the user may read. */
export async function projects() {
  const { body } = await post(MODELS.graph, { query: PROJECTS }).catch(() => ({}));
  const ids = body?.data?.project?.map(({ project_id: id }) => id) ?? [];
  return [...new Set(ids.filter(Boolean))].sort();
}

/** Queries that the dictionary gives reason for, about this project: [{ name, title, explanation, query }]. */
export async function examples(project) {
  const url = project ? `/query/examples.json?project=${encodeURIComponent(project)}` : "/query/examples.json";
  return (await json(url).catch(() => undefined))?.examples ?? [];
}

async function post(model, { query, variables, operationName }, headers) {
  const answer = await fetch(model.url, {
    method: "POST",
    headers: { "Content-Type": "application/json", "x-csrf-token": await csrfToken(), ...headers },
    body: JSON.stringify({ query, variables, operationName }),
  });
  const text = await answer.text();
  try {
    return { status: answer.status, body: JSON.parse(text) };
  } catch {
    return { status: answer.status, body: { errors: [text.trim() || `the answer has status ${answer.status} and no text`] } };
  }
}

/** Of a document with several operations the chosen one, with the fragments that it needs. */
function chosen({ query, operationName, ...rest }) {
  try {
    const operations = separateOperations(parse(query));
    if (Object.keys(operations).length > 1 && operations[operationName]) {
      return { query: print(operations[operationName]), operationName, ...rest };
    }
  } catch {
    // What cannot be parsed is for the service to refuse.
  }
  return { query, operationName, ...rest };
}

/**
 * GraphiQL's way to a model. Answers are shown as they come: peregrine's errors are plain texts, which is what programs get too.
 * `onVisitor` is told when the service wants a login.
 */
export function fetcherOf(model, onVisitor) {
  return async (params, { headers } = {}) => {
    if (model.schemaUrl && params.query === INTROSPECTION) {
      const schema = await json(model.schemaUrl);
      if (schema) return schema;
    }
    const request = model.oneOperation ? chosen(params) : params;
    let answer = await post(model, request, headers);
    if (answer.status === 401 && (await userName())) {
      answer = await post(model, request, headers);
    }
    if (answer.status === 401) onVisitor();
    return answer.body;
  };
}

/** GraphiQL keeps tabs and history in the browser; each model has its own. */
export function storageOf(model) {
  const prefix = `commons-query:${model}:`;
  const own = () => Object.keys(localStorage).filter((key) => key.startsWith(prefix));
  return {
    get length() {
      return own().length;
    },
    getItem: (key) => localStorage.getItem(prefix + key),
    setItem: (key, value) => localStorage.setItem(prefix + key, value),
    removeItem: (key) => localStorage.removeItem(prefix + key),
    clear: () => own().forEach((key) => localStorage.removeItem(key)),
  };
}
