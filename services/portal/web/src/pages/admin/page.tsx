// What the reader may administer. What somebody may not is not shown to them.

import { Link } from "@tanstack/react-router";
import { useText } from "../../app/text.ts";
import { type Area, areasOf, NEEDS } from "../../features/administration/areas.ts";
import { useUser } from "../../session/user.ts";
import { Page } from "../../ui/page.tsx";
import { Loading } from "../../ui/states.tsx";
import { Locked, titlesOf } from "./frame.tsx";
import css from "./page.module.css";

export function Administration() {
  const t = useText();
  const { user, isKnown } = useUser();
  const areas = user ? areasOf(user.authz) : [];
  const titles = titlesOf(t);
  const purposes: Record<Area, string> = {
    runs: t("What is done again and again: started, followed, ended, and when it happens by itself."),
    users: t("Who is known here, when they logged in last, and who may no longer come in."),
    audit: t("Who logged in, and who was given which file."),
    access: t("Who may do what, and why; of which policies, roles and groups that is made."),
    storage: t("Where the bytes are: whether each store can be used, and how much is in it."),
    site: t("What runs here, with which settings, and where each of them comes from."),
  };
  return (
    <Page title={t("Administration")} lead={t("What you may administer in this commons.")}>
      {!isKnown ? <Loading lines={4} /> : null}
      {isKnown && areas.length === 0 ? <Locked what={t("Administration")} need={NEEDS.runs} /> : null}
      {areas.length > 0 ? (
        <ul className={css.areas}>
          {areas.map((area) => (
            <li key={area}>
              <Link to={`/admin/${area}`}>{titles[area]}</Link>
              <span className="quiet">{purposes[area]}</span>
            </li>
          ))}
        </ul>
      ) : null}
    </Page>
  );
}
