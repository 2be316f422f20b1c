import type { ErrorComponentProps } from "@tanstack/react-router";
import { Actions, Button } from "../ui/controls.tsx";
import { Page } from "../ui/page.tsx";
import { Failed } from "../ui/states.tsx";
import { useText } from "./text.ts";

export function NotFound() {
  const t = useText();
  return (
    <Page title={t("Nothing is here")} lead={t("The address may be misspelt, or what was here has gone.")}>
      <ul>
        <li>
          <a href="/">{t("Start page")}</a>
        </li>
        <li>
          <a href="/dd">{t("Data dictionary")}</a>
        </li>
        <li>
          <a href="/query">{t("Query page")}</a>
        </li>
      </ul>
    </Page>
  );
}

export function Broken({ error, reset }: ErrorComponentProps) {
  const t = useText();
  return (
    <Page title={t("This page has failed")}>
      <Failed error={error} what={t("Page")} />
      <Actions>
        <Button onPress={reset}>{t("Try again")}</Button>
      </Actions>
    </Page>
  );
}
