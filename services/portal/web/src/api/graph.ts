// The graph, by peregrine.

import * as v from "valibot";
import { askAny } from "./client.ts";
import { detailOf, Problem } from "./problem.ts";

const Answer = v.object({
  data: v.nullish(v.record(v.string(), v.unknown())),
  errors: v.optional(v.array(v.unknown())),
});

/** The data of a query. Peregrine tells errors as plain texts, also with status 200. */
export async function graph(query: string, signal?: AbortSignal): Promise<Record<string, unknown>> {
  const { status, body } = await askAny("/api/v0/submission/graphql", {
    method: "POST",
    body: JSON.stringify({ query }),
    type: "application/json",
    signal,
  });
  const answer = v.safeParse(Answer, body);
  if (!answer.success || (status >= 400 && !answer.output.errors)) {
    throw new Problem(status, detailOf(body, status), undefined, body);
  }
  const { data, errors } = answer.output;
  if (data && !errors?.length) return data;
  throw new Problem(Math.max(status, 400), errorsOf(errors ?? []), undefined, body);
}

function errorsOf(errors: unknown[]): string {
  const words = errors.map((error) => (typeof error === "string" ? error : detailOf(error, 400)));
  return words.join("; ") || "the query has no answer";
}

/** A text as GraphQL writes it. */
export const quoted = (text: string): string => JSON.stringify(text);
