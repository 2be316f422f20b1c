// Why somebody may or may not do something, as arborist says.

import { queryOptions } from "@tanstack/react-query";
import * as v from "valibot";
import { ask } from "../api/client.ts";

/** What it takes to do something: a method of a service on a resource. */
export type Need = { resource: string; method: string; service: string };

const action = v.object({ service: v.string(), method: v.string() });
const Grant = v.object({
  policy: v.string(),
  via: v.unknown(),
  expires_at: v.nullish(v.string()),
  resource: v.string(),
  role: v.string(),
});
const Explanation = v.object({
  allowed: v.boolean(),
  deactivated: v.optional(v.boolean(), false),
  because: v.array(Grant),
  expired: v.array(Grant),
  otherwise: v.array(action),
  elsewhere: v.array(v.string()),
  remedies: v.optional(
    v.array(v.object({ policy: v.string(), resource: v.string(), groups: v.array(v.string()) })),
  ),
  approvers: v.optional(v.array(v.string())),
});
export type Explanation = v.InferOutput<typeof Explanation>;
export type Grant = v.InferOutput<typeof Grant>;

/** Why the reader may do something or may not; for administrators also why `user` may. */
export const explainQuery = (need: Need, user = "") =>
  queryOptions({
    queryKey: ["explain", need, user],
    queryFn: async ({ signal }) => {
      const given = Object.entries({ ...need, user }).filter(([, value]) => value !== "");
      const asked = new URLSearchParams(given);
      return v.parse(Explanation, await ask(`/authz/v1/explain?${asked}`, { signal }));
    },
    staleTime: 0,
  });

/** The group by which a grant came; undefined for one of the user's own. */
export function groupOf(via: unknown): string | undefined {
  if (typeof via !== "object" || via === null) return undefined;
  const [name] = Object.values(via);
  return typeof name === "string" ? name : undefined;
}

/** The page on which access to a resource is asked for. */
export const requestHref = ({ resource }: Need): string => `/requests?${new URLSearchParams({ resource })}`;

/** The resource of a project by its id; program names have no `-`. */
export function projectResource(id: string): string {
  const at = id.indexOf("-");
  return at < 0 ? `/programs/${id}` : `/programs/${id.slice(0, at)}/projects/${id.slice(at + 1)}`;
}
