// Users, as fence tells its administrators, and what can be done with them.

import { queryOptions } from "@tanstack/react-query";
import * as v from "valibot";
import { ask, askJson } from "../../api/client.ts";

const text = v.nullish(v.string());
const User = v.object({
  username: v.string(),
  display_name: text,
  email: text,
  role: v.picklist(["admin", "user"]),
  active: v.boolean(),
  idp: text,
  last_login: text,
  api_keys: v.number(),
});
export type KnownUser = v.InferOutput<typeof User>;
const Page = v.object({ users: v.array(User), next: text });

export type UserFilter = { q?: string; role?: string; active?: string; after?: string };

export const usersQuery = (filter: UserFilter) =>
  queryOptions({
    queryKey: ["users", filter.q, filter.role, filter.active, filter.after],
    queryFn: async ({ signal }) => {
      const given = Object.entries(filter).filter((pair): pair is [string, string] => Boolean(pair[1]));
      const asked = new URLSearchParams([...given, ["size", "50"]]);
      return v.parse(Page, await ask(`/user/v1/users?${asked}`, { signal }));
    },
  });

export const DEEDS = [
  "disable",
  "enable",
  "end_sessions",
  "end_all",
  "make_admin",
  "make_user",
  "delete",
] as const;
export type Deed = (typeof DEEDS)[number];

/** What can be done with somebody as they are. */
export function deedsFor({ active, role, api_keys }: KnownUser): Deed[] {
  const can: Record<Deed, boolean> = {
    disable: active,
    enable: !active,
    end_sessions: active,
    end_all: active && api_keys > 0,
    make_admin: active && role === "user",
    make_user: role === "admin",
    delete: true,
  };
  return DEEDS.filter((deed) => can[deed]);
}

/** What cannot be taken back. */
export const isFinal = (deed: Deed): boolean => deed === "delete";

export function carryOut({ username }: KnownUser, deed: Deed): Promise<unknown> {
  const name = encodeURIComponent(username);
  const admin = `/user/admin/user/${name}`;
  switch (deed) {
    case "disable":
      return ask(`${admin}/soft`, { method: "DELETE" });
    case "enable":
      return ask(`${admin}/reactivate`, { method: "POST" });
    case "end_sessions":
      return ask(`/user/v1/users/${name}/sessions`, { method: "DELETE" });
    case "end_all":
      return ask(`/user/v1/users/${name}/sessions?api_keys=true`, { method: "DELETE" });
    case "make_admin":
      return askJson(admin, { role: "admin" }, "PUT");
    case "make_user":
      return askJson(admin, { role: "user" }, "PUT");
    case "delete":
      return ask(admin, { method: "DELETE" });
  }
}
