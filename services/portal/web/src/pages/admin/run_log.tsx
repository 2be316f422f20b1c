// The log of a run, followed while it grows; following can be stopped, so that it can be read in peace.

import { useEffect, useRef, useState } from "react";
import { useFormats, useText } from "../../app/text.ts";
import { grown, isOver, logHref, type Run } from "../../features/administration/runs.ts";
import { Actions, Button, ButtonLink } from "../../ui/controls.tsx";
import { Part } from "../../ui/page.tsx";
import { Empty, Notice } from "../../ui/states.tsx";
import css from "./page.module.css";

type Shown = { lines: string[]; dropped: number };
type Stream = "open" | "over" | "lost";

/** Lines are shown in bundles: a log may have thousands a second. */
const EVERY = 200;

function useLines(id: string): { log: Shown; stream: Stream } {
  const [log, setLog] = useState<Shown>({ lines: [], dropped: 0 });
  const [stream, setStream] = useState<Stream>("open");
  useEffect(() => {
    const source = new EventSource(logHref(id));
    let waiting: string[] = [];
    const show = () => {
      if (waiting.length === 0) return;
      const more = waiting;
      waiting = [];
      setLog((log) => grown(log, more));
    };
    const timer = setInterval(show, EVERY);
    source.onmessage = ({ data }) => {
      waiting.push(String(data));
    };
    source.addEventListener("end", () => {
      source.close();
      show();
      setStream("over");
    });
    // The browser comes again by itself, with the last line that it has, unless it was refused.
    source.onerror = () => setStream(source.readyState === EventSource.CLOSED ? "lost" : "open");
    return () => {
      clearInterval(timer);
      source.close();
    };
  }, [id]);
  return { log, stream };
}

export function Log({ run }: { run: Run }) {
  const t = useText();
  const { number } = useFormats();
  const { log, stream } = useLines(run.id);
  const [isFollowed, setIsFollowed] = useState(true);
  const region = useRef<HTMLElement>(null);
  const count = log.lines.length + log.dropped;
  // biome-ignore lint/correctness/useExhaustiveDependencies: it goes to the end when there are more lines.
  useEffect(() => {
    if (isFollowed && region.current) region.current.scrollTop = region.current.scrollHeight;
  }, [isFollowed, count]);
  const isGrowing = stream === "open" && !isOver(run);
  return (
    <Part
      title={t("Log")}
      aside={
        <Actions>
          {isGrowing ? (
            <Button aria-pressed={isFollowed} onPress={() => setIsFollowed(!isFollowed)}>
              {isFollowed ? t("Stop following") : t("Follow")}
            </Button>
          ) : null}
          <ButtonLink href={logHref(run.id)}>{t("All of it, with times")}</ButtonLink>
        </Actions>
      }
    >
      {stream === "lost" ? (
        <Notice kind="caution">{t("The log cannot be followed now. All of it is at the link above.")}</Notice>
      ) : null}
      {log.dropped > 0 ? (
        <p className="quiet">
          {t("The first {count} lines are not shown here.", { count: number(log.dropped) })}
        </p>
      ) : null}
      {count === 0 && !isGrowing && stream !== "open" ? <Empty title={t("Nothing is in the log")} /> : null}
      {count > 0 ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must take the focus.
        <section ref={region} className={css.log} tabIndex={0} aria-label={t("Log")}>
          <pre>{log.lines.join("\n")}</pre>
        </section>
      ) : null}
      <p role="status" className="quiet small">
        {isGrowing
          ? isFollowed
            ? t("It is followed: new lines appear by themselves.")
            : t("New lines appear below, and the page stays where you read.")
          : stream === "over"
            ? t("{count, plural, one {# line} other {# lines}}", { count })
            : ""}
      </p>
    </Part>
  );
}
