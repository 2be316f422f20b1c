// One run: where it stands, what it says, and ending or repeating it.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useFormats, useText } from "../../app/text.ts";
import { cancel, isOver, type Run, retry, runQuery } from "../../features/administration/runs.ts";
import { mayDo, type User } from "../../session/user.ts";
import { Actions, Button } from "../../ui/controls.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Part } from "../../ui/page.tsx";
import { Failed, Loading, Notice } from "../../ui/states.tsx";
import { Facts } from "../../ui/table.tsx";
import { AdminPage } from "./frame.tsx";
import css from "./page.module.css";
import { Log } from "./run_log.tsx";
import { Asker, RunState } from "./run_state.tsx";
import { Shown } from "./start.tsx";

const SOON = 2_000;

export function RunPage() {
  const t = useText();
  const { run: id } = useParams({ from: "/admin/runs/$run" });
  const run = useQuery({
    ...runQuery(id),
    refetchInterval: ({ state }) => (state.data && isOver(state.data) ? false : SOON),
  });
  return (
    <AdminPage
      area="runs"
      title={run.data ? t("Run of {kind}", { kind: run.data.kind }) : t("Run")}
      above={
        <>
          <Link to="/admin">{t("Administration")}</Link> · <Link to="/admin/runs">{t("Runs")}</Link>
        </>
      }
    >
      {(user) => (
        <>
          {run.isPending ? <Loading lines={6} /> : null}
          {run.error ? <Failed error={run.error} what={t("Run")} retry={() => void run.refetch()} /> : null}
          {run.data ? (
            <>
              <Standing run={run.data} user={user} />
              <Log key={`${id} ${run.data.attempt}`} run={run.data} />
              {run.data.result !== null && run.data.result !== undefined ? (
                <Part title={t("Result")}>
                  <Shown value={run.data.result} label={t("Result")} />
                </Part>
              ) : null}
            </>
          ) : null}
        </>
      )}
    </AdminPage>
  );
}

function Standing({ run, user }: { run: Run; user: User }) {
  const t = useText();
  const { time, number } = useFormats();
  const { retry_of: former } = run;
  return (
    <Part title={t("State")} aside={<Deeds run={run} user={user} />}>
      <div role="status">
        <RunState state={run.state} />
      </div>
      {isOver(run) ? null : <Progress run={run} />}
      {run.error ? (
        <Notice kind="bad">
          <strong>{t("It failed")}</strong>
          <span className={css.facts}>{run.error}</span>
        </Notice>
      ) : null}
      <Facts
        facts={[
          [t("Asked for by"), <Asker key="asker" run={run} />],
          [t("Parameters"), <code key="params">{JSON.stringify(run.params ?? {})}</code>],
          [
            t("Attempt"),
            t("{attempt} of {attempts}", { attempt: number(run.attempt), attempts: number(run.attempts) }),
          ],
          [t("Asked"), time(run.created)],
          [t("Begun"), run.started ? time(run.started) : ""],
          [t("Ended"), run.finished ? time(run.finished) : ""],
          [
            t("Repeats"),
            former ? (
              <Link key="former" to="/admin/runs/$run" params={{ run: former }}>
                {former}
              </Link>
            ) : (
              ""
            ),
          ],
          [t("Run"), <code key="id">{run.id}</code>],
        ]}
      />
    </Part>
  );
}

function Progress({ run }: { run: Run }) {
  const t = useText();
  const { number } = useFormats();
  const done = run.progress?.done ?? 0;
  const total = run.progress?.total ?? undefined;
  const words =
    run.progress?.what ?? (run.state === "queued" ? t("It waits for its turn") : t("It has begun"));
  const figures = total ? t("{done} of {total}", { done: number(done), total: number(total) }) : number(done);
  return (
    <div>
      <progress
        className={css.progress}
        aria-label={t("Progress")}
        value={total ? Math.min(done, total) : undefined}
        max={total ?? 1}
      />
      <p className="quiet">
        {words}
        {done > 0 ? `, ${figures}` : ""}
      </p>
    </div>
  );
}

function Deeds({ run, user }: { run: Run; user: User }) {
  const t = useText();
  const [wanted, setWanted] = useState<"cancel" | "retry">();
  const may = (method: string) => mayDo(user.authz, `/services/ops/${run.kind}`, method, "gen3-ops");
  return (
    <>
      <Actions>
        {!isOver(run) && may("update") ? (
          <Button kind="danger" onPress={() => setWanted("cancel")}>
            {t("Cancel the run")}
          </Button>
        ) : null}
        {isOver(run) && may("create") ? (
          <Button onPress={() => setWanted("retry")}>{t("Repeat the run")}</Button>
        ) : null}
      </Actions>
      <Cancellation run={run} isOpen={wanted === "cancel"} onClose={() => setWanted(undefined)} />
      <Repetition run={run} isOpen={wanted === "retry"} onClose={() => setWanted(undefined)} />
    </>
  );
}

type Asking = { run: Run; isOpen: boolean; onClose: () => void };

function Cancellation({ run, isOpen, onClose }: Asking) {
  const t = useText();
  const client = useQueryClient();
  const end = useMutation({
    mutationFn: () => cancel(run.id),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["runs"] });
      onClose();
    },
  });
  return (
    <Dialog title={t("Cancel this run?")} isOpen={isOpen} onClose={onClose}>
      <p>
        {t(
          "It is stopped where it is. What it has done so far stays; another run of {kind} may be started.",
          {
            kind: run.kind,
          },
        )}
      </p>
      {end.error ? <Failed error={end.error} what={t("Cancellation")} /> : null}
      <Actions>
        <Button kind="danger" isDisabled={end.isPending} onPress={() => end.mutate()}>
          {t("Cancel it")}
        </Button>
        <Button onPress={onClose}>{t("Let it go on")}</Button>
      </Actions>
    </Dialog>
  );
}

function Repetition({ run, isOpen, onClose }: Asking) {
  const t = useText();
  const client = useQueryClient();
  const navigate = useNavigate();
  const again = useMutation({
    mutationFn: () => retry(run.id),
    onSuccess: (made) => {
      void client.invalidateQueries({ queryKey: ["runs"] });
      onClose();
      void navigate({ to: "/admin/runs/$run", params: { run: made.id } });
    },
  });
  return (
    <Dialog title={t("Repeat this run?")} isOpen={isOpen} onClose={onClose}>
      <p>
        {t("A new run of {kind} begins, with the same parameters:", { kind: run.kind })}{" "}
        <code>{JSON.stringify(run.params ?? {})}</code>
      </p>
      {again.error ? <Failed error={again.error} what={t("Repetition")} /> : null}
      <Actions>
        <Button kind="primary" isDisabled={again.isPending} onPress={() => again.mutate()}>
          {t("Repeat it")}
        </Button>
        <Button onPress={onClose}>{t("Do not repeat it")}</Button>
      </Actions>
    </Dialog>
  );
}
