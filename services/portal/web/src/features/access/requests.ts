// Requests for access, by requestor.

import { queryOptions } from "@tanstack/react-query";
import * as v from "valibot";
import { ask, askJson } from "../../api/client.ts";
import { Problem } from "../../api/problem.ts";

const text = v.nullish(v.string());
const Request = v.object({
  request_id: v.string(),
  username: v.string(),
  policy_id: v.string(),
  revoke: v.optional(v.boolean(), false),
  status: v.string(),
  created_time: text,
  updated_time: text,
  resource_id: text,
  resource_display_name: text,
  redirect_url: text,
});
export type Request = v.InferOutput<typeof Request>;

const PATH = "/requestor/request";

const listed = (key: string, path: string) =>
  queryOptions({
    queryKey: ["requests", key],
    queryFn: async ({ signal }) => {
      const list = v.parse(v.array(Request), await ask(path, { signal }));
      return list.sort((a, b) => (b.created_time ?? "").localeCompare(a.created_time ?? ""));
    },
  });

/** The reader's own requests, the newest first. */
export const ownRequests = listed("own", `${PATH}/user`);
/** Requests of all that the reader may see and that are not over. */
export const openRequests = listed("open", `${PATH}?active`);

/**
 * Asks for reading a resource. A commons whose requests have other statuses gives it the first of them.
 * A request that is there already is refused by 409.
 */
export async function requestAccess(resource: string, name: string): Promise<Request> {
  const body = {
    resource_paths: [resource],
    resource_id: resource,
    resource_display_name: name || resource,
  };
  try {
    return v.parse(Request, await askJson(PATH, { ...body, status: "SUBMITTED" }));
  } catch (error) {
    if (error instanceof Problem && error.status === 400 && error.detail.includes("not an allowed")) {
      return v.parse(Request, await askJson(PATH, body));
    }
    throw error;
  }
}

const one = (request: Request) => `${PATH}/${encodeURIComponent(request.request_id)}`;

export const decide = async (request: Request, status: string): Promise<Request> =>
  v.parse(Request, await askJson(one(request), { status }, "PUT"));

export const withdraw = (request: Request): Promise<unknown> => ask(one(request), { method: "DELETE" });

/** What statuses say, as requestor has them unless it is configured otherwise. */
export const OPEN = ["DRAFT", "SUBMITTED", "APPROVED"];
export const GIVES = "SIGNED";
export const REFUSES = "REJECTED";
