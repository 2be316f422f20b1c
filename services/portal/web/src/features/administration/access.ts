// What rights are made of, and who has which, as arborist tells administrators.

import { queryOptions } from "@tanstack/react-query";
import * as v from "valibot";
import { ask } from "../../api/client.ts";
import type { Need } from "../../session/explain.ts";

const text = v.nullish(v.string());
const Permission = v.object({
  id: v.string(),
  action: v.object({ service: v.string(), method: v.string() }),
});
const Role = v.object({ id: v.string(), description: text, permissions: v.array(Permission) });
const Policy = v.object({
  id: v.string(),
  description: text,
  resource_paths: v.array(v.string()),
  roles: v.array(v.object({ id: v.string() })),
});
const Group = v.object({
  name: v.string(),
  users: v.optional(v.array(v.string()), []),
  policies: v.optional(v.array(v.string()), []),
});
const Resource = v.object({ path: v.string(), description: text });
export type Role = v.InferOutput<typeof Role>;
export type Policy = v.InferOutput<typeof Policy>;
export type Group = v.InferOutput<typeof Group>;
export type Resource = v.InferOutput<typeof Resource>;

export const rolesQuery = queryOptions({
  queryKey: ["access", "roles"],
  queryFn: async ({ signal }) =>
    v.parse(v.object({ roles: v.array(Role) }), await ask("/authz/v1/roles", { signal })).roles,
});
export const policiesQuery = queryOptions({
  queryKey: ["access", "policies"],
  queryFn: async ({ signal }) =>
    v.parse(v.object({ policies: v.array(Policy) }), await ask("/authz/v1/policies?expand", { signal }))
      .policies,
});
export const groupsQuery = queryOptions({
  queryKey: ["access", "groups"],
  queryFn: async ({ signal }) =>
    v.parse(v.object({ groups: v.array(Group) }), await ask("/authz/v1/groups", { signal })).groups,
});
export const resourcesQuery = queryOptions({
  queryKey: ["access", "resources"],
  queryFn: async ({ signal }) =>
    v.parse(v.object({ resources: v.array(Resource) }), await ask("/authz/v1/resources", { signal }))
      .resources,
});

const Allowed = v.object({ who: v.string(), policies: v.array(v.string()), expires_at: text });
const Circle = v.object({
  everybody: v.array(Allowed),
  users: v.array(Allowed),
  clients: v.array(Allowed),
  more: v.boolean(),
});
export type Allowed = v.InferOutput<typeof Allowed>;

const asked = (pairs: Record<string, string>) =>
  new URLSearchParams(Object.entries(pairs).filter(([, value]) => value !== ""));

/** Everybody who may do something. */
export const whoQuery = (need: Need) =>
  queryOptions({
    queryKey: ["access", "who", need],
    queryFn: async ({ signal }) => v.parse(Circle, await ask(`/authz/v1/who?${asked(need)}`, { signal })),
    staleTime: 0,
  });

/** What fits all of the words, in any case. */
export function fitting<T>(items: T[], words: string, textOf: (item: T) => string): T[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return items.filter((item) => {
    const text = textOf(item).toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}
