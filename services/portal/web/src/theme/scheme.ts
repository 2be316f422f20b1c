// Light, dark, or as the reader's system has it.

export type Scheme = "system" | "light" | "dark";

const KEY = "portal:scheme";

export function storedScheme(): Scheme {
  const stored = localStorage.getItem(KEY);
  return stored === "light" || stored === "dark" ? stored : "system";
}

export function applyScheme(scheme: Scheme): void {
  if (scheme === "system") {
    delete document.documentElement.dataset.theme;
    localStorage.removeItem(KEY);
  } else {
    document.documentElement.dataset.theme = scheme;
    localStorage.setItem(KEY, scheme);
  }
}
