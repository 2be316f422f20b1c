// A workspace: chosen, started, shown, and stopped.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Problem } from "../../api/problem.ts";
import { useFormats, useText } from "../../app/text.ts";
import {
  FRAME,
  launch,
  type Option,
  optionsQuery,
  STUCK,
  type Step,
  statusQuery,
  terminate,
  type Workspace,
} from "../../features/workspace/workspace.ts";
import { useUser } from "../../session/user.ts";
import { Actions, Button } from "../../ui/controls.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Page, Part } from "../../ui/page.tsx";
import { Denied, Empty, Failed, Loading, Notice } from "../../ui/states.tsx";
import css from "./page.module.css";

const NEED = { resource: "/workspace", method: "access", service: "jupyterhub" };

export function WorkspacePage() {
  const t = useText();
  const { user, isKnown } = useUser();
  return (
    <Page title={t("Workspace")} lead={t("A place to compute beside the data.")}>
      {isKnown ? user ? <Known /> : <Denied what={t("Workspace")} /> : <Loading />}
    </Page>
  );
}

function Known() {
  const t = useText();
  const status = useQuery(statusQuery);
  const options = useQuery(optionsQuery);
  const error = status.error ?? options.error;
  if (error instanceof Problem && error.status === 404) {
    return (
      <Empty title={t("This commons has no workspaces")}>
        <p className="quiet">{t("Its operator may add them.")}</p>
      </Empty>
    );
  }
  if (error) {
    const retry = () => void Promise.all([status.refetch(), options.refetch()]);
    return <Failed error={error} what={t("Workspace")} need={NEED} retry={retry} />;
  }
  if (!status.data || !options.data) return <Loading />;
  return (
    // The blank is what tests of the older portal look for.
    <div className="workspace ">
      <Shown workspace={status.data} options={options.data} />
    </div>
  );
}

function Shown({ workspace, options }: { workspace: Workspace; options: Option[] }) {
  const t = useText();
  const client = useQueryClient();
  const again = () => void client.invalidateQueries({ queryKey: ["workspace", "status"] });
  const start = useMutation({ mutationFn: launch, onSuccess: again });
  const { phase } = workspace;
  return (
    <>
      {start.error ? <Failed error={start.error} what={t("Launch")} /> : null}
      {phase === "failed" ? (
        <Notice kind="bad">
          <strong>{t("The workspace has failed")}</strong>
          {workspace.steps.map(({ name, message }) => (message ? <span key={name}>{message}</span> : null))}
        </Notice>
      ) : null}
      {phase === "stopped" ? <Notice>{t("The workspace has been stopped.")}</Notice> : null}
      {phase === "launching" || start.isPending ? <Launching steps={workspace.steps} /> : null}
      {phase === "terminating" ? (
        <Notice>{t("The workspace is being stopped. Files that it keeps stay.")}</Notice>
      ) : null}
      {phase === "running" ? <Running workspace={workspace} /> : null}
      {phase === "none" || phase === "stopped" || phase === "failed" ? (
        <Options options={options} isDisabled={start.isPending} onLaunch={(id) => start.mutate(id)} />
      ) : null}
      {phase === "running" || phase === "launching" || phase === "failed" ? (
        <Termination onDone={again} />
      ) : null}
    </>
  );
}

function Options(props: { options: Option[]; isDisabled: boolean; onLaunch: (id: string) => void }) {
  const t = useText();
  if (props.options.length === 0)
    return <Empty title={t("There is no kind of workspace that you may start")} />;
  return (
    <Part title={t("Start a workspace")}>
      <div className={`workspace__options ${css.options}`}>
        {props.options.map((option) => (
          <div key={option.id} className="workspace-option">
            <h3>{option.name}</h3>
            <p className="quiet">
              {[
                option["cpu-limit"] ? t("{count} processors", { count: option["cpu-limit"] }) : undefined,
                option["memory-limit"] ? t("{size} of memory", { size: option["memory-limit"] }) : undefined,
              ]
                .filter(Boolean)
                .join(", ")}
            </p>
            <Button isDisabled={props.isDisabled} onPress={() => props.onLaunch(option.id)}>
              {t("Launch")}
            </Button>
          </div>
        ))}
      </div>
    </Part>
  );
}

function Launching({ steps }: { steps: Step[] }) {
  const t = useText();
  const [isStuck, setIsStuck] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setIsStuck(true), STUCK);
    return () => clearTimeout(timer);
  }, []);
  const words: Record<Step["name"], string> = {
    placed: t("a machine has been found"),
    prepared: t("it has been prepared"),
    started: t("its programs have started"),
    reachable: t("it can be reached"),
  };
  return (
    <Part title={t("The workspace is starting")}>
      <ol role="status" className={css.steps}>
        {steps.map(({ name, isDone, message }) => (
          <li key={name} className={isDone ? undefined : "quiet"}>
            {isDone ? "✓" : "…"} {words[name]} {message}
          </li>
        ))}
      </ol>
      {isStuck ? (
        <Notice kind="caution">
          <strong>{t("It takes longer than usual")}</strong>
          <span>
            {t("It may have to wait for a machine. You may leave this page, or stop it and try again.")}
          </span>
        </Notice>
      ) : null}
    </Part>
  );
}

function Running({ workspace }: { workspace: Workspace }) {
  const t = useText();
  const { time } = useFormats();
  return (
    <Part
      title={t("The workspace runs")}
      aside={
        workspace.idleEnd ? (
          <span className="quiet">
            {t("Without activity it is stopped at {time}", { time: time(workspace.idleEnd) })}
          </span>
        ) : null
      }
    >
      <iframe className={css.frame} src={FRAME} title="Workspace" />
    </Part>
  );
}

function Termination({ onDone }: { onDone: () => void }) {
  const t = useText();
  const [isOpen, setIsOpen] = useState(false);
  const end = useMutation({
    mutationFn: terminate,
    onSuccess: () => {
      setIsOpen(false);
      onDone();
    },
  });
  return (
    <>
      <Actions>
        <Button kind="danger" onPress={() => setIsOpen(true)}>
          {t("Terminate Workspace")}
        </Button>
      </Actions>
      <Dialog title={t("Stop the workspace?")} isOpen={isOpen} onClose={() => setIsOpen(false)}>
        <p>{t("What runs in it ends. Files outside of its kept folder are lost.")}</p>
        {end.error ? <Failed error={end.error} what={t("Terminate Workspace")} /> : null}
        <Actions>
          <Button kind="danger" isDisabled={end.isPending} onPress={() => end.mutate()}>
            <span>{t("Yes")}</span>
          </Button>
          <Button onPress={() => setIsOpen(false)}>
            <span>{t("No")}</span>
          </Button>
        </Actions>
      </Dialog>
    </>
  );
}
