// The one way to the services. All of it is same-origin: the gateway turns the login cookie into a token.

import { detailOf, Problem } from "./problem.ts";

export type Asked = {
  method?: string;
  body?: BodyInit;
  type?: string;
  signal?: AbortSignal;
};

function cookie(name: string): string | undefined {
  const pair = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
  return pair?.slice(name.length + 1);
}

/** The token without which the gateway refuses a change with the login cookie. */
async function csrfToken(): Promise<string> {
  const known = cookie("csrftoken");
  if (known) return known;
  const status: unknown = await (await fetch("/_status")).json();
  return (status as { csrf?: string }).csrf ?? "";
}

/** The answer of a service, read as JSON where it is. A status from 400 on is thrown as a [Problem]. */
export async function ask(path: string, asked: Asked = {}): Promise<unknown> {
  const answer = await answerOf(path, asked);
  const body = await content(answer);
  if (!answer.ok) throw problem(answer, body);
  return body;
}

/** The same for an answer of any status, with the status. */
export async function askAny(path: string, asked: Asked = {}): Promise<{ status: number; body: unknown }> {
  const answer = await answerOf(path, asked);
  return { status: answer.status, body: await content(answer) };
}

async function answerOf(path: string, { method = "GET", body, type, signal }: Asked): Promise<Response> {
  const headers = new Headers({ Accept: "application/json" });
  if (type) headers.set("Content-Type", type);
  if (method !== "GET") headers.set("x-csrf-token", await csrfToken());
  try {
    return await fetch(path, { method, headers, body, signal });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(0, "the commons does not answer", undefined, undefined);
  }
}

async function content(answer: Response): Promise<unknown> {
  const text = await answer.text();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function problem(answer: Response, body: unknown): Problem {
  return new Problem(
    answer.status,
    detailOf(body, answer.status),
    answer.headers.get("x-request-id") ?? answer.headers.get("reqid") ?? undefined,
    body,
  );
}

/** Sends a value as JSON. */
export function askJson(
  path: string,
  value: unknown,
  method = "POST",
  signal?: AbortSignal,
): Promise<unknown> {
  return ask(path, { method, body: JSON.stringify(value), type: "application/json", signal });
}
