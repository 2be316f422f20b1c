// What a page shows while, and where, there are no data: loading, empty, denied, error.

import { CircleAlert, CircleCheck, Info, Lock, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { Problem } from "../api/problem.ts";
import { useText } from "../app/text.ts";
import type { Need } from "../session/explain.ts";
import { loginHref, useUser } from "../session/user.ts";
import { Actions, Button, ButtonLink } from "./controls.tsx";
import css from "./ui.module.css";
import { Why } from "./why.tsx";

const SIGNS = { plain: Info, good: CircleCheck, caution: TriangleAlert, bad: CircleAlert, denied: Lock };

export function Notice({ kind = "plain", children }: { kind?: keyof typeof SIGNS; children: ReactNode }) {
  const Sign = SIGNS[kind];
  const look = kind === "denied" ? css.caution : css[kind];
  return (
    <div className={`${css.notice} ${look ?? ""}`} role={kind === "bad" ? "alert" : undefined}>
      <Sign size={18} aria-hidden />
      <div>{children}</div>
    </div>
  );
}

const WIDTHS = ["w1", "w2", "w3", "w4", "w5", "w6"];

/** Holds the place of what comes; invisible for the first moment. */
export function Loading({ lines = 5 }: { lines?: number }) {
  const t = useText();
  return (
    <div className={css.skeleton} aria-busy="true">
      <span className="unseen">{t("Loading")}</span>
      {WIDTHS.slice(0, lines).map((key) => (
        <i key={key} />
      ))}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className={css.empty}>
      <p className={css.title}>{title}</p>
      {children}
    </div>
  );
}

/** Says why something is not shown, and what to do. */
export function Failed(props: { error: unknown; what: string; retry?: () => void; need?: Need }) {
  const { error, what, retry, need } = props;
  const t = useText();
  const { user } = useUser();
  const problem = error instanceof Problem ? error : undefined;
  if (problem?.isDenied) return <Denied what={what} detail={user ? problem.detail : undefined} need={need} />;
  const detail = error instanceof Error ? error.message : String(error);
  return (
    <Notice kind="bad">
      <strong>{t("{what}: this could not be loaded", { what })}</strong>
      <span>{detail}</span>
      {problem?.requestId ? (
        <span className="small">
          {t("Request")} <code>{problem.requestId}</code>
        </span>
      ) : null}
      {retry ? <Button onPress={retry}>{t("Try again")}</Button> : null}
    </Notice>
  );
}

export function Denied({ what, detail, need }: { what: string; detail?: string; need?: Need }) {
  const t = useText();
  const { user } = useUser();
  const here = `${location.pathname}${location.search}`;
  if (!user) {
    return (
      <Notice kind="denied">
        <strong>{t("{what}: log in to see this", { what })}</strong>
        <span>{t("You come back to this page afterwards.")}</span>
        <Actions>
          <ButtonLink kind="primary" href={loginHref(here)}>
            {t("Log in")}
          </ButtonLink>
        </Actions>
      </Notice>
    );
  }
  return (
    <Notice kind="denied">
      <strong>{t("{what}: you have no right to see this", { what })}</strong>
      {detail ? <span>{detail}</span> : null}
      {need ? <Why need={need} /> : <a href="/identity">{t("What may I do?")}</a>}
    </Notice>
  );
}
