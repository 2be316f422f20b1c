// Names of files by patterns: `{subject}_{visit}.bam` finds subject and visit in a name, and other texts are made of
// them. Pure.

export type Values = Record<string, string>;

const PLACE = /\{(\w+)\}/g;

/** What everybody knows of a file without a pattern. */
export function known(name: string, guid: string): Values {
  const at = name.indexOf(".", 1);
  return { name, stem: at < 0 ? name : name.slice(0, at), ending: at < 0 ? "" : name.slice(at + 1), guid };
}

/** The names of the places of a pattern or text. */
export const places = (text: string): string[] => [...text.matchAll(PLACE)].map((match) => match[1] ?? "");

/** The pattern as an expression; an Error says what is wrong with it. `*` stands for anything. */
export function compiled(pattern: string): RegExp {
  const names = places(pattern);
  const twice = names.find((name, place) => names.indexOf(name) !== place);
  if (twice) throw new Error(`{${twice}} stands twice in the pattern`);
  const parts = pattern.split(/(\{\w+\}|\*)/).map((part, place) => {
    if (place % 2 === 0) return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    // Numbers of groups, since a name may begin with a digit.
    return part === "*" ? ".*" : "(.+?)";
  });
  return new RegExp(`^${parts.join("")}$`);
}

/** What the pattern finds in a name; undefined where it does not fit. An empty pattern fits all. */
export function found(pattern: string, name: string): Values | undefined {
  if (pattern === "") return {};
  const match = compiled(pattern).exec(name);
  if (!match) return undefined;
  return Object.fromEntries(places(pattern).map((place, index) => [place, match[index + 1] ?? ""]));
}

/** The text with values in its places; undefined if there is none for one of them. */
export function filled(text: string, values: Values): string | undefined {
  let isWhole = true;
  const result = text.replace(PLACE, (_, name: string) => {
    const value = values[name];
    if (value === undefined) isWhole = false;
    return value ?? "";
  });
  return isWhole ? result : undefined;
}
