// What the server puts into each page: src/boot.rs makes it, with the operator's gitops.json.

import * as v from "valibot";

const text = v.optional(v.string());
const link = v.object({
  name: text,
  label: text,
  text: text,
  body: text,
  link: text,
  href: text,
  tooltip: text,
});
const list = <S extends v.GenericSchema>(item: S) => v.optional(v.array(item));

const Components = v.object({
  appName: text,
  homepageHref: text,
  index: v.optional(
    v.object({
      introduction: v.optional(v.object({ heading: text, text: text, link: text })),
      buttons: list(link),
    }),
  ),
  navigation: v.optional(v.object({ items: list(link) })),
  topBar: v.optional(v.object({ items: list(link) })),
  login: v.optional(v.object({ title: text, subTitle: text, text: text, contact: text, email: text })),
  footer: v.optional(v.object({ links: list(link) })),
  footerLogos: list(v.object({ src: text, href: text, alt: text })),
  banner: list(v.object({ id: text, type: text, message: text, resetMsgDays: v.optional(v.number()) })),
});

const Boot = v.object({
  version: v.optional(v.string(), ""),
  title: v.optional(v.string(), "Gen3 Data Commons"),
  logo: v.nullish(v.string()),
  components: v.pipe(
    v.optional(v.unknown(), {}),
    v.transform((given): v.InferOutput<typeof Components> => decoded(given)),
  ),
});

export type Boot = v.InferOutput<typeof Boot>;
export type Link = v.InferOutput<typeof link>;

/** A part that is not as it should be is left out; the others hold. */
function decoded(given: unknown): v.InferOutput<typeof Components> {
  const parts = typeof given === "object" && given !== null ? (given as Record<string, unknown>) : {};
  const good = Object.entries(parts).filter(([name, value]) => {
    const schema = Components.entries[name as keyof typeof Components.entries];
    return schema !== undefined && v.is(schema as v.GenericSchema, value);
  });
  return v.parse(Components, Object.fromEntries(good));
}

/** Reads the data block; a page without one is an unnamed commons. */
export function readBoot(block: string | null | undefined): Boot {
  const given: unknown = block ? JSON.parse(block) : {};
  return v.parse(Boot, given);
}

/** Text of the operator without its markup: old files have HTML in them. */
export function plain(text: string | undefined): string {
  return (text ?? "")
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ")
    .trim();
}

/** An address of the operator, if a page may link to it. */
export function safeHref(href: string | undefined): string | undefined {
  if (!href) return undefined;
  if (/^\/(?!\/)/.test(href)) return href;
  return /^(https?:\/\/|mailto:)/i.test(href) ? href : undefined;
}

export const boot = readBoot(
  typeof document === "undefined" ? null : document.getElementById("boot")?.textContent,
);
