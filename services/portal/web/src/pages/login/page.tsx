// The ways to log in, and where one came from.

import { useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import * as v from "valibot";
import { ask } from "../../api/client.ts";
import { boot, plain } from "../../app/boot.ts";
import { useText } from "../../app/text.ts";
import { logoutHref, safeNext, useUser } from "../../session/user.ts";
import { Actions, ButtonLink } from "../../ui/controls.tsx";
import { Page } from "../../ui/page.tsx";
import { Empty, Failed, Loading, Notice } from "../../ui/states.tsx";
import css from "./page.module.css";

const Url = v.object({ name: v.string(), url: v.string() });
const Providers = v.object({
  providers: v.array(
    v.object({
      name: v.string(),
      desc: v.nullish(v.string()),
      secondary: v.optional(v.unknown()),
      urls: v.optional(v.array(Url), []),
      url: v.optional(v.string()),
    }),
  ),
});

type Way = { name: string; href: string; explanation: string; isSecondary: boolean };

/** The address of a provider that leads back to `next`. */
export function leadingBack(url: string, next: string): string {
  return `${url}${url.includes("?") ? "&" : "?"}redirect=${encodeURIComponent(next)}`;
}

function useWays(next: string) {
  return useQuery({
    queryKey: ["providers"],
    queryFn: async ({ signal }) => v.parse(Providers, await ask("/user/login", { signal })),
    select: ({ providers }): Way[] =>
      providers.flatMap((provider) => {
        const urls =
          provider.urls.length > 0 ? provider.urls : [{ name: provider.name, url: provider.url ?? "" }];
        return urls.map(({ name, url }) => ({
          name,
          href: leadingBack(url, `${location.origin}${next}`),
          explanation: provider.desc ?? "",
          isSecondary: provider.secondary === true || provider.secondary === "true",
        }));
      }),
  });
}

export function Login() {
  const t = useText();
  const next = safeNext(useSearch({ from: "/login" }).next);
  const { user } = useUser();
  const { title, subTitle, text, contact, email } = boot.components.login ?? {};
  const ways = useWays(next);
  const primary = ways.data?.filter((way) => !way.isSecondary) ?? [];
  const secondary = ways.data?.filter((way) => way.isSecondary) ?? [];
  return (
    <Page title={plain(title) || t("Log in to {name}", { name: boot.title })} lead={plain(subTitle)}>
      <div className={css.login}>
        {text ? <p>{plain(text)}</p> : null}
        {user ? (
          <Notice kind="good">
            <span>{t("You are logged in as {name}.", { name: user.username })}</span>
            <Actions>
              <ButtonLink href={next} kind="primary">
                {t("Go on")}
              </ButtonLink>
              <ButtonLink href={logoutHref(location.origin)}>{t("Logout")}</ButtonLink>
            </Actions>
          </Notice>
        ) : null}
        {ways.isPending ? <Loading lines={2} /> : null}
        {ways.error ? (
          <Failed error={ways.error} what={t("Ways to log in")} retry={() => void ways.refetch()} />
        ) : null}
        {ways.data?.length === 0 ? (
          <Empty title={t("This commons has no way to log in")}>
            <p>{t("Its operator configures identity providers in fence-config.yaml.")}</p>
          </Empty>
        ) : null}
        {user ? null : <Ways ways={primary} label={t("Ways to log in")} isMain />}
        {user || secondary.length === 0 ? null : (
          <details>
            <summary>{t("Other ways to log in")}</summary>
            <Ways ways={secondary} label={t("Other ways to log in")} />
          </details>
        )}
        {contact || email ? (
          <p className="quiet">
            {plain(contact)} {email ? <a href={`mailto:${email}`}>{email}</a> : null}
          </p>
        ) : null}
      </div>
    </Page>
  );
}

function Ways({ ways, label, isMain = false }: { ways: Way[]; label: string; isMain?: boolean }) {
  if (ways.length === 0) return null;
  return (
    <ul className={css.ways} aria-label={label}>
      {ways.map((way, index) => (
        <li key={way.href}>
          <ButtonLink href={way.href} kind={isMain && index === 0 ? "primary" : "plain"}>
            {way.name}
          </ButtonLink>
          {way.explanation ? <p className="quiet small">{way.explanation}</p> : null}
        </li>
      ))}
    </ul>
  );
}
