// The state of a run in a word, a sign and a colour; and what a run was about.

import { Ban, CircleAlert, CircleCheck, Clock, LoaderCircle } from "lucide-react";
import { type Say, useText } from "../../app/text.ts";
import type { Run, State } from "../../features/administration/runs.ts";
import css from "./page.module.css";

const SIGNS = {
  queued: Clock,
  running: LoaderCircle,
  succeeded: CircleCheck,
  failed: CircleAlert,
  canceled: Ban,
};
const LOOKS: Record<State, string | undefined> = {
  queued: css.quiet,
  running: css.busy,
  succeeded: css.good,
  failed: css.bad,
  canceled: css.quiet,
};

export const statesOf = (t: Say): Record<State, string> => ({
  queued: t("waits"),
  running: t("is being done"),
  succeeded: t("done"),
  failed: t("failed"),
  canceled: t("canceled"),
});

export function RunState({ state }: { state: State }) {
  const t = useText();
  const Sign = SIGNS[state];
  return (
    <span className={`${css.state} ${LOOKS[state] ?? ""}`}>
      <Sign size={16} aria-hidden /> {statesOf(t)[state]}
    </span>
  );
}

/** Who asked for a run: somebody, or the clock. */
export function Asker({ run }: { run: Run }) {
  const t = useText();
  return run.schedule ? t("by schedule") : (run.requested_by ?? "");
}
