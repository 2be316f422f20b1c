// Who is here.

import { queryOptions, useQuery } from "@tanstack/react-query";
import * as v from "valibot";
import { ask } from "../api/client.ts";
import { Problem } from "../api/problem.ts";

const Rights = v.record(v.string(), v.array(v.object({ service: v.string(), method: v.string() })));

const User = v.object({
  username: v.string(),
  display_name: v.nullish(v.string()),
  email: v.nullish(v.string()),
  idp: v.nullish(v.string()),
  authz: v.optional(Rights, {}),
});

export type User = v.InferOutput<typeof User>;
export type Rights = v.InferOutput<typeof Rights>;

/** The user, or null for a visitor. */
export const userQuery = queryOptions({
  queryKey: ["user"],
  queryFn: async ({ signal }): Promise<User | null> => {
    try {
      return v.parse(User, await ask("/user/user", { signal }));
    } catch (error) {
      if (error instanceof Problem && error.isDenied) return null;
      throw error;
    }
  },
  staleTime: 60_000,
});

export function useUser(): { user: User | null; isKnown: boolean } {
  const { data, isPending } = useQuery(userQuery);
  return { user: data ?? null, isKnown: !isPending };
}

/** Whether rights hold for `method` on a resource or above it. For hints only: the services decide. */
export function mayDo(rights: Rights, resource: string, method: string, service: string): boolean {
  return Object.entries(rights).some(
    ([path, list]) =>
      (resource === path || resource.startsWith(path === "/" ? "/" : `${path}/`)) &&
      list.some(
        (right) =>
          (right.method === method || right.method === "*") &&
          (right.service === service || right.service === "*"),
      ),
  );
}

/** A path of this site to which a login may lead back; the front page for anything else. */
export function safeNext(next: unknown): string {
  if (typeof next !== "string" || !/^\/(?![/\\])/.test(next)) return "/";
  // Browsers drop these from addresses, after which `//` may be left.
  const hasControl = [...next].some((letter) => letter.charCodeAt(0) < 0x20 || letter === "\\");
  return hasControl ? "/" : next;
}

/** The page that lets somebody in and leads back here. */
export function loginHref(next: string): string {
  return next === "/" ? "/login" : `/login?next=${encodeURIComponent(next)}`;
}

export function logoutHref(origin: string): string {
  return `/user/logout?next=${encodeURIComponent(`${origin}/`)}`;
}
