// Tells beforehand that a session ends, and lets the reader stay. What they do on a page keeps a session; what pages ask
// by themselves does not.

import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import * as v from "valibot";
import { ask } from "../api/client.ts";
import { Problem } from "../api/problem.ts";
import { type Ending, endingOf, type Phase, phaseAt, Told, untilNext } from "../session/ending.ts";
import { loginHref, logoutHref, userQuery, useUser } from "../session/user.ts";
import { Actions, Button, ButtonLink } from "../ui/controls.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { useText } from "./text.ts";

const PATH = "/user/v1/session";
/** How often somebody who works on a page has their session extended. */
const EVERY = 60_000;
const channel = new BroadcastChannel("portal:session");

/** The end of the session of who is here, and a way to put it off. */
function useEnding(isIn: boolean) {
  const client = useQueryClient();
  const [ending, setEnding] = useState<Ending>();
  const stay = useCallback(async () => {
    try {
      const told = endingOf(v.parse(Told, await ask(PATH)), Date.now());
      setEnding(told);
      channel.postMessage(told);
    } catch (error) {
      // Whoever came by a token has no session that ends; whoever had one has lost it.
      if (error instanceof Problem && error.status === 401) {
        await client.invalidateQueries({ queryKey: userQuery.queryKey });
      }
    }
  }, [client]);
  useEffect(() => {
    if (!isIn) return;
    void stay();
    let isActive = false;
    const note = () => {
      isActive = true;
    };
    const events = ["keydown", "pointerdown"] as const;
    for (const event of events) addEventListener(event, note, { passive: true });
    const timer = setInterval(() => {
      if (isActive) void stay();
      isActive = false;
    }, EVERY);
    channel.onmessage = ({ data }: MessageEvent<Ending>) =>
      setEnding((known) => (known && known.at > data.at ? known : data));
    return () => {
      for (const event of events) removeEventListener(event, note);
      clearInterval(timer);
      channel.onmessage = null;
    };
  }, [isIn, stay]);
  return { ending, stay, forget: useCallback(() => setEnding(undefined), []) };
}

/** What is to be told at this moment. */
function usePhase(ending: Ending | undefined): { phase: Phase; left: number } {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!ending) return;
    let timer: ReturnType<typeof setTimeout>;
    const look = () => {
      const now = Date.now();
      setNow(now);
      const next = untilNext(ending, now);
      clearTimeout(timer);
      if (next !== Number.POSITIVE_INFINITY) timer = setTimeout(look, Math.min(next, EVERY));
    };
    look();
    // A computer that slept has missed its timers.
    document.addEventListener("visibilitychange", look);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [ending]);
  return ending ? { phase: phaseAt(ending, now), left: ending.at - now } : { phase: "quiet", left: 0 };
}

export function SessionEnd() {
  const t = useText();
  const { user, isKnown } = useUser();
  const { ending, stay, forget } = useEnding(user !== null);
  const { phase, left } = usePhase(ending);
  const isOver = phase === "over";
  const asked = useRef(false);
  useEffect(() => {
    // Who has logged out is told nothing later.
    if (isKnown && !user && !isOver) forget();
  }, [isKnown, user, isOver, forget]);
  useEffect(() => {
    // Another tab may have put it off; if none has, the session is gone by now, and so is what it showed.
    if (isOver && user && !asked.current) {
      asked.current = true;
      void stay();
    }
    if (!isOver) asked.current = false;
  }, [isOver, user, stay]);
  const here = `${location.pathname}${location.search}`;
  const seconds = Math.max(0, Math.round(left / 1000));
  const time =
    seconds > 60
      ? t("{count, plural, one {# minute} other {# minutes}}", { count: Math.ceil(seconds / 60) })
      : t("{count, plural, one {# second} other {# seconds}}", { count: seconds });
  if (isOver) {
    return (
      <Dialog title={t("Your session has ended")} isOpen={!user} onClose={forget} isAlert>
        <p>
          {t("Log in again to go on where you were. What you have begun to fill in is kept in this tab.")}
        </p>
        <Actions>
          <ButtonLink kind="primary" href={loginHref(here)}>
            {t("Log in")}
          </ButtonLink>
          <Button onPress={forget}>{t("Close")}</Button>
        </Actions>
      </Dialog>
    );
  }
  return (
    <Dialog
      title={t("Your session ends soon")}
      isOpen={phase === "warned" && user !== null}
      onClose={() => void stay()}
      isDismissable={false}
      isAlert
    >
      <p role="timer" aria-live="polite">
        {t("It ends in {time}.", { time })}
      </p>
      <p>
        {ending?.canStay
          ? t("Nothing has been done on these pages for a while.")
          : t("It has reached its longest time. What you have begun to fill in is kept in this tab.")}
      </p>
      <Actions>
        {ending?.canStay ? (
          <Button kind="primary" autoFocus onPress={() => void stay()}>
            {t("Stay logged in")}
          </Button>
        ) : (
          <>
            <ButtonLink
              kind="primary"
              href={`/user/logout?next=${encodeURIComponent(location.origin + loginHref(here))}`}
            >
              {t("Log in again")}
            </ButtonLink>
            <Button autoFocus onPress={forget}>
              {t("Close")}
            </Button>
          </>
        )}
        <ButtonLink href={logoutHref(location.origin)}>{t("Logout")}</ButtonLink>
      </Actions>
    </Dialog>
  );
}
