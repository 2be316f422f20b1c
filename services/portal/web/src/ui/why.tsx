// Behind a lock: which right is missing, who has it to give, and the way to ask for it.

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useFormats, useText } from "../app/text.ts";
import { type Explanation, explainQuery, groupOf, type Need, requestHref } from "../session/explain.ts";
import { Actions, Button, ButtonLink } from "./controls.tsx";
import css from "./ui.module.css";

/** How often it is looked whether the right has come. */
const EVERY = 5_000;
/** So much of a list is shown. */
const MOST = 8;

export function Why({ need, label }: { need: Need; label?: string }) {
  const t = useText();
  const [isOpen, setIsOpen] = useState(false);
  return (
    <div className={css.why}>
      <Actions>
        <Button aria-expanded={isOpen} onPress={() => setIsOpen(!isOpen)}>
          {label ?? t("Why can’t I see this?")}
        </Button>
        <ButtonLink href={requestHref(need)}>{t("Request access")}</ButtonLink>
      </Actions>
      {isOpen ? <Waiting need={need} /> : null}
    </div>
  );
}

/** The explanation; when the right comes, everything that was refused is asked again. */
function Waiting({ need }: { need: Need }) {
  const t = useText();
  const client = useQueryClient();
  const found = useQuery({
    ...explainQuery(need),
    refetchInterval: (query) => (query.state.data?.allowed ? false : EVERY),
  });
  const isAllowed = found.data?.allowed ?? false;
  useEffect(() => {
    if (isAllowed) void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "explain" });
  }, [isAllowed, client]);
  if (found.error) return <p role="alert">{found.error.message}</p>;
  return <div role="status">{found.data ? <Explained need={need} found={found.data} /> : t("Loading")}</div>;
}

/** An explanation in words: to the reader, or about another `user`. */
export function Explained({ need, found, user }: { need: Need; found: Explanation; user?: string }) {
  const t = useText();
  const { time } = useFormats();
  const names = (list: string[]) =>
    [...new Set(list)].slice(0, MOST).map((name) => <code key={name}>{name} </code>);
  const right = (
    <>
      <code>{need.method || "*"}</code> {t("of the service")} <code>{need.service || "*"}</code>{" "}
      {t("on the resource")} <code>{need.resource}</code>
    </>
  );
  return (
    <ul className={css.reasons}>
      <li>
        <strong>
          {user
            ? found.allowed
              ? t("{user} may:", { user })
              : t("{user} lacks the right:", { user })
            : found.allowed
              ? t("You may:")
              : t("You lack the right:")}
        </strong>{" "}
        {right}
      </li>
      {found.deactivated ? (
        <li>{user ? t("This account has been deactivated.") : t("Your account has been deactivated.")}</li>
      ) : null}
      {found.because.slice(0, MOST).map((grant) => (
        <li key={`${grant.policy} ${grant.role} ${grant.resource}`}>
          {t("by the policy")} <code>{grant.policy}</code> {t("on")} <code>{grant.resource}</code>
          {groupOf(grant.via) ? (
            <>
              , {user ? t("which comes through") : t("which you have through")}{" "}
              <code>{groupOf(grant.via)}</code>
            </>
          ) : null}
          {grant.expires_at ? `, ${t("until {time}", { time: time(grant.expires_at) })}` : null}
        </li>
      ))}
      {found.expired.slice(0, MOST).map((grant) => (
        <li key={`expired ${grant.policy}`}>
          {user ? t("Until it expired, it came by the policy") : t("You had it by the policy")}{" "}
          <code>{grant.policy}</code>
          {grant.expires_at ? `, ${t("until {time}", { time: time(grant.expires_at) })}` : null}
        </li>
      ))}
      {!found.allowed && found.otherwise.length > 0 ? (
        <li>
          {user ? t("What else is permitted there:") : t("What you may do there:")}{" "}
          {names(found.otherwise.map(({ service, method }) => `${method} (${service})`))}
        </li>
      ) : null}
      {!found.allowed && found.elsewhere.length > 0 ? (
        <li>
          {user ? t("This right holds on:") : t("You have this right on:")} {names(found.elsewhere)}
        </li>
      ) : null}
      {found.remedies?.length ? (
        <li>
          {t("Policies that would give it:")} {names(found.remedies.map(({ policy }) => policy))}
        </li>
      ) : null}
      {found.approvers?.length ? (
        <li>
          {t("Those may approve a request:")} {names(found.approvers)}
        </li>
      ) : null}
    </ul>
  );
}
