// The reader's language: of those that the browser names, the first that there are texts for.

import { useEffect, useState } from "react";

type Messages = Record<string, string>;

const CATALOGUES: Record<string, () => Promise<{ default: Messages }>> = {
  es: () => import("../../messages/es.json"),
};

export function wanted(languages: readonly string[]): string {
  for (const language of languages) {
    const [name = ""] = language.toLowerCase().split("-");
    if (name === "en" || name in CATALOGUES) return name;
  }
  return "en";
}

export function useLanguage(): { locale: string; messages: Messages } {
  const [state, setState] = useState<{ locale: string; messages: Messages }>({ locale: "en", messages: {} });
  useEffect(() => {
    const locale = wanted(navigator.languages);
    void CATALOGUES[locale]?.().then(({ default: messages }) => {
      document.documentElement.lang = locale;
      setState({ locale, messages });
    });
  }, []);
  return state;
}
