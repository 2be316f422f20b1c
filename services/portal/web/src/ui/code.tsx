// What a page shows, as a program asks for it: to be copied and to run as it stands.

import { Check, Copy as CopySign } from "lucide-react";
import { useId, useState } from "react";
import { useText } from "../app/text.ts";
import { Button } from "./controls.tsx";
import css from "./ui.module.css";

export function CopyButton({ text, label }: { text: string; label: string }) {
  const t = useText();
  const [isCopied, setIsCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setIsCopied(true);
    setTimeout(() => setIsCopied(false), 2000);
  };
  return (
    <>
      <Button kind="bare" aria-label={label} onPress={() => void copy()}>
        {isCopied ? <Check size={16} aria-hidden /> : <CopySign size={16} aria-hidden />}
      </Button>
      <span className="unseen" role="status">
        {isCopied ? t("Copied") : ""}
      </span>
    </>
  );
}

export type Snippets = Record<string, string>;

export function CodePanel({ title, snippets }: { title: string; snippets: Snippets }) {
  const t = useText();
  const id = useId();
  const languages = Object.keys(snippets);
  const [language, setLanguage] = useState(languages[0] ?? "");
  const code = snippets[language] ?? "";
  return (
    <div className={css.code}>
      <div className={css.bar}>
        <fieldset className={css.choices}>
          <legend className="unseen">{title}</legend>
          {languages.map((name) => (
            <label key={name} className={css.choice}>
              <input
                type="radio"
                className="unseen"
                name={id}
                checked={name === language}
                onChange={() => setLanguage(name)}
              />
              {name}
            </label>
          ))}
        </fieldset>
        <CopyButton text={code} label={t("Copy the code")} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must take the focus. */}
      <section tabIndex={0} aria-label={title} className={css.text}>
        <pre>{code}</pre>
      </section>
    </div>
  );
}
