// What the pages of the administration have in common: the way between them, and the lock before each.

import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { type Say, useText } from "../../app/text.ts";
import { type Area, areasOf, mayEnter, NEEDS } from "../../features/administration/areas.ts";
import type { Need } from "../../session/explain.ts";
import { type User, useUser } from "../../session/user.ts";
import { Page } from "../../ui/page.tsx";
import { Denied, Loading } from "../../ui/states.tsx";
import css from "./page.module.css";

export const titlesOf = (t: Say): Record<Area, string> => ({
  runs: t("Runs"),
  users: t("Users"),
  audit: t("Audit"),
  access: t("Access rights"),
  storage: t("Storage"),
  site: t("Settings"),
});

/** A page of an area; `children` are made only for who may enter it. */
export function AdminPage(props: {
  area: Area;
  title?: string;
  above?: ReactNode;
  lead?: ReactNode;
  actions?: ReactNode;
  children: (user: User) => ReactNode;
}) {
  const t = useText();
  const { user, isKnown } = useUser();
  const { area } = props;
  const title = props.title ?? titlesOf(t)[area];
  const may = user !== null && mayEnter(user.authz, area);
  return (
    <Page
      title={title}
      above={props.above ?? <Link to="/admin">{t("Administration")}</Link>}
      lead={props.lead}
      actions={may ? props.actions : undefined}
    >
      {!isKnown ? <Loading /> : null}
      {isKnown && !may ? <Locked what={title} need={NEEDS[area]} /> : null}
      {user && may ? (
        <>
          <Areas user={user} here={area} />
          {props.children(user)}
        </>
      ) : null}
    </Page>
  );
}

/** A lock that says at once which right is missing. */
export function Locked({ what, need }: { what: string; need: Need }) {
  const t = useText();
  return (
    <Denied
      what={what}
      need={need}
      detail={t("It takes {method} of the service {service} on {resource}.", need)}
    />
  );
}

function Areas({ user, here }: { user: User; here: Area }) {
  const t = useText();
  const titles = titlesOf(t);
  return (
    <nav className={css.views} aria-label={t("Administration")}>
      {areasOf(user.authz).map((area) => (
        <Link key={area} to={`/admin/${area}`} aria-current={area === here ? "page" : undefined}>
          {titles[area]}
        </Link>
      ))}
    </nav>
  );
}
