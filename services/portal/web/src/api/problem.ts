// Why an answer is none, in one form: RFC 9457, the historic JSON of the services, or plain text.

import * as v from "valibot";

const text = v.optional(v.string());
const Said = v.object({ title: text, detail: text, message: text, error: v.optional(v.unknown()) });

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly detail: string,
    readonly requestId: string | undefined,
    readonly body: unknown,
  ) {
    super(detail);
    this.name = "Problem";
  }

  /** Whether the reader may not, rather than that something failed. */
  get isDenied(): boolean {
    return this.status === 401 || this.status === 403;
  }
}

/** The words of a service in an answer that is no success. */
export function detailOf(body: unknown, status: number): string {
  if (typeof body === "string") {
    const words = body.replace(/<(style|script)[\s\S]*?<\/\1>/gi, "").replace(/<[^>]*>/g, " ");
    const short = words.replace(/\s+/g, " ").trim();
    return short ? short.slice(0, 500) : `the answer has status ${status} and no text`;
  }
  const said = v.safeParse(Said, body);
  if (!said.success) return `the answer has status ${status}`;
  const { detail, message, title, error } = said.output;
  if (detail ?? message ?? title) return (detail ?? message ?? title) as string;
  if (typeof error === "string") return error;
  return `the answer has status ${status}`;
}
